//! A message's own pages: to report it, and for moderators to remove it.

use actix_web::HttpResponse;
use actix_web::web::{Data, Form, Path, Query};
use serde::Deserialize;
use serde_json::json;

use crate::app::account::PageAccount;
use crate::app::pages::{again, in_words, local, see};
use crate::app::preferences::Preferences;
use crate::app::{Account, App, Failure};
use crate::features::moderation::api::remove_message;
use crate::features::moderation::commands::ReportMessage;
use crate::features::moderation::forms::ReasonForm;
use crate::features::moderation::permissions;
use crate::policy::Action;
use crate::wire::refusal::{Code, Refusal};
use crate::wire::{Seq, format_time};

type Place = Path<(String, Seq)>;

/// What a page of these is about.
#[derive(Clone, Copy, PartialEq)]
enum Asked {
    Report,
    Removal,
}

#[derive(Default, Deserialize)]
pub struct PageQuery {
    /// Where to go when it is done; the room, if left out.
    next: Option<String>,
    /// Present after the report was sent.
    sent: Option<String>,
}

#[derive(Deserialize)]
pub struct Remove {
    #[serde(default)]
    reason: String,
    /// Where to go when it is done; the room, if left out.
    next: Option<String>,
}

/// `GET /rooms/{slug}/messages/{id}/report`
pub async fn report(
    app: Data<App>,
    PageAccount(account): PageAccount,
    place: Place,
    look: Query<PageQuery>,
) -> Result<HttpResponse, Failure> {
    page(&app, &account, &place, Asked::Report, &look, None).await
}

/// `POST /rooms/{slug}/messages/{id}/report`
pub async fn send_report(
    app: Data<App>,
    PageAccount(account): PageAccount,
    place: Place,
    form: Form<ReasonForm>,
) -> Result<HttpResponse, Failure> {
    let (slug, id) = place.clone();
    let sent = match form.reason() {
        Ok(reason) => app.perform(account.user.id, ReportMessage { slug, id, reason }).await,
        Err(refusal) => Err(refusal),
    };
    match sent {
        Ok(()) => Ok(see(&format!("/rooms/{}/messages/{}/report?sent=1", place.0, place.1))),
        Err(refusal) => page(&app, &account, &place, Asked::Report, &PageQuery::default(), Some(refusal)).await,
    }
}

/// `GET /rooms/{slug}/messages/{id}/remove`
pub async fn removal(
    app: Data<App>,
    PageAccount(account): PageAccount,
    place: Place,
    look: Query<PageQuery>,
) -> Result<HttpResponse, Failure> {
    page(&app, &account, &place, Asked::Removal, &look, None).await
}

/// `POST /rooms/{slug}/messages/{id}/remove`
pub async fn remove(
    app: Data<App>,
    PageAccount(account): PageAccount,
    place: Place,
    form: Form<Remove>,
) -> Result<HttpResponse, Failure> {
    let look = PageQuery { next: form.next.clone(), sent: None };
    match remove_message(&app, account.user.id, &place, None, &form.reason).await {
        Ok(()) => Ok(see(&look.back_to(&place))),
        Err(refusal) => page(&app, &account, &place, Asked::Removal, &look, Some(refusal)).await,
    }
}

impl PageQuery {
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
    look: &PageQuery,
    refusal: Option<Refusal>,
) -> Result<HttpResponse, Failure> {
    if let Some(refusal) = refusal.as_ref().filter(|refusal| refusal.code == Code::NotFound) {
        return Err(refusal.clone().into());
    }
    let action = if asked == Asked::Removal { Action::RemoveMessage } else { Action::Report };
    let ((slug, id), user) = (place.clone(), account.user.id);
    let (room, message) = app.store.read(move |c| permissions::message(c, &slug, user, id, action)).await?;
    let values = json!({
        "error": refusal.as_ref().map(in_words),
        "administers": account.administers(),
        "room": room,
        "removal": asked == Asked::Removal,
        "m": { "id": message.id, "author": message.author, "html": message.html },
        "sent_on": (Preferences::present().language.time)(&format_time(&message.sent_at)),
        "next": look.next.as_deref().map(local),
        "back": look.back_to(place),
        "sent": look.sent.is_some(),
    });
    again(app, "message_page.html", Some(&account.user), values, refusal)
}
