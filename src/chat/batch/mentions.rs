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
use crate::render::Rendered;
use crate::render::mentions::{Meant, Mention};
use crate::wire::{InstanceRole, RoomId, RoomKind, Seq, UserId};

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
        let before = self.kept.get(&at).cloned().unwrap_or_default();
        let there: Vec<UserId> = match *what {
            What::Sent { present, .. } => present.to_vec(),
            // Those who were there when it was sent stay mentioned.
            What::Edited { .. } => before.iter().copied().collect(),
            What::Deleted => Vec::new(),
        };
        let meant = match *what {
            What::Sent { rendered, .. } | What::Edited { rendered, .. } => {
                let meant = meant(room, people, by, rendered, &there);
                effect.message.html = rendered.html(&meant);
                meant
            }
            What::Deleted => Vec::new(),
        };
        // Every message is a mention there: nothing is kept, and all are told of a new one.
        if room.room.kind == RoomKind::Direct {
            if let (What::Sent { .. }, Some(all)) = (what, people.all.get(&room.room.id)) {
                effect.mentioned =
                    people.loud(room.room.id, all).filter(|user| *user != by && !people.blocks(*user, by)).collect();
            }
            return;
        }
        match *what {
            What::Sent { answered, .. } => {
                let mentioned = mentioned(room, people, by, &meant, answered);
                effect.mentioned = people.loud(room.room.id, &mentioned).collect();
                self.new.insert(at);
                self.set(at, mentioned);
            }
            What::Edited { rendered, answered } => {
                let mut mentioned = mentioned(room, people, by, &meant, answered);
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

/// Whom each name of a body means: a member; all members, or those who are there, where its author may mention them at
/// once; or somebody else, of whom only those know who may see people.
fn meant(room: &RoomState, people: &People, by: UserId, rendered: &Rendered, there: &[UserId]) -> Vec<Meant> {
    let id = room.room.id;
    let all = people.all.get(&id).map(Vec::as_slice).unwrap_or_default();
    let may_mention = |action: May| {
        let place = PolicyRoom { large: all.len() > LARGE, ..room.place() };
        people.actor(id, by).is_some_and(|actor| may(actor, action, Object { place: Some(place), whose: None }).is_ok())
    };
    let everybody = |reading, is_meant: &dyn Fn(&UserId) -> bool| {
        let mut ids: Vec<UserId> = all.iter().copied().filter(|user| *user != by && is_meant(user)).collect();
        ids.sort_unstable();
        Meant::Many { reading, ids }
    };
    let knows_people = people.actor(id, by).is_some_and(|actor| actor.instance != InstanceRole::Guest);
    let meant = |mention: &Mention| {
        let names = || mention.readings.iter().enumerate();
        let known = |name: &String| people.names.get(name).copied();
        let member = names().find_map(|(reading, name)| match name.as_str() {
            "room" => may_mention(May::MentionRoom).then(|| everybody(reading, &|_| true)),
            "here" => may_mention(May::MentionHere).then(|| everybody(reading, &|user| there.contains(user))),
            _ => {
                let user = known(name).filter(|user| people.members.contains_key(&(id, *user)));
                user.map(|id| Meant::User { reading, id })
            }
        });
        let somebody = || names().find(|(_, name)| knows_people && known(name).is_some());
        member.or_else(|| somebody().map(|(reading, _)| Meant::Elsewhere { reading })).unwrap_or(Meant::Nobody)
    };
    rendered.mentions.iter().map(meant).collect()
}

/// Whom a message mentions: whom its names mean, and the author of what it answers; never its own author.
fn mentioned(
    room: &RoomState,
    people: &People,
    by: UserId,
    meant: &[Meant],
    answered: Option<UserId>,
) -> BTreeSet<UserId> {
    let named = meant.iter().flat_map(|meant| match meant {
        Meant::User { id, .. } => std::slice::from_ref(id),
        Meant::Many { ids, .. } => ids,
        Meant::Elsewhere { .. } | Meant::Nobody => &[],
    });
    let answered = answered.filter(|user| people.members.contains_key(&(room.room.id, *user)));
    named.copied().chain(answered).filter(|user| *user != by && !people.blocks(*user, by)).collect()
}
