//! Signing up, in and out.

use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, HttpResponse};

use crate::app::failure::ErrorBody;
use crate::app::openapi::{BodyErrors, CommonErrors, MutationErrors, SessionErrors};
use crate::app::{Account, App, Failure};
use crate::base::failpoints::failpoint;
use crate::features::accounts::sign_in;
use crate::features::accounts::types::{LogIn, SignUp};
use crate::wire::User;

/// Make an account and sign in
///
/// Sets the session cookie.
#[utoipa::path(post, path = "/api/v1/signup", tag = "accounts", request_body = SignUp, responses(
    (status = 201, body = User),
    (status = 403, body = ErrorBody, description = "`forbidden`: new accounts are not open, or the request came from another site"),
    (status = 404, body = ErrorBody, description = "`not_found`: the invitation is over"),
    (status = 409, body = ErrorBody, description = "`taken`: somebody has this username, in whatever case"),
    (status = 429, body = ErrorBody, description = "`rate_limited`: too many people are signing in"),
    CommonErrors, BodyErrors,
))]
pub async fn sign_up(app: Data<App>, req: HttpRequest, body: Json<SignUp>) -> Result<HttpResponse, Failure> {
    let SignUp { username, password, display_name, invitation } = body.into_inner();
    let entered = sign_in::sign_up(&app, &req, username, password, display_name.as_deref(), invitation).await?;
    Ok(HttpResponse::Created().json(entered.user))
}

/// Sign in
///
/// Sets the session cookie, with a new token.
#[utoipa::path(post, path = "/api/v1/login", tag = "accounts", request_body = LogIn, responses(
    (status = 200, body = User),
    (status = 401, body = ErrorBody, description = "`bad_credentials`: the username or the password is wrong"),
    (status = 429, body = ErrorBody, description = "`rate_limited`: too many failed logins; see `Retry-After`"),
    MutationErrors, CommonErrors, BodyErrors,
))]
pub async fn log_in(app: Data<App>, req: HttpRequest, body: Json<LogIn>) -> Result<HttpResponse, Failure> {
    let LogIn { username, password } = body.into_inner();
    let user = sign_in::log_in(&app, &req, &username, password).await?;
    Ok(HttpResponse::Ok().json(user))
}

/// Sign out
///
/// Ends the session and closes its sockets with 4401.
#[utoipa::path(post, path = "/api/v1/logout", tag = "accounts", security(("session" = [])), responses(
    (status = 204), SessionErrors, MutationErrors, CommonErrors,
))]
pub async fn log_out(req: HttpRequest, _: Account) -> HttpResponse {
    sign_in::log_out(&req);
    HttpResponse::NoContent().finish()
}

/// Who is signed in
#[utoipa::path(get, path = "/api/v1/me", tag = "accounts", security(("session" = [])), responses(
    (status = 200, body = User), SessionErrors, CommonErrors,
))]
pub async fn me(account: Account) -> HttpResponse {
    failpoint("handler");
    HttpResponse::Ok().json(account.user)
}
