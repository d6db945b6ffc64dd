//! What forms on the pages of those who see to order hold. A form is a call of the API by other means: it is read here,
//! and the handler of that call does the rest.

use actix_web::web::Path;
use serde::Deserialize;

use super::api::bodies::{For, Why};
use crate::error::Refusal;

/// How a page is looked at.
#[derive(Default, Deserialize)]
pub struct Look {
    /// Only entries of the log with a lower id.
    pub before: Option<i64>,
    /// Present after a form was sent that did what it says.
    pub done: Option<String>,
}

/// Somebody.
#[derive(Deserialize)]
pub struct Whom {
    pub username: String,
}

/// Somebody, for how long, and why.
#[derive(Deserialize)]
pub struct Terms {
    pub username: String,
    #[serde(default)]
    minutes: String,
    #[serde(default)]
    reason: String,
}

/// Somebody, and a role.
#[derive(Deserialize)]
pub struct Role {
    pub username: String,
    pub role: String,
}

/// Why something is done.
#[derive(Default, Deserialize)]
pub struct Reason {
    #[serde(default)]
    pub reason: String,
}

impl Terms {
    /// # Errors
    /// `invalid`: the minutes are no number.
    pub fn terms(&self) -> Result<For, Refusal> {
        let minutes = match self.minutes.trim() {
            "" => None,
            minutes => Some(minutes.parse().map_err(|_| Refusal::invalid("minutes: a number, or empty for ever"))?),
        };
        Ok(For { minutes, reason: Some(self.reason.clone()) })
    }
}

impl Reason {
    pub fn why(&self) -> Why {
        Why { reason: Some(self.reason.clone()) }
    }
}

/// A name as people write it: `bob`, or `@bob`.
pub fn name(username: &str) -> &str {
    let username = username.trim();
    username.strip_prefix('@').unwrap_or(username)
}

/// The place of a call about somebody in a room.
pub fn in_room(slug: &str, username: &str) -> Path<(String, String)> {
    (slug.to_owned(), name(username).to_owned()).into()
}
