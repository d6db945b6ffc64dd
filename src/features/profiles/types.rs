//! What the calls about profiles are given and answer.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::wire::User;

/// What of one's profile is to be otherwise; what is left out stays.
#[derive(Deserialize, ToSchema)]
pub struct ChangeProfile {
    #[schema(max_length = 64)]
    pub display_name: Option<String>,
    /// At most 300 characters, in one line or a few.
    #[schema(max_length = 300)]
    pub about: Option<String>,
    /// A name of the IANA database, such as `Europe/Berlin`, or empty.
    pub time_zone: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Search {
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
pub struct Users {
    /// First those of whom the username begins so, then by username.
    pub users: Vec<User>,
    /// Where the list goes on; `null` at its end.
    pub cursor: Option<String>,
}
