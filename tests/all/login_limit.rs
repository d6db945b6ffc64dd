//! Failed logins: N a minute for one account from one address, 10 × N for one address.

use crate::common::*;
use reqwest::Method;

async fn login(server: &Server, name: &str, password: &str) -> u16 {
    let account = json!({"username": name, "password": password});
    server.stranger().post("/login", account).await.status
}

async fn too_many_failures_for_an_account_must_wait(options: Options) {
    let server = options.option("--login-rate", 3).start().await;
    server.people(["ann", "bob"]).await;
    for _ in 0..3 {
        assert_eq!(login(&server, "ann", "wrong password").await, 401);
    }
    let account = json!({"username": "ann", "password": "wrong password"});
    let refused = server.stranger().post("/login", account).await;
    assert_eq!(refused.error(), (429, "rate_limited"));
    assert!(refused.header("retry-after").parse::<u32>().is_ok_and(|secs| secs > 0));
    assert_eq!(login(&server, "bob", PASSWORD).await, 200, "another account is not held up");
}

async fn a_name_nobody_has_is_limited_alike(options: Options) {
    let server = options.option("--login-rate", 3).start().await;
    for _ in 0..3 {
        assert_eq!(login(&server, "nobody", "wrong password").await, 401);
    }
    assert_eq!(login(&server, "nobody", "wrong password").await, 429);
}

async fn successful_logins_do_not_count(options: Options) {
    let server = options.option("--login-rate", 2).start().await;
    server.person("ann").await;
    for _ in 0..6 {
        assert_eq!(login(&server, "ann", PASSWORD).await, 200);
    }
}

async fn ten_times_as_many_failures_for_an_address_must_wait(options: Options) {
    let server = options.option("--login-rate", 1).start().await;
    for n in 0..10 {
        assert_eq!(login(&server, &format!("nobody-{n}"), "wrong password").await, 401);
    }
    assert_eq!(login(&server, "nobody-10", "wrong password").await, 429);
}

async fn with_0_nobody_waits(options: Options) {
    let server = options.option("--login-rate", 0).start().await;
    server.person("ann").await;
    for _ in 0..12 {
        assert_eq!(login(&server, "ann", "wrong password").await, 401);
    }
}

/// Fails to log in as somebody who says to come from `address` behind a proxy.
async fn fails_from(server: &Server, address: &str) -> u16 {
    let account = json!({"username": "ann", "password": "wrong password"});
    let request = server.stranger().request(Method::POST, "/login").json(&account);
    Reply::of(request.header("X-Forwarded-For", address)).await.status
}

#[tokio::test]
async fn a_forged_forwarded_address_is_ignored() {
    let server = Options::sqlite().option("--login-rate", 1).start().await;
    assert_eq!(fails_from(&server, "10.0.0.1").await, 401);
    assert_eq!(fails_from(&server, "10.0.0.2").await, 429);
}

#[tokio::test]
async fn a_trusted_proxys_forwarded_address_counts() {
    let server = Options::sqlite().option("--login-rate", 1).option("--trusted-proxies", "127.0.0.1").start().await;
    assert_eq!(fails_from(&server, "10.0.0.1").await, 401);
    assert_eq!(fails_from(&server, "10.0.0.1").await, 429);
    assert_eq!(fails_from(&server, "10.0.0.2").await, 401);
}

on_both_databases![
    too_many_failures_for_an_account_must_wait,
    a_name_nobody_has_is_limited_alike,
    successful_logins_do_not_count,
    ten_times_as_many_failures_for_an_address_must_wait,
    with_0_nobody_waits,
];
