//! A batch of sends becomes a transaction on SQLite, with its `fdatasync`.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use diesel::r2d2::ManageConnection;
use klatch::chat::accounts::{self, NewAccount};
use klatch::chat::batch::{self as append, Action, Write};
use klatch::chat::room_changes::{self, NewRoom};
use klatch::db::connection::Manager;
use klatch::db::{AnyConnection, migrations as migrate};
use klatch::render::render_body;
use klatch::wire::{Key, RoomId, RoomKind, UserId};

/// Rooms that a batch is spread over.
const ROOMS: usize = 64;

fn store(connection: &mut AnyConnection, writes: &[Write]) {
    let deadline = Instant::now() + Duration::from_secs(60);
    let outcome = append::append(connection, writes, &HashSet::new(), deadline).expect("a database that answers");
    assert_eq!(outcome.changes.len(), writes.len(), "all are stored");
}

pub fn append(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let address = folder.path().join("klatch.db");
    let manager = Manager { address: address.to_str().expect("a path in UTF-8").to_owned() };
    let mut connection = manager.connect().expect("a database");
    migrate::migrate(&mut connection).expect("tables");
    let rooms: Vec<(RoomId, UserId)> = (0..ROOMS).map(|number| room(&mut connection, number)).collect();
    let mut group = criterion.benchmark_group("journal batch");
    for count in [1, 16, 256] {
        group.throughput(Throughput::Elements(count as u64));
        group.bench_with_input(BenchmarkId::from_parameter(count), &count, |bencher, &count| {
            let sends = || (0..count).map(|n| send(rooms[n % ROOMS])).collect::<Vec<_>>();
            bencher.iter_batched(sends, |writes| store(&mut connection, &writes), BatchSize::PerIteration);
        });
    }
    group.finish();
}

/// A room with one member.
fn room(connection: &mut AnyConnection, number: usize) -> (RoomId, UserId) {
    let username = format!("person{number}");
    let account = NewAccount { display_name: username.clone(), username, password_hash: String::new() };
    let user = accounts::create(connection, &account).expect("an account");
    let room =
        NewRoom { slug: format!("room{number}"), title: String::new(), topic: String::new(), kind: RoomKind::Public };
    (room_changes::insert(connection, &room).expect("a room").id, user.id)
}

fn send((room, user): (RoomId, UserId)) -> Write {
    let key = Key::parse(&uuid::Uuid::new_v4().to_string()).expect("a UUID");
    let rendered = render_body("Hello there, shall we have lunch?").expect("a body");
    Write { room, user, action: Action::Send { key, rendered, reply_to: None, present: Vec::new() } }
}
