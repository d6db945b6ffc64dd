//! Rooms: which there are, making one, saying what it is about.

use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path, Query};

use crate::app::failure::ErrorBody;
use crate::app::openapi::{BodyErrors, CommonErrors, MutationErrors, RoomErrors, SessionErrors};
use crate::app::{Account, App, Failure, paging};
use crate::chat::room_lists::RoomFilter;
use crate::chat::{room_lists, rooms};
use crate::features::rooms::commands::{self, DeleteRoom};
use crate::features::rooms::types::{ChangeRoom, Confirm, MakeRoom, RoomSearch, Rooms};
use crate::wire::refusal::Refusal;
use crate::wire::{Room, UserId};

/// The rooms that the user may see, sorted by slug
#[utoipa::path(get, path = "/api/v1/rooms", operation_id = "list_rooms", tag = "rooms", security(("session" = [])),
    params(RoomSearch),
    responses(
        (status = 200, body = Rooms),
        (status = 422, body = ErrorBody, description = "`invalid`: `limit` out of range"),
        SessionErrors, CommonErrors,
    ),
)]
pub async fn list(app: Data<App>, account: Account, search: Query<RoomSearch>) -> Result<HttpResponse, Failure> {
    let rooms = page_of_rooms(&app, account.user.id, search.into_inner()).await?;
    Ok(HttpResponse::Ok().json(rooms))
}

/// Make a room; its maker is its first member and its moderator
#[utoipa::path(post, path = "/api/v1/rooms", operation_id = "make_room", tag = "rooms", security(("session" = [])), request_body = MakeRoom, responses(
    (status = 201, body = Room),
    (status = 409, body = ErrorBody, description = "`taken`: there is a room with this slug"),
    SessionErrors, MutationErrors, CommonErrors, BodyErrors,
))]
pub async fn make(app: Data<App>, account: Account, body: Json<MakeRoom>) -> Result<HttpResponse, Failure> {
    let room = app.perform(account.user.id, commands::MakeRoom::new(&body)?).await?;
    Ok(HttpResponse::Created().json(room))
}

/// A room
#[utoipa::path(get, path = "/api/v1/rooms/{slug}", operation_id = "show_room", tag = "rooms", security(("session" = [])),
    params(("slug" = String, Path)),
    responses((status = 200, body = Room), SessionErrors, RoomErrors, CommonErrors),
)]
pub async fn show(app: Data<App>, account: Account, slug: Path<String>) -> Result<HttpResponse, Failure> {
    let room = app.store.read(move |c| rooms::find(c, &slug, account.user.id)).await?;
    Ok(HttpResponse::Ok().json(room))
}

/// Change what a room is called and about, and how it is moderated
#[utoipa::path(patch, path = "/api/v1/rooms/{slug}", operation_id = "change_room", tag = "rooms", security(("session" = [])),
    params(("slug" = String, Path)), request_body = ChangeRoom,
    responses(
        (status = 200, body = Room),
        (status = 403, body = ErrorBody, description = "`forbidden`: only the room's moderators may, or the request came from another site"),
        (status = 429, body = ErrorBody, description = "`rate_limited`: too many changes at once, or in a day; see `Retry-After`"),
        SessionErrors, RoomErrors, CommonErrors, BodyErrors,
    ),
)]
pub async fn change(
    app: Data<App>,
    account: Account,
    slug: Path<String>,
    body: Json<ChangeRoom>,
) -> Result<HttpResponse, Failure> {
    let command = commands::ChangeRoom::new(slug.into_inner(), &body)?;
    let room = app.perform(account.user.id, command).await?;
    Ok(HttpResponse::Ok().json(room))
}

/// Delete a room, with all that was said in it
#[utoipa::path(delete, path = "/api/v1/rooms/{slug}", operation_id = "delete_room", tag = "rooms", security(("session" = [])),
    params(("slug" = String, Path)), request_body = Confirm,
    responses(
        (status = 204),
        (status = 403, body = ErrorBody, description = "`forbidden`: only the room's moderators may, or the request came from another site"),
        (status = 422, body = ErrorBody, description = "`invalid`: `confirm` is not the room's slug"),
        (status = 429, body = ErrorBody, description = "`rate_limited`: too many changes at once, or in a day; see `Retry-After`"),
        SessionErrors, RoomErrors, CommonErrors, BodyErrors,
    ),
)]
pub async fn delete(
    app: Data<App>,
    account: Account,
    slug: Path<String>,
    body: Json<Confirm>,
) -> Result<HttpResponse, Failure> {
    app.perform(account.user.id, DeleteRoom::confirmed(slug.into_inner(), &body.confirm)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Rooms that the user may see, as the API and the pages list them.
pub async fn page_of_rooms(app: &App, user: UserId, search: RoomSearch) -> Result<Rooms, Refusal> {
    let RoomSearch { member, q: text, limit, cursor: after } = search;
    let limit = paging::limit(limit)?;
    let filter = RoomFilter { member, text, after };
    let (rooms, more) = app.store.read(move |c| room_lists::page(c, user, &filter, limit)).await?;
    let cursor = rooms.last().filter(|_| more).map(|last| last.room.slug.clone());
    Ok(Rooms { rooms: app.hub.states.in_talks(rooms), cursor })
}
