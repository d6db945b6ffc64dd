//! Hub: the registry of this instance. Which rooms are in use, which sockets are open; it starts the one, ends the other,
//! and sees that events reach both.

mod events;
mod handle;
mod people;
mod poll;
mod recounts;
pub mod remote_activity;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::prelude::*;
use chrono::TimeDelta;
use rand::RngExt;
use tokio::sync::{oneshot, watch};

use crate::base::failpoints::{failpoint, hastened};
use crate::base::mailbox::send_detached;
use crate::base::panics::catch_panic;
use crate::chat::events::Event;
use crate::chat::journal::Journal;
use crate::chat::rooms;
use crate::chat::rooms::{RoomHead, RoomState};
use crate::db::Store;
use crate::realtime::activity::Activity;
use crate::realtime::broker::{BrokerConfig, SharedBroker};
use crate::realtime::fanout::{DeliveryOp, Fanout, FanoutMessage, OnThread, SocketId};
pub use crate::realtime::hub::handle::{HubHandle, Post};
use crate::realtime::hub::people::PeopleTold;
use crate::realtime::hub::recounts::Recounts;
use crate::realtime::presence::RENEWAL;
use crate::realtime::room::{ChatRoom, Opening, RecheckMembers};
use crate::realtime::send_rate::SendRate;
use crate::realtime::states::PersonStates;
use crate::wire::refusal::Refusal;
use crate::wire::{Close, RoomId, UserId};

/// Requests that may wait for the hub; whoever asks waits at it.
const MAILBOX: usize = 4_096;
/// How often the database is asked which rooms have moved on and which sessions have ended: while other instances can't be
/// heard, and always once in so many times.
const POLL: Duration = Duration::from_secs(1);
const POLLS_ALWAYS: u32 = 5;
/// How often it is looked who has come, gone, or been silent for too long.
const STATES: Duration = Duration::from_millis(500);
/// How often the sessions of open sockets are prolonged.
const PROLONG: Duration = Duration::from_secs(60 * 60);

/// The actor.
pub struct Hub {
    store: Store,
    broker: SharedBroker,
    rates: Arc<SendRate>,
    /// The name of this run of the server.
    instance: String,
    journals: Vec<Addr<Journal>>,
    workers: Vec<Addr<Fanout>>,
    /// By slug, which never changes; another room may have it once one is deleted. An address may be of a room that has ended
    /// since.
    rooms: HashMap<String, OpenRoom>,
    /// Who waits for a room that is being opened.
    opening: HashMap<String, Vec<oneshot::Sender<Result<OpenRoom, Refusal>>>>,
    /// What other instances tell of rooms that are not in use here.
    news: HashMap<RoomId, Activity>,
    /// Where the rooms of the last poll stood.
    standings: HashMap<RoomId, RoomHead>,
    /// For each room a counter of membership events: if it changed while a list of members was read, the list is stale and
    /// is read again.
    member_versions: HashMap<RoomId, u64>,
    sockets: HashMap<SocketId, Socket>,
    /// How many sockets each user has; never 0.
    of_user: HashMap<UserId, usize>,
    /// 0 = no limit.
    sockets_per_user: usize,
    /// How long a session lasts after its last use.
    session_span: TimeDelta,
    last_session: SocketId,
    /// The number of open sockets, for those who wait for the last to close.
    open: watch::Sender<usize>,
    people: PeopleTold,
    states: PersonStates,
    recounts: Recounts,
    polling: bool,
    /// Something was missed while a poll was under way.
    poll_again: bool,
    /// Polls since the last that was made whether the others can be heard or not.
    polls_skipped: u32,
    /// The open sockets are being closed; no more are taken.
    draining: bool,
}

struct Socket {
    user: UserId,
    /// Its page is not in use.
    idle: bool,
    token_hash: String,
    session: Recipient<CloseSocket>,
}

/// A room in use.
#[derive(Clone)]
pub struct OpenRoom {
    pub id: RoomId,
    pub address: Addr<ChatRoom>,
}

/// A worker thread has started its fan-out; answers with its index.
#[derive(Message)]
#[rtype(result = "usize")]
pub struct AddWorker(pub Addr<Fanout>);

/// The address of a room's actor, started if need be. Says nothing about rights.
#[derive(Message)]
#[rtype(result = "Result<OpenRoom, Refusal>")]
pub struct Find {
    pub slug: String,
    /// Whether the database is asked which room that is, even if one of this name is in use: that one may be no more.
    pub anew: bool,
}

/// A socket has opened.
#[derive(Message)]
#[rtype(result = "Result<SocketId, Close>")]
pub struct Connect {
    pub user: UserId,
    pub token_hash: String,
    pub session: Recipient<CloseSocket>,
}

/// A socket is gone.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Disconnect(pub SocketId);

/// A socket's page is not in use, or is again.
#[derive(Message)]
#[rtype(result = "()")]
pub struct SetIdle {
    pub socket: SocketId,
    pub idle: bool,
}

/// Close your socket.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct CloseSocket {
    pub close: Close,
    /// Say `bye` first, once everything is answered, with the time after which to reconnect.
    pub bye: Option<Duration>,
}

/// Close all sockets, in waves spread over `over`; resolves when the last is gone.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Drain {
    pub over: Duration,
}

/// What a hub starts with.
pub struct Start {
    pub store: Store,
    /// How this instance hears of others.
    pub broker_config: BrokerConfig,
    /// The name of this run of the server.
    pub instance: String,
    /// As the database has it now.
    pub epoch: String,
    /// The number of the latest change of extras (`chat/extras.rs`).
    pub extras_seq: i64,
    /// 0 = no limit.
    pub sockets_per_user: usize,
    pub session_span: TimeDelta,
    /// Shared with HTTP.
    pub rates: Arc<SendRate>,
}

impl Hub {
    /// Starts the hub and its journals on a thread of their own: the workers register with it while they start, and the
    /// server's thread waits for them.
    pub fn start(start: Start) -> HubHandle {
        let store = start.store.clone();
        let states = PersonStates::default();
        let shared = states.shared();
        let address = Hub::start_in_arbiter(&Arbiter::new().handle(), move |ctx| Hub::new(start, states, ctx));
        HubHandle::new(address, store, shared)
    }

    fn new(start: Start, states: PersonStates, ctx: &mut Context<Self>) -> Self {
        let Start { store, broker_config, instance, epoch, extras_seq, sockets_per_user, session_span, rates } = start;
        let broker: SharedBroker = broker_config.connect(&instance, &epoch, ctx.address().recipient());
        let start_journal = |_| Journal::new(store.clone(), Arc::new(broker.clone())).start();
        Self {
            journals: (0..store.journal_lanes).map(start_journal).collect(),
            store,
            broker,
            rates,
            instance,
            workers: Vec::new(),
            rooms: HashMap::new(),
            opening: HashMap::new(),
            news: HashMap::new(),
            standings: HashMap::new(),
            member_versions: HashMap::new(),
            sockets: HashMap::new(),
            of_user: HashMap::new(),
            sockets_per_user,
            session_span,
            last_session: 0,
            open: watch::Sender::new(0),
            people: PeopleTold::after(extras_seq),
            states,
            recounts: Recounts::default(),
            polling: false,
            poll_again: false,
            polls_skipped: 0,
            draining: false,
        }
    }

    /// The room of this name, opened if need be.
    fn find(
        &mut self,
        Find { slug, anew }: Find,
        ctx: &mut Context<Self>,
    ) -> oneshot::Receiver<Result<OpenRoom, Refusal>> {
        let (answer, answered) = oneshot::channel();
        if let Some(room) = self.open_room_of(&slug).filter(|_| !anew) {
            let _ = answer.send(Ok(room.clone()));
            return answered;
        }
        let waiting = self.opening.entry(slug.clone()).or_default();
        waiting.push(answer);
        if waiting.len() == 1 {
            let (store, wanted) = (self.store.clone(), slug.clone());
            let found = async move {
                let found = store.read(move |connection| {
                    let state = rooms::by_slug(connection, &wanted)?.ok_or_else(Refusal::room_not_found)?;
                    Ok((state, rooms::epoch(connection)?))
                });
                found.await
            };
            self.go_on_opening(slug, found, ctx, Self::open_room);
        }
        answered
    }

    /// Has a worker start the room, and answers all who wait for it.
    fn open_room(&mut self, slug: String, found: Result<(RoomState, String), Refusal>, ctx: &mut Context<Self>) {
        failpoint("hub");
        let (state, epoch) = match found {
            Ok(found) => found,
            Err(refusal) => {
                self.recheck_if_another(&slug, None);
                return self.answer(&slug, Err(refusal));
            }
        };
        if let Some(open) = self.open_room_of(&slug).filter(|open| open.id == state.room.id).cloned() {
            return self.answer(&slug, Ok(open));
        }
        self.recheck_if_another(&slug, Some(state.room.id));
        if self.workers.is_empty() {
            return self.answer(&slug, Err(Refusal::internal()));
        }
        let id = state.room.id;
        // Ids start at 1 and rise; a modulus is in range of the platform's words.
        let spread = |over: usize| (id.unsigned_abs() % over as u64) as usize;
        let opening = Opening {
            id,
            slug: slug.clone(),
            epoch,
            seq: state.room.seq,
            access: state.access,
            store: self.store.clone(),
            journal: self.journals[spread(self.journals.len())].clone(),
            broker: self.broker.clone(),
            rates: Arc::clone(&self.rates),
            hub: ctx.address().recipient(),
            instance: self.instance.clone(),
            states: self.states.shared(),
            workers: self.workers.clone(),
        };
        let (started, address) = oneshot::channel();
        let start = OnThread(Box::new(move || drop(started.send(ChatRoom::new(opening).start()))));
        let worker = self.workers[spread(self.workers.len())].clone();
        let opened = async move {
            worker.send(start).await.map_err(|_| Refusal::internal())?;
            address.await.map_err(|_| Refusal::internal())
        };
        self.go_on_opening(slug, opened, ctx, move |hub, slug, address, _| {
            let room = address.map(|address| OpenRoom { id, address });
            if let Ok(room) = &room {
                hub.rooms.insert(slug.clone(), room.clone());
            }
            hub.answer(&slug, room);
        });
    }

    /// The room in use of this name.
    fn open_room_of(&self, slug: &str) -> Option<&OpenRoom> {
        self.rooms.get(slug).filter(|room| room.address.connected())
    }

    /// The database has another room of this name, or none: the one in use finds that it is no more.
    fn recheck_if_another(&self, slug: &str, id: Option<RoomId>) {
        if let Some(open) = self.open_room_of(slug).filter(|open| Some(open.id) != id) {
            send_detached(open.address.send(RecheckMembers));
        }
    }

    /// Goes on with `step` when `awaited` is there. Those who wait for the room are answered even if it panics.
    fn go_on_opening<T: 'static>(
        &mut self,
        slug: String,
        awaited: impl Future<Output = T> + 'static,
        ctx: &mut Context<Self>,
        step: impl FnOnce(&mut Self, String, T, &mut Context<Self>) + 'static,
    ) {
        ctx.spawn(awaited.into_actor(self).map(move |outcome, hub, ctx| {
            if catch_panic(|| step(hub, slug.clone(), outcome, ctx)).is_none() {
                hub.answer(&slug, Err(Refusal::internal()));
            }
        }));
    }

    fn answer(&mut self, slug: &str, room: Result<OpenRoom, Refusal>) {
        for waiting in self.opening.remove(slug).into_iter().flatten() {
            let _ = waiting.send(room.clone());
        }
    }

    fn connect(&mut self, connect: Connect) -> Result<SocketId, Close> {
        if self.draining {
            return Err(Close::GoingAway);
        }
        let open = self.of_user.entry(connect.user).or_default();
        if self.sockets_per_user > 0 && *open >= self.sockets_per_user {
            return Err(Close::TooManySockets);
        }
        *open += 1;
        self.last_session += 1;
        let Connect { user, token_hash, session } = connect;
        self.sockets.insert(self.last_session, Socket { user, idle: false, token_hash, session });
        self.states.arrive(user);
        self.open.send_replace(self.sockets.len());
        Ok(self.last_session)
    }

    fn disconnect(&mut self, session: SocketId) {
        let Some(socket) = self.sockets.remove(&session) else { return };
        self.states.depart(socket.user, socket.idle, Instant::now());
        if let Some(open) = self.of_user.get_mut(&socket.user) {
            *open -= 1;
            if *open == 0 {
                self.of_user.remove(&socket.user);
            }
        }
        self.open.send_replace(self.sockets.len());
    }

    fn tell_workers(&self, op: impl Fn() -> DeliveryOp) {
        for worker in &self.workers {
            send_detached(worker.send(FanoutMessage::from(op())));
        }
    }

    fn end(&self, sockets: impl Iterator<Item = SocketId>, end: &CloseSocket) {
        for session in sockets.filter_map(|session| self.sockets.get(&session)) {
            send_detached(session.session.send(end.clone()));
        }
    }
}

impl Actor for Hub {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
        ctx.run_interval(hastened(POLL), |hub, ctx| _ = catch_panic(|| hub.poll_if_due(ctx)));
        ctx.run_interval(PROLONG, |hub, _| _ = catch_panic(|| hub.prolong_sessions()));
        self.broker.publish(&Event::StatesWanted);
        ctx.run_interval(hastened(RENEWAL), |hub, _| _ = catch_panic(|| hub.tell_sheet(true)));
        ctx.run_interval(hastened(STATES), |hub, ctx| _ = catch_panic(|| hub.look_at_states(ctx)));
    }
}

impl Handler<AddWorker> for Hub {
    type Result = usize;

    fn handle(&mut self, AddWorker(worker): AddWorker, _: &mut Self::Context) -> usize {
        self.workers.push(worker);
        self.workers.len() - 1
    }
}

impl Handler<Find> for Hub {
    type Result = ResponseFuture<Result<OpenRoom, Refusal>>;

    fn handle(&mut self, find: Find, ctx: &mut Self::Context) -> Self::Result {
        let found = catch_panic(|| self.find(find, ctx));
        Box::pin(async {
            match found {
                Some(found) => found.await.unwrap_or_else(|_| Err(Refusal::internal())),
                None => Err(Refusal::internal()),
            }
        })
    }
}

impl Handler<Connect> for Hub {
    type Result = Result<SocketId, Close>;

    fn handle(&mut self, connect: Connect, _: &mut Self::Context) -> Self::Result {
        catch_panic(|| self.connect(connect)).unwrap_or(Err(Close::GoingAway))
    }
}

impl Handler<SetIdle> for Hub {
    type Result = ();

    fn handle(&mut self, SetIdle { socket, idle }: SetIdle, _: &mut Self::Context) {
        if let Some(socket) = self.sockets.get_mut(&socket).filter(|socket| socket.idle != idle) {
            socket.idle = idle;
            self.states.set_idle(socket.user, idle);
        }
    }
}

impl Handler<Disconnect> for Hub {
    type Result = ();

    fn handle(&mut self, Disconnect(session): Disconnect, _: &mut Self::Context) {
        catch_panic(|| self.disconnect(session));
    }
}

impl Handler<Drain> for Hub {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, Drain { over }: Drain, ctx: &mut Self::Context) -> Self::Result {
        self.draining = true;
        let total = self.sockets.len().max(1) as u32;
        for (place, &session) in (0u32..).zip(self.sockets.keys()) {
            // Clients come back spread over as long again, to whoever serves them then.
            let back = Duration::from_millis(rand::rng().random_range(100..=1_000 + over.as_millis() as u64));
            ctx.run_later(over * place / total, move |hub, _| {
                hub.end(std::iter::once(session), &CloseSocket { close: Close::GoingAway, bye: Some(back) });
            });
        }
        let mut open = self.open.subscribe();
        Box::pin(async move { drop(open.wait_for(|open| *open == 0).await) })
    }
}
