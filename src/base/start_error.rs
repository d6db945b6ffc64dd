//! Why the server, or a command, cannot start.

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
}
