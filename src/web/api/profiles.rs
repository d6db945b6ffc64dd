//! What people tell of themselves.

use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path, Query};

use super::bodies::{Always, ChangeProfile, Changing, ErrorBody, Search, Users, WithBody, WithSession};
use crate::error::Refusal;
use crate::protocol::Profile;
use crate::store::profiles::{self, Changes};
use crate::web::{Account, App, Failure, fields};

const DEFAULT_FOUND: i64 = 20;
pub(super) const MOST_FOUND: i64 = 50;

/// Somebody's profile
///
/// A guest knows only those who share a room with them.
#[utoipa::path(get, path = "/api/v1/users/{username}", operation_id = "show_user", tag = "people", security(("session" = [])),
    params(("username" = String, Path)),
    responses(
        (status = 200, body = Profile),
        (status = 404, body = ErrorBody, description = "`not_found`: no such user, or none that this user may know of"),
        WithSession, Always,
    ),
)]
pub async fn show(app: Data<App>, account: Account, username: Path<String>) -> Result<HttpResponse, Failure> {
    let profile = app.store.read(move |c| profiles::find(c, &username, account.user.id)).await?;
    Ok(HttpResponse::Ok().json(profile))
}

/// Find people by their names
///
/// A guest finds only those who share a room with them.
#[utoipa::path(get, path = "/api/v1/users", operation_id = "search_users", tag = "people", security(("session" = [])),
    params(Search),
    responses(
        (status = 200, body = Users),
        (status = 422, body = ErrorBody, description = "`invalid`: `limit` out of range"),
        WithSession, Always,
    ),
)]
pub async fn search(app: Data<App>, account: Account, search: Query<Search>) -> Result<HttpResponse, Failure> {
    let Search { q, limit } = search.into_inner();
    let limit = limit.unwrap_or(DEFAULT_FOUND);
    if !(1..=MOST_FOUND).contains(&limit) {
        return Err(Refusal::invalid("limit: 1 to {most}").with("most", MOST_FOUND).into());
    }
    let users = app.store.read(move |c| profiles::search(c, account.user.id, &q, limit)).await?;
    Ok(HttpResponse::Ok().json(Users { users }))
}

/// Change one's own profile
#[utoipa::path(patch, path = "/api/v1/me", operation_id = "change_profile", tag = "accounts", security(("session" = [])), request_body = ChangeProfile,
    responses((status = 200, body = Profile), WithSession, Changing, Always, WithBody),
)]
pub async fn change(app: Data<App>, account: Account, body: Json<ChangeProfile>) -> Result<HttpResponse, Failure> {
    let ChangeProfile { display_name, about, time_zone } = body.into_inner();
    let user = account.user;
    let display_name = display_name.map(|name| fields::display_name(Some(&name), &user.username)).transpose()?;
    let changes = Changes {
        display_name,
        about: about.as_deref().map(fields::about).transpose()?,
        time_zone: time_zone.as_deref().map(fields::time_zone).transpose()?,
    };
    let profile = app.store.write(move |c| profiles::change(c, user.id, &changes)).await?;
    Ok(HttpResponse::Ok().json(profile))
}
