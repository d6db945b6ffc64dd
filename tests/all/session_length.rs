//! How long a session lasts: `--session-days` from its last use.
//!
//! Its times are moved in the database: no clock waits for 30 days.

use crate::common::*;
use std::time::Duration;

/// Lets so much time pass for every session: all that is written down of it happened earlier.
fn pass(server: &Server, time: &str) {
    let earlier = |column: &str| match server.test_database() {
        Some(_) => format!("{column} = {column} - interval '{time}'"),
        None => format!("{column} = strftime('%Y-%m-%d %H:%M:%f', {column}, '-{time}')"),
    };
    server.execute(&format!("UPDATE sessions SET {}, {}", earlier("seen_at"), earlier("expires_at")));
}

/// The seconds a cookie is told to live, where the answer sets one.
fn max_age(reply: &Reply) -> Option<u32> {
    let cookie = reply.header("set-cookie").to_lowercase();
    let age = cookie.split(';').find_map(|flag| flag.trim().strip_prefix("max-age="))?;
    Some(age.parse().expect("seconds"))
}

const DAY: u32 = 24 * 60 * 60;

async fn a_use_prolongs_a_session_and_renews_its_cookie(server: Server) {
    let ann = server.person("ann").await;
    pass(&server, "29 days");
    let used = ann.http.get("/me").await;
    assert_eq!(max_age(&used), Some(30 * DAY), "{:?}", used.headers);
    used.ok(200);
    for _ in 0..2 {
        pass(&server, "20 days");
        ann.http.get("/me").await.ok(200);
    }
}

async fn a_page_is_a_use_too(server: Server) {
    let ann = server.person("ann").await;
    pass(&server, "29 days");
    let used = ann.http.get("page:/rooms").await;
    assert_eq!((used.status, max_age(&used)), (200, Some(30 * DAY)));
    pass(&server, "29 days");
    ann.http.get("/me").await.ok(200);
}

async fn a_session_just_used_is_not_written_down_again(server: Server) {
    let ann = server.person("ann").await;
    assert_eq!(max_age(&ann.http.get("/me").await), None);
    pass(&server, "29 days");
    assert!(max_age(&ann.http.get("/me").await).is_some());
    assert_eq!(max_age(&ann.http.get("/me").await), None);
}

async fn a_session_unused_for_its_days_has_ended(server: Server) {
    let ann = server.person("ann").await;
    pass(&server, "30 days");
    let refused = ann.http.get("/me").await;
    assert_eq!(refused.error(), (401, "unauthorized"));
    assert!(Socket::try_open(&ann).await.is_none());
    ann.http.get("/me").await.ok(401);
}

async fn the_days_are_an_option(options: Options) {
    let server = options.option("--session-days", 2).start().await;
    let account = json!({"username": "ann", "password": PASSWORD});
    let http = server.stranger();
    let signed_up = http.post("/signup", account).await;
    assert_eq!(max_age(&signed_up), Some(2 * DAY));
    signed_up.ok(201);
    pass(&server, "1 day");
    assert_eq!(max_age(&http.get("/me").await), Some(2 * DAY));
    pass(&server, "2 days");
    http.get("/me").await.ok(401);
}

/// Within two of the intervals, five seconds each, at which the database is asked; and a little for a busy machine.
async fn an_expired_sessions_sockets_close_with_4401(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    let (mut one, mut two) = (ann.socket().await, ann.elsewhere().await.socket().await);
    let (limit, busy) = (Duration::from_secs(10), Duration::from_secs(3));
    pass(&server, "30 days");
    // Bob's is used in time.
    let bob = bob.elsewhere().await;
    let mut bobs = bob.socket().await;
    ann.http.get("/me").await.ok(401);
    assert_eq!(one.closed_within(limit + busy).await.0, 4401);
    assert_eq!(two.closed_within(busy).await.0, 4401);
    bob.makes_room("den").await;
    bobs.join("den").await;
}

on_both_databases![
    a_use_prolongs_a_session_and_renews_its_cookie,
    a_page_is_a_use_too,
    a_session_just_used_is_not_written_down_again,
    a_session_unused_for_its_days_has_ended,
    the_days_are_an_option,
    an_expired_sessions_sockets_close_with_4401,
];
