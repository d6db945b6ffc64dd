//! Why the server, or a command, cannot start.

use std::io::{self, ErrorKind};
use std::path::Path;

use thiserror::Error;

/// The server can't start as it was told to.
#[derive(Clone, Debug, Error)]
#[error("{0}")]
pub struct StartError(pub String);

impl StartError {
    /// A bad value: one line that names the option.
    pub fn option(name: &str, why: impl std::fmt::Display) -> Self {
        Self(format!("--{name}: {why}"))
    }

    /// What the system answers about a file or a folder, and what to do about it where that is known.
    pub fn about(path: &Path, error: &io::Error) -> Self {
        let advice = match error.kind() {
            ErrorKind::PermissionDenied => ": run this as the server's user, or give that the rights to it",
            ErrorKind::AlreadyExists | ErrorKind::NotADirectory => ": there is a file where a directory is meant",
            _ => "",
        };
        Self(format!("{}: {error}{advice}", path.display()))
    }

    /// As a line of a log that programs read.
    pub fn as_log_line(&self) -> String {
        let timestamp = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
        serde_json::json!({ "timestamp": timestamp, "level": "ERROR", "message": self.0, "target": "klatch" })
            .to_string()
    }
}
