//! ChatRoom: one actor for each room that somebody uses here.
//!
//! It hands out number n+1 only after n, and only what is committed. A join is one snapshot of the database at a number N;
//! it goes to the socket through the same queue as the live frames, and the socket gets only what is above N.

pub mod delivery;
pub mod join;
pub mod join_queue;
mod people;
pub mod remote;
pub mod replay_buffer;
pub mod worker_links;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::prelude::*;
use tokio::sync::oneshot;

use crate::base::failpoints::{failpoint, hastened};
use crate::base::mailbox::send_detached;
use crate::base::metrics::{Counted, METRICS};
use crate::chat::batch::{Action, Change, Done, Write};
use crate::chat::events::{Event, NumbersFall};
use crate::chat::journal::{Append, Committed, Journal, Reply};
use crate::chat::rooms;
use crate::db::{AnyConnection, Store};
use crate::realtime::activity::{self, Activity};
use crate::realtime::broker::{Listening, SharedBroker};
use crate::realtime::fanout::{DeliveryOp, Fanout, SocketId};
use crate::realtime::presence::{Presence, RENEWAL};
use crate::realtime::room::join_queue::Joins;
use crate::realtime::room::replay_buffer::Recent;
use crate::realtime::room::worker_links::Links;
use crate::realtime::send_rate::SendRate;
use crate::realtime::states::States;
use crate::wire::frame;
use crate::wire::refusal::Refusal;
use crate::wire::{Close, RoomId, Seq, ServerFrame, UserId};

pub use crate::realtime::room::delivery::{ForgetNames, PollResult, RecheckMembers};
pub use crate::realtime::room::join::Leave;
pub use crate::realtime::room::join_queue::Join;
pub use crate::realtime::room::people::{PeopleChanged, Typing};
pub use crate::realtime::room::remote::HubEvent;

/// What sessions may have on their way to a room; senders wait at it, and their sockets are not read meanwhile.
const MAILBOX: usize = 1_024;
/// A room without sockets ends after so long.
const LINGER: Duration = Duration::from_secs(30);
/// Before a full queue is tried again.
const SOON: Duration = Duration::from_millis(2);
/// What falls within so long is told together.
const FALLS_TOGETHER: Duration = Duration::from_millis(250);
/// Before the database is asked again after a failure.
const RETRY: Duration = Duration::from_millis(500);

/// What a room's actor starts with.
pub struct Opening {
    pub id: RoomId,
    pub slug: String,
    pub epoch: String,
    /// The room's number now: what comes after is handed out.
    pub seq: Seq,
    pub access: i64,
    pub store: Store,
    pub journal: Addr<Journal>,
    pub broker: SharedBroker,
    /// How fast those who come in may do so.
    pub rates: Arc<SendRate>,
    /// For what others than those in the room must hear.
    pub hub: Recipient<HubEvent>,
    /// The name of this run of the server.
    pub instance: String,
    /// Whether people are online.
    pub states: States,
    pub workers: Vec<Addr<Fanout>>,
}

/// The actor of a room.
pub struct ChatRoom {
    id: RoomId,
    slug: String,
    /// The run of numbers that the sockets here follow; another one starts them anew.
    epoch: String,
    /// The number handed out last.
    delivered_seq: Seq,
    /// The number it was opened with: what came before was never handed out here.
    opened_at: Seq,
    /// The `access` number as of which the sockets here are known to be members'.
    access: i64,
    /// Committed changes that came before their turn.
    early: BTreeMap<Seq, Change>,
    /// Some of those were dropped since the database was last read.
    dropped_early: bool,
    recent: Recent,
    /// Bytes of frames handed out since the workers were last told.
    unflushed_bytes: usize,
    links: Links,
    /// Sockets whose join is being read, with the number of the join.
    joining: HashMap<SocketId, u32>,
    joins: Joins,
    /// Sockets that are in, live or still catching up.
    sockets: HashMap<SocketId, Socket>,
    presence: Presence,
    presence_told: Option<Instant>,
    typing: HashMap<UserId, Instant>,
    activity: Activity,
    /// Some of that was stored by this instance.
    activity_is_ours: bool,
    /// Whose numbers fell since the hub was last told.
    fall: Option<NumbersFall>,
    /// At most one of each is under way.
    reading_gap: bool,
    checking_members: bool,
    flushing: bool,
    telling_presence: bool,
    telling_activity: bool,
    waiting_for_gap: bool,
    used: Instant,
    store: Store,
    journal: Addr<Journal>,
    broker: SharedBroker,
    rates: Arc<SendRate>,
    hub: Recipient<HubEvent>,
    instance: String,
    states: States,
    /// From the start to the end.
    listening: Option<Listening>,
    _counted: Counted,
}

struct Socket {
    generation: u32,
    worker: usize,
    user: UserId,
    /// The room's `access` number as of which the user was seen to be a member.
    access: i64,
}

/// Do something in the room; the answer is that of the journal.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Act {
    pub user: UserId,
    pub action: Action,
    pub reply: Reply,
}

/// Raise a read mark, and tell the user's other sockets.
#[derive(Message)]
#[rtype(result = "()")]
pub struct MarkRead {
    pub user: UserId,
    pub session: SocketId,
    pub seq: Seq,
    pub reply: Reply,
}

impl ChatRoom {
    pub fn new(opening: Opening) -> Self {
        Self {
            links: Links::new(opening.id, opening.workers, opening.seq),
            recent: Recent::new(opening.seq),
            id: opening.id,
            slug: opening.slug,
            epoch: opening.epoch,
            delivered_seq: opening.seq,
            opened_at: opening.seq,
            access: opening.access,
            early: BTreeMap::new(),
            dropped_early: false,
            unflushed_bytes: 0,
            joining: HashMap::new(),
            joins: Joins::default(),
            sockets: HashMap::new(),
            presence: Presence::default(),
            presence_told: None,
            typing: HashMap::new(),
            activity: Activity::default(),
            activity_is_ours: false,
            fall: None,
            reading_gap: false,
            checking_members: false,
            flushing: false,
            telling_presence: false,
            telling_activity: false,
            waiting_for_gap: false,
            used: Instant::now(),
            store: opening.store,
            journal: opening.journal,
            broker: opening.broker,
            rates: opening.rates,
            hub: opening.hub,
            instance: opening.instance,
            states: opening.states,
            listening: None,
            _counted: Counted::one(&METRICS.rooms),
        }
    }

    fn append(&mut self, user: UserId, action: Action, reply: Reply, ctx: &mut Context<Self>) {
        self.used = Instant::now();
        let room: Recipient<Committed> = ctx.address().recipient();
        let append = Append::new(Write { room: self.id, user, action }, reply, room);
        if let Err(SendError::Full(append) | SendError::Closed(append)) = self.journal.try_send(append) {
            let _ = append.reply.send(Err(Refusal::busy()));
        }
    }

    /// Sends the workers what there is for them.
    fn flush(&mut self, ctx: &mut Context<Self>) {
        self.unflushed_bytes = 0;
        let pumped = self.links.flush(&self.recent, self.delivered_seq);
        if pumped.blocked && !self.flushing {
            self.flushing = true;
            ctx.run_later(SOON, |room, ctx| {
                room.flushing = false;
                room.flush(ctx);
            });
        }
        for (worker, sent_seq) in pumped.behind {
            self.read_for_worker(worker, sent_seq, ctx);
        }
    }

    fn tell_activity_soon(&mut self, ctx: &mut Context<Self>) {
        match self.activity.due_in() {
            Some(Duration::ZERO) => self.tell_activity(ctx),
            Some(due) if !self.telling_activity => {
                self.telling_activity = true;
                ctx.run_later(due, |room, ctx| {
                    room.telling_activity = false;
                    room.tell_activity(ctx);
                });
            }
            _ => {}
        }
    }

    fn tell_activity(&mut self, ctx: &mut Context<Self>) {
        if let Some(news) = self.activity.take() {
            if std::mem::take(&mut self.activity_is_ours) {
                let (room, slug, news) = (self.id, self.slug.clone(), news.clone());
                self.broker.publish(&Event::Sent { room, slug, news });
            }
            self.links.tell_all(activity::op_of(news, self.id, &self.slug));
            self.flush(ctx);
        }
    }

    /// Has every instance tell those whose numbers fell by changes that were committed here. What is lost on the way the hub
    /// finds by its polls.
    pub(crate) fn note_fall(&mut self, fall: NumbersFall, ctx: &mut Context<Self>) {
        let waits = self.fall.is_some();
        self.fall = Some(match self.fall.take() {
            Some(known) => known.merge(fall),
            None => fall,
        });
        if !waits {
            ctx.run_later(hastened(FALLS_TOGETHER), |room, _| {
                if let Some(fall) = room.fall.take() {
                    send_detached(room.hub.send(HubEvent(Event::NumbersFell { room: room.id, fall })));
                }
            });
        }
    }

    /// Numbers may have been given twice: the epoch is renewed for whoever is away, unless it has just changed; the sockets
    /// here are closed and start anew, and so does the room.
    fn start_anew(&mut self, epoch: &str, ctx: &mut Context<Self>) {
        tracing::error!(
            room = self.slug,
            delivered_seq = self.delivered_seq,
            "the room's numbers went back; its sockets start anew"
        );
        if epoch == self.epoch {
            let (store, old) = (self.store.clone(), self.epoch.clone());
            actix_rt::spawn(async move {
                loop {
                    let old = old.clone();
                    let renew = move |connection: &mut AnyConnection| rooms::renew_epoch(connection, &old);
                    if store.write(move |connection| renew(connection).map_err(Refusal::from)).await.is_ok() {
                        return;
                    }
                    tokio::time::sleep(RETRY).await;
                }
            });
        }
        self.close_sockets();
        ctx.stop();
    }

    /// More is missing than anybody may catch up: the sockets reconnect, and are told to start anew where they must.
    fn start_over(&mut self, ctx: &mut Context<Self>) {
        tracing::warn!(
            room = self.slug,
            delivered_seq = self.delivered_seq,
            "the room is too far behind; its sockets reconnect"
        );
        self.close_sockets();
        ctx.stop();
    }

    fn close_sockets(&mut self) {
        let room = self.id;
        self.links.close(|| DeliveryOp::CloseRoom { room, close: Close::GoingAway });
    }
}

impl Drop for ChatRoom {
    /// A room that panics takes its sockets along: they reconnect and find a new one.
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.close_sockets();
        }
    }
}

impl Actor for ChatRoom {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
        // Somebody may have been removed while nobody used the room, and the word of it been lost.
        self.check_members(ctx);
        self.listening = Some(self.broker.listen(self.id, ctx.address().recipient()));
        ctx.run_interval(hastened(RENEWAL), |room, ctx| {
            // While words don't arrive, silence says nothing.
            if room.broker.is_healthy() {
                room.presence.expire(Instant::now());
            } else {
                room.presence.renew(Instant::now());
            }
            room.tell_presence_soon(ctx);
            room.tell_sheet(true);
        });
        ctx.run_interval(hastened(LINGER) / 4, |room, ctx| {
            room.forget_typing();
            // Whoever asks for the room after this finds its address closed and has the hub start another.
            if room.sockets.is_empty() && room.joining.is_empty() && room.used.elapsed() > hastened(LINGER) {
                ctx.stop();
            }
        });
    }
}

impl Handler<Act> for ChatRoom {
    type Result = ();

    fn handle(&mut self, mut act: Act, ctx: &mut Self::Context) {
        failpoint("room");
        if let Action::Send { rendered, present, .. } = &mut act.action
            && rendered.mentions_here()
        {
            *present = self.states.online();
        }
        self.append(act.user, act.action, act.reply, ctx);
    }
}

impl Handler<MarkRead> for ChatRoom {
    type Result = ();

    fn handle(&mut self, mark: MarkRead, ctx: &mut Self::Context) {
        let (reply, stored) = oneshot::channel();
        self.append(mark.user, Action::Read { seq: mark.seq }, reply, ctx);
        let answered = stored.into_actor(self).map(move |stored, room, ctx| {
            let answer = stored.unwrap_or_else(|_| Err(Refusal::unanswered()));
            if let Ok(Done::Read(Some(marks))) = &answer {
                let (seq, unread, mentions, count) = (marks.seq, marks.unread, marks.mentions, marks.count);
                let read = ServerFrame::Read { room: &room.slug, seq, unread, mentions, count, at: None, back: false };
                let json = read.to_json();
                let (frame, users) = (frame::text(&json), Arc::from([mark.user]));
                let event = Event::Tell { user: mark.user, frame: String::from_utf8_lossy(&json).into_owned() };
                room.broker.publish(&event);
                let (id, except) = (Some(room.id), Some(mark.session));
                room.links.tell_all(|| DeliveryOp::TellUsers {
                    room: id,
                    users: Arc::clone(&users),
                    frame: frame.clone(),
                    except,
                });
                room.flush(ctx);
            }
            let _ = mark.reply.send(answer);
        });
        ctx.spawn(answered);
    }
}
