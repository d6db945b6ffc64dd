//! What one has read, and what one wants to come back to.

use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::bodies::{Always, Changing, ErrorBody, OfRoom, ReadRooms, UnreadFrom, WithBody, WithSession};
use crate::broker::Event;
use crate::error::{Code, Refusal};
use crate::protocol::place::at_least;
use crate::protocol::{Seq, ServerFrame, UserId};
use crate::store::append::{Action, Done};
use crate::store::marks::{self, Marks};
use crate::store::rooms;
use crate::web::{Account, App, Failure};

/// Rooms that are marked at a time.
const AT_ONCE: usize = 16;

/// Mark rooms as read
#[utoipa::path(post, path = "/api/v1/read", operation_id = "read_rooms", tag = "rooms", security(("session" = [])), request_body = ReadRooms,
    responses((status = 204, description = "What could be read when it was asked is read"), WithSession, Changing, Always, WithBody),
)]
pub async fn read(app: Data<App>, account: Account, body: Json<ReadRooms>) -> Result<HttpResponse, Failure> {
    let (user, asked) = (account.user.id, body.into_inner().rooms);
    let listed = app.store.read(move |c| rooms::visible_to(c, user)).await?;
    let unread = listed.into_iter().filter(|listed| listed.unread > 0).map(|listed| listed.room);
    let unread = unread.filter(|room| asked.as_ref().is_none_or(|asked| asked.contains(&room.slug)));
    let marks = stream::iter(unread.map(|room| mark(&app, user, room.slug, room.seq)));
    marks.buffer_unordered(AT_ONCE).try_collect::<()>().await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Marks what one room has as read, and tells all sockets of the user.
async fn mark(app: &App, user: UserId, slug: String, seq: Seq) -> Result<(), Refusal> {
    match app.hub.act(&slug, user, &Action::Read { seq }).await {
        Ok((_, Done::Read(Some(marks)))) => {
            tell(app, user, &slug, &marks, false).await;
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
        WithSession, Changing, OfRoom, Always, WithBody,
    ),
)]
pub async fn unread(
    app: Data<App>,
    account: Account,
    slug: Path<String>,
    body: Json<UnreadFrom>,
) -> Result<HttpResponse, Failure> {
    let from = at_least(1, body.from, "from")?;
    let (user, room) = (account.user.id, slug.clone());
    let marks = app.store.write(move |c| marks::set_back(c, &room, user, from)).await?;
    tell(&app, user, &slug, &marks, true).await;
    Ok(HttpResponse::NoContent().finish())
}

/// Tells all sockets of a user, at every instance, how far they have read.
async fn tell(app: &App, user: UserId, room: &str, marks: &Marks, back: bool) {
    let Marks { seq, unread, mentions, count } = *marks;
    let frame = ServerFrame::Read { room, seq, unread, mentions, count, back };
    let frame = String::from_utf8_lossy(&frame.to_json()).into_owned();
    app.hub.announce(Event::Tell { user, frame }).await;
}
