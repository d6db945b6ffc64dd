//! What is read for every socket that connects. When a crowd returns at once, many are read for together.

use std::collections::HashMap;
use std::sync::Arc;

use crate::chat::{blocks, login_sessions, room_lists};
use crate::db::batch_loader::BatchLoader;
use crate::db::{AnyConnection, Store};
use crate::wire::refusal::Refusal;
use crate::wire::{MemberRoom, UserId};

/// A user who has just connected, and the hash of their login session's token.
type Newcomer = (UserId, String);

/// What a user is told first.
#[derive(Debug, Default)]
pub struct Welcome {
    pub rooms: Vec<MemberRoom>,
    /// The ids of those whom they have blocked.
    pub blocks: Vec<UserId>,
}

/// Shared by all workers.
#[derive(Clone)]
pub struct ConnectReads {
    sessions: BatchLoader<String, login_sessions::LoginSession>,
    welcomes: BatchLoader<Newcomer, Arc<Welcome>>,
}

impl ConnectReads {
    pub fn new(store: &Store) -> Self {
        Self { sessions: store.batch_loader(login_sessions::find), welcomes: store.batch_loader(welcomes) }
    }

    /// The login session with a token of this hash, unless it has ended.
    ///
    /// # Errors
    /// `unavailable`: the database does not answer.
    pub async fn session(&self, token_hash: String) -> Result<Option<login_sessions::LoginSession>, Refusal> {
        self.sessions.load(token_hash).await
    }

    /// What `welcome` lists for a user, or `None` where the login session has ended.
    ///
    /// # Errors
    /// `unavailable`: the database does not answer.
    pub async fn welcome(&self, user: UserId, token_hash: String) -> Result<Option<Arc<Welcome>>, Refusal> {
        self.welcomes.load((user, token_hash)).await
    }
}

/// The rooms and blocks of those of these newcomers whose sessions have not ended.
fn welcomes(
    connection: &mut AnyConnection,
    newcomers: &[Newcomer],
) -> Result<HashMap<Newcomer, Arc<Welcome>>, Refusal> {
    let hashes: Vec<String> = newcomers.iter().map(|(_, hash)| hash.clone()).collect();
    let alive = login_sessions::still_alive(connection, &hashes)?;
    let alive: Vec<&Newcomer> =
        newcomers.iter().filter(|(_, hash)| alive.get(hash) == Some(&login_sessions::State::Alive)).collect();
    let users: Vec<UserId> = alive.iter().map(|(user, _)| *user).collect();
    let rooms = room_lists::of_members(connection, &users)?;
    let mut found: HashMap<UserId, Welcome> =
        rooms.into_iter().map(|(user, rooms)| (user, Welcome { rooms, blocks: Vec::new() })).collect();
    for (user, blocked) in blocks::by(connection, &users)? {
        found.entry(user).or_default().blocks.push(blocked);
    }
    let found: HashMap<UserId, Arc<Welcome>> =
        found.into_iter().map(|(user, welcome)| (user, Arc::new(welcome))).collect();
    let welcome = |newcomer: &Newcomer| (newcomer.clone(), found.get(&newcomer.0).cloned().unwrap_or_default());
    Ok(alive.into_iter().map(welcome).collect())
}
