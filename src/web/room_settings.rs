//! The page of a room's settings: for each reader what they may do there, for moderators all that keeps order.

use actix_web::HttpResponse;
use actix_web::web::{Data, Form, Json, Path, Query, ServiceConfig, resource};
use serde::Deserialize;
use serde_json::json;

use super::account::Reader;
use super::api::bodies::{ChangeRoom, Confirm, SetNotify, SetRole};
use super::api::{members, moderation, rooms};
use super::forms::{Look, Reason, Role, Terms, Whom, in_room};
use super::pages::{again, in_words, see};
use super::{Account, App, Failure, fields};
use crate::error::Refusal;
use crate::store::{audit, oversight, reports, sanctions};

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/rooms/{slug}/settings").get(show).post(describe))
        .service(resource("/rooms/{slug}/settings/rules").post(set_rules))
        .service(resource("/rooms/{slug}/settings/default").post(set_default))
        .service(resource("/rooms/{slug}/settings/archive").post(archive))
        .service(resource("/rooms/{slug}/settings/delete").post(delete))
        .service(resource("/rooms/{slug}/settings/notify").post(set_notify))
        .service(resource("/rooms/{slug}/settings/leave").post(leave))
        .service(resource("/rooms/{slug}/settings/add").post(add))
        .service(resource("/rooms/{slug}/settings/remove").post(remove))
        .service(resource("/rooms/{slug}/settings/role").post(set_role))
        .service(resource("/rooms/{slug}/settings/mute").post(mute))
        .service(resource("/rooms/{slug}/settings/unmute").post(unmute))
        .service(resource("/rooms/{slug}/settings/ban").post(ban))
        .service(resource("/rooms/{slug}/settings/unban").post(unban))
        .service(resource("/rooms/{slug}/settings/reports/{id}/settle").post(settle));
}

#[derive(Deserialize)]
struct Described {
    title: String,
    topic: String,
}

/// A box that is not ticked is not sent.
#[derive(Deserialize)]
struct RulesForm {
    slow_secs: String,
    /// One in each line, or between spaces or commas.
    #[serde(default)]
    blocked_words: String,
    blocks_links: Option<String>,
}

/// Something that is on or off.
#[derive(Deserialize)]
struct Switch {
    on: bool,
}

/// A change of nothing, of which each form says what is otherwise.
const UNCHANGED: ChangeRoom = ChangeRoom {
    title: None,
    topic: None,
    archived: None,
    slow_secs: None,
    blocked_words: None,
    blocks_links: None,
    default: None,
};

/// `GET /rooms/{slug}/settings`
async fn show(
    app: Data<App>,
    Reader(account): Reader,
    slug: Path<String>,
    look: Query<Look>,
) -> Result<HttpResponse, Failure> {
    shown(&app, &account, &slug, &look, None).await
}

/// `POST /rooms/{slug}/settings`
async fn describe(
    app: Data<App>,
    Reader(account): Reader,
    slug: Path<String>,
    form: Form<Described>,
) -> Result<HttpResponse, Failure> {
    let Described { title, topic } = form.into_inner();
    change(&app, &account, &slug, ChangeRoom { title: Some(title), topic: Some(topic), ..UNCHANGED }).await
}

/// `POST /rooms/{slug}/settings/rules`
async fn set_rules(
    app: Data<App>,
    Reader(account): Reader,
    slug: Path<String>,
    form: Form<RulesForm>,
) -> Result<HttpResponse, Failure> {
    let Ok(slow_secs) = form.slow_secs.trim().parse() else {
        let refusal = Refusal::invalid("slow mode: a number of seconds, 0 for none");
        return after(&app, &account, &slug, Err(refusal.into())).await;
    };
    let words = form.blocked_words.split(|c: char| c.is_whitespace() || c == ',').map(str::to_owned);
    let rules = ChangeRoom {
        slow_secs: Some(slow_secs),
        blocked_words: Some(words.collect()),
        blocks_links: Some(form.blocks_links.is_some()),
        ..UNCHANGED
    };
    change(&app, &account, &slug, rules).await
}

/// `POST /rooms/{slug}/settings/default`
async fn set_default(
    app: Data<App>,
    Reader(account): Reader,
    slug: Path<String>,
    form: Form<Switch>,
) -> Result<HttpResponse, Failure> {
    change(&app, &account, &slug, ChangeRoom { default: Some(form.on), ..UNCHANGED }).await
}

/// `POST /rooms/{slug}/settings/archive`
async fn archive(
    app: Data<App>,
    Reader(account): Reader,
    slug: Path<String>,
    form: Form<Switch>,
) -> Result<HttpResponse, Failure> {
    change(&app, &account, &slug, ChangeRoom { archived: Some(form.on), ..UNCHANGED }).await
}

/// `POST /rooms/{slug}/settings/delete`
async fn delete(
    app: Data<App>,
    Reader(account): Reader,
    slug: Path<String>,
    form: Form<Confirm>,
) -> Result<HttpResponse, Failure> {
    let confirm = Confirm { confirm: form.confirm.trim().to_owned() };
    match rooms::delete(app.clone(), account.clone(), slug.clone().into(), Json(confirm)).await {
        Ok(_) => Ok(see("/rooms")),
        refused => after(&app, &account, &slug, refused).await,
    }
}

/// `POST /rooms/{slug}/settings/notify`
async fn set_notify(
    app: Data<App>,
    Reader(account): Reader,
    slug: Path<String>,
    form: Form<SetNotify>,
) -> Result<HttpResponse, Failure> {
    let done = rooms::set_notify(app.clone(), account.clone(), slug.clone().into(), Json(form.into_inner())).await;
    after(&app, &account, &slug, done).await
}

/// `POST /rooms/{slug}/settings/leave`
async fn leave(app: Data<App>, Reader(account): Reader, slug: Path<String>) -> Result<HttpResponse, Failure> {
    match members::remove(app.clone(), account.clone(), in_room(&slug, "me")).await {
        Ok(_) => Ok(see("/rooms")),
        refused => after(&app, &account, &slug, refused).await,
    }
}

/// `POST /rooms/{slug}/settings/add`
async fn add(
    app: Data<App>,
    Reader(account): Reader,
    slug: Path<String>,
    form: Form<Whom>,
) -> Result<HttpResponse, Failure> {
    let done = members::add(app.clone(), account.clone(), in_room(&slug, &form.username)).await;
    after(&app, &account, &slug, done).await
}

/// `POST /rooms/{slug}/settings/remove`
async fn remove(
    app: Data<App>,
    Reader(account): Reader,
    slug: Path<String>,
    form: Form<Whom>,
) -> Result<HttpResponse, Failure> {
    let done = members::remove(app.clone(), account.clone(), in_room(&slug, &form.username)).await;
    after(&app, &account, &slug, done).await
}

/// `POST /rooms/{slug}/settings/role`
async fn set_role(
    app: Data<App>,
    Reader(account): Reader,
    slug: Path<String>,
    form: Form<Role>,
) -> Result<HttpResponse, Failure> {
    let Role { username, role } = form.into_inner();
    let done = moderation::set_role(app.clone(), account.clone(), in_room(&slug, &username), Json(SetRole { role }));
    after(&app, &account, &slug, done.await).await
}

/// `POST /rooms/{slug}/settings/mute`
async fn mute(
    app: Data<App>,
    Reader(account): Reader,
    slug: Path<String>,
    form: Form<Terms>,
) -> Result<HttpResponse, Failure> {
    let done = match form.terms() {
        Ok(terms) => moderation::mute(app.clone(), account.clone(), in_room(&slug, &form.username), Json(terms)).await,
        Err(refusal) => Err(refusal.into()),
    };
    after(&app, &account, &slug, done).await
}

/// `POST /rooms/{slug}/settings/unmute`
async fn unmute(
    app: Data<App>,
    Reader(account): Reader,
    slug: Path<String>,
    form: Form<Whom>,
) -> Result<HttpResponse, Failure> {
    let done = moderation::unmute(app.clone(), account.clone(), in_room(&slug, &form.username)).await;
    after(&app, &account, &slug, done).await
}

/// `POST /rooms/{slug}/settings/ban`
async fn ban(
    app: Data<App>,
    Reader(account): Reader,
    slug: Path<String>,
    form: Form<Terms>,
) -> Result<HttpResponse, Failure> {
    let done = match form.terms() {
        Ok(terms) => moderation::ban(app.clone(), account.clone(), in_room(&slug, &form.username), Json(terms)).await,
        Err(refusal) => Err(refusal.into()),
    };
    after(&app, &account, &slug, done).await
}

/// `POST /rooms/{slug}/settings/unban`
async fn unban(
    app: Data<App>,
    Reader(account): Reader,
    slug: Path<String>,
    form: Form<Whom>,
) -> Result<HttpResponse, Failure> {
    let done = moderation::unban(app.clone(), account.clone(), in_room(&slug, &form.username)).await;
    after(&app, &account, &slug, done).await
}

/// `POST /rooms/{slug}/settings/reports/{id}/settle`
async fn settle(
    app: Data<App>,
    Reader(account): Reader,
    path: Path<(String, i64)>,
    form: Form<Reason>,
) -> Result<HttpResponse, Failure> {
    let (slug, id) = path.into_inner();
    // The report is found without the room, whose name is only where to go then.
    fields::slug(&slug).map_err(|_| Refusal::room_not_found())?;
    let done = moderation::settle(app.clone(), account.clone(), id.into(), Json(form.why())).await;
    after(&app, &account, &slug, done).await
}

async fn change(app: &Data<App>, account: &Account, slug: &str, changes: ChangeRoom) -> Result<HttpResponse, Failure> {
    let done = rooms::change(app.clone(), account.clone(), slug.to_owned().into(), Json(changes)).await;
    after(app, account, slug, done).await
}

/// The page anew: by its own address where what was asked is done, and with the reason where it is not.
async fn after(
    app: &App,
    account: &Account,
    slug: &str,
    done: Result<HttpResponse, Failure>,
) -> Result<HttpResponse, Failure> {
    match done {
        Ok(_) => Ok(see(&format!("/rooms/{slug}/settings?done=1"))),
        Err(failure) => shown(app, account, slug, &Look::default(), Some(failure.refusal)).await,
    }
}

async fn shown(
    app: &App,
    account: &Account,
    slug: &str,
    look: &Look,
    refusal: Option<Refusal>,
) -> Result<HttpResponse, Failure> {
    let (slug, user, before) = (slug.to_owned(), account.user.id, look.before);
    let (settings, overseen) = app
        .store
        .read(move |c| {
            let settings = oversight::room_settings(c, &slug, user)?;
            if !settings.powers.oversee {
                return Ok((settings, None));
            }
            let mut reports = reports::list(c, Some(&slug), user)?;
            reports.retain(|report| report.settled_at.is_none());
            let sanctions = sanctions::list(c, &slug, user)?;
            let log = audit::read(c, Some(&slug), user, before)?;
            Ok::<_, Refusal>((settings, Some((reports, sanctions, log))))
        })
        .await?;
    let oversight::RoomSettings { room, rules, powers, notify, members, more_members } = settings;
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
        "done": look.done.is_some(),
    });
    if let Some((reports, sanctions, log)) = overseen {
        values["removable"] = json!(if powers.remove_messages { vec![&room.slug] } else { vec![] });
        values["reports"] = json!(reports);
        values["sanctions"] = json!(sanctions);
        values["log"] = json!(log.entries);
        values["more"] = json!(log.more);
    }
    values["room"] = json!(room);
    again(app, "room_settings.html", Some(&account.user), values, refusal)
}
