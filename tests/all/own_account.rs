//! One's own account: another password, a copy of one's data, and its end.

use crate::common::postgres::Transaction;
use crate::common::*;

fn goodbye(messages: &str) -> Value {
    json!({"password": PASSWORD, "messages": messages})
}

async fn a_new_password_ends_all_other_sessions(server: Server) {
    let ann = server.person("ann").await;
    let elsewhere = ann.elsewhere().await;
    let (mut here, mut there) = (ann.socket().await, elsewhere.socket().await);
    let wrong = json!({"old": "not my password", "new": "a new password"});
    assert_eq!(ann.http.post("/me/password", wrong).await.error(), (401, "bad_credentials"));
    let short = json!({"old": PASSWORD, "new": "short"});
    assert_eq!(ann.http.post("/me/password", short).await.error(), (422, "invalid"));
    ann.http.post("/me/password", json!({"old": PASSWORD, "new": "a new password"})).await.ok(204);
    assert_eq!(there.closed().await.0, 4401);
    elsewhere.http.get("/me").await.ok(401);
    ann.makes_room("den").await;
    here.join("den").await;
    ann.http.get("/me").await.ok(200);
    let stranger = server.stranger();
    stranger.post("/login", json!({"username": "ann", "password": PASSWORD})).await.ok(401);
    stranger.post("/login", json!({"username": "ann", "password": "a new password"})).await.ok(200);
}

async fn an_export_has_ones_own_data_and_nobody_elses(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let mut bobs = bob.socket_in("den").await;
    // More than a page of it.
    bobs.say_many("den", (0..1_003).map(|n| format!("mine {n}"))).await;
    ann.posts("den", "not bob's").await;
    bobs.ask_ok(json!({"type": "react", "room": "den", "id": 1, "emoji": "👍", "on": true})).await;
    let export = bob.http.get("/me/export").await;
    assert!(export.header("content-disposition").starts_with("attachment"));
    assert!(!export.text.contains("not bob's") && !export.text.contains("argon2"), "{}", export.text);
    let export = export.ok(200);
    assert_eq!(export["account"]["username"], "bob");
    assert_eq!(export["memberships"][0]["room"], "den");
    assert_eq!(export["sessions"].as_array().expect("sessions").len(), 1);
    let messages = export["messages"].as_array().expect("messages");
    assert_eq!(messages.len(), 1_003);
    assert_eq!((&messages[0]["body"], &messages[1_002]["body"]), (&json!("mine 0"), &json!("mine 1002")));
    assert_eq!(export["reactions"], json!([{"room": "den", "message": 1, "emoji": "👍"}]));
    // What has nothing in it is whole too.
    let empty = server.person("cyd").await.http.get("/me/export").await.ok(200);
    assert_eq!((&empty["messages"], &empty["reactions"]), (&json!([]), &json!([])));
}

async fn a_deleted_account_leaves_its_messages_without_its_name(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let mut bobs = bob.socket_in("den").await;
    bobs.say("den", "I was here").await;
    let wrong = json!({"password": "not my password", "messages": "keep"});
    assert_eq!(bob.http.delete_with("/me", wrong).await.error(), (401, "bad_credentials"));
    bob.http.delete_with("/me", goodbye("keep")).await.ok(204);
    assert_eq!(bobs.closed().await.0, 4401);
    bob.http.get("/me").await.ok(401);
    assert_eq!(ann.http.get("/users/bob").await.error(), (404, "not_found"));
    let left = &ann.reads_whole_room("den").await[0];
    assert_eq!((&left["body"], &left["author"]["display_name"]), (&json!("I was here"), &json!("Deleted user")));
    assert_eq!(left["author"]["username"], format!("deleted-{}", bob.user["id"]));
    let members = ann.http.get("/rooms/den/members").await.ok(200);
    assert_eq!(members["members"].as_array().expect("members").len(), 1);
    let stranger = server.stranger();
    stranger.post("/login", json!({"username": "bob", "password": PASSWORD})).await.ok(401);
    // The name is free, and whoever takes it is somebody else.
    let other = server.person("bob").await;
    assert_ne!(other.user["id"], bob.user["id"]);
    let dead = json!({"username": format!("deleted-{}", bob.user["id"]), "password": PASSWORD});
    assert_eq!(server.stranger().post("/signup", dead).await.error(), (422, "invalid"));
}

/// Also where they are no longer a member, and where a room can only be read.
async fn messages_that_go_with_an_account_are_seen_to_go(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    for room in ["den", "attic", "vault"] {
        ann.makes_private_room(room).await;
        ann.adds("bob", room).await;
        bob.posts(room, "secret of bob").await;
        ann.posts(room, "ann's").await;
    }
    ann.removes("bob", "attic").await;
    ann.http.patch("/rooms/vault", json!({"archived": true})).await.ok(200);
    let mut anns = ann.socket_in("den").await;
    bob.http.delete_with("/me", goodbye("remove")).await.ok(204);
    let gone = anns.up_to("the deletion", |f| f["message"]["deleted"] == true).await;
    let gone = gone.last().expect("the deletion");
    assert_eq!((&gone["room"], &gone["message"]["id"]), (&json!("den"), &json!(1)));
    for room in ["den", "attic", "vault"] {
        let messages = ann.reads_whole_room(room).await;
        assert_eq!((&messages[0]["deleted"], &messages[1]["body"]), (&json!(true), &json!("ann's")), "{room}");
        assert!(!json!(messages).to_string().contains("secret of bob"));
    }
}

/// But for what others wrote themselves.
async fn nothing_has_the_name_of_somebody_who_deleted_their_account(server: Server) {
    let root = server.person_as("root", "owner").await;
    let gerda = server.person("gerda.real").await;
    gerda.http.patch("/me", json!({"display_name": "Gerda Real"})).await.ok(200);
    gerda.makes_room("den").await;
    root.http.put("/rooms/den/members/me").await.ok(204);
    gerda.http.patch("/rooms/den", json!({"slow_secs": 1})).await.ok(200);
    gerda.posts("den", "mine").await;
    let talk = gerda.http.post("/direct", json!({"users": ["root"]})).await.ok(201);
    root.http.patch("/users/gerda.real", json!({"role": "admin"})).await.ok(204);
    root.http.post("/rooms/den/messages/1/reports", json!({"reason": "this"})).await.ok(204);
    let paths =
        ["/audit", "/rooms/den/audit", "/reports", "/rooms", "/rooms/den/messages", "/rooms/den/members", "/users"];
    let told = async |path: &str| root.http.get(path).await.text.to_lowercase().contains("gerda");
    assert!(told("/audit").await && told("/rooms").await);
    gerda.http.delete_with("/me", goodbye("keep")).await.ok(204);
    let slug = talk["slug"].as_str().expect("a slug");
    let of_talk = [format!("/rooms/{slug}"), format!("page:/rooms/{slug}")];
    let pages = ["page:/rooms", "page:/rooms/den", "page:/moderation", "page:/rooms/den/settings"];
    for path in paths.into_iter().chain(pages).chain(of_talk.iter().map(String::as_str)) {
        assert!(!told(path).await, "{path}");
    }
    let socket = root.socket_in("den").await;
    assert!(!socket.welcome.to_string().to_lowercase().contains("gerda"), "{}", socket.welcome);
}

async fn the_last_owner_stays(server: Server) {
    let ann = server.person_as("ann", "owner").await;
    ann.makes_room("den").await;
    ann.posts("den", "mine").await;
    assert_eq!(ann.http.delete_with("/me", goodbye("remove")).await.error(), (422, "invalid"));
    assert_eq!(ann.reads_whole_room("den").await[0]["body"], "mine");
    let _bob = server.person_as("bob", "owner").await;
    ann.http.delete_with("/me", goodbye("remove")).await.ok(204);
}

/// Its session would outlive the end of all others.
#[tokio::test]
async fn nobody_comes_in_with_a_password_that_is_changed_meanwhile() {
    let server = Server::start(Options::on(Database::Postgres)).await;
    let database = server.test_database().expect("a Postgres database");
    server.person("ann").await;
    let change = "UPDATE users SET password_hash = 'another'";
    let change = Transaction::begin(database, change).await;
    let stranger = server.stranger();
    let login = tokio::spawn(async move {
        let answer = stranger.post("/login", json!({"username": "ann", "password": PASSWORD})).await;
        (answer.status, stranger.get("/me").await.status)
    });
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    eventually(PATIENCE, "a login that waits", async || (database.number(waiting) > 0).then_some(())).await;
    change.commit().await;
    let (answer, me) = login.await.unwrap();
    assert!(answer >= 400, "{answer}");
    assert_eq!(me, 401);
}

on_both_databases![
    a_new_password_ends_all_other_sessions,
    an_export_has_ones_own_data_and_nobody_elses,
    a_deleted_account_leaves_its_messages_without_its_name,
    messages_that_go_with_an_account_are_seen_to_go,
    nothing_has_the_name_of_somebody_who_deleted_their_account,
    the_last_owner_stays,
];

#[tokio::test]
async fn an_account_deleted_at_one_instance_is_out_at_another() {
    let chat = Chat::of(2).await;
    let [ann, bob] = [chat.person("ann").await, chat.person("bob").await];
    ann.makes_room("den").await;
    let mut bobs = bob.at(&chat.instances[1]).socket_in("den").await;
    bob.http.delete_with("/me", goodbye("keep")).await.ok(204);
    assert_eq!(bobs.closed().await.0, 4401);
}
