//! Blocking somebody: no direct talk, no mention.

use crate::common::postgres::TestDatabase;
use crate::common::postgres_wire::PostgresWire;
use crate::common::*;
use crate::metrics::scraped;

async fn whoever_is_blocked_begins_no_direct_talk_and_says_nothing_more_in_one(server: Server) {
    let [ann, eve, carl] = server.people(["ann", "eve", "carl"]).await;
    let talk = ann.http.post("/direct", json!({"users": ["eve"]})).await.ok(201)["slug"].clone();
    let talk = talk.as_str().expect("a slug").to_owned();
    let mut eves = eve.socket_in(&talk).await;
    eves.say(&talk, "hello").await;
    ann.http.put("/me/blocks/eve").await.ok(204);
    ann.http.put("/me/blocks/EVE").await.ok(204);
    for person in [&ann, &eve] {
        let message = json!({"key": new_key(), "body": "x"});
        let answer = person.http.post(&format!("/rooms/{talk}/messages"), message).await;
        assert_eq!(answer.error(), (403, "forbidden"), "{}", person.name);
    }
    let send = json!({"type": "send", "room": talk, "key": new_key(), "body": "x"});
    assert_eq!(eves.refusal(send).await, "forbidden");
    for (person, users) in [(&eve, json!(["ann", "carl"])), (&ann, json!(["carl", "eve"]))] {
        let answer = person.http.post("/direct", json!({"users": users})).await;
        assert_eq!(answer.error(), (403, "forbidden"), "{}", person.name);
    }
    let group = carl.http.post("/direct", json!({"users": ["eve", "ann"]})).await.ok(201)["slug"].clone();
    let group = group.as_str().expect("a slug").to_owned();
    ann.http.delete(&format!("/rooms/{group}/members/me")).await.ok(204);
    assert_eq!(eve.http.put(&format!("/rooms/{group}/members/ann")).await.error(), (403, "forbidden"));
    ann.http.delete("/me/blocks/eve").await.ok(204);
    eves.say(&talk, "again").await;
}

async fn whoever_is_blocked_mentions_nobody_who_blocks_them(server: Server) {
    let [ann, eve, bob] = server.people(["ann", "eve", "bob"]).await;
    ann.makes_room("den").await;
    for person in [&eve, &bob] {
        person.http.put("/rooms/den/members/me").await.ok(204);
    }
    let mut anns = ann.socket().await;
    ann.http.put("/me/blocks/eve").await.ok(204);
    let own = ann.posts("den", "mine").await["id"].clone();
    let mut eves = eve.socket_in("den").await;
    let id = eves.say("den", "@ann").await;
    eves.ask_ok(json!({"type": "edit", "room": "den", "id": id, "body": "@ann again"})).await;
    eves.say("den", "to all @room").await;
    eves.reply("den", own.as_u64().expect("an id"), "an answer").await;
    bob.posts("den", "@ann by bob").await;
    let told = anns.expect("mention").await;
    assert_eq!(told["message"]["body"], "@ann by bob", "{told}");
    let rooms = ann.http.get("/rooms?member=true").await.ok(200);
    assert_eq!(rooms["rooms"][0]["mentions"], 1, "{rooms}");
    // What was said is there, for all.
    assert_eq!(ann.reads_whole_room("den").await.len(), 5);
}

async fn whom_one_has_blocked_is_told_to_oneself_alone(server: Server) {
    let [ann, eve, bob] = server.people(["ann", "eve", "bob"]).await;
    let mut anns = ann.socket().await;
    assert_eq!(anns.welcome["blocks"], json!([]));
    let mut eves = eve.socket().await;
    for name in ["eve", "bob"] {
        ann.http.put(&format!("/me/blocks/{name}")).await.ok(204);
    }
    let mut ids = [eve.user["id"].clone(), bob.user["id"].clone()];
    assert_eq!(anns.expect("blocks").await["blocks"], json!([ids[0]]));
    assert_eq!(anns.expect("blocks").await["blocks"], json!(ids));
    assert_eq!(ann.socket().await.welcome["blocks"], json!(ids));
    let first = ann.http.get("/me/blocks?limit=1").await.ok(200);
    assert_eq!(first["users"][0]["username"], "eve");
    let cursor = first["cursor"].as_str().expect("a cursor");
    let last = ann.http.get(&format!("/me/blocks?limit=1&cursor={cursor}")).await.ok(200);
    assert_eq!((&last["users"][0]["username"], &last["cursor"]), (&json!("bob"), &Value::Null));
    assert_eq!(eve.http.get("/me/blocks").await.ok(200)["users"], json!([]));
    ann.http.delete("/me/blocks/eve").await.ok(204);
    ids.rotate_left(1);
    assert_eq!(anns.expect("blocks").await["blocks"], json!(ids[..1]));
    assert_eq!(ann.http.put("/me/blocks/ann").await.error(), (422, "invalid"));
    assert_eq!(ann.http.put("/me/blocks/nobody").await.error(), (404, "not_found"));
    // A guest is not told by it who there is.
    let gast = server.person_as("gast", "guest").await;
    let (hidden, missing) = (gast.http.put("/me/blocks/bob").await, gast.http.put("/me/blocks/nobody").await);
    assert_eq!((hidden.status, hidden.text), (404, missing.text));
    eves.ask(json!({"type": "history", "room": "nowhere"})).await;
    assert!(eves.kept().all(|frame| frame["type"] != "blocks"));
    // By the form on a page, without scripts.
    let form = ann.http.request(reqwest::Method::POST, "page:/people/eve/block").header("Origin", server.url());
    assert_eq!(Reply::of(form.form::<[(&str, &str)]>(&[])).await.header("location"), "/people/eve");
    assert!(ann.http.get("page:/people/eve").await.text.contains("/people/eve/unblock"));
}

/// The page itself hides them, before the script that folds them has run.
async fn a_page_comes_without_the_messages_of_whom_its_reader_has_blocked(server: Server) {
    let [ann, eve] = server.people(["ann", "eve"]).await;
    ann.makes_room("den").await;
    eve.http.put("/rooms/den/members/me").await.ok(204);
    ann.posts("den", "mine").await;
    eve.posts("den", "words of eve").await;
    let hidden = format!("data-author=\"{}\" hidden>", eve.user["id"]);
    let page = async || ann.http.get("page:/rooms/den").await.text;
    assert!(!page().await.contains(&hidden), "nobody is blocked");
    ann.http.put("/me/blocks/eve").await.ok(204);
    assert_eq!(page().await.matches(&hidden).count(), 1);
    assert!(!eve.http.get("page:/rooms/den").await.text.contains(&hidden), "for nobody else");
    ann.http.delete("/me/blocks/eve").await.ok(204);
    assert!(!page().await.contains(&hidden));
}

/// Who is answered may be known from the same batch alone.
#[tokio::test]
async fn an_answer_within_one_batch_tells_nobody_who_has_blocked_its_author() {
    let database = TestDatabase::create();
    let wire = PostgresWire::to(&database.url).await;
    let server = Options::sqlite().option("--database-url", &wire.url).start().await;
    let [ann, bob, eve] = server.people(["ann", "bob", "eve"]).await;
    ann.makes_room("den").await;
    ann.adds("bob", "den").await;
    ann.adds("eve", "den").await;
    ann.http.put("/me/blocks/eve").await.ok(204);
    let [mut anns, mut bobs, mut eves] =
        [ann.socket_in("den").await, bob.socket_in("den").await, eve.socket_in("den").await];
    let send = |body: &str, reply_to: Option<u64>| json!({"type": "send", "room": "den", "key": new_key(), "body": body, "reply_to": reply_to});
    wire.hang();
    bobs.send_json(send("first", None)).await;
    scraped(&server, "a batch to begin", |it| it.get("klatch_database_queries{lane=\"write\"}") == 1.0).await;
    for (count, (socket, frame)) in (1..).zip([
        (&mut anns, send("second", None)),
        (&mut eves, send("third", Some(2))),
        (&mut bobs, send("fourth", Some(2))),
    ]) {
        socket.send_json(frame).await;
        scraped(&server, "it to wait", |it| it.get("klatch_journal_waiting") == f64::from(count)).await;
    }
    wire.mend();
    let mention = anns.expect_where("a mention", |frame| frame["type"] == "mention").await;
    assert_eq!(mention["message"]["id"], 4, "eve's answer is no mention: {mention}");
    let answers: Vec<Value> = ann.reads_whole_room("den").await.iter().map(|it| it["reply_to"].clone()).collect();
    assert_eq!(json!(answers), json!([null, null, 2, 2]));
}

on_both_databases![
    a_page_comes_without_the_messages_of_whom_its_reader_has_blocked,
    whoever_is_blocked_begins_no_direct_talk_and_says_nothing_more_in_one,
    whoever_is_blocked_mentions_nobody_who_blocks_them,
    whom_one_has_blocked_is_told_to_oneself_alone,
];
