//! `activity`: something was sent in a room that the user is a member of and this socket has not joined.

use crate::common::*;
use std::time::{Duration, Instant};

/// Ann's rooms `den` and `attic`, bob a member of both.
async fn two_rooms(server: &Server) -> [Person; 2] {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    for room in ["den", "attic"] {
        ann.makes_room(room).await;
        ann.adds("bob", room).await;
    }
    [ann, bob]
}

async fn a_room_not_joined_is_heard_of_by_its_numbers(server: Server) {
    let [ann, bob] = two_rooms(&server).await;
    let mut socket = bob.socket().await;
    ann.posts("den", "hello").await;
    let activity = socket.expect("activity").await;
    assert_eq!(activity["room"], "den");
    assert_eq!((&activity["seq"], &activity["count"]), (&json!(1), &json!(1)));
    assert!(activity.get("message").is_none(), "numbers only");
}

async fn count_is_of_messages_ever_sent(server: Server) {
    let [ann, bob] = two_rooms(&server).await;
    let mut writer = ann.socket_in("den").await;
    let id = writer.say("den", "one").await;
    writer.ask_ok(json!({"type": "edit", "room": "den", "id": id, "body": "uno"})).await;
    writer.ask_ok(json!({"type": "delete", "room": "den", "id": id})).await;
    let mut socket = bob.socket().await;
    assert_eq!(socket.welcome["rooms"].as_array().unwrap().len(), 2);
    writer.say("den", "two").await;
    let activity = socket.expect_where("activity", |f| f["type"] == "activity" && f["count"] == 2).await;
    assert_eq!(activity["seq"], 4);
}

/// A room that is busy says so at most once a second, and the last word has the last numbers.
async fn activity_comes_at_most_once_a_second(server: Server) {
    let [ann, bob] = two_rooms(&server).await;
    let mut writer = ann.socket_in("den").await;
    let mut socket = bob.socket().await;
    writer.say_many("den", (0..50).map(|n| n.to_string())).await;
    let writing = tokio::spawn(async move {
        for n in 50..100 {
            tokio::time::sleep(Duration::from_millis(20)).await; // spread over a second
            writer.say("den", &n.to_string()).await;
        }
        writer
    });
    let mut times = vec![];
    let mut last = 0;
    while last < 100 {
        let activity = socket.expect("activity").await;
        times.push(Instant::now());
        let count = activity["count"].as_u64().unwrap();
        assert!(count > last, "each says something new");
        last = count;
    }
    assert_eq!(last, 100);
    // Any n + 1 of them take at least n seconds, less what the way here may vary.
    let first = times[0];
    for (n, time) in times.iter().enumerate() {
        let least = Duration::from_secs(n as u64).saturating_sub(Duration::from_millis(300));
        assert!(*time - first >= least, "{n} more after {:?}", *time - first);
    }
    drop(writing.await);
}

async fn a_joined_room_is_not_heard_of_by_activity(server: Server) {
    let [ann, bob] = two_rooms(&server).await;
    let mut socket = bob.socket_in("den").await;
    // Two rounds: by the second `activity` of the attic, one of the den held back for a second would have come.
    for round in 1..=2 {
        ann.posts("den", "joined").await;
        ann.posts("attic", "not joined").await;
        let what = "the attic's activity";
        let frames = socket.up_to(what, |f| f["type"] == "activity" && f["count"] == round).await;
        assert_eq!(frames.last().unwrap()["room"], "attic");
        assert!(frames.iter().all(|f| f["type"] != "activity" || f["room"] == "attic"), "{frames:?}");
    }
}

async fn after_leaving_a_room_it_is_heard_of_again(server: Server) {
    let [ann, bob] = two_rooms(&server).await;
    let mut socket = bob.socket_in("den").await;
    socket.leave("den").await;
    ann.posts("den", "hello").await;
    assert_eq!(socket.expect("activity").await["room"], "den");
}

async fn who_is_no_member_hears_nothing(server: Server) {
    let [ann, bob] = two_rooms(&server).await;
    bob.removes("me", "den").await;
    let mut socket = bob.socket().await;
    for round in 1..=2 {
        ann.posts("den", "for members").await;
        ann.posts("attic", "for bob too").await;
        let what = "the attic's activity";
        let frames = socket.up_to(what, |f| f["type"] == "activity" && f["count"] == round).await;
        // That there is such a room is no secret.
        assert!(frames.iter().all(|f| f["room"] != "den" || f["type"] == "room"), "{frames:?}");
    }
}

on_both_databases![
    a_room_not_joined_is_heard_of_by_its_numbers,
    count_is_of_messages_ever_sent,
    activity_comes_at_most_once_a_second,
    a_joined_room_is_not_heard_of_by_activity,
    after_leaving_a_room_it_is_heard_of_again,
    who_is_no_member_hears_nothing,
];
