//! The members of a room.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Query};

use crate::app::failure::ErrorBody;
use crate::app::openapi::{CommonErrors, MutationErrors, RoomErrors, SessionErrors};
use crate::app::{Account, App, Failure, paging};
use crate::chat::members;
use crate::features::members::commands::{AddMember, RemoveMember};
use crate::features::members::types::{MemberSearch, Members};
use crate::wire::Member;

/// The members of a room, or those of them whose names begin so
#[utoipa::path(get, path = "/api/v1/rooms/{slug}/members", operation_id = "list_members", tag = "members", security(("session" = [])),
    params(("slug" = String, Path), MemberSearch),
    responses(
        (status = 200, body = Members),
        (status = 422, body = ErrorBody, description = "`invalid`: `limit` out of range, or no cursor"),
        SessionErrors, RoomErrors, CommonErrors,
    ),
)]
pub async fn list(
    app: Data<App>,
    account: Account,
    slug: Path<String>,
    search: Query<MemberSearch>,
) -> Result<HttpResponse, Failure> {
    let MemberSearch { q, limit, cursor } = search.into_inner();
    let limit = paging::limit(limit)?;
    let user = account.user.id;
    let page = app.store.read(move |c| members::page(c, &slug, user, &q, cursor.as_deref(), limit)).await?;
    let (members, cursor) = page;
    let with_state =
        |member: Member| Member { user: member.user.clone().with_state(app.hub.states.of(member.user.id)), ..member };
    let members = members.into_iter().map(with_state).collect();
    Ok(HttpResponse::Ok().json(Members { members, cursor }))
}

/// Make somebody a member; a private room: by a member
#[utoipa::path(put, path = "/api/v1/rooms/{slug}/members/{username}", operation_id = "add_member", tag = "members", security(("session" = [])),
    params(("slug" = String, Path), ("username" = String, Path, description = "`me` stands for oneself")),
    responses(
        (status = 204, description = "A member now, or already"),
        (status = 404, body = ErrorBody, description = "`not_found`: no such room, none that this user may see, or no such user"),
        SessionErrors, MutationErrors, CommonErrors,
    ),
)]
pub async fn add(app: Data<App>, account: Account, path: Path<(String, String)>) -> Result<HttpResponse, Failure> {
    let (slug, username) = path.into_inner();
    app.perform(account.user.id, AddMember { slug, username }).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// End somebody's membership, or one's own
#[utoipa::path(delete, path = "/api/v1/rooms/{slug}/members/{username}", operation_id = "remove_member", tag = "members", security(("session" = [])),
    params(("slug" = String, Path), ("username" = String, Path, description = "`me` stands for oneself")),
    responses(
        (status = 204, description = "No longer a member, or never one"),
        (status = 403, body = ErrorBody, description = "`forbidden`: others are removed by the room's moderators only, or the request came from another site"),
        (status = 404, body = ErrorBody, description = "`not_found`: no such room, none that this user may see, or no such user"),
        (status = 429, body = ErrorBody, description = "`rate_limited`: too many changes at once, or in a day; see `Retry-After`"),
        SessionErrors, CommonErrors,
    ),
)]
pub async fn remove(app: Data<App>, account: Account, path: Path<(String, String)>) -> Result<HttpResponse, Failure> {
    let (slug, username) = path.into_inner();
    app.perform(account.user.id, RemoveMember { slug, username }).await?;
    Ok(HttpResponse::NoContent().finish())
}
