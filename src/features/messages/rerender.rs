//! The job that renders bodies anew whose HTML an older version made, and stores what it makes.
//!
//! Until it has passed a message, each reading renders that anew. It goes through the rooms by their ids and through each
//! by its messages' ids, and changes no number: nobody is told, since a page that is read anew shows it.

use std::sync::atomic::Ordering;

use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::app::jobs::{JobError, JobKind, Step, Work};
use crate::base::config::Config;
use crate::chat::messages::OLDER_SEEN;
use crate::chat::older_html::{Older, render_older};
use crate::db::connection::AnyConnection;
use crate::db::jobs::enqueue_once;
use crate::db::meta;
use crate::db::multi_row::Column::{Numbers, Texts};
use crate::db::multi_row::Rows;
use crate::db::schema::{messages, rooms, users};
use crate::render::RENDERER;
use crate::wire::{RoomId, Seq, UserId};

pub const RERENDER: JobKind = JobKind { name: "rerender", work: Work::Rows(step), look };

/// The row in `meta` with the renderer that all bodies have been through.
const RENDERED_BY: &str = "rendered_by";
/// Messages that are looked at in a step, and those that are rendered.
const WINDOW: i64 = 2_000;
const AT_ONCE: i64 = 100;

/// What is done: all rooms below this one, and in it all messages up to this id.
#[derive(Default, Deserialize, Serialize)]
struct Progress {
    room: RoomId,
    id: Seq,
}

/// Queues the job in a database that this renderer has not been through, and where a body was met that it has not.
fn look(connection: &mut AnyConnection, _: &Config) -> QueryResult<()> {
    let done = meta::get(connection, RENDERED_BY)?.and_then(|version| version.parse::<i32>().ok());
    if done.is_some_and(|version| version >= RENDERER) && !OLDER_SEEN.swap(false, Ordering::Relaxed) {
        return Ok(());
    }
    let any: Option<Seq> = messages::table.select(messages::id).first(connection).optional()?;
    match any {
        None => note_done(connection),
        Some(_) => enqueue_once(connection, RERENDER.name, RERENDER.name, "{}"),
    }
}

fn step(connection: &mut AnyConnection, payload: &str) -> Result<Step, JobError> {
    let Progress { room, id } = if payload == "{}" { Progress::default() } else { serde_json::from_str(payload)? };
    let last: Option<Seq> = rooms::table.find(room).select(rooms::last_seq).first(connection).optional()?;
    let Some(last) = last.filter(|last| *last > id) else {
        // This room is done, or there is none of this id.
        let next: Option<RoomId> =
            rooms::table.filter(rooms::id.gt(room)).order(rooms::id).select(rooms::id).first(connection).optional()?;
        return Ok(match next {
            Some(room) => Step::More(serde_json::to_string(&Progress { room, id: 0 })?),
            None => note_done(connection).map(|()| Step::Done)?,
        });
    };
    let end = last.min(id + WINDOW);
    let rows: Vec<(Seq, Seq, UserId, String, NaiveDateTime, String)> = messages::table
        .inner_join(users::table)
        .filter(messages::room_id.eq(room).and(messages::id.gt(id)).and(messages::id.le(end)))
        .filter(messages::renderer.lt(RENDERER).and(messages::deleted_at.is_null()))
        .order(messages::id)
        .limit(AT_ONCE)
        .select((messages::id, messages::seq, users::id, users::username, messages::sent_at, messages::body))
        .load(connection)?;
    let seqs: Vec<Seq> = rows.iter().map(|(_, seq, ..)| *seq).collect();
    let older = rows.into_iter().map(|(id, _, author, username, sent_at, body)| {
        let at = (room, id);
        Older { at, author, username, sent_at, body }
    });
    let older: Vec<Older> = older.collect();
    let html = render_older(connection, &older)?;
    let html = older.iter().map(|older| html.get(&older.at).map_or("", String::as_str)).collect();
    // Where a message was changed meanwhile it has another number, and its body has been rendered by whoever changed it.
    Rows::new(older.len())
        .with("room_id", Numbers(vec![room; older.len()]))
        .with("id", Numbers(older.iter().map(|older| older.at.1).collect()))
        .with("seq", Numbers(seqs))
        .with("html", Texts(html))
        .with("renderer", Numbers(vec![RENDERER.into(); older.len()]))
        .execute(
            connection,
            "UPDATE messages SET html = given.html, renderer = given.renderer FROM {given} \
             WHERE messages.room_id = given.room_id AND messages.id = given.id AND messages.seq = given.seq",
        )?;
    let is_full = older.len() as i64 == AT_ONCE;
    let id = older.last().filter(|_| is_full).map_or(end, |older| older.at.1);
    Ok(Step::More(serde_json::to_string(&Progress { room, id })?))
}

fn note_done(connection: &mut AnyConnection) -> QueryResult<()> {
    meta::set(connection, RENDERED_BY, &RENDERER.to_string())
}
