//! The one way in which rooms change: a batch of actions becomes one transaction.
//!
//! A batch holds its rooms' rows, but for those that somebody else holds, looks up what it needs in a handful of
//! queries, lets each action act on what they found, in memory ([`BatchState`]), numbers only what is new, and writes what
//! became of it. It is safe to run the same batch again after a commit whose outcome is unknown: the rows can be held
//! only after the earlier transaction has ended one way or the other; then a send finds its key, and the rest ends in the
//! same state: an edit, a deletion or a reaction that is there already takes no number.

mod counts;
pub mod early;
mod load;
mod mentions;
mod people;
mod projection;
mod projections;
mod reactions;
mod rows;
mod rules;
pub mod state;
mod targets;

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use diesel::prelude::*;
use diesel::result::Error;
use serde::{Deserialize, Serialize};

use crate::base::failpoints::failpoint;
use crate::base::metrics::METRICS;
use crate::chat::batch::early::before_commit;
use crate::chat::batch::state::BatchState;
use crate::chat::read_state::ReadMarker;
use crate::chat::rooms::LockMode;
use crate::db::connection::{AnyConnection, transaction};
use crate::db::error::{Retry, StoreError, is_locked_sqlite};
use crate::render::Rendered;
use crate::wire::refusal::Refusal;
use crate::wire::{Key, Message, RoomId, Seq, UserId};

/// Somebody does something in a room.
#[derive(Clone, Debug)]
pub struct Write {
    pub room: RoomId,
    pub user: UserId,
    pub action: Action,
}

#[derive(Clone, Debug)]
pub enum Action {
    /// Becomes a member, if not one already.
    Enter,
    Send {
        key: Key,
        rendered: Rendered,
        reply_to: Option<Seq>,
        /// Who is in the room, where that matters: see [`Rendered::mentions_here`].
        present: Vec<UserId>,
    },
    Edit {
        id: Seq,
        rendered: Rendered,
    },
    /// Takes back one's own message, or removes somebody else's.
    Delete {
        id: Seq,
        /// Of a removal.
        reason: String,
        /// As one of all that its author wrote. Whether that may be was decided when it began: neither who asked for it nor
        /// the author need have an account any more.
        wipe: bool,
    },
    React {
        id: Seq,
        emoji: String,
        on: bool,
    },
    /// Raises one's read mark, up to the room's number.
    Read {
        seq: Seq,
    },
}

impl Action {
    /// # Errors
    /// `invalid`: not an emoji.
    pub fn react(id: Seq, emoji: &str, on: bool) -> Result<Self, Refusal> {
        let emoji = emojis::get(emoji).ok_or_else(|| Refusal::invalid("emoji: not an emoji"))?;
        Ok(Self::React { id, emoji: emoji.as_str().to_owned(), on })
    }
}

/// What an action came to.
#[derive(Clone, Debug)]
pub enum Done {
    Entered,
    /// `new` is the message, where the key was not used before.
    Sent {
        id: Seq,
        new: Option<Arc<Message>>,
    },
    /// The message's number now; the same as before where nothing changed.
    Changed {
        id: Seq,
        seq: Seq,
    },
    /// `None` where the mark was there already.
    Read(Option<ReadMarker>),
}

/// A numbered change of a room, committed or about to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    pub room: RoomId,
    /// The number of the change is `message.seq`.
    pub message: Arc<Message>,
    /// The room's `access` number: its members may have to be read again before this is handed out.
    pub access: i64,
    /// Messages ever sent in the room, this one included.
    pub count: i64,
    /// Who is told that they were mentioned.
    pub mentioned: Vec<UserId>,
    /// For whom it lowers what is unread or mentions them. Known where it is committed; others are told by an event.
    #[serde(skip)]
    pub lowers: Option<Lowered>,
}

/// Whose numbers fall by a change: of those who have not read the message.
#[derive(Clone, Debug, PartialEq)]
pub enum Lowered {
    /// Those of all members: it was deleted.
    All,
    /// Those of some: it mentions them no more.
    Some(Vec<UserId>),
}

impl Change {
    /// A new message, rather than a change of one.
    pub fn is_new(&self) -> bool {
        self.message.id == self.message.seq
    }
}

/// What a batch came to: an answer for each write, in their order, and the changes in the order of their numbers.
#[derive(Debug, Default)]
pub struct Outcome {
    /// `None`: the room's row is held by somebody else, and the write was not tried.
    pub answers: Vec<Option<Result<Done, Refusal>>>,
    pub changes: Vec<Change>,
}

/// Runs of a batch whose failure may pass: somebody else stored the same key at the same moment, or there was a deadlock.
const ATTEMPTS: usize = 5;

/// Stores a batch. Where the database refuses it for another reason than being away, it is stored in parts: each room by
/// itself, and where that is refused too each write alone, so that what can't be stored spoils no stranger's. What is not
/// tried by `deadline` is refused. Writes in a room whose row somebody holds are left out and not answered; those of
/// `known_held` are not waited for.
///
/// # Errors
/// The database is away. Run the same batch again: what was stored is found.
pub fn append(
    connection: &mut AnyConnection,
    writes: &[Write],
    known_held: &HashSet<RoomId>,
    deadline: Instant,
) -> Result<Outcome, StoreError> {
    let error = match batch(connection, writes, known_held) {
        Ok(outcome) => {
            failpoint("commit");
            return Ok(outcome);
        }
        Err(failed) => failed.error,
    };
    if is_away(connection, &error) {
        return Err(error.into());
    }
    METRICS.batches_split.increment(1);
    tracing::warn!(%error, writes = writes.len(), "a batch was refused; it is stored in parts");
    let mut rooms: BTreeMap<RoomId, Vec<usize>> = BTreeMap::new();
    for (place, write) in writes.iter().enumerate() {
        rooms.entry(write.room).or_default().push(place);
    }
    let mut parts: VecDeque<Vec<usize>> = rooms.into_values().collect();
    let mut whole = Outcome { answers: vec![Some(Err(Refusal::unavailable())); writes.len()], changes: Vec::new() };
    // Rooms of which a write waits: what comes after it has to wait too.
    let mut stopped = HashSet::new();
    while let Some(part) = parts.pop_front().filter(|_| Instant::now() < deadline) {
        let these: Vec<Write> = part.iter().map(|place| writes[*place].clone()).collect();
        if these.iter().any(|write| stopped.contains(&write.room)) {
            part.into_iter().for_each(|place| whole.answers[place] = None);
            continue;
        }
        match batch(connection, &these, known_held) {
            Ok(outcome) => {
                whole.changes.extend(outcome.changes);
                for (place, answer) in part.into_iter().zip(outcome.answers) {
                    if answer.is_none() {
                        stopped.insert(writes[place].room);
                    }
                    whole.answers[place] = answer;
                }
            }
            Err(Failed { error, .. }) if is_away(connection, &error) => return Err(error.into()),
            // Whoever holds what this waited for holds it for each of these.
            Err(Failed { error, retry }) if part.len() == 1 || retry == Retry::WouldWait => {
                let error = StoreError::from(error);
                error.count();
                tracing::error!(%error, "a write was refused");
            }
            Err(_) => part.into_iter().rev().for_each(|place| parts.push_front(vec![place])),
        }
    }
    Ok(whole)
}

/// Why a batch was not stored.
struct Failed {
    error: Error,
    retry: Retry,
}

fn batch(connection: &mut AnyConnection, writes: &[Write], known_held: &HashSet<RoomId>) -> Result<Outcome, Failed> {
    let mut attempt = 1;
    let mut taking = LockMode::NoWait;
    loop {
        let since = Instant::now();
        let error = match transaction(connection, |connection| run(connection, writes, known_held, taking)) {
            Ok(outcome) => return Ok(outcome),
            Err(error) => error,
        };
        let retry = Retry::after(&error, connection, since.elapsed());
        taking = match taking {
            _ if matches!(error, Error::RollbackTransaction) => LockMode::Ordered,
            // The rooms' rows were not free in time, or something else happened that may not happen again.
            LockMode::Ordered if retry != Retry::WouldFail => LockMode::SkipLocked,
            taking if attempt < ATTEMPTS && retry == Retry::MayPass => {
                attempt += 1;
                taking
            }
            _ => return Err(Failed { error, retry }),
        };
    }
}

/// Nothing can be stored at all: the connection is gone, or another program holds SQLite's one lock.
fn is_away(connection: &mut AnyConnection, error: &Error) -> bool {
    is_locked_sqlite(error, connection) || diesel::sql_query("SELECT 1").execute(connection).is_err()
}

fn run(
    connection: &mut AnyConnection,
    writes: &[Write],
    known_held: &HashSet<RoomId>,
    taking: LockMode,
) -> QueryResult<Outcome> {
    let mut state = BatchState::load(connection, writes, known_held, taking)?;
    let mut outcome = Outcome::default();
    for write in writes {
        let held = state.held.contains(&write.room);
        let answer = (!held).then(|| state.act(write, &mut outcome.changes));
        outcome.answers.push(answer);
    }
    state.store(connection)?;
    // Where somebody's mark rose several times, only the last is told.
    let mut counted = HashSet::new();
    for (write, answer) in writes.iter().zip(&mut outcome.answers).rev() {
        if let Some(Ok(Done::Read(marks))) = answer {
            match marks {
                Some(marks) if counted.insert((write.room, write.user)) => {
                    state.count_unread(connection, write, marks)?;
                }
                _ => *marks = None,
            }
        }
    }
    before_commit(&outcome.changes);
    Ok(outcome)
}
