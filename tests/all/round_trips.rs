//! What a batch costs Postgres: what is written together travels together, and nothing is looked for in whole tables.

use crate::common::postgres::TestDatabase;
use crate::common::postgres_wire::PostgresWire;
use crate::common::*;
use crate::metrics::scraped;

const NAMES: [&str; 4] = ["ann", "bob", "cal", "dee"];
/// Writes of each person in the larger batch.
const MANY: usize = 25;
/// What may pass meanwhile beside the batches: the hub's poll and what follows from it.
const BESIDE: u64 = 12;
/// Rounds, at most, until the least of each is so few.
const ROUNDS: usize = 4;

/// Lets all these frames, `(person, frame)`, wait for one batch behind another, and gives the round trips of both.
async fn together(wire: &PostgresWire, server: &Server, people: &mut [Socket], frames: Vec<(usize, Value)>) -> u64 {
    wire.hang();
    let before = wire.round_trips();
    let first = new_key();
    people[0].send_json(json!({"type": "send", "room": "den", "key": first, "body": "first"})).await;
    scraped(server, "a batch to begin", |it| it.get("klatch_database_queries{lane=\"write\"}") == 1.0).await;
    let count = frames.len();
    for (person, mut frame) in frames.iter().cloned() {
        frame["ref"] = json!("together");
        people[person].send_json(frame).await;
    }
    scraped(server, "all to wait behind it", |it| it.get("klatch_journal_waiting") == count as f64).await;
    wire.mend();
    for (person, _) in frames {
        let answer = people[person].expect_where("an answer", |frame| frame["ref"] == "together").await;
        assert_ne!(answer["type"], "error", "{answer}");
    }
    people[0].expect_where("the first answer", |frame| frame["type"] == "sent" && frame["key"] == first).await;
    wire.round_trips() - before
}

#[tokio::test]
async fn a_batch_takes_no_more_round_trips_than_a_few_writes() {
    let database = TestDatabase::create();
    let wire = PostgresWire::to(&database.url).await;
    let server = Options::sqlite().option("--database-url", &wire.url).start().await;
    let people = server.people(NAMES).await;
    people[0].makes_room("den").await;
    let mut sockets = vec![];
    for person in &people {
        sockets.push(person.socket_in("den").await);
    }
    // What passes beside the batches, and more of that on a slow machine, only adds to a round.
    let mut least = [[u64::MAX; 3]; 2];
    for round in 0..ROUNDS {
        for (of, each) in [1, MANY].into_iter().enumerate() {
            let trips = trips(&wire, &server, &people[0], &mut sockets, round, each).await;
            for (least, trips) in least[of].iter_mut().zip(trips) {
                *least = trips.min(*least);
            }
        }
        if is_bounded(least) {
            break;
        }
    }
    eprintln!("round trips of few and of many sends, reactions and edits: {least:?}");
    assert!(is_bounded(least), "{least:?}");
}

fn is_bounded([few, many]: [[u64; 3]; 2]) -> bool {
    few.into_iter().zip(many).all(|(few, many)| many <= few + BESIDE)
}

/// The round trips of so many sends, reactions and edits by each person.
async fn trips(
    wire: &PostgresWire,
    server: &Server,
    reader: &Person,
    sockets: &mut [Socket],
    round: usize,
    each: usize,
) -> [u64; 3] {
    let frames = |frame: &dyn Fn(usize, usize) -> Value| -> Vec<(usize, Value)> {
        (0..each).flat_map(|n| (0..NAMES.len()).map(move |who| (who, n))).map(|(who, n)| (who, frame(who, n))).collect()
    };
    let body = |who: usize, n: usize| format!("{n} of {each} in round {round} by {}, for @bob", NAMES[who]);
    let send = |who, n| json!({"type": "send", "room": "den", "key": new_key(), "body": body(who, n)});
    let sent = together(wire, server, sockets, frames(&send)).await;
    let stored = reader.reads_whole_room("den").await;
    let id = |who, n| &stored.iter().find(|it| it["body"] == body(who, n).as_str()).expect("it is stored")["id"];
    let react = |who, n| json!({"type": "react", "room": "den", "id": id(who, n), "emoji": "🎉", "on": true});
    let reacted = together(wire, server, sockets, frames(&react)).await;
    let edit = |who, n| json!({"type": "edit", "room": "den", "id": id(who, n), "body": format!("{n}, for @ann")});
    let edited = together(wire, server, sockets, frames(&edit)).await;
    [sent, reacted, edited]
}

/// Postgres compiles a query to machine code where it expects the query to be costly, which takes longer than klatch's queries.
#[tokio::test]
async fn postgres_compiles_no_query_to_machine_code() {
    let server = Server::start(Options::on(Database::Postgres)).await;
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    ann.socket_in("den").await.say("den", "hello").await;
    ann.http.get("/rooms").await.ok(200);
    let database = server.test_database().expect("a Postgres database");
    let connections = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let connections = database.numbers(connections);
    assert!(!connections.is_empty());
    for process in connections {
        let files = std::fs::read_to_string(format!("/proc/{process}/maps")).expect("a process of Postgres");
        assert!(files.contains("postgres") && !files.contains("llvmjit"), "{files}");
    }
}

/// Prepared statements keep the plans of their first uses, when the tables were empty.
#[tokio::test]
async fn a_batch_finds_its_rows_by_their_keys_in_a_table_that_grows() {
    let server = Server::start(Options::on(Database::Postgres)).await;
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let (mut first, mut second) = (ann.socket_in("den").await, bob.socket_in("den").await);
    let bodies = |name: &'static str| (0..400).map(move |n| format!("{n}, @{name}"));
    first.say_many("den", bodies("bob")).await;
    second.say_many("den", bodies("ann")).await;
    let database = server.test_database().expect("a Postgres database");
    // Postgres tells what was done a second later.
    let counted = |column: &str, table: &str| {
        database.number(&format!("SELECT {column} FROM pg_stat_user_tables WHERE relname = '{table}'"))
    };
    eventually(PATIENCE, "all inserts to be counted", async || {
        (counted("n_tup_ins", "messages") == 800 && counted("n_tup_ins", "mentions") == 800).then_some(())
    })
    .await;
    for table in ["messages", "mentions"] {
        assert_eq!(counted("seq_tup_read", table), 0, "{table}");
    }
}
