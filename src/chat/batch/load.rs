//! What a batch needs to see, read in a handful of queries while its rooms' rows are held.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DurationRound, NaiveDateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::chat::accounts;
use crate::chat::authorization;
use crate::chat::authorization::Subject;
use crate::chat::batch::state::BatchState;
use crate::chat::batch::targets::{Membership, Target};
use crate::chat::batch::{Action, Write};
use crate::chat::members::banned;
use crate::chat::messages as reading;
use crate::chat::messages::reactions_to;
use crate::chat::rooms as room_rows;
use crate::chat::rooms::LockMode;
use crate::db::connection::AnyConnection;
use crate::db::multi_row::Column::{Numbers, Texts};
use crate::db::multi_row::Rows;
use crate::db::schema::{members, mentions, users};
use crate::render::Mention;
use crate::wire::{Notify, RoomId, RoomKind, Seq, UserId};

impl BatchState {
    /// Holds the rooms' rows, as far as nobody else does, and then reads: whatever was committed before is seen.
    pub fn load(
        connection: &mut AnyConnection,
        writes: &[Write],
        known_held: &HashSet<RoomId>,
        taking: LockMode,
    ) -> QueryResult<Self> {
        let room_ids = distinct(writes.iter().map(|write| write.room));
        let (rooms, held) = room_rows::lock_for_batch(connection, &room_ids, known_held, taking)?;
        let mut picture = Self {
            now: now(),
            rooms,
            held,
            actors: HashMap::new(),
            members: HashMap::new(),
            all: HashMap::new(),
            users: HashMap::new(),
            names: HashMap::new(),
            keys: HashMap::new(),
            quiet: HashSet::new(),
            messages: HashMap::new(),
            removals: Vec::new(),
        };
        picture.load_keys(connection, writes)?;
        picture.load_messages(connection, &room_ids, writes)?;
        picture.load_names(connection, writes)?;
        picture.load_people(connection, writes)?;
        Ok(picture)
    }

    fn load_keys(&mut self, connection: &mut AnyConnection, writes: &[Write]) -> QueryResult<()> {
        let keys = distinct(writes.iter().filter_map(|write| match &write.action {
            Action::Send { key, .. } => Some((write.user, key.canonical.as_str())),
            _ => None,
        }));
        let rows: Vec<(UserId, String, RoomId, Seq)> = Rows::new(keys.len())
            .with("author_id", Numbers(keys.iter().map(|(author, _)| *author).collect()))
            .with("key", Texts(keys.iter().map(|(_, key)| *key).collect()))
            .load::<(BigInt, Text, BigInt, BigInt), _>(
                connection,
                "SELECT messages.author_id, messages.key, messages.room_id, messages.id FROM {given} \
                 JOIN messages ON messages.author_id = given.author_id AND messages.key = given.key",
            )?;
        self.keys.extend(rows.into_iter().map(|(author, key, room, id)| ((author, key), (room, id))));
        Ok(())
    }

    fn load_messages(&mut self, connection: &mut AnyConnection, rooms: &[RoomId], writes: &[Write]) -> QueryResult<()> {
        let ids = distinct(writes.iter().filter_map(|write| match write.action {
            Action::Send { reply_to, .. } => reply_to,
            Action::Edit { id, .. } | Action::Delete { id, .. } | Action::React { id, .. } => Some(id),
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

    fn load_names(&mut self, connection: &mut AnyConnection, writes: &[Write]) -> QueryResult<()> {
        let names = writes.iter().flat_map(mentions_in).flat_map(|Mention(names)| names);
        let names = distinct(names.map(String::as_str));
        let rows: Vec<(String, UserId)> = Rows::new(names.len())
            .with("username_key", Texts(names))
            .load::<(Text, BigInt), _>(
                connection,
                "SELECT users.username_key, users.id FROM {given} JOIN users ON users.username_key = given.username_key",
            )?;
        self.names.extend(rows);
        Ok(())
    }

    /// Everybody who acts in a room, or may be mentioned in it, and whether they are members of it.
    fn load_people(&mut self, connection: &mut AnyConnection, writes: &[Write]) -> QueryResult<()> {
        let named = writes.iter().flat_map(|write| {
            let names = mentions_in(write).iter().flat_map(|Mention(names)| names);
            names.filter_map(|name| self.names.get(name)).map(|user| (write.room, *user))
        });
        let answered = self.messages.iter().map(|((room, _), target)| (*room, target.author()));
        let people = distinct(writes.iter().map(|write| (write.room, write.user)).chain(named).chain(answered));
        // Who removes as an admin stays one until the removal is stored.
        let removers = distinct(
            writes.iter().filter(|write| matches!(write.action, Action::Delete { .. })).map(|write| write.user),
        );
        if !removers.is_empty() {
            accounts::lock_users(connection, &removers)?;
        }
        for (at, Subject { user, actor, mark, sent_at, notify }) in authorization::load(connection, &people)? {
            self.users.insert(user.id, user);
            if notify == Some(Notify::None) || actor.excluded {
                self.quiet.insert(at);
            }
            self.actors.insert(at, actor);
            if let (Some(role), Some(mark)) = (actor.role, mark) {
                self.members.insert(at, Membership { role, mark, sent_at, new: false, marked: false });
            }
        }
        let direct = self.rooms.values().filter(|state| state.room.kind == RoomKind::Direct).map(|state| state.room.id);
        let at_once = writes.iter().filter(|write| mentions_many(write)).map(|write| write.room);
        let all = distinct(direct.chain(at_once));
        if !all.is_empty() {
            let rows: Vec<(RoomId, UserId, String, Option<bool>)> = members::table
                .inner_join(users::table)
                .filter(members::room_id.eq_any(&all))
                .select((members::room_id, members::user_id, members::notify, banned(self.now)))
                .load(connection)?;
            for (room, user, notify, banned) in rows {
                if Notify::from_column(&notify) == Notify::None || banned == Some(true) {
                    self.quiet.insert((room, user));
                }
                self.all.entry(room).or_default().push(user);
            }
        }
        Ok(())
    }
}

fn mentions_in(write: &Write) -> &[Mention] {
    match &write.action {
        Action::Send { rendered, .. } | Action::Edit { rendered, .. } => &rendered.mentions,
        _ => &[],
    }
}

fn mentions_many(write: &Write) -> bool {
    match &write.action {
        Action::Send { rendered, .. } | Action::Edit { rendered, .. } => {
            rendered.mentions_room() || rendered.mentions_here()
        }
        _ => false,
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
