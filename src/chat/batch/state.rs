//! What a batch sees and changes: the rooms, members, keys and messages it touches, in memory while the rooms' rows are
//! held.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::base::failpoints::fault_enabled;
use crate::chat::audit;
use crate::chat::audit::Entry;
use crate::chat::batch::people::People;
use crate::chat::batch::projection::{Effect, MessageEvent, What};
use crate::chat::batch::projections::Projections;
use crate::chat::batch::targets::{Membership, MessageAt, Target};
use crate::chat::batch::{Action, Change, Done, Lowered, Write, rows, rules};
use crate::chat::blocks;
use crate::chat::read_state;
use crate::chat::read_state::ReadMarker;
use crate::chat::reports;
use crate::chat::rooms::RoomState;
use crate::db::connection::AnyConnection;
use crate::policy::{Action as May, Object, Person, may};
use crate::render::{Rendered, mentions_of};
use crate::wire::refusal::Refusal;
use crate::wire::{Act, Key, Message, Role, RoomId, Seq, User, UserId};

pub struct BatchState {
    pub(crate) now: NaiveDateTime,
    pub(crate) rooms: HashMap<RoomId, RoomState>,
    /// Rooms of the batch that somebody else holds: nothing may be done in them now.
    pub(crate) held: HashSet<RoomId>,
    pub(crate) people: People,
    /// What each author's keys were used for: the room and the message's id.
    pub(crate) keys: HashMap<(UserId, String), (RoomId, Seq)>,
    pub(crate) messages: HashMap<MessageAt, Target>,
    pub(crate) projections: Projections,
    pub(crate) removals: Vec<Removal>,
}

/// Somebody's message that was removed by somebody else.
pub struct Removal {
    pub room: RoomId,
    pub by: UserId,
    pub author: User,
    pub id: Seq,
    pub reason: String,
}

/// What somebody wants to send.
struct Draft<'a> {
    key: &'a Key,
    rendered: &'a Rendered,
    reply_to: Option<Seq>,
    present: &'a [UserId],
}

impl BatchState {
    /// Lets one write act on the picture. A change takes the room's next number here.
    pub fn act(&mut self, write: &Write, changes: &mut Vec<Change>) -> Result<Done, Refusal> {
        let (room, user) = (write.room, write.user);
        match &write.action {
            Action::Enter => self.enter(room, user),
            Action::Send { key, rendered, reply_to, present } => {
                self.send(room, user, &Draft { key, rendered, reply_to: *reply_to, present }, changes)
            }
            Action::Edit { id, rendered } => self.edit(room, user, *id, rendered, changes),
            Action::Delete { id, reason, wipe } => self.delete(room, user, *id, reason, *wipe, changes),
            Action::React { id, emoji, on } => self.react(room, user, *id, emoji, *on, changes),
            Action::Read { seq } => self.read(room, user, *seq),
        }
    }

    fn enter(&mut self, room: RoomId, user: UserId) -> Result<Done, Refusal> {
        self.permit(room, user, May::Enter, None)?;
        let mark = self.rooms[&room].room.seq;
        let sent_at = self.people.last_sent.get(&(room, user)).copied();
        let new =
            Membership { role: Role::Member, mark, sent_at, new: true, marked: false, at_end: true, paced: false };
        self.people.members.entry((room, user)).or_insert(new);
        Ok(Done::Entered)
    }

    fn send(
        &mut self,
        room: RoomId,
        user: UserId,
        Draft { key, rendered, reply_to, present }: &Draft,
        changes: &mut Vec<Change>,
    ) -> Result<Done, Refusal> {
        let lost = || Key { canonical: uuid::Uuid::new_v4().to_string(), written: key.written.clone() };
        let key = if fault_enabled("drop_key_check") { &lost() } else { *key };
        // What somebody may not see answers no key, whatever they used it for.
        self.permit(room, user, May::See, None)?;
        match self.keys.get(&(user, key.canonical.clone())) {
            Some((used_in, id)) if *used_in == room => return Ok(Done::Sent { id: *id, new: None }),
            Some(_) => return Err(Refusal::invalid("key: used before, in another room")),
            None => {}
        }
        self.permit(room, user, May::Talk, None)?;
        self.pass_blocks(room, user)?;
        self.pass_rules(room, user, rendered, true)?;
        let author = self.people.users.get(&user).cloned().ok_or_else(Refusal::unavailable)?;
        let answered = match reply_to {
            Some(id) => Some(self.target(room, *id)?.author()),
            None => None,
        };
        let id = self.next_number(room);
        if let Some(state) = self.rooms.get_mut(&room) {
            state.count += 1;
        }
        if let Some(member) = self.people.members.get_mut(&(room, user)) {
            (member.mark, member.marked, member.at_end) = (id, true, true);
            if self.rooms[&room].room.slow_secs > 0 {
                member.sent_at = Some(self.now);
            }
        }
        self.keys.insert((user, key.canonical.clone()), (room, id));
        let message = Message {
            id,
            seq: id,
            key: key.written.clone(),
            author,
            body: rendered.body.clone(),
            // Made where the mentions are kept.
            html: String::new(),
            sent_at: self.now,
            edited_at: None,
            deleted: false,
            removed: false,
            reply_to: *reply_to,
            reactions: Vec::new(),
        };
        let target = Target { message, key: Some(key.canonical.clone()), touched: true };
        self.messages.insert((room, id), target);
        let message = self.follow(room, user, id, What::Sent { rendered, answered, present }, changes)?;
        Ok(Done::Sent { id, new: Some(message) })
    }

    fn edit(
        &mut self,
        room: RoomId,
        user: UserId,
        id: Seq,
        rendered: &Rendered,
        changes: &mut Vec<Change>,
    ) -> Result<Done, Refusal> {
        let target = self.own(room, user, id, May::Edit)?;
        if target.message.deleted {
            return Err(Refusal::message_not_found());
        }
        if target.message.body == rendered.body {
            return Ok(Done::Changed { id, seq: target.message.seq });
        }
        let reply_to = target.message.reply_to;
        self.pass_blocks(room, user)?;
        // Whoever is mentioned newly is told at once, as of a new message: then it takes as long to the next as that.
        let mentions_anew = self.is_slow(room) && mentions_anew(&target.message, rendered);
        self.pass_rules(room, user, rendered, mentions_anew)?;
        if mentions_anew && let Some(member) = self.people.members.get_mut(&(room, user)) {
            (member.sent_at, member.paced) = (Some(self.now), true);
        }
        // A reply mentioned its source's author when it was sent, and still does.
        let answered = reply_to.and_then(|source| self.messages.get(&(room, source))).map(Target::author);
        let (seq, now) = (self.next_number(room), self.now);
        let message = self.touch(room, id)?;
        message.body.clone_from(&rendered.body);
        message.edited_at = Some(now);
        message.seq = seq;
        self.follow(room, user, id, What::Edited { rendered, answered }, changes)?;
        Ok(Done::Changed { id, seq })
    }

    fn delete(
        &mut self,
        room: RoomId,
        user: UserId,
        id: Seq,
        reason: &str,
        wipe: bool,
        changes: &mut Vec<Change>,
    ) -> Result<Done, Refusal> {
        match wipe {
            // The messages of a deleted room are there until a job has removed them.
            true if !self.rooms.contains_key(&room) => return Err(Refusal::room_not_found()),
            true => {}
            false => self.permit(room, user, May::See, None)?,
        }
        let target = self.target(room, id)?;
        let author = target.message.author.clone();
        let removed = author.id != user;
        if !wipe {
            let action = if removed { May::RemoveMessage } else { May::TakeBack };
            self.permit(room, user, action, Some(author.id))?;
        }
        // Whoever takes a message back leaves it open whether it had to be removed.
        if target.message.deleted && (target.message.removed || !removed) {
            return Ok(Done::Changed { id, seq: target.message.seq });
        }
        if removed {
            self.removals.push(Removal { room, by: user, author, id, reason: reason.to_owned() });
        }
        let seq = self.next_number(room);
        let message = self.touch(room, id)?;
        message.body.clear();
        message.html.clear();
        message.deleted = true;
        message.removed |= removed;
        message.seq = seq;
        self.follow(room, user, id, What::Deleted, changes)?;
        Ok(Done::Changed { id, seq })
    }

    fn react(
        &mut self,
        room: RoomId,
        user: UserId,
        id: Seq,
        emoji: &str,
        on: bool,
        changes: &mut Vec<Change>,
    ) -> Result<Done, Refusal> {
        self.permit(room, user, May::React, None)?;
        self.pass_blocks(room, user)?;
        let target = self.target(room, id)?;
        if target.message.deleted {
            return Err(Refusal::message_not_found());
        }
        let seq = target.message.seq;
        let by = self.people.users.get(&user).ok_or_else(Refusal::unavailable)?;
        let Some(reactions) = self.projections.reactions.set((room, id), by, emoji, on)? else {
            return Ok(Done::Changed { id, seq });
        };
        let seq = self.next_number(room);
        let message = self.touch(room, id)?;
        message.reactions = reactions;
        message.seq = seq;
        self.tell(room, id, Vec::new(), None, changes)?;
        Ok(Done::Changed { id, seq })
    }

    fn read(&mut self, room: RoomId, user: UserId, seq: Seq) -> Result<Done, Refusal> {
        self.permit(room, user, May::Mark, None)?;
        let state = &self.rooms[&room];
        let seq = seq.min(state.room.seq);
        let (count, at_end) = (state.count, seq == state.room.seq);
        match self.people.members.get_mut(&(room, user)) {
            Some(member) if member.mark < seq => {
                (member.mark, member.marked, member.at_end) = (seq, true, at_end);
                Ok(Done::Read(Some(ReadMarker { seq, unread: 0, mentions: 0, count })))
            }
            _ => Ok(Done::Read(None)),
        }
    }

    /// Nothing is said in the talk of two of whom one has blocked the other.
    fn pass_blocks(&self, room: RoomId, user: UserId) -> Result<(), Refusal> {
        let is_pair = self.rooms.get(&room).is_some_and(|state| state.rules.pair);
        let all = self.people.all.get(&room).filter(|_| is_pair);
        all.into_iter().flatten().try_for_each(|other| blocks::may_talk(&self.people.blocks, user, *other))
    }

    fn is_slow(&self, room: RoomId) -> bool {
        self.rooms.get(&room).is_some_and(|state| state.room.slow_secs > 0)
    }

    /// What is sent keeps to the room's filters and its pace; an edit that mentions nobody newly to the filters alone.
    fn pass_rules(&self, room: RoomId, user: UserId, rendered: &Rendered, is_paced: bool) -> Result<(), Refusal> {
        if self.permit(room, user, May::SetRules, None).is_ok() {
            return Ok(());
        }
        let Some(state) = self.rooms.get(&room) else { return Ok(()) };
        rules::pass_filters(state, rendered)?;
        let sent_at = self.people.members.get(&(room, user)).and_then(|member| member.sent_at);
        if is_paced { rules::pass_slow_mode(state, sent_at, self.now) } else { Ok(()) }
    }

    fn permit(&self, room: RoomId, user: UserId, action: May, whose: Option<UserId>) -> Result<(), Refusal> {
        if fault_enabled("skip_policy") {
            return Ok(());
        }
        let state = self.rooms.get(&room).ok_or_else(Refusal::room_not_found)?;
        let actor = self.people.actor(room, user).ok_or_else(Refusal::signed_out)?;
        let whose = whose.and_then(|user| self.people.actor(room, user));
        let whose = whose.map(|them| Person { user: them.user, instance: them.instance, role: them.role });
        may(actor, action, Object { place: Some(state.place()), whose })
    }

    fn target(&self, room: RoomId, id: Seq) -> Result<&Target, Refusal> {
        self.messages.get(&(room, id)).ok_or_else(Refusal::message_not_found)
    }

    /// A message to which `user` may do this.
    fn own(&self, room: RoomId, user: UserId, id: Seq, action: May) -> Result<&Target, Refusal> {
        self.permit(room, user, May::Mark, None)?;
        let target = self.target(room, id)?;
        self.permit(room, user, action, Some(target.author()))?;
        Ok(target)
    }

    fn next_number(&mut self, room: RoomId) -> Seq {
        self.rooms.get_mut(&room).map_or(0, |state| {
            state.room.seq += 1;
            state.room.seq
        })
    }

    /// A message that is about to change.
    fn touch(&mut self, room: RoomId, id: Seq) -> Result<&mut Message, Refusal> {
        let target = self.messages.get_mut(&(room, id)).ok_or_else(Refusal::message_not_found)?;
        target.touched = true;
        Ok(&mut target.message)
    }

    /// Has the projections follow what happened to a message, and tells of it.
    fn follow(
        &mut self,
        room: RoomId,
        by: UserId,
        id: Seq,
        what: What<'_>,
        changes: &mut Vec<Change>,
    ) -> Result<Arc<Message>, Refusal> {
        let target = self.messages.get_mut(&(room, id)).ok_or_else(Refusal::message_not_found)?;
        let state = self.rooms.get(&room).ok_or_else(Refusal::room_not_found)?;
        let is_deleted = matches!(what, What::Deleted);
        let event = MessageEvent { room: state, people: &self.people, by, what };
        let Effect { mentioned, unmentioned, .. } = self.projections.follow(&event, &mut target.message);
        let lowers = match is_deleted {
            true => Some(Lowered::All),
            false => (!unmentioned.is_empty()).then_some(Lowered::Some(unmentioned)),
        };
        self.tell(room, id, mentioned, lowers, changes)
    }

    fn tell(
        &mut self,
        room: RoomId,
        id: Seq,
        mentioned: Vec<UserId>,
        lowers: Option<Lowered>,
        changes: &mut Vec<Change>,
    ) -> Result<Arc<Message>, Refusal> {
        let message = Arc::new(self.target(room, id)?.message.clone());
        let state = self.rooms.get_mut(&room).ok_or_else(Refusal::room_not_found)?;
        if lowers.is_some() {
            state.lowered = message.seq;
        }
        let told = Arc::clone(&message);
        changes.push(Change { room, message, access: state.access, count: state.count, mentioned, lowers });
        Ok(told)
    }

    /// Writes what became of it all, in a fixed order.
    pub fn store(&mut self, connection: &mut AnyConnection) -> QueryResult<()> {
        let touched: BTreeMap<(RoomId, Seq), &Target> =
            self.messages.iter().filter(|(_, target)| target.touched).map(|(at, target)| (*at, target)).collect();
        let touched: Vec<(RoomId, &Target)> = touched.into_iter().map(|((room, _), target)| (room, target)).collect();
        let (new, changed): (Vec<_>, Vec<_>) = touched.iter().partition(|(_, target)| target.key.is_some());
        rows::insert_messages(connection, &new, self.now)?;
        rows::update_messages(connection, &changed, self.now)?;
        self.projections.store(connection)?;
        let members: BTreeMap<(RoomId, UserId), &Membership> =
            self.people.members.iter().map(|(at, it)| (*at, it)).collect();
        let those = |which: fn(&Membership) -> bool| -> Vec<(RoomId, UserId, &Membership)> {
            members.iter().filter(|(_, it)| which(it)).map(|((room, user), it)| (*room, *user, *it)).collect()
        };
        for Removal { room, by, author, id, reason } in &self.removals {
            let (actor, room) = (self.people.users.get(by), &self.rooms[room].room);
            let entry = Entry {
                room: Some(room),
                target: Some(author),
                message: Some(*id),
                reason,
                actor,
                ..Entry::new(Act::RemoveMessage)
            };
            audit::record(connection, &entry)?;
            reports::settle_by_removal(connection, room.id, *id, *by)?;
        }
        rows::insert_members(connection, &those(|member| member.new), self.now)?;
        rows::raise_marks(connection, &those(|member| member.marked && !member.new))?;
        rows::set_sent_at(connection, &those(|member| member.paced && !member.new))?;
        let numbered: BTreeSet<RoomId> = touched.iter().map(|(room, _)| *room).collect();
        let numbered: Vec<&RoomState> = numbered.iter().map(|room| &self.rooms[room]).collect();
        rows::update_rooms(connection, &numbered)
    }

    /// Counts what is left above a mark that has just risen. Nothing is, where the mark is at the room's number.
    pub fn count_unread(
        &self,
        connection: &mut AnyConnection,
        write: &Write,
        marks: &mut ReadMarker,
    ) -> QueryResult<()> {
        let Some(state) = self.rooms.get(&write.room) else { return Ok(()) };
        marks.count = state.count;
        if marks.seq < state.room.seq
            && let Some(standing) = read_state::in_rooms(connection, &[(write.user, write.room)])?.into_values().next()
        {
            *marks = standing.into();
        }
        Ok(())
    }
}

/// Whether an edit mentions somebody, or many at once, whom the message did not mention before.
fn mentions_anew(message: &Message, rendered: &Rendered) -> bool {
    let before = mentions_of(&message.body);
    rendered.mentions.iter().any(|mention| !before.contains(mention))
}
