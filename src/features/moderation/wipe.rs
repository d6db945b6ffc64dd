//! The removal of all that somebody wrote: each message through the journal, as when it is deleted by itself.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use diesel::QueryResult;

use crate::app::failure::ErrorBody;
use crate::app::openapi::{CommonErrors, MutationErrors, SessionErrors};
use crate::app::{Account, App, Failure};
use crate::chat::batch::Action;
use crate::chat::sanctions::{self, MessageOf};
use crate::db::AnyConnection;
use crate::features::moderation::commands::BeginWipe;
use crate::wire::UserId;
use crate::wire::refusal::{Code, Refusal};

/// Messages that are looked for at once.
const REMOVED_AT_ONCE: i64 = 200;

/// Remove all messages of somebody, in every room
///
/// Answers when the last is removed; where it breaks off, calling it again goes on.
#[utoipa::path(post, path = "/api/v1/users/{username}/wipe", operation_id = "wipe_user", tag = "people", security(("session" = [])),
    params(("username" = String, Path)),
    responses(
        (status = 204),
        (status = 404, body = ErrorBody, description = "`not_found`: no such user"),
        SessionErrors, MutationErrors, CommonErrors,
    ),
)]
pub async fn wipe(app: Data<App>, account: Account, username: Path<String>) -> Result<HttpResponse, Failure> {
    wipe_user(&app, account.user.id, username.into_inner()).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Removes all messages of somebody.
///
/// # Errors
/// `not_found`, `forbidden`, `unavailable`; what was removed by then stays so, and doing it again goes on.
pub async fn wipe_user(app: &App, by: UserId, username: String) -> Result<(), Refusal> {
    let author = app.perform(by, BeginWipe { username }).await?;
    remove_each(app, by, move |c, most| sanctions::to_wipe(c, author, most)).await
}

/// Removes what `found` finds, until that is nothing. Each message is a change of its room, so that everybody sees it go.
pub async fn remove_each(
    app: &App,
    by: UserId,
    found: impl Fn(&mut AnyConnection, i64) -> QueryResult<Vec<MessageOf>> + Clone + Send + 'static,
) -> Result<(), Refusal> {
    loop {
        let find = found.clone();
        let messages = app.store.read(move |c| Ok::<_, Refusal>(find(c, REMOVED_AT_ONCE)?)).await?;
        if messages.is_empty() {
            return Ok(());
        }
        let mut removed = false;
        for (slug, room, id) in messages {
            match app.hub.act(&slug, Some(room), by, &Action::Delete { id, reason: String::new(), wipe: true }).await {
                Ok(_) => removed = true,
                // A room may be deleted meanwhile.
                Err(refusal) if refusal.code == Code::NotFound => {}
                Err(refusal) => return Err(refusal),
            }
        }
        if !removed {
            return Err(Refusal::internal());
        }
    }
}
