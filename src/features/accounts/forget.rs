//! What still has the name of somebody who deleted their account: the log gets the one they are called by now, and messages
//! whose HTML leads from the name to them are rendered anew, since another may take it. Where there is much, a job goes on.

use diesel::prelude::*;
use diesel::result::Error;
use serde::{Deserialize, Serialize};

use crate::app::jobs::{JobError, JobKind, Step, Work, nothing_to_look_for};
use crate::chat::audit;
use crate::db::AnyConnection;
use crate::db::jobs::enqueue_anew;
use crate::db::multi_row::Column::Numbers;
use crate::db::multi_row::Rows;
use crate::db::schema::{members, mentions, messages, rooms};
use crate::wire::{RoomId, RoomKind, Seq, UserId};

pub const FORGET_NAME: JobKind = JobKind { name: "forget_name", work: Work::Rows(step), look: nothing_to_look_for };

/// Rows that are looked at in a step.
const AT_ONCE: i64 = 250;
/// Steps that are done with the account, at most.
const WITH_THE_ACCOUNT: usize = 8;

/// What is still to be done.
#[derive(Deserialize, Serialize)]
struct Rest {
    user: UserId,
    /// Their direct talks that are not done: the memberships have ended with the account.
    talks: Vec<RoomId>,
    next: Next,
}

/// Where to go on. No mentions are kept of direct talks, nor of those who named themselves.
#[derive(Deserialize, Serialize)]
enum Next {
    /// With the log, after this entry.
    Log(i64),
    /// With those that mention them, after this one.
    Mentioned(RoomId, Seq),
    /// With those they wrote, after the one with this key.
    Written(String),
    /// With those of the last of the talks, after this one.
    Talk(Seq),
}

/// What an account is called that was deleted.
pub fn deleted_name(user: UserId) -> String {
    format!("deleted-{user}")
}

/// The direct talks that somebody is in.
///
/// # Errors
/// Those of the database.
pub fn talks_of(connection: &mut AnyConnection, user: UserId) -> QueryResult<Vec<RoomId>> {
    members::table
        .inner_join(rooms::table)
        .filter(members::user_id.eq(user).and(rooms::kind.eq(RoomKind::Direct.as_str())))
        .select(members::room_id)
        .load(connection)
}

/// Begins in the transaction that deletes the account, once its last entry is in the log; `talks` are those they were in.
///
/// # Errors
/// Those of the database.
pub fn begin(connection: &mut AnyConnection, user: UserId, talks: Vec<RoomId>) -> QueryResult<()> {
    let mut rest = Rest { user, talks, next: Next::Log(0) };
    for _ in 0..WITH_THE_ACCOUNT {
        match go_on(connection, rest)? {
            Some(more) => rest = more,
            None => return Ok(()),
        }
    }
    let payload = serde_json::to_string(&rest).map_err(|error| Error::SerializationError(error.into()))?;
    enqueue_anew(connection, FORGET_NAME.name, &format!("{}:{user}", FORGET_NAME.name), &payload)
}

fn step(connection: &mut AnyConnection, payload: &str) -> Result<Step, JobError> {
    Ok(match go_on(connection, serde_json::from_str(payload)?)? {
        Some(rest) => Step::More(serde_json::to_string(&rest)?),
        None => Step::Done,
    })
}

/// Does a part of it; what is left then.
fn go_on(connection: &mut AnyConnection, mut rest: Rest) -> QueryResult<Option<Rest>> {
    let user = rest.user;
    let (found, next): (Vec<(RoomId, Seq)>, Next) = match &rest.next {
        Next::Log(entry) => {
            let last = audit::rename(connection, user, &deleted_name(user), *entry, AT_ONCE)?;
            (Vec::new(), last.map_or(Next::Mentioned(0, 0), Next::Log))
        }
        Next::Mentioned(room, id) => {
            let theirs = || {
                let theirs = mentions::table.filter(mentions::user_id.eq(user));
                theirs
                    .order((mentions::room_id, mentions::message_id))
                    .select((mentions::room_id, mentions::message_id))
            };
            // The rest of this room, then the next ones: each is a range of the index.
            let mut found: Vec<(RoomId, Seq)> = theirs()
                .filter(mentions::room_id.eq(room).and(mentions::message_id.gt(id)))
                .limit(AT_ONCE)
                .load(connection)?;
            let rest = AT_ONCE - found.len() as i64;
            found.extend(theirs().filter(mentions::room_id.gt(room)).limit(rest).load::<(RoomId, Seq)>(connection)?);
            let next =
                last_of_full(&found).map_or(Next::Written(String::new()), |(room, id)| Next::Mentioned(*room, *id));
            (found, next)
        }
        Next::Written(key) => {
            let found: Vec<((RoomId, Seq), String, String)> = messages::table
                .filter(messages::author_id.eq(user).and(messages::key.gt(key)))
                .order(messages::key)
                .limit(AT_ONCE)
                .select(((messages::room_id, messages::id), messages::key, messages::body))
                .load(connection)?;
            let next = last_of_full(&found).map_or(Next::Talk(0), |(_, key, _)| Next::Written(key.clone()));
            (found.into_iter().filter(|(_, _, body)| may_name(body)).map(|(at, ..)| at).collect(), next)
        }
        Next::Talk(id) => {
            let Some(talk) = rest.talks.last() else { return Ok(None) };
            let found: Vec<(Seq, String)> = messages::table
                .filter(messages::room_id.eq(talk).and(messages::id.gt(id)))
                .order(messages::id)
                .limit(AT_ONCE)
                .select((messages::id, messages::body))
                .load(connection)?;
            let named = found.iter().filter(|(_, body)| may_name(body)).map(|(id, _)| (*talk, *id)).collect();
            match last_of_full(&found) {
                Some((id, _)) => (named, Next::Talk(*id)),
                None => {
                    rest.talks.pop();
                    (named, Next::Talk(0))
                }
            }
        }
    };
    let (in_rooms, ids): (Vec<RoomId>, Vec<Seq>) = found.into_iter().unzip();
    Rows::new(ids.len()).with("room_id", Numbers(in_rooms)).with("id", Numbers(ids)).execute(
        connection,
        "UPDATE messages SET renderer = 0 FROM {given} \
         WHERE messages.room_id = given.room_id AND messages.id = given.id",
    )?;
    Ok(Some(Rest { next, ..rest }))
}

fn may_name(body: &str) -> bool {
    body.contains(['@', '＠'])
}

/// The last of a page that is full: there may be more after it.
fn last_of_full<T>(page: &[T]) -> Option<&T> {
    page.last().filter(|_| page.len() as i64 == AT_ONCE)
}
