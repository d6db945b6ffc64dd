//! Messages: as many as the server takes, or so many a second.

use std::time::{Duration, Instant};

use super::Load;
use crate::orders::Heard;
use crate::process::cpu_seconds;

/// Until as much is under way as will be, and at least one message everywhere.
const WARM_UP: Duration = Duration::from_millis(200);
/// How long what is under way may take to arrive.
const LATEST: Duration = Duration::from_secs(15);

/// What had happened at a moment.
struct Moment {
    at: Instant,
    messages: u64,
    deliveries: u64,
    bytes: u64,
    server_cpu: f64,
    load_cpu: f64,
}

impl Load {
    /// Begins and ends just after everybody has had a message, so that each is measured whole where one is in flight.
    pub fn saturate(&mut self, rooms: &[String], in_flight: usize, seconds: f64) -> Heard {
        let rooms: Vec<usize> = rooms.iter().map(|name| self.room(name)).collect();
        let (mut next, mut messages) = (0, 0);
        let mut send = |load: &mut Self, count: usize| {
            for _ in 0..count {
                load.send(rooms[next % rooms.len()], next, Instant::now());
                next += 1;
            }
        };
        self.completed.clear();
        let start = Instant::now();
        send(self, in_flight);
        let mut first: Option<Moment> = None;
        let last = loop {
            self.turn(Some(LATEST));
            let completed = self.completed.drain(..).count();
            messages += completed as u64;
            let now = Instant::now();
            match &first {
                None if completed > 0 && now - start > WARM_UP => first = Some(self.moment(messages)),
                Some(first) if completed > 0 && (now - first.at).as_secs_f64() > seconds => {
                    break self.moment(messages);
                }
                _ if (now - start).as_secs_f64() > seconds + LATEST.as_secs_f64() => break self.moment(messages),
                _ => {}
            }
            send(self, completed);
        };
        self.settle();
        self.heard(&first.unwrap_or_else(|| self.moment(messages)), &last, &rooms)
    }

    /// A message that is late counts from when it was to be sent.
    pub fn pace(&mut self, rooms: &[String], rate: f64, seconds: f64) -> Heard {
        let rooms: Vec<usize> = rooms.iter().map(|name| self.room(name)).collect();
        let count = (rate * seconds) as usize;
        self.completed.clear();
        self.latencies = Some(Vec::new());
        let first = self.moment(0);
        let start = first.at + Duration::from_millis(10);
        let due = |number: usize| start + Duration::from_secs_f64(number as f64 / rate);
        for number in 0..count {
            while let Some(wait) = due(number).checked_duration_since(Instant::now()) {
                self.turn(Some(wait));
            }
            self.send(rooms[number % rooms.len()], number, due(number));
            // Where the load is late it goes on reading.
            self.turn(Some(Duration::ZERO));
        }
        self.settle();
        let last = self.moment(self.completed.len() as u64);
        let mut latencies = self.latencies.take().unwrap_or_default();
        latencies.sort_unstable();
        let at = |part: f64| {
            let index = (part * latencies.len() as f64).ceil() as usize;
            latencies.get(index.saturating_sub(1)).map_or(f64::NAN, |micros| f64::from(*micros) / 1e3)
        };
        Heard { p50: at(0.5), p99: at(0.99), worst: at(1.0), ..self.heard(&first, &last, &rooms) }
    }

    /// The members take turns.
    fn send(&mut self, room: usize, turn: usize, due: Instant) {
        let found = &mut self.rooms[room];
        found.send(due);
        let (sender, name) = (found.members[turn % found.members.len()], found.name.clone());
        let frame = self.server.dialect.message(&name, self.run, self.sent, self.server.bytes);
        self.sent += 1;
        self.seats[sender].write(&frame);
    }

    /// Waits until all that was sent has come, or nothing comes any more.
    fn settle(&mut self) {
        let deadline = Instant::now() + LATEST;
        while self.rooms.iter().any(|room| room.missing() > 0) && Instant::now() < deadline {
            self.turn(Some(LATEST));
        }
    }

    fn moment(&self, messages: u64) -> Moment {
        Moment {
            at: Instant::now(),
            messages,
            deliveries: self.deliveries,
            bytes: self.bytes,
            server_cpu: cpu_seconds(&self.server.pids),
            load_cpu: cpu_seconds(&[self.run]),
        }
    }

    fn heard(&self, first: &Moment, last: &Moment, rooms: &[usize]) -> Heard {
        Heard {
            seconds: (last.at - first.at).as_secs_f64(),
            messages: last.messages - first.messages,
            deliveries: last.deliveries - first.deliveries,
            bytes: last.bytes - first.bytes,
            server_cpu: last.server_cpu - first.server_cpu,
            load_cpu: last.load_cpu - first.load_cpu,
            missing: rooms.iter().map(|&room| self.rooms[room].missing()).sum(),
            ..Heard::default()
        }
    }
}
