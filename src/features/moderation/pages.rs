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
use crate::features::moderation::permissions;
use crate::features::moderation::wipe::wipe_user;
use crate::wire::refusal::{Code, Refusal};

const PAGE: &str = "/moderation";
/// What the page says after a form: that what it wants is done, or that it has begun.
const DONE: &str = "1";
const GOES_ON: &str = "soon";

/// Somebody whose messages are to be removed, by name and again by name.
#[derive(Deserialize)]
pub struct Wipe {
    #[serde(deserialize_with = "forms::username")]
    username: String,
    #[serde(default, deserialize_with = "forms::username")]
    confirm: String,
}

/// `GET /moderation`
pub async fn show(
    app: Data<App>,
    PageAccount(account): PageAccount,
    query: Query<PageQuery>,
) -> Result<HttpResponse, Failure> {
    shown(&app, &account, &query, None).await
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
    perform(&app, &account, form.terms().map(|terms| BanUser { username: form.username.clone(), terms })).await
}

/// `POST /moderation/unban`
pub async fn unban(
    app: Data<App>,
    PageAccount(account): PageAccount,
    form: Form<UserForm>,
) -> Result<HttpResponse, Failure> {
    perform(&app, &account, Ok(UnbanUser { username: form.username.clone() })).await
}

/// `POST /moderation/role`
pub async fn set_role(
    app: Data<App>,
    PageAccount(account): PageAccount,
    form: Form<RoleForm>,
) -> Result<HttpResponse, Failure> {
    let role = fields::instance_role(&form.role);
    perform(&app, &account, role.map(|role| SetUserRole { username: form.username.clone(), role })).await
}

/// `POST /moderation/wipe`
pub async fn wipe(
    app: Data<App>,
    PageAccount(account): PageAccount,
    form: Form<Wipe>,
) -> Result<HttpResponse, Failure> {
    let Wipe { username, confirm } = form.into_inner();
    let done = if username == confirm {
        wipe_user(&app, account.user.id, username).await.map(|ended| if ended { DONE } else { GOES_ON })
    } else {
        Err(Refusal::invalid("confirm: the username once more"))
    };
    after(&app, &account, done).await
}

async fn perform<C: Command>(
    app: &App,
    account: &Account,
    command: Result<C, Refusal>,
) -> Result<HttpResponse, Failure> {
    let done = app.perform_form(account.user.id, command).await.map(|_| DONE);
    after(app, account, done).await
}

/// The page anew: by its own address where what was asked is done, and with the reason where it is not.
async fn after(app: &App, account: &Account, done: Result<&str, Refusal>) -> Result<HttpResponse, Failure> {
    match done {
        Ok(done) => Ok(see(&format!("{PAGE}?done={done}"))),
        Err(refusal) => shown(app, account, &PageQuery::default(), Some(refusal)).await,
    }
}

async fn shown(
    app: &App,
    account: &Account,
    query: &PageQuery,
    refusal: Option<Refusal>,
) -> Result<HttpResponse, Failure> {
    let (user, before) = (account.user.id, query.before);
    let wanted = forms::open_reports(None, query);
    let (reports, removable, banned, log) = app
        .store
        .read(move |c| {
            let reports = reports::list(c, user, &wanted)?;
            let slugs: HashSet<String> = reports.reports.iter().map(|report| report.room.clone()).collect();
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
            Ok::<_, Refusal>((reports, removable, banned, audit::read(c, None, user, before, audit::PAGE)?))
        })
        .await?;
    let values = json!({
        "error": refusal.as_ref().map(in_words),
        "administers": true,
        "page": PAGE,
        "in_room": false,
        "reports": reports.reports,
        "more_reports": reports.cursor,
        "removable": removable,
        "banned": banned,
        "log": log.entries,
        "more": log.more,
        "before": before,
        "done": query.done,
    });
    again(app, "moderation.html", Some(&account.user), values, refusal)
}
