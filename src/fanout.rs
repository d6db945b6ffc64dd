//! Fanout: the actor of a worker thread that hands a room's frames to the sockets there.
//!
//! A room sends one [`Op`] to each worker that has sockets in it; what they share is encoded once. The ops of a room
//! arrive in the order in which the room gave them, and that order is what a socket sees: a join enters the room's list
//! between two frames.

mod outbox;
mod registry;
pub mod tally;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use bytes::Bytes;
use tokio::sync::oneshot;

pub use self::outbox::{MAX_UNANSWERED, Outbox, Progress};
pub use self::registry::{Registry, SessionId, Visitor, registry};
use crate::metrics::{Counted, METRICS};
use crate::protocol::{Close, RoomId, Seq, UserId};
use crate::survive::survive;
use crate::testing::may_panic;

/// Ops that may wait for a worker. A room that finds the queue full marks the worker as behind and gives it what it missed
/// later, from the room's memory or from the database.
const MAILBOX: usize = 1_024;

/// A change as every socket of the room gets it: a text frame, header and all.
#[derive(Clone, Debug)]
pub struct Live {
    pub seq: Seq,
    pub frame: Bytes,
}

/// An op on its way to a worker, counted until it is acted on.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Posted {
    pub op: Op,
    _waiting: Counted,
}

impl From<Op> for Posted {
    fn from(op: Op) -> Self {
        Self { op, _waiting: Counted::one(&METRICS.worker_ops_waiting) }
    }
}

/// What a room or the hub has a worker do.
pub enum Op {
    /// Hand out live frames, in order.
    Deliver { room: RoomId, frames: Arc<[Live]> },
    /// Give a socket `frames` and seat it: from here on it gets live frames above `above`.
    Seat(Seat),
    /// End a seat, unless a newer join has taken it.
    Unseat { room: RoomId, session: SessionId, generation: u32, farewell: Option<Bytes> },
    /// Tell everybody in the room but one user.
    Tell { room: RoomId, frame: Bytes, except: Option<UserId> },
    /// Tell all sockets of some users but one socket.
    TellUsers { users: Arc<[UserId]>, frame: Bytes, except: Option<SessionId> },
    /// Tell the members' sockets that have not joined the room; some of them have read marks that rose by sending.
    Activity { room: RoomId, frame: Bytes, reads: Arc<[(UserId, Bytes)]> },
    /// Tell everybody about a room: its members one thing, the others another or nothing.
    Announce { members: Arc<HashSet<UserId>>, to_members: Bytes, to_others: Option<Bytes> },
    /// A user has become a member of a room, or is none any more.
    Watch { room: RoomId, user: UserId, member: bool },
    /// These are a room's members; nobody else is.
    Watchers { room: RoomId, members: Arc<HashSet<UserId>> },
    /// Close all sockets in a room.
    CloseRoom { room: RoomId, close: Close },
}

/// See [`Op::Seat`].
pub struct Seat {
    pub room: RoomId,
    pub session: SessionId,
    pub generation: u32,
    /// `Seq::MAX` while the socket still catches up: it gets no live frames, but all that concerns the people.
    pub above: Seq,
    pub frames: Vec<Bytes>,
    /// Told to the session once the frames wait in its outbox: `Some(cursor)` when there is more to catch up.
    pub placed: oneshot::Sender<Option<Seq>>,
    pub next: Option<Seq>,
}

/// Do something on this worker's thread, such as starting a room's actor there.
#[derive(Message)]
#[rtype(result = "()")]
pub struct OnThread(pub Box<dyn FnOnce() + Send>);

/// The actor; the sockets themselves are in the thread's [`Registry`].
pub struct Fanout {
    heartbeat: Duration,
    beats: u64,
}

/// Pings are spread over the heartbeat in this many steps.
const BEATS: u64 = 20;

impl Fanout {
    pub fn new(heartbeat: Duration) -> Self {
        Self { heartbeat, beats: 0 }
    }

    /// Some sockets may have been given what others were not when work panics: all of them start anew.
    fn work(&self, work: impl FnOnce(&mut Registry)) {
        if survive(|| registry(work)).is_none() {
            registry(|registry| registry.close_all(Close::GoingAway));
        }
    }
}

impl Actor for Fanout {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
        ctx.run_interval(self.heartbeat / BEATS as u32, |fanout, _| {
            fanout.beats += 1;
            fanout.work(|registry| registry.ping(fanout.beats % BEATS, BEATS));
        });
    }
}

impl Handler<Posted> for Fanout {
    type Result = ();

    fn handle(&mut self, posted: Posted, _: &mut Self::Context) {
        self.work(|registry| match posted.op {
            Op::Deliver { room, frames } => {
                may_panic("fanout");
                registry.deliver(room, &frames);
            }
            Op::Seat(seat) => registry.seat(seat),
            Op::Unseat { room, session, generation, farewell } => registry.unseat(room, session, generation, farewell),
            Op::Tell { room, frame, except } => registry.tell(room, &frame, except),
            Op::TellUsers { users, frame, except } => registry.tell_users(&users, &frame, except),
            Op::Activity { room, frame, reads } => registry.activity(room, &frame, &reads),
            Op::Announce { members, to_members, to_others } => {
                registry.announce(&members, &to_members, to_others.as_ref());
            }
            Op::Watch { room, user, member } => registry.watch(room, user, member),
            Op::Watchers { room, members } => registry.watchers(room, &members),
            Op::CloseRoom { room, close } => registry.close_room(room, close),
        });
    }
}

impl Handler<OnThread> for Fanout {
    type Result = ();

    fn handle(&mut self, OnThread(work): OnThread, _: &mut Self::Context) {
        survive(work);
    }
}
