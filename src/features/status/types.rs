//! What the calls about a status are given, and what users have.

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::wire::types::rfc3339_millis_opt;

/// Of `emoji` and `text` one may be left out.
#[derive(Deserialize, ToSchema)]
pub struct SetStatus {
    /// One emoji.
    pub emoji: Option<String>,
    /// At most 100 characters in one line.
    #[schema(max_length = 100)]
    pub text: Option<String>,
    /// When it ends, later than now; left out or null for never.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<DateTime<Utc>>,
}

/// As `status` in a user, where there is one. What was left out is empty.
#[derive(Serialize, ToSchema)]
pub struct Status {
    pub emoji: String,
    pub text: String,
    #[serde(serialize_with = "rfc3339_millis_opt", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<NaiveDateTime>,
}
