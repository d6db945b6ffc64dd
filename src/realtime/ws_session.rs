//! Session: one actor for each socket. It owns the socket and its outbox, reads and parses frames, answers what concerns
//! one user and sends the rest to the rooms. Knows no SQL beyond the calls of the store, and no other instance.

mod answers;
mod commands;
pub mod connection_loop;

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use actix::prelude::*;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use litemap::LiteMap;
use tokio::net::TcpStream;

use crate::base::arrivals::Arrival;
use crate::base::mailbox::send_detached;
use crate::base::metrics::{Counted, METRICS};
use crate::chat::connect_reads::{ConnectReads, Welcome};
use crate::db::Store;
use crate::realtime::fanout::{Outbox, RoomBase, SocketId, counters, registry};
use crate::realtime::hub::{CloseSocket, HubHandle};
use crate::realtime::room::{ChatRoom, Leave};
use crate::realtime::send_rate::SendRate;
use crate::realtime::ws_session::answers::Answer;
use crate::realtime::ws_session::commands::PendingPage;
use crate::realtime::ws_session::connection_loop::ConnectionLoop;
use crate::wire::frame;
use crate::wire::frame::Reader;
use crate::wire::language::Language;
use crate::wire::refusal::Refusal;
use crate::wire::{
    Close, Limits, MAX_BODY_CHARS, MAX_FRAME_BYTES, MemberRoom, PROTOCOL, RequestId, RoomId, Seq, ServerFrame, User,
};

/// Requests of one socket that may wait for an answer; while there are so many, the socket is not read.
const MAX_IN_FLIGHT: usize = 64;
/// What an idle socket that has joined one room takes of the process's memory. Measured, as the growth of the resident set
/// over a thousand sockets (`tests/all/socket_memory.rs`); what the kernel keeps for a connection is not in it.
pub const IDLE_SOCKET_BYTES: usize = 3 * 1_024;
/// How long a socket that is told to go may go on sending.
const LAST_READS: Duration = Duration::from_secs(1);
/// How long a closed socket may take to fetch its last frames.
const LAST_WRITES: Duration = Duration::from_secs(20);
/// What the log and the metrics call an end without a close frame, as RFC 6455, section 7.4.1, does.
const NO_CLOSE_FRAME: u16 = 1006;

/// What all sessions of a worker share.
pub struct Shared {
    pub store: Store,
    pub connect_reads: ConnectReads,
    pub hub: HubHandle,
    pub send_rate: Arc<SendRate>,
    pub heartbeat: Duration,
    /// An opaque name of this run of the server, for people who debug.
    pub instance: String,
    /// Names the pages' scripts and styles: a page of another build is out of date, or ahead.
    pub build: String,
    /// The index of the worker.
    pub worker: usize,
}

/// Who opened the socket, and with which request.
pub struct Handshake {
    pub user: User,
    pub token_hash: String,
    pub request: RequestId,
    pub permit: SocketPermit,
    /// Given back with `welcome`. An echo has none.
    pub arrival: Option<Arrival>,
    /// That of the person who reads what the socket says.
    pub language: &'static Language,
    /// The socket only sends back what it gets, see [`testing::echoes`](crate::base::failpoints::echoes).
    pub echo: bool,
}

/// Counts one open socket for as long as it is held.
pub struct SocketPermit(Arc<AtomicUsize>);

impl SocketPermit {
    /// `None` where `max` sockets are open.
    pub fn take(open: &Arc<AtomicUsize>, max: usize) -> Option<Self> {
        let room = |open: usize| (open < max).then_some(open + 1);
        open.fetch_update(Ordering::Relaxed, Ordering::Relaxed, room).ok().map(|_| Self(Arc::clone(open)))
    }
}

impl Drop for SocketPermit {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The actor of a socket.
pub struct WsSession {
    shared: Rc<Shared>,
    user: Arc<User>,
    token_hash: String,
    language: &'static Language,
    /// Given by the hub; `None` before that.
    id: Option<SocketId>,
    outbox: Rc<Outbox>,
    reader: Reader,
    state: State,
    rooms: LiteMap<String, Joined>,
    /// The number of the latest join.
    generation: u32,
    /// The page says that it is not in use.
    idle: bool,
    /// At most [`MAX_IN_FLIGHT`] and one page. An idle socket has none, not even room for them.
    answers: Option<FuturesUnordered<LocalBoxFuture<'static, Answer>>>,
    /// A page is being fetched; the next one waits for it, so that requested pages never make the socket too slow.
    paging: bool,
    /// A frame that has to wait; the socket is not read meanwhile.
    held: Option<(PendingPage, Counted)>,
    /// A join is under way; the socket is not read meanwhile, so that what follows it finds the room joined.
    joining: bool,
    /// A request waits for room in its room's queue; the socket is not read meanwhile.
    blocked: bool,
    /// A body is being rendered on another thread; the socket is not read meanwhile.
    rendering: bool,
    /// The rooms have been left, since the socket is closed.
    departed: bool,
    /// Bad frames in a row.
    bad_frames: u8,
    /// Since when a message is awaited of which a part has come.
    amid_message: Option<Instant>,
    echo: bool,
    opened: Instant,
    /// The request that opened it, for the log.
    request: RequestId,
    /// Bytes read so far.
    received: u64,
    /// Held until `welcome`, or the end.
    arrival: Option<Arrival>,
    _permit: SocketPermit,
}

/// How far a socket's life has come.
enum State {
    /// `welcome` is on its way; nothing is read yet.
    Opening,
    Open,
    /// What was sent by now is still read and answered, but not for longer than `until`; then comes `bye`.
    Leaving {
        back: Duration,
        until: Instant,
    },
    /// A close frame is queued, or the socket is broken.
    Closing,
}

/// A room this socket is in, or is joining.
struct Joined {
    id: RoomId,
    address: Addr<ChatRoom>,
    generation: u32,
    /// Where its catch-up goes on.
    behind: Option<Seq>,
}

impl WsSession {
    /// Starts the actor on this thread, for a socket whose handshake is done; `read` is what came behind it.
    pub fn start(shared: Rc<Shared>, visit: Handshake, io: TcpStream, read: &[u8]) {
        let mut reader = if visit.echo { Reader::accepting_binary() } else { Reader::default() };
        reader.feed(read);
        let session = Self {
            shared,
            user: Arc::new(visit.user),
            token_hash: visit.token_hash,
            language: visit.language,
            id: None,
            outbox: Rc::new(Outbox::new(io)),
            reader,
            state: State::Opening,
            rooms: LiteMap::with_capacity(1),
            generation: 0,
            idle: false,
            answers: None,
            paging: false,
            held: None,
            joining: false,
            blocked: false,
            rendering: false,
            departed: false,
            bad_frames: 0,
            amid_message: None,
            echo: visit.echo,
            opened: Instant::now(),
            request: visit.request,
            received: read.len() as u64,
            arrival: visit.arrival,
            _permit: visit.permit,
        };
        METRICS.sockets_opened.increment(1);
        counters::received(read.len());
        Actor::start(session);
    }

    fn connect(&mut self, ctx: &mut Context<Self>) {
        let (hub, user, token_hash) = (self.shared.hub.clone(), self.user.id, self.token_hash.clone());
        let session = ctx.address().recipient();
        self.wait_for(async move { Answer::Connected(hub.connect(user, token_hash, session).await) });
    }

    /// Registers the socket first and reads second, so that nothing the user is told in between is lost.
    fn connected(&mut self, connected: Result<SocketId, Close>) {
        match connected {
            // The hub was told to drain while the handshake was answered.
            Err(Close::GoingAway) => self.say_bye(Duration::from_millis(rand::random_range(100..2_000))),
            Err(close) => self.close(close),
            Ok(id) => {
                self.id = Some(id);
                registry(|registry| registry.admit(id, self.user.id, Rc::clone(&self.outbox)));
                let (reads, user, hash) = (self.shared.connect_reads.clone(), self.user.id, self.token_hash.clone());
                self.wait_for(async move { Answer::Rooms(reads.welcome(user, hash).await) });
            }
        }
    }

    fn welcome(&mut self, found: Result<Option<Arc<Welcome>>, Refusal>) {
        self.arrival = None;
        let found = match found {
            Ok(Some(found)) => found,
            // The session ended between the handshake and now.
            Ok(None) => return self.close(Close::SessionEnded),
            Err(_) => return self.close(Close::Full),
        };
        let Some(id) = self.id else { return };
        let base = |listed: &MemberRoom| RoomBase { count: listed.standing.count, lowered: listed.standing.lowered };
        let bases: Vec<(RoomId, RoomBase)> = found.rooms.iter().map(|listed| (listed.room.id, base(listed))).collect();
        let welcome = ServerFrame::Welcome {
            protocol: PROTOCOL,
            user: &self.user,
            instance: &self.shared.instance,
            build: &self.shared.build,
            heartbeat_secs: self.shared.heartbeat.as_secs(),
            limits: Limits { body: MAX_BODY_CHARS, frame: MAX_FRAME_BYTES },
            rooms: &found.rooms,
            blocks: &found.blocks,
        };
        let welcome = frame::text(&welcome.to_json());
        registry(|registry| registry.welcome(id, &bases, welcome));
        if matches!(self.state, State::Opening) {
            self.state = State::Open;
        }
    }

    /// Has the answer acted on when it comes.
    fn wait_for(&mut self, answer: impl Future<Output = Answer> + 'static) {
        let waiting = Counted::one(&METRICS.requests_waiting);
        self.answers.get_or_insert_default().push(Box::pin(async move {
            let _waiting = waiting;
            answer.await
        }));
    }

    fn tell(&self, frame: &ServerFrame) {
        self.outbox.send(frame::text(&frame.to_json()));
    }

    fn say_bye(&mut self, back: Duration) {
        self.tell(&ServerFrame::Bye { reason: "going away", reconnect_after_ms: back.as_millis() as u64 });
        self.close(Close::GoingAway);
    }

    fn close(&mut self, close: Close) {
        self.arrival = None;
        self.outbox.close(close);
        self.state = State::Closing;
    }

    /// The one clean-up of a socket, however it ended, and its line in the log.
    fn end(&mut self) {
        self.depart();
        let closed = self.outbox.closed();
        let code = closed.map_or(NO_CLOSE_FRAME, Close::code);
        let reason = if std::thread::panicking() { "panicked" } else { closed.map_or("gone", Close::word) };
        tracing::info!(
            id = %self.request,
            user = self.user.username,
            code,
            reason,
            millis = self.opened.elapsed().as_millis() as u64,
            bytes_in = self.received,
            bytes_out = self.outbox.written(),
            "socket ended"
        );
        METRICS.sockets_closed.of(code.to_string()).increment(1);
        if let Some(id) = self.id.take() {
            let hub = self.shared.hub.clone();
            actix_rt::spawn(async move { hub.disconnect(id).await });
        }
    }

    /// Leaves all rooms: at the latest when the actor ends, and already when its close frame is queued, which a peer that
    /// reads nothing may take long to fetch.
    fn depart(&mut self) {
        if let Some(id) = self.id {
            registry(|registry| registry.dismiss(id));
            for (_, joined) in std::mem::take(&mut self.rooms) {
                tell_left(joined, id);
            }
        }
    }

    /// Forgets a room on this side. What its actor sends after this finds no seat.
    fn forget(&mut self, slug: &str) {
        if let Some(joined) = self.rooms.remove(slug)
            && let Some(id) = self.id
        {
            registry(|registry| registry.leave(id, joined.id, joined.generation));
            tell_left(joined, id);
        }
    }
}

/// Tells the room, waiting for its queue: one message for each join at most.
fn tell_left(joined: Joined, session: SocketId) {
    send_detached(joined.address.send(Leave { session, generation: joined.generation }));
}

impl Actor for WsSession {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        if self.echo {
            self.state = State::Open;
        } else {
            self.connect(ctx);
        }
        ctx.spawn(ConnectionLoop::default());
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        self.end();
    }
}

impl Drop for WsSession {
    /// A session that panics is not told that it has stopped.
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.end();
        }
    }
}

impl Handler<CloseSocket> for WsSession {
    type Result = ();

    fn handle(&mut self, end: CloseSocket, ctx: &mut Self::Context) {
        match (end.bye, &self.state) {
            (Some(back), State::Open) => {
                self.state = State::Leaving { back, until: Instant::now() + LAST_READS };
                // Looks again when the time is up.
                ctx.run_later(LAST_READS, |_, _| {});
            }
            (Some(back), State::Opening) => self.say_bye(back),
            (None, State::Opening | State::Open | State::Leaving { .. }) => self.close(end.close),
            (_, State::Leaving { .. } | State::Closing) => {}
        }
    }
}
