//! Mutes and bans of accounts that were deleted. They hold for whoever signs up by the same name, or for a while from the same
//! network, so that nobody sheds a sanction by deleting their account. Neither the name nor the network is kept: a keyed hash
//! of each is, and the key is not in the database.

use chrono::{NaiveDateTime, TimeDelta, Utc};
use diesel::prelude::*;
use sha2::{Digest, Sha256};

use crate::chat::sanctions::{self, Kind};
use crate::db::AnyConnection;
use crate::db::schema::{kept_sanctions, known_networks, sanctions as sanction_rows, users};
use crate::wire::{RoomId, UserId};

/// How long a sanction holds for a name, where it does not end before.
const FOR_NAME: TimeDelta = TimeDelta::days(365);
/// For a network, which others may share.
const FOR_NETWORK: TimeDelta = TimeDelta::days(7);

/// The key of the hashes, derived from the secret that signs cookies.
#[derive(Clone)]
pub struct MarkKey(Vec<u8>);

impl MarkKey {
    pub fn new(secret: &[u8]) -> Self {
        Self(secret.to_vec())
    }

    fn mark(&self, what: &str, text: &str) -> String {
        // The key on both sides: nothing can be put before or after what is hashed.
        let hash = Sha256::new().chain_update(&self.0).chain_update(what).chain_update([0]).chain_update(text);
        hex::encode(hash.chain_update(&self.0).finalize())
    }

    fn name(&self, username_key: &str) -> String {
        self.mark("name", username_key)
    }

    fn network(&self, network: &str) -> String {
        self.mark("network", network)
    }
}

/// Keeps the sanctions of an account that is about to be deleted, for its name and for the networks it was used from.
pub fn keep(c: &mut AnyConnection, key: &MarkKey, user: UserId) -> QueryResult<()> {
    let now = Utc::now().naive_utc();
    diesel::delete(kept_sanctions::table.filter(kept_sanctions::ends_at.le(now))).execute(c)?;
    let theirs: Vec<(RoomId, String, Option<NaiveDateTime>)> = sanction_rows::table
        .filter(sanction_rows::user_id.eq(user))
        .filter(sanction_rows::until.is_null().or(sanction_rows::until.gt(now)))
        .select((sanction_rows::room_id, sanction_rows::kind, sanction_rows::until))
        .load(c)?;
    if theirs.is_empty() {
        return Ok(());
    }
    let name: String = users::table.find(user).select(users::username_key).first(c)?;
    let networks: Vec<String> = known_networks::table
        .filter(known_networks::user_id.eq(user).and(known_networks::seen_at.gt(now - FOR_NETWORK)))
        .select(known_networks::network)
        .load(c)?;
    let networks = networks.iter().map(|network| (key.network(network), FOR_NETWORK));
    for (mark, lasts) in networks.chain([(key.name(&name), FOR_NAME)]) {
        for (room, kind, until) in &theirs {
            let ends_at = until.unwrap_or(NaiveDateTime::MAX).min(now + lasts);
            diesel::insert_into(kept_sanctions::table)
                .values((
                    kept_sanctions::room_id.eq(room),
                    kept_sanctions::kind.eq(kind),
                    kept_sanctions::until.eq(until),
                    kept_sanctions::mark.eq(&mark),
                    kept_sanctions::ends_at.eq(ends_at),
                ))
                .execute(c)?;
        }
    }
    Ok(())
}

/// Imposes what was kept on a new account of that name, or from that network. What is found by the network alone ends when it
/// would be forgotten, since it may be a stranger's.
pub fn inherit(c: &mut AnyConnection, key: &MarkKey, user: UserId, network: &str) -> QueryResult<()> {
    let now = Utc::now().naive_utc();
    let name: String = users::table.find(user).select(users::username_key).first(c)?;
    // Those of the name last: they are what holds.
    for (mark, by_name) in [(key.network(network), false), (key.name(&name), true)] {
        let kept: Vec<(RoomId, String, Option<NaiveDateTime>, NaiveDateTime)> = kept_sanctions::table
            .filter(kept_sanctions::mark.eq(mark).and(kept_sanctions::ends_at.gt(now)))
            .order(kept_sanctions::id)
            .select((kept_sanctions::room_id, kept_sanctions::kind, kept_sanctions::until, kept_sanctions::ends_at))
            .load(c)?;
        for (room, kind, until, ends_at) in kept {
            let until = if by_name { until } else { Some(ends_at) };
            sanctions::impose(c, room, user, Kind::from_column(&kind), until)?;
        }
    }
    Ok(())
}
