//! The joins of a room that are on their way: those that come while a read runs are read for together by the next one.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::prelude::*;
use tokio::sync::oneshot;

use crate::base::arrivals::Arrival;
use crate::chat::join_snapshot::{Cursor, Wanted};
use crate::db::PATIENCE;
use crate::realtime::fanout::SocketId;
use crate::wire::refusal::Refusal;
use crate::wire::{RoomId, Seq, User, UserId};

/// Bring a socket in, or give it the next page of its catch-up.
///
/// The page, and the live frames after the last one, go to the socket's outbox through its worker's queue. `reply` tells
/// the session when that has happened; it is dropped without a word when the room ends or the socket has left meanwhile.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Join {
    pub session: SocketId,
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

/// Joins in one read.
const AT_ONCE: usize = 1_024;
/// Pages of messages in one read, each of them at most 256 KiB.
const PAGES_AT_ONCE: usize = 32;

/// In the order in which they came: at most one for each socket.
pub struct Joins {
    waiting: VecDeque<Waiting>,
    /// A read runs, or is about to; there is never a second one.
    pub reading: bool,
    /// When the last one began.
    began: Option<Instant>,
    /// How many the next read is for at most: fewer after a failure, so that what one join needs fails no other.
    at_once: usize,
    /// The room has not been told of what the last read found: the next one reads all messages that are wanted.
    pub behind: bool,
}

/// A join, and since when it waits.
pub struct Waiting {
    pub join: Join,
    since: Instant,
    _arrival: Arrival,
}

impl Waiting {
    /// How long it may wait yet.
    pub fn left(&self) -> Duration {
        PATIENCE.saturating_sub(self.since.elapsed())
    }
}

impl Default for Joins {
    fn default() -> Self {
        Self { waiting: VecDeque::new(), reading: false, began: None, at_once: AT_ONCE, behind: false }
    }
}

impl Joins {
    pub fn push(&mut self, join: Join, arrival: Arrival) {
        self.waiting.push_back(Waiting { join, since: Instant::now(), _arrival: arrival });
    }

    /// How long until the next read may begin, where there are to be so long from one to the next; `None` where nobody
    /// waits, or one runs already.
    pub fn due_in(&self, pace: Duration) -> Option<Duration> {
        let rest = self.began.map_or(Duration::ZERO, |began| pace.saturating_sub(began.elapsed()));
        (!self.reading && !self.waiting.is_empty()).then_some(rest)
    }

    /// Those to read for next, and what they need. `floor`: above it the room remembers everything.
    pub fn next(&mut self, room: RoomId, floor: Seq) -> (Vec<Waiting>, Wanted) {
        self.began = Some(Instant::now());
        let remembered = if std::mem::take(&mut self.behind) { Seq::MAX } else { floor };
        let mut users: HashSet<UserId> = HashSet::new();
        let mut cursors: HashSet<Option<Cursor>> = HashSet::new();
        let (mut batch, mut pages) = (Vec::new(), 0);
        while batch.len() < self.at_once
            && pages < PAGES_AT_ONCE
            && let Some(waiting) = self.waiting.pop_front()
        {
            let cursor = &waiting.join.cursor;
            if !cursors.contains(cursor) {
                pages += usize::from(cursor.as_ref().is_none_or(|cursor| cursor.after < remembered));
                cursors.insert(cursor.clone());
            }
            users.insert(waiting.join.user.id);
            batch.push(waiting);
        }
        let (users, cursors) = (users.into_iter().collect(), cursors.into_iter().collect());
        (batch, Wanted { room, users, cursors, remembered })
    }

    /// These are read for again, before all others.
    pub fn put_back(&mut self, batch: Vec<Waiting>) {
        for waiting in batch.into_iter().rev() {
            self.waiting.push_front(waiting);
        }
    }

    /// A read for so many failed, or did not.
    pub fn note(&mut self, count: usize, failed: bool) {
        self.at_once = if failed { (count / 2).max(1) } else { (self.at_once * 2).min(AT_ONCE) };
    }
}
