//! How the reader of a page wants it: the language and the colours, chosen in `/settings` and kept by the browser.

use actix_web::HttpResponse;
use actix_web::body::MessageBody;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{AcceptLanguage, Header};
use actix_web::middleware::Next;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::task_local;

use crate::app::local_time::{self, LocalTime};
use crate::wire::language::{LANGUAGES, Language};

const LANGUAGE: &str = "klatch_language";
const THEME: &str = "klatch_theme";
const KEPT: Duration = Duration::days(365);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// As the system has it.
    #[default]
    System,
    Light,
    Dark,
}

#[derive(Clone, Debug)]
pub struct Preferences {
    /// That was chosen, rather than one that the browser asks for.
    pub chosen_language: Option<&'static Language>,
    pub language: &'static Language,
    pub theme: Theme,
    /// `None` where the browser has not told yet how it writes times.
    pub local_time: Option<LocalTime>,
}

task_local! { static OF_REQUEST: Preferences; }

impl Default for Preferences {
    fn default() -> Self {
        Self { chosen_language: None, language: &LANGUAGES[0], theme: Theme::default(), local_time: None }
    }
}

impl Preferences {
    /// Those of the request that is being answered.
    pub fn present() -> Self {
        OF_REQUEST.try_with(Self::clone).unwrap_or_default()
    }

    fn of(req: &ServiceRequest) -> Self {
        let cookie = |name| req.request().cookie(name).map(|cookie| cookie.value().to_owned());
        let chosen_language = cookie(LANGUAGE).and_then(|tag| Language::find(&tag));
        let theme = cookie(THEME).and_then(|theme| serde_json::from_value(theme.into()).ok());
        let language = chosen_language.or_else(|| asked_for(req)).unwrap_or(&LANGUAGES[0]);
        let local_time = cookie(local_time::COOKIE).and_then(|clock| LocalTime::of(&clock, language));
        Self { chosen_language, language, theme: theme.unwrap_or_default(), local_time }
    }
}

/// The first language that the browser asks for and klatch speaks.
fn asked_for(req: &ServiceRequest) -> Option<&'static Language> {
    let wanted = AcceptLanguage::parse(req).ok()?.ranked();
    wanted.iter().find_map(|preference| Language::find(preference.item()?.primary_language()))
}

/// The middleware within which [`Preferences::present`] is the request's.
pub async fn respect<B: MessageBody>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    OF_REQUEST.scope(Preferences::of(&req), next.call(req)).await
}

/// Those that there are, for a page to choose from.
pub fn languages() -> Value {
    LANGUAGES.iter().map(|Language { tag, name, .. }| json!({ "tag": tag, "name": name })).collect()
}

/// An empty language is the browser's own.
#[derive(Deserialize)]
pub struct LanguageChoice {
    language: String,
}

impl LanguageChoice {
    /// The cookie that keeps it for a year.
    pub fn cookie(&self, secure: bool) -> Cookie<'static> {
        kept(LANGUAGE, Language::find(&self.language).map_or("", |language| language.tag), secure)
    }
}

/// What the form in `/settings` chooses.
#[derive(Deserialize)]
pub struct Choice {
    #[serde(flatten)]
    language: LanguageChoice,
    theme: Theme,
}

impl Choice {
    pub fn cookies(&self, secure: bool) -> [Cookie<'static>; 2] {
        let theme = match self.theme {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
        };
        [self.language.cookie(secure), kept(THEME, theme, secure)]
    }
}

fn kept(name: &'static str, value: &'static str, secure: bool) -> Cookie<'static> {
    let cookie = Cookie::build(name, value).path("/").max_age(KEPT).same_site(SameSite::Lax);
    cookie.http_only(true).secure(secure).finish()
}

pub fn set_cookies(response: &mut HttpResponse, cookies: impl IntoIterator<Item = Cookie<'static>>) {
    for cookie in cookies {
        // Fails for a name or a value that no cookie can have; these are all ours.
        if let Err(error) = response.add_cookie(&cookie) {
            tracing::error!(%error, "a cookie could not be set");
        }
    }
}
