//! A server, and the load process that is its own.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::dialect::Dialect;
use crate::http::Http;
use crate::orders::{Heard, Order, Server};
use crate::process::resident_bytes;
use crate::servers::{Kind, Programs, Running, die_together};

const PASSWORD: &str = "correct horse battery";

pub struct Subject {
    pub kind: Kind,
    // Above the server: the load would not outlive it.
    load: Load,
    pub server: Running,
    /// Accounts made so far.
    people: usize,
}

/// The load process, and its ends.
struct Load {
    process: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Subject {
    /// `bytes` is the length of the payload that is to be delivered.
    pub fn start(kind: Kind, programs: &Programs, bytes: usize) -> Self {
        let server = kind.start(programs, bytes);
        let load = Load::start();
        let (address, pids) = (server.address.clone(), server.pids());
        let meet = Order::Meet(Server { address, dialect: kind.dialect(), bytes, pids });
        let mut subject = Self { kind, load, server, people: 0 };
        subject.order(&meet);
        subject
    }

    /// So many sockets join a room that is new, each half of them another user's. The users are members of no other room,
    /// so that nobody is told of what happens elsewhere.
    pub fn open(&mut self, room: &str, seats: usize) -> Heard {
        let cookies =
            if self.kind.dialect() == Dialect::Klatch { self.members(room, seats.min(2)) } else { Vec::new() };
        self.join(room, cookies, seats)
    }

    /// Sockets of users who are members already.
    pub fn join(&mut self, room: &str, cookies: Vec<String>, seats: usize) -> Heard {
        self.order(&Order::Open { room: room.to_owned(), cookies, seats })
    }

    /// Users with an account, and a room that one of them made; their cookies.
    pub fn members(&mut self, room: &str, count: usize) -> Vec<String> {
        let mut people: Vec<Http> = (0..count).map(|_| self.sign_up()).collect();
        let made = people[0].post("/api/v1/rooms", &format!(r#"{{"slug":"{room}"}}"#));
        made.expect("an answer").ok(201);
        people.iter().filter_map(|person| person.cookie.clone()).collect()
    }

    pub fn sign_up(&mut self) -> Http {
        self.people += 1;
        let account = format!(r#"{{"username":"person{}","password":"{PASSWORD}"}}"#, self.people);
        let mut http = Http::connect(&self.server.address).expect("a server that listens");
        http.post("/api/v1/signup", &account).expect("an answer").ok(201);
        http
    }

    pub fn saturate(&mut self, rooms: &[String], in_flight: usize, seconds: f64) -> Heard {
        self.order(&Order::Saturate { rooms: rooms.to_vec(), in_flight, seconds })
    }

    pub fn order(&mut self, order: &Order) -> Heard {
        self.load.send(order);
        self.answer()
    }

    /// To be followed by [`answer`](Self::answer).
    pub fn begin(&mut self, order: &Order) {
        self.load.send(order);
    }

    pub fn answer(&mut self) -> Heard {
        let mut line = String::new();
        self.load.answers.read_line(&mut line).expect("a pipe");
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("the load on {} failed", self.kind.name()))
    }

    /// Ends the load; the server goes on.
    pub fn without_load(self) -> Running {
        self.server
    }

    pub fn resident_bytes(&self) -> u64 {
        resident_bytes(&self.server.pids())
    }
}

impl Load {
    fn start() -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.arg("load").stdin(Stdio::piped()).stdout(Stdio::piped());
        die_together(&mut command);
        let mut process = command.spawn().expect("this program again");
        let orders = process.stdin.take().expect("a pipe");
        let answers = BufReader::new(process.stdout.take().expect("a pipe"));
        Self { process, orders, answers }
    }

    fn send(&mut self, order: &Order) {
        let line = serde_json::to_string(order).expect("an order");
        writeln!(self.orders, "{line}").expect("a load process that runs");
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
