//! What the calls about members are given and answer.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::wire::Member;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct MemberSearch {
    /// How a username, a display name or a word in one begins, in whatever case.
    #[serde(default)]
    pub q: String,
    /// At most so many; 50, if left out.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<i64>,
    /// What the list before gave.
    pub cursor: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Members {
    pub members: Vec<Member>,
    /// Where the list goes on; `null` at its end.
    pub cursor: Option<String>,
}
