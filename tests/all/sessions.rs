//! Session cookies: their flags, what is stored of them, how they end.

use crate::common::*;
use reqwest::Method;

/// The attributes of the session cookie that a sign-up sets, in lower case.
async fn flags_of_the_cookie(server: &Server, origin: &str) -> Vec<String> {
    let account = json!({"username": "ann", "password": PASSWORD});
    let request = server.stranger().request(Method::POST, "/signup").header("Origin", origin);
    let reply = Reply::of(request.json(&account)).await;
    let cookie = reply.header("set-cookie").to_owned();
    reply.ok(201);
    cookie.split(';').skip(1).map(|flag| flag.trim().to_lowercase()).collect()
}

#[tokio::test]
async fn the_cookie_is_http_only_and_same_site_lax() {
    let server = Server::start(Options::sqlite()).await;
    let flags = flags_of_the_cookie(&server, &server.url()).await;
    for flag in ["httponly", "samesite=lax", "path=/"] {
        assert!(flags.iter().any(|f| f == flag), "{flag} in {flags:?}");
    }
    assert!(!flags.iter().any(|f| f == "secure"), "plain http: {flags:?}");
}

#[tokio::test]
async fn the_cookie_is_secure_where_the_public_url_is_https() {
    let server = Options::sqlite().option("--public-url", "https://chat.example").start().await;
    let flags = flags_of_the_cookie(&server, "https://chat.example").await;
    assert!(flags.iter().any(|f| f == "secure"), "{flags:?}");
}

async fn the_database_holds_nothing_a_cookie_could_be_made_of(server: Server) {
    let ann = server.person("ann").await;
    let cookie = ann.http.cookie().expect("a cookie");
    let (_, value) = cookie.split_once('=').expect("a name and a value");
    let value = percent_decoded(value);
    let stored = server.stored_bytes();
    assert!(contains(&stored, b"ann"), "the database was read");
    for part in value.as_bytes().windows(20) {
        let text = String::from_utf8_lossy(part);
        assert!(!contains(&stored, part), "{text:?}, a part of the cookie {cookie:?}, is stored");
    }
}

async fn passwords_are_stored_as_argon2id(options: Options) {
    let server = options.with_real_passwords().start().await;
    server.person("ann").await;
    let stored = server.stored_bytes();
    assert!(!contains(&stored, PASSWORD.as_bytes()));
    assert!(contains(&stored, b"$argon2id$v=19$m=19456,t=2,p=1$"));
}

async fn every_login_has_a_new_token(server: Server) {
    let ann = server.person("ann").await;
    let before = ann.http.cookie();
    let account = json!({"username": "ann", "password": PASSWORD});
    ann.http.post("/login", account).await.ok(200);
    assert_ne!(ann.http.cookie(), before);
    ann.http.get("/me").await.ok(200);
}

async fn a_cookie_is_worth_nothing_after_logout(server: Server) {
    let ann = server.person("ann").await;
    let cookie = ann.http.cookie().expect("a cookie");
    ann.http.post("/logout", json!({})).await.ok(204);
    ann.http.get("/me").await.ok(401);
    let kept = server.stranger().request(Method::GET, "/me").header("Cookie", cookie);
    Reply::of(kept).await.ok(401);
}

async fn a_forged_cookie_is_nobody(server: Server) {
    let ann = server.person("ann").await;
    let cookie = ann.http.cookie().expect("a cookie");
    let mut forged = cookie.into_bytes();
    let last = forged.last_mut().expect("a value");
    *last = if *last == b'0' { b'1' } else { b'0' };
    let forged = String::from_utf8(forged).unwrap();
    let request = server.stranger().request(Method::GET, "/me").header("Cookie", forged);
    Reply::of(request).await.ok(401);
}

async fn logout_closes_every_socket_of_the_session_with_4401(server: Server) {
    let ann = server.person("ann").await;
    let (mut one, mut two) = (ann.socket().await, ann.socket().await);
    ann.http.post("/logout", json!({})).await.ok(204);
    assert_eq!(one.closed().await.0, 4401);
    assert_eq!(two.closed().await.0, 4401);
}

async fn logout_leaves_the_same_users_other_session_alone(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let elsewhere = ann.elsewhere().await;
    let mut here = ann.socket().await;
    let mut there = elsewhere.socket_in("den").await;
    ann.http.post("/logout", json!({})).await.ok(204);
    assert_eq!(here.closed().await.0, 4401);
    there.say("den", "still signed in").await;
    elsewhere.http.get("/me").await.ok(200);
}

async fn sessions_outlive_a_restart(mut server: Server) {
    let ann = server.person("ann").await;
    server.restart().await;
    assert_eq!(ann.http.get("/me").await.ok(200), ann.user);
    ann.socket().await;
}

/// The browser has one cookie: with the old one gone, nobody could end the old session any more.
async fn signing_in_again_in_the_same_browser_ends_the_old_session(server: Server) {
    let ann = server.person("ann").await;
    let bob = server.person("bob").await;
    let account = json!({"username": "ann", "password": PASSWORD});
    let forms_account = [("username", "ann"), ("password", PASSWORD)];
    for form in [false, true] {
        let cookie = ann.http.cookie().expect("a cookie");
        let (mut one, mut two) = (ann.socket().await, ann.socket().await);
        let elsewhere = ann.elsewhere().await;
        let mut there = elsewhere.socket().await;
        if form {
            let request = ann.http.request(Method::POST, "page:/login").header("Origin", server.url());
            assert_eq!(Reply::of(request.form(&forms_account)).await.status, 303);
        } else {
            ann.http.post("/login", account.clone()).await.ok(200);
        }
        assert_eq!(one.closed().await.0, 4401, "by a form: {form}");
        assert_eq!(two.closed().await.0, 4401, "by a form: {form}");
        let kept = server.stranger().request(Method::GET, "/me").header("Cookie", cookie);
        Reply::of(kept).await.ok(401);
        ann.http.get("/me").await.ok(200);
        ann.socket().await;
        is_open(&mut there).await;
    }
    // Another account in the same browser.
    let mut socket = bob.socket().await;
    bob.http.post("/login", account).await.ok(200);
    assert_eq!(socket.closed().await.0, 4401);
    assert_eq!(bob.http.get("/me").await.ok(200), ann.user);
}

async fn a_login_that_fails_ends_no_session(server: Server) {
    let ann = server.person("ann").await;
    let mut socket = ann.socket().await;
    let account = json!({"username": "ann", "password": "wrong password"});
    ann.http.post("/login", account).await.ok(401);
    ann.http.get("/me").await.ok(200);
    is_open(&mut socket).await;
}

/// Is served: asks for a room that nobody has made.
async fn is_open(socket: &mut Socket) {
    assert_eq!(socket.refusal(json!({"type": "join", "room": "nowhere"})).await, "not_found");
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    let first = needle[0];
    let starts = haystack.iter().enumerate().filter(|(_, byte)| **byte == first);
    starts.into_iter().any(|(at, _)| haystack[at..].starts_with(needle))
}

fn percent_decoded(text: &str) -> String {
    let mut decoded = vec![];
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
            decoded.extend(hex::decode(digits).expect("two digits after a %"));
        } else {
            decoded.push(byte);
        }
    }
    String::from_utf8(decoded).expect("a cookie in UTF-8")
}

on_both_databases![
    the_database_holds_nothing_a_cookie_could_be_made_of,
    passwords_are_stored_as_argon2id,
    every_login_has_a_new_token,
    a_cookie_is_worth_nothing_after_logout,
    a_forged_cookie_is_nobody,
    logout_closes_every_socket_of_the_session_with_4401,
    logout_leaves_the_same_users_other_session_alone,
    sessions_outlive_a_restart,
    signing_in_again_in_the_same_browser_ends_the_old_session,
    a_login_that_fails_ends_no_session,
];
