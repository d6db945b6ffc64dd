//! Rooms that are deleted with much in them, people who are wiped, and accounts that go with their messages: the jobs that
//! remove it all run while things fail.

use crate::common::postgres::Cluster;
use crate::common::*;
use crate::crash::client::acts::insist_on_one_of;
use futures_util::future::join_all;
use reqwest::Method;
use std::time::Duration;
use tokio::task::JoinHandle;

/// Whoever makes something to be removed is called so.
const PASSER: &str = "passer";
/// Two for each way to remove it.
const PASSERS: usize = 6;
/// More than a step removes.
const MESSAGES: usize = 120;

pub struct Remover(JoinHandle<()>);

/// Those who each make something to be removed.
pub async fn passers(server: &Server) -> Vec<Person> {
    let mut passers = vec![];
    for n in 0..PASSERS {
        passers.push(server.person(&format!("{PASSER}-{n}")).await);
    }
    passers
}

impl Remover {
    /// Begins one removal after another, all within this time.
    pub fn begins(moderator: Person, passers: Vec<Person>, time: Duration) -> Self {
        let pause = time / (passers.len() as u32 + 1);
        Self(tokio::spawn(async move {
            for (n, passer) in passers.iter().enumerate() {
                let until = tokio::time::Instant::now() + pause;
                let room = &format!("hall-{n}");
                let made = json!({"slug": room, "title": room, "kind": "private"});
                insist_on_one_of(passer, Method::POST, "/rooms", made, &[201, 409]).await;
                let path = &format!("/rooms/{room}/messages");
                let posts = (0..MESSAGES).map(|m| {
                    let message = json!({"key": new_key(), "body": format!("number {m} of @{PASSER}-{n}")});
                    insist_on_one_of(passer, Method::POST, path, message, &[200, 201])
                });
                join_all(posts).await;
                match n % 3 {
                    0 => {
                        let path = &format!("/rooms/{room}");
                        let confirm = json!({"confirm": room});
                        insist_on_one_of(passer, Method::DELETE, path, confirm, &[204, 404]).await;
                    }
                    1 => {
                        let path = &format!("/users/{}/wipe", passer.name);
                        insist_on_one_of(&moderator, Method::POST, path, Value::Null, &[202, 204]).await;
                    }
                    _ => {
                        let goodbye = json!({"password": PASSWORD, "messages": "remove"});
                        insist_on_one_of(passer, Method::DELETE, "/me", goodbye, &[204, 401]).await;
                    }
                }
                tokio::time::sleep_until(until).await;
            }
        }))
    }

    /// Nothing is left of what was to be removed, once nothing fails any more.
    pub async fn ends(self, database: &Cluster) {
        self.0.await.expect("removals that are answered");
        let jobs = "SELECT count(*) FROM jobs";
        eventually(PATIENCE * 3, "the end of the jobs", async || (database.number(jobs) == 0).then_some(())).await;
        let theirs = "FROM messages WHERE body LIKE '%@passer-%'";
        assert_eq!(database.number(&format!("SELECT count(*) {theirs}")), 0, "what they wrote");
        let left = "SELECT count(*) FROM messages WHERE room_id NOT IN (SELECT id FROM rooms)";
        assert_eq!(database.number(left), 0, "messages of no room");
        let shown = "SELECT count(*) FROM messages WHERE deleted_at IS NOT NULL AND html <> ''";
        assert_eq!(database.number(shown), 0, "deleted messages that can be read");
        assert_eq!(database.number("SELECT count(*) FROM rooms WHERE slug LIKE 'hall-%'"), 4, "rooms that stay");
    }
}
