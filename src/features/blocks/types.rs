//! What the calls about blocks answer.

use serde::Serialize;
use utoipa::ToSchema;

use crate::wire::User;

/// Those whom somebody has blocked.
#[derive(Serialize, ToSchema)]
pub struct Blocks {
    pub users: Vec<User>,
    /// What to ask for the next ones with.
    pub cursor: Option<String>,
}
