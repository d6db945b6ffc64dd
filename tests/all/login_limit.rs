//! Failed logins: N a minute for one account from one address, 10 × N for one address.

use crate::common::*;
use reqwest::Method;

async fn login(server: &Server, name: &str, password: &str) -> u16 {
    let account = json!({"username": name, "password": password});
    server.stranger().post("/login", account).await.status
}

async fn too_many_failures_for_an_account_must_wait(options: Options) {
    let server = options.with_real_passwords().option("--login-rate", 3).start().await;
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
    let server = options.with_real_passwords().option("--login-rate", 3).start().await;
    for _ in 0..3 {
        assert_eq!(login(&server, "nobody", "wrong password").await, 401);
    }
    assert_eq!(login(&server, "nobody", "wrong password").await, 429);
}

async fn successful_logins_do_not_count(options: Options) {
    let server = options.with_real_passwords().option("--login-rate", 2).start().await;
    server.person("ann").await;
    for _ in 0..6 {
        assert_eq!(login(&server, "ann", PASSWORD).await, 200);
    }
}

async fn ten_times_as_many_failures_for_an_address_must_wait(options: Options) {
    let server = options.with_real_passwords().option("--login-rate", 1).start().await;
    for n in 0..10 {
        assert_eq!(login(&server, &format!("nobody-{n}"), "wrong password").await, 401);
    }
    assert_eq!(login(&server, "nobody-10", "wrong password").await, 429);
}

async fn with_0_nobody_waits(options: Options) {
    let server = options.with_real_passwords().option("--login-rate", 0).start().await;
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
    let server = Options::sqlite().with_real_passwords().option("--login-rate", 1).start().await;
    assert_eq!(fails_from(&server, "10.0.0.1").await, 401);
    assert_eq!(fails_from(&server, "10.0.0.2").await, 429);
}

#[tokio::test]
async fn a_trusted_proxys_forwarded_address_counts() {
    let server = Options::sqlite()
        .with_real_passwords()
        .option("--login-rate", 1)
        .option("--trusted-proxies", "127.0.0.1")
        .start()
        .await;
    assert_eq!(fails_from(&server, "10.0.0.1").await, 401);
    assert_eq!(fails_from(&server, "10.0.0.1").await, 429);
    assert_eq!(fails_from(&server, "10.0.0.2").await, 401);
}

/// All at once; each gives its status.
async fn logins_at_once(server: &Server, count: usize, password: &str) -> Vec<u16> {
    let logins: Vec<_> = (0..count)
        .map(|_| {
            let (stranger, account) = (server.stranger(), json!({"username": "ann", "password": password}));
            tokio::spawn(async move { stranger.post("/login", account).await.status })
        })
        .collect();
    let mut statuses = vec![];
    for login in logins {
        statuses.push(login.await.expect("a login"));
    }
    statuses
}

/// An office of people behind one address, or one of them with many tabs, when everybody comes back.
async fn correct_logins_at_once_are_not_failed_ones(options: Options) {
    let server = options.with_real_passwords().start().await;
    server.person("ann").await;
    assert_eq!(logins_at_once(&server, 40, PASSWORD).await, [200; 40]);
}

/// Whoever tries many passwords at once gets no more tries than one after another.
async fn failures_on_their_way_count(options: Options) {
    let server = options.with_real_passwords().option("--login-rate", 3).start().await;
    server.person("ann").await;
    let statuses = logins_at_once(&server, 10, "wrong password").await;
    let tried = statuses.iter().filter(|status| **status == 401).count();
    assert!((1..=3).contains(&tried), "{statuses:?}");
    assert!(statuses.iter().all(|status| [401, 429].contains(status)), "{statuses:?}");
    while login(&server, "ann", "wrong password").await != 429 {}
    assert_eq!(login(&server, "ann", PASSWORD).await, 429, "the right one has to wait as well");
}

// Not about storage.
on_sqlite![
    too_many_failures_for_an_account_must_wait,
    a_name_nobody_has_is_limited_alike,
    successful_logins_do_not_count,
    ten_times_as_many_failures_for_an_address_must_wait,
    with_0_nobody_waits,
    correct_logins_at_once_are_not_failed_ones,
    failures_on_their_way_count,
];
