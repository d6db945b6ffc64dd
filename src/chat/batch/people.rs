//! Everybody who acts in a room of a batch or may be mentioned in it, as the batch sees and leaves them.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::NaiveDateTime;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::chat::accounts;
use crate::chat::authorization;
use crate::chat::authorization::Subject;
use crate::chat::batch::targets::{Membership, MessageAt, Target};
use crate::chat::batch::{Action, Write};
use crate::chat::blocks;
use crate::chat::members::{banned, last_sent_of};
use crate::chat::rooms::RoomState;
use crate::db::connection::AnyConnection;
use crate::db::multi_row::Column::Texts;
use crate::db::multi_row::{Rows, distinct};
use crate::db::schema::{members, users};
use crate::policy::Actor;
use crate::render::mentions::Mention;
use crate::wire::{Notify, RoomId, RoomKind, User, UserId};

#[derive(Default)]
pub struct People {
    actors: HashMap<(RoomId, UserId), Actor>,
    pub members: HashMap<(RoomId, UserId), Membership>,
    /// All members of the direct rooms in the batch, where every message is a mention, and of those where somebody wants
    /// to mention many at once.
    pub all: HashMap<RoomId, Vec<UserId>>,
    pub users: HashMap<UserId, User>,
    /// Usernames in lower case, of those who may be mentioned.
    pub names: HashMap<String, UserId>,
    /// When those who come in sent their latest message here, where the room was slow and they left it.
    pub last_sent: HashMap<(RoomId, UserId), NaiveDateTime>,
    /// Between whoever sends, edits or reacts and those whom that reaches: who has blocked, and whom.
    pub blocks: HashSet<(UserId, UserId)>,
    /// Members who are not told when they are mentioned: they don't want it, or are banned from the chat.
    quiet: HashSet<(RoomId, UserId)>,
}

impl People {
    /// How somebody stands to a room by now: who enters in a batch is a member for the rest of it.
    pub fn actor(&self, room: RoomId, user: UserId) -> Option<Actor> {
        let role = self.members.get(&(room, user)).map(|member| member.role);
        self.actors.get(&(room, user)).map(|actor| Actor { role, ..*actor })
    }

    /// Those of these members who want to be told of mentions.
    pub fn loud<'a>(
        &'a self,
        room: RoomId,
        users: impl IntoIterator<Item = &'a UserId>,
    ) -> impl Iterator<Item = UserId> {
        users.into_iter().copied().filter(move |user| !self.quiet.contains(&(room, *user)))
    }

    /// Whether somebody has blocked another.
    pub fn blocks(&self, user: UserId, other: UserId) -> bool {
        self.blocks.contains(&(user, other))
    }

    /// Reads all who matter to these writes.
    pub fn load(
        connection: &mut AnyConnection,
        writes: &[Write],
        now: NaiveDateTime,
        rooms: &HashMap<RoomId, RoomState>,
        messages: &HashMap<MessageAt, Target>,
    ) -> QueryResult<Self> {
        let mut people = Self::default();
        people.load_names(connection, writes)?;
        people.load_subjects(connection, writes, messages)?;
        people.load_all_members(connection, writes, now, rooms)?;
        people.blocks = blocks::among(connection, people.reached(writes, rooms, messages))?;
        let to_many = writes.iter().filter(|write| mentions_many(write)).map(|write| (write.room, write.user));
        people.blocks.extend(blocks::by_members(connection, &distinct(to_many))?);
        let entering = writes.iter().filter(|write| matches!(write.action, Action::Enter));
        let entering = distinct(entering.map(|write| (write.room, write.user)));
        people.last_sent = last_sent_of(connection, &entering)?;
        Ok(people)
    }

    /// Whomever a write names or answers, and who is in the same direct talk, with whoever writes, in both orders.
    fn reached(
        &self,
        writes: &[Write],
        rooms: &HashMap<RoomId, RoomState>,
        messages: &HashMap<MessageAt, Target>,
    ) -> BTreeSet<(UserId, UserId)> {
        let mut pairs = BTreeSet::new();
        for write in writes {
            let answered = match write.action {
                Action::Send { reply_to, .. } => reply_to,
                Action::Edit { id, .. } => messages.get(&(write.room, id)).and_then(|target| target.message.reply_to),
                Action::React { .. } => None,
                _ => continue,
            };
            let mut others: Vec<UserId> = mentions_in(write)
                .iter()
                .flat_map(|mention| &mention.readings)
                .filter_map(|name| self.names.get(name).copied())
                .collect();
            match answered.map(|id| messages.get(&(write.room, id))) {
                Some(Some(target)) => others.push(target.author()),
                // Of a message that this batch stores.
                Some(None) => others.extend(writes.iter().filter(|by| by.room == write.room).map(|by| by.user)),
                None => {}
            }
            if rooms.get(&write.room).is_some_and(|state| state.room.kind == RoomKind::Direct) {
                others.extend(self.all.get(&write.room).into_iter().flatten());
            }
            pairs.extend(others.into_iter().flat_map(|other| [(other, write.user), (write.user, other)]));
        }
        pairs
    }

    fn load_names(&mut self, connection: &mut AnyConnection, writes: &[Write]) -> QueryResult<()> {
        let names = writes.iter().flat_map(mentions_in).flat_map(|mention| &mention.readings);
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

    /// Whoever acts, is named or is answered, and how they stand to the room.
    fn load_subjects(
        &mut self,
        connection: &mut AnyConnection,
        writes: &[Write],
        messages: &HashMap<MessageAt, Target>,
    ) -> QueryResult<()> {
        let named = writes.iter().flat_map(|write| {
            let names = mentions_in(write).iter().flat_map(|mention| &mention.readings);
            names.filter_map(|name| self.names.get(name)).map(|user| (write.room, *user))
        });
        let answered = messages.iter().map(|((room, _), target)| (*room, target.author()));
        let people = distinct(writes.iter().map(|write| (write.room, write.user)).chain(named).chain(answered));
        // Who removes as an admin stays one until the removal is stored, and its author has the name that the log says.
        let removed = writes.iter().flat_map(|write| match write.action {
            Action::Delete { id, .. } => {
                [Some(write.user), messages.get(&(write.room, id)).map(Target::author)].into_iter().flatten().collect()
            }
            _ => Vec::new(),
        });
        let concerned = distinct(removed);
        if !concerned.is_empty() {
            accounts::lock_users(connection, &concerned)?;
        }
        for (at, Subject { user, actor, mark, sent_at, notify }) in authorization::load(connection, &people)? {
            self.users.insert(user.id, user);
            if notify == Some(Notify::None) || actor.excluded {
                self.quiet.insert(at);
            }
            self.actors.insert(at, actor);
            if let (Some(role), Some(mark)) = (actor.role, mark) {
                self.members.insert(
                    at,
                    Membership { role, mark, sent_at, new: false, marked: false, at_end: false, paced: false },
                );
            }
        }
        Ok(())
    }

    fn load_all_members(
        &mut self,
        connection: &mut AnyConnection,
        writes: &[Write],
        now: NaiveDateTime,
        rooms: &HashMap<RoomId, RoomState>,
    ) -> QueryResult<()> {
        let direct = rooms.values().filter(|state| state.room.kind == RoomKind::Direct).map(|state| state.room.id);
        let at_once = writes.iter().filter(|write| mentions_many(write)).map(|write| write.room);
        let all = distinct(direct.chain(at_once));
        if all.is_empty() {
            return Ok(());
        }
        let rows: Vec<(RoomId, UserId, String, Option<bool>)> = members::table
            .inner_join(users::table)
            .filter(members::room_id.eq_any(&all))
            .select((members::room_id, members::user_id, members::notify, banned(now)))
            .load(connection)?;
        for (room, user, notify, banned) in rows {
            if Notify::from_column(&notify) == Notify::None || banned == Some(true) {
                self.quiet.insert((room, user));
            }
            self.all.entry(room).or_default().push(user);
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
