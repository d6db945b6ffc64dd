//! Whom a message mentions, and who is told of it.

use std::collections::BTreeSet;

use crate::chat::batch::state::BatchState;
use crate::policy::{Action as May, Object, PolicyRoom, may};
use crate::render::{Mention, Rendered};
use crate::wire::{RoomId, RoomKind, UserId};

/// Members of a room whom only moderators mention all at once, where there are more.
const LARGE: usize = 100;

impl BatchState {
    /// Whom a body mentions: members by their names, those present or all members where its author may, and the author of
    /// what it answers; never its own author.
    pub(crate) fn mentioned(
        &self,
        room: RoomId,
        by: UserId,
        rendered: &Rendered,
        answered: Option<UserId>,
        present: &[UserId],
    ) -> BTreeSet<UserId> {
        let member = |user: &UserId| self.members.contains_key(&(room, *user));
        let named = rendered.mentions.iter().filter_map(|Mention(names)| {
            names.iter().filter_map(|name| self.names.get(name)).copied().find(|user| member(user))
        });
        let all = self.all.get(&room).map(Vec::as_slice).unwrap_or_default();
        let at_once = match () {
            () if rendered.mentions_room() && self.may_mention(room, by, May::MentionRoom, all) => all.to_vec(),
            () if rendered.mentions_here() && self.may_mention(room, by, May::MentionHere, all) => {
                all.iter().filter(|user| present.contains(user)).copied().collect()
            }
            () => Vec::new(),
        };
        named.chain(at_once).chain(answered.filter(member)).filter(|user| *user != by).collect()
    }

    fn may_mention(&self, room: RoomId, by: UserId, action: May, all: &[UserId]) -> bool {
        let (Some(state), Some(actor)) = (self.rooms.get(&room), self.actor(room, by)) else { return false };
        let place = PolicyRoom { large: all.len() > LARGE, ..state.place() };
        may(actor, action, Object { place: Some(place), whose: None }).is_ok()
    }

    /// Who gets a `mention` frame for a new message.
    pub(crate) fn told(&self, room: RoomId, by: UserId, mentioned: &BTreeSet<UserId>) -> Vec<UserId> {
        match self.all.get(&room).filter(|_| self.rooms[&room].room.kind == RoomKind::Direct) {
            Some(all) => self.loud(room, all.iter()).filter(|user| *user != by).collect(),
            None => self.loud(room, mentioned.iter()).collect(),
        }
    }

    /// Those who want to be told.
    pub(crate) fn loud<'a>(
        &'a self,
        room: RoomId,
        users: impl Iterator<Item = &'a UserId>,
    ) -> impl Iterator<Item = UserId> {
        users.copied().filter(move |user| !self.quiet.contains(&(room, *user)))
    }
}
