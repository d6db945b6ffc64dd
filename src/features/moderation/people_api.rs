//! The calls of admins: roles, bans from the chat, and the removal of all that somebody wrote.

use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path};
use diesel::QueryResult;

use crate::app::failure::ErrorBody;
use crate::app::openapi::{BodyErrors, CommonErrors, MutationErrors, SessionErrors};
use crate::app::{Account, App, Failure, fields};
use crate::chat::batch::Action;
use crate::chat::sanctions;
use crate::db::AnyConnection;
use crate::features::moderation::commands::{BanUser, BeginWipe, SetUserRole, UnbanUser};
use crate::features::moderation::types::{SanctionRequest, Sanctions, SetRole};
use crate::wire::refusal::{Code, Refusal};
use crate::wire::{Seq, UserId};

/// Messages that are looked for at once.
const REMOVED_AT_ONCE: i64 = 200;

/// Close the chat to somebody, for some minutes or for ever; their sockets close with 4403
#[utoipa::path(put, path = "/api/v1/users/{username}/ban", operation_id = "ban_user", tag = "people", security(("session" = [])),
    params(("username" = String, Path)), request_body = SanctionRequest,
    responses(
        (status = 204),
        (status = 403, body = ErrorBody, description = "`forbidden`: only admins may, and nobody to those above them; or the request came from another site"),
        (status = 404, body = ErrorBody, description = "`not_found`: no such user"),
        SessionErrors, CommonErrors, BodyErrors,
    ),
)]
pub async fn ban(
    app: Data<App>,
    account: Account,
    username: Path<String>,
    terms: Json<SanctionRequest>,
) -> Result<HttpResponse, Failure> {
    let command = BanUser { username: username.into_inner(), terms: terms.terms()? };
    app.perform(account.user.id, command).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Open the chat to somebody again
#[utoipa::path(delete, path = "/api/v1/users/{username}/ban", operation_id = "unban_user", tag = "people", security(("session" = [])),
    params(("username" = String, Path)),
    responses(
        (status = 204),
        (status = 404, body = ErrorBody, description = "`not_found`: no such user"),
        SessionErrors, MutationErrors, CommonErrors,
    ),
)]
pub async fn unban(app: Data<App>, account: Account, username: Path<String>) -> Result<HttpResponse, Failure> {
    app.perform(account.user.id, UnbanUser { username: username.into_inner() }).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The people to whom the chat is closed now, for admins
#[utoipa::path(get, path = "/api/v1/sanctions", operation_id = "list_banned_users", tag = "people", security(("session" = [])),
    responses(
        (status = 200, body = Sanctions),
        (status = 403, body = ErrorBody, description = "`forbidden`: only for admins"),
        SessionErrors, CommonErrors,
    ),
)]
pub async fn list_banned(app: Data<App>, account: Account) -> Result<HttpResponse, Failure> {
    let sanctions = app.store.read(move |c| sanctions::banned_from_chat(c, account.user.id)).await?;
    Ok(HttpResponse::Ok().json(Sanctions { sanctions }))
}

/// Make somebody a guest, a member, an admin or an owner
#[utoipa::path(patch, path = "/api/v1/users/{username}", operation_id = "set_user_role", tag = "people", security(("session" = [])),
    params(("username" = String, Path)), request_body = SetRole,
    responses(
        (status = 204),
        (status = 403, body = ErrorBody, description = "`forbidden`: only admins may, nobody to those above them, and nobody gives more than they have; or the request came from another site"),
        (status = 404, body = ErrorBody, description = "`not_found`: no such user"),
        SessionErrors, CommonErrors, BodyErrors,
    ),
)]
pub async fn set_role(
    app: Data<App>,
    account: Account,
    username: Path<String>,
    body: Json<SetRole>,
) -> Result<HttpResponse, Failure> {
    let command = SetUserRole { username: username.into_inner(), role: fields::instance_role(&body.role)? };
    app.perform(account.user.id, command).await?;
    Ok(HttpResponse::NoContent().finish())
}

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
    found: impl Fn(&mut AnyConnection, i64) -> QueryResult<Vec<(String, Seq)>> + Clone + Send + 'static,
) -> Result<(), Refusal> {
    loop {
        let find = found.clone();
        let these = app.store.read(move |c| Ok::<_, Refusal>(find(c, REMOVED_AT_ONCE)?)).await?;
        if these.is_empty() {
            return Ok(());
        }
        let mut removed = false;
        for (slug, id) in these {
            match app.hub.act(&slug, by, &Action::Delete { id, reason: String::new(), wipe: true }).await {
                Ok(_) => removed = true,
                // A room may be deleted meanwhile.
                Err(refusal) if refusal.code == Code::NotFound => {}
                Err(refusal) => return Err(refusal),
            }
        }
        if !removed {
            return Err(Refusal::unavailable());
        }
    }
}
