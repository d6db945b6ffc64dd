//! What the database says, as the operator reads it: which database, the cause, and what to do about it.

use std::fmt::Display;
use std::sync::OnceLock;

use url::Url;

use crate::base::start_error::StartError;

/// This process's database, as lines for the operator name it.
static PLACE: OnceLock<String> = OnceLock::new();

/// Notes the address of this process's database. Nothing secret of it is kept.
pub(crate) fn name_database(address: &str) {
    PLACE.get_or_init(|| match (address.strip_prefix("sqlite://"), Url::parse(address)) {
        (None, Ok(url)) => {
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            format!("postgres://{}{port}{}", url.host_str().unwrap_or_default(), url.path())
        }
        (path, _) => path.unwrap_or_default().to_owned(),
    });
}

/// This process's database, without anything secret: a path, or host and name.
pub fn place() -> &'static str {
    PLACE.get().map_or("", String::as_str)
}

/// What the database says, for the operator: which one, the cause, and what to do about it.
pub fn explained(error: impl Display) -> String {
    let text = advised(error);
    // What Postgres says has several lines at times.
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match PLACE.get() {
        Some(place) => format!("{place}: {text}"),
        None => text,
    }
}

/// The line on which a command or a start ends.
pub fn unusable(error: impl Display) -> StartError {
    StartError::option("database-url", explained(error))
}

/// The cause, and what to do about it where that is known.
pub fn advised(error: impl Display) -> String {
    let text = error.to_string();
    match ADVICE.iter().find(|(cause, _)| text.contains(cause)) {
        Some((_, advice)) => format!("{text}: {advice}"),
        None => text,
    }
}

/// Causes as SQLite words them, which is built in and speaks English only, and as Postgres does where it speaks English.
const ADVICE: [(&str, &str); 10] = [
    ("database or disk is full", "make room on its disk"),
    ("No space left on device", "make room on the disk of Postgres"),
    (
        "readonly database",
        "run this as the server's user, or look at the rights of the file and whether its disk can be written",
    ),
    ("read-only transaction", "it takes no changes: name the primary, or look at default_transaction_read_only"),
    ("disk image is malformed", "restore a backup"),
    ("file is not a database", "name the server's --data-dir or --database-url, or restore a backup"),
    ("unable to open database file", "run this as the server's user, or look at the rights of the file and its folder"),
    ("disk I/O error", "look whether its disk is full, and what the system's log says of it"),
    ("database is locked", "another program holds it: end that, or try again"),
    ("canceling statement due to", "something holds or slows it: look at pg_stat_activity, and try again"),
];
