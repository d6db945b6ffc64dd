//! The session cookie, and the database behind it.
//!
//! The cookie holds a random token, signed. The database holds the token's hash and whom it stands for, and is asked at
//! each request: a session that was ended is over at once, on every instance.

use std::collections::HashMap;

use actix_session::config::{CookieContentSecurity, PersistentSession};
use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError};
use actix_session::{SessionExt, SessionMiddleware, SessionStatus};
use actix_web::body::MessageBody;
use actix_web::cookie::{SameSite, time};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpRequest};
use chrono::{TimeDelta, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::app::login_rate::network_of;
use crate::app::{App, client_address};
use crate::chat::connect_reads::ConnectReads;
use crate::chat::events::Event;
use crate::chat::login_sessions;
use crate::db::Store;
use crate::realtime::hub::HubHandle;
use crate::wire::refusal::Refusal;
use crate::wire::{User, UserId};

// What a session holds while a request is served. A session is made of the first three; the others come from the database.
/// Whose it is: the key under which actix-identity looks.
pub const USER_ID: &str = "user_id";
pub const AGENT: &str = "agent";
pub const ADDRESS: &str = "address";
pub const PASSWORD_HASH: &str = "password_hash";
pub const USER: &str = "user";
pub const ROLE: &str = "role";
pub const TOKEN_HASH: &str = "token_hash";
/// Present when it is time to write down that the session is in use.
const DUE: &str = "due";

type State = HashMap<String, String>;

/// Reads the cookie before a request is served and writes it, and the database, where the request changed the session.
pub fn middleware(app: &App) -> SessionMiddleware<DatabaseSessions> {
    let days = app.config.session_days;
    let store = DatabaseSessions {
        store: app.store.clone(),
        reads: app.connect_reads.clone(),
        hub: app.hub.clone(),
        span: TimeDelta::days(i64::from(days)),
    };
    SessionMiddleware::builder(store, app.key.clone())
        .cookie_name(app.config.session_cookie())
        .cookie_content_security(CookieContentSecurity::Signed)
        .cookie_secure(app.config.secure_cookies())
        .cookie_http_only(true)
        .cookie_same_site(SameSite::Lax)
        .cookie_path("/".to_owned())
        .session_lifecycle(PersistentSession::default().session_ttl(time::Duration::days(i64::from(days))))
        .build()
}

/// Has a session written down, and its cookie renewed, when that is due. Not at every request: each would wait for a
/// transaction, and a late answer could bring back a cookie that a login has replaced.
///
/// Whatever ends a session, a browser that shows its cookie from then on is told to delete what pages have stored there.
/// The cookie stays until a login replaces it: a session that ran out by a wrong clock is alive again when that is right.
pub async fn keep_alive<B: MessageBody>(
    app: Data<App>,
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    // Removing what is not there would count as a change.
    let session = req.get_session();
    if session.contains_key(DUE) {
        session.remove(DUE);
    }
    if let Ok(Some(user)) = session.get::<User>(USER) {
        note_user(req.request(), user.username);
    }
    let is_over = !session.contains_key(USER) && req.request().cookie(&app.config.session_cookie()).is_some();
    let mut response = next.call(req).await?;
    let is_ended = session.status() == SessionStatus::Purged;
    let is_begun = session.contains_key(PASSWORD_HASH);
    if is_ended || (is_over && !is_begun) {
        response.headers_mut().insert(CLEAR_SITE_DATA, HeaderValue::from_static(r#""cache", "storage""#));
    }
    Ok(response)
}

/// Has a browser delete what pages have stored in it.
const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");

/// Whose request it is, for the log: kept beside the session, which is over when its answer is logged.
struct SignedIn(String);

/// The log tells the name with the request.
pub fn note_user(req: &HttpRequest, username: String) {
    req.extensions_mut().insert(SignedIn(username));
}

/// Who sent the request, or has just signed in with it.
pub fn noted_user(req: &HttpRequest) -> Option<String> {
    req.extensions().get().map(|SignedIn(username)| username.clone())
}

/// Sessions in the table `sessions`. Anonymous visitors have none.
pub struct DatabaseSessions {
    store: Store,
    reads: ConnectReads,
    hub: HubHandle,
    /// How long an unused session lasts.
    span: TimeDelta,
}

impl DatabaseSessions {
    /// How long a session's use may go unwritten.
    fn between_touches(&self) -> TimeDelta {
        TimeDelta::hours(1).min(self.span / 30)
    }
}

impl SessionStore for DatabaseSessions {
    async fn load(&self, key: &SessionKey) -> Result<Option<State>, LoadError> {
        let token_hash = hash_of(key);
        let found = self.reads.session(token_hash.clone()).await;
        let Some(session) = found.map_err(|refusal| LoadError::Other(refusal.into()))? else {
            return Ok(None);
        };
        let mut state = State::from([
            (USER_ID.to_owned(), json(&session.user.id.to_string())),
            (USER.to_owned(), json(&session.user)),
            (ROLE.to_owned(), json(session.role.as_str())),
            (TOKEN_HASH.to_owned(), json(&token_hash)),
        ]);
        // It may have been seen in the future, by a clock that was wrong.
        if Utc::now().naive_utc().signed_duration_since(session.seen_at).abs() >= self.between_touches() {
            state.insert(DUE.to_owned(), json(&true));
        }
        Ok(Some(state))
    }

    async fn save(&self, state: State, _: &time::Duration) -> Result<SessionKey, SaveError> {
        let user = value::<String>(&state, USER_ID).and_then(|id| id.parse::<UserId>().ok());
        let user = user.ok_or_else(|| SaveError::Serialization(anyhow::anyhow!("a session belongs to somebody")))?;
        let address = value(&state, ADDRESS).unwrap_or(client_address::UNKNOWN);
        let token = hex::encode(rand::random::<[u8; 32]>());
        let key = SessionKey::try_from(token).map_err(|error| SaveError::Serialization(error.into()))?;
        let session = login_sessions::NewLoginSession {
            token_hash: hash_of(&key),
            user,
            password_hash: value(&state, PASSWORD_HASH).unwrap_or_default(),
            agent: value(&state, AGENT).unwrap_or_default(),
            address,
            network: network_of(address),
        };
        let span = self.span;
        let saved = self.store.write(move |c| login_sessions::create(c, &session, span)).await;
        saved.map_err(|refusal: Refusal| SaveError::Other(refusal.into()))?;
        Ok(key)
    }

    /// All that ever changes in a session is when it was used last; if that can't be written now, it will be next time.
    async fn update(&self, key: SessionKey, _: State, _: &time::Duration) -> Result<SessionKey, UpdateError> {
        let (token_hash, span) = (hash_of(&key), self.span);
        let touched: Result<(), Refusal> = self.store.write(move |c| login_sessions::touch(c, &token_hash, span)).await;
        if let Err(error) = touched {
            tracing::warn!(%error, "the use of a session was not written down");
        }
        Ok(key)
    }

    async fn update_ttl(&self, _: &SessionKey, _: &time::Duration) -> Result<(), anyhow::Error> {
        Ok(())
    }

    /// Once this returns the session is over, and its sockets have been told to close.
    async fn delete(&self, key: &SessionKey) -> Result<(), anyhow::Error> {
        let token_hash = hash_of(key);
        let hash = token_hash.clone();
        let ended: Result<bool, Refusal> = self.store.write(move |c| login_sessions::end(c, &hash)).await;
        if ended? {
            self.hub.announce(Event::SessionEnded { token_hash }).await;
        }
        Ok(())
    }
}

fn hash_of(token: &SessionKey) -> String {
    hex::encode(Sha256::digest(token.as_ref()))
}

fn json<T: Serialize + ?Sized>(value: &T) -> String {
    // Strings and booleans: serialising them into memory has no way to fail.
    serde_json::to_string(value).unwrap_or_default()
}

fn value<T: DeserializeOwned>(state: &State, name: &str) -> Option<T> {
    serde_json::from_str(state.get(name)?).ok()
}
