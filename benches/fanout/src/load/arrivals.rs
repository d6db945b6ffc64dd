//! Sockets on their way in: from the connection to the room.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::rc::Rc;
use std::time::{Duration, Instant};

use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, connect, socket_with, sockopt};

use super::Load;
use super::seat::{Phase, Seat};
use crate::dialect::{Cursor, Step};
use crate::frames::{TEXT, handshake, masked};
use crate::orders::Heard;
use crate::process::cpu_seconds;
use crate::random::below;

/// How many come in at once when nobody is in a hurry.
const CALMLY: usize = 24;
const PATIENCE: Duration = Duration::from_secs(100);
/// Local addresses that connections come from, so that ports last: 127.0.0.2 and those behind it.
const ADDRESSES: usize = 16;

#[derive(Default)]
pub struct Arrivals {
    /// Those who have not begun.
    queue: VecDeque<usize>,
    /// Those who were put off, and when they come again.
    put_off: BinaryHeap<Reverse<(Instant, usize)>>,
    /// Those who are under way.
    coming: usize,
    times_put_off: u64,
    /// Of those who came back: those who had to start anew, and the messages they were all shown.
    reset: u64,
    shown: u64,
}

impl Load {
    pub fn open(&mut self, name: &str, cookies: &[String], seats: usize) -> Heard {
        let room = self.room(name);
        let cookies: Vec<Rc<str>> = cookies.iter().map(|cookie| Rc::from(cookie.as_str())).collect();
        for number in 0..seats {
            let at = self.seats.len();
            let cookie = cookies.get(number % cookies.len().max(1)).cloned().unwrap_or_default();
            self.seats.push(Seat::new(room, cookie));
            self.rooms[room].members.push(at);
            self.arrivals.queue.push_back(at);
        }
        self.bring_in(CALMLY)
    }

    /// Ends every connection at once. What is closed behind the server's back is closed all the same.
    pub fn cut(&mut self) {
        for at in 0..self.seats.len() {
            let seat = &mut self.seats[at];
            seat.stream = None;
            seat.phase = Phase::Away;
            seat.unread = Vec::new();
            self.arrivals.queue.push_back(at);
        }
    }

    pub fn come_back(&mut self) -> Heard {
        self.bring_in(usize::MAX)
    }

    fn bring_in(&mut self, at_once: usize) -> Heard {
        let start = Instant::now();
        let (server_cpu, load_cpu) = (cpu_seconds(&self.server.pids), cpu_seconds(&[self.run]));
        self.arrivals.times_put_off = 0;
        self.arrivals.reset = 0;
        self.arrivals.shown = 0;
        loop {
            let now = Instant::now();
            assert!(now - start < PATIENCE, "not everybody came in: {} are under way", self.arrivals.coming);
            while let Some(Reverse((when, at))) = self.arrivals.put_off.peek().copied()
                && when <= now
            {
                self.arrivals.put_off.pop();
                self.arrivals.queue.push_back(at);
            }
            while self.arrivals.coming < at_once
                && let Some(at) = self.arrivals.queue.pop_front()
            {
                self.connect(at);
            }
            let next = self.arrivals.put_off.peek().map(|Reverse((when, _))| when.saturating_duration_since(now));
            if self.arrivals.coming == 0 && next.is_none() {
                break;
            }
            self.turn(Some(next.unwrap_or(PATIENCE)));
        }
        Heard {
            seconds: start.elapsed().as_secs_f64(),
            server_cpu: cpu_seconds(&self.server.pids) - server_cpu,
            load_cpu: cpu_seconds(&[self.run]) - load_cpu,
            put_off: self.arrivals.times_put_off,
            reset: self.arrivals.reset,
            messages: self.arrivals.shown,
            ..Heard::default()
        }
    }

    fn connect(&mut self, at: usize) {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = socket_with(AddressFamily::INET, SocketType::STREAM, flags, None).expect("an open file more");
        sockopt::set_tcp_nodelay(&socket, true).expect("a socket");
        let from = Ipv4Addr::from(u32::from(Ipv4Addr::LOCALHOST) + 1 + (at % ADDRESSES) as u32);
        bind(&socket, &SocketAddr::new(IpAddr::V4(from), 0)).expect("a free port");
        let to: SocketAddr = self.server.address.parse().expect("an address");
        match connect(&socket, &to) {
            Ok(()) | Err(rustix::io::Errno::INPROGRESS) => {}
            Err(error) => panic!("{to}: {error}"),
        }
        epoll::add(&self.epoll, &socket, EventData::new_u64(at as u64), EventFlags::OUT).expect("a socket");
        self.arrivals.coming += 1;
        self.seats[at].stream = Some(TcpStream::from(socket));
        self.seats[at].phase = Phase::Connecting;
    }

    pub fn connected(&mut self, at: usize, flags: EventFlags) {
        if flags.intersects(EventFlags::ERR | EventFlags::HUP) {
            return self.lost(at, "no connection");
        }
        let seat = &mut self.seats[at];
        let Some(stream) = &seat.stream else { return };
        epoll::modify(&self.epoll, stream, EventData::new_u64(at as u64), EventFlags::IN).expect("a socket");
        let path = self.server.dialect.path(&self.rooms[seat.room].name);
        seat.write(&handshake(&self.server.address, &path, &seat.cookie));
        seat.phase = Phase::Head;
    }

    /// To the handshake.
    pub fn answered(&mut self, at: usize, head: &[u8]) {
        let head = String::from_utf8_lossy(head);
        if head.starts_with("HTTP/1.1 101") {
            self.seats[at].phase = Phase::Joining;
            if self.server.dialect.joins_by_path() {
                self.joined(at);
            }
            return;
        }
        let header = |line: &str| Some(line.to_ascii_lowercase().strip_prefix("retry-after:")?.trim().parse::<u64>());
        let Some(Ok(seconds)) = head.lines().find_map(header).filter(|_| head.starts_with("HTTP/1.1 503")) else {
            return self.lost(at, &head);
        };
        // As long as was asked for, and up to half of it more.
        let millis = seconds * 1_000;
        let wait = Duration::from_millis(millis + below(millis / 2 + 1));
        self.seats[at].stream = None;
        self.seats[at].phase = Phase::Away;
        self.arrivals.coming -= 1;
        self.arrivals.times_put_off += 1;
        self.arrivals.put_off.push(Reverse((Instant::now() + wait, at)));
    }

    /// By the server, before the room is joined.
    pub fn greeted(&mut self, at: usize, payload: &[u8]) {
        let seat = &self.seats[at];
        match self.server.dialect.step(payload, &self.rooms[seat.room].name, seat.cursor.as_ref()) {
            Step::Wait => {}
            Step::Say(text) => seat.write(&masked(TEXT, text.as_bytes())),
            Step::Joined => {
                if seat.cursor.is_some() {
                    let text = String::from_utf8_lossy(payload);
                    self.arrivals.reset += u64::from(text.contains(r#""reset":true"#));
                    self.arrivals.shown += text.matches(r#""html":"#).count() as u64;
                }
                self.seats[at].cursor = Cursor::of(payload);
                self.joined(at);
            }
        }
    }

    fn joined(&mut self, at: usize) {
        let seat = &mut self.seats[at];
        seat.phase = Phase::In;
        seat.heard = self.rooms[seat.room].position();
        self.arrivals.coming -= 1;
    }
}
