//! The HTML of bodies that an older version rendered, made anew with the people who were meant when they were sent.
//!
//! Who was meant is kept as rows of `mentions`. A name whose owner is gone means nobody by now, whoever else has taken it. In a
//! direct room, where nothing is kept, it means those who were members by then.

use std::collections::HashMap;

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::db::connection::AnyConnection;
use crate::db::schema::{members, mentions, rooms, users};
use crate::render::mentions::{Meant, Mention};
use crate::render::{Rendered, render_again};
use crate::wire::{RoomId, RoomKind, Seq, UserId};

/// A message by its room and its id.
type MessageAt = (RoomId, Seq);

/// A message whose HTML is older than the renderer.
pub struct Older {
    pub at: MessageAt,
    pub author: UserId,
    pub username: String,
    pub sent_at: NaiveDateTime,
    pub body: String,
}

/// A member or somebody who was mentioned: the name in its one form.
type Named = (UserId, String);

/// The HTML of each.
pub fn render_older(connection: &mut AnyConnection, older: &[Older]) -> QueryResult<HashMap<MessageAt, String>> {
    let rendered: Vec<Rendered> = older.iter().map(|older| render_again(&older.body)).collect();
    let naming: Vec<&Older> = older
        .iter()
        .zip(&rendered)
        .filter(|(_, rendered)| !rendered.mentions.is_empty())
        .map(|(older, _)| older)
        .collect();
    let mentioned = mentioned(connection, &naming)?;
    let direct = members_of_direct(connection, &naming)?;
    let html = |(older, rendered): (&Older, &Rendered)| {
        let named: Vec<Named> = match direct.get(&older.at.0) {
            Some(members) => {
                let by_then = members.iter().filter(|(_, joined_at)| *joined_at <= older.sent_at);
                by_then.map(|(named, _)| named.clone()).collect()
            }
            None => mentioned.get(&older.at).cloned().unwrap_or_default(),
        };
        (older.at, rendered.html(&meant(rendered, older, &named)))
    };
    Ok(older.iter().zip(&rendered).map(html).collect())
}

fn meant(rendered: &Rendered, older: &Older, named: &[Named]) -> Vec<Meant> {
    let author = (older.author, older.username.to_ascii_lowercase());
    let user = |name: &String| named.iter().chain([&author]).find(|(_, other)| other == name).map(|(id, _)| *id);
    let by_name = |mention: &Mention| {
        let mut readings = mention.readings.iter().enumerate();
        readings.find_map(|(reading, name)| user(name).map(|id| Meant::User { reading, id }))
    };
    let meant: Vec<Option<Meant>> = rendered.mentions.iter().map(by_name).collect();
    // What is kept does not tell by what somebody was mentioned: `@room` and `@here` mean all of these.
    let mut ids: Vec<UserId> = named.iter().map(|(id, _)| *id).filter(|id| *id != older.author).collect();
    ids.sort_unstable();
    let at_once = |mention: &Mention| {
        let reading = mention.readings.iter().position(|name| matches!(name.as_str(), "room" | "here"));
        reading.filter(|_| !ids.is_empty()).map(|reading| Meant::Many { reading, ids: ids.clone() })
    };
    let mentions = rendered.mentions.iter().zip(meant);
    mentions.map(|(mention, meant)| meant.or_else(|| at_once(mention)).unwrap_or(Meant::Nobody)).collect()
}

fn mentioned(connection: &mut AnyConnection, older: &[&Older]) -> QueryResult<HashMap<MessageAt, Vec<Named>>> {
    let mut found: HashMap<MessageAt, Vec<Named>> = HashMap::new();
    if older.is_empty() {
        return Ok(found);
    }
    let (in_rooms, ids): (Vec<RoomId>, Vec<i64>) = older.iter().map(|older| older.at).unzip();
    let rows: Vec<(RoomId, i64, UserId, String)> = mentions::table
        .inner_join(users::table)
        .filter(mentions::room_id.eq_any(in_rooms).and(mentions::message_id.eq_any(ids)))
        .select((mentions::room_id, mentions::message_id, users::id, users::username_key))
        .load(connection)?;
    for (room, id, user, name) in rows {
        found.entry((room, id)).or_default().push((user, name));
    }
    Ok(found)
}

type Joined = (Named, NaiveDateTime);

fn members_of_direct(connection: &mut AnyConnection, older: &[&Older]) -> QueryResult<HashMap<RoomId, Vec<Joined>>> {
    let mut found: HashMap<RoomId, Vec<Joined>> = HashMap::new();
    if older.is_empty() {
        return Ok(found);
    }
    let in_rooms: Vec<RoomId> = older.iter().map(|older| older.at.0).collect();
    let rows: Vec<(RoomId, UserId, String, NaiveDateTime)> = members::table
        .inner_join(rooms::table)
        .inner_join(users::table)
        .filter(members::room_id.eq_any(in_rooms).and(rooms::kind.eq(RoomKind::Direct.as_str())))
        .select((members::room_id, users::id, users::username_key, members::joined_at))
        .load(connection)?;
    for (room, user, name, joined_at) in rows {
        found.entry(room).or_default().push(((user, name), joined_at));
    }
    Ok(found)
}
