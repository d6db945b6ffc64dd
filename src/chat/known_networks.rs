//! Where people have signed in from. It outlives their sessions, so that whoever signs out is still known at home.

use std::net::IpAddr;

use chrono::{NaiveDateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};

use crate::db::AnyConnection;
use crate::db::schema::{known_networks, users};
use crate::wire::UserId;
use crate::wire::refusal::Refusal;

/// How long those are kept: a clock that is wrong by a year deletes nobody's session.
pub(crate) const KEEP: TimeDelta = TimeDelta::days(400);
/// After a year without a sign-in from there a network is forgotten.
const KEPT: TimeDelta = TimeDelta::days(365);

/// Whether the person with this username, looked up without regard to case, has signed in from the network. Nobody has
/// where there is no such person.
pub fn is_known(c: &mut AnyConnection, username: &str, network: IpAddr) -> Result<bool, Refusal> {
    let known = known_networks::table
        .inner_join(users::table)
        .filter(users::username_key.eq(username.to_ascii_lowercase()))
        .filter(known_networks::network.eq(network.to_string()))
        .filter(known_networks::seen_at.gt(Utc::now().naive_utc() - KEPT));
    Ok(diesel::select(diesel::dsl::exists(known)).get_result(c)?)
}

/// Writes down that somebody has signed in from the network. An address that is not known is nobody's home.
pub fn remember(c: &mut AnyConnection, user: UserId, network: IpAddr) -> Result<(), Refusal> {
    if network.is_unspecified() {
        return Ok(());
    }
    let (network, now) = (network.to_string(), Utc::now().naive_utc());
    let seen = diesel::update(known_networks::table.find((user, &network))).set(known_networks::seen_at.eq(now));
    if seen.execute(c)? > 0 {
        return Ok(());
    }
    let row = (known_networks::user_id.eq(user), known_networks::network.eq(&network), known_networks::seen_at.eq(now));
    match diesel::insert_into(known_networks::table).values(row).execute(c) {
        // They sign in twice at once.
        Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => Ok(()),
        written => Ok(written.map(drop)?),
    }
}

/// Networks that nobody has used for long, by whose they are; much later than they count for nothing, since the clock may be
/// wrong.
pub fn unused(c: &mut AnyConnection, limit: i64) -> QueryResult<Vec<(UserId, String)>> {
    let unused = known_networks::table.filter(known_networks::seen_at.le(unused_since()));
    unused.select((known_networks::user_id, known_networks::network)).limit(limit).load(c)
}

/// Forgets that somebody has signed in from a network, unless they have just done so again.
pub fn forget(c: &mut AnyConnection, user: UserId, network: &str) -> QueryResult<()> {
    let unused = known_networks::table.find((user, network)).filter(known_networks::seen_at.le(unused_since()));
    diesel::delete(unused).execute(c).map(drop)
}

fn unused_since() -> NaiveDateTime {
    Utc::now().naive_utc() - KEPT - KEEP
}
