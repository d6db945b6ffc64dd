//! The calls about one's own status.

use actix_web::HttpResponse;
use actix_web::web::{Data, Json};

use crate::app::openapi::{BodyErrors, CommonErrors, MutationErrors, SessionErrors};
use crate::app::{Account, App, Failure};
use crate::features::status::commands::ChangeStatus;
use crate::features::status::types::SetStatus;
use crate::wire::User;

/// Set one's status
///
/// Whoever shares a room or a direct talk is told by the frame `state`.
#[utoipa::path(put, path = "/api/v1/me/status", operation_id = "set_status", tag = "accounts", security(("session" = [])), request_body = SetStatus,
    responses((status = 200, body = User, description = "With `status`"), SessionErrors, MutationErrors, CommonErrors, BodyErrors),
)]
pub async fn set(app: Data<App>, account: Account, body: Json<SetStatus>) -> Result<HttpResponse, Failure> {
    let user = app.perform(account.user.id, ChangeStatus::set(&body)?).await?;
    Ok(HttpResponse::Ok().json(user))
}

/// Clear one's status
#[utoipa::path(delete, path = "/api/v1/me/status", operation_id = "clear_status", tag = "accounts", security(("session" = [])),
    responses((status = 204), SessionErrors, MutationErrors, CommonErrors),
)]
pub async fn clear(app: Data<App>, account: Account) -> Result<HttpResponse, Failure> {
    app.perform(account.user.id, ChangeStatus::clear()).await?;
    Ok(HttpResponse::NoContent().finish())
}
