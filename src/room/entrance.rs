//! Coming in and going: joins, catch-ups and leaves.

use std::sync::Arc;
use std::time::Instant;

use actix::prelude::*;
use tokio::sync::oneshot;

use super::{ChatRoom, Happened, Socket};
use crate::broker::Event;
use crate::error::Refusal;
use crate::fanout::{Op, Seat, SessionId};
use crate::frame;
use crate::mailbox::see_off;
use crate::protocol::{LeftReason, MAX_PAGE_BYTES, Ref, RoomKind, Seq, ServerFrame, User};
use crate::store::append::{Action, Done};
use crate::store::messages::{self, Cursor, Entry};

/// Bring a socket in, or give it the next page of its catch-up.
///
/// The page, and the live frames after the last one, go to the socket's outbox through its worker's queue. `reply` tells
/// the session when that has happened; it is dropped without a word when the room ends or the socket has left meanwhile.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Join {
    pub session: SessionId,
    /// The index of the worker the session lives on.
    pub worker: usize,
    /// Rises with every join of the session: a late leave or seat of an older one changes nothing.
    pub generation: u32,
    pub user: Arc<User>,
    pub cursor: Option<Cursor>,
    /// A page after the first.
    pub continued: bool,
    pub reference: Option<String>,
    pub reply: oneshot::Sender<Result<Placed, Refusal>>,
}

/// Resolves when the frames are in the outbox: to the cursor of the next page, or to `None` when the socket is live.
pub type Placed = oneshot::Receiver<Option<Seq>>;

/// A socket has left, or is gone. Its worker has forgotten its seat already.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Leave {
    pub session: SessionId,
    pub generation: u32,
}

impl ChatRoom {
    /// Reads what the socket begins with. The number handed out before the read tells afterwards whether numbers went back.
    fn read_entry(&mut self, join: Join, ctx: &mut Context<Self>) {
        let (room, user, cursor, store) = (self.id, join.user.id, join.cursor.clone(), self.store.clone());
        let handed = self.handed;
        let read = async move {
            store.read_for_join(move |connection| messages::entry(connection, room, user, cursor.as_ref())).await
        };
        ctx.spawn(read.into_actor(self).map(move |entry, room, ctx| room.enter(join, entry, handed, ctx)));
    }

    fn enter(&mut self, join: Join, entry: Result<Entry, Refusal>, handed: Seq, ctx: &mut Context<Self>) {
        // The socket has left, or joined anew, while this was read.
        if self.joining.get(&join.session) != Some(&join.generation) {
            return;
        }
        let entry = match entry {
            Ok(entry) => entry,
            Err(refusal) => return self.refuse(join, refusal),
        };
        if entry.epoch != self.epoch || entry.state.room.seq < handed {
            self.start_anew(&entry.epoch, ctx);
        } else if entry.state.access < self.access {
            // Somebody was removed after this was read: it may have been this one.
            self.read_entry(join, ctx);
        } else if entry.role.is_none() {
            self.admit(join, entry.state.room.kind, ctx);
        } else {
            if entry.state.access > self.access {
                self.check_members(ctx);
            }
            self.seat(join, &entry, ctx);
        }
    }

    /// A first join of a public room makes a member; elsewhere there is no such room for this user.
    fn admit(&mut self, join: Join, kind: RoomKind, ctx: &mut Context<Self>) {
        if join.continued {
            self.joining.remove(&join.session);
            return self.turn_out(&join, ctx);
        }
        if kind != RoomKind::Public {
            return self.refuse(join, Refusal::room_not_found());
        }
        let (reply, stored) = oneshot::channel();
        self.append(join.user.id, Action::Enter, reply, ctx);
        ctx.spawn(stored.into_actor(self).map(move |stored, room, ctx| {
            match stored.unwrap_or_else(|_| Err(Refusal::unavailable())) {
                Ok(Done::Entered) => {
                    let added = Event::MemberAdded { room: room.id, user: join.user.id };
                    see_off(room.hub.send(Happened(added)));
                    room.read_entry(join, ctx);
                }
                Ok(_) => {}
                Err(refusal) => room.refuse(join, refusal),
            }
        }));
    }

    fn seat(&mut self, join: Join, entry: &Entry, ctx: &mut Context<Self>) {
        let at = entry.state.room.seq;
        let behind = entry.catch_up && entry.page.more;
        let told = self.links.told(join.worker);
        // What the worker has been told already does not come again: the socket gets it right behind its page.
        let missed = if behind || told <= at { Some(Vec::new()) } else { self.missed(at, told) };
        let Some(missed) = missed else { return self.read_entry(join, ctx) };
        let next = if behind { entry.page.messages.last().map(|message| message.seq) } else { None };
        let above = if next.is_some() { Seq::MAX } else { at.max(told) };

        self.joining.remove(&join.session);
        let access = entry.state.access;
        let socket = Socket { generation: join.generation, worker: join.worker, user: join.user.id, access };
        let new = self.sockets.insert(join.session, socket).is_none();
        if new {
            self.presence.arrive(&join.user);
            self.tell_presence_soon(ctx);
        }
        let mut frames = vec![self.page(&join, entry)];
        frames.extend(missed);
        let (placed, when_placed) = oneshot::channel();
        let (session, generation) = (join.session, join.generation);
        let seat = Seat { room: self.id, session, generation, above, frames, placed, next };
        self.links.seat(join.worker, seat, new);
        let _ = join.reply.send(Ok(when_placed));
        self.pump(ctx);
    }

    /// `None` where it is not remembered any more, or more than a page: then the entry is read anew.
    fn missed(&self, at: Seq, told: Seq) -> Option<Vec<bytes::Bytes>> {
        let frames = self.recent.above(at)?;
        let missed: Vec<_> = frames.iter().filter(|live| live.seq <= told).map(|live| live.frame.clone()).collect();
        (missed.iter().map(bytes::Bytes::len).sum::<usize>() <= MAX_PAGE_BYTES).then_some(missed)
    }

    fn page(&self, join: &Join, entry: &Entry) -> bytes::Bytes {
        let room = &entry.state.room;
        let messages = entry.page.messages.as_slice();
        let page = if join.continued && !entry.reset {
            ServerFrame::Changes { room: &room.slug, messages, more: entry.page.more }
        } else {
            ServerFrame::Joined {
                reference: Ref::from(&join.reference),
                room: &room.slug,
                title: &room.title,
                topic: &room.topic,
                epoch: &entry.epoch,
                seq: room.seq,
                messages,
                more: entry.page.more,
                reset: entry.reset,
                people: &self.presence.people(),
                read: entry.read,
            }
        };
        frame::text(&page.to_json())
    }

    fn refuse(&mut self, join: Join, refusal: Refusal) {
        self.joining.remove(&join.session);
        let _ = join.reply.send(Err(refusal));
    }

    /// Ends the seat of a socket whose user was removed while it caught up.
    fn turn_out(&mut self, join: &Join, ctx: &mut Context<Self>) {
        if let Some(socket) = self.sockets.remove(&join.session) {
            self.presence.depart(socket.user);
            self.tell_presence_soon(ctx);
            let left = ServerFrame::Left { reference: Ref::default(), room: &self.slug, reason: LeftReason::Removed };
            let farewell = Some(frame::text(&left.to_json()));
            let (session, generation) = (join.session, join.generation);
            self.links.unseat(socket.worker, Op::Unseat { room: self.id, session, generation, farewell });
            self.pump(ctx);
        }
    }
}

impl Handler<Join> for ChatRoom {
    type Result = ();

    fn handle(&mut self, join: Join, ctx: &mut Self::Context) {
        self.used = Instant::now();
        self.joining.insert(join.session, join.generation);
        self.read_entry(join, ctx);
    }
}

impl Handler<Leave> for ChatRoom {
    type Result = ();

    fn handle(&mut self, leave: Leave, ctx: &mut Self::Context) {
        self.used = Instant::now();
        if self.joining.get(&leave.session).is_some_and(|generation| *generation <= leave.generation) {
            self.joining.remove(&leave.session);
        }
        if self.sockets.get(&leave.session).is_some_and(|socket| socket.generation <= leave.generation)
            && let Some(socket) = self.sockets.remove(&leave.session)
        {
            self.links.vacate(socket.worker);
            self.presence.depart(socket.user);
            self.tell_presence_soon(ctx);
        }
    }
}
