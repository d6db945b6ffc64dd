//! The page of those who see to the whole chat: reports, people who are banned, roles, and the log.

use std::collections::HashSet;

use actix_web::HttpResponse;
use actix_web::web::{Data, Form, Json, Path, Query, ServiceConfig, resource};
use serde::Deserialize;
use serde_json::json;

use super::account::Reader;
use super::api::bodies::SetRole;
use super::api::{self, people};
use super::forms::{self, Look, Reason, Role, Terms, Whom};
use super::pages::{again, in_words, see};
use super::{Account, App, Failure};
use crate::error::{Code, Refusal};
use crate::store::{audit, oversight, reports, sanctions};

const PAGE: &str = "/moderation";

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/moderation").get(show))
        .service(resource("/moderation/reports/{id}/settle").post(settle))
        .service(resource("/moderation/ban").post(ban))
        .service(resource("/moderation/unban").post(unban))
        .service(resource("/moderation/role").post(set_role))
        .service(resource("/moderation/wipe").post(wipe));
}

/// Somebody whose messages are to be removed, by name and again by name.
#[derive(Deserialize)]
struct Wipe {
    username: String,
    #[serde(default)]
    confirm: String,
}

/// `GET /moderation`
async fn show(app: Data<App>, Reader(account): Reader, look: Query<Look>) -> Result<HttpResponse, Failure> {
    shown(&app, &account, &look, None).await
}

/// `POST /moderation/reports/{id}/settle`
async fn settle(
    app: Data<App>,
    Reader(account): Reader,
    id: Path<i64>,
    form: Form<Reason>,
) -> Result<HttpResponse, Failure> {
    let done = api::moderation::settle(app.clone(), account.clone(), id, Json(form.why())).await;
    after(&app, &account, done).await
}

/// `POST /moderation/ban`
async fn ban(app: Data<App>, Reader(account): Reader, form: Form<Terms>) -> Result<HttpResponse, Failure> {
    let done = match form.terms() {
        Ok(terms) => people::ban(app.clone(), account.clone(), named(&form.username), Json(terms)).await,
        Err(refusal) => Err(refusal.into()),
    };
    after(&app, &account, done).await
}

/// `POST /moderation/unban`
async fn unban(app: Data<App>, Reader(account): Reader, form: Form<Whom>) -> Result<HttpResponse, Failure> {
    let done = people::unban(app.clone(), account.clone(), named(&form.username)).await;
    after(&app, &account, done).await
}

/// `POST /moderation/role`
async fn set_role(app: Data<App>, Reader(account): Reader, form: Form<Role>) -> Result<HttpResponse, Failure> {
    let role = SetRole { role: form.role.clone() };
    let done = people::set_role(app.clone(), account.clone(), named(&form.username), Json(role)).await;
    after(&app, &account, done).await
}

/// `POST /moderation/wipe`
async fn wipe(app: Data<App>, Reader(account): Reader, form: Form<Wipe>) -> Result<HttpResponse, Failure> {
    let done = if forms::name(&form.username) == forms::name(&form.confirm) {
        people::wipe(app.clone(), account.clone(), named(&form.username)).await
    } else {
        Err(Refusal::invalid("confirm: the username once more").into())
    };
    after(&app, &account, done).await
}

fn named(username: &str) -> Path<String> {
    forms::name(username).to_owned().into()
}

/// The page anew: by its own address where what was asked is done, and with the reason where it is not.
async fn after(app: &App, account: &Account, done: Result<HttpResponse, Failure>) -> Result<HttpResponse, Failure> {
    match done {
        Ok(_) => Ok(see(&format!("{PAGE}?done=1"))),
        Err(failure) => shown(app, account, &Look::default(), Some(failure.refusal)).await,
    }
}

async fn shown(app: &App, account: &Account, look: &Look, refusal: Option<Refusal>) -> Result<HttpResponse, Failure> {
    let (user, before) = (account.user.id, look.before);
    let (reports, removable, banned, log) = app
        .store
        .read(move |c| {
            let mut reports = reports::list(c, None, user)?;
            reports.retain(|report| report.settled_at.is_none());
            let slugs: HashSet<String> = reports.iter().map(|report| report.room.clone()).collect();
            let mut removable = Vec::new();
            for slug in slugs {
                match oversight::powers(c, &slug, user) {
                    Ok(powers) if powers.remove_messages => removable.push(slug),
                    Ok(_) => {}
                    // A private room stays closed to admins, but for what is reported of it.
                    Err(refusal) if matches!(refusal.code, Code::NotFound | Code::Forbidden) => {}
                    Err(refusal) => return Err(refusal),
                }
            }
            let banned = sanctions::banned_from_chat(c, user)?;
            Ok::<_, Refusal>((reports, removable, banned, audit::read(c, None, user, before)?))
        })
        .await?;
    let values = json!({
        "error": refusal.as_ref().map(in_words),
        "administers": true,
        "page": PAGE,
        "in_room": false,
        "reports": reports,
        "removable": removable,
        "banned": banned,
        "log": log.entries,
        "more": log.more,
        "before": before,
        "done": look.done.is_some(),
    });
    again(app, "moderation.html", Some(&account.user), values, refusal)
}
