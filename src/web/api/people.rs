//! Seeing to people: who is an admin, who is banned from the chat, whose messages are wiped; and talking to them directly.

use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path};
use diesel::QueryResult;

use super::bodies::{Always, BeginDirect, Changing, ErrorBody, For, Sanctions, SetRole, WithBody, WithSession};
use crate::broker::Event;
use crate::error::{Code, Refusal};
use crate::protocol::{Room, Seq, UserId};
use crate::store::append::Action;
use crate::store::{AnyConnection, room_changes, sanctions};
use crate::web::{Account, App, Failure, fields};

/// Messages that are looked for at once.
const REMOVED_AT_ONCE: i64 = 200;

/// Close the chat to somebody, for some minutes or for ever; their sockets close with 4403
#[utoipa::path(put, path = "/api/v1/users/{username}/ban", operation_id = "ban_user", tag = "people", security(("session" = [])),
    params(("username" = String, Path)), request_body = For,
    responses(
        (status = 204),
        (status = 403, body = ErrorBody, description = "`forbidden`: only admins may, and nobody to those above them; or the request came from another site"),
        (status = 404, body = ErrorBody, description = "`not_found`: no such user"),
        WithSession, Always, WithBody,
    ),
)]
pub async fn ban(
    app: Data<App>,
    account: Account,
    username: Path<String>,
    terms: Json<For>,
) -> Result<HttpResponse, Failure> {
    let (by, terms) = (account.user.id, terms.terms()?);
    let banned = app.store.write(move |c| sanctions::ban_from_chat(c, Some(by), &username, &terms)).await?;
    app.hub.announce(Event::UserBanned { user: banned.id }).await;
    Ok(HttpResponse::NoContent().finish())
}

/// Open the chat to somebody again
#[utoipa::path(delete, path = "/api/v1/users/{username}/ban", operation_id = "unban_user", tag = "people", security(("session" = [])),
    params(("username" = String, Path)),
    responses(
        (status = 204),
        (status = 404, body = ErrorBody, description = "`not_found`: no such user"),
        WithSession, Changing, Always,
    ),
)]
pub async fn unban(app: Data<App>, account: Account, username: Path<String>) -> Result<HttpResponse, Failure> {
    let by = account.user.id;
    app.store.write(move |c| sanctions::unban_from_chat(c, Some(by), &username)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The people to whom the chat is closed now, for admins
#[utoipa::path(get, path = "/api/v1/sanctions", operation_id = "list_banned_users", tag = "people", security(("session" = [])),
    responses(
        (status = 200, body = Sanctions),
        (status = 403, body = ErrorBody, description = "`forbidden`: only for admins"),
        WithSession, Always,
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
        WithSession, Always, WithBody,
    ),
)]
pub async fn set_role(
    app: Data<App>,
    account: Account,
    username: Path<String>,
    body: Json<SetRole>,
) -> Result<HttpResponse, Failure> {
    let (by, role) = (account.user.id, fields::instance_role(&body.role)?);
    app.store.write(move |c| sanctions::set_instance_role(c, Some(by), &username, role)).await?;
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
        WithSession, Changing, Always,
    ),
)]
pub async fn wipe(app: Data<App>, account: Account, username: Path<String>) -> Result<HttpResponse, Failure> {
    let by = account.user.id;
    let author = app.store.write(move |c| sanctions::begin_wipe(c, by, &username)).await?;
    remove_each(&app, by, move |c, most| sanctions::to_wipe(c, author, most)).await?;
    Ok(HttpResponse::NoContent().finish())
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

/// The direct talk with somebody, or with up to 11 others: that of two is always the same
#[utoipa::path(post, path = "/api/v1/direct", operation_id = "begin_direct", tag = "people", security(("session" = [])), request_body = BeginDirect,
    responses(
        (status = 200, body = Room, description = "The talk that these two have"),
        (status = 201, body = Room, description = "A new one"),
        (status = 404, body = ErrorBody, description = "`not_found`: no such user"),
        WithSession, Changing, Always, WithBody,
    ),
)]
pub async fn begin_direct(app: Data<App>, account: Account, body: Json<BeginDirect>) -> Result<HttpResponse, Failure> {
    let (by, users) = (account.user.id, body.into_inner().users);
    let (room, new) = app.store.write(move |c| room_changes::direct(c, by, &users)).await?;
    if !new {
        return Ok(HttpResponse::Ok().json(room));
    }
    app.hub.announce(Event::RoomChanged { room: room.id }).await;
    Ok(HttpResponse::Created().json(room))
}
