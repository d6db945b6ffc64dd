//! The job that removes the messages of deleted rooms. The room itself and all else of it went at once, so nobody sees them.

use diesel::prelude::*;

use crate::app::jobs::{JobError, JobKind, Step, Work};
use crate::base::config::Config;
use crate::db::connection::AnyConnection;
use crate::db::jobs::enqueue_once;
use crate::db::schema::{deleted_rooms, messages, rooms};
use crate::wire::{RoomId, Seq};

pub const PURGE_ROOMS: JobKind = JobKind { name: "purge_rooms", work: Work::Rows(step), look };

/// Messages that are removed in a step: sends wait for it on SQLite.
const AT_ONCE: i64 = 250;

fn next(connection: &mut AnyConnection) -> QueryResult<Option<RoomId>> {
    deleted_rooms::table.select(deleted_rooms::room_id).order(deleted_rooms::room_id).first(connection).optional()
}

/// The database notes a room that is deleted, whichever version of the program deletes it.
fn look(connection: &mut AnyConnection, _: &Config) -> QueryResult<()> {
    match next(connection)? {
        Some(_) => enqueue_once(connection, PURGE_ROOMS.name, PURGE_ROOMS.name, "{}"),
        None => Ok(()),
    }
}

fn step(connection: &mut AnyConnection, _: &str) -> Result<Step, JobError> {
    let Some(room) = next(connection)? else { return Ok(Step::Done) };
    let there: Option<RoomId> = rooms::table.find(room).select(rooms::id).first(connection).optional()?;
    // Somebody may have put it back.
    if there.is_some() {
        diesel::delete(deleted_rooms::table.find(room)).execute(connection)?;
        return Ok(Step::More("{}".to_owned()));
    }
    let left = messages::table.filter(messages::room_id.eq(room));
    // The latest first: a message goes after those that answer it.
    let ids: Vec<Seq> = left.select(messages::id).order(messages::id.desc()).limit(AT_ONCE).load(connection)?;
    match ids.last() {
        Some(first) => diesel::delete(left.filter(messages::id.ge(first))).execute(connection)?,
        None => diesel::delete(deleted_rooms::table.find(room)).execute(connection)?,
    };
    Ok(Step::More("{}".to_owned()))
}
