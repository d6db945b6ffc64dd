//! The calls about whom one has blocked.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Query};

use crate::app::failure::ErrorBody;
use crate::app::openapi::{CommonErrors, MutationErrors, SessionErrors};
use crate::app::paging::{self, PageQuery};
use crate::app::{Account, App, Failure};
use crate::chat::blocks;
use crate::features::blocks::commands::SetBlock;
use crate::features::blocks::types::Blocks;
use crate::wire::refusal::Refusal;

/// Whom one has blocked
#[utoipa::path(get, path = "/api/v1/me/blocks", operation_id = "list_blocks", tag = "people", security(("session" = [])),
    params(PageQuery),
    responses(
        (status = 200, body = Blocks),
        (status = 422, body = ErrorBody, description = "`invalid`: `limit` out of range, or no cursor"),
        SessionErrors, CommonErrors,
    ),
)]
pub async fn list(app: Data<App>, account: Account, page: Query<PageQuery>) -> Result<HttpResponse, Failure> {
    let (limit, after) = (paging::limit(page.limit)?, paging::id_after(page.cursor.as_deref())?.unwrap_or(0));
    let read = app.store.read(move |c| blocks::of(c, account.user.id, after, limit + 1).map_err(Refusal::from));
    let mut users = read.await?;
    let more = users.len() as i64 > limit;
    users.truncate(limit as usize);
    let cursor = users.last().filter(|_| more).map(|last| last.id.to_string());
    Ok(HttpResponse::Ok().json(Blocks { users, cursor }))
}

/// Block somebody
///
/// No direct talk with them can be begun or goes on, they can't mention one, and pages fold their messages.
#[utoipa::path(put, path = "/api/v1/me/blocks/{username}", operation_id = "block_user", tag = "people", security(("session" = [])),
    params(("username" = String, Path)),
    responses(
        (status = 204, description = "Blocked now, or before"),
        (status = 404, body = ErrorBody, description = "`not_found`: no such user, or none that this user may know of"),
        (status = 422, body = ErrorBody, description = "`invalid`: oneself"),
        SessionErrors, MutationErrors, CommonErrors,
    ),
)]
pub async fn block(app: Data<App>, account: Account, username: Path<String>) -> Result<HttpResponse, Failure> {
    app.perform(account.user.id, SetBlock { username: username.into_inner(), on: true }).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Block somebody no longer
#[utoipa::path(delete, path = "/api/v1/me/blocks/{username}", operation_id = "unblock_user", tag = "people", security(("session" = [])),
    params(("username" = String, Path)),
    responses(
        (status = 204, description = "Not blocked now"),
        (status = 404, body = ErrorBody, description = "`not_found`: no such user"),
        (status = 422, body = ErrorBody, description = "`invalid`: oneself"),
        SessionErrors, MutationErrors, CommonErrors,
    ),
)]
pub async fn unblock(app: Data<App>, account: Account, username: Path<String>) -> Result<HttpResponse, Failure> {
    app.perform(account.user.id, SetBlock { username: username.into_inner(), on: false }).await?;
    Ok(HttpResponse::NoContent().finish())
}
