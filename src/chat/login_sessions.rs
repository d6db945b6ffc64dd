//! Sessions: who is signed in where. A session is known here by the hash of its token; the token itself is nowhere.
//!
//! They end by the system's clock, which may be wrong for a while. So no use of a session shortens it, one that has run
//! out is refused long before it is deleted, and [`still_alive`] does not believe a clock that was set forth.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::LazyLock;
use std::time::Instant;

use chrono::{NaiveDateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text, Timestamp};

use crate::chat::accounts;
use crate::chat::authorization::EXCLUDED;
use crate::chat::known_networks::{self, KEEP};
use crate::chat::people;
use crate::db::AnyConnection;
use crate::db::connection::transaction;
use crate::db::multi_row::Column::Texts;
use crate::db::multi_row::Rows;
use crate::db::schema::sessions;
use crate::wire::refusal::{Code, Refusal};
use crate::wire::{InstanceRole, User, UserId};

/// Hashes in one query; SQLite binds 32,766 values at most.
pub const HASHES_AT_ONCE: usize = 500;
/// How long a session lasts at most, however much it is used.
const AT_MOST: TimeDelta = TimeDelta::days(365);

/// When the first session was looked at, by the system's clock and by one that nobody sets.
static START: LazyLock<(NaiveDateTime, Instant)> = LazyLock::new(|| (Utc::now().naive_utc(), Instant::now()));

/// A session that is about to begin.
pub struct NewLoginSession {
    pub token_hash: String,
    pub user: UserId,
    /// Of the password they signed in with.
    pub password_hash: String,
    /// How the client calls itself.
    pub agent: String,
    /// Where it connected from.
    pub address: IpAddr,
    /// The address as logins are counted by it.
    pub network: IpAddr,
}

/// A session that has not ended.
#[derive(Clone)]
pub struct LoginSession {
    pub user: User,
    pub role: InstanceRole,
    /// When its use was last written down.
    pub seen_at: NaiveDateTime,
}

/// Begins a session that lasts `span` from now, and makes its network a known one.
///
/// # Errors
/// `bad_credentials`: the password was changed since it was shown, and the sessions that it began have ended.
pub fn create(c: &mut AnyConnection, session: &NewLoginSession, span: TimeDelta) -> Result<(), Refusal> {
    transaction(c, |c| {
        accounts::lock_users(c, &[session.user])?;
        if accounts::password_hash(c, session.user)?.as_ref() != Some(&session.password_hash) {
            return Err(Refusal::new(Code::BadCredentials, "the password was changed meanwhile"));
        }
        insert(c, session, span)
    })
}

fn insert(c: &mut AnyConnection, session: &NewLoginSession, span: TimeDelta) -> Result<(), Refusal> {
    let now = Utc::now().naive_utc();
    let row = (
        sessions::token_hash.eq(&session.token_hash),
        sessions::user_id.eq(session.user),
        sessions::created_at.eq(now),
        sessions::seen_at.eq(now),
        sessions::expires_at.eq(now + span),
        sessions::agent.eq(&session.agent),
        sessions::address.eq(session.address.to_string()),
    );
    diesel::insert_into(sessions::table).values(row).execute(c)?;
    known_networks::remember(c, session.user, session.network)
}

/// Those of the sessions with these tokens, at most [`HASHES_AT_ONCE`], that have not ended; by their hashes.
pub fn find(c: &mut AnyConnection, token_hashes: &[String]) -> Result<HashMap<String, LoginSession>, Refusal> {
    let now = Utc::now().naive_utc();
    let found: Vec<(String, User, String, NaiveDateTime)> =
        unexpired(token_hashes, now).load::<(Text, people::SqlTypes, Text, Timestamp), _>(c, &FIND)?;
    let session = |(hash, user, role, seen_at): (_, _, String, _)| {
        let role = InstanceRole::from_column(&role);
        (hash, LoginSession { user, role, seen_at })
    };
    Ok(found.into_iter().map(session).collect())
}

/// Writes down that the session is in use: it lasts `span` from now at least. One that has ended stays ended.
pub fn touch(c: &mut AnyConnection, token_hash: &str, span: TimeDelta) -> Result<(), Refusal> {
    let now = Utc::now().naive_utc();
    transaction(c, |c| {
        diesel::update(sessions::table.find(token_hash).filter(sessions::expires_at.gt(now)))
            .set(sessions::seen_at.eq(now))
            .execute(c)?;
        prolong(c, &[token_hash.to_owned()], span)
    })
}

/// Lets these sessions, at most [`HASHES_AT_ONCE`] of them, last `span` from now at least: an open socket is a use. When
/// they were seen is left as it is, since that tells when the cookie is to be renewed.
pub fn prolong(c: &mut AnyConnection, token_hashes: &[String], span: TimeDelta) -> Result<(), Refusal> {
    let now = Utc::now().naive_utc();
    let open = sessions::table.filter(sessions::token_hash.eq_any(token_hashes)).filter(sessions::expires_at.gt(now));
    // Never less than before: the clock may have been set back.
    diesel::update(open.filter(sessions::expires_at.lt(now + span)))
        .set(sessions::expires_at.eq(now + span))
        .execute(c)?;
    Ok(())
}

/// Ends the session; `false` when it had ended before.
pub fn end(c: &mut AnyConnection, token_hash: &str) -> Result<bool, Refusal> {
    Ok(diesel::delete(sessions::table.find(token_hash)).execute(c)? > 0)
}

/// The tokens' hashes of sessions that ran out long ago.
pub fn run_out(c: &mut AnyConnection, limit: i64) -> QueryResult<Vec<String>> {
    let ended = sessions::table.filter(sessions::expires_at.le(Utc::now().naive_utc() - KEEP));
    ended.select(sessions::token_hash).limit(limit).load(c)
}

/// Deletes sessions by their tokens' hashes.
pub fn delete(c: &mut AnyConnection, token_hashes: &[String]) -> QueryResult<()> {
    diesel::delete(sessions::table.filter(sessions::token_hash.eq_any(token_hashes))).execute(c).map(drop)
}

/// Ends every session; gives how many.
pub fn end_all(c: &mut AnyConnection) -> QueryResult<usize> {
    diesel::delete(sessions::table).execute(c)
}

/// Whether somebody's session, which has an open socket, still counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Alive,
    /// The chat is closed to them.
    Banned,
}

/// Those of these sessions, which have open sockets, that have not ended. One that is in use runs out only when the clock
/// is wrong; so it has run out only when the time since the start says so too.
pub fn still_alive(c: &mut AnyConnection, token_hashes: &[String]) -> Result<HashMap<String, State>, Refusal> {
    let (wall, start) = *START;
    // Can't overflow: the calendar goes on for 260,000 years.
    let now = Utc::now().naive_utc().min(wall + start.elapsed());
    let alive: Vec<(String, bool)> = unexpired(token_hashes, now).load::<(Text, Bool), _>(c, &STATES)?;
    let state = |(hash, excluded)| (hash, if excluded { State::Banned } else { State::Alive });
    Ok(alive.into_iter().map(state).collect())
}

/// Whether a session has neither run out nor grown too old.
const LASTS: &str = "sessions.expires_at > given.moment AND sessions.created_at > given.oldest";

/// Whether it began after its user was last banned: a ban that is over brings none back.
const BEGUN_SINCE: &str = "(users.banned_at IS NULL OR sessions.created_at > users.banned_at)";

static FIND: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT sessions.token_hash, {}, users.role, sessions.seen_at \
         FROM {{given}} JOIN sessions ON sessions.token_hash = given.token_hash AND {LASTS} \
         JOIN users ON users.id = sessions.user_id AND NOT {EXCLUDED} AND {BEGUN_SINCE}",
        people::SQL,
    )
});

static STATES: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT sessions.token_hash, {EXCLUDED} FROM {{given}} JOIN sessions \
         ON sessions.token_hash = given.token_hash AND {LASTS} \
         JOIN users ON users.id = sessions.user_id AND ({EXCLUDED} OR {BEGUN_SINCE})"
    )
});

/// Rows to find sessions with that have not run out at a moment.
fn unexpired(token_hashes: &[String], moment: NaiveDateTime) -> Rows<'_> {
    Rows::new(token_hashes.len())
        .with("token_hash", Texts(token_hashes.iter().map(String::as_str).collect()))
        .with_moment("moment", moment)
        .with_moment("oldest", moment - AT_MOST)
}
