//! Times that are promised: what is hidden and what does not exist takes the same, and numbers fall soon.

use crate::common::*;
use reqwest::Method;
use std::time::{Duration, Instant};

const TRIES: usize = 100;
/// Of so many tries each, chance alone stays below this in all but one of a thousand.
const BY_CHANCE: f64 = 0.64;

/// How well the times of `one` are told from those of `other`: 0.5 is not at all, 1 always.
fn separation(one: &[f64], other: &[f64]) -> f64 {
    let wins: f64 = one
        .iter()
        .map(|a| {
            other
                .iter()
                .map(|b| {
                    if a > b {
                        1.0
                    } else if a == b {
                        0.5
                    } else {
                        0.0
                    }
                })
                .sum::<f64>()
        })
        .sum();
    let share = wins / (one.len() * other.len()) as f64;
    share.max(1.0 - share)
}

/// Asks of both in turn, so that whatever else the machine does meets both.
async fn times(tries: usize, mut ask: impl AsyncFnMut(&str)) -> (Vec<f64>, Vec<f64>) {
    let (mut hidden, mut missing) = (vec![], vec![]);
    for n in 0..2 * tries {
        let (slug, times) = if n % 2 == 0 { ("vault", &mut hidden) } else { ("nowhere", &mut missing) };
        let since = Instant::now();
        ask(slug).await;
        times.push(since.elapsed().as_secs_f64());
    }
    (hidden, missing)
}

/// Fails where the times are told apart. A difference that is there shows each time; what else the machine does may look
/// like one, but not three times.
async fn are_alike(what: &str, mut ask: impl AsyncFnMut(&str)) {
    let mut told = 0.0;
    for _ in 0..3 {
        let (hidden, missing) = times(TRIES, &mut ask).await;
        let least = hidden.iter().chain(&missing).copied().fold(f64::MAX, f64::min);
        assert!(least > 0.015, "{what}: {least} s");
        told = separation(&hidden, &missing);
        if told < BY_CHANCE {
            return;
        }
    }
    panic!("{what}: told apart in {told} of all pairs");
}

#[tokio::test]
async fn the_time_of_an_answer_does_not_tell_a_hidden_room_from_none() {
    let server = Server::start(Options::sqlite()).await;
    let [ann, eve] = server.people(["ann", "eve"]).await;
    ann.makes_private_room("vault").await;
    ann.posts("vault", "hello").await;
    let calls = [
        (Method::GET, "", Value::Null),
        (Method::GET, "/messages", Value::Null),
        (Method::POST, "/messages", json!({"key": new_key(), "body": "x"})),
        (Method::DELETE, "/messages/1", Value::Null),
        (Method::PUT, "/members/me", Value::Null),
    ];
    for (method, rest, body) in calls {
        are_alike(&format!("{method} {rest}"), async |slug| {
            let path = format!("/rooms/{slug}{rest}");
            let answer = eve.http.try_call(method.clone(), &path, &body).await.expect("an answer");
            assert_eq!(answer.status, 404, "{}", answer.text);
        })
        .await;
    }
    let mut socket = eve.socket().await;
    are_alike("join", async |slug| {
        assert_eq!(socket.refusal(json!({"type": "join", "room": slug})).await, "not_found");
    })
    .await;
}

/// The contract's two seconds, from the answer to whoever lowered them.
async fn what_is_no_longer_unread_is_told_within_two_seconds(server: Server) {
    let root = server.person_as("root", "owner").await;
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    ann.adds("bob", "den").await;
    let mut socket = bob.socket().await;
    for way in ["deleted", "edited", "wiped"] {
        let id = ann.posts("den", "hello @bob").await["id"].clone();
        let path = format!("/rooms/den/messages/{id}");
        socket.expect_where("the mention", |frame| frame["type"] == "mention").await;
        let (answer, unread) = match way {
            "deleted" => (ann.http.delete(&path).await, 0),
            "edited" => (ann.http.patch(&path, json!({"body": "hello"})).await, 1),
            _ => (root.http.post("/users/ann/wipe", json!({})).await, 0),
        };
        assert!([200, 204].contains(&answer.status), "{}", answer.text);
        let since = Instant::now();
        let fell = |frame: &Value| frame["type"] == "read" && frame["unread"] == unread && frame["mentions"] == 0;
        socket.expect_where(way, fell).await;
        assert!(since.elapsed() < Duration::from_secs(2), "{way}: {:?}", since.elapsed());
        if way == "edited" {
            ann.http.delete(&path).await.ok(204);
            socket.expect_where("none", |frame| frame["type"] == "read" && frame["unread"] == 0).await;
        }
    }
}

on_both_databases![what_is_no_longer_unread_is_told_within_two_seconds];
