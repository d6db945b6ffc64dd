//! Journal: group commit.
//!
//! What arrives while a transaction runs goes together into the next one, so that throughput rises with load and latency
//! stays one commit. A room is always in the same journal, so its changes are committed in one order by one lane.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::prelude::*;
use tokio::sync::oneshot;

use crate::error::{Refusal, StoreError};
use crate::mailbox::see_off;
use crate::metrics::{Counted, METRICS};
use crate::protocol::RoomId;
use crate::store::append::{Change, Done, Outcome, Write, append};
use crate::store::{PATIENCE, Store};
use crate::survive::survive;
use crate::testing::may_panic;

/// Writes in one transaction.
const MAX_BATCH: usize = 256;
/// Writes that wait for the next transactions; one more is refused as `unavailable`.
const MAX_WAITING: usize = 8_192;
/// Between two attempts while the database is away.
const RETRY: Duration = Duration::from_millis(100);
/// How often waiting writes are looked at for ones that have waited too long.
const SWEEP: Duration = Duration::from_millis(100);

pub type Reply = oneshot::Sender<Result<Done, Refusal>>;

/// Store this, answer `reply`, and hand what changed to `room`.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Append {
    pub write: Write,
    pub reply: Reply,
    pub room: Recipient<Committed>,
    _waiting: Counted,
}

impl Append {
    pub fn new(write: Write, reply: Reply, room: Recipient<Committed>) -> Self {
        Self { write, reply, room, _waiting: Counted::one(&METRICS.journal_waiting) }
    }
}

/// Changes of one room that are committed, in the order of their numbers.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Committed {
    pub changes: Vec<Change>,
    /// More may be committed than is told here: read the rest from the database.
    pub unsure: bool,
}

/// One lane of commits.
pub struct Journal {
    store: Store,
    /// Bounded by [`MAX_WAITING`].
    waiting: VecDeque<(Instant, Append)>,
    /// The batch that is being stored; there is never a second one.
    running: Option<Running>,
}

/// Who waits for the batch that is being stored.
struct Running {
    since: Instant,
    /// In the order of the batch's writes; `None` once answered.
    replies: Vec<Option<Reply>>,
    rooms: HashMap<RoomId, Recipient<Committed>>,
}

impl Journal {
    pub fn new(store: Store) -> Self {
        Self { store, waiting: VecDeque::new(), running: None }
    }

    /// Begins the next batch, unless one runs or nothing waits.
    fn begin(&mut self, ctx: &mut Context<Self>) {
        if self.running.is_some() || self.waiting.is_empty() {
            return;
        }
        let size = self.waiting.len().min(MAX_BATCH);
        let mut writes = Vec::with_capacity(size);
        let mut running = Running {
            since: self.waiting.front().map_or_else(Instant::now, |(since, _)| *since),
            replies: Vec::with_capacity(size),
            rooms: HashMap::new(),
        };
        for (_, append) in self.waiting.drain(..size) {
            running.rooms.entry(append.write.room).or_insert(append.room);
            running.replies.push(Some(append.reply));
            writes.push(append.write);
        }
        METRICS.commit_writes.record(size as f64);
        let deadline = running.since + PATIENCE;
        self.running = Some(running);
        let stored = store_batch(self.store.clone(), writes, deadline);
        ctx.spawn(stored.into_actor(self).map(|stored, journal, ctx| {
            // What a panic keeps from its rooms, they find with the next poll.
            survive(|| journal.finish(stored));
            journal.begin(ctx);
        }));
    }

    fn finish(&mut self, stored: Stored) {
        if let Some(running) = self.running.take() {
            may_panic("journal");
            match stored.outcome {
                Ok(outcome) => deliver(running, outcome, stored.unsure),
                Err(error) => {
                    error.count();
                    tracing::error!(%error, writes = running.replies.len(), "a batch could not be stored");
                    deliver(running, Outcome::default(), true);
                }
            }
        }
    }

    /// Answers those who have waited for as long as anybody should. A write that is being stored by then may still be
    /// stored; its room hears of it all the same.
    fn sweep(&mut self) {
        while self.waiting.front().is_some_and(|(since, _)| since.elapsed() > PATIENCE) {
            if let Some((_, append)) = self.waiting.pop_front() {
                let _ = append.reply.send(Err(Refusal::unavailable()));
            }
        }
        if let Some(running) = &mut self.running
            && running.since.elapsed() > PATIENCE
        {
            refuse(running.replies.iter_mut().map(Option::take).collect());
        }
    }
}

/// What became of a batch.
struct Stored {
    outcome: Result<Outcome, StoreError>,
    /// An attempt before the last may have been committed: its changes are not in the outcome.
    unsure: bool,
}

/// Stores a batch, again and again while the database is away and somebody still waits. Running it twice is safe, see
/// [`append`](crate::store::append).
async fn store_batch(store: Store, writes: Vec<Write>, deadline: Instant) -> Stored {
    let writes = Arc::new(writes);
    let mut unsure = false;
    loop {
        let batch = Arc::clone(&writes);
        match store.write_to_the_end(move |connection| timed(|| append(connection, &batch, deadline))).await {
            Err(error) if Instant::now() + RETRY < deadline => {
                error.count();
                METRICS.batches_retried.increment(1);
                tracing::warn!(%error, "storing a batch again");
                unsure = true;
                tokio::time::sleep(RETRY).await;
            }
            outcome => return Stored { outcome, unsure },
        }
    }
}

/// Measures what is stored; how long a failure took says nothing about commits.
fn timed<T, E>(store: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    let since = Instant::now();
    store().inspect(|_| METRICS.commit_duration.record(since.elapsed()))
}

/// Hands every room its changes, and answers those who asked. Whoever finds no answer in the outcome is refused.
fn deliver(running: Running, outcome: Outcome, unsure: bool) {
    let new = outcome.changes.iter().filter(|change| change.is_new()).count();
    METRICS.messages_sent.increment(new as u64);
    METRICS.messages_changed.increment((outcome.changes.len() - new) as u64);
    let mut by_room: HashMap<RoomId, Vec<Change>> = HashMap::new();
    for change in outcome.changes {
        by_room.entry(change.room).or_default().push(change);
    }
    for (id, room) in running.rooms {
        let changes = by_room.remove(&id).unwrap_or_default();
        if changes.is_empty() && !unsure {
            continue;
        }
        // A room whose queue is full takes them later, and puts what overtakes them back in order; one that has ended
        // has nobody to show them to.
        if let Err(SendError::Full(committed)) = room.try_send(Committed { changes, unsure }) {
            see_off(room.send(committed));
        }
    }
    let mut answers = outcome.answers.into_iter();
    for reply in running.replies {
        let answer = answers.next().unwrap_or_else(|| Err(Refusal::unavailable()));
        if let Some(reply) = reply {
            let _ = reply.send(answer);
        }
    }
}

fn refuse(replies: Vec<Option<Reply>>) {
    for reply in replies.into_iter().flatten() {
        let _ = reply.send(Err(Refusal::unavailable()));
    }
}

impl Actor for Journal {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAX_WAITING);
        ctx.run_interval(SWEEP, |journal, _| journal.sweep());
    }
}

impl Handler<Append> for Journal {
    type Result = ();

    fn handle(&mut self, append: Append, ctx: &mut Self::Context) {
        if self.waiting.len() >= MAX_WAITING {
            let _ = append.reply.send(Err(Refusal::unavailable()));
            return;
        }
        self.waiting.push_back((Instant::now(), append));
        // The messages that are already in the mailbox belong into the same batch: begin after them.
        if self.waiting.len() == 1 {
            ctx.spawn(tokio::task::yield_now().into_actor(self).map(|(), journal, ctx| journal.begin(ctx)));
        }
    }
}
