//! What can go wrong, and whom it reaches.
//!
//! | type | who can act on it | where it goes |
//! |---|---|---|
//! | [`Refusal`] | the person or program that asked | an `error` frame, or a JSON or HTML answer with a fitting status |
//! | [`StoreError`](crate::db::StoreError) | the operator | the log, once, with its cause; the asker gets `unavailable` |
//! | [`StartError`](crate::base::start_error::StartError) | whoever starts the server | one line on standard error and exit status 2 |

use std::fmt::{self, Display};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use thiserror::Error;
use utoipa::ToSchema;

use crate::wire::wording::Wording;

/// The stable code of a refusal, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Code {
    BadFrame,
    UnknownType,
    Invalid,
    NotFound,
    NotJoined,
    Forbidden,
    RateLimited,
    Unavailable,
    Taken,
    BadCredentials,
    Unauthorized,
}

/// A request that was understood and is not granted: a code for programs, a text for people.
///
/// Whoever asked is told its wording; as text, for the log and for terminals, it is what the operator can act on.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct Refusal {
    pub code: Code,
    pub wording: Wording,
    /// When trying again can help, in milliseconds.
    pub retry_after_ms: Option<u64>,
    /// For programs, where the code alone does not say what to do about it.
    pub reason: Option<&'static str>,
    /// What the database said, for the operator.
    pub cause: Option<Arc<str>>,
}

impl Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.cause, self.code) {
            (Some(cause), _) => f.write_str(cause),
            // What the wire says is for those who can send again.
            (None, Code::Unavailable) => f.write_str("the server could not do it just now"),
            (None, _) => self.wording.fmt(f),
        }
    }
}

impl Refusal {
    /// `english` has `{name}` in the place of each value that [`with`](Self::with) gives.
    pub fn new(code: Code, english: &'static str) -> Self {
        Self { code, wording: english.into(), retry_after_ms: None, reason: None, cause: None }
    }

    pub fn with(self, name: &'static str, value: impl Display) -> Self {
        Self { wording: self.wording.with(name, value), ..self }
    }

    pub fn invalid(english: &'static str) -> Self {
        Self::new(Code::Invalid, english)
    }

    pub fn room_not_found() -> Self {
        Self::new(Code::NotFound, "there is no such room")
    }

    pub fn user_not_found() -> Self {
        Self::new(Code::NotFound, "there is no user of this name")
    }

    pub fn signed_out() -> Self {
        Self::new(Code::Unauthorized, "sign in first")
    }

    pub fn message_not_found() -> Self {
        Self::new(Code::NotFound, "there is no such message")
    }

    /// The database did not do what it was asked.
    pub fn unavailable() -> Self {
        Self::new(
            Code::Unavailable,
            "the database did not answer; it may or may not have been stored: send again with the same key",
        )
    }

    /// A queue of writes is full.
    pub fn busy() -> Self {
        Self::new(
            Code::Unavailable,
            "too many others wait to be stored; this was not stored: send again with the same key",
        )
    }

    /// Whoever had to answer a write ended before it did.
    pub fn unanswered() -> Self {
        Self::new(
            Code::Unavailable,
            "the room ended before it answered; it may or may not have been stored: send again with the same key",
        )
    }

    /// Something failed that has nothing to do with the database; the log says what.
    pub fn internal() -> Self {
        Self::new(Code::Unavailable, "the server could not do that, try again")
    }

    /// Trying again can help after `wait`, told in milliseconds, rounded up.
    pub fn rate_limited(english: &'static str, wait: Duration) -> Self {
        let millis = u64::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
        Self { retry_after_ms: Some(millis), ..Self::new(Code::RateLimited, english) }
    }
}
