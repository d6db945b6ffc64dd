//! The page of a room's settings: for each reader what they may do there, for moderators all that keeps order.

use actix_web::HttpResponse;
use actix_web::web::{Data, Form, Path, Query};
use serde::Deserialize;
use serde_json::json;

use crate::app::account::PageAccount;
use crate::app::pages::{again, in_words, see};
use crate::app::perform::Command;
use crate::app::{Account, App, Failure, fields};
use crate::chat::sanctions::Kind;
use crate::chat::{audit, reports, sanctions};
use crate::features::members::commands::{AddMember, RemoveMember, SetMemberRole};
use crate::features::moderation::commands::{Impose, Lift, SettleReport};
use crate::features::moderation::forms::{self, PageQuery, ReasonForm, RoleForm, SanctionForm, UserForm};
use crate::features::moderation::permissions;
use crate::features::room_preferences::commands::SetNotifyLevel;
use crate::features::room_preferences::types::SetNotify;
use crate::features::rooms::commands::{self, DeleteRoom};
use crate::features::rooms::types::{ChangeRoom, Confirm};
use crate::wire::refusal::Refusal;

#[derive(Deserialize)]
pub struct Described {
    title: String,
    topic: String,
}

/// A box that is not ticked is not sent.
#[derive(Deserialize)]
pub struct RulesForm {
    slow_secs: String,
    /// One in each line, or between spaces or commas.
    #[serde(default)]
    blocked_words: String,
    blocks_links: Option<String>,
}

/// Something that is on or off.
#[derive(Deserialize)]
pub struct Switch {
    on: bool,
}

/// `GET /rooms/{slug}/settings`
pub async fn show(
    app: Data<App>,
    PageAccount(account): PageAccount,
    slug: Path<String>,
    query: Query<PageQuery>,
) -> Result<HttpResponse, Failure> {
    shown(&app, &account, &slug, &query, None).await
}

/// `POST /rooms/{slug}/settings`
pub async fn describe(
    app: Data<App>,
    PageAccount(account): PageAccount,
    slug: Path<String>,
    form: Form<Described>,
) -> Result<HttpResponse, Failure> {
    let Described { title, topic } = form.into_inner();
    change(&app, &account, slug.into_inner(), ChangeRoom { title: Some(title), topic: Some(topic), ..<_>::default() })
        .await
}

/// `POST /rooms/{slug}/settings/rules`
pub async fn set_rules(
    app: Data<App>,
    PageAccount(account): PageAccount,
    slug: Path<String>,
    form: Form<RulesForm>,
) -> Result<HttpResponse, Failure> {
    let Ok(slow_secs) = form.slow_secs.trim().parse() else {
        let refusal = Refusal::invalid("slow mode: a number of seconds, 0 for none");
        return after(&app, &account, &slug, Err(refusal)).await;
    };
    let words = form.blocked_words.split(|c: char| c.is_whitespace() || c == ',').map(str::to_owned);
    let rules = ChangeRoom {
        slow_secs: Some(slow_secs),
        blocked_words: Some(words.collect()),
        blocks_links: Some(form.blocks_links.is_some()),
        ..ChangeRoom::default()
    };
    change(&app, &account, slug.into_inner(), rules).await
}

/// `POST /rooms/{slug}/settings/default`
pub async fn set_default(
    app: Data<App>,
    PageAccount(account): PageAccount,
    slug: Path<String>,
    form: Form<Switch>,
) -> Result<HttpResponse, Failure> {
    change(&app, &account, slug.into_inner(), ChangeRoom { default: Some(form.on), ..ChangeRoom::default() }).await
}

/// `POST /rooms/{slug}/settings/archive`
pub async fn archive(
    app: Data<App>,
    PageAccount(account): PageAccount,
    slug: Path<String>,
    form: Form<Switch>,
) -> Result<HttpResponse, Failure> {
    change(&app, &account, slug.into_inner(), ChangeRoom { archived: Some(form.on), ..ChangeRoom::default() }).await
}

/// `POST /rooms/{slug}/settings/delete`
pub async fn delete(
    app: Data<App>,
    PageAccount(account): PageAccount,
    slug: Path<String>,
    form: Form<Confirm>,
) -> Result<HttpResponse, Failure> {
    let command = DeleteRoom::confirmed(slug.clone(), form.confirm.trim());
    match app.perform_form(account.user.id, command).await {
        Ok(_) => Ok(see("/rooms")),
        Err(refusal) => shown(&app, &account, &slug, &PageQuery::default(), Some(refusal)).await,
    }
}

/// `POST /rooms/{slug}/settings/notify`
pub async fn set_notify(
    app: Data<App>,
    PageAccount(account): PageAccount,
    slug: Path<String>,
    form: Form<SetNotify>,
) -> Result<HttpResponse, Failure> {
    let slug = slug.into_inner();
    perform(&app, &account, slug.clone(), fields::notify(&form.notify).map(|level| SetNotifyLevel { slug, level }))
        .await
}

/// `POST /rooms/{slug}/settings/leave`
pub async fn leave(
    app: Data<App>,
    PageAccount(account): PageAccount,
    slug: Path<String>,
) -> Result<HttpResponse, Failure> {
    let command = RemoveMember { slug: slug.clone(), username: "me".to_owned() };
    match app.perform(account.user.id, command).await {
        Ok(()) => Ok(see("/rooms")),
        Err(refusal) => shown(&app, &account, &slug, &PageQuery::default(), Some(refusal)).await,
    }
}

/// `POST /rooms/{slug}/settings/add`
pub async fn add(
    app: Data<App>,
    PageAccount(account): PageAccount,
    slug: Path<String>,
    form: Form<UserForm>,
) -> Result<HttpResponse, Failure> {
    let slug = slug.into_inner();
    perform(&app, &account, slug.clone(), Ok(AddMember { slug, username: form.username.clone() })).await
}

/// `POST /rooms/{slug}/settings/remove`
pub async fn remove(
    app: Data<App>,
    PageAccount(account): PageAccount,
    slug: Path<String>,
    form: Form<UserForm>,
) -> Result<HttpResponse, Failure> {
    let slug = slug.into_inner();
    perform(&app, &account, slug.clone(), Ok(RemoveMember { slug, username: form.username.clone() })).await
}

/// `POST /rooms/{slug}/settings/role`
pub async fn set_role(
    app: Data<App>,
    PageAccount(account): PageAccount,
    slug: Path<String>,
    form: Form<RoleForm>,
) -> Result<HttpResponse, Failure> {
    let slug = slug.into_inner();
    perform(
        &app,
        &account,
        slug.clone(),
        fields::role(&form.role).map(|role| SetMemberRole { slug, username: form.username.clone(), role }),
    )
    .await
}

/// `POST /rooms/{slug}/settings/mute`
pub async fn mute(
    app: Data<App>,
    PageAccount(account): PageAccount,
    slug: Path<String>,
    form: Form<SanctionForm>,
) -> Result<HttpResponse, Failure> {
    let slug = slug.into_inner();
    perform(
        &app,
        &account,
        slug.clone(),
        form.terms().map(|terms| Impose { slug, username: form.username.clone(), kind: Kind::Mute, terms }),
    )
    .await
}

/// `POST /rooms/{slug}/settings/unmute`
pub async fn unmute(
    app: Data<App>,
    PageAccount(account): PageAccount,
    slug: Path<String>,
    form: Form<UserForm>,
) -> Result<HttpResponse, Failure> {
    let slug = slug.into_inner();
    perform(&app, &account, slug.clone(), Ok(Lift { slug, username: form.username.clone(), kind: Kind::Mute })).await
}

/// `POST /rooms/{slug}/settings/ban`
pub async fn ban(
    app: Data<App>,
    PageAccount(account): PageAccount,
    slug: Path<String>,
    form: Form<SanctionForm>,
) -> Result<HttpResponse, Failure> {
    let slug = slug.into_inner();
    perform(
        &app,
        &account,
        slug.clone(),
        form.terms().map(|terms| Impose { slug, username: form.username.clone(), kind: Kind::Ban, terms }),
    )
    .await
}

/// `POST /rooms/{slug}/settings/unban`
pub async fn unban(
    app: Data<App>,
    PageAccount(account): PageAccount,
    slug: Path<String>,
    form: Form<UserForm>,
) -> Result<HttpResponse, Failure> {
    let slug = slug.into_inner();
    perform(&app, &account, slug.clone(), Ok(Lift { slug, username: form.username.clone(), kind: Kind::Ban })).await
}

/// `POST /rooms/{slug}/settings/reports/{id}/settle`
pub async fn settle(
    app: Data<App>,
    PageAccount(account): PageAccount,
    path: Path<(String, i64)>,
    form: Form<ReasonForm>,
) -> Result<HttpResponse, Failure> {
    let (slug, id) = path.into_inner();
    // The report is found without the room, whose name is only where to go then.
    fields::slug(&slug).map_err(|_| Refusal::room_not_found())?;
    perform(&app, &account, slug, form.reason().map(|reason| SettleReport { id, reason })).await
}

async fn change(app: &App, account: &Account, slug: String, changes: ChangeRoom) -> Result<HttpResponse, Failure> {
    let command = commands::ChangeRoom::new(slug.clone(), &changes);
    perform(app, account, slug, command).await
}

async fn perform<C: Command>(
    app: &App,
    account: &Account,
    slug: String,
    command: Result<C, Refusal>,
) -> Result<HttpResponse, Failure> {
    let done = app.perform_form(account.user.id, command).await.map(drop);
    after(app, account, &slug, done).await
}

/// The page anew: by its own address where what was asked is done, and with the reason where it is not.
async fn after(app: &App, account: &Account, slug: &str, done: Result<(), Refusal>) -> Result<HttpResponse, Failure> {
    match done {
        Ok(()) => Ok(see(&format!("/rooms/{slug}/settings?done=1"))),
        Err(refusal) => shown(app, account, slug, &PageQuery::default(), Some(refusal)).await,
    }
}

async fn shown(
    app: &App,
    account: &Account,
    slug: &str,
    query: &PageQuery,
    refusal: Option<Refusal>,
) -> Result<HttpResponse, Failure> {
    let (slug, user, before) = (slug.to_owned(), account.user.id, query.before);
    let wanted = forms::open_reports(Some(&slug), query);
    let (settings, overseen) = app
        .store
        .read(move |c| {
            let settings = permissions::room_settings(c, &slug, user)?;
            if !settings.powers.oversee {
                return Ok((settings, None));
            }
            let reports = reports::list(c, user, &wanted)?;
            let sanctions = sanctions::list(c, &slug, user)?;
            let log = audit::read(c, Some(&slug), user, before, audit::PAGE)?;
            Ok::<_, Refusal>((settings, Some((reports, sanctions, log))))
        })
        .await?;
    let permissions::RoomSettings { room, rules, powers, notify, members, more_members } = settings;
    let mut values = json!({
        "error": refusal.as_ref().map(in_words),
        "administers": account.administers(),
        "page": format!("/rooms/{}/settings", room.slug),
        "in_room": true,
        "may": powers,
        "notify": notify,
        "members": members,
        "more_members": more_members,
        "archived": room.archived,
        "slow_secs": room.slow_secs,
        "is_default": rules.is_default,
        "blocked_words": rules.blocked_words,
        "blocks_links": rules.blocks_links,
        "before": before,
        "done": query.done.is_some(),
    });
    if let Some((reports, sanctions, log)) = overseen {
        values["removable"] = json!(if powers.remove_messages { vec![&room.slug] } else { vec![] });
        values["reports"] = json!(reports.reports);
        values["more_reports"] = json!(reports.cursor);
        values["sanctions"] = json!(sanctions);
        values["log"] = json!(log.entries);
        values["more"] = json!(log.more);
    }
    values["room"] = json!(room);
    again(app, "room_settings.html", Some(&account.user), values, refusal)
}
