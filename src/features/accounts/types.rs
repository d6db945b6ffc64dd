//! What the calls about accounts are given.

use serde::Deserialize;
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
pub struct SignUp {
    /// 2 to 32 of `A-Z a-z 0-9 . _ -`; unique without regard to case.
    #[schema(min_length = 2, max_length = 32, pattern = "^[A-Za-z0-9._-]+$")]
    pub username: String,
    #[schema(min_length = 8, max_length = 256)]
    pub password: String,
    /// What others see; the username if left out.
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$"
    )]
    pub display_name: Option<String>,
    /// The token of an invitation, the last part of its link.
    pub invitation: Option<String>,
}

#[derive(Deserialize, ToSchema)]
pub struct LogIn {
    pub username: String,
    pub password: String,
}

#[derive(Deserialize, ToSchema)]
pub struct SetPassword {
    pub old: String,
    #[schema(min_length = 8, max_length = 256)]
    pub new: String,
}

#[derive(Deserialize, ToSchema)]
pub struct DeleteAccount {
    pub password: String,
    pub messages: WithMessages,
}

/// What becomes of somebody's messages when their account is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum WithMessages {
    /// They stay, under "Deleted user".
    Keep,
    Remove,
}
