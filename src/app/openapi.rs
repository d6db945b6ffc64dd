//! The error answers that calls of the API have in common, as OpenAPI describes them.

use utoipa::IntoResponses;

use crate::app::failure::ErrorBody;

/// What every call can answer.
#[derive(IntoResponses)]
pub enum CommonErrors {
    /// `unavailable`: the server could not do that now, mostly since the database did not answer
    #[response(status = 503)]
    _Unavailable(ErrorBody),
}

/// What every call that changes something can answer.
#[derive(IntoResponses)]
pub enum MutationErrors {
    /// `forbidden`: the request came from another site, or does not say from where
    #[response(status = 403)]
    _Forbidden(ErrorBody),
    /// `rate_limited`: too many changes at once, or as many as may be made of it in a day; see `Retry-After`
    #[response(status = 429)]
    _TooMany(ErrorBody),
}

/// What every call that needs a session can answer.
#[derive(IntoResponses)]
pub enum SessionErrors {
    /// `unauthorized`: no session, or one that has ended
    #[response(status = 401)]
    _Unauthorized(ErrorBody),
}

/// What every call with a body can answer.
#[derive(IntoResponses)]
pub enum BodyErrors {
    /// `bad_frame`: not JSON, or a field missing or of the wrong type
    #[response(status = 400)]
    _BadFrame(ErrorBody),
    /// `invalid`: more than 64 KiB
    #[response(status = 413)]
    _TooLarge(ErrorBody),
    /// `bad_frame`: the body is not declared as application/json
    #[response(status = 415)]
    _OtherType(ErrorBody),
    /// `invalid`: a value out of range
    #[response(status = 422)]
    _Invalid(ErrorBody),
}

/// What every call about a room can answer.
#[derive(IntoResponses)]
pub enum RoomErrors {
    /// `not_found`: no such room, or none that this user may see
    #[response(status = 404)]
    _NotFound(ErrorBody),
}
