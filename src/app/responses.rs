//! What every answer carries: a request id, the security headers, a readable body if something went wrong; and the line
//! in the log that tells of it.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    self, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, STRICT_TRANSPORT_SECURITY,
};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, ResponseError};
use futures_util::FutureExt;

use crate::app::compression::{gzipped, may_gzip};
use crate::app::failure::ErrorBody;
use crate::app::session_cookie::noted_user;
use crate::app::{App, Failure, client_address, request_path};
use crate::base::config::Config;
use crate::base::metrics::METRICS;
use crate::wire::RequestId;
use crate::wire::refusal::Code;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What balancers and monitors ask every second: no lines of the log, unless it tells of everything, and no part of the
/// metrics, where they would hide what people ask for.
const PROBES: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// The headers that browsers are protected by, made once.
pub struct Headers(Vec<(HeaderName, HeaderValue)>);

impl Headers {
    pub fn new(config: &Config) -> Self {
        let fixed = [
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "same-origin"),
            (header::X_FRAME_OPTIONS, "DENY"),
            (header::CROSS_ORIGIN_OPENER_POLICY, "same-origin"),
            (
                header::PERMISSIONS_POLICY,
                "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
            ),
        ];
        let mut headers: Vec<_> =
            fixed.into_iter().map(|(name, value)| (name, HeaderValue::from_static(value))).collect();
        // An origin is ASCII without control characters, so the value is always a fit one.
        headers.extend(HeaderValue::try_from(policy(config)).map(|value| (header::CONTENT_SECURITY_POLICY, value)));
        if config.secure_cookies() {
            headers.push((STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000")));
        }
        Self(headers)
    }

    fn add_to(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.0 {
            headers.insert(name.clone(), value.clone());
        }
        if !headers.contains_key(CACHE_CONTROL) {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
    }
}

/// Older browsers do not take 'self' to mean the origin's sockets too, so a known origin is named.
fn policy(config: &Config) -> String {
    let sockets = match &config.public_url {
        Some(_) => format!(" ws{}", config.public_origin().trim_start_matches("http")),
        None => String::new(),
    };
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
         connect-src 'self'{sockets}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"
    )
}

/// The outermost middleware.
pub async fn complete(
    app: Data<App>,
    mut req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let asked = Asked::of(&app, &req);
    req.extensions_mut().insert(asked.id);
    // Whatever answers GET answers HEAD: the dispatcher, which still knows, leaves the body out.
    if req.method() == Method::HEAD {
        req.head_mut().method = Method::GET;
    }
    match answer(req, next).await {
        Ok(response) => {
            let response = explained(&app, &asked, response.map_into_boxed_body());
            let mut response = gzipped(response, asked.takes_gzip);
            app.headers.add_to(response.headers_mut());
            response.headers_mut().insert(REQUEST_ID, asked.id_header());
            let bytes = asked.body_bytes(response.response().body());
            asked.log(response.status(), noted_user(response.request()).as_deref(), bytes);
            Ok(response)
        }
        // Handlers answer their own failures; what arrives here is the session's, or a panic. The request is gone by now,
        // and the cause is in the log.
        Err(error) => {
            tracing::debug!(%error, "the session could not be read or written");
            let failure = match error.as_error::<Failure>() {
                Some(failure) => failure.clone(),
                None => Failure::of_status(StatusCode::SERVICE_UNAVAILABLE),
            };
            let (media_type, body) = body_of(&app, &asked, &failure);
            let mut headers = HeaderMap::new();
            app.headers.add_to(&mut headers);
            headers.insert(CONTENT_TYPE, media_type);
            headers.insert(REQUEST_ID, asked.id_header());
            let broken = Broken { failure, body, headers };
            asked.log(broken.failure.status, None, asked.body_bytes(broken.error_response().body()));
            Err(broken.into())
        }
    }
}

/// The answer of what is within. Where that panics, the request fails alone.
async fn answer(
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody + 'static>, actix_web::Error> {
    let answered = AssertUnwindSafe(next.call(req)).catch_unwind().await;
    answered.unwrap_or_else(|_| Err(Failure::of_status(StatusCode::INTERNAL_SERVER_ERROR).into()))
}

/// A failure that has to bring everything its answer carries: that is asked for when its reader's language is forgotten.
#[derive(Debug, thiserror::Error)]
#[error("{failure}")]
struct Broken {
    failure: Failure,
    body: Bytes,
    headers: HeaderMap,
}

impl ResponseError for Broken {
    fn status_code(&self) -> StatusCode {
        self.failure.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = self.failure.error_response().set_body(BoxBody::new(self.body.clone()));
        for (name, value) in &self.headers {
            response.headers_mut().insert(name.clone(), value.clone());
        }
        response
    }
}

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Gives an answer that is an error, and says nothing yet that its reader could use, a fitting body.
fn explained(app: &App, asked: &Asked, response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let failure = match response.response().error() {
        Some(error) => match error.as_error::<Failure>() {
            Some(_) if asked.is_program => return response,
            // What programs are told to do then is no help to people.
            Some(failure) if failure.refusal.code == Code::Unavailable => Failure::of_status(status),
            Some(failure) => failure.clone(),
            None => {
                tracing::debug!(%error, "an error without words for it");
                Failure::of_status(status)
            }
        },
        None if matches!(response.response().body().size(), BodySize::None | BodySize::Sized(0)) => {
            Failure::of_status(status)
        }
        // The handler has said what there is to say.
        None => return response,
    };
    response.map_body(|head, _| {
        let (media_type, body) = body_of(app, asked, &failure);
        head.headers.remove(CONTENT_LENGTH);
        head.headers.insert(CONTENT_TYPE, media_type);
        BoxBody::new(body)
    })
}

/// What a failure says to whoever asked.
fn body_of(app: &App, asked: &Asked, failure: &Failure) -> (HeaderValue, Bytes) {
    if asked.is_program {
        // Strings and numbers: serialising them into memory has no way to fail.
        (JSON, serde_json::to_vec(&ErrorBody::from(&failure.refusal)).unwrap_or_default().into())
    } else {
        (HTML, app.templates.failure(failure).into())
    }
}

/// What is kept of a request until it is answered: nothing that could hold a secret.
struct Asked {
    id: RequestId,
    method: Method,
    path: String,
    client: std::net::IpAddr,
    since: Instant,
    /// The answer is for a program, which reads JSON.
    is_program: bool,
    takes_gzip: bool,
}

impl Asked {
    fn of(app: &App, req: &ServiceRequest) -> Self {
        let path = request_path::for_log(req.path());
        Self {
            id: RequestId(rand::random()),
            method: req.method().clone(),
            client: client_address::address(req.request(), &app.config),
            since: Instant::now(),
            is_program: is_for_programs(req.path()),
            takes_gzip: may_gzip(req.request()),
            path,
        }
    }

    fn id_header(&self) -> HeaderValue {
        // Hexadecimal digits are always a fit value.
        HeaderValue::try_from(self.id.to_string()).unwrap_or(HeaderValue::from_static("-"))
    }

    /// What is sent of an answer's body. No answer is a stream.
    fn body_bytes(&self, body: &BoxBody) -> u64 {
        match body.size() {
            BodySize::Sized(bytes) if self.method != Method::HEAD => bytes,
            _ => 0,
        }
    }

    /// The one line of a request, and its place in the metrics. `bytes` are those of the answer's body.
    fn log(&self, status: StatusCode, user: Option<&str>, bytes: u64) {
        let Self { id, method, path, client, since, .. } = self;
        let took = since.elapsed();
        let (number, millis) = (status.as_u16(), took.as_millis() as u64);
        if PROBES.contains(&path.as_str()) {
            tracing::debug!(%id, %method, path, status = number, millis, bytes, %client, "answered");
            return;
        }
        METRICS.http_requests.of(class(status)).increment(1);
        METRICS.http_duration.record(took);
        if path == "/ws" && status != StatusCode::SWITCHING_PROTOCOLS {
            METRICS.handshakes_refused.of(why_refused(status)).increment(1);
        }
        tracing::info!(%id, user, %method, path, status = number, millis, bytes, %client, "answered");
    }
}

fn is_for_programs(path: &str) -> bool {
    path == "/ws" || path == "/api" || path.starts_with("/api/")
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        ..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        500.. => "5xx",
    }
}

fn why_refused(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => "no_session",
        StatusCode::FORBIDDEN => "origin",
        StatusCode::SERVICE_UNAVAILABLE => "unavailable",
        _ => "malformed",
    }
}

/// What the log calls this request.
pub fn request_id(req: &HttpRequest) -> RequestId {
    // `complete` is around everything, so there always is one.
    req.extensions().get().copied().unwrap_or(RequestId(0))
}
