//! Whether people are online, idle or offline, and who is told.

use crate::common::*;

/// What is told of somebody next; what is told of others is passed over.
async fn told(socket: &mut Socket, who: &Person) -> String {
    let of_them = |frame: &Value| {
        let users = frame["users"].as_array();
        users.and_then(|users| users.iter().find(|user| user["id"] == who.user["id"])).cloned()
    };
    let is_told =
        |frame: &Value| frame["type"] == "state" && of_them(frame).is_some_and(|user| user["state"].is_string());
    let frame = socket.expect_where("a state", is_told).await;
    let user = of_them(&frame).expect("it was looked for");
    assert_eq!(user["username"], who.user["username"]);
    user["state"].as_str().expect("a word").to_owned()
}

async fn listed(reader: &Person, room: &str, who: &Person) -> String {
    let members = reader.http.get(&format!("/rooms/{room}/members")).await.ok(200);
    let members = members["members"].as_array().expect("a list").clone();
    let member = members.into_iter().find(|member| member["user"]["id"] == who.user["id"]).expect("a member");
    member["user"]["state"].as_str().expect("a word").to_owned()
}

/// Bob, among those who have come into a room.
fn is_bob_there(frame: &Value) -> bool {
    frame["type"] == "presence" && bob_in(&frame["joined"]).is_some()
}

fn bob_in(users: &Value) -> Option<&Value> {
    users.as_array()?.iter().find(|user| user["username"] == "bob")
}

async fn idle(socket: &mut Socket, on: bool) {
    socket.send_json(json!({"type": "idle", "on": on})).await;
}

async fn people_are_online_while_a_page_is_in_use_idle_while_none_is_and_offline_without_one(options: Options) {
    let server = options.in_haste().start().await;
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    ann.adds("bob", "den").await;
    let mut anns = ann.socket_in("den").await;
    assert_eq!(listed(&ann, "den", &bob).await, "offline");
    // It need not be in that room.
    let (mut first, mut second) = (bob.socket().await, bob.socket().await);
    assert_eq!(told(&mut anns, &bob).await, "online");
    assert_eq!(listed(&ann, "den", &bob).await, "online");
    idle(&mut first, true).await;
    idle(&mut second, true).await;
    assert_eq!(told(&mut anns, &bob).await, "idle");
    assert_eq!(listed(&ann, "den", &bob).await, "idle");
    idle(&mut second, false).await;
    assert_eq!(told(&mut anns, &bob).await, "online");
    // The page that is left is the one that is not in use.
    drop(second);
    assert_eq!(told(&mut anns, &bob).await, "idle");
    drop(first);
    assert_eq!(told(&mut anns, &bob).await, "offline");
    assert_eq!(listed(&ann, "den", &bob).await, "offline");
}

async fn who_comes_into_a_room_is_told_with_their_state(options: Options) {
    let server = options.in_haste().start().await;
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    ann.adds("bob", "den").await;
    let mut anns = ann.socket_in("den").await;
    let mut bobs = bob.socket().await;
    idle(&mut bobs, true).await;
    while told(&mut anns, &bob).await != "idle" {}
    let joined = bobs.join("den").await;
    let states = |users: &Value| -> Vec<(Value, Value)> {
        users.as_array().expect("a list").iter().map(|user| (user["username"].clone(), user["state"].clone())).collect()
    };
    assert_eq!(states(&joined["people"]["users"]), [(json!("ann"), json!("online")), (json!("bob"), json!("idle"))]);
    let came = anns.expect_where("bob", is_bob_there).await;
    assert_eq!(bob_in(&came["joined"]).expect("Bob")["state"], "idle");
}

/// Who is told: those who have a room open in which the person is a member, and those who have a direct talk with them. A page
/// that is loaded anew is nobody's news.
async fn whom_it_does_not_concern_is_told_nothing(options: Options) {
    let server = options.in_haste().start().await;
    let [ann, bob, cid, dan] = server.people(["ann", "bob", "cid", "dan"]).await;
    ann.makes_room("den").await;
    ann.adds("bob", "den").await;
    let talk = cid.http.post("/direct", json!({"users": ["bob"]})).await.ok(201);
    dan.makes_room("attic").await;
    let (mut anns, mut cids, mut dans) = (ann.socket_in("den").await, cid.socket().await, dan.socket_in("attic").await);
    let first = bob.socket().await;
    assert_eq!(told(&mut anns, &bob).await, "online");
    assert_eq!(told(&mut cids, &bob).await, "online");
    let talks = cid.http.get("/rooms?member=true").await.ok(200);
    let listed = talks["rooms"].as_array().expect("a list").iter().find(|room| room["slug"] == talk["slug"]).cloned();
    let people = &listed.expect("the talk")["people"];
    assert_eq!(
        (&people[0]["username"], &people[0]["state"], &people[1]),
        (&json!("bob"), &json!("online"), &Value::Null)
    );
    drop(first);
    let mut second = bob.socket().await;
    idle(&mut second, true).await;
    for socket in [&mut anns, &mut cids] {
        assert_eq!(told(socket, &bob).await, "idle", "never offline between");
    }
    dan.posts("attic", "hello").await;
    let frames = dans.up_to("a message", |frame| frame["type"] == "message").await;
    let told: Vec<&Value> = frames.iter().filter(|frame| frame["type"] == "state").collect();
    assert!(told.is_empty(), "{told:?}");
}

async fn here_means_those_who_are_online(options: Options) {
    let server = options.in_haste().start().await;
    let [ann, bob, cid, dan] = server.people(["ann", "bob", "cid", "dan"]).await;
    ann.makes_room("den").await;
    for name in ["bob", "cid", "dan"] {
        ann.adds(name, "den").await;
    }
    // Bob looks elsewhere in the chat, Cid's page is not in use, and Dan has none.
    let (_bobs, mut cids) = (bob.socket().await, cid.socket_in("den").await);
    idle(&mut cids, true).await;
    eventually(PATIENCE, "what Cid's page said", async || (listed(&ann, "den", &cid).await == "idle").then_some(()))
        .await;
    let message = ann.posts("den", "lunch, @here?").await;
    let html = message["html"].as_str().expect("HTML");
    assert!(html.contains(&format!("data-users=\"{}\"", bob.user["id"])), "{html}");
    drop(dan);
}

async fn a_flood_of_idle_frames_is_bounded_and_tells_little(options: Options) {
    let server = options.without("--write-rate").option("--send-rate", 5).in_haste().start().await;
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    ann.adds("bob", "den").await;
    let (mut anns, mut bobs) = (ann.socket_in("den").await, bob.socket().await);
    for n in 0..400 {
        idle(&mut bobs, n % 2 == 0).await;
    }
    bobs.expect_where("a refusal", |frame| frame["code"] == "rate_limited").await;
    bobs.join("den").await;
    let frames = anns.up_to("bob in the room", is_bob_there).await;
    let told = frames.iter().filter(|frame| frame["type"] == "state").count();
    assert!(told < 20, "{told} frames");
}

on_both_databases![
    people_are_online_while_a_page_is_in_use_idle_while_none_is_and_offline_without_one,
    who_comes_into_a_room_is_told_with_their_state,
    whom_it_does_not_concern_is_told_nothing,
    here_means_those_who_are_online,
];
on_sqlite![a_flood_of_idle_frames_is_bounded_and_tells_little];

/// Two instances: somebody is as present as at the instance where they are most, and whoever was at one that dies is gone.
#[tokio::test]
async fn instances_agree_and_one_that_dies_leaves_nobody_online() {
    let mut chat = Chat::with(2, Options::in_haste).await;
    let mut there = chat.instances.pop().expect("two instances");
    let here = &chat.instances[0];
    let [ann, bob] = here.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    ann.adds("bob", "den").await;
    let mut anns = ann.socket_in("den").await;
    let mut theirs = bob.at(&there).socket().await;
    assert_eq!(told(&mut anns, &bob).await, "online");
    assert_eq!(listed(&ann, "den", &bob).await, "online");
    // An instance that starts later asks who there is.
    let third = chat.options().in_haste().start().await;
    let reader = ann.at(&third);
    eventually(PATIENCE, "what the third was told", async || {
        (listed(&reader, "den", &bob).await == "online").then_some(())
    })
    .await;
    let mut ours = bob.socket().await;
    idle(&mut ours, true).await;
    idle(&mut theirs, true).await;
    assert_eq!(told(&mut anns, &bob).await, "idle");
    idle(&mut theirs, false).await;
    assert_eq!(told(&mut anns, &bob).await, "online");
    there.kill().await;
    // No word of it comes: the lease ends.
    assert_eq!(told(&mut anns, &bob).await, "idle");
    drop(ours);
    assert_eq!(told(&mut anns, &bob).await, "offline");
}
