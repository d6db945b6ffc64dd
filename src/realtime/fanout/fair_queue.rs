//! What waits on a worker thread for its turn.
//!
//! Rooms take turns, each with a few of its sockets at a time, so that a large room keeps a small one waiting for no longer
//! than a slice takes; between two slices everything else on the thread has its turn. What is said in a room stays in
//! its order, and live frames that wait together go out together.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use tokio::sync::Notify;
use tokio::task::yield_now;

use crate::base::failpoints::failpoint;
use crate::base::panics::catch_panic;
use crate::realtime::fanout::subscriptions::Broadcast;
use crate::realtime::fanout::{DeliveryOp, FanoutMessage, registry, work};
use crate::wire::{Close, RoomId};

/// Sockets that are written to before others of the thread have their turn, which takes a few tenths of a millisecond.
const SLICE: usize = 64;
/// Of these, so many of one room where others wait.
const SHARE: usize = 16;
/// Ops that may wait here; those in the mailbox wait behind them.
const MAX_WAITING: usize = 1_024;
/// What goes out together, at most: well below what may wait for a socket. In bytes.
const MAX_TOGETHER: usize = 256 * 1024;

/// Shared by the actor, which brings ops, and the task that acts on them.
#[derive(Default)]
pub struct FairQueue {
    waiting: RefCell<Waiting>,
    has_work: Notify,
    has_room: Notify,
}

#[derive(Default)]
struct Waiting {
    rooms: HashMap<RoomId, Said>,
    /// The rooms with something to do, each once.
    order: VecDeque<RoomId>,
    ops: usize,
}

/// What is to be said in a room, in its order.
#[derive(Default)]
struct Said {
    under_way: Option<Broadcast>,
    ops: VecDeque<FanoutMessage>,
}

impl FairQueue {
    /// Starts the task, which lives as long as the thread.
    pub fn start() -> Rc<Self> {
        let turns = Rc::new(Self::default());
        let task = Rc::clone(&turns);
        actix_rt::spawn(async move {
            loop {
                task.has_work.notified().await;
                while task.slice() {
                    // `yield_now` instead of `wake_by_ref`, so that the I/O driver is polled between slices.
                    yield_now().await;
                }
            }
        });
        turns
    }

    /// Puts an op behind those of its room, or acts on it at once where it has nothing to wait for.
    pub fn take(&self, posted: FanoutMessage) {
        let Some(room) = posted.op.room() else { return act(posted.op) };
        let mut waiting = self.waiting.borrow_mut();
        let waiting = &mut *waiting;
        if !waiting.rooms.contains_key(&room) && !posted.op.is_walk() {
            return act(posted.op);
        }
        let said = waiting.rooms.entry(room).or_insert_with(|| {
            waiting.order.push_back(room);
            Said::default()
        });
        said.ops.push_back(posted);
        waiting.ops += 1;
        self.has_work.notify_one();
    }

    pub fn is_full(&self) -> bool {
        self.waiting.borrow().ops >= MAX_WAITING
    }

    /// Resolves when more can be taken.
    pub async fn has_room(self: Rc<Self>) {
        while self.is_full() {
            self.has_room.notified().await;
        }
    }

    /// Says whether there is more to do.
    fn slice(&self) -> bool {
        let mut waiting = self.waiting.borrow_mut();
        if catch_panic(|| waiting.slice()).is_none() {
            *waiting = Waiting::default();
            registry(|registry| registry.close_all(Close::GoingAway));
        }
        if waiting.ops < MAX_WAITING {
            self.has_room.notify_one();
        }
        !waiting.order.is_empty()
    }
}

impl Waiting {
    fn slice(&mut self) {
        let mut left = SLICE;
        while left > 0
            && let Some(room) = self.order.pop_front()
        {
            let Some(said) = self.rooms.get_mut(&room) else { continue };
            let before = said.ops.len();
            left -= said.advance(room, if self.order.is_empty() { left } else { left.min(SHARE) });
            self.ops -= before - said.ops.len();
            if said.under_way.is_none() && said.ops.is_empty() {
                self.rooms.remove(&room);
            } else {
                self.order.push_back(room);
            }
        }
    }
}

impl Said {
    /// Goes on with what is under way, or with the next. Says what it cost, in sockets: one at least, `most` at most.
    fn advance(&mut self, room: RoomId, most: usize) -> usize {
        if self.under_way.is_none() {
            self.under_way = match self.ops.pop_front().map(|posted| posted.op) {
                Some(DeliveryOp::Deliver { frames, .. }) => {
                    failpoint("fanout");
                    let mut walk = Broadcast::deliver(&frames);
                    self.put_together(&mut walk);
                    Some(walk)
                }
                Some(DeliveryOp::Tell { frame, except, .. }) => Some(Broadcast::tell(frame, except)),
                Some(other) => {
                    act(other);
                    return 1;
                }
                None => return 1,
            };
        }
        let Some(walk) = &mut self.under_way else { return 1 };
        let walked = registry(|registry| registry.walk(room, walk, most));
        if walked.done {
            self.under_way = None;
        }
        walked.seats.max(1)
    }

    /// Adds the live frames that wait right behind.
    fn put_together(&mut self, walk: &mut Broadcast) {
        while walk.bytes() < MAX_TOGETHER
            && let Some(FanoutMessage { op: DeliveryOp::Deliver { frames, .. }, .. }) = self.ops.front()
        {
            walk.extend(frames);
            self.ops.pop_front();
        }
    }
}

fn act(op: DeliveryOp) {
    work(|registry| registry.act(op));
}
