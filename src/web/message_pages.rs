//! A message's own pages: to report it, and for moderators to remove it.

use actix_web::HttpResponse;
use actix_web::web::{Data, Form, Json, Path, Query, ServiceConfig, resource};
use serde::Deserialize;
use serde_json::json;

use super::account::Reader;
use super::api::moderation;
use super::forms::Reason;
use super::pages::{again, in_words, local, see};
use super::room_page::shown;
use super::{Account, App, Failure};
use crate::error::Code;
use crate::policy::Action;
use crate::protocol::Seq;
use crate::store::oversight;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/rooms/{slug}/messages/{id}/report").get(report).post(send_report))
        .service(resource("/rooms/{slug}/messages/{id}/remove").get(removal).post(remove));
}

type Place = Path<(String, Seq)>;

/// What a page of these is about.
#[derive(Clone, Copy, PartialEq)]
enum Asked {
    Report,
    Removal,
}

#[derive(Default, Deserialize)]
struct Look {
    /// Where to go when it is done; the room, if left out.
    next: Option<String>,
    /// Present after the report was sent.
    sent: Option<String>,
}

#[derive(Deserialize)]
struct Remove {
    #[serde(default)]
    reason: String,
    /// Where to go when it is done; the room, if left out.
    next: Option<String>,
}

/// `GET /rooms/{slug}/messages/{id}/report`
async fn report(
    app: Data<App>,
    Reader(account): Reader,
    place: Place,
    look: Query<Look>,
) -> Result<HttpResponse, Failure> {
    page(&app, &account, &place, Asked::Report, &look, None).await
}

/// `POST /rooms/{slug}/messages/{id}/report`
async fn send_report(
    app: Data<App>,
    Reader(account): Reader,
    place: Place,
    form: Form<Reason>,
) -> Result<HttpResponse, Failure> {
    let sent = moderation::report(app.clone(), account.clone(), place.clone().into(), Json(form.why())).await;
    match sent {
        Ok(_) => Ok(see(&format!("/rooms/{}/messages/{}/report?sent=1", place.0, place.1))),
        Err(failure) => page(&app, &account, &place, Asked::Report, &Look::default(), Some(failure)).await,
    }
}

/// `GET /rooms/{slug}/messages/{id}/remove`
async fn removal(
    app: Data<App>,
    Reader(account): Reader,
    place: Place,
    look: Query<Look>,
) -> Result<HttpResponse, Failure> {
    page(&app, &account, &place, Asked::Removal, &look, None).await
}

/// `POST /rooms/{slug}/messages/{id}/remove`
async fn remove(
    app: Data<App>,
    Reader(account): Reader,
    place: Place,
    form: Form<Remove>,
) -> Result<HttpResponse, Failure> {
    let why = Reason { reason: form.reason.clone() }.why();
    let look = Look { next: form.into_inner().next, sent: None };
    match moderation::remove_message(app.clone(), account.clone(), place.clone().into(), Query(why)).await {
        Ok(_) => Ok(see(&look.back_to(&place))),
        Err(failure) => page(&app, &account, &place, Asked::Removal, &look, Some(failure)).await,
    }
}

impl Look {
    fn back_to(&self, (slug, id): &(String, Seq)) -> String {
        self.next.as_deref().map_or_else(|| format!("/rooms/{slug}/{id}"), |next| local(next).to_owned())
    }
}

/// The page with the message, if the reader may do this to it; with the reason where it was refused.
async fn page(
    app: &App,
    account: &Account,
    place: &(String, Seq),
    asked: Asked,
    look: &Look,
    failure: Option<Failure>,
) -> Result<HttpResponse, Failure> {
    let refusal = failure.map(|failure| failure.refusal);
    if let Some(refusal) = refusal.as_ref().filter(|refusal| refusal.code == Code::NotFound) {
        return Err(refusal.clone().into());
    }
    let action = if asked == Asked::Removal { Action::RemoveMessage } else { Action::Report };
    let ((slug, id), user) = (place.clone(), account.user.id);
    let (room, message) = app.store.read(move |c| oversight::message(c, &slug, user, id, action)).await?;
    let values = json!({
        "error": refusal.as_ref().map(in_words),
        "administers": account.administers(),
        "room": room,
        "removal": asked == Asked::Removal,
        "m": shown(std::slice::from_ref(&message)).first(),
        "next": look.next.as_deref().map(local),
        "back": look.back_to(place),
        "sent": look.sent.is_some(),
    });
    again(app, "message_page.html", Some(&account.user), values, refusal)
}
