//! CPU of the server for a delivery: a room of 1,000, rooms of 20, one message at a time and eight in flight.

use super::{Checks, Report, Setting, for_a_delivery};
use crate::grid::Grid;
use crate::orders::Heard;
use crate::plot;
use crate::servers::Kind;
use crate::subject::Subject;

const HALL: (&str, usize) = ("hall", 1_000);
const ROOMS: usize = 50;
const SEATS: usize = 20;

const ONE_AT_A_TIME: &str = "a room of 1,000, one message at a time";
const IN_FLIGHT: &str = "a room of 1,000, 8 in flight";
const SMALL: &str = "50 rooms of 20, one at a time";
const SMALL_IN_FLIGHT: &str = "50 rooms of 20, 8 in flight";
const MESSAGE: &str = "a room of one, one at a time";
const MESSAGE_IN_FLIGHT: &str = "a room of one, 8 in flight";
const MESSAGES: &str = "50 rooms of one, one at a time";
const MESSAGES_IN_FLIGHT: &str = "50 rooms of one, 8 in flight";

pub fn measure(setting: &Setting) -> Report {
    let small: Vec<String> = (0..ROOMS).map(|number| format!("room{number}")).collect();
    let lonely: Vec<String> = (0..ROOMS).map(|number| format!("cell{number}")).collect();
    let (hall, cell) = (vec![HALL.0.to_owned()], vec![lonely[0].clone()]);
    let cases = [
        (ONE_AT_A_TIME, &hall, 1),
        (IN_FLIGHT, &hall, 8),
        (SMALL, &small, 1),
        (SMALL_IN_FLIGHT, &small, 8),
        (MESSAGE, &cell, 1),
        (MESSAGE_IN_FLIGHT, &cell, 8),
        (MESSAGES, &lonely, 1),
        (MESSAGES_IN_FLIGHT, &lonely, 8),
    ];
    let mut subjects: Vec<Subject> = setting
        .kinds
        .iter()
        .map(|kind| {
            setting.say(&format!("fanout: {} …", kind.name()));
            let mut subject = setting.start(*kind);
            subject.open(HALL.0, HALL.1);
            for (small, lonely) in small.iter().zip(&lonely) {
                subject.open(small, SEATS);
                subject.open(lonely, 1);
            }
            subject
        })
        .collect();
    let mut cpu = Grid::new("CPU of the server for a delivery, µs");
    let mut itself = Grid::new("the same, less what a message itself costs, µs");
    let mut message = Grid::new("CPU of the server for a message, µs");
    let mut checks = Checks::new();
    for round in 1..=setting.rounds {
        setting.say(&format!("fanout: round {round} of {}", setting.rounds));
        // All servers for each case, so that they are compared within seconds.
        let mut heard: Vec<Vec<Heard>> = subjects.iter().map(|_| Vec::new()).collect();
        for (name, rooms, in_flight) in cases {
            for (subject, heard) in subjects.iter_mut().zip(&mut heard) {
                let figures = subject.saturate(rooms, in_flight, setting.seconds);
                checks.add(name, subject.kind.name(), &figures);
                heard.push(figures);
            }
        }
        for (subject, heard) in subjects.iter().zip(&heard) {
            let kind = subject.kind.name();
            let of_a_message = |case: usize| heard[case].server_cpu * 1e6 / heard[case].messages as f64;
            // What a message itself costs is known from rooms of one, as many and as busy.
            for (case, alone, seats) in [(0, 4, HALL.1), (1, 5, HALL.1), (2, 6, SEATS), (3, 7, SEATS)] {
                cpu.add(cases[case].0, kind, for_a_delivery(&heard[case]));
                itself.add(cases[case].0, kind, (of_a_message(case) - of_a_message(alone)) / (seats - 1) as f64);
                message.add(cases[alone].0, kind, of_a_message(alone));
            }
        }
    }
    let plots = vec![
        ("delivery-one-at-a-time.svg", bars(&cpu, ONE_AT_A_TIME)),
        ("delivery-in-flight.svg", bars(&cpu, IN_FLIGHT)),
    ];
    let floor = Kind::Floor.name();
    let ratios = cpu.by(floor, "the same, by the floor's");
    let net = itself.by(floor, "less what a message itself costs, by the floor's");
    let mut grids = vec![cpu, ratios, itself, net, message];
    grids.extend(checks.grids());
    Report { grids, plots }
}

fn bars(cpu: &Grid, row: &str) -> String {
    let bars: Vec<(String, f64)> = cpu.columns.iter().map(|column| (column.clone(), cpu.median(row, column))).collect();
    plot::bars(&format!("CPU for a delivery, µs: {row}"), &bars)
}
