//! Many who come in at once: what each of them would read for itself is read for all of them together.

use crate::common::postgres::Transaction;
use crate::common::*;
use futures_util::future::join_all;

/// Sockets of a few people.
const CROWD: usize = 200;
/// Reads that all of them together may take: those of the hub's polls and of the room's start are among them.
const FEW: f64 = CROWD as f64 / 5.0;
const READS: &str = "klatch_database_queries_total{lane=\"read\"}";

async fn crowd_of(people: &[Person]) -> Vec<Socket> {
    let mut crowd = Vec::with_capacity(CROWD);
    while crowd.len() < CROWD {
        // So few at once that none is put off.
        crowd.extend(join_all((0..40).map(|n| people[n % people.len()].socket())).await);
    }
    crowd
}

async fn given_people(options: Options) -> (Server, [Person; 4]) {
    let server = options.option("--sockets-per-user", 0).start().await;
    let people = server.people(["ann", "bob", "cleo", "dora"]).await;
    people[0].makes_room("den").await;
    for person in &people {
        person.http.put("/rooms/den/members/me").await.ok(204);
    }
    (server, people)
}

/// Twenty messages, of which some have changed since: numbers up to 24.
async fn talk(ann: &Person) -> (Socket, Value) {
    let mut socket = ann.socket().await;
    let epoch = socket.join("den").await["epoch"].clone();
    socket.say_many("den", (1..=20).map(|n| n.to_string())).await;
    for (id, body) in [(18, "eighteen"), (3, "three"), (18, "dix-huit"), (20, "twenty")] {
        socket.ask_ok(json!({"type": "edit", "room": "den", "id": id, "body": body})).await;
    }
    (socket, epoch)
}

/// All of them come back, each from where it stood, and each gets just what changed since.
async fn comes_back(server: &Server, people: &[Person], epoch: &Value) {
    let mut stored = people[0].reads_whole_room("den").await;
    stored.sort_by_key(|message| message["seq"].as_u64());
    let mut crowd = crowd_of(people).await;
    let before = server.metric(READS).await;
    let after = |n: usize| n as u64 % 25;
    for (n, socket) in crowd.iter_mut().enumerate() {
        let join = json!({"type": "join", "room": "den", "after": after(n), "epoch": epoch, "ref": n.to_string()});
        socket.send_json(join).await;
    }
    for (n, socket) in crowd.iter_mut().enumerate() {
        let joined = socket.expect("joined").await;
        let missed: Vec<_> = stored.iter().filter(|message| message["seq"].as_u64() > Some(after(n))).collect();
        assert_eq!(joined["messages"].as_array().unwrap().iter().collect::<Vec<_>>(), missed, "after {}", after(n));
        assert_eq!((&joined["seq"], &joined["more"], &joined["reset"]), (&json!(24), &json!(false), &json!(false)));
        assert_eq!(joined["ref"], n.to_string());
    }
    let reads = server.metric(READS).await - before;
    assert!(reads <= FEW, "{reads} reads for {CROWD} joins");
    people[1].posts("den", "all hear this once").await;
    for socket in &mut crowd {
        assert_eq!(socket.messages_up_to("den", "all hear this once").await.len(), 1);
    }
}

async fn a_crowd_that_joins_a_room_at_once_is_read_for_together(options: Options) {
    let (server, people) = given_people(options).await;
    for n in 0..30 {
        people[0].posts("den", &n.to_string()).await;
    }
    let mut crowd = crowd_of(&people).await;
    let before = server.metric(READS).await;
    for socket in &mut crowd {
        socket.send_json(json!({"type": "join", "room": "den"})).await;
    }
    for (n, socket) in crowd.iter_mut().enumerate() {
        let joined = socket.expect("joined").await;
        assert_eq!(bodies(&joined), (10..30).map(|n| n.to_string()).collect::<Vec<_>>());
        assert_eq!(joined["read"], if n % 4 == 0 { 30 } else { 0 }, "each has a read mark of its own");
    }
    let reads = server.metric(READS).await - before;
    assert!(reads <= FEW, "{reads} reads for {CROWD} joins");
}

async fn a_crowd_that_comes_back_to_a_room_in_use_is_read_for_together(options: Options) {
    let (server, people) = given_people(options).await;
    let (_stays, epoch) = talk(&people[0]).await;
    comes_back(&server, &people, &epoch).await;
}

async fn a_crowd_that_comes_back_to_another_run_is_read_for_together(options: Options) {
    let (mut server, people) = given_people(options).await;
    let (socket, epoch) = talk(&people[0]).await;
    drop(socket);
    server.restart().await;
    let people = people.map(|person| person.at(&server));
    comes_back(&server, &people, &epoch).await;
}

async fn in_a_crowd_each_is_let_in_or_refused_by_itself(options: Options) {
    let (_server, people) = given_people(options).await;
    people[0].makes_private_room("attic").await;
    people[0].adds("bob", "attic").await;
    let mut crowd = crowd_of(&people).await;
    for socket in &mut crowd {
        socket.send_json(json!({"type": "join", "room": "attic"})).await;
    }
    for (n, socket) in crowd.iter_mut().enumerate() {
        let answer = socket.expect_where("an answer", |f| f["type"] == "joined" || f["type"] == "error").await;
        if n % 4 < 2 {
            assert_eq!(answer["type"], "joined", "{answer}");
        } else {
            assert_eq!(answer["code"], "not_found", "{answer}");
        }
    }
}

on_both_databases![
    a_crowd_that_joins_a_room_at_once_is_read_for_together,
    a_crowd_that_comes_back_to_a_room_in_use_is_read_for_together,
    a_crowd_that_comes_back_to_another_run_is_read_for_together,
    in_a_crowd_each_is_let_in_or_refused_by_itself,
];

/// The first look-up and the first `welcome` are held up until all others wait behind them.
#[tokio::test]
async fn sessions_and_welcomes_of_those_who_wait_are_read_together() {
    const WAITING: usize = 40;
    let server = Options::on(Database::Postgres).option("--sockets-per-user", 0).start().await;
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let database = server.test_database().expect("Postgres");
    let held = async |table: &str| Transaction::begin(database, &format!("LOCK TABLE {table}")).await;
    let waits = async |sample: &str| {
        eventually(PATIENCE, sample, async || (server.metric(sample).await == WAITING as f64).then_some(())).await;
    };
    let (sessions, members) = (held("sessions").await, held("members").await);
    let before = server.metric(READS).await;
    let sockets = join_all((0..WAITING).map(|n| if n % 2 == 0 { ann.socket() } else { bob.socket() }));
    let held_up = async {
        waits("klatch_arrivals").await;
        sessions.let_go().await;
        waits("klatch_sockets").await;
        waits("klatch_requests_waiting").await;
        members.let_go().await;
    };
    let (sockets, ()) = tokio::join!(sockets, held_up);
    for (n, socket) in sockets.iter().enumerate() {
        assert_eq!(socket.welcome["rooms"].as_array().unwrap().len(), (n + 1) % 2, "{}", socket.welcome);
        assert_eq!(socket.welcome["user"]["username"], ["ann", "bob"][n % 2]);
    }
    let reads = server.metric(READS).await - before;
    assert!(reads <= WAITING as f64 / 4.0, "{reads} reads for {WAITING} sockets");
}
