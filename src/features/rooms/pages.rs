//! The page that lists the rooms, with the form for a new one.

use actix_web::HttpResponse;
use actix_web::web::{Data, Form, Query};
use serde_json::json;
use url::form_urlencoded;

use crate::app::account::PageAccount;
use crate::app::pages::{again, in_words, see};
use crate::app::{Account, App, Failure};
use crate::chat::room_lists;
use crate::features::rooms::api::page_of_rooms;
use crate::features::rooms::commands;
use crate::features::rooms::types::{MakeRoom, RoomSearch};
use crate::wire::Room;
use crate::wire::refusal::Refusal;

/// `GET /rooms`
pub async fn rooms(
    app: Data<App>,
    PageAccount(account): PageAccount,
    search: Query<RoomSearch>,
) -> Result<HttpResponse, Failure> {
    lobby(&app, &account, search.into_inner(), None).await
}

/// `POST /rooms`
pub async fn make_room_by_form(
    app: Data<App>,
    PageAccount(account): PageAccount,
    form: Form<MakeRoom>,
) -> Result<HttpResponse, Failure> {
    match make_room(&app, &account, &form).await {
        Ok(room) => Ok(see(&format!("/rooms/{}", room.slug))),
        Err(refusal) => lobby(&app, &account, RoomSearch::default(), Some(refusal)).await,
    }
}

/// The user's rooms, a page of the others, and the form for a new one.
async fn lobby(
    app: &App,
    account: &Account,
    search: RoomSearch,
    refusal: Option<Refusal>,
) -> Result<HttpResponse, Failure> {
    let user = account.user.id;
    let own = app.store.read(move |c| room_lists::own(c, user).map_err(Refusal::from)).await?;
    let text = search.q.clone();
    let others = page_of_rooms(app, user, RoomSearch { member: Some(false), ..search }).await?;
    let values = json!({
        "rooms": own,
        "others": others.rooms,
        "next": others.cursor.map(|cursor| next_page(&text, &cursor)),
        "q": text,
        "administers": account.administers(),
        "error": refusal.as_ref().map(in_words),
    });
    again(app, "rooms.html", Some(&account.user), values, refusal)
}

/// The address of the next page of the others.
fn next_page(text: &str, cursor: &str) -> String {
    let query =
        form_urlencoded::Serializer::new(String::new()).append_pair("q", text).append_pair("cursor", cursor).finish();
    format!("/rooms?{query}#browse")
}

async fn make_room(app: &App, account: &Account, asked: &MakeRoom) -> Result<Room, Refusal> {
    app.perform(account.user.id, commands::MakeRoom::new(asked)?).await
}
