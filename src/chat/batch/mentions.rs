//! Whom a message mentions, and who is told of it.

use std::collections::{BTreeSet, HashMap, HashSet};

use diesel::prelude::*;

use crate::chat::batch::people::People;
use crate::chat::batch::projection::{Effect, MessageEvent, Projection, What};
use crate::chat::batch::rows::delete_of;
use crate::chat::batch::targets::{MessageAt, Target};
use crate::chat::rooms::RoomState;
use crate::db::connection::AnyConnection;
use crate::db::multi_row::Column::Numbers;
use crate::db::multi_row::Rows;
use crate::db::schema::mentions;
use crate::policy::{Action as May, Object, PolicyRoom, may};
use crate::render::{Mention, Rendered};
use crate::wire::{RoomId, RoomKind, Seq, UserId};

/// Members of a room whom only moderators mention all at once, where there are more.
const LARGE: usize = 100;

#[derive(Default)]
pub struct Mentions {
    kept: HashMap<MessageAt, BTreeSet<UserId>>,
    /// The messages whose mentions are written anew.
    changed: BTreeSet<MessageAt>,
    /// Those of them of which nothing is stored yet.
    new: HashSet<MessageAt>,
}

impl Mentions {
    fn set(&mut self, at: MessageAt, mentioned: BTreeSet<UserId>) {
        if self.kept.get(&at).is_some_and(|kept| *kept == mentioned) {
            return;
        }
        self.kept.insert(at, mentioned);
        self.changed.insert(at);
    }
}

impl Projection for Mentions {
    fn load(
        &mut self,
        connection: &mut AnyConnection,
        rooms: &[RoomId],
        ids: &[Seq],
        found: &mut HashMap<MessageAt, Target>,
    ) -> QueryResult<()> {
        let rows: Vec<(RoomId, Seq, UserId)> = mentions::table
            .filter(mentions::room_id.eq_any(rooms).and(mentions::message_id.eq_any(ids)))
            .select((mentions::room_id, mentions::message_id, mentions::user_id))
            .load(connection)?;
        self.kept.extend(found.keys().map(|at| (*at, BTreeSet::new())));
        for (room, id, user) in rows {
            self.kept.entry((room, id)).or_default().insert(user);
        }
        Ok(())
    }

    fn follow(&mut self, event: &MessageEvent<'_>, effect: &mut Effect<'_>) {
        let MessageEvent { room, people, by, ref what } = *event;
        let at = (room.room.id, effect.message.id);
        // Every message is a mention there: nothing is kept, and all are told of a new one.
        if room.room.kind == RoomKind::Direct {
            if let (What::Sent { .. }, Some(all)) = (what, people.all.get(&room.room.id)) {
                effect.mentioned = people.loud(room.room.id, all).filter(|user| *user != by).collect();
            }
            return;
        }
        match *what {
            What::Sent { rendered, answered, present } => {
                let mentioned = mentioned(room, people, by, rendered, answered, present);
                effect.mentioned = people.loud(room.room.id, &mentioned).collect();
                self.new.insert(at);
                self.set(at, mentioned);
            }
            What::Edited { rendered, answered } => {
                let before = self.kept.get(&at).cloned().unwrap_or_default();
                let mut mentioned = mentioned(room, people, by, rendered, answered, &[]);
                // Those who were there when it was sent stay mentioned.
                if rendered.mentions_here() {
                    mentioned.extend(&before);
                }
                effect.mentioned = people.loud(room.room.id, mentioned.difference(&before)).collect();
                effect.unmentioned = before.difference(&mentioned).copied().collect();
                self.set(at, mentioned);
            }
            What::Deleted => self.set(at, BTreeSet::new()),
        }
    }

    fn store(&self, connection: &mut AnyConnection) -> QueryResult<()> {
        let text = "DELETE FROM mentions WHERE (room_id, message_id) IN (SELECT room_id, message_id FROM {given})";
        delete_of(connection, self.changed.iter().filter(|at| !self.new.contains(at)), text)?;
        let of = |at: &MessageAt| self.kept.get(at).into_iter().flatten().copied();
        let rows: Vec<(UserId, MessageAt)> =
            self.changed.iter().flat_map(|at| of(at).map(|user| (user, *at))).collect();
        Rows::new(rows.len())
            .with("user_id", Numbers(rows.iter().map(|(user, _)| *user).collect()))
            .with("room_id", Numbers(rows.iter().map(|(_, (room, _))| *room).collect()))
            .with("message_id", Numbers(rows.iter().map(|(_, (_, id))| *id).collect()))
            .execute(connection, "INSERT INTO mentions ({columns}) SELECT * FROM {given}")
    }
}

/// Whom a body mentions: members by their names, those present or all members where its author may, and the author of
/// what it answers; never its own author.
fn mentioned(
    room: &RoomState,
    people: &People,
    by: UserId,
    rendered: &Rendered,
    answered: Option<UserId>,
    present: &[UserId],
) -> BTreeSet<UserId> {
    let id = room.room.id;
    let member = |user: &UserId| people.members.contains_key(&(id, *user));
    let named = rendered.mentions.iter().filter_map(|Mention(names)| {
        names.iter().filter_map(|name| people.names.get(name)).copied().find(|user| member(user))
    });
    let all = people.all.get(&id).map(Vec::as_slice).unwrap_or_default();
    let may_mention = |action: May| {
        let place = PolicyRoom { large: all.len() > LARGE, ..room.place() };
        people.actor(id, by).is_some_and(|actor| may(actor, action, Object { place: Some(place), whose: None }).is_ok())
    };
    let at_once = match () {
        () if rendered.mentions_room() && may_mention(May::MentionRoom) => all.to_vec(),
        () if rendered.mentions_here() && may_mention(May::MentionHere) => {
            all.iter().filter(|user| present.contains(user)).copied().collect()
        }
        () => Vec::new(),
    };
    named.chain(at_once).chain(answered.filter(member)).filter(|user| *user != by).collect()
}
