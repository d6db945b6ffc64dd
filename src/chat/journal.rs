//! Journal: group commit.
//!
//! What arrives while a transaction runs goes together into the next one, so that throughput rises with load and latency
//! stays one commit. A room is always in the same journal, so its changes are committed in one order by one lane.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::prelude::*;
use tokio::sync::oneshot;

use crate::base::failpoints::failpoint;
use crate::base::mailbox::send_detached;
use crate::base::metrics::{Counted, METRICS};
use crate::base::panics::catch_panic;
use crate::chat::batch::early::publish_early;
use crate::chat::batch::{Change, Done, Outcome, Write, append};
use crate::db::{PATIENCE, Store, StoreError};
use crate::wire::RoomId;
use crate::wire::refusal::{Code, Refusal};

/// Writes in one transaction.
const MAX_BATCH: usize = 256;
/// Writes that wait for the next transactions; one more is refused as `unavailable`.
const MAX_WAITING: usize = 8_192;
/// Changes in one word to other instances, and bytes of their text unless it is one change.
const MAX_TOLD: usize = 16;
const MAX_TOLD_BYTES: usize = 64 * 1024;
/// Between two attempts while the database is away.
const RETRY: Duration = Duration::from_millis(100);
/// Between two attempts at a room whose row somebody else holds.
const HELD_RETRY: Duration = Duration::from_millis(250);
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

/// Hands committed changes of a room to other instances.
pub trait Publish: Send + Sync {
    /// `changes` are in the order of their numbers. Never waits; what can't be told is dropped, since the others read it
    /// from the database.
    fn publish_changes(&self, room: RoomId, changes: &[Change]);
}

/// One lane of commits.
pub struct Journal {
    store: Store,
    others: Arc<dyn Publish>,
    /// In the order in which they came. Bounded by [`MAX_WAITING`], and one batch that was put back.
    waiting: VecDeque<Waiting>,
    /// The batch that is being stored; there is never a second one.
    running: Option<Running>,
    /// Rooms whose rows somebody else held when they were last tried, and when to try them again.
    held: HashMap<RoomId, Instant>,
    /// A batch is about to begin.
    beginning: bool,
}

struct Waiting {
    since: Instant,
    append: Append,
    /// An earlier attempt may have been committed.
    unsure: bool,
}

/// The batch that is being stored, and who waits for it.
struct Running {
    writes: Arc<Vec<Write>>,
    /// In the order of the writes: since when somebody waits, and where; `None` once answered.
    asked: Vec<(Instant, Option<Reply>)>,
    rooms: HashMap<RoomId, Recipient<Committed>>,
}

impl Journal {
    pub fn new(store: Store, others: Arc<dyn Publish>) -> Self {
        let early = Arc::clone(&others);
        publish_early(move |changes| {
            changes.iter().for_each(|change| early.publish_changes(change.room, std::slice::from_ref(change)));
        });
        Self { store, others, waiting: VecDeque::new(), running: None, held: HashMap::new(), beginning: false }
    }

    /// Begins the next batch, unless one runs or nothing waits that can be tried.
    fn begin(&mut self, ctx: &mut Context<Self>) {
        if self.running.is_some() {
            return;
        }
        let batch = self.next_batch();
        let Some(newest) = batch.last() else { return };
        let deadline = newest.since + PATIENCE;
        let unsure = batch.iter().any(|waiting| waiting.unsure);
        let mut writes = Vec::with_capacity(batch.len());
        let mut asked = Vec::with_capacity(batch.len());
        let mut rooms = HashMap::new();
        for Waiting { since, append, .. } in batch {
            rooms.entry(append.write.room).or_insert(append.room);
            asked.push((since, Some(append.reply)));
            writes.push(append.write);
        }
        let writes = Arc::new(writes);
        let known_held = writes.iter().map(|write| write.room).filter(|room| self.held.contains_key(room)).collect();
        self.running = Some(Running { writes: Arc::clone(&writes), asked, rooms });
        let stored = store_batch(self.store.clone(), writes, known_held, deadline, unsure);
        ctx.spawn(stored.into_actor(self).map(|stored, journal, ctx| {
            // What a panic keeps from its rooms, they find with the next poll.
            catch_panic(|| journal.finish(stored, ctx));
            journal.begin(ctx);
        }));
    }

    /// The oldest writes, without those of rooms that are held: a room's writes keep their order.
    fn next_batch(&mut self) -> Vec<Waiting> {
        let now = Instant::now();
        let (mut batch, mut left) = (Vec::new(), Vec::new());
        while batch.len() < MAX_BATCH
            && let Some(waiting) = self.waiting.pop_front()
        {
            let held = self.held.get(&waiting.append.write.room).is_some_and(|again| *again > now);
            if held { left.push(waiting) } else { batch.push(waiting) }
        }
        for waiting in left.into_iter().rev() {
            self.waiting.push_front(waiting);
        }
        batch
    }

    fn finish(&mut self, stored: Stored, ctx: &mut Context<Self>) {
        if let Some(mut running) = self.running.take() {
            failpoint("journal");
            stored.note(&self.store);
            match stored.outcome {
                Ok(outcome) => {
                    METRICS.commit_writes.record(outcome.answers.iter().flatten().count() as f64);
                    self.put_back(&mut running, &outcome, stored.unsure, ctx);
                    deliver(running, outcome, stored.unsure, &*self.others);
                }
                Err(error) => {
                    error.count();
                    tracing::error!(%error, writes = running.writes.len(), "a batch could not be stored");
                    deliver(running, Outcome::default(), true, &*self.others);
                }
            }
        }
    }

    /// Lets those wait on whose room somebody else holds, and tries them again soon.
    fn put_back(&mut self, running: &mut Running, outcome: &Outcome, unsure: bool, ctx: &mut Context<Self>) {
        let again = Instant::now() + HELD_RETRY;
        let before = self.waiting.len();
        for ((write, answer), (since, reply)) in running.writes.iter().zip(&outcome.answers).zip(&mut running.asked) {
            if answer.is_some() {
                self.held.remove(&write.room);
                continue;
            }
            let Some(room) = running.rooms.get(&write.room) else { continue };
            if let Some(reply) = reply.take() {
                self.held.insert(write.room, again);
                let append = Append::new(write.clone(), reply, room.clone());
                self.waiting.push_back(Waiting { since: *since, append, unsure });
            }
        }
        if self.waiting.len() > before {
            // Stable: of those that came in the same moment, the ones put back are of other rooms or come first.
            self.waiting.rotate_right(self.waiting.len() - before);
            self.waiting.make_contiguous().sort_by_key(|waiting| waiting.since);
            tracing::debug!(writes = self.waiting.len() - before, "somebody else holds a room's row");
            ctx.run_later(HELD_RETRY, |journal, ctx| journal.begin(ctx));
        }
    }

    /// Answers those who have waited for as long as anybody should. A write that is being stored by then may still be
    /// stored; its room hears of it all the same.
    fn sweep(&mut self) {
        let late = self.waiting.iter().take_while(|waiting| waiting.since.elapsed() > PATIENCE).count();
        if late > 0 {
            self.store.note(false);
            tracing::warn!(writes = late, "writes have waited too long");
        }
        for Waiting { append, .. } in self.waiting.drain(..late) {
            let _ = append.reply.send(Err(Refusal::unavailable()));
        }
        for (since, reply) in self.running.iter_mut().flat_map(|running| &mut running.asked) {
            if since.elapsed() > PATIENCE
                && let Some(reply) = reply.take()
            {
                self.store.note(false);
                let _ = reply.send(Err(Refusal::unavailable()));
            }
        }
    }
}

/// What became of a batch.
struct Stored {
    outcome: Result<Outcome, StoreError>,
    /// An attempt before the last may have been committed: its changes are not in the outcome.
    unsure: bool,
}

impl Stored {
    /// Tells the store whether it stores: something new, or not what it should.
    fn note(&self, store: &Store) {
        let refused = |answer: &Option<Result<Done, Refusal>>| matches!(answer, Some(Err(refusal)) if refusal.code == Code::Unavailable);
        match &self.outcome {
            Ok(outcome) if outcome.answers.iter().any(refused) => store.note(false),
            Ok(outcome) if !outcome.changes.is_empty() => store.note(true),
            Ok(_) => {}
            Err(_) => store.note(false),
        }
    }
}

/// Stores a batch, again and again while the database is away and somebody still waits. Running it twice is safe, see
/// [`append`](crate::chat::batch).
async fn store_batch(
    store: Store,
    writes: Arc<Vec<Write>>,
    known_held: HashSet<RoomId>,
    deadline: Instant,
    mut unsure: bool,
) -> Stored {
    let known_held = Arc::new(known_held);
    loop {
        let (batch, known_held) = (Arc::clone(&writes), Arc::clone(&known_held));
        match store
            .write_to_the_end(move |connection| timed(|| append(connection, &batch, &known_held, deadline)))
            .await
        {
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

/// Hands every room its changes, here and elsewhere, and answers those who asked. Whoever finds no answer in the outcome
/// is refused.
fn deliver(running: Running, outcome: Outcome, unsure: bool, others: &dyn Publish) {
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
        for changes in portions(&changes) {
            others.publish_changes(id, changes);
        }
        // A room whose queue is full takes them later, and puts what overtakes them back in order; one that has ended
        // has nobody to show them to.
        if let Err(SendError::Full(committed)) = room.try_send(Committed { changes, unsure }) {
            send_detached(room.send(committed));
        }
    }
    let mut answers = outcome.answers.into_iter();
    for (_, reply) in running.asked {
        let answer = answers.next().flatten().unwrap_or_else(|| Err(Refusal::unavailable()));
        if let Some(reply) = reply {
            let _ = reply.send(answer);
        }
    }
}

/// What goes into one word each.
fn portions(changes: &[Change]) -> impl Iterator<Item = &[Change]> {
    let size = |change: &Change| change.message.body.len() + change.message.html.len();
    let (mut count, mut bytes) = (0, 0);
    changes.chunk_by(move |change, next| {
        (count, bytes) = (count + 1, bytes + size(change));
        let fits = count < MAX_TOLD && bytes + size(next) <= MAX_TOLD_BYTES;
        if !fits {
            (count, bytes) = (0, 0);
        }
        fits
    })
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
            let _ = append.reply.send(Err(Refusal::busy()));
            return;
        }
        self.waiting.push_back(Waiting { since: Instant::now(), append, unsure: false });
        // The messages that are already in the mailbox belong into the same batch: begin after them.
        if self.running.is_none() && !std::mem::replace(&mut self.beginning, true) {
            ctx.spawn(tokio::task::yield_now().into_actor(self).map(|(), journal, ctx| {
                journal.beginning = false;
                journal.begin(ctx);
            }));
        }
    }
}
