//! Several instances are one chat: whoever talks can't tell at which of them.

use crate::common::*;

#[tokio::test]
async fn what_is_sent_at_one_instance_is_shown_at_the_others_once_and_in_order() {
    let chat = Chat::of(3).await;
    let ann = chat.person("ann").await;
    ann.makes_room("den").await;
    let mut sockets = vec![];
    for instance in &chat.instances {
        sockets.push(ann.at(instance).socket_in("den").await);
    }
    for n in 0..30 {
        assert_eq!(sockets[n % 3].say("den", &n.to_string()).await, n as u64 + 1);
    }
    for socket in &mut sockets {
        let shown = socket.messages_up_to("den", "29").await;
        assert_eq!(numbers(&shown, "seq"), (1..=30).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn writers_at_every_instance_share_one_order() {
    let chat = Chat::of(3).await;
    let ann = chat.person("ann").await;
    ann.makes_room("den").await;
    let mut writers = vec![];
    for instance in &chat.instances {
        let mut socket = ann.at(instance).socket_in("den").await;
        writers.push(tokio::spawn(async move {
            let ids = socket.say_many("den", (0..200).map(|n| n.to_string())).await;
            (socket, ids)
        }));
    }
    let mut ids = vec![];
    for writer in writers {
        ids.extend(writer.await.expect("a writer").1);
    }
    ids.sort_unstable();
    assert_eq!(ids, (1..=600).collect::<Vec<_>>());
}

#[tokio::test]
async fn people_at_several_instances_are_in_one_room() {
    let chat = Chat::of(2).await;
    let [here, there] = [&chat.instances[0], &chat.instances[1]];
    let [ann, bob] = here.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let mut first = ann.socket_in("den").await;
    let second = bob.at(there).socket_in("den").await;
    let both = |f: &Value| f["type"] == "presence" && f["count"] == 2;
    first.expect_where("bob's coming", both).await;
    // One person, however many sockets at however many instances.
    let third = bob.socket_in("den").await;
    drop(second);
    first.say("den", "still two").await;
    drop(third);
    first.expect_where("bob's leaving", |f| f["type"] == "presence" && f["left"] == json!([bob.user])).await;
}

#[tokio::test]
async fn whoever_types_is_seen_at_the_other_instances() {
    let chat = Chat::of(2).await;
    let [ann, bob] = chat.instances[0].people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let mut writer = ann.socket_in("den").await;
    let mut reader = bob.at(&chat.instances[1]).socket_in("den").await;
    writer.expect_where("bob's coming", |f| f["type"] == "presence" && f["count"] == 2).await;
    writer.send_json(json!({"type": "typing", "room": "den"})).await;
    assert_eq!(reader.expect("typing").await["user"], ann.user);
}

#[tokio::test]
async fn a_logout_at_one_instance_ends_the_sockets_at_the_others() {
    let chat = Chat::of(2).await;
    let ann = chat.person("ann").await;
    let mut socket = ann.at(&chat.instances[1]).socket().await;
    ann.http.post("/logout", Value::Null).await.ok(204);
    assert_eq!(socket.closed().await.0, 4401);
}

#[tokio::test]
async fn whoever_is_removed_at_one_instance_hears_nothing_more_at_the_others() {
    let chat = Chat::of(2).await;
    let [ann, bob] = chat.instances[0].people(["ann", "bob"]).await;
    ann.makes_private_room("den").await;
    ann.adds("bob", "den").await;
    let mut writer = ann.socket_in("den").await;
    let mut reader = bob.at(&chat.instances[1]).socket_in("den").await;
    writer.say("den", "before").await;
    reader.messages_up_to("den", "before").await;
    ann.removes("bob", "den").await;
    writer.say("den", "after").await;
    let left = reader.expect("left").await;
    assert_eq!((&left["room"], &left["reason"]), (&json!("den"), &json!("removed")));
    assert!(reader.kept().all(|frame| frame["message"]["body"] != "after"));
}

#[tokio::test]
async fn members_who_have_not_joined_hear_of_rooms_that_are_in_use_elsewhere() {
    let chat = Chat::of(2).await;
    let [ann, bob] = chat.instances[0].people(["ann", "bob"]).await;
    ann.makes_private_room("den").await;
    ann.adds("bob", "den").await;
    let mut away = bob.at(&chat.instances[1]).socket().await;
    let mut writer = ann.socket_in("den").await;
    writer.say("den", "hello @bob").await;
    assert_eq!(away.expect("mention").await["message"]["body"], "hello @bob");
    assert_eq!(away.expect("activity").await["count"], 1);
}

#[tokio::test]
async fn without_redis_members_hear_of_rooms_that_are_in_use_elsewhere_a_little_later() {
    let mut chat = Chat::of(2).await;
    let [ann, bob, cat] = chat.instances[0].people(["ann", "bob", "cat"]).await;
    ann.makes_private_room("den").await;
    ann.adds("bob", "den").await;
    ann.adds("cat", "den").await;
    let there = &chat.instances[1];
    let (mut bobs, mut cats) = (bob.at(there).socket().await, cat.at(there).socket().await);
    let mut writer = ann.socket_in("den").await;
    writer.say("den", "1").await;
    for socket in [&mut bobs, &mut cats] {
        assert_eq!(socket.expect("activity").await["count"], 1);
    }
    chat.redis.kill().await;
    writer.say("den", "2").await;
    for socket in [&mut bobs, &mut cats] {
        assert_eq!(socket.expect("activity").await["count"], 2);
    }
    // Whoever is removed hears no more of it.
    ann.removes("cat", "den").await;
    writer.say("den", "3").await;
    assert_eq!(bobs.expect("activity").await["count"], 3);
    writer.say("den", "4").await;
    assert_eq!(bobs.expect("activity").await["count"], 4);
    cat.at(&chat.instances[1]).makes_room("attic").await;
    cats.expect_where("the attic", |f| f["type"] == "room" && f["room"] == "attic").await;
    assert!(cats.kept().all(|frame| frame["count"] != 4), "{:?}", cats.kept().collect::<Vec<_>>());
}

#[tokio::test]
async fn a_read_mark_reaches_ones_sockets_at_the_others() {
    let chat = Chat::of(2).await;
    let [ann, bob] = chat.instances[0].people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    ann.socket_in("den").await.say("den", "1").await;
    let mut one = bob.socket_in("den").await;
    let mut other = bob.at(&chat.instances[1]).socket_in("den").await;
    ann.socket_in("den").await.say("den", "2").await;
    one.send_json(json!({"type": "read", "room": "den", "seq": 2})).await;
    let told = other.expect("read").await;
    assert_eq!((&told["seq"], &told["unread"]), (&json!(2), &json!(0)));
}

#[tokio::test]
async fn without_redis_what_is_sent_is_shown_at_the_others_a_little_later() {
    let mut chat = Chat::of(2).await;
    let [ann, bob] = chat.instances[0].people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let mut writer = ann.socket_in("den").await;
    let mut reader = bob.at(&chat.instances[1]).socket_in("den").await;
    chat.redis.kill().await;
    for n in 0..10 {
        writer.say("den", &n.to_string()).await;
    }
    let shown = reader.messages_up_to("den", "9").await;
    assert_eq!(numbers(&shown, "seq"), (1..=10).collect::<Vec<_>>());
    chat.redis.run().await;
    writer.say("den", "back").await;
    reader.messages_up_to("den", "back").await;
}

#[tokio::test]
async fn an_instance_that_is_alone_is_refused_beside_others_and_others_beside_it() {
    let chat = Chat::of(1).await;
    let url = format!("--database-url={}", chat.database().url);
    let alone = server::run(chat.instances[0].data.path(), &[&url, "--listen=127.0.0.1:0"], &[]).await;
    assert_eq!(alone.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&alone.stderr).contains("need --redis-url"), "{alone:?}");
}

#[tokio::test]
async fn an_instance_with_another_secret_is_refused_beside_others_and_starts_alone() {
    let mut chat = Chat::of(1).await;
    let [database, redis] =
        [format!("--database-url={}", chat.database().url), format!("--redis-url={}", chat.redis.url())];
    let secret = format!("--secret={}", "5f".repeat(64));
    let words = [&database, &redis, &secret, "--listen=127.0.0.1:0"];
    let refused = server::run(chat.instances[0].data.path(), &words, &[]).await;
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--secret: another one than"), "{refused:?}");
    // One of the same is welcome.
    drop(chat.options().start().await);
    chat.instances[0].terminate().await;
    chat.options().option("--secret", "5f".repeat(64)).start().await;
}
