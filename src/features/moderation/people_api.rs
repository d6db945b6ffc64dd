//! The calls of admins about people: roles, and bans from the chat.

use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path};

use crate::app::failure::ErrorBody;
use crate::app::openapi::{BodyErrors, CommonErrors, MutationErrors, SessionErrors};
use crate::app::{Account, App, Failure, fields};
use crate::chat::sanctions;
use crate::features::moderation::commands::{BanUser, SetUserRole, UnbanUser};
use crate::features::moderation::types::{SanctionRequest, Sanctions, SetRole};

/// Close the chat to somebody, for some minutes or for ever; their sockets close with 4403
#[utoipa::path(put, path = "/api/v1/users/{username}/ban", operation_id = "ban_user", tag = "people", security(("session" = [])),
    params(("username" = String, Path)), request_body = SanctionRequest,
    responses(
        (status = 204),
        (status = 403, body = ErrorBody, description = "`forbidden`: only admins may, and nobody to those above them; or the request came from another site"),
        (status = 404, body = ErrorBody, description = "`not_found`: no such user"),
        (status = 429, body = ErrorBody, description = "`rate_limited`: too many changes at once, or in a day; see `Retry-After`"),
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
        (status = 429, body = ErrorBody, description = "`rate_limited`: too many changes at once, or in a day; see `Retry-After`"),
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
