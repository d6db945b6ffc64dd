//! What a batch needs to see, read in a handful of queries while its rooms' rows are held.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DurationRound, NaiveDateTime, TimeDelta, Utc};
use diesel::prelude::*;

use super::picture::{Membership, Picture, Target};
use super::{Action, Write};
use crate::protocol::{Role, RoomId, RoomKind, Seq, User, UserId};
use crate::render::Mention;
use crate::store::connection::AnyConnection;
use crate::store::messages::{self as reading, reactions_to};
use crate::store::rooms::{self as room_rows, Taking};
use crate::store::schema::{members, mentions, messages, users};

impl Picture {
    /// Holds the rooms' rows, as far as nobody else does, and then reads: whatever was committed before is seen.
    pub fn load(
        connection: &mut AnyConnection,
        writes: &[Write],
        known_held: &HashSet<RoomId>,
        taking: Taking,
    ) -> QueryResult<Self> {
        let room_ids = distinct(writes.iter().map(|write| write.room));
        let authors = distinct(writes.iter().map(|write| write.user));
        let (rooms, held) = room_rows::lock_for_batch(connection, &room_ids, known_held, taking)?;
        let mut picture = Self {
            now: now(),
            rooms,
            held,
            members: HashMap::new(),
            direct: HashMap::new(),
            users: HashMap::new(),
            names: HashMap::new(),
            keys: HashMap::new(),
            messages: HashMap::new(),
        };
        picture.load_keys(connection, writes)?;
        picture.load_messages(connection, &room_ids, writes)?;
        let named = picture.load_names(connection, writes)?;
        let answered = picture.messages.values().map(Target::author);
        let people = distinct(authors.iter().copied().chain(named).chain(answered));
        picture.load_members(connection, &room_ids, &people)?;
        let rows: Vec<(UserId, String, String)> = users::table
            .filter(users::id.eq_any(&authors))
            .select((users::id, users::username, users::display_name))
            .load(connection)?;
        for (id, username, display_name) in rows {
            picture.users.insert(id, User { id, username, display_name });
        }
        Ok(picture)
    }

    fn load_keys(&mut self, connection: &mut AnyConnection, writes: &[Write]) -> QueryResult<()> {
        let keys: Vec<&str> = writes
            .iter()
            .filter_map(|write| match &write.action {
                Action::Send { key, .. } => Some(key.canonical.as_str()),
                _ => None,
            })
            .collect();
        if keys.is_empty() {
            return Ok(());
        }
        let authors = distinct(writes.iter().map(|write| write.user));
        let rows: Vec<(UserId, String, RoomId, Seq)> = messages::table
            .filter(messages::author_id.eq_any(&authors).and(messages::key.eq_any(&keys)))
            .select((messages::author_id, messages::key, messages::room_id, messages::id))
            .load(connection)?;
        self.keys.extend(rows.into_iter().map(|(author, key, room, id)| ((author, key), (room, id))));
        Ok(())
    }

    fn load_messages(&mut self, connection: &mut AnyConnection, rooms: &[RoomId], writes: &[Write]) -> QueryResult<()> {
        let ids = distinct(writes.iter().filter_map(|write| match write.action {
            Action::Send { reply_to, .. } => reply_to,
            Action::Edit { id, .. } | Action::Delete { id } | Action::React { id, .. } => Some(id),
            Action::Enter | Action::Read { .. } => None,
        }));
        self.load_targets(connection, rooms, &ids)?;
        // What an edited reply answers is needed too: its author stays mentioned.
        let sources = distinct(self.messages.values().filter_map(|target| target.message.reply_to));
        let missing: Vec<Seq> = sources.into_iter().filter(|id| !ids.contains(id)).collect();
        self.load_targets(connection, rooms, &missing)
    }

    fn load_targets(&mut self, connection: &mut AnyConnection, rooms: &[RoomId], ids: &[Seq]) -> QueryResult<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let mut given = reactions_to(connection, rooms, ids)?;
        let mut mentioned: HashMap<(RoomId, Seq), BTreeSet<UserId>> = HashMap::new();
        let rows: Vec<(RoomId, Seq, UserId)> = mentions::table
            .filter(mentions::room_id.eq_any(rooms).and(mentions::message_id.eq_any(ids)))
            .select((mentions::room_id, mentions::message_id, mentions::user_id))
            .load(connection)?;
        for (room, id, user) in rows {
            mentioned.entry((room, id)).or_default().insert(user);
        }
        for (room, message) in reading::by_ids(connection, rooms, ids)? {
            let at = (room, message.id);
            let reactions = given.remove(&at).unwrap_or_default();
            let mentioned = mentioned.remove(&at).unwrap_or_default();
            let target = Target { message, key: None, reactions, mentioned, touched: false, reacted: false };
            self.messages.insert(at, target);
        }
        Ok(())
    }

    fn load_names(&mut self, connection: &mut AnyConnection, writes: &[Write]) -> QueryResult<Vec<UserId>> {
        let names = distinct(
            writes
                .iter()
                .flat_map(|write| match &write.action {
                    Action::Send { rendered, .. } | Action::Edit { rendered, .. } => rendered.mentions.as_slice(),
                    _ => &[],
                })
                .flat_map(|Mention(names)| names.iter().map(String::as_str)),
        );
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<(String, UserId)> = users::table
            .filter(users::username_key.eq_any(&names))
            .select((users::username_key, users::id))
            .load(connection)?;
        self.names.extend(rows);
        Ok(self.names.values().copied().collect())
    }

    fn load_members(&mut self, connection: &mut AnyConnection, rooms: &[RoomId], people: &[UserId]) -> QueryResult<()> {
        let columns = (members::room_id, members::user_id, members::role, members::last_read_seq);
        let rows: Vec<(RoomId, UserId, String, Seq)> = members::table
            .filter(members::room_id.eq_any(rooms).and(members::user_id.eq_any(people)))
            .select(columns)
            .load(connection)?;
        for (room, user, role, mark) in rows {
            let member = Membership { role: Role::from_column(&role), mark, new: false, marked: false };
            self.members.insert((room, user), member);
        }
        let direct: Vec<RoomId> = self
            .rooms
            .values()
            .filter(|state| state.room.kind == RoomKind::Direct)
            .map(|state| state.room.id)
            .collect();
        if !direct.is_empty() {
            let rows: Vec<(RoomId, UserId)> = members::table
                .filter(members::room_id.eq_any(&direct))
                .select((members::room_id, members::user_id))
                .load(connection)?;
            for (room, user) in rows {
                self.direct.entry(room).or_default().push(user);
            }
        }
        Ok(())
    }
}

/// Now, to the millisecond that the wire shows.
fn now() -> NaiveDateTime {
    let now = Utc::now().naive_utc();
    now.duration_trunc(TimeDelta::milliseconds(1)).unwrap_or(now)
}

fn distinct<T: Ord>(items: impl Iterator<Item = T>) -> Vec<T> {
    items.collect::<BTreeSet<T>>().into_iter().collect()
}
