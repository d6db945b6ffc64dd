//! Fanout: the actor of a worker thread that hands a room's frames to the sockets there.
//!
//! A room sends one [`DeliveryOp`] to each worker that has sockets in it; what they share is encoded once. The ops of a room
//! arrive in the order in which the room gave them, and that order is what a socket sees: a join enters the room's list
//! between two frames.

pub mod counters;
pub mod fair_queue;
mod outbox;
mod registry;
pub mod subscriptions;

use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use bytes::Bytes;
use tokio::sync::oneshot;

use crate::base::metrics::{Counted, METRICS};
use crate::base::panics::catch_panic;
use crate::chat::extras::Changed;
use crate::realtime::fanout::fair_queue::FairQueue;
pub use crate::realtime::fanout::outbox::{MAX_UNANSWERED, Outbox, Progress};
pub use crate::realtime::fanout::registry::{LocalSocket, Registry, RoomBase, SocketId, registry};
use crate::wire::{Close, RoomId, Seq, UserId};

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
pub struct FanoutMessage {
    pub op: DeliveryOp,
    _waiting: Counted,
}

impl From<DeliveryOp> for FanoutMessage {
    fn from(op: DeliveryOp) -> Self {
        Self { op, _waiting: Counted::one(&METRICS.worker_ops_waiting) }
    }
}

/// What a room or the hub has a worker do.
pub enum DeliveryOp {
    /// Hand out live frames, in order.
    Deliver { room: RoomId, frames: Arc<[Live]> },
    /// Give a socket `frames` and seat it: from here on it gets live frames above `above`.
    Subscribe(Subscription),
    /// End a seat, unless a newer join has taken it.
    Unsubscribe { room: RoomId, session: SocketId, generation: u32, farewell: Option<Bytes> },
    /// Tell everybody in the room but one user.
    Tell { room: RoomId, frame: Bytes, except: Option<UserId> },
    /// Tell all sockets of some users but one socket. Comes behind what was said in the room, if it is about one.
    TellUsers { room: Option<RoomId>, users: Arc<[UserId]>, frame: Bytes, except: Option<SocketId> },
    /// Tell the members' sockets that have not joined the room; some of them have read marks that rose by sending.
    Activity { room: RoomId, frame: Bytes, reads: Arc<[(UserId, Bytes)]> },
    /// Tell all sockets of these users, each what is theirs.
    TellEach { room: RoomId, frames: Arc<[(UserId, Bytes)]> },
    /// Tell everybody about a room: its members one thing, the others another or nothing, and those who can't see it
    /// nothing in any case.
    Announce { members: Arc<HashSet<UserId>>, to_members: Bytes, blind: Arc<HashSet<UserId>>, to_others: Option<Bytes> },
    /// Tell those who share a joined room or a direct talk with these people, and themselves.
    PeopleChanged { changed: Arc<[Changed]> },
    /// A user has become a member of a room, or is none any more.
    Watch { room: RoomId, user: UserId, member: bool },
    /// These are a room's members; nobody else is.
    Watchers { room: RoomId, members: Arc<HashSet<UserId>> },
    /// Close all sockets in a room.
    CloseRoom { room: RoomId, close: Close },
}

impl DeliveryOp {
    /// The room whose order it keeps to.
    fn room(&self) -> Option<RoomId> {
        match self {
            Self::Subscribe(seat) => Some(seat.room),
            Self::TellUsers { room, .. } => *room,
            Self::Announce { .. } | Self::PeopleChanged { .. } => None,
            Self::Deliver { room, .. }
            | Self::Unsubscribe { room, .. }
            | Self::Tell { room, .. }
            | Self::Activity { room, .. }
            | Self::TellEach { room, .. }
            | Self::Watch { room, .. }
            | Self::Watchers { room, .. }
            | Self::CloseRoom { room, .. } => Some(*room),
        }
    }

    /// Goes from socket to socket of a room, which may be many.
    fn is_walk(&self) -> bool {
        matches!(self, Self::Deliver { .. } | Self::Tell { .. })
    }
}

/// See [`DeliveryOp::Subscribe`].
pub struct Subscription {
    pub room: RoomId,
    pub session: SocketId,
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
    turns: Rc<FairQueue>,
}

/// Pings are spread over the heartbeat in this many steps.
const BEATS: u64 = 20;

impl Fanout {
    /// For the thread that it is made on.
    pub fn new(heartbeat: Duration) -> Self {
        Self { heartbeat, beats: 0, turns: FairQueue::start() }
    }
}

impl Actor for Fanout {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
        ctx.run_interval(self.heartbeat / BEATS as u32, |fanout, _| {
            fanout.beats += 1;
            work(|registry| registry.ping(fanout.beats % BEATS, BEATS));
        });
    }
}

impl Handler<FanoutMessage> for Fanout {
    type Result = ();

    fn handle(&mut self, posted: FanoutMessage, ctx: &mut Self::Context) {
        self.turns.take(posted);
        if self.turns.is_full() {
            ctx.wait(Rc::clone(&self.turns).has_room().into_actor(self));
        }
    }
}

impl Handler<OnThread> for Fanout {
    type Result = ();

    fn handle(&mut self, OnThread(work): OnThread, _: &mut Self::Context) {
        catch_panic(work);
    }
}

/// Works on the thread's registry. Some sockets may have been given what others were not when work panics: all of them
/// start anew.
fn work(work: impl FnOnce(&mut Registry)) {
    if catch_panic(|| registry(work)).is_none() {
        registry(|registry| registry.close_all(Close::GoingAway));
    }
}
