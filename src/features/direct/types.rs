//! What the calls about direct talks are given.

use serde::Deserialize;
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
pub struct BeginDirect {
    /// The names of 1 to 11 others.
    #[schema(min_items = 1, max_items = 11)]
    pub users: Vec<String>,
}
