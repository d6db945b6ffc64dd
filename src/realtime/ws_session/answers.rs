//! Answers that a session waits for, and the frames that its client gets by them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::MailboxError;
use futures_util::future::LocalBoxFuture;
use tokio::sync::oneshot;

use crate::base::metrics::{Counted, METRICS};
use crate::base::uniform_delay::level;
use crate::chat::batch::{Action, Done};
use crate::chat::connect_reads::Welcome;
use crate::chat::history::Part;
use crate::chat::join_snapshot::Cursor;
use crate::realtime::fanout::{SocketId, registry};
use crate::realtime::hub::OpenRoom;
use crate::realtime::room::Join;
use crate::realtime::ws_session::{Joined, WsSession};
use crate::wire::refusal::{Code, Refusal};
use crate::wire::{Close, LeftReason, Ref, RoomId, Seq, ServerFrame};

const SETTLE: Duration = Duration::from_millis(20);

/// What a request was about, for its answer.
#[derive(Default)]
pub struct RequestContext {
    pub reference: Option<String>,
    pub room: Option<String>,
    /// The room that is meant, where its name may have become that of another one.
    pub room_id: Option<RoomId>,
    pub key: Option<String>,
}

impl RequestContext {
    pub fn about(reference: Option<String>, room: String, room_id: Option<RoomId>) -> Self {
        Self { reference, room: Some(room), room_id, key: None }
    }
}

/// A request on its way into a room's full queue.
pub type Queued = LocalBoxFuture<'static, Result<(), MailboxError>>;

/// What came of a join, or of a further part of a catch-up.
pub enum JoinOutcome {
    /// The socket is in the room. `behind`: where its catch-up goes on, if it does.
    Joined {
        behind: Option<Seq>,
    },
    Refused(Refusal),
    /// Nobody answers: the room has ended, or the socket has left it.
    Dropped,
}

/// Something a session has waited for.
pub enum Answer {
    Connected(Result<SocketId, Close>),
    Rooms(Result<Option<Arc<Welcome>>, Refusal>),
    Found {
        asked: RequestContext,
        cursor: Option<Cursor>,
        found: Result<OpenRoom, Refusal>,
        /// When it was asked for.
        since: Instant,
    },
    Entered {
        asked: RequestContext,
        generation: u32,
        cursor: Option<Cursor>,
        continued: bool,
        outcome: JoinOutcome,
    },
    Rendered {
        asked: RequestContext,
        action: Result<Action, Refusal>,
    },
    /// `waited`: it had to wait for room in the room's queue.
    Stored {
        asked: RequestContext,
        stored: Result<Done, Refusal>,
        waited: bool,
    },
    History {
        asked: RequestContext,
        page: Result<Part, Refusal>,
    },
    /// Nobody waits for an answer.
    IdleTold,
}

impl WsSession {
    pub(crate) fn answered(&mut self, answer: Answer) {
        match answer {
            Answer::Connected(connected) => self.connected(connected),
            Answer::Rooms(rooms) => self.welcome(rooms),
            Answer::Found { asked, cursor, found, since } => self.found(asked, cursor, found, since),
            Answer::Entered { asked, generation, cursor, continued, outcome } => {
                self.entered(asked, generation, cursor, continued, outcome);
            }
            Answer::Rendered { asked, action } => {
                self.rendering = false;
                self.act(asked, action);
            }
            Answer::Stored { asked, stored, waited } => {
                self.blocked &= !waited;
                self.stored(&asked, stored);
            }
            Answer::History { asked, page } => {
                self.paging = false;
                match page {
                    Ok(Part { messages, more, newer }) => self.tell(&ServerFrame::History {
                        reference: Ref::from(&asked.reference),
                        room: asked.room.as_deref().unwrap_or_default(),
                        messages: &messages,
                        more,
                        newer,
                    }),
                    Err(refusal) => self.refuse(&asked, &refusal),
                }
            }
            Answer::IdleTold => {}
        }
    }

    pub(crate) fn refuse(&self, asked: &RequestContext, refusal: &Refusal) {
        self.tell(&ServerFrame::Error {
            code: refusal.code,
            message: &self.language.say(&refusal.wording),
            reference: Ref::from(&asked.reference),
            key: asked.key.as_deref(),
            room: asked.room.as_deref(),
            retry_after_ms: refusal.retry_after_ms,
        });
    }

    pub(crate) fn left(&self, asked: &RequestContext) {
        let room = asked.room.as_deref().unwrap_or_default();
        self.tell(&ServerFrame::Left { reference: Ref::from(&asked.reference), room, reason: LeftReason::Asked });
    }

    /// Waits for the answer. A request that waits for room in the room's queue blocks what comes behind it: the order
    /// of a socket's requests is that of its frames.
    pub(crate) fn ask(
        &mut self,
        asked: RequestContext,
        queued: Option<Queued>,
        stored: oneshot::Receiver<Result<Done, Refusal>>,
    ) {
        let waited = queued.is_some();
        self.blocked |= waited;
        self.wait_for(async move {
            let queued = match queued {
                Some(queued) => {
                    let _waiting = Counted::one(&METRICS.room_queue_waiting);
                    queued.await
                }
                None => Ok(()),
            };
            // A write whose room ended before it was passed on may be sent again with the same key.
            let stored = match queued {
                Ok(()) => stored.await.unwrap_or_else(|_| Err(Refusal::unanswered())),
                Err(_) => Err(Refusal::unanswered()),
            };
            Answer::Stored { asked, stored, waited }
        });
    }

    fn stored(&mut self, asked: &RequestContext, stored: Result<Done, Refusal>) {
        let room = asked.room.as_deref().unwrap_or_default();
        let reference = Ref::from(&asked.reference);
        match stored {
            Ok(Done::Sent { id, .. }) => {
                let key = asked.key.as_deref().unwrap_or_default();
                self.tell(&ServerFrame::Sent { reference, room, key, id, seq: id });
            }
            Ok(Done::Changed { id, seq }) => self.tell(&ServerFrame::Done { reference, room, id, seq }),
            Ok(Done::Entered | Done::Read(_)) => {}
            Err(refusal) => self.refuse(asked, &refusal),
        }
    }

    pub(crate) fn find_room(&mut self, asked: RequestContext, cursor: Option<Cursor>) {
        (self.paging, self.joining) = (true, true);
        let (hub, slug, id) = (self.shared.hub.clone(), asked.room.clone().unwrap_or_default(), asked.room_id);
        let since = Instant::now();
        self.wait_for(async move {
            let found = hub.find(&slug, id).await;
            if found.as_ref().is_err_and(is_not_found) {
                level(since).await;
            }
            Answer::Found { asked, cursor, found, since }
        });
    }

    fn found(
        &mut self,
        asked: RequestContext,
        cursor: Option<Cursor>,
        found: Result<OpenRoom, Refusal>,
        since: Instant,
    ) {
        // A socket that has been closed meanwhile joins nothing.
        let Some(slug) = asked.room.clone().filter(|_| !self.departed) else { return };
        match found {
            Ok(OpenRoom { id, address }) => {
                self.generation += 1;
                let generation = self.generation;
                self.rooms.insert(slug, Joined { id, address, generation, behind: None });
                self.enter(asked, cursor, false, since);
            }
            Err(refusal) => {
                (self.paging, self.joining) = (false, false);
                self.refuse(&asked, &refusal);
            }
        }
    }

    pub(crate) fn continue_catch_up(&mut self, slug: String, after: Seq) {
        let Some(joined) = self.rooms.get_mut(&slug) else { return };
        joined.behind = None;
        let (room, generation) = (joined.id, joined.generation);
        let asked = RequestContext::about(None, slug, Some(room));
        if !self.id.is_some_and(|id| registry(|registry| registry.expects(id, room, generation))) {
            // Made to leave since the last page.
            return self.forget(asked.room.as_deref().unwrap_or_default());
        }
        self.paging = true;
        self.enter(asked, Some(Cursor { after, epoch: None }), true, Instant::now());
    }

    fn enter(&mut self, asked: RequestContext, cursor: Option<Cursor>, continued: bool, since: Instant) {
        let joined = asked.room.as_ref().and_then(|slug| self.rooms.get(slug));
        let (Some(joined), Some(session)) = (joined, self.id) else {
            (self.paging, self.joining) = (false, false);
            return;
        };
        let generation = joined.generation;
        registry(|registry| registry.expect(session, joined.id, generation));
        let (reply, entered) = oneshot::channel();
        let join = Join {
            session,
            worker: self.shared.worker,
            generation,
            user: Arc::clone(&self.user),
            cursor: cursor.clone(),
            continued,
            reference: asked.reference.clone(),
            reply,
        };
        let queued = joined.address.send(join);
        self.wait_for(async move {
            let outcome = match queued.await {
                Err(_) => JoinOutcome::Dropped,
                Ok(()) => match entered.await {
                    Ok(Ok(placed)) => match placed.await {
                        Ok(behind) => JoinOutcome::Joined { behind },
                        Err(_) => JoinOutcome::Dropped,
                    },
                    Ok(Err(refusal)) => {
                        if is_not_found(&refusal) {
                            level(since).await;
                        }
                        JoinOutcome::Refused(refusal)
                    }
                    Err(_) => JoinOutcome::Dropped,
                },
            };
            if matches!(outcome, JoinOutcome::Dropped) {
                // A room that ends drops what it was asked a moment before its address is seen to be closed.
                tokio::time::sleep(SETTLE).await;
            }
            Answer::Entered { asked, generation, cursor, continued, outcome }
        });
    }

    fn entered(
        &mut self,
        asked: RequestContext,
        generation: u32,
        cursor: Option<Cursor>,
        continued: bool,
        outcome: JoinOutcome,
    ) {
        (self.paging, self.joining) = (false, false);
        let Some(slug) = asked.room.clone() else { return };
        // The socket may have left, or been made to leave, in between.
        let Some(joined) = self.rooms.get_mut(&slug).filter(|joined| joined.generation == generation) else { return };
        match outcome {
            JoinOutcome::Joined { behind } => joined.behind = behind,
            JoinOutcome::Refused(refusal) => {
                self.forget(&slug);
                self.refuse(&asked, &refusal);
            }
            // The room ended as it was asked: the hub starts another.
            JoinOutcome::Dropped if !joined.address.connected() => self.find_room(asked, cursor),
            // Made to leave, and told so.
            JoinOutcome::Dropped if continued => self.forget(&slug),
            JoinOutcome::Dropped => {
                self.forget(&slug);
                self.refuse(&asked, &Refusal::internal());
            }
        }
    }
}

fn is_not_found(refusal: &Refusal) -> bool {
    refusal.code == Code::NotFound
}
