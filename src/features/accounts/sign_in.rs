//! Signing up, in and out: what the JSON API and the pages have in common.

use actix_identity::{Identity, IdentityExt};
use actix_session::SessionExt;
use actix_web::http::header::USER_AGENT;
use actix_web::{HttpMessage, HttpRequest};
use chrono::NaiveDateTime;

use crate::app::login_rate::network_of;
use crate::app::passwords::Verdict;
use crate::app::passwords::common::refuse_common;
use crate::app::session_cookie::{ADDRESS, AGENT, PASSWORD_HASH};
use crate::app::{App, client_address, fields, session_cookie};
use crate::base::metrics::METRICS;
use crate::chat::accounts;
use crate::chat::accounts::NewAccount;
use crate::chat::known_networks;
use crate::features::invitations::accept::{self, Entered, SignUp};
use crate::wire::User;
use crate::wire::refusal::{Code, Refusal};

/// Characters kept of what a client calls itself.
const MAX_AGENT_CHARS: usize = 200;

/// Makes an account, by an invitation's token where one is given, and signs in. Without a display name the username is
/// shown.
///
/// # Errors
/// `forbidden` where new accounts are not open, `not_found` where the invitation is over, `invalid`, `taken`,
/// `rate_limited`, `unavailable`.
pub async fn sign_up(
    app: &App,
    req: &HttpRequest,
    username: String,
    password: String,
    display_name: Option<&str>,
    invitation: Option<String>,
) -> Result<Entered, Refusal> {
    let signup = app.config.signup;
    if invitation.is_none() {
        accept::admits(signup, None)?;
    }
    let username = fields::without_spaces(&username).to_owned();
    fields::username(&username)?;
    fields::password(&password)?;
    refuse_common(&password, &username)?;
    let display_name = fields::display_name(display_name, &username)?;
    app.signup_rate.check(client_address::address(req, &app.config))?;
    // The insert decides; asking first only saves the hashing of a password for nothing.
    let (name, token) = (username.clone(), invitation.clone());
    let existing = app.store.read(move |c| {
        let link = token.map(|token| accept::look_up(c, &token)).transpose()?;
        accept::admits(signup, link.map(|link| link.role))?;
        accounts::find_by_name(c, &name)
    });
    if existing.await?.is_some() {
        return Err(accounts::taken());
    }
    let password_hash = app.passwords.hash_of_newcomer(password).await?;
    let account = NewAccount { username, display_name, password_hash: password_hash.clone() };
    let network = network_of(client_address::address(req, &app.config));
    let command = SignUp { signup, token: invitation, account, marks: app.marks.clone(), network };
    let entered = app.perform_for_nobody(command).await?;
    METRICS.signups.increment(1);
    begin_session(app, req, &entered.user, password_hash)?;
    Ok(entered)
}

/// Verifies a password and signs in.
///
/// # Errors
/// As for [`verify`].
pub async fn log_in(app: &App, req: &HttpRequest, username: &str, password: String) -> Result<User, Refusal> {
    let Verified { user, password_hash } = verify(app, req, username, password).await?;
    METRICS.logins.increment(1);
    begin_session(app, req, &user, password_hash).map(|()| user)
}

/// Somebody who has shown that they know their password.
pub struct Verified {
    pub user: User,
    /// Of the password they know, which may be another's by now.
    pub password_hash: String,
}

/// Who has this name and this password. Whether the name or the password was wrong shows neither in the answer nor in the
/// time it takes.
///
/// # Errors
/// `bad_credentials`, `rate_limited`, `forbidden` for somebody who is banned, `unavailable`.
pub async fn verify(app: &App, req: &HttpRequest, username: &str, password: String) -> Result<Verified, Refusal> {
    // Names that nobody can have count as one.
    let username = fields::written_username(username);
    let username = if fields::is_username(username) { username.to_owned() } else { String::new() };
    let address = client_address::address(req, &app.config);
    let (name, network) = (username.clone(), network_of(address));
    let is_known = app.store.read(move |c| known_networks::is_known(c, &name, network)).await?;
    let attempt = app.login_rate.reserve(&username, address, is_known).await?;
    let verified = async {
        let found = app.store.read(move |c| accounts::find_by_name(c, &username)).await?;
        let hash = found.as_ref().map(|account| account.password_hash.clone());
        let verdict = app.passwords.verify(password, hash).await?;
        let mut found = found.filter(|_| verdict != Verdict::Wrong);
        if let (Some(account), Verdict::FitsAsTyped { hash }) = (&mut found, verdict) {
            let (user, old, new) = (account.user.id, account.password_hash.clone(), hash.clone());
            // Where they have another by now, this login goes by what it has read, and is refused when its session is stored.
            if app.store.write(move |c| accounts::replace_password_hash(c, user, &old, &new)).await? {
                account.password_hash = hash;
            }
        }
        // Only those who know the password are told of a ban.
        match found {
            Some(accounts::Account { banned: Some(until), .. }) => Err(banned(until)),
            found => Ok(found.map(|account| Verified { user: account.user, password_hash: account.password_hash })),
        }
    };
    match verified.await {
        Ok(None) => {
            attempt.failed();
            METRICS.login_failures.increment(1);
            Err(Refusal::new(Code::BadCredentials, "the username or the password is wrong"))
        }
        Ok(Some(verified)) => Ok(verified),
        Err(refusal) => Err(refusal),
    }
}

fn banned(until: Option<NaiveDateTime>) -> Refusal {
    match until {
        None => Refusal::new(Code::Forbidden, "you are banned from this chat"),
        Some(until) => Refusal::new(Code::Forbidden, "you are banned from this chat until {time} UTC")
            .with("time", until.format("%Y-%m-%d %H:%M")),
    }
}

/// Ends the session; `false` when there is none. Its sockets are closed before the answer goes out.
pub fn log_out(req: &HttpRequest) -> bool {
    let identity = req.get_identity();
    let signed_in = identity.is_ok();
    if let Ok(identity) = identity {
        identity.logout();
    }
    signed_in
}

/// Gives the browser a new token, and ends the session that it may have had. It is stored with the answer, unless they have
/// another password by then.
fn begin_session(app: &App, req: &HttpRequest, user: &User, password_hash: String) -> Result<(), Refusal> {
    let agent = req.headers().get(USER_AGENT).map_or("".into(), |agent| String::from_utf8_lossy(agent.as_bytes()));
    let agent: String = agent.chars().filter(|c| !c.is_control()).take(MAX_AGENT_CHARS).collect();
    let session = req.get_session();
    let begun = session
        .insert(AGENT, agent)
        .and_then(|()| session.insert(PASSWORD_HASH, password_hash))
        .and_then(|()| session.insert(ADDRESS, client_address::address(req, &app.config)))
        .map_err(|error| error.to_string())
        .and_then(|()| Identity::login(&req.extensions(), user.id.to_string()).map_err(|error| error.to_string()));
    session_cookie::note_user(req, user.username.clone());
    begun.map(drop).map_err(|error| {
        tracing::error!(error, "a session could not begin");
        Refusal::internal()
    })
}
