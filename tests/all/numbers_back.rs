//! Numbers that went back under a running server, as by a restored backup: everybody in the room starts anew.

use crate::common::*;
use std::time::Duration;

/// Above the interval, five seconds where the server is in no haste, at which the database is asked where its rooms stand.
const NOTICED: Duration = Duration::from_secs(15);

/// Ann's den with five messages, and where her socket stood.
async fn den_with_five(server: &Server) -> (Person, Socket, Value) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket().await;
    let joined = socket.join("den").await;
    for n in 1..=5 {
        socket.say("den", &n.to_string()).await;
    }
    (ann, socket, joined)
}

/// What a restored backup does to the room: it stands at 3 again.
fn go_back(server: &Server) {
    server.execute(
        "DELETE FROM messages WHERE seq > 3; \
         UPDATE rooms SET last_seq = 3, message_count = 3; \
         UPDATE members SET last_read_seq = 3 WHERE last_read_seq > 3",
    );
}

async fn starts_anew(ann: &Person, joined: &Value) {
    // A socket that comes while the others are still being ended may be ended too.
    let (mut socket, again) = eventually(NOTICED, "a room that begins anew", async || {
        let mut socket = ann.socket().await;
        let join = json!({"type": "join", "room": "den", "after": 5, "epoch": joined["epoch"], "ref": "join"});
        socket.send_json(join).await;
        loop {
            match socket.next_or_end().await {
                Ok(frame) if frame["ref"] == "join" => return Some((socket, frame)),
                Ok(_) => {}
                Err(_) => return None,
            }
        }
    })
    .await;
    assert_eq!((&again["reset"], &again["seq"]), (&json!(true), &json!(3)), "{again}");
    assert_eq!(bodies(&again), ["1", "2", "3"]);
    assert_eq!(socket.say("den", "another 4").await, 4, "what is stored decides");
    let stored = ann.reads_whole_room("den").await;
    assert_eq!(numbers(&stored, "id"), [1, 2, 3, 4]);
}

async fn a_join_finds_that_numbers_went_back(server: Server) {
    let (ann, mut socket, joined) = den_with_five(&server).await;
    let bob = server.person("bob").await;
    let mut bobs = bob.socket().await;
    go_back(&server);
    bobs.send_json(json!({"type": "join", "room": "den"})).await;
    assert_eq!(socket.closed_within(NOTICED).await.0, 1012);
    starts_anew(&ann, &joined).await;
}

async fn numbers_that_went_back_are_noticed_by_themselves(options: Options) {
    let server = options.in_haste().start().await;
    let (ann, mut socket, joined) = den_with_five(&server).await;
    go_back(&server);
    assert_eq!(socket.closed_within(NOTICED).await.0, 1012);
    starts_anew(&ann, &joined).await;
}

/// Whoever was away meanwhile has seen a 4 and a 5 that are not the ones there will be: `epoch` tells.
async fn numbers_that_went_back_change_the_epoch(options: Options) {
    let server = options.in_haste().start().await;
    let (ann, mut socket, joined) = den_with_five(&server).await;
    go_back(&server);
    assert_eq!(socket.closed_within(NOTICED).await.0, 1012);
    let mut socket = ann.socket_in("den").await;
    for n in ["another 4", "another 5", "6"] {
        socket.say("den", n).await;
    }
    let mut returned = ann.socket().await;
    let again = returned.join_after("den", 5, &joined["epoch"]).await;
    assert_ne!(again["epoch"], joined["epoch"]);
    assert_eq!(again["reset"], true, "{again}");
    assert_eq!(bodies(&again), ["1", "2", "3", "another 4", "another 5", "6"]);
}

async fn a_join_finds_another_epoch(server: Server) {
    let (ann, mut socket, joined) = den_with_five(&server).await;
    let bob = server.person("bob").await;
    let mut bobs = bob.socket().await;
    server.execute("UPDATE meta SET value = 'restored' WHERE name = 'epoch'");
    bobs.send_json(json!({"type": "join", "room": "den"})).await;
    assert_eq!(socket.closed_within(NOTICED).await.0, 1012);
    in_another_epoch(&ann, &joined).await;
}

async fn another_epoch_is_noticed_by_itself(options: Options) {
    let server = options.in_haste().start().await;
    let (ann, mut socket, joined) = den_with_five(&server).await;
    server.execute("UPDATE meta SET value = 'restored' WHERE name = 'epoch'");
    assert_eq!(socket.closed_within(NOTICED).await.0, 1012);
    in_another_epoch(&ann, &joined).await;
}

async fn in_another_epoch(ann: &Person, joined: &Value) {
    let mut socket = ann.socket().await;
    let again = socket.join_after("den", 4, &joined["epoch"]).await;
    assert_ne!(again["epoch"], joined["epoch"]);
    assert_eq!(again["reset"], true, "{again}");
    assert_eq!(bodies(&again).len(), 5);
    let (caught_up, missed) = ann.socket().await.catch_up("den", 4, &again["epoch"]).await;
    assert_eq!(caught_up["reset"], false);
    assert_eq!(numbers(&missed, "seq"), [5]);
}

on_both_databases![
    a_join_finds_that_numbers_went_back,
    numbers_that_went_back_are_noticed_by_themselves,
    numbers_that_went_back_change_the_epoch,
    a_join_finds_another_epoch,
    another_epoch_is_noticed_by_itself,
];
