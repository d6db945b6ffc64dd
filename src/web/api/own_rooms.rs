//! What one has read.

use actix_web::HttpResponse;
use actix_web::web::{Data, Json};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::bodies::{Always, Changing, ReadRooms, WithBody, WithSession};
use crate::broker::Event;
use crate::error::{Code, Refusal};
use crate::protocol::{Seq, ServerFrame, UserId};
use crate::store::append::{Action, Done};
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
            let (seq, unread, mentions, count) = (marks.seq, marks.unread, marks.mentions, marks.count);
            tell(app, user, &ServerFrame::Read { room: &slug, seq, unread, mentions, count }).await;
            Ok(())
        }
        Ok(_) => Ok(()),
        // They may have left meanwhile.
        Err(refusal) if refusal.code == Code::NotFound => Ok(()),
        Err(refusal) => Err(refusal),
    }
}

/// Gives a frame to all sockets of a user, at every instance.
async fn tell(app: &App, user: UserId, frame: &ServerFrame<'_>) {
    let frame = String::from_utf8_lossy(&frame.to_json()).into_owned();
    app.hub.announce(Event::Tell { user, frame }).await;
}
