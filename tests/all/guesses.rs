//! Guesses at one account from many addresses: few a minute are tried, and the owner is not kept out at home.

use crate::common::*;
use reqwest::Method;

/// Of so many a minute from all strange addresses together, which is 10 times `--login-rate`.
const TRIED: usize = 20;

fn options(options: Options) -> Options {
    options.with_real_passwords().option("--login-rate", 2).option("--trusted-proxies", "127.0.0.1")
}

async fn login_from(server: &Server, address: &str, name: &str, password: &str) -> Reply {
    let account = json!({"username": name, "password": password});
    let request = server.stranger().request(Method::POST, "/login").json(&account);
    Reply::of(request.header("X-Forwarded-For", address)).await
}

/// Guesses once from each of 200 addresses, and gives how many of the guesses were tried.
async fn guess_from_everywhere(server: &Server, name: &str) -> usize {
    let mut tried = 0;
    for n in 0..200 {
        let refused = login_from(server, &format!("198.51.100.{n}"), name, "wrong password").await;
        match refused.error() {
            (401, "bad_credentials") => tried += 1,
            (429, "rate_limited") => {
                assert!(refused.header("retry-after").parse::<u32>().is_ok_and(|secs| (1..=60).contains(&secs)));
            }
            other => panic!("{other:?}"),
        }
    }
    tried
}

async fn guesses_from_everywhere_have_a_limit_and_do_not_keep_the_owner_out(given: Options) {
    let mut server = options(given).start().await;
    let ann = server.person("ann").await;
    assert_eq!(login_from(&server, "2001:db8::1", "ann", PASSWORD).await.status, 200);
    assert_eq!(guess_from_everywhere(&server, "ann").await, TRIED);
    assert_eq!(login_from(&server, "203.0.113.1", "ann", PASSWORD).await.status, 429, "a strange address");
    assert_eq!(login_from(&server, "127.0.0.1", "ann", PASSWORD).await.status, 200, "where she signed up");
    assert_eq!(login_from(&server, "2001:db8::2", "Ann", PASSWORD).await.status, 200, "the network she signed in from");
    // She is known there after she has signed out, and to a server that has just started.
    ann.http.post("/logout", json!({})).await.ok(204);
    server.execute("DELETE FROM sessions");
    server.restart().await;
    assert_eq!(guess_from_everywhere(&server, "ann").await, TRIED);
    assert_eq!(login_from(&server, "127.0.0.1", "ann", PASSWORD).await.status, 200);
    // What fails there is counted for itself.
    for status in [401, 401, 429] {
        assert_eq!(login_from(&server, "127.0.0.1", "ann", "wrong password").await.status, status);
    }
}

async fn another_persons_address_is_a_strange_one(given: Options) {
    let server = options(given).start().await;
    server.people(["ann", "bob"]).await;
    assert_eq!(login_from(&server, "203.0.113.1", "bob", PASSWORD).await.status, 200);
    assert_eq!(guess_from_everywhere(&server, "ann").await, TRIED);
    assert_eq!(login_from(&server, "203.0.113.1", "ann", PASSWORD).await.status, 429);
    assert_eq!(login_from(&server, "203.0.113.1", "bob", PASSWORD).await.status, 200);
}

async fn a_name_that_nobody_has_is_limited_alike(given: Options) {
    let server = options(given).start().await;
    assert_eq!(guess_from_everywhere(&server, "nobody").await, TRIED);
}

on_both_databases![
    guesses_from_everywhere_have_a_limit_and_do_not_keep_the_owner_out,
    another_persons_address_is_a_strange_one,
    a_name_that_nobody_has_is_limited_alike,
];
