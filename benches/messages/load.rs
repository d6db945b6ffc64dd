//! Load on the rooms: as much as the server takes, or so many messages a second.

use std::cell::{Cell, RefCell};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::frames::{due, message, number_of};
use crate::machine::used_seconds;
use crate::rooms::Rooms;
use crate::socket;

/// Messages of each room that wait for their answer while the server is saturated: in all rooms more than one transaction
/// takes.
const IN_FLIGHT: usize = 8;
/// Until as much is under way as will be.
const WARM_UP: Duration = Duration::from_secs(1);
/// How long what is under way may take to arrive.
const LATEST: Duration = Duration::from_secs(20);

/// What the sockets of one server have heard. Everything runs on one thread.
#[derive(Default)]
pub struct Load {
    /// Their slugs.
    pub rooms: Vec<String>,
    /// Sockets in each.
    pub seats: usize,
    /// Messages sent ever, which also numbers them.
    sent: Cell<u64>,
    stored: Cell<u64>,
    refused: Cell<u64>,
    delivered: Cell<u64>,
    /// Whether an answer is followed by the next message.
    saturating: Cell<bool>,
    schedule: RefCell<Schedule>,
}

/// Messages that are sent at times fixed beforehand.
#[derive(Default)]
struct Schedule {
    start: Option<Instant>,
    /// The number of the first.
    first: u64,
    rate: u64,
    /// Of each message, how many have received it.
    receivers: Vec<usize>,
    /// From the time a message was to be sent until the last of its room had it.
    latencies: Vec<Duration>,
}

/// What a saturated server did in a second.
#[derive(Clone, Copy)]
pub struct Saturated {
    pub stored: f64,
    pub delivered: f64,
    /// Cores that the load itself kept busy.
    pub load: f64,
}

/// Milliseconds from the time a message was to be sent to its last receiver.
#[derive(Clone, Copy)]
pub struct Latency {
    pub p50: f64,
    pub p99: f64,
    pub max: f64,
    /// Messages that were refused, or were not everywhere at the end.
    pub missing: u64,
}

impl Load {
    /// On rooms with so many sockets each.
    pub fn of(seats: usize) -> Self {
        Self { seats, ..Self::default() }
    }

    /// A frame has come to a socket of this room.
    pub fn heard(&self, frame: &[u8], room: usize, socket: &TcpStream) {
        let answered = if frame.starts_with(br#"{"type":"message""#) {
            self.delivered.set(self.delivered.get() + 1);
            self.schedule.borrow_mut().received(number_of(frame), self.seats);
            return;
        } else if frame.starts_with(br#"{"type":"sent""#) {
            &self.stored
        } else if frame.starts_with(br#"{"type":"error""#) {
            &self.refused
        } else {
            return;
        };
        answered.set(answered.get() + 1);
        if self.saturating.get() {
            self.send(room, socket);
        }
    }

    fn send(&self, room: usize, socket: &TcpStream) {
        let number = self.sent.replace(self.sent.get() + 1);
        socket::write(socket, &message(&self.rooms[room], number));
    }

    /// Waits until all that was sent is answered, and everywhere; gives how many messages are not.
    async fn settle(&self) -> u64 {
        let deadline = Instant::now() + LATEST;
        loop {
            let arrived = (self.delivered.get() / self.seats as u64).min(self.stored.get() + self.refused.get());
            let missing = self.sent.get().saturating_sub(arrived);
            if missing == 0 || Instant::now() > deadline {
                // The next measurement begins with nothing owed.
                self.stored.set(self.sent.get());
                self.delivered.set(self.sent.get() * self.seats as u64);
                self.refused.set(0);
                return missing;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Schedule {
    fn received(&mut self, number: u64, seats: usize) {
        let Some(start) = self.start else { return };
        let Some(at) = number.checked_sub(self.first) else { return };
        let Some(receivers) = self.receivers.get_mut(at as usize) else { return };
        *receivers += 1;
        if *receivers == seats {
            self.latencies.push(start.elapsed().saturating_sub(due(at, self.rate)));
        }
    }
}

impl Rooms {
    /// One socket of each room sends as fast as it is answered, with a few messages in flight.
    pub async fn saturate(&self, length: Duration) -> Saturated {
        let load = &self.load;
        load.saturating.set(true);
        for (room, sender) in self.senders.iter().enumerate() {
            (0..IN_FLIGHT).for_each(|_| load.send(room, sender));
        }
        tokio::time::sleep(WARM_UP).await;
        let counted = || (Instant::now(), load.stored.get(), load.delivered.get(), used_seconds());
        let (start, stored, delivered, used) = counted();
        tokio::time::sleep(length).await;
        let (end, stored_by_then, delivered_by_then, used_by_then) = counted();
        load.saturating.set(false);
        let missing = load.settle().await;
        assert_eq!(missing, 0, "messages that were not stored and delivered everywhere");
        let seconds = (end - start).as_secs_f64();
        Saturated {
            stored: (stored_by_then - stored) as f64 / seconds,
            delivered: (delivered_by_then - delivered) as f64 / seconds,
            load: (used_by_then - used) / seconds,
        }
    }

    /// So many messages a second, the rooms in turn, whether or not those before are answered.
    pub async fn keep_up(&self, rate: u64, length: Duration) -> Latency {
        let load = &self.load;
        let first = load.sent.get();
        let count = (rate as f64 * length.as_secs_f64()) as u64;
        // From here each message has its time, and its latency counts from there even where it is sent late.
        let start = Instant::now() + Duration::from_millis(10);
        let receivers = vec![0; count as usize];
        *load.schedule.borrow_mut() = Schedule { start: Some(start), first, rate, receivers, latencies: Vec::new() };
        load.sent.set(first + count);
        // A thread of its own: the runtime's timers are a millisecond apart.
        let (senders, rooms) = (self.senders.clone(), load.rooms.clone());
        let pacer = move || {
            for at in 0..count {
                let room = at as usize % rooms.len();
                let frame = message(&rooms[room], first + at);
                std::thread::sleep((start + due(at, rate)).saturating_duration_since(Instant::now()));
                socket::write(&senders[room], &frame);
            }
        };
        tokio::task::spawn_blocking(pacer).await.expect("sockets that can be written to");
        let missing = load.settle().await;
        let mut latencies = std::mem::take(&mut *load.schedule.borrow_mut()).latencies;
        latencies.sort_unstable();
        let at = |part: f64| {
            let index = (part * latencies.len() as f64).ceil() as usize;
            latencies.get(index.saturating_sub(1)).map_or(f64::NAN, |latency| latency.as_secs_f64() * 1e3)
        };
        Latency { p50: at(0.5), p99: at(0.99), max: at(1.0), missing }
    }
}
