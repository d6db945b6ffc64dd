//! Read marks, and the unread and mention numbers that follow from them.

use crate::common::*;

/// What a fresh welcome says of a person's only room: read, unread, mentions.
async fn numbers_of(person: &Person) -> [u64; 3] {
    let welcome = person.socket().await.welcome;
    let [room] = welcome["rooms"].as_array().unwrap().as_slice() else {
        panic!("one room: {welcome}");
    };
    ["read", "unread", "mentions"].map(|field| room[field].as_u64().expect("a number"))
}

/// Ann's room with three messages, two of which mention bob, a member from the start.
async fn den_with_three_for_bob(server: &Server) -> [Person; 2] {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    ann.adds("bob", "den").await;
    for body in ["@bob, one", "two", "@bob, three"] {
        ann.posts("den", body).await;
    }
    [ann, bob]
}

fn read(seq: u64) -> Value {
    json!({"type": "read", "room": "den", "seq": seq})
}

async fn a_mark_reaches_the_users_other_sockets(server: Server) {
    let [_, bob] = den_with_three_for_bob(&server).await;
    let mut reading = bob.socket_in("den").await;
    let (mut joined, mut not_joined) = (bob.socket_in("den").await, bob.socket().await);
    reading.send_json(read(2)).await;
    for socket in [&mut joined, &mut not_joined] {
        let mark = socket.expect("read").await;
        assert_eq!((&mark["room"], &mark["seq"]), (&json!("den"), &json!(2)));
        assert_eq!((&mark["unread"], &mark["mentions"]), (&json!(1), &json!(1)));
    }
    assert_eq!(numbers_of(&bob).await, [2, 1, 1]);
}

async fn a_mark_concerns_nobody_else(server: Server) {
    let [ann, bob] = den_with_three_for_bob(&server).await;
    let mut anns = ann.socket_in("den").await;
    let (mut bobs, mut other) = (bob.socket_in("den").await, bob.socket().await);
    bobs.send_json(read(3)).await;
    other.expect("read").await;
    bobs.say("den", "marker").await;
    let frames = anns.up_to("the marker", |f| f["message"]["body"] == "marker").await;
    assert!(frames.iter().all(|f| f["type"] != "read"), "{frames:?}");
    assert_eq!(numbers_of(&ann).await, [3, 1, 0]);
}

async fn marks_only_rise(server: Server) {
    let [_, bob] = den_with_three_for_bob(&server).await;
    let (mut socket, mut other) = (bob.socket_in("den").await, bob.socket().await);
    socket.send_json(read(2)).await;
    socket.send_json(read(1)).await;
    socket.send_json(read(0)).await;
    socket.send_json(read(3)).await;
    let mut marks = vec![];
    while marks.last() != Some(&3) {
        marks.push(other.expect("read").await["seq"].as_u64().unwrap());
    }
    assert!(marks.is_sorted(), "{marks:?}");
    assert_eq!(numbers_of(&bob).await, [3, 0, 0]);
}

async fn a_mark_rises_to_the_rooms_number_at_most(server: Server) {
    let [ann, bob] = den_with_three_for_bob(&server).await;
    let (mut socket, mut other) = (bob.socket_in("den").await, bob.socket().await);
    socket.send_json(read(1_000_000)).await;
    assert_eq!(other.expect("read").await["seq"], 3);
    ann.posts("den", "later").await;
    assert_eq!(numbers_of(&bob).await, [3, 1, 0]);
}

async fn membership_starts_with_the_mark_at_the_rooms_number(server: Server) {
    let [ann, _] = den_with_three_for_bob(&server).await;
    let [cleo, dan] = server.people(["cleo", "dan"]).await;
    let joined = cleo.socket().await.join("den").await;
    assert_eq!(joined["read"], 3);
    ann.adds("dan", "den").await;
    assert_eq!(numbers_of(&cleo).await, [3, 0, 0]);
    assert_eq!(numbers_of(&dan).await, [3, 0, 0]);
}

async fn joining_again_does_not_move_the_mark(server: Server) {
    let [_, bob] = den_with_three_for_bob(&server).await;
    assert_eq!(bob.socket().await.join("den").await["read"], 0);
    assert_eq!(numbers_of(&bob).await, [0, 3, 2]);
}

async fn sending_raises_the_mark_to_ones_own_message(server: Server) {
    let [_, bob] = den_with_three_for_bob(&server).await;
    bob.socket_in("den").await.say("den", "four").await;
    assert_eq!(numbers_of(&bob).await, [4, 0, 0]);
    bob.posts("den", "five, by HTTP").await;
    assert_eq!(numbers_of(&bob).await, [5, 0, 0]);
}

async fn ones_own_messages_are_not_unread(server: Server) {
    let [ann, bob] = den_with_three_for_bob(&server).await;
    assert_eq!(numbers_of(&ann).await, [3, 0, 0]);
    bob.posts("den", "four").await;
    assert_eq!(numbers_of(&ann).await, [3, 1, 0]);
}

async fn a_deleted_message_is_not_unread(server: Server) {
    let [ann, bob] = den_with_three_for_bob(&server).await;
    let mut socket = ann.socket_in("den").await;
    socket.ask_ok(json!({"type": "delete", "room": "den", "id": 1})).await;
    assert_eq!(numbers_of(&bob).await, [0, 2, 1]);
}

async fn a_change_of_a_read_message_is_not_unread(server: Server) {
    let [ann, bob] = den_with_three_for_bob(&server).await;
    let (mut bobs, mut other) = (bob.socket_in("den").await, bob.socket().await);
    bobs.send_json(read(3)).await;
    other.expect("read").await;
    let mut anns = ann.socket_in("den").await;
    anns.ask_ok(json!({"type": "edit", "room": "den", "id": 2, "body": "two, edited"})).await;
    assert_eq!(numbers_of(&bob).await, [3, 0, 0]);
}

async fn marks_and_numbers_outlive_a_restart(mut server: Server) {
    let [_, bob] = den_with_three_for_bob(&server).await;
    let (mut socket, mut other) = (bob.socket_in("den").await, bob.socket().await);
    socket.send_json(read(1)).await;
    other.expect("read").await;
    server.restart().await;
    assert_eq!(numbers_of(&bob).await, [1, 2, 1]);
}

on_both_databases![
    a_mark_reaches_the_users_other_sockets,
    a_mark_concerns_nobody_else,
    marks_only_rise,
    a_mark_rises_to_the_rooms_number_at_most,
    membership_starts_with_the_mark_at_the_rooms_number,
    joining_again_does_not_move_the_mark,
    sending_raises_the_mark_to_ones_own_message,
    ones_own_messages_are_not_unread,
    a_deleted_message_is_not_unread,
    a_change_of_a_read_message_is_not_unread,
    marks_and_numbers_outlive_a_restart,
];
