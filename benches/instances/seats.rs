//! Rooms with somebody at every instance, and when each of them hears a message.

use std::cell::{Cell, RefCell};
use std::net::TcpStream;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::common::{Chat, Person};
use crate::frames::{due, message, number_of};
use crate::socket;

const ROOMS: usize = 20;
/// Sockets of a room at each instance.
const AT_EACH: usize = 2;
/// Each is in half of the rooms.
const PEOPLE: usize = 12;
/// How long what is under way may take to arrive.
const LATEST: Duration = Duration::from_secs(20);

/// The sockets, read until the value is dropped.
pub struct Seats {
    log: Rc<Log>,
    slugs: Vec<String>,
    /// One for each room, in turn at each instance.
    senders: Arc<Vec<TcpStream>>,
    /// Sockets of a room.
    seats: usize,
    readers: Vec<tokio::task::JoinHandle<()>>,
}

#[derive(Default)]
struct Log {
    sent: Cell<u64>,
    schedule: RefCell<Schedule>,
}

#[derive(Default)]
struct Schedule {
    start: Option<Instant>,
    first: u64,
    rate: u64,
    heard: Heard,
}

/// How long deliveries took, from the time their message was to be sent.
#[derive(Default)]
pub struct Heard {
    /// At the sender's own instance.
    pub inside: Vec<Duration>,
    pub across: Vec<Duration>,
    /// Deliveries that did not come.
    pub lost: u64,
}

impl Log {
    fn hear(&self, frame: &[u8], inside: bool) {
        assert!(!frame.starts_with(br#"{"type":"error""#), "{}", String::from_utf8_lossy(frame));
        if !frame.starts_with(br#"{"type":"message""#) {
            return;
        }
        let mut schedule = self.schedule.borrow_mut();
        let (Some(start), Some(at)) = (schedule.start, number_of(frame).checked_sub(schedule.first)) else { return };
        let latency = start.elapsed().saturating_sub(due(at, schedule.rate));
        let heard = &mut schedule.heard;
        if inside { heard.inside.push(latency) } else { heard.across.push(latency) }
    }
}

impl Seats {
    pub async fn open(chat: &Chat) -> Self {
        let mut people = Vec::with_capacity(PEOPLE);
        for number in 0..PEOPLE {
            people.push(Person::sign_up(&chat.instances[0], &format!("person{number}")).await);
        }
        let log = Rc::<Log>::default();
        let (mut slugs, mut senders, mut readers) = (Vec::new(), Vec::new(), Vec::new());
        for room in 0..ROOMS {
            let slug = format!("room{room}");
            people[room % PEOPLE].makes_room(&slug).await;
            let home = room % chat.instances.len();
            for seat in 0..chat.instances.len() * AT_EACH {
                let place = seat / AT_EACH;
                let cookie = people[(room + seat) % PEOPLE].http.cookie().expect("somebody who is signed in");
                let (stream, mut unread) = socket::join(&chat.instances[place].address, &cookie, &slug);
                let writer = stream.try_clone().expect("another handle");
                if place == home && senders.len() == room {
                    senders.push(stream.try_clone().expect("another handle"));
                }
                let (log, stream) = (Rc::clone(&log), tokio::net::TcpStream::from_std(stream).expect("a socket"));
                readers.push(tokio::task::spawn_local(async move {
                    loop {
                        unread.next(&stream, &writer, |frame| log.hear(frame, place == home)).await;
                    }
                }));
            }
            slugs.push(slug);
        }
        let seats = chat.instances.len() * AT_EACH;
        Self { log, slugs, senders: Arc::new(senders), seats, readers }
    }

    /// Sends so many messages a second, the rooms in turn, and waits until everybody has them.
    pub async fn hear(&self, rate: u64, length: Duration) -> Heard {
        let log = &self.log;
        let count = rate * length.as_secs();
        let first = log.sent.replace(log.sent.get() + count);
        let start = Instant::now() + Duration::from_millis(10);
        *log.schedule.borrow_mut() = Schedule { start: Some(start), first, rate, heard: Heard::default() };
        // A thread of its own: the runtime's timers are a millisecond apart.
        let (senders, slugs) = (Arc::clone(&self.senders), self.slugs.clone());
        let pacer = move || {
            for at in 0..count {
                let room = at as usize % ROOMS;
                let frame = message(&slugs[room], first + at);
                std::thread::sleep((start + due(at, rate)).saturating_duration_since(Instant::now()));
                socket::write(&senders[room], &frame);
            }
        };
        tokio::task::spawn_blocking(pacer).await.expect("sockets that can be written to");
        let deadline = Instant::now() + LATEST;
        let missing = || {
            let heard = &log.schedule.borrow().heard;
            (count * self.seats as u64).saturating_sub((heard.inside.len() + heard.across.len()) as u64)
        };
        while missing() > 0 && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let lost = missing();
        let mut heard = std::mem::take(&mut *log.schedule.borrow_mut()).heard;
        heard.lost = lost;
        heard.inside.sort_unstable();
        heard.across.sort_unstable();
        heard
    }
}

impl Drop for Seats {
    fn drop(&mut self) {
        for reader in &self.readers {
            reader.abort();
        }
    }
}

/// What so large a part of the sorted times is not above, in milliseconds.
pub fn milliseconds(sorted: &[Duration], part: f64) -> f64 {
    let index = (part * sorted.len() as f64).ceil() as usize;
    sorted.get(index.saturating_sub(1)).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
}
