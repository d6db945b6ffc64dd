//! What others ask of the hub.

use std::sync::Arc;

use actix::prelude::*;
use tokio::sync::oneshot;

use crate::base::metrics::{Counted, METRICS};
use crate::chat::batch::{Action, Done};
use crate::chat::events::Event;
use crate::chat::{messages, rooms};
use crate::db::Store;
use crate::db::connection::{AnyConnection, snapshot};
use crate::policy;
use crate::realtime::fanout::{Fanout, SocketId};
use crate::realtime::hub::{AddWorker, CloseSocket, Connect, Disconnect, Drain, Find, Hub, OpenRoom, SetIdle};
use crate::realtime::room::{Act, HubEvent};
use crate::realtime::states::States;
use crate::render::Rendered;
use crate::wire::refusal::Refusal;
use crate::wire::{Close, Key, Message, RoomId, Seq, UserId};

/// How often a room that ends at the same moment is asked for again.
const ATTEMPTS: usize = 20;

/// The way to the hub, for any thread. All of it waits while the hub's queue is full.
#[derive(Clone)]
pub struct HubHandle {
    hub: Addr<Hub>,
    store: Store,
    /// Whether people are online, as it was told last.
    pub states: States,
}

/// A message to be sent.
pub struct Post {
    /// Only in this room, if its name has become that of another one.
    pub room_id: Option<RoomId>,
    pub key: Key,
    pub rendered: Rendered,
    pub reply_to: Option<Seq>,
}

impl HubHandle {
    pub(crate) fn new(hub: Addr<Hub>, store: Store, states: States) -> Self {
        Self { hub, store, states }
    }

    /// Registers a worker thread; gives its index.
    pub async fn add_worker(&self, worker: Addr<Fanout>) -> Result<usize, Refusal> {
        self.ask(AddWorker(worker)).await.map_err(gone)
    }

    /// The room of this name, in use; where `id` is given, only if it is that one.
    ///
    /// # Errors
    /// `not_found`: there is none, or it is another one by now.
    pub async fn find(&self, slug: &str, id: Option<RoomId>) -> Result<OpenRoom, Refusal> {
        let room = self.find_any(slug, false).await?;
        let is_wanted = |room: &OpenRoom| id.is_none_or(|id| id == room.id);
        if is_wanted(&room) {
            return Ok(room);
        }
        let room = self.find_any(slug, true).await?;
        if is_wanted(&room) { Ok(room) } else { Err(Refusal::room_not_found()) }
    }

    async fn find_any(&self, slug: &str, anew: bool) -> Result<OpenRoom, Refusal> {
        self.ask(Find { slug: slug.to_owned(), anew }).await.map_err(gone)?
    }

    /// Registers a socket, or says why it must be closed.
    pub async fn connect(
        &self,
        user: UserId,
        token_hash: String,
        session: Recipient<CloseSocket>,
    ) -> Result<SocketId, Close> {
        self.ask(Connect { user, token_hash, session }).await.unwrap_or(Err(Close::GoingAway))
    }

    pub async fn disconnect(&self, session: SocketId) {
        let _ = self.ask(Disconnect(session)).await;
    }

    /// A socket's page is not in use, or is again.
    pub async fn set_idle(&self, socket: SocketId, idle: bool) {
        let _ = self.ask(SetIdle { socket, idle }).await;
    }

    /// Tells whoever must act on it.
    pub async fn announce(&self, event: Event) {
        if let Err(error) = self.ask(HubEvent(event)).await {
            tracing::error!(%error, "an event found no hub");
        }
    }

    /// Closes all sockets, spread over `over`; resolves when the last is gone.
    pub async fn drain(&self, over: std::time::Duration) {
        let _ = self.hub.send(Drain { over }).await;
    }

    /// Sends a message as `user`; true = stored now, false = the key was used before and this is the first message.
    pub async fn post(&self, slug: &str, user: UserId, post: Post) -> Result<(Arc<Message>, bool), Refusal> {
        let Post { room_id, key, rendered, reply_to } = post;
        let action = Action::Send { key, rendered, reply_to, present: Vec::new() };
        let (room, Done::Sent { id, new }) = self.act(slug, room_id, user, &action).await? else {
            return Err(Refusal::internal());
        };
        match new {
            Some(message) => Ok((message, true)),
            None => {
                let slug = slug.to_owned();
                self.store.read(move |c| first(c, &slug, user, (room, id))).await.map(|first| (Arc::new(first), false))
            }
        }
    }

    /// Does something in a room as `user`, in that of this id alone where one is given; in which one, and what it came to.
    /// What is done twice is as if done once.
    pub async fn act(
        &self,
        slug: &str,
        id: Option<RoomId>,
        user: UserId,
        action: &Action,
    ) -> Result<(RoomId, Done), Refusal> {
        let mut deleted = None;
        for _ in 0..ATTEMPTS {
            let room = match deleted {
                None => self.find(slug, id).await?,
                Some(_) => self.find_any(slug, true).await?,
            };
            if deleted == Some(room.id) || id.is_some_and(|id| id != room.id) {
                return Err(Refusal::room_not_found());
            }
            let (reply, done) = oneshot::channel();
            let act = Act { user, action: action.clone(), reply };
            if room.address.send(act).await.is_err() {
                continue;
            }
            // An answer that is dropped is that of a room that has ended; it is safe to ask again.
            match done.await {
                // The room in use may have been deleted, and its name be that of another one.
                Ok(Err(refusal)) if refusal == Refusal::room_not_found() && deleted.is_none() => {
                    deleted = Some(room.id);
                }
                Ok(done) => return Ok((room.id, done?)),
                Err(_) => {}
            }
        }
        Err(Refusal::unanswered())
    }

    async fn ask<M>(&self, message: M) -> Result<M::Result, MailboxError>
    where
        M: actix::Message<Result: Send> + Send + 'static,
        Hub: Handler<M>,
    {
        let _waiting = Counted::one(&METRICS.hub_requests_waiting);
        self.hub.send(message).await
    }
}

/// The message that a key was used for, as it is now, where its author still may see it.
fn first(
    connection: &mut AnyConnection,
    slug: &str,
    user: UserId,
    (room, id): (RoomId, Seq),
) -> Result<Message, Refusal> {
    snapshot(connection, |connection| {
        let (found, _) = rooms::authorize(connection, slug, user, policy::Action::See)?;
        if found.room.id == room { messages::one(connection, room, id) } else { Err(Refusal::room_not_found()) }
    })
}

fn gone(_: MailboxError) -> Refusal {
    Refusal::internal()
}
