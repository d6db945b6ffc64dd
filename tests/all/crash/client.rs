//! One client of the load: sends, edits, deletes, reacts, loses its connection, comes back behind its cursor, and
//! sends again under the same key what was not answered. Where its habits say so it also mentions and answers others,
//! reads, leaves rooms for good and comes back.

pub mod acts;
mod hears;

use crate::common::*;
use crate::history::{Event, Recorder};
use rand::RngExt;
use rand::rngs::StdRng;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::ops::Range;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

/// What the driver wants of the clients.
#[derive(Clone, Debug, PartialEq)]
pub enum Phase {
    Load,
    /// Have everything answered, begin nothing new.
    Finish,
    /// Read up to these numbers, and on.
    Settle(BTreeMap<String, u64>),
    /// Stop.
    Part,
}

/// Longer than a restart of the server on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);
/// What was `unavailable` is asked for again after so long.
const AGAIN: Duration = Duration::from_millis(50);
/// What was forbidden is asked for again after so long.
const LATER: Duration = Duration::from_millis(500);

/// How a client behaves, and what it expects.
#[derive(Clone, Debug)]
pub struct Habits {
    pub rooms: Vec<&'static str>,
    /// Pauses, in milliseconds.
    pub pauses: Range<u64>,
    /// How likely it hangs up before what it does next.
    pub hangs_up: f64,
    /// Others, whom it mentions; answers and reads too, unless there are none.
    pub others: Vec<String>,
    /// Rooms that it leaves for good now and then, to become a member again.
    pub leaves: Vec<&'static str>,
    /// Rooms of which others may make it no member, or a moderator, or let it only read.
    pub may_be_removed: Vec<&'static str>,
    /// A socket that is silent for so long while an answer is missing is given up; otherwise that is a failure.
    pub gives_up: Option<Duration>,
    /// The server ends sockets with `bye` and 1012, rather than in any way.
    pub says_bye: bool,
    /// And somebody always serves: every handshake succeeds, and nothing is `unavailable`.
    pub never_away: bool,
    /// Ends its socket when it has read everything.
    pub goes_home: bool,
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            rooms: super::talk::ROOMS.to_vec(),
            pauses: 20..120,
            hangs_up: 0.01,
            others: vec![],
            leaves: vec![],
            may_be_removed: vec![],
            gives_up: None,
            says_bye: false,
            never_away: false,
            goes_home: false,
        }
    }
}

/// Code and reason of a close frame, if there was one.
type End = Option<(u16, String)>;

/// A turn with a socket is over.
#[derive(Debug)]
struct Cut;

/// One room, as the client has it.
#[derive(Debug)]
struct View {
    seat: Seat,
    cursor: u64,
    /// The cursor that the latest join was asked with.
    joined_after: u64,
    /// The latest messages that it was shown, by their ids.
    heard: VecDeque<u64>,
    people: BTreeSet<String>,
}

#[derive(Debug, PartialEq)]
enum Seat {
    /// To be joined at that time.
    Out(Instant),
    /// As [`Out`](Seat::Out), after the membership was ended by oneself.
    Left(Instant),
    Joining,
    In,
}

/// A send without an answer.
#[derive(Clone, Debug)]
struct Pending {
    room: &'static str,
    key: String,
    body: String,
    reply_to: Option<u64>,
    /// When it is to be sent again; `None` while it is on its way.
    due: Option<Instant>,
}

#[derive(Debug)]
pub struct Client {
    person: Person,
    rng: StdRng,
    recorder: Recorder,
    habits: Habits,
    hung_up: bool,
    said_bye: bool,
    /// How the server ended the socket, as far as it was read.
    end: Option<End>,
    epoch: Value,
    views: BTreeMap<&'static str, View>,
    pending: Vec<Pending>,
    /// Changes on their way, by their `ref`: room and number in the history.
    asked: HashMap<String, (&'static str, u64)>,
    /// Own messages: room, id, key.
    mine: Vec<(&'static str, u64, String)>,
    /// When the last frame came, or waiting for one began.
    heard_at: Instant,
    /// What the driver was told.
    has_finished: bool,
    has_settled: bool,
}

impl Client {
    pub fn new(person: Person, rng: StdRng, recorder: Recorder, habits: Habits) -> Self {
        let view = || View {
            seat: Seat::Out(Instant::now()),
            cursor: 0,
            joined_after: 0,
            heard: VecDeque::new(),
            people: BTreeSet::new(),
        };
        Self {
            person,
            rng,
            recorder,
            hung_up: false,
            said_bye: false,
            end: None,
            epoch: Value::Null,
            views: habits.rooms.iter().map(|room| (*room, view())).collect(),
            habits,
            pending: vec![],
            asked: HashMap::new(),
            mine: vec![],
            heard_at: Instant::now(),
            has_finished: false,
            has_settled: false,
        }
    }

    pub fn name(&self) -> &str {
        &self.person.name
    }

    /// Whom it takes to be in each of its rooms.
    pub fn people(&self) -> impl Iterator<Item = (&'static str, &BTreeSet<String>)> {
        self.views.iter().map(|(room, view)| (*room, &view.people))
    }

    /// Lives through as many sockets as it takes; gives the last one, unless it has gone home. `told` hears when all is
    /// answered, and when all is read.
    pub async fn run(mut self, mut phases: watch::Receiver<Phase>, told: mpsc::Sender<()>) -> (Self, Option<Socket>) {
        loop {
            let mut socket = self.connect().await;
            self.begin(&socket);
            if self.turn(&mut socket, &mut phases, &told).await.is_ok() {
                let stays = !self.habits.goes_home;
                return (self, stays.then_some(socket));
            }
            self.check_manners(socket).await;
        }
    }

    async fn connect(&self) -> Socket {
        // Not `eventually`: the borrow in an async closure would keep this future from being spawned.
        let deadline = Instant::now() + LIMIT;
        loop {
            match Socket::try_open(&self.person).await {
                Some(socket) if socket.welcome["type"] == "welcome" => return socket,
                // Those who come as a drain begins are let in and told at once.
                Some(_) => {}
                None => {
                    assert!(!self.habits.never_away, "{} is not let in", self.person.name);
                    self.person.is_signed_in().await;
                }
            }
            assert!(Instant::now() < deadline, "a server to connect to: not within {LIMIT:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// What is to be asked for on a new socket: answers to what was asked before will never come.
    fn begin(&mut self, socket: &Socket) {
        (self.hung_up, self.said_bye, self.end) = (false, false, None);
        self.asked.clear();
        let now = Instant::now();
        for view in self.views.values_mut().filter(|view| !matches!(view.seat, Seat::Left(_))) {
            view.seat = Seat::Out(now);
        }
        self.pending.iter_mut().for_each(|pending| pending.due = Some(now));
        for room in socket.welcome["rooms"].as_array().expect("rooms") {
            let slug = room["slug"].as_str().expect("a slug");
            let read = room["read"].as_u64().expect("a mark");
            self.recorder.note(&self.person.name, slug, Event::Marked { read });
        }
    }

    async fn check_manners(&mut self, mut socket: Socket) {
        if !self.habits.says_bye || self.hung_up {
            return;
        }
        // What could not be written may have been overtaken by words that are not read yet.
        let mut end = self.end.take();
        while end.is_none() {
            match socket.next_or_end().await {
                Ok(frame) => self.take(frame),
                Err(told) => end = Some(told),
            }
        }
        assert!(matches!(end, Some(Some((1012, _)))), "{end:?}");
        assert!(self.said_bye, "`bye` comes before the end");
    }

    /// One socket's time: `Ok` when the driver wants no more.
    async fn turn(
        &mut self,
        socket: &mut Socket,
        phases: &mut watch::Receiver<Phase>,
        told: &mpsc::Sender<()>,
    ) -> Result<(), Cut> {
        loop {
            self.ask_again(socket).await?;
            self.read_answers(socket).await?;
            let phase = phases.borrow_and_update().clone();
            match phase {
                Phase::Load => {
                    if self.rng.random_bool(self.habits.hangs_up) {
                        self.hung_up = true; // as clients do too
                        return Err(Cut);
                    }
                    for _ in 0..self.rng.random_range(1..4) {
                        self.act(socket).await?;
                    }
                    self.think(socket).await?;
                }
                Phase::Finish => {
                    if self.is_in_everywhere()
                        && self.pending.is_empty()
                        && !std::mem::replace(&mut self.has_finished, true)
                    {
                        told.send(()).await.expect("the driver listens");
                    }
                    self.look(socket, phases).await?;
                }
                Phase::Settle(goals) => {
                    let has_read = self.views.iter().all(|(room, view)| view.cursor >= goals[*room]);
                    if has_read && !std::mem::replace(&mut self.has_settled, true) {
                        told.send(()).await.expect("the driver listens");
                        if self.habits.goes_home {
                            return Ok(());
                        }
                    }
                    self.look(socket, phases).await?;
                }
                Phase::Part => return Ok(()),
            }
        }
    }

    fn is_in_everywhere(&self) -> bool {
        self.views.values().all(|view| view.seat == Seat::In)
    }

    fn view(&mut self, room: &str) -> &mut View {
        self.views.get_mut(room).expect("one of its rooms")
    }

    /// Reads until the phase changes, or for a moment.
    async fn look(&mut self, socket: &mut Socket, phases: &mut watch::Receiver<Phase>) -> Result<(), Cut> {
        tokio::select! {
            biased;
            _ = phases.changed() => {}
            read = socket.read_or_end() => self.take_or_end(read)?,
            () = tokio::time::sleep(AGAIN) => {}
        }
        Ok(())
    }

    /// A person's pause between two messages, in which frames are read.
    async fn think(&mut self, socket: &mut Socket) -> Result<(), Cut> {
        let pause = Duration::from_millis(self.rng.random_range(self.habits.pauses.clone()));
        let end = Instant::now() + pause;
        while let Ok(read) = tokio::time::timeout_at(end, socket.read_or_end()).await {
            self.take_or_end(read)?;
        }
        Ok(())
    }

    /// Reads until nothing is on its way any more.
    async fn read_answers(&mut self, socket: &mut Socket) -> Result<(), Cut> {
        self.heard_at = Instant::now();
        while self.waits() {
            if let Ok(read) = tokio::time::timeout(AGAIN, socket.read_or_end()).await {
                self.heard_at = Instant::now();
                self.take_or_end(read)?;
            }
            let (silence, limit) = (self.heard_at.elapsed(), self.habits.gives_up);
            if limit.is_some_and(|limit| silence > limit) {
                self.hung_up = true;
                return Err(Cut);
            }
            assert!(silence < LIMIT, "{} waits for {:?} {:?}", self.person.name, self.pending, self.asked);
            self.ask_again(socket).await?;
        }
        Ok(())
    }

    /// Whether an answer is missing that will come, in a room that it is in.
    fn waits(&self) -> bool {
        let is_in = |room: &str| self.views[room].seat == Seat::In;
        !self.asked.is_empty()
            || self.views.values().any(|view| view.seat == Seat::Joining)
            || self.pending.iter().any(|pending| is_in(pending.room))
            || (!self.views.keys().any(|room| is_in(room))
                && self.views.values().any(|view| matches!(view.seat, Seat::Out(_))))
    }

    fn take_or_end(&mut self, read: Result<Value, End>) -> Result<(), Cut> {
        match read {
            Ok(frame) => self.take(frame),
            Err(end) => {
                self.end = Some(end);
                return Err(Cut);
            }
        }
        Ok(())
    }
}
