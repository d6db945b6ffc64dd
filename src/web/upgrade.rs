//! The handshake of a socket. The route only answers it; the server takes the connection over afterwards, with what is
//! left in the request's extensions.

use std::sync::atomic::Ordering;

use actix_http::ws::{HandshakeError, handshake};
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpRequest, HttpResponse};

use super::answers::request_id;
use super::{Account, App, Failure};
use crate::error::{Code, Refusal};
use crate::protocol::{RequestId, User};
use crate::session::{SocketPermit, Visit};

/// `GET /ws`. The answer is 101, and the [`Visit`] in the request's extensions is what the socket runs with.
///
/// # Errors
/// 401 without a session, 503 while draining or with as many sockets as may be open, 400 where it is no WebSocket
/// handshake; an origin that is not allowed has been refused before.
pub async fn ws(app: Data<App>, req: HttpRequest, account: Account) -> Result<HttpResponse, Failure> {
    let Account { user, token_hash } = account;
    shake_hands(&app, &req, |permit, request| Visit { user, token_hash, request, permit, echo: false })
}

/// A socket that sends every message back, see [`testing::echoes`](crate::testing::echoes).
pub async fn echo(app: Data<App>, req: HttpRequest) -> Result<HttpResponse, Failure> {
    let user = User { id: 0, username: "echo".into(), display_name: "echo".into() };
    shake_hands(&app, &req, |permit, request| Visit { user, token_hash: String::new(), request, permit, echo: true })
}

fn shake_hands(
    app: &App,
    req: &HttpRequest,
    visit: impl FnOnce(SocketPermit, RequestId) -> Visit,
) -> Result<HttpResponse, Failure> {
    if app.draining.load(Ordering::Relaxed) {
        return Err(unavailable("this instance is going away"));
    }
    let permit = SocketPermit::take(&app.sockets, app.config.max_sockets())
        .ok_or_else(|| unavailable("this instance is full"))?;
    let mut response = handshake(req.head()).map_err(|error| match error {
        HandshakeError::NoWebsocketUpgrade | HandshakeError::NoConnectionUpgrade => {
            Failure::of_status(StatusCode::UPGRADE_REQUIRED)
        }
        HandshakeError::GetMethodRequired => Failure::of_status(StatusCode::METHOD_NOT_ALLOWED),
        _ => Failure::of_status(StatusCode::BAD_REQUEST),
    })?;
    let request = request_id(req);
    req.extensions_mut().insert(visit(permit, request));
    Ok(response.finish().map_into_boxed_body().into())
}

fn unavailable(why: &str) -> Failure {
    Refusal { retry_after_ms: Some(1_000), ..Refusal::new(Code::Unavailable, why) }.into()
}
