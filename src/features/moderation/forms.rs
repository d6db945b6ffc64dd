//! The forms on the pages of moderators and admins. Each is turned into the command that the API builds too.

use serde::{Deserialize, Deserializer};

use crate::app::fields;
use crate::chat::reports;
use crate::chat::sanctions::Terms;
use crate::features::moderation::types::SanctionRequest;
use crate::wire::refusal::Refusal;

/// How a page is looked at.
#[derive(Default, Deserialize)]
pub struct PageQuery {
    /// Only entries of the log with a lower id.
    pub before: Option<i64>,
    /// The open reports behind this cursor.
    pub reports: Option<String>,
    /// Present after a form was sent that did what it says.
    pub done: Option<String>,
}

/// Reports that a page for people lists at once.
const REPORTS: i64 = 50;

/// The open reports that a page lists, of a room or of all.
pub fn open_reports(slug: Option<&str>, query: &PageQuery) -> reports::Wanted {
    reports::Wanted { slug: slug.map(str::to_owned), open_only: true, cursor: query.reports.clone(), limit: REPORTS }
}

/// Somebody.
#[derive(Deserialize)]
pub struct UserForm {
    #[serde(deserialize_with = "username")]
    pub username: String,
}

/// Somebody, for how long, and why.
#[derive(Deserialize)]
pub struct SanctionForm {
    #[serde(deserialize_with = "username")]
    pub username: String,
    #[serde(default)]
    minutes: String,
    #[serde(default)]
    reason: String,
}

/// Somebody, and a role.
#[derive(Deserialize)]
pub struct RoleForm {
    #[serde(deserialize_with = "username")]
    pub username: String,
    pub role: String,
}

/// Why something is done.
#[derive(Default, Deserialize)]
pub struct ReasonForm {
    #[serde(default)]
    reason: String,
}

impl ReasonForm {
    /// # Errors
    /// `invalid`: it is too long.
    pub fn reason(&self) -> Result<String, Refusal> {
        fields::reason(&self.reason)
    }
}

impl SanctionForm {
    /// # Errors
    /// `invalid`: the minutes are no number or out of range, or the reason is too long.
    pub fn terms(&self) -> Result<Terms, Refusal> {
        let minutes = match self.minutes.trim() {
            "" => None,
            minutes => Some(minutes.parse().map_err(|_| Refusal::invalid("minutes: a number, or empty for ever"))?),
        };
        SanctionRequest { minutes, reason: Some(self.reason.clone()) }.terms()
    }
}

/// A name as people write it: `bob`, or `@bob`.
pub fn username<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let written = String::deserialize(from)?;
    Ok(fields::written_username(&written).to_owned())
}
