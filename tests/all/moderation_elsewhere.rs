//! What is done at one instance holds at all others, with Redis and without.

use crate::common::*;

/// Ann, who moderates the den and is an owner, at one instance; bob with a socket in it at another.
async fn apart(chat: &Chat) -> (Person, Person, Socket) {
    let [ann, bob] = [chat.person("ann").await, chat.person("bob").await];
    chat.database().execute("UPDATE users SET role = 'owner' WHERE username = 'ann'");
    ann.makes_room("den").await;
    let bob = bob.at(&chat.instances[1]);
    let bobs = bob.socket_in("den").await;
    (ann, bob, bobs)
}

#[tokio::test]
async fn who_is_banned_from_the_chat_at_one_instance_is_out_at_all() {
    let mut chat = Chat::of(2).await;
    let (ann, bob, mut bobs) = apart(&chat).await;
    ann.http.put_json("/users/bob/ban", json!({})).await.ok(204);
    assert_eq!(bobs.closed().await.0, 4403);
    ann.http.delete("/users/bob/ban").await.ok(204);
    // Without Redis the database tells.
    let mut bobs = bob.elsewhere().await.socket_in("den").await;
    chat.redis.kill().await;
    ann.http.put_json("/users/bob/ban", json!({})).await.ok(204);
    ann.posts("den", "not for bob").await;
    let (code, frames) = loop {
        match bobs.next_or_end().await {
            Ok(frame) => assert_ne!(frame["message"]["body"], "not for bob"),
            Err(end) => break (end.map(|(code, _)| code), ()),
        }
    };
    assert_eq!((code, frames), (Some(4403), ()));
}

/// Without Redis their socket is open until the database is asked again.
#[tokio::test]
async fn who_is_banned_from_the_chat_learns_nothing_by_a_socket_that_is_still_open() {
    let mut chat = Chat::of(2).await;
    let (ann, bob, _) = apart(&chat).await;
    let cleo = chat.person("cleo").await.at(&chat.instances[1]);
    let _in_the_den = cleo.socket_in("den").await;
    chat.redis.kill().await;
    for _ in 0..3 {
        let mut bobs = bob.elsewhere().await.socket().await;
        ann.http.put_json("/users/bob/ban", json!({})).await.ok(204);
        ann.posts("den", "not for @bob").await;
        bobs.send_json(json!({"type": "join", "room": "den"})).await;
        while let Ok(frame) = bobs.next_or_end().await {
            assert!(frame["type"] != "joined" && frame["type"] != "mention", "{frame}");
        }
        ann.http.delete("/users/bob/ban").await.ok(204);
    }
}

#[tokio::test]
async fn a_mute_at_one_instance_holds_for_the_next_message_at_another() {
    let chat = Chat::of(2).await;
    let (ann, _bob, mut bobs) = apart(&chat).await;
    for _ in 0..10 {
        bobs.say("den", "before").await;
        ann.http.put_json("/rooms/den/mutes/bob", json!({"minutes": 1})).await.ok(204);
        let send = json!({"type": "send", "room": "den", "key": new_key(), "body": "after"});
        assert_eq!(bobs.refusal(send).await, "forbidden");
        ann.http.delete("/rooms/den/mutes/bob").await.ok(204);
    }
}

#[tokio::test]
async fn a_role_taken_at_one_instance_is_gone_for_the_next_frame_at_another() {
    let chat = Chat::with(2, |options| options.option("--send-rate", 0)).await;
    let (ann, _bob, mut bobs) = apart(&chat).await;
    // Nobody removes what those above them wrote, and ann is an owner.
    let cleo = chat.person("cleo").await;
    ann.adds("cleo", "den").await;
    for _ in 0..10 {
        let [first, second] = [cleo.posts("den", "one").await, cleo.posts("den", "two").await];
        ann.http.patch("/rooms/den/members/bob", json!({"role": "moderator"})).await.ok(204);
        bobs.ask_ok(json!({"type": "delete", "room": "den", "id": first["id"]})).await;
        ann.http.patch("/rooms/den/members/bob", json!({"role": "member"})).await.ok(204);
        assert_eq!(bobs.refusal(json!({"type": "delete", "room": "den", "id": second["id"]})).await, "forbidden");
    }
}

#[tokio::test]
async fn a_room_archived_at_one_instance_takes_no_further_message_at_another() {
    let chat = Chat::with(2, |options| options.option("--send-rate", 0)).await;
    let (ann, _bob, mut bobs) = apart(&chat).await;
    for _ in 0..10 {
        let id = bobs.say("den", "before").await;
        ann.http.patch("/rooms/den", json!({"archived": true})).await.ok(200);
        for frame in [
            json!({"type": "send", "room": "den", "key": new_key(), "body": "after"}),
            json!({"type": "edit", "room": "den", "id": id, "body": "after"}),
            json!({"type": "react", "room": "den", "id": id, "emoji": "👍", "on": true}),
        ] {
            assert_eq!(bobs.refusal(frame.clone()).await, "forbidden", "{frame}");
        }
        ann.http.patch("/rooms/den", json!({"archived": false})).await.ok(200);
    }
}

#[tokio::test]
async fn a_room_deleted_at_one_instance_is_gone_at_another_with_redis_and_without() {
    let mut chat = Chat::of(2).await;
    let (ann, _bob, mut bobs) = apart(&chat).await;
    ann.makes_room("attic").await;
    bobs.join("attic").await;
    ann.http.delete_with("/rooms/den", json!({"confirm": "den"})).await.ok(204);
    assert_eq!(bobs.expect("left").await["reason"], "deleted");
    chat.redis.kill().await;
    ann.http.delete_with("/rooms/attic", json!({"confirm": "attic"})).await.ok(204);
    let left = bobs.expect("left").await;
    assert_eq!((&left["room"], &left["reason"]), (&json!("attic"), &json!("deleted")));
}

/// While the other instance writes without a pause: nothing that began after the ban was answered is stored.
#[tokio::test]
async fn nothing_of_a_banned_writer_is_stored_after_the_ban() {
    let chat = Chat::with(2, |options| options.option("--send-rate", 0)).await;
    let (ann, _bob, mut bobs) = apart(&chat).await;
    for n in 0..200 {
        if n == 100 {
            ann.http.put_json("/rooms/den/bans/bob", json!({})).await.ok(204);
        }
        let body = if n < 100 { "before" } else { "after" };
        bobs.send_json(json!({"type": "send", "room": "den", "key": new_key(), "body": body})).await;
    }
    bobs.up_to("`left`", |f| f["type"] == "left").await;
    let bodies: Vec<Value> = ann.reads_whole_room("den").await.iter().map(|message| message["body"].clone()).collect();
    assert!(!bodies.contains(&json!("after")), "{bodies:?}");
}
