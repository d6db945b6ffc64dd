//! What people tell of themselves.

use serde::Serialize;
use utoipa::ToSchema;

use crate::wire::types::{InstanceRole, User};

/// Somebody, as others may know them.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Profile {
    #[serde(flatten)]
    pub user: User,
    /// A few lines about oneself; it may be empty.
    pub about: String,
    /// A name of the IANA database, such as `Europe/Berlin`, or empty.
    pub time_zone: String,
    /// Where their picture is.
    pub avatar: String,
    /// In the whole chat.
    pub role: InstanceRole,
    /// For moderators: others who can be taken for them by a name, at most ten.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub looks_like: Vec<User>,
}
