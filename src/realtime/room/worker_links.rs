//! The way from a room to the workers that have sockets in it.

use std::collections::VecDeque;
use std::sync::Arc;

use actix::prelude::*;

use crate::base::mailbox::send_detached;
use crate::base::metrics::METRICS;
use crate::realtime::fanout::{DeliveryOp, Fanout, FanoutMessage, Live, Subscription};
use crate::realtime::room::replay_buffer::Recent;
use crate::wire::{RoomId, Seq};

/// Ops that may wait for a worker beside the seats; one more is dropped. Live frames are never among them, and whoever
/// missed a word about people or mentions has it right again with the next `joined` and `welcome`.
const MAX_WAITING: usize = 1_024;

/// A room's links to all workers of the instance, by their index.
///
/// A worker's queue may be full. Live frames do not wait here then: the link remembers how far the worker was told, and
/// gives it the rest from the room's recent frames, or from the database, as soon as there is room.
pub struct Links {
    room: RoomId,
    links: Vec<Link>,
}

struct Link {
    worker: Addr<Fanout>,
    /// The number up to which the worker has been told.
    sent_seq: Seq,
    /// What it missed is being read from the database.
    reading: bool,
    /// Sockets of the room on that worker.
    seated: usize,
    /// What the full queue did not take, in order. Seats are bounded by the sockets, the rest by [`MAX_WAITING`].
    waiting: VecDeque<FanoutMessage>,
}

/// What pumping came to.
#[derive(Default)]
pub struct Pumped {
    /// A queue was full: pump again in a moment.
    pub blocked: bool,
    /// Workers that were behind for longer than the room remembers, and the number each was told.
    pub behind: Vec<(usize, Seq)>,
}

impl Links {
    pub fn new(room: RoomId, workers: Vec<Addr<Fanout>>, sent_seq: Seq) -> Self {
        let link = |worker| Link { worker, sent_seq, reading: false, seated: 0, waiting: VecDeque::new() };
        Self { room, links: workers.into_iter().map(link).collect() }
    }

    /// The number up to which a worker has been told: a new seat there begins above it.
    pub fn sent_seq(&self, worker: usize) -> Seq {
        self.links[worker].sent_seq
    }

    /// A socket comes in.
    pub fn occupy(&mut self, worker: usize) {
        self.links[worker].seated += 1;
    }

    pub fn seat(&mut self, worker: usize, seat: Subscription) {
        self.links[worker].waiting.push_back(DeliveryOp::Subscribe(seat).into());
    }

    /// A socket has left by itself.
    pub fn vacate(&mut self, worker: usize) {
        self.links[worker].seated -= 1;
    }

    /// A socket is made to leave.
    pub fn unseat(&mut self, worker: usize, op: DeliveryOp) {
        self.links[worker].seated -= 1;
        self.links[worker].waiting.push_back(op.into());
    }

    /// Something for the workers that have sockets in the room.
    pub fn tell(&mut self, op: impl Fn() -> DeliveryOp) {
        for link in self.links.iter_mut().filter(|link| link.seated > 0) {
            link.queue(op());
        }
    }

    /// Something for all workers.
    pub fn tell_all(&mut self, op: impl Fn() -> DeliveryOp) {
        for link in &mut self.links {
            link.queue(op());
        }
    }

    /// Sends the workers what waits, and live frames up to `delivered_seq`.
    pub fn flush(&mut self, recent: &Recent, delivered_seq: Seq) -> Pumped {
        let mut pumped = Pumped::default();
        // Workers usually stand at the same number: the frames are put together once.
        let mut last: Option<(Seq, Arc<[Live]>)> = None;
        for (index, link) in self.links.iter_mut().enumerate() {
            if !link.drain() {
                pumped.blocked = true;
                continue;
            }
            if link.sent_seq >= delivered_seq || link.seated == 0 {
                link.sent_seq = link.sent_seq.max(delivered_seq);
                continue;
            }
            let frames = match &last {
                Some((from, frames)) if *from == link.sent_seq => Some(Arc::clone(frames)),
                _ => recent.above(link.sent_seq),
            };
            let Some(frames) = frames else {
                if !std::mem::replace(&mut link.reading, true) {
                    METRICS.workers_behind.increment(1);
                    pumped.behind.push((index, link.sent_seq));
                }
                continue;
            };
            last = Some((link.sent_seq, Arc::clone(&frames)));
            if link.send(DeliveryOp::Deliver { room: self.room, frames }) {
                link.sent_seq = delivered_seq;
            } else {
                pumped.blocked = true;
            }
        }
        pumped
    }

    /// Gives a worker that was behind what was read for it; nothing where the read failed.
    pub fn catch_up(&mut self, worker: usize, frames: Vec<Live>, up_to: Seq) {
        let link = &mut self.links[worker];
        link.reading = false;
        // It may have been told some of it meanwhile.
        let frames: Arc<[Live]> = frames.into_iter().filter(|live| live.seq > link.sent_seq).collect();
        if up_to > link.sent_seq && link.drain() && link.send(DeliveryOp::Deliver { room: self.room, frames }) {
            link.sent_seq = up_to;
        }
    }

    /// Says a last thing to all workers, waiting for their queues.
    pub fn close(&mut self, op: impl Fn() -> DeliveryOp) {
        for link in &self.links {
            send_detached(link.worker.send(FanoutMessage::from(op())));
        }
    }
}

impl Link {
    fn queue(&mut self, op: DeliveryOp) {
        if self.waiting.len() < MAX_WAITING {
            self.waiting.push_back(op.into());
        } else {
            METRICS.worker_ops_dropped.increment(1);
        }
    }

    /// Whether nothing waits any more.
    fn drain(&mut self) -> bool {
        while let Some(op) = self.waiting.pop_front() {
            match self.worker.try_send(op) {
                Ok(()) => {}
                Err(SendError::Full(op)) => {
                    METRICS.worker_queue_full.increment(1);
                    self.waiting.push_front(op);
                    return false;
                }
                // The worker has ended, and its sockets with it.
                Err(SendError::Closed(_)) => {}
            }
        }
        true
    }

    fn send(&self, op: DeliveryOp) -> bool {
        let full = matches!(self.worker.try_send(FanoutMessage::from(op)), Err(SendError::Full(_)));
        METRICS.worker_queue_full.increment(u64::from(full));
        !full
    }
}
