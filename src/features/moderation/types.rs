//! What the calls of moderators and admins are given and answer.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::fields;
use crate::chat::sanctions::Terms;
use crate::wire::refusal::Refusal;
use crate::wire::{AuditEntry, Report, Sanction};

/// A role: in a room `moderator` or `member`, in the chat `owner`, `admin`, `member` or `guest`.
#[derive(Deserialize, ToSchema)]
pub struct SetRole {
    pub role: String,
}

/// How long something holds, and why.
#[derive(Deserialize, ToSchema)]
pub struct SanctionRequest {
    /// For ever if left out.
    #[schema(minimum = 1, maximum = 5_256_000)]
    pub minutes: Option<i64>,
    /// For the log.
    #[schema(max_length = 500)]
    pub reason: Option<String>,
}

/// Why something is done.
#[derive(Deserialize, IntoParams, ToSchema)]
#[into_params(parameter_in = Query)]
pub struct ReasonBody {
    #[schema(max_length = 500)]
    #[param(max_length = 500)]
    pub reason: Option<String>,
}

/// Which entries of a log.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Only entries with a lower id; the latest if left out.
    #[param(minimum = 1)]
    pub before: Option<i64>,
    #[param(minimum = 1, maximum = 100, default = 50)]
    pub limit: Option<i64>,
    /// What the answer before gave; the same as `before`.
    pub cursor: Option<String>,
}

/// Entries, newest first.
#[derive(Serialize, ToSchema)]
pub struct AuditLog {
    pub entries: Vec<AuditEntry>,
    /// Whether there are older ones.
    pub more: bool,
    /// What to ask for the older ones with.
    pub cursor: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Reports {
    pub reports: Vec<Report>,
    /// What to ask for the next ones with.
    pub cursor: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Sanctions {
    pub sanctions: Vec<Sanction>,
}

impl SanctionRequest {
    /// From now on.
    ///
    /// # Errors
    /// `invalid`: the minutes are out of range, or the reason is too long.
    pub fn terms(&self) -> Result<Terms, Refusal> {
        let reason = fields::reason(self.reason.as_deref().unwrap_or_default())?;
        Ok(Terms { until: fields::until(self.minutes)?, reason })
    }
}

impl ReasonBody {
    /// # Errors
    /// `invalid`: the reason is too long.
    pub fn reason(&self) -> Result<String, Refusal> {
        fields::reason(self.reason.as_deref().unwrap_or_default())
    }
}
