//! A page to set one's status without scripts.

use actix_web::HttpResponse;
use actix_web::web::{Data, Form};
use chrono::{TimeDelta, Utc};
use serde::Deserialize;
use serde_json::json;

use crate::app::account::PageAccount;
use crate::app::pages::{again, in_words, see};
use crate::app::{Account, App, Failure};
use crate::features::status::commands::ChangeStatus;
use crate::features::status::types::SetStatus;
use crate::wire::refusal::Refusal;

/// After so many minutes a status may end.
const MINUTES: [u32; 4] = [30, 60, 240, 1_440];

/// What the form says.
#[derive(Deserialize)]
pub struct StatusForm {
    #[serde(default)]
    emoji: String,
    #[serde(default)]
    text: String,
    /// Empty for no end.
    #[serde(default)]
    minutes: String,
    /// Present where it is to be cleared.
    clear: Option<String>,
}

impl StatusForm {
    fn command(self) -> Result<ChangeStatus, Refusal> {
        if self.clear.is_some() {
            return Ok(ChangeStatus::clear());
        }
        let minutes = self.minutes.parse().ok().filter(|minutes| MINUTES.contains(minutes));
        let until = minutes.map(|minutes| Utc::now() + TimeDelta::minutes(i64::from(minutes)));
        ChangeStatus::set(&SetStatus { emoji: Some(self.emoji.trim().to_owned()), text: Some(self.text), until })
    }
}

/// `GET /settings/status`
pub async fn show(app: Data<App>, PageAccount(account): PageAccount) -> Result<HttpResponse, Failure> {
    page(&app, &account, None)
}

/// `POST /settings/status`
pub async fn save(
    app: Data<App>,
    PageAccount(account): PageAccount,
    form: Form<StatusForm>,
) -> Result<HttpResponse, Failure> {
    let saved = match form.into_inner().command() {
        Ok(command) => app.perform(account.user.id, command).await,
        Err(refusal) => Err(refusal),
    };
    match saved {
        Ok(user) => Ok(see(&format!("/people/{}", user.username))),
        Err(refusal) => page(&app, &account, Some(refusal)),
    }
}

fn page(app: &App, account: &Account, refusal: Option<Refusal>) -> Result<HttpResponse, Failure> {
    let values = json!({ "minutes": MINUTES, "error": refusal.as_ref().map(in_words) });
    again(app, "status.html", Some(&account.user), values, refusal)
}
