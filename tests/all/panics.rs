//! A panic costs one request, one socket or one room; whoever comes back finds all that was stored.
//!
//! `KLATCH_TEST_PANIC=place:n` makes the program panic when it passes that place for the n-th time.

use crate::common::*;

impl Options {
    fn panicking_at(self, place: &str) -> Self {
        self.environment("KLATCH_TEST_PANIC", place)
    }
}

fn told_of_its_panic(server: &Server) {
    let log = server.stderr();
    let lines = log.lines().filter(|line| line.contains("klatch::base::panics")).count();
    assert_eq!(lines, 1, "one line for it: {log}");
}

/// Ann and bob in the den, each with a socket in it, and bob's in the attic, where nothing happens.
struct Den {
    ann: Person,
    bob: Person,
    ann_in_den: Socket,
    bob_in_den: Socket,
}

async fn den(server: &Server) -> Den {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    ann.makes_room("attic").await;
    let (ann_in_den, bob_in_den) = (ann.socket_in("den").await, bob.socket_in("den").await);
    Den { ann, bob, ann_in_den, bob_in_den }
}

async fn a_handler_that_panics_fails_one_request(options: Options) {
    let server = options.panicking_at("handler:2").start().await;
    let ann = server.person("ann").await;
    ann.http.get("/me").await.ok(200);
    assert_eq!(ann.http.get("/me").await.error(), (500, "unavailable"));
    ann.http.get("/me").await.ok(200);
    told_of_its_panic(&server);
}

async fn a_session_that_panics_ends_one_socket_and_leaves_its_rooms(options: Options) {
    // The two joins come before.
    let server = options.panicking_at("session:3").start().await;
    let mut den = den(&server).await;
    let frame = json!({"type": "send", "room": "den", "key": new_key(), "body": "lost with its socket"});
    assert!(den.bob_in_den.try_send(&frame).await);
    assert_eq!(den.bob_in_den.ended_within(PATIENCE).await, None, "no close frame: it failed");
    let gone = |f: &Value| f["type"] == "presence" && f["left"] == json!([den.bob.user]);
    den.ann_in_den.expect_where("bob's leaving", gone).await;
    den.ann_in_den.say("den", "still here").await;
    let mut again = den.bob.socket_in("den").await;
    again.say("den", "back").await;
    assert_eq!(bodies_of(&den.ann.reads_whole_room("den").await), ["still here", "back"]);
    told_of_its_panic(&server);
    let end = eventually(PATIENCE, "its line in the log", async || {
        server.stderr().lines().find(|line| line.contains("socket ended")).map(str::to_owned)
    });
    let end = end.await;
    assert!(end.contains("bob") && end.contains("panicked"), "{end}");
}

async fn a_room_that_panics_has_its_sockets_come_back_and_find_everything(options: Options) {
    let server = options.panicking_at("room:4").start().await;
    let mut den = den(&server).await;
    let mut elsewhere = den.ann.socket_in("attic").await;
    for n in 1..=3 {
        den.ann_in_den.say("den", &n.to_string()).await;
        assert_eq!(den.bob_in_den.message().await["id"], n);
    }
    let key = new_key();
    let fourth = json!({"type": "send", "room": "den", "key": key, "body": "4"});
    assert!(den.ann_in_den.try_send(&fourth).await);
    for socket in [&mut den.ann_in_den, &mut den.bob_in_den] {
        assert_eq!(socket.closed().await.0, 1012);
    }
    elsewhere.say("attic", "another room").await;
    let mut ann = den.ann.socket_in("den").await;
    let id = ann.send("den", &key, "4").await["id"].clone();
    assert_eq!(id, 4, "once");
    let (_, missed) = den.bob.socket().await.catch_up("den", 3, &Value::Null).await;
    assert_eq!(numbers(&missed, "id"), [4]);
    told_of_its_panic(&server);
}

/// The worst moment: the batch is committed, and nobody has been told.
async fn a_journal_that_panics_after_a_commit_loses_nothing(options: Options) {
    let server = options.panicking_at("journal:3").start().await;
    let mut den = den(&server).await;
    den.ann_in_den.say("den", "1").await;
    let key = new_key();
    let second = json!({"type": "send", "room": "den", "key": key, "body": "2"});
    assert_eq!(den.ann_in_den.ask(second).await["code"], "unavailable");
    assert_eq!(den.ann_in_den.send("den", &key, "2").await["id"], 2, "it was stored");
    den.ann_in_den.say("den", "3").await;
    for socket in [&mut den.ann_in_den, &mut den.bob_in_den] {
        let shown = socket.messages_up_to("den", "3").await;
        assert_eq!(numbers(&shown, "id"), [1, 2, 3]);
    }
    told_of_its_panic(&server);
}

/// The batch is committed, and the journal does not hear of it: it has it stored again, which finds it stored.
async fn a_database_thread_that_panics_after_a_commit_doubles_nothing(options: Options) {
    let server = options.panicking_at("commit:3").start().await;
    let mut den = den(&server).await;
    for n in 1..=4 {
        assert_eq!(den.ann_in_den.say("den", &n.to_string()).await, n);
    }
    let shown = den.bob_in_den.messages_up_to("den", "4").await;
    assert_eq!(numbers(&shown, "id"), [1, 2, 3, 4]);
    assert_eq!(den.ann.reads_whole_room("den").await.len(), 4);
    told_of_its_panic(&server);
}

async fn a_fan_out_that_panics_has_its_sockets_come_back(options: Options) {
    let server = options.panicking_at("fanout:3").option("--workers", 1).start().await;
    let mut den = den(&server).await;
    let mut ids = vec![];
    for n in 1..=3 {
        let frame = json!({"type": "send", "room": "den", "key": new_key(), "body": n.to_string()});
        assert!(den.ann_in_den.try_send(&frame).await);
        if n < 3 {
            ids.push(den.bob_in_den.message().await["id"].as_u64().expect("an id"));
        }
    }
    assert_eq!(ids, [1, 2]);
    for socket in [&mut den.ann_in_den, &mut den.bob_in_den] {
        assert_eq!(socket.closed().await.0, 1012);
    }
    let (_, missed) = den.bob.socket().await.catch_up("den", 2, &Value::Null).await;
    assert_eq!(numbers(&missed, "id"), [3]);
    told_of_its_panic(&server);
}

async fn a_hub_that_panics_while_it_opens_a_room_opens_it_the_next_time(options: Options) {
    let server = options.panicking_at("hub:2").start().await;
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    ann.makes_room("attic").await;
    let mut socket = ann.socket_in("den").await;
    assert_eq!(socket.refusal(json!({"type": "join", "room": "attic"})).await, "unavailable");
    socket.join("attic").await;
    socket.say("attic", "here").await;
    told_of_its_panic(&server);
}

fn bodies_of(messages: &[Value]) -> Vec<&str> {
    messages.iter().map(|message| message["body"].as_str().expect("a body")).collect()
}

on_both_databases![
    a_room_that_panics_has_its_sockets_come_back_and_find_everything,
    a_journal_that_panics_after_a_commit_loses_nothing,
    a_database_thread_that_panics_after_a_commit_doubles_nothing,
    a_hub_that_panics_while_it_opens_a_room_opens_it_the_next_time,
];

// Not about storage.
on_sqlite![
    a_handler_that_panics_fails_one_request,
    a_session_that_panics_ends_one_socket_and_leaves_its_rooms,
    a_fan_out_that_panics_has_its_sockets_come_back,
];
