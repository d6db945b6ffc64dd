//! Rooms: which there are, making one, saying what it is about.

use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path};

use super::bodies::{
    Always, ChangeRoom, Changing, Confirm, ErrorBody, ListedRoom, MakeRoom, OfRoom, Rooms, SetNotify, WithBody,
    WithSession,
};
use crate::broker::Event;
use crate::error::Refusal;
use crate::protocol::{Room, RoomKind, ServerFrame, UserId};
use crate::store::room_changes::{self, Changes, Deleted, NewRoom};
use crate::store::{members, rooms};
use crate::web::{Account, App, Failure, fields};

/// The rooms that the user may see, sorted by slug
#[utoipa::path(get, path = "/api/v1/rooms", operation_id = "list_rooms", tag = "rooms", security(("session" = [])), responses(
    (status = 200, body = Rooms), WithSession, Always,
))]
pub async fn list(app: Data<App>, account: Account) -> Result<HttpResponse, Failure> {
    let rooms = visible_to(&app, account.user.id).await?;
    Ok(HttpResponse::Ok().json(Rooms { rooms }))
}

/// Make a room; its maker is its first member and its moderator
#[utoipa::path(post, path = "/api/v1/rooms", operation_id = "make_room", tag = "rooms", security(("session" = [])), request_body = MakeRoom, responses(
    (status = 201, body = Room),
    (status = 409, body = ErrorBody, description = "`taken`: there is a room with this slug"),
    WithSession, Changing, Always, WithBody,
))]
pub async fn make(app: Data<App>, account: Account, body: Json<MakeRoom>) -> Result<HttpResponse, Failure> {
    let room = make_room(&app, account.user.id, &body).await?;
    Ok(HttpResponse::Created().json(room))
}

/// A room
#[utoipa::path(get, path = "/api/v1/rooms/{slug}", operation_id = "show_room", tag = "rooms", security(("session" = [])),
    params(("slug" = String, Path)),
    responses((status = 200, body = Room), WithSession, OfRoom, Always),
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
        WithSession, OfRoom, Always, WithBody,
    ),
)]
pub async fn change(
    app: Data<App>,
    account: Account,
    slug: Path<String>,
    body: Json<ChangeRoom>,
) -> Result<HttpResponse, Failure> {
    let changes = Changes {
        title: body.title.as_deref().map(fields::title).transpose()?,
        topic: body.topic.as_deref().map(fields::topic).transpose()?,
        archived: body.archived,
        slow_secs: body.slow_secs.map(fields::slow_secs).transpose()?,
        blocked_words: body.blocked_words.as_deref().map(fields::blocked_words).transpose()?,
        blocks_links: body.blocks_links,
        is_default: body.default,
    };
    let user = account.user.id;
    let room = app.store.write(move |c| room_changes::change(c, &slug, user, &changes)).await?;
    app.hub.announce(Event::RoomChanged { room: room.id }).await;
    Ok(HttpResponse::Ok().json(room))
}

/// Delete a room, with all that was said in it
#[utoipa::path(delete, path = "/api/v1/rooms/{slug}", operation_id = "delete_room", tag = "rooms", security(("session" = [])),
    params(("slug" = String, Path)), request_body = Confirm,
    responses(
        (status = 204),
        (status = 403, body = ErrorBody, description = "`forbidden`: only the room's moderators may, or the request came from another site"),
        (status = 422, body = ErrorBody, description = "`invalid`: `confirm` is not the room's slug"),
        WithSession, OfRoom, Always, WithBody,
    ),
)]
pub async fn delete(
    app: Data<App>,
    account: Account,
    slug: Path<String>,
    body: Json<Confirm>,
) -> Result<HttpResponse, Failure> {
    if body.confirm != *slug {
        return Err(Refusal::invalid("confirm: the slug of the room that is to be deleted").into());
    }
    let by = account.user.id;
    let Deleted { room, members } = app.store.write(move |c| room_changes::delete(c, &slug, Some(by))).await?;
    let public = room.kind == RoomKind::Public;
    app.hub.announce(Event::RoomDeleted { room: room.id, slug: room.slug, public, members }).await;
    Ok(HttpResponse::NoContent().finish())
}

/// Set what of a room one wants to be told
#[utoipa::path(put, path = "/api/v1/rooms/{slug}/notify", operation_id = "set_notify", tag = "rooms", security(("session" = [])),
    params(("slug" = String, Path)), request_body = SetNotify,
    responses((status = 204), WithSession, Changing, OfRoom, Always, WithBody),
)]
pub async fn set_notify(
    app: Data<App>,
    account: Account,
    slug: Path<String>,
    body: Json<SetNotify>,
) -> Result<HttpResponse, Failure> {
    let (user, level) = (account.user.id, fields::notify(&body.notify)?);
    app.store.write(move |c| members::set_notify(c, &slug, user, level)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Put a room first in one's list
#[utoipa::path(put, path = "/api/v1/rooms/{slug}/star", operation_id = "star_room", tag = "rooms", security(("session" = [])),
    params(("slug" = String, Path)),
    responses((status = 204), WithSession, Changing, OfRoom, Always),
)]
pub async fn star(app: Data<App>, account: Account, slug: Path<String>) -> Result<HttpResponse, Failure> {
    set_starred(&app, &account, &slug, true).await
}

/// Put a room back among the others
#[utoipa::path(delete, path = "/api/v1/rooms/{slug}/star", operation_id = "unstar_room", tag = "rooms", security(("session" = [])),
    params(("slug" = String, Path)),
    responses((status = 204), WithSession, Changing, OfRoom, Always),
)]
pub async fn unstar(app: Data<App>, account: Account, slug: Path<String>) -> Result<HttpResponse, Failure> {
    set_starred(&app, &account, &slug, false).await
}

async fn set_starred(app: &App, account: &Account, slug: &str, starred: bool) -> Result<HttpResponse, Failure> {
    let (user, room) = (account.user.id, slug.to_owned());
    app.store.write(move |c| members::set_starred(c, &room, user, starred)).await?;
    let json = ServerFrame::Room { room: slug, member: true }.to_json();
    let frame = String::from_utf8_lossy(&json).into_owned();
    app.hub.announce(Event::Tell { user, frame }).await;
    Ok(HttpResponse::NoContent().finish())
}

/// The rooms that the user may see, as the API and the pages show them.
pub async fn visible_to(app: &App, user: UserId) -> Result<Vec<ListedRoom>, Refusal> {
    let listed = app.store.read(move |c| rooms::visible_to(c, user)).await?;
    Ok(listed.into_iter().map(ListedRoom::from).collect())
}

/// Makes a room and tells everybody who may see it.
pub async fn make_room(app: &App, creator: UserId, asked: &MakeRoom) -> Result<Room, Refusal> {
    fields::slug(&asked.slug)?;
    let room = NewRoom {
        slug: asked.slug.clone(),
        title: fields::title(asked.title.as_deref().unwrap_or_default())?,
        topic: fields::topic(asked.topic.as_deref().unwrap_or_default())?,
        kind: asked.kind.as_deref().map(fields::kind).transpose()?.unwrap_or_default(),
    };
    let room = app.store.write(move |c| room_changes::create(c, &room, creator)).await?;
    app.hub.announce(Event::RoomChanged { room: room.id }).await;
    Ok(room)
}
