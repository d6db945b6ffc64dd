//! 8,000 sockets in eight rooms are cut at once, miss five messages in each room, and come back behind what they had.

use super::{Report, Setting};
use crate::grid::Grid;
use crate::http::Http;
use crate::orders::Order;

const ROOMS: usize = 8;
const SEATS: usize = 1_000;
const MISSED: usize = 5;

pub fn measure(setting: &Setting) -> Report {
    let mut storm = Grid::new("8,000 sockets cut at once");
    for kind in setting.klatches() {
        setting.say(&format!("storm: {} …", kind.name()));
        let mut subject = setting.start(kind);
        let rooms: Vec<String> = (0..ROOMS).map(|number| format!("room{number}")).collect();
        let mut members: Vec<Http> = Vec::new();
        for room in &rooms {
            let cookies = subject.members(room, 2);
            let mut member = Http::connect(&subject.server.address).expect("a server that listens");
            member.cookie = cookies.first().cloned();
            (0..20).for_each(|number| say(&mut member, room, number));
            members.push(member);
            subject.join(room, cookies, SEATS);
        }
        for round in 1..=setting.rounds {
            setting.say(&format!("storm: round {round} of {}", setting.rounds));
            subject.order(&Order::Cut);
            for (room, member) in rooms.iter().zip(&members) {
                // Its own connection has not been used for long, and may be closed.
                let mut member = member.again().expect("a server that listens");
                (0..MISSED).for_each(|number| say(&mut member, room, 1_000 * round + number));
            }
            let heard = subject.order(&Order::Return);
            let mut add = |row: &str, value: f64| storm.add(row, kind.name(), value);
            add("until all have joined again, s", heard.seconds);
            add("handshakes put off", heard.put_off as f64);
            add("sockets that had to start anew", heard.reset as f64);
            add("messages that one was shown, of 5", heard.messages as f64 / (ROOMS * SEATS) as f64);
            add("CPU of the server, s", heard.server_cpu);
            add("CPU of the load, s", heard.load_cpu);
        }
    }
    Report { grids: vec![storm], plots: Vec::new() }
}

fn say(member: &mut Http, room: &str, number: usize) {
    let body = format!(r#"{{"key":"00000000-0000-4000-8000-{number:012x}","body":"number {number}"}}"#);
    let answer = member.post(&format!("/api/v1/rooms/{room}/messages"), &body).expect("an answer");
    answer.ok(201);
}
