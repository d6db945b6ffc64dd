//! A send that the database refuses: its own fault, and nobody else's.

use crate::common::*;

const POISON: &str = "poison";

/// Has the database refuse one body, as a fault of its own would: the server knows nothing of it.
fn refuse_poison(server: &Server) {
    if server.test_database().is_none() {
        let refuse = "BEGIN SELECT RAISE(ABORT, 'refused'); END";
        return server
            .execute(&format!("CREATE TRIGGER refuse BEFORE INSERT ON messages WHEN NEW.body = '{POISON}' {refuse}"));
    }
    server.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$",
    );
    server.execute(&format!(
        "CREATE TRIGGER refuse BEFORE INSERT ON messages FOR EACH ROW WHEN (NEW.body = '{POISON}') EXECUTE FUNCTION refuse()"
    ));
}

async fn one_send_that_cannot_be_stored_spoils_no_other_and_burns_no_number(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let (mut sender, mut stranger) = (ann.socket_in("den").await, bob.socket_in("den").await);
    refuse_poison(&server);
    // Sent without waiting for answers, so that they share transactions: the first occupies the journal.
    let bodies: Vec<String> = (0..30).map(|n| if n % 5 == 2 { POISON.to_owned() } else { n.to_string() }).collect();
    let mut keys = vec![];
    for body in &bodies {
        keys.push(new_key());
        sender.send_json(json!({"type": "send", "room": "den", "key": keys.last(), "body": body})).await;
    }
    let key = new_key();
    stranger.send_json(json!({"type": "send", "room": "den", "key": key, "body": "a stranger's"})).await;
    let mut sent = vec![];
    for (key, body) in keys.iter().zip(&bodies) {
        let answer = sender.expect_where("an answer", |f| f["key"] == key.as_str() && f["type"] != "message").await;
        match body.as_str() {
            POISON => assert_eq!(answer["code"], "unavailable", "{answer}"),
            _ => sent.push(answer["id"].as_u64().unwrap_or_else(|| panic!("{answer}"))),
        }
    }
    let answer = stranger.expect_where("an answer", |f| f["key"] == key.as_str() && f["type"] != "message").await;
    sent.push(answer["id"].as_u64().unwrap_or_else(|| panic!("{answer}")));
    sent.sort_unstable();
    assert_eq!(sent, (1..=25).collect::<Vec<_>>(), "dense: what is refused takes no number");
    let stored = ann.reads_whole_room("den").await;
    assert_eq!(numbers(&stored, "id"), sent);
    assert!(stored.iter().all(|message| message["body"] != POISON));
    assert!(server.stderr().contains("stored in parts"), "some of them shared a transaction");
}
on_both_databases![one_send_that_cannot_be_stored_spoils_no_other_and_burns_no_number];
