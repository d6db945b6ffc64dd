//! Answers to what went wrong: a refusal with its status, as JSON for programs; `answers` makes a page of it for people.

use std::io::ErrorKind;

use actix_web::error::{JsonPayloadError, PathError, PayloadError, QueryPayloadError, UrlencodedError};
use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::web::{FormConfig, JsonConfig, PathConfig, QueryConfig, ServiceConfig};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use serde::Serialize;
use thiserror::Error;
use utoipa::ToSchema;

use crate::app::preferences::Preferences;
use crate::wire::refusal::{Code, Refusal};

/// The most bytes of a request's body.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// A refusal and the status that says it best.
#[derive(Clone, Debug, Error)]
#[error("{refusal}")]
pub struct Failure {
    pub status: StatusCode,
    pub refusal: Refusal,
}

impl Failure {
    pub fn unauthorized() -> Self {
        Refusal::new(Code::Unauthorized, "sign in first").into()
    }

    /// What to say where only a status is known.
    pub fn of_status(status: StatusCode) -> Self {
        let (code, message) = match status {
            StatusCode::NOT_FOUND => (Code::NotFound, "there is nothing at this address"),
            StatusCode::METHOD_NOT_ALLOWED => (Code::Invalid, "this address does not answer that method"),
            StatusCode::PAYLOAD_TOO_LARGE => (Code::Invalid, "the request is too large"),
            StatusCode::REQUEST_TIMEOUT => (Code::BadFrame, "the request took too long"),
            StatusCode::UNAUTHORIZED => (Code::Unauthorized, "sign in first"),
            StatusCode::FORBIDDEN => (Code::Forbidden, "that is not allowed"),
            status if status.is_server_error() => return Self { status, refusal: Refusal::internal() },
            _ => (Code::BadFrame, "the request could not be understood"),
        };
        Self { status, refusal: Refusal::new(code, message) }
    }
}

/// The HTTP status that says the same as a code.
pub fn status_of(code: Code) -> StatusCode {
    match code {
        Code::BadFrame | Code::UnknownType => StatusCode::BAD_REQUEST,
        Code::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::NotJoined | Code::Forbidden => StatusCode::FORBIDDEN,
        Code::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::Taken => StatusCode::CONFLICT,
        Code::BadCredentials | Code::Unauthorized => StatusCode::UNAUTHORIZED,
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self { status: status_of(refusal.code), refusal }
    }
}

/// Why a call was not served.
#[derive(Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ErrorBody {
    #[cfg_attr(test, ts(inline))]
    error: ErrorDetail,
}

#[derive(Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
struct ErrorDetail {
    code: Code,
    /// For people, in their language.
    message: String,
    /// When trying again can help, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    /// Why, where the code alone does not say what to do about it: `common` is a password that many people use
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

impl From<&Refusal> for ErrorBody {
    fn from(refusal: &Refusal) -> Self {
        let Refusal { code, retry_after_ms, reason, .. } = *refusal;
        let message = Preferences::present().language.say(&refusal.wording);
        Self { error: ErrorDetail { code, message, retry_after_ms, reason } }
    }
}

impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponseBuilder::new(self.status);
        if let Some(millis) = self.refusal.retry_after_ms {
            response.insert_header((RETRY_AFTER, millis.div_ceil(1_000)));
        }
        response.json(ErrorBody::from(&self.refusal))
    }
}

pub async fn no_such_page() -> Result<HttpResponse, Failure> {
    Err(Failure::of_status(StatusCode::NOT_FOUND))
}

/// What extractors answer when a request can't be read.
pub fn configure(cfg: &mut ServiceConfig) {
    cfg.app_data(JsonConfig::default().limit(MAX_BODY_BYTES).error_handler(|error, _| bad_json(&error).into()))
        .app_data(FormConfig::default().limit(MAX_BODY_BYTES).error_handler(|error, _| bad_form(&error).into()))
        .app_data(QueryConfig::default().error_handler(|error, _| bad_query(&error).into()))
        .app_data(PathConfig::default().error_handler(|error, _| bad_path(&error).into()));
}

fn bad_json(error: &JsonPayloadError) -> Failure {
    match error {
        JsonPayloadError::Overflow { .. } | JsonPayloadError::OverflowKnownLength { .. } => {
            Failure::of_status(StatusCode::PAYLOAD_TOO_LARGE)
        }
        JsonPayloadError::Payload(error) => bad_body(error),
        JsonPayloadError::ContentType => Failure {
            status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
            refusal: Refusal::new(Code::BadFrame, "the body must be application/json"),
        },
        JsonPayloadError::Deserialize(error) => {
            Refusal::new(Code::BadFrame, "the body: {error}").with("error", error).into()
        }
        _ => Refusal::new(Code::BadFrame, "the body could not be read").into(),
    }
}

/// A body that did not come to its end.
fn bad_body(error: &PayloadError) -> Failure {
    match error {
        PayloadError::Io(error) if error.kind() == ErrorKind::TimedOut => {
            Failure::of_status(StatusCode::REQUEST_TIMEOUT)
        }
        _ => Refusal::new(Code::BadFrame, "the body could not be read").into(),
    }
}

fn bad_form(error: &UrlencodedError) -> Failure {
    match error {
        UrlencodedError::Overflow { .. } => Failure::of_status(StatusCode::PAYLOAD_TOO_LARGE),
        UrlencodedError::Payload(error) => bad_body(error),
        _ => Refusal::new(Code::BadFrame, "the form could not be read").into(),
    }
}

fn bad_query(error: &QueryPayloadError) -> Failure {
    match error {
        QueryPayloadError::Deserialize(error) => Refusal::invalid("the query: {error}").with("error", error).into(),
        _ => Refusal::invalid("the query could not be read").into(),
    }
}

fn bad_path(_: &PathError) -> Failure {
    Failure::of_status(StatusCode::NOT_FOUND)
}
