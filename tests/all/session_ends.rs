//! How a session ends, and what becomes of its cookie.

use crate::common::socket::handshake;
use crate::common::*;
use reqwest::Method;

fn cookie_name(reply: &Reply) -> String {
    let cookie = reply.header("set-cookie");
    cookie.split_once('=').map_or(String::new(), |(name, _)| name.to_owned())
}

/// Signs up by the public URL.
async fn signed_up(url: &str) -> Reply {
    let server = Options::sqlite().option("--public-url", url).start().await;
    let request = server.stranger().request(Method::POST, "/signup").header("Origin", url);
    Reply::of(request.json(&json!({"username": "ann", "password": PASSWORD}))).await
}

#[tokio::test]
async fn the_cookie_is_bound_to_its_host_on_https_and_has_the_port_of_the_public_url() {
    for (url, name) in [
        ("https://chat.example", "__Host-klatch_session"),
        ("https://chat.example:8443", "__Host-klatch_session_8443"),
        ("http://chat.example", "klatch_session"),
        ("http://chat.example:8080", "klatch_session_8080"),
    ] {
        let reply = signed_up(url).await;
        assert_eq!(cookie_name(&reply), name, "{url}");
        let cookie = reply.header("set-cookie");
        assert_eq!(cookie.contains("Secure"), url.starts_with("https"), "{cookie}");
        assert!(cookie.contains("Path=/") && !cookie.contains("Domain"), "{cookie}");
    }
}

#[tokio::test]
async fn two_servers_of_one_host_do_not_end_each_others_sessions() {
    let [one, other] = [Server::start(Options::sqlite()).await, Server::start(Options::sqlite()).await];
    let ann = one.person("ann").await;
    other.person("ann").await;
    let there = ann.http.at(&other.url());
    there.post("/login", json!({"username": "ann", "password": PASSWORD})).await.ok(200);
    ann.http.get("/me").await.ok(200);
    there.get("/me").await.ok(200);
}

async fn a_session_ends_a_year_after_it_began_however_much_it_is_used(server: Server) {
    let ann = server.person("ann").await;
    let set = |days: i64| {
        let began = match server.test_database() {
            Some(_) => format!("(now() AT TIME ZONE 'UTC') - interval '{days} days'"),
            None => format!("strftime('%Y-%m-%d %H:%M:%f', 'now', '-{days} days')"),
        };
        server.execute(&format!("UPDATE sessions SET created_at = {began}, seen_at = {began}"));
    };
    set(364);
    ann.http.get("/me").await.ok(200);
    let mut socket = ann.socket().await;
    set(366);
    assert_eq!(ann.http.get("/me").await.error(), (401, "unauthorized"));
    assert_eq!(socket.closed().await.0, 4401);
    let cookie = ann.http.cookie();
    assert_eq!(
        handshake(&server.address, cookie.as_deref(), &[("Origin", &server.url())], None).await.map(drop),
        Err(401)
    );
}

/// Neither lifting a ban nor its end brings back a session that it has ended.
async fn a_ban_ends_sessions_for_good(server: Server) {
    let bob = server.person("bob").await;
    let root = server.person_as("root", "admin").await;
    for way in ["lifted", "over"] {
        let mut socket = bob.socket().await;
        root.http.put_json("/users/bob/ban", json!({"minutes": 60})).await.ok(204);
        assert_eq!(socket.closed().await.0, 4403, "{way}");
        assert_eq!(bob.http.get("/me").await.status, 401, "{way}");
        match way {
            "lifted" => drop(root.http.delete("/users/bob/ban").await.ok(204)),
            _ => server.execute("UPDATE users SET banned_until = '2020-01-01 00:00:00' WHERE username = 'bob'"),
        }
        assert_eq!(bob.http.get("/me").await.status, 401, "{way}: and it stays so");
        bob.http.post("/login", json!({"username": "bob", "password": PASSWORD})).await.ok(200);
        bob.http.get("/me").await.ok(200);
    }
}

/// Whatever ended it, a browser is told to delete what pages have stored, until a login.
async fn every_end_of_a_session_clears_what_pages_have_stored(server: Server) {
    let root = server.person_as("root", "admin").await;
    let clears = |reply: &Reply| reply.header("clear-site-data") == r#""cache", "storage""#;
    for way in ["logout", "form", "left", "banned", "elsewhere", "ran out"] {
        let name = way.replace(' ', "-");
        let bob = server.person(&name).await;
        assert!(!clears(&bob.http.get("/me").await), "{way}: not while it lasts");
        let mine = format!("user_id = (SELECT id FROM users WHERE username = '{name}')");
        let ended = match way {
            "logout" => bob.http.post("/logout", Value::Null).await,
            "form" => {
                let form = bob.http.request(Method::POST, "page:/logout").header("Origin", server.url());
                Reply::of(form.form::<[(&str, &str)]>(&[])).await
            }
            "left" => bob.http.delete_with("/me", json!({"password": PASSWORD, "messages": "keep"})).await,
            "banned" => {
                root.http.put_json(&format!("/users/{name}/ban"), json!({})).await.ok(204);
                bob.http.get("page:/rooms").await
            }
            "elsewhere" => {
                server.execute(&format!("DELETE FROM sessions WHERE {mine}"));
                bob.http.get("/me").await
            }
            _ => {
                server.execute(&format!("UPDATE sessions SET expires_at = '2020-01-01 00:00:00' WHERE {mine}"));
                bob.http.get("page:/rooms").await
            }
        };
        assert!(clears(&ended), "{way}: {} {:?}", ended.status, ended.headers);
        if !matches!(way, "left" | "banned") {
            bob.http.post("/login", json!({"username": name, "password": PASSWORD})).await.ok(200);
            assert!(!clears(&bob.http.get("page:/rooms").await), "{way}: not in the next session");
        }
    }
    let stranger = server.stranger();
    assert!(!clears(&stranger.get("page:/login").await) && !clears(&stranger.get("/me").await));
}

async fn passwords_that_are_guessed_first_are_refused(server: Server) {
    let http = server.stranger();
    for password in
        ["password", "PassWord", "12345678", "        ", "aaaaaaaa", "iloveyou", "ann-of-avon", "ANN-of-Avon"]
    {
        let refused = http.post("/signup", json!({"username": "ann-of-avon", "password": password})).await;
        assert_eq!(refused.error(), (422, "invalid"), "{password}");
        assert_eq!(refused.json["error"]["reason"], "common", "{password}");
    }
    let short = http.post("/signup", json!({"username": "ann-of-avon", "password": "short"})).await;
    assert_eq!((short.status, short.json["error"].get("reason")), (422, None));
    let ann = server.person("ann").await;
    for new in ["password1", "qwertyuiop"] {
        let refused = ann.http.post("/me/password", json!({"old": PASSWORD, "new": new})).await;
        assert_eq!((refused.status, &refused.json["error"]["reason"]), (422, &json!("common")), "{new}");
    }
}

/// A name that anybody could have made to lead here (DNS rebinding) makes no page this server's own.
#[tokio::test]
async fn a_host_that_the_operator_has_not_named_changes_nothing() {
    let server = Server::start(Options::sqlite()).await;
    let ann = server.person("ann").await;
    let port = server.address.rsplit(':').next().expect("a port").to_owned();
    for (host, status) in [
        (format!("evil.example:{port}"), 403),
        ("evil.example".into(), 403),
        (format!("localhost:{port}"), 200),
        (format!("box:{port}"), 200),
        (format!("box.local:{port}"), 200),
        ("[::1]".into(), 200),
    ] {
        let request =
            ann.http.request(Method::PATCH, "/me").header("Host", &host).header("Origin", format!("http://{host}"));
        let answer = Reply::of(request.json(&json!({"about": "x"}))).await;
        assert_eq!(answer.status, status, "{host}: {}", answer.text);
        assert_eq!(status == 403, answer.text.contains("--allowed-origins"), "{}", answer.text);
        let request = server.stranger().request(Method::POST, "/signup").header("Host", &host);
        let account = json!({"username": format!("u{}", host.len()), "password": PASSWORD});
        let answer = Reply::of(request.header("Origin", format!("http://{host}")).json(&account)).await;
        assert_eq!(answer.status == 403, status == 403, "sign-up at {host}: {}", answer.text);
    }
}

/// Where browsers come by https, nothing but the public URL and the operator's list is this server.
#[tokio::test]
async fn on_https_the_requests_own_host_is_no_allowed_origin() {
    let server = Options::sqlite()
        .option("--public-url", "https://chat.example")
        .option("--allowed-origins", "https://friend.example")
        .start()
        .await;
    let account = |n: usize| json!({"username": format!("ann{n}"), "password": PASSWORD});
    for (n, (host, origin, status)) in [
        ("chat.example", "https://chat.example", 201),
        ("10.0.0.1", "https://friend.example", 201),
        ("chat.example", "http://chat.example", 403),
        ("evil.example", "https://evil.example", 403),
        ("127.0.0.1", "http://127.0.0.1", 403),
    ]
    .into_iter()
    .enumerate()
    {
        let request = server.stranger().request(Method::POST, "/signup").header("Host", host).header("Origin", origin);
        assert_eq!(Reply::of(request.json(&account(n))).await.status, status, "{host} {origin}");
    }
}

#[tokio::test]
async fn a_secret_that_others_may_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let mut server = Server::start(Options::sqlite()).await;
    let secret = server.data_dir().join("secret");
    for (mode, starts) in [(0o644, false), (0o640, false), (0o606, false), (0o600, true), (0o400, true)] {
        std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(mode)).expect("a mode");
        assert_eq!(server.try_restart("KLATCH_TEST_MODE", &mode.to_string()).await, starts, "{mode:o}");
    }
    assert!(server.stderr().contains("chmod 600"), "{}", server.stderr());
}

on_both_databases![a_session_ends_a_year_after_it_began_however_much_it_is_used, a_ban_ends_sessions_for_good,];
on_sqlite![every_end_of_a_session_clears_what_pages_have_stored, passwords_that_are_guessed_first_are_refused];
