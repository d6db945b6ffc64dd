//! A load process: many sockets on one thread and one epoll. It finds frames and counts them, and says how much CPU it
//! took for that: where that is all of a core, the figures are its own and not the server's.
//!
//! Each server has a load process of its own, which does nothing but answer pings while another one is measured.

mod arrivals;
mod rooms;
mod runs;
mod seat;

use std::collections::HashMap;
use std::io::{BufRead, ErrorKind, Read};
use std::rc::Rc;
use std::time::{Duration, Instant};

use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::fd::OwnedFd;

use crate::frames;
use crate::orders::{Heard, Order, Server};
use arrivals::Arrivals;
use rooms::Room;
use seat::{Phase, Seat};

const ORDERS: u64 = u64::MAX;
/// Events taken at once. Few, since messages that are due are sent between two takings.
const EVENTS: usize = 64;
const SCRATCH_BYTES: usize = 256 * 1024;

struct Load {
    epoll: OwnedFd,
    server: Server,
    seats: Vec<Seat>,
    rooms: Vec<Room>,
    names: HashMap<String, usize>,
    arrivals: Arrivals,
    /// Rooms where everybody has had another message, once for each.
    completed: Vec<usize>,
    /// Microseconds of each delivery, while they are wanted.
    latencies: Option<Vec<u32>>,
    deliveries: u64,
    /// Of the frames that were deliveries.
    bytes: u64,
    events: Vec<Event>,
    scratch: Vec<u8>,
    /// Makes the keys of this process unlike those of an earlier one.
    run: u32,
    sent: u64,
}

/// Serves orders from standard input until that ends. Each is answered before the next is given, so that none is read
/// ahead, where epoll would not tell of it.
pub fn serve() {
    let epoll = epoll::create(CreateFlags::CLOEXEC).expect("an epoll");
    let stdin = std::io::stdin();
    let watched = epoll::add(&epoll, &stdin, EventData::new_u64(ORDERS), EventFlags::IN);
    watched.expect("standard input that is a pipe");
    let mut orders = stdin.lock().lines();
    let Some(Ok(first)) = orders.next() else { return };
    let Order::Meet(server) = serde_json::from_str(&first).expect("an order") else { panic!("whom to meet") };
    let mut load = Load {
        epoll,
        server,
        seats: Vec::new(),
        rooms: Vec::new(),
        names: HashMap::new(),
        arrivals: Arrivals::default(),
        completed: Vec::new(),
        latencies: None,
        deliveries: 0,
        bytes: 0,
        events: Vec::with_capacity(EVENTS),
        scratch: vec![0; SCRATCH_BYTES],
        run: std::process::id(),
        sent: 0,
    };
    let answer = |heard: Heard| println!("{}", serde_json::to_string(&heard).expect("an answer"));
    answer(Heard::default());
    loop {
        if load.turn(None) {
            let Some(Ok(line)) = orders.next() else { return };
            answer(load.carry_out(serde_json::from_str(&line).expect("an order")));
        }
    }
}

impl Load {
    fn carry_out(&mut self, order: Order) -> Heard {
        match order {
            Order::Meet(_) => panic!("met already"),
            Order::Open { room, cookies, seats } => self.open(&room, &cookies, seats),
            Order::Saturate { rooms, in_flight, seconds } => self.saturate(&rooms, in_flight, seconds),
            Order::Pace { rooms, rate, seconds } => self.pace(&rooms, rate, seconds),
            Order::Cut => {
                self.cut();
                Heard::default()
            }
            Order::Return => self.come_back(),
        }
    }

    /// Waits until something comes, for as long at most, and takes it in. Whether there is an order.
    fn turn(&mut self, limit: Option<Duration>) -> bool {
        let limit = limit.map(|limit| limit.try_into().expect("a short time"));
        match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut self.events), limit.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => panic!("epoll: {error}"),
        }
        let mut ordered = false;
        let mut events = std::mem::take(&mut self.events);
        for event in events.drain(..) {
            match event.data.u64() {
                ORDERS => ordered = true,
                at => self.ready(at as usize, event.flags),
            }
        }
        self.events = events;
        ordered
    }

    fn ready(&mut self, at: usize, flags: EventFlags) {
        if self.seats[at].phase == Phase::Connecting {
            return self.connected(at, flags);
        }
        let Some(stream) = &mut self.seats[at].stream else { return };
        let read = match stream.read(&mut self.scratch) {
            Ok(0) => return self.lost(at, "the server closed it"),
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            Err(error) => return self.lost(at, &error.to_string()),
        };
        let scratch = std::mem::take(&mut self.scratch);
        if self.seats[at].unread.is_empty() {
            let used = self.take(at, &scratch[..read]);
            self.seats[at].unread.extend_from_slice(&scratch[used..read]);
        } else {
            let mut unread = std::mem::take(&mut self.seats[at].unread);
            unread.extend_from_slice(&scratch[..read]);
            let used = self.take(at, &unread);
            unread.drain(..used);
            if !unread.is_empty() {
                self.seats[at].unread = unread;
            }
        }
        self.scratch = scratch;
    }

    /// Takes in what is whole; how much of it that was.
    fn take(&mut self, at: usize, bytes: &[u8]) -> usize {
        let mut start = 0;
        if self.seats[at].phase == Phase::Head {
            let Some(end) = frames::head_end(bytes) else { return 0 };
            self.answered(at, &bytes[..end]);
            if self.seats[at].stream.is_none() {
                return bytes.len();
            }
            start = end;
        }
        let mut deliveries = 0;
        while let Some((opcode, header, length)) = frames::header(&bytes[start..]) {
            let Some(payload) = bytes.get(start + header..start + header + length) else { break };
            start += header + length;
            match opcode {
                frames::TEXT if self.seats[at].phase == Phase::Joining => self.greeted(at, payload),
                frames::TEXT if self.server.dialect.is_delivery(payload) => {
                    deliveries += 1;
                    self.bytes += (header + length) as u64;
                }
                frames::TEXT => {
                    if let Some(answer) = self.server.dialect.answer(payload) {
                        self.seats[at].write(&frames::masked(frames::TEXT, answer));
                    }
                }
                frames::PING => self.seats[at].write(&frames::masked(frames::PONG, payload)),
                frames::CLOSE => self.lost(at, &String::from_utf8_lossy(payload)),
                _ => {}
            }
        }
        if deliveries > 0 {
            self.delivered(at, deliveries);
        }
        start
    }

    fn delivered(&mut self, at: usize, deliveries: u64) {
        self.deliveries += deliveries;
        let seat = &mut self.seats[at];
        let (first, room) = (seat.heard, seat.room);
        seat.heard += deliveries;
        let now = Instant::now();
        for message in first..first + deliveries {
            let sent = self.rooms[room].heard(message);
            if sent.completed {
                self.completed.push(room);
            }
            if let Some(latencies) = &mut self.latencies {
                latencies.push(now.saturating_duration_since(sent.at).as_micros() as u32);
            }
        }
    }

    fn room(&mut self, name: &str) -> usize {
        *self.names.entry(name.to_owned()).or_insert_with(|| {
            self.rooms.push(Room::new(Rc::from(name)));
            self.rooms.len() - 1
        })
    }

    fn lost(&self, at: usize, why: &str) {
        panic!("a socket of {} at {} is lost: {why}", self.rooms[self.seats[at].room].name, self.server.address);
    }
}
