//! The page that lists the rooms, with the form for a new one.

use actix_web::HttpResponse;
use actix_web::web::{Data, Form};
use serde_json::json;

use crate::app::account::PageAccount;
use crate::app::pages::{again, in_words, see};
use crate::app::{Account, App, Failure};
use crate::features::rooms::api::visible_to;
use crate::features::rooms::commands;
use crate::features::rooms::types::MakeRoom;
use crate::wire::Room;
use crate::wire::refusal::Refusal;

/// `GET /rooms`
pub async fn rooms(app: Data<App>, PageAccount(account): PageAccount) -> Result<HttpResponse, Failure> {
    lobby(&app, &account, None).await
}

/// `POST /rooms`
pub async fn make_room_by_form(
    app: Data<App>,
    PageAccount(account): PageAccount,
    form: Form<MakeRoom>,
) -> Result<HttpResponse, Failure> {
    match make_room(&app, &account, &form).await {
        Ok(room) => Ok(see(&format!("/rooms/{}", room.slug))),
        Err(refusal) => lobby(&app, &account, Some(refusal)).await,
    }
}

/// The list of rooms, with the form for a new one.
async fn lobby(app: &App, account: &Account, refusal: Option<Refusal>) -> Result<HttpResponse, Failure> {
    let rooms = visible_to(app, account.user.id).await?;
    let administers = account.administers();
    let values = json!({ "rooms": rooms, "administers": administers, "error": refusal.as_ref().map(in_words) });
    again(app, "rooms.html", Some(&account.user), values, refusal)
}

async fn make_room(app: &App, account: &Account, asked: &MakeRoom) -> Result<Room, Refusal> {
    app.perform(account.user.id, commands::MakeRoom::new(asked)?).await
}
