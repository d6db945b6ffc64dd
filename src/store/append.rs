//! The one way in which rooms change: a batch of actions becomes one transaction.
//!
//! A batch holds its rooms' rows (taken in the order of their ids), looks up what it needs in a handful of queries, lets
//! each action act on that picture in memory ([`picture`]), numbers only what is new, and writes what became of it. It is
//! safe to run the same batch again after a commit whose outcome is unknown: the rows are held only after the earlier
//! transaction has ended one way or the other; then a send finds its key, and everything else changes nothing and takes
//! no number.

mod load;
mod picture;
mod rows;

use std::sync::Arc;

use diesel::prelude::*;
use diesel::result::DatabaseErrorKind::{SerializationFailure, UniqueViolation};
use diesel::result::Error::DatabaseError;

use self::picture::Picture;
use super::connection::AnyConnection;
use super::marks::Marks;
use crate::error::{Refusal, StoreError};
use crate::protocol::{Message, RoomId, Seq, UserId};
use crate::render::Rendered;

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
    /// `key` is a UUID in canonical text.
    Send {
        key: String,
        rendered: Rendered,
        reply_to: Option<Seq>,
    },
    Edit {
        id: Seq,
        rendered: Rendered,
    },
    Delete {
        id: Seq,
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

/// What an action came to.
#[derive(Clone, Debug)]
pub enum Done {
    Entered,
    /// `new` is false where the key was used before.
    Sent {
        id: Seq,
        new: bool,
    },
    /// The message's number now; the same as before where nothing changed.
    Changed {
        id: Seq,
        seq: Seq,
    },
    /// `None` where the mark was there already.
    Read(Option<Marks>),
}

/// A numbered change of a room, committed or about to be.
#[derive(Clone, Debug)]
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
    pub answers: Vec<Result<Done, Refusal>>,
    pub changes: Vec<Change>,
}

/// Runs again after a refused row or a deadlock: somebody else stored the same key at the same moment.
const ATTEMPTS: usize = 5;

/// Stores a batch. Where the database refuses it for another reason than being away, each write is tried alone, so that
/// one that can't be stored spoils no stranger's.
pub fn append(connection: &mut AnyConnection, writes: &[Write]) -> Result<Outcome, StoreError> {
    match batch(connection, writes) {
        Ok(outcome) => Ok(outcome),
        Err(error) if writes.len() > 1 && alive(connection) => {
            tracing::warn!(%error, writes = writes.len(), "a batch was refused; its writes are stored singly");
            let mut whole = Outcome::default();
            for write in writes {
                match batch(connection, std::slice::from_ref(write)) {
                    Ok(outcome) => {
                        whole.answers.extend(outcome.answers);
                        whole.changes.extend(outcome.changes);
                    }
                    Err(error) => whole.answers.push(Err(StoreError::from(error).into())),
                }
            }
            Ok(whole)
        }
        Err(error) => Err(error.into()),
    }
}

fn batch(connection: &mut AnyConnection, writes: &[Write]) -> QueryResult<Outcome> {
    let mut attempt = 1;
    loop {
        match connection.transaction(|connection| run(connection, writes)) {
            Err(DatabaseError(UniqueViolation | SerializationFailure, _)) if attempt < ATTEMPTS => attempt += 1,
            outcome => return outcome,
        }
    }
}

fn run(connection: &mut AnyConnection, writes: &[Write]) -> QueryResult<Outcome> {
    let mut picture = Picture::load(connection, writes)?;
    let mut outcome = Outcome::default();
    for write in writes {
        let answer = picture.act(write, &mut outcome.changes);
        outcome.answers.push(answer);
    }
    picture.store(connection)?;
    for (write, answer) in writes.iter().zip(&mut outcome.answers) {
        if let Ok(Done::Read(Some(marks))) = answer {
            picture.count_unread(connection, write, marks)?;
        }
    }
    Ok(outcome)
}

/// Whether the database still answers on this connection: if it does, it was the batch that was wrong.
fn alive(connection: &mut AnyConnection) -> bool {
    diesel::sql_query("SELECT 1").execute(connection).is_ok()
}
