//! Who is in the room and who types there, as those in it are told.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::prelude::*;

use crate::chat::rooms;
use crate::policy::Action;
use crate::realtime::broker::RoomMessage;
use crate::realtime::fanout::DeliveryOp;
use crate::realtime::room::ChatRoom;
use crate::wire::frame;
use crate::wire::{People, ServerFrame, User};

const PRESENCE_INTERVAL: Duration = Duration::from_secs(1);
/// People who come at the same moment are told in one frame.
const PRESENCE_DELAY: Duration = Duration::from_millis(50);
const TYPING_INTERVAL: Duration = Duration::from_secs(1);

/// Somebody is typing. Told once in a while, if they may send what they type; not while the database is away.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Typing {
    pub user: Arc<User>,
}

/// Members of the room as they are now: what features add to them has changed. Those in the room are told by their workers.
#[derive(Message)]
#[rtype(result = "()")]
pub struct PeopleChanged(pub Vec<User>);

impl ChatRoom {
    /// Those who have the room open, with their states.
    pub(crate) fn people(&self) -> People {
        let People { count, users } = self.presence.people();
        People { count, users: self.states.with_states_here(&users) }
    }

    pub(crate) fn tell_presence_soon(&mut self, ctx: &mut Context<Self>) {
        if self.telling_presence || !self.presence.has_news() {
            return;
        }
        self.telling_presence = true;
        let since = self.presence_told.map_or(PRESENCE_INTERVAL, |told| told.elapsed());
        ctx.run_later(PRESENCE_INTERVAL.saturating_sub(since).max(PRESENCE_DELAY), |room, ctx| {
            room.telling_presence = false;
            room.tell_presence(ctx);
        });
    }

    fn tell_presence(&mut self, ctx: &mut Context<Self>) {
        self.tell_sheet(false);
        if !self.presence.has_changes() {
            return;
        }
        self.presence_told = Some(Instant::now());
        let changes = self.presence.take_changes();
        let joined = self.states.with_states_here(&changes.joined);
        let (joined, left) = (joined.as_slice(), changes.left.as_slice());
        let told = ServerFrame::Presence { room: &self.slug, count: changes.count, joined, left };
        let (room, frame) = (self.id, frame::text(&told.to_json()));
        self.links.tell(|| DeliveryOp::Tell { room, frame: frame.clone(), except: None });
        self.flush(ctx);
    }

    /// Tells the other instances who is here.
    pub(crate) fn tell_sheet(&mut self, repeat: bool) {
        if let Some(sheet) = self.presence.sheet(&self.instance, repeat) {
            self.broker.tell(self.id, &RoomMessage::People { sheet });
        }
    }

    pub(crate) fn tell_typing(&mut self, user: &User, ctx: &mut Context<Self>) {
        let frame = frame::text(&ServerFrame::Typing { room: &self.slug, user }.to_json());
        let (room, except) = (self.id, Some(user.id));
        self.links.tell(|| DeliveryOp::Tell { room, frame: frame.clone(), except });
        self.flush(ctx);
    }

    /// Who typed a while ago may be told of again.
    pub(crate) fn forget_typing(&mut self) {
        self.typing.retain(|_, told| told.elapsed() < TYPING_INTERVAL);
    }
}

impl Handler<PeopleChanged> for ChatRoom {
    type Result = ();

    fn handle(&mut self, PeopleChanged(users): PeopleChanged, ctx: &mut Self::Context) {
        users.into_iter().for_each(|user| self.presence.update(user));
        self.tell_presence_soon(ctx);
    }
}

impl Handler<Typing> for ChatRoom {
    type Result = ();

    fn handle(&mut self, Typing { user }: Typing, ctx: &mut Self::Context) {
        let told = self.typing.get(&user.id);
        if told.is_some_and(|told| told.elapsed() < TYPING_INTERVAL) {
            return;
        }
        self.typing.insert(user.id, Instant::now());
        let (slug, id, store) = (self.slug.clone(), user.id, self.store.clone());
        let read = async move { store.read(move |c| rooms::authorize(c, &slug, id, Action::Talk).map(drop)).await };
        ctx.spawn(read.into_actor(self).map(move |permitted, room, ctx| {
            if permitted.is_ok() {
                room.broker.tell(room.id, &RoomMessage::Typing { user: User::clone(&user) });
                room.tell_typing(&user, ctx);
            }
        }));
    }
}
