//! Direct talks.

use actix_web::HttpResponse;
use actix_web::web::{Data, Json};

use crate::app::failure::ErrorBody;
use crate::app::openapi::{BodyErrors, CommonErrors, MutationErrors, SessionErrors};
use crate::app::{Account, App, Failure, fields};
use crate::features::direct::commands::{self, Begun};
use crate::features::direct::types::BeginDirect;
use crate::wire::Room;

/// The direct talk with somebody, or with up to 11 others: that of two is always the same
#[utoipa::path(post, path = "/api/v1/direct", operation_id = "begin_direct", tag = "people", security(("session" = [])), request_body = BeginDirect,
    responses(
        (status = 200, body = Room, description = "The talk that these two have"),
        (status = 201, body = Room, description = "A new one"),
        (status = 404, body = ErrorBody, description = "`not_found`: no such user"),
        SessionErrors, MutationErrors, CommonErrors, BodyErrors,
    ),
)]
pub async fn begin_direct(app: Data<App>, account: Account, body: Json<BeginDirect>) -> Result<HttpResponse, Failure> {
    let users = body.users.iter().map(|name| fields::written_username(name).to_owned()).collect();
    let Begun { room, is_new } = app.perform(account.user.id, commands::BeginDirect { users }).await?;
    Ok(if is_new { HttpResponse::Created().json(room) } else { HttpResponse::Ok().json(room) })
}
