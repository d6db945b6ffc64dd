//! The page of admins: reports, people who are banned, roles, and the audit log.

use std::collections::HashSet;

use actix_web::HttpResponse;
use actix_web::web::{Data, Form, Path, Query};
use serde::Deserialize;
use serde_json::json;

use crate::app::account::PageAccount;
use crate::app::pages::{again, in_words, see};
use crate::app::perform::Command;
use crate::app::{Account, App, Failure, fields};
use crate::chat::{audit, reports, sanctions};
use crate::features::moderation::commands::{BanUser, SetUserRole, SettleReport, UnbanUser};
use crate::features::moderation::forms::{self, PageQuery, ReasonForm, RoleForm, SanctionForm, UserForm};
use crate::features::moderation::people_api::wipe_user;
use crate::features::moderation::permissions;
use crate::wire::refusal::{Code, Refusal};

const PAGE: &str = "/moderation";

/// Somebody whose messages are to be removed, by name and again by name.
#[derive(Deserialize)]
pub struct Wipe {
    username: String,
    #[serde(default)]
    confirm: String,
}

/// `GET /moderation`
pub async fn show(
    app: Data<App>,
    PageAccount(account): PageAccount,
    look: Query<PageQuery>,
) -> Result<HttpResponse, Failure> {
    shown(&app, &account, &look, None).await
}

/// `POST /moderation/reports/{id}/settle`
pub async fn settle(
    app: Data<App>,
    PageAccount(account): PageAccount,
    id: Path<i64>,
    form: Form<ReasonForm>,
) -> Result<HttpResponse, Failure> {
    perform(&app, &account, form.reason().map(|reason| SettleReport { id: id.into_inner(), reason })).await
}

/// `POST /moderation/ban`
pub async fn ban(
    app: Data<App>,
    PageAccount(account): PageAccount,
    form: Form<SanctionForm>,
) -> Result<HttpResponse, Failure> {
    perform(&app, &account, form.terms().map(|terms| BanUser { username: form.name(), terms })).await
}

/// `POST /moderation/unban`
pub async fn unban(
    app: Data<App>,
    PageAccount(account): PageAccount,
    form: Form<UserForm>,
) -> Result<HttpResponse, Failure> {
    perform(&app, &account, Ok(UnbanUser { username: form.name() })).await
}

/// `POST /moderation/role`
pub async fn set_role(
    app: Data<App>,
    PageAccount(account): PageAccount,
    form: Form<RoleForm>,
) -> Result<HttpResponse, Failure> {
    let role = fields::instance_role(&form.role);
    perform(&app, &account, role.map(|role| SetUserRole { username: form.name(), role })).await
}

/// `POST /moderation/wipe`
pub async fn wipe(
    app: Data<App>,
    PageAccount(account): PageAccount,
    form: Form<Wipe>,
) -> Result<HttpResponse, Failure> {
    let username = forms::name(&form.username);
    let done = if username == forms::name(&form.confirm) {
        wipe_user(&app, account.user.id, username.to_owned()).await
    } else {
        Err(Refusal::invalid("confirm: the username once more"))
    };
    after(&app, &account, done).await
}

/// Performs what a form asks for, where it could be understood.
async fn perform<C: Command>(
    app: &App,
    account: &Account,
    command: Result<C, Refusal>,
) -> Result<HttpResponse, Failure> {
    let done = match command {
        Ok(command) => app.perform(account.user.id, command).await.map(drop),
        Err(refusal) => Err(refusal),
    };
    after(app, account, done).await
}

/// The page anew: by its own address where what was asked is done, and with the reason where it is not.
async fn after(app: &App, account: &Account, done: Result<(), Refusal>) -> Result<HttpResponse, Failure> {
    match done {
        Ok(()) => Ok(see(&format!("{PAGE}?done=1"))),
        Err(refusal) => shown(app, account, &PageQuery::default(), Some(refusal)).await,
    }
}

async fn shown(
    app: &App,
    account: &Account,
    look: &PageQuery,
    refusal: Option<Refusal>,
) -> Result<HttpResponse, Failure> {
    let (user, before) = (account.user.id, look.before);
    let (reports, removable, banned, log) = app
        .store
        .read(move |c| {
            let mut reports = reports::list(c, None, user)?;
            reports.retain(|report| report.settled_at.is_none());
            let slugs: HashSet<String> = reports.iter().map(|report| report.room.clone()).collect();
            let mut removable = Vec::new();
            for slug in slugs {
                match permissions::powers(c, &slug, user) {
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
