//! What one has read, and what one wants to come back to.

use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::app::failure::ErrorBody;
use crate::app::fields;
use crate::app::openapi::{BodyErrors, CommonErrors, MutationErrors, RoomErrors, SessionErrors};
use crate::app::{Account, App, Failure};
use crate::chat::batch::{Action, Done};
use crate::chat::room_lists;
use crate::features::room_preferences::commands::{MarkUnread, SetNotifyLevel, Star, marks_event};
use crate::features::room_preferences::types::{ReadRooms, SetNotify, UnreadFrom};
use crate::realtime::send_rate::Kind;
use crate::wire::history::at_least;
use crate::wire::refusal::{Code, Refusal};
use crate::wire::{Room, UserId};

/// Rooms that are marked at a time.
const AT_ONCE: usize = 16;

/// Mark rooms as read
#[utoipa::path(post, path = "/api/v1/read", operation_id = "read_rooms", tag = "rooms", security(("session" = [])), request_body = ReadRooms,
    responses((status = 204, description = "What could be read when it was asked is read"), SessionErrors, MutationErrors, CommonErrors, BodyErrors),
)]
pub async fn read(app: Data<App>, account: Account, body: Json<ReadRooms>) -> Result<HttpResponse, Failure> {
    let (user, asked) = (account.user.id, body.into_inner().rooms);
    app.send_rate.check(user, Kind::Write)?;
    let own = app.store.read(move |c| room_lists::own(c, user).map_err(Refusal::from)).await?;
    let unread = own.into_iter().filter(|own| own.standing.unread > 0).map(|own| own.room);
    let unread = unread.filter(|room| asked.as_ref().is_none_or(|asked| asked.contains(&room.slug)));
    let marks = stream::iter(unread.map(|room| mark(&app, user, room)));
    marks.buffer_unordered(AT_ONCE).try_collect::<()>().await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Marks what one room has as read, and tells all sockets of the user.
async fn mark(app: &App, user: UserId, Room { id, slug, seq, .. }: Room) -> Result<(), Refusal> {
    match app.hub.act(&slug, Some(id), user, &Action::Read { seq }).await {
        Ok((_, Done::Read(Some(marks)))) => {
            app.hub.announce(marks_event(user, &slug, &marks, false)).await;
            Ok(())
        }
        Ok(_) => Ok(()),
        // They may have left meanwhile.
        Err(refusal) if refusal.code == Code::NotFound => Ok(()),
        Err(refusal) => Err(refusal),
    }
}

/// Mark a room as unread from a message on
#[utoipa::path(post, path = "/api/v1/rooms/{slug}/unread", operation_id = "unread_room", tag = "rooms", security(("session" = [])), request_body = UnreadFrom,
    params(("slug" = String, Path)),
    responses(
        (status = 204, description = "The mark is below that message"),
        (status = 422, body = ErrorBody, description = "`invalid`: less than 1"),
        SessionErrors, MutationErrors, RoomErrors, CommonErrors, BodyErrors,
    ),
)]
pub async fn unread(
    app: Data<App>,
    account: Account,
    slug: Path<String>,
    body: Json<UnreadFrom>,
) -> Result<HttpResponse, Failure> {
    let from = at_least(1, body.from, "from")?;
    app.perform(account.user.id, MarkUnread { slug: slug.into_inner(), room_id: body.room_id, from }).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Set what of a room one wants to be told
#[utoipa::path(put, path = "/api/v1/rooms/{slug}/notify", operation_id = "set_notify", tag = "rooms", security(("session" = [])),
    params(("slug" = String, Path)), request_body = SetNotify,
    responses((status = 204), SessionErrors, MutationErrors, RoomErrors, CommonErrors, BodyErrors),
)]
pub async fn set_notify(
    app: Data<App>,
    account: Account,
    slug: Path<String>,
    body: Json<SetNotify>,
) -> Result<HttpResponse, Failure> {
    let command = SetNotifyLevel { slug: slug.into_inner(), level: fields::notify(&body.notify)? };
    app.perform(account.user.id, command).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Put a room first in one's list
#[utoipa::path(put, path = "/api/v1/rooms/{slug}/star", operation_id = "star_room", tag = "rooms", security(("session" = [])),
    params(("slug" = String, Path)),
    responses((status = 204), SessionErrors, MutationErrors, RoomErrors, CommonErrors),
)]
pub async fn star(app: Data<App>, account: Account, slug: Path<String>) -> Result<HttpResponse, Failure> {
    set_starred(&app, &account, slug.into_inner(), true).await
}

/// Put a room back among the others
#[utoipa::path(delete, path = "/api/v1/rooms/{slug}/star", operation_id = "unstar_room", tag = "rooms", security(("session" = [])),
    params(("slug" = String, Path)),
    responses((status = 204), SessionErrors, MutationErrors, RoomErrors, CommonErrors),
)]
pub async fn unstar(app: Data<App>, account: Account, slug: Path<String>) -> Result<HttpResponse, Failure> {
    set_starred(&app, &account, slug.into_inner(), false).await
}

async fn set_starred(app: &App, account: &Account, slug: String, starred: bool) -> Result<HttpResponse, Failure> {
    app.perform(account.user.id, Star { slug, starred }).await?;
    Ok(HttpResponse::NoContent().finish())
}
