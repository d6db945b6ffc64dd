//! Who asks: extractors for handlers that need somebody to be signed in.

use std::future::{Ready, ready};

use actix_identity::IdentityExt;
use actix_session::SessionExt;
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{FromRequest, HttpRequest, HttpResponse, ResponseError};
use thiserror::Error;

use crate::app::failure::Failure;
use crate::app::session_cookie::{ROLE, TOKEN_HASH, USER};
use crate::policy::{Action, Actor, Object, may};
use crate::wire::{InstanceRole, User};

/// The person whose session the request carries. Without one the answer is 401.
#[derive(Clone, Debug)]
pub struct Account {
    pub user: User,
    /// In the whole chat, as it was when the request came: what they may do is decided again where it is done.
    pub role: InstanceRole,
    /// Names the session, so that its sockets can be closed when it ends.
    pub token_hash: String,
}

impl Account {
    fn of(req: &HttpRequest) -> Option<Self> {
        req.get_identity().ok()?;
        let session = req.get_session();
        let text = |name| session.get::<String>(name).ok().flatten();
        let user: User = session.get(USER).ok().flatten()?;
        let role = InstanceRole::from_column(&text(ROLE)?);
        Some(Self { user, role, token_hash: text(TOKEN_HASH)? })
    }

    /// Whether pages offer them what admins do.
    pub fn administers(&self) -> bool {
        may(Actor::outside(self.user.id, self.role), Action::Administer, Object::default()).is_ok()
    }
}

impl FromRequest for Account {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(req).ok_or_else(Failure::unauthorized))
    }
}

/// The person who looks at a page. Without a session they are sent to the login page, and back from there.
pub struct PageAccount(pub Account);

impl FromRequest for PageAccount {
    type Error = SignInFirst;
    type Future = Ready<Result<Self, SignInFirst>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let next = || req.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
        ready(Account::of(req).map(Self).ok_or_else(|| SignInFirst { next: next() }))
    }
}

#[derive(Debug, Error)]
#[error("sign in first")]
pub struct SignInFirst {
    next: String,
}

impl ResponseError for SignInFirst {
    fn status_code(&self) -> StatusCode {
        StatusCode::SEE_OTHER
    }

    fn error_response(&self) -> HttpResponse {
        let next: String = url::form_urlencoded::byte_serialize(self.next.as_bytes()).collect();
        HttpResponse::SeeOther().insert_header((LOCATION, format!("/login?next={next}"))).finish()
    }
}
