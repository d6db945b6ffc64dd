//! What a batch needs to see, read in a handful of queries while its rooms' rows are held.

use std::collections::{HashMap, HashSet};

use chrono::{DurationRound, NaiveDateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::chat::batch::people::People;
use crate::chat::batch::projections::Projections;
use crate::chat::batch::state::BatchState;
use crate::chat::batch::targets::Target;
use crate::chat::batch::{Action, Write};
use crate::chat::messages;
use crate::chat::rooms;
use crate::chat::rooms::LockMode;
use crate::db::connection::AnyConnection;
use crate::db::multi_row::Column::{Numbers, Texts};
use crate::db::multi_row::{Rows, distinct};
use crate::wire::{RoomId, Seq, UserId};

impl BatchState {
    /// Holds the rooms' rows, as far as nobody else does, and then reads: whatever was committed before is seen.
    pub fn load(
        connection: &mut AnyConnection,
        writes: &[Write],
        known_held: &HashSet<RoomId>,
        taking: LockMode,
    ) -> QueryResult<Self> {
        let room_ids = distinct(writes.iter().map(|write| write.room));
        let (rooms, held) = rooms::lock_for_batch(connection, &room_ids, known_held, taking)?;
        let mut state = Self {
            now: now(),
            rooms,
            held,
            people: People::default(),
            keys: HashMap::new(),
            messages: HashMap::new(),
            projections: Projections::default(),
            removals: Vec::new(),
        };
        state.load_keys(connection, writes)?;
        state.load_messages(connection, &room_ids, writes)?;
        state.people = People::load(connection, writes, state.now, &state.rooms, &state.messages)?;
        Ok(state)
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
        let mut found = HashMap::new();
        for (room, message) in messages::without_reactions(connection, rooms, ids)? {
            found.insert((room, message.id), Target { message, key: None, touched: false });
        }
        self.projections.load(connection, rooms, ids, &mut found)?;
        self.messages.extend(found);
        Ok(())
    }
}

/// Now, to the millisecond that the wire shows.
fn now() -> NaiveDateTime {
    let now = Utc::now().naive_utc();
    now.duration_trunc(TimeDelta::milliseconds(1)).unwrap_or(now)
}
