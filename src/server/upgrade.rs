//! The handshake of a socket. The route only answers it; the server takes the connection over afterwards, with what is
//! left in the request's extensions.

use std::sync::atomic::Ordering;
use std::time::Duration;

use actix_http::ws::{HandshakeError, handshake};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse};

use crate::app::preferences::Preferences;
use crate::app::responses::request_id;
use crate::app::{Account, App, Failure};
use crate::base::arrivals::Arrival;
use crate::realtime::ws_session::{Handshake, SocketPermit};
use crate::wire::language::LANGUAGES;
use crate::wire::refusal::{Code, Refusal};
use crate::wire::{Extras, RequestId, User};

/// When to come again to an instance that is full or going away.
const SOON: Duration = Duration::from_secs(1);

/// Puts a handshake off where too many are on their way in. Stands before the session is read, so that it costs next to
/// nothing.
pub async fn put_off(
    app: Data<App>,
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if req.path() == "/ws" {
        match app.store.arrivals.try_begin() {
            Ok(arrival) => drop(req.extensions_mut().insert(arrival)),
            Err(wait) => return Ok(req.error_response(unavailable("too many are coming in", wait))),
        }
    }
    next.call(req).await.map(ServiceResponse::map_into_boxed_body)
}

/// `GET /ws`. The answer is 101, and the [`Handshake`] in the request's extensions is what the socket runs with.
///
/// # Errors
/// 401 without a session, 503 while draining or with as many sockets as may be open, 400 where it is no WebSocket
/// handshake; an origin that is not allowed has been refused before.
pub async fn ws(app: Data<App>, req: HttpRequest, account: Account) -> Result<HttpResponse, Failure> {
    let Account { user, token_hash, .. } = account;
    let arrival = req.extensions_mut().remove::<Arrival>();
    shake_hands(&app, &req, |permit, request| Handshake {
        user,
        token_hash,
        request,
        permit,
        arrival,
        language: Preferences::present().language,
        echo: false,
    })
}

/// A socket that sends every message back, see [`testing::echoes`](crate::base::failpoints::echoes).
pub async fn echo(app: Data<App>, req: HttpRequest) -> Result<HttpResponse, Failure> {
    let user = User { id: 0, username: "echo".into(), display_name: "echo".into(), extras: Extras::default() };
    let token_hash = String::new();
    shake_hands(&app, &req, |permit, request| Handshake {
        user,
        token_hash,
        request,
        permit,
        arrival: None,
        language: &LANGUAGES[0],
        echo: true,
    })
}

fn shake_hands(
    app: &App,
    req: &HttpRequest,
    visit: impl FnOnce(SocketPermit, RequestId) -> Handshake,
) -> Result<HttpResponse, Failure> {
    if app.draining.load(Ordering::Relaxed) {
        return Err(unavailable("this instance is going away", SOON));
    }
    let permit = SocketPermit::take(&app.sockets, app.config.max_sockets())
        .ok_or_else(|| unavailable("this instance is full", SOON))?;
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

fn unavailable(why: &'static str, wait: Duration) -> Failure {
    let millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
    Refusal { retry_after_ms: Some(millis), ..Refusal::new(Code::Unavailable, why) }.into()
}
