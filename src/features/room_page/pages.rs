//! The page of a room: at its end, or around a message.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Query};
use serde::Deserialize;

use crate::app::account::PageAccount;
use crate::app::pages::page;
use crate::app::{Account, App, Failure};
use crate::features::room_page::bodies::is_rich;
use crate::features::room_page::messages::{Reader, shown};
use crate::features::room_page::order::in_order;
use crate::features::room_page::query::{self, RoomView};
use crate::features::room_page::view::RoomPage;
use crate::wire::{RoomId, Seq};

/// `GET /rooms/{slug}`
pub async fn room(
    app: Data<App>,
    PageAccount(account): PageAccount,
    slug: Path<String>,
) -> Result<HttpResponse, Failure> {
    room_at(&app, &account, slug.into_inner(), None, None).await
}

/// What a message's link may say beside the message.
#[derive(Deserialize)]
pub struct LinkQuery {
    /// The id of the room: another one that has its name by now is not meant.
    room_id: Option<RoomId>,
}

/// `GET /rooms/{slug}/{id}`: a message's link.
pub async fn message(
    app: Data<App>,
    PageAccount(account): PageAccount,
    place: Path<(String, u32)>,
    link: Query<LinkQuery>,
) -> Result<HttpResponse, Failure> {
    let (slug, id) = place.into_inner();
    room_at(&app, &account, slug, link.room_id, Some(id.into())).await
}

/// A room, at its end or around a message.
async fn room_at(
    app: &App,
    account: &Account,
    slug: String,
    id: Option<RoomId>,
    at: Option<Seq>,
) -> Result<HttpResponse, Failure> {
    let user = account.user.id;
    let RoomView { room, part, rooms, said, powers, members, blocked } =
        app.store.read(move |c| query::room(c, &slug, id, user, at)).await?;
    let listed = rooms.iter().find(|listed| listed.room.id == room.id && listed.member);
    let read = listed.map(|listed| listed.standing.read);
    let oldest = part.messages.first().map(|message| message.id);
    let reader = Reader {
        user: &account.user,
        blocked: &blocked,
        // What they have read last is on the page, or there is nothing before the page.
        read: read.filter(|read| at.is_none() && (!part.more || oldest.is_some_and(|oldest| oldest <= *read))),
        is_in: &|slug| rooms.iter().any(|listed| listed.room.slug == slug),
    };
    let values = RoomPage {
        room: &room,
        messages: shown(&part.messages, &reader),
        rich: part.messages.iter().any(|message| is_rich(&message.html)),
        rooms: app.hub.states.in_talks(in_order(rooms, &said, &room.slug)),
        members: &app.hub.states.with_states(&members),
        at,
        more: part.more,
        newer: part.newer == Some(true),
        removes: powers.remove_messages,
        may: powers,
        administers: account.administers(),
    };
    page(app, StatusCode::OK, "room.html", Some(&account.user), &values)
}
