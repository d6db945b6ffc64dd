//! What people tell of themselves.

use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path, Query};

use crate::app::failure::ErrorBody;
use crate::app::openapi::{BodyErrors, CommonErrors, MutationErrors, SessionErrors};
use crate::app::{Account, App, Failure, paging};
use crate::features::profiles::types::{ChangeProfile, Search, Users};
use crate::features::profiles::{commands, queries};
use crate::wire::Profile;

/// Somebody's profile
///
/// A guest knows only those who share a room with them.
#[utoipa::path(get, path = "/api/v1/users/{username}", operation_id = "show_user", tag = "people", security(("session" = [])),
    params(("username" = String, Path)),
    responses(
        (status = 200, body = Profile),
        (status = 404, body = ErrorBody, description = "`not_found`: no such user, or none that this user may know of"),
        SessionErrors, CommonErrors,
    ),
)]
pub async fn show(app: Data<App>, account: Account, username: Path<String>) -> Result<HttpResponse, Failure> {
    let profile = app.store.read(move |c| queries::find(c, &username, account.user.id)).await?;
    Ok(HttpResponse::Ok().json(profile))
}

/// Find people by their names
///
/// A guest finds only those who share a room with them.
#[utoipa::path(get, path = "/api/v1/users", operation_id = "search_users", tag = "people", security(("session" = [])),
    params(Search),
    responses(
        (status = 200, body = Users),
        (status = 422, body = ErrorBody, description = "`invalid`: `limit` out of range, or no cursor"),
        SessionErrors, CommonErrors,
    ),
)]
pub async fn search(app: Data<App>, account: Account, search: Query<Search>) -> Result<HttpResponse, Failure> {
    let Search { q, limit, cursor } = search.into_inner();
    let limit = paging::limit(limit)?;
    let page = app.store.read(move |c| queries::search(c, account.user.id, &q, cursor.as_deref(), limit)).await?;
    let (users, cursor) = page;
    Ok(HttpResponse::Ok().json(Users { users, cursor }))
}

/// Change one's own profile
#[utoipa::path(patch, path = "/api/v1/me", operation_id = "change_profile", tag = "accounts", security(("session" = [])), request_body = ChangeProfile,
    responses((status = 200, body = Profile), SessionErrors, MutationErrors, CommonErrors, BodyErrors),
)]
pub async fn change(app: Data<App>, account: Account, body: Json<ChangeProfile>) -> Result<HttpResponse, Failure> {
    let command = commands::ChangeProfile::new(&account.user, &body)?;
    let profile = app.perform(account.user.id, command).await?;
    Ok(HttpResponse::Ok().json(profile))
}
