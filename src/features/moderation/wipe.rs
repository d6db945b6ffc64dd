//! Removing all that somebody wrote.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};

use crate::app::failure::ErrorBody;
use crate::app::openapi::{CommonErrors, MutationErrors, SessionErrors};
use crate::app::{Account, App, Failure};
use crate::features::moderation::commands::BeginWipe;
use crate::features::moderation::remove_messages::await_end;
use crate::wire::UserId;
use crate::wire::refusal::Refusal;

/// Remove all messages of somebody, in every room
///
/// Answers when the last is removed; where that takes longer than five seconds, that it goes on.
#[utoipa::path(post, path = "/api/v1/users/{username}/wipe", operation_id = "wipe_user", tag = "people", security(("session" = [])),
    params(("username" = String, Path)),
    responses(
        (status = 204),
        (status = 202, description = "they are many: they are being removed, also past a restart"),
        (status = 404, body = ErrorBody, description = "`not_found`: no such user"),
        SessionErrors, MutationErrors, CommonErrors,
    ),
)]
pub async fn wipe(app: Data<App>, account: Account, username: Path<String>) -> Result<HttpResponse, Failure> {
    let mut answer = match wipe_user(&app, account.user.id, username.into_inner()).await? {
        true => HttpResponse::NoContent(),
        false => HttpResponse::Accepted(),
    };
    Ok(answer.finish())
}

/// Removes all that somebody wrote; whether that has ended, or goes on.
///
/// # Errors
/// `not_found`, `forbidden`, `unavailable`.
pub async fn wipe_user(app: &App, by: UserId, username: String) -> Result<bool, Refusal> {
    let author = app.perform(by, BeginWipe { username }).await?;
    await_end(app, by, author).await
}
