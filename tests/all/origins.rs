//! Who may change something with somebody's cookie: requests that say they come from here.

use crate::common::socket::handshake;
use crate::common::*;
use reqwest::Method;

const FOREIGN: &str = "https://evil.example";

/// Makes a room with ann's cookie and these headers, and gives the status.
async fn status_with(ann: &Person, headers: &[(&str, &str)]) -> u16 {
    let slug = format!("room-{}", new_key());
    let mut request = ann.http.request(Method::POST, "/rooms").json(&json!({"slug": slug}));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Reply::of(request).await.status
}

async fn opens_with(ann: &Person, headers: &[(&'static str, &str)]) -> Result<(), u16> {
    let cookie = ann.http.cookie();
    handshake(&ann.address, cookie.as_deref(), headers, None).await.map(drop)
}

#[tokio::test]
async fn a_change_from_here_is_allowed() {
    let server = Server::start(Options::sqlite()).await;
    let ann = server.person("ann").await;
    let own = server.url();
    assert_eq!(status_with(&ann, &[("Origin", &own)]).await, 201);
    assert_eq!(opens_with(&ann, &[("Origin", &own)]).await, Ok(()));
}

#[tokio::test]
async fn a_change_from_another_origin_is_403() {
    let server = Server::start(Options::sqlite()).await;
    let ann = server.person("ann").await;
    let other_port = "http://127.0.0.1:1";
    for origin in [FOREIGN, other_port, "null"] {
        assert_eq!(status_with(&ann, &[("Origin", origin)]).await, 403, "{origin}");
        assert_eq!(opens_with(&ann, &[("Origin", origin)]).await, Err(403), "{origin}");
    }
}

#[tokio::test]
async fn every_changing_method_asks_for_the_origin() {
    let server = Server::start(Options::sqlite()).await;
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let calls = [
        (Method::POST, "/logout"),
        (Method::POST, "/rooms/den/messages"),
        (Method::PATCH, "/rooms/den"),
        (Method::PUT, "/rooms/den/members/ann"),
        (Method::DELETE, "/rooms/den/members/me"),
    ];
    for (method, path) in calls {
        let request = ann.http.request(method.clone(), path).header("Origin", FOREIGN);
        let refused = Reply::of(request.json(&json!({}))).await;
        assert_eq!(refused.error(), (403, "forbidden"), "{method} {path}");
    }
    ann.http.get("/me").await.ok(200);
}

#[tokio::test]
async fn a_change_that_does_not_say_from_where_is_403() {
    let server = Server::start(Options::sqlite()).await;
    let ann = server.person("ann").await;
    assert_eq!(status_with(&ann, &[]).await, 403);
    assert_eq!(opens_with(&ann, &[]).await, Err(403));
}

#[tokio::test]
async fn sec_fetch_site_says_from_where_as_well() {
    let server = Server::start(Options::sqlite()).await;
    let ann = server.person("ann").await;
    assert_eq!(status_with(&ann, &[("Sec-Fetch-Site", "same-origin")]).await, 201);
    assert_eq!(opens_with(&ann, &[("Sec-Fetch-Site", "same-origin")]).await, Ok(()));
    for site in ["cross-site", "same-site"] {
        assert_eq!(status_with(&ann, &[("Sec-Fetch-Site", site)]).await, 403, "{site}");
        assert_eq!(opens_with(&ann, &[("Sec-Fetch-Site", site)]).await, Err(403), "{site}");
    }
}

#[tokio::test]
async fn what_no_page_made_is_allowed() {
    let server = Server::start(Options::sqlite()).await;
    let ann = server.person("ann").await;
    // A browser's own: an address typed in, a bookmark.
    assert_eq!(status_with(&ann, &[("Sec-Fetch-Site", "none")]).await, 201);
    assert_eq!(opens_with(&ann, &[("Sec-Fetch-Site", "none")]).await, Ok(()));
    assert_eq!(status_with(&ann, &[("Sec-Fetch-Site", "none"), ("Origin", FOREIGN)]).await, 403);
}

#[tokio::test]
async fn a_form_on_another_site_is_403() {
    let server = Server::start(Options::sqlite()).await;
    let ann = server.person("ann").await;
    let mut socket = ann.socket().await;
    let account = [("username", "eve"), ("password", PASSWORD)];
    let fields =
        [("/login", &account[..]), ("/signup", &account[..]), ("/rooms", &[("slug", "den")][..]), ("/logout", &[][..])];
    for header in
        [("Origin", FOREIGN), ("Origin", "null"), ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Site", "same-site")]
    {
        for (path, fields) in fields {
            let request = ann.http.request(Method::POST, &format!("page:{path}")).header(header.0, header.1);
            let refused = Reply::of(request.form(fields)).await;
            assert_eq!(refused.status, 403, "{path} {header:?}");
            assert_eq!(refused.header("set-cookie"), "", "{path} {header:?}");
        }
        // Nor may another site sign a visitor in as somebody of its own.
        for path in ["/login", "/signup"] {
            let request = server.stranger().request(Method::POST, &format!("page:{path}")).header(header.0, header.1);
            assert_eq!(Reply::of(request.form(&account)).await.status, 403, "{path} {header:?}, without a cookie");
        }
    }
    assert_eq!(ann.http.get("/me").await.ok(200), ann.user);
    ann.http.get("/rooms/den").await.ok(404);
    assert_eq!(socket.refusal(json!({"type": "join", "room": "den"})).await, "not_found", "and still open");
    server.person("eve").await;
}

#[tokio::test]
async fn a_form_that_does_not_say_from_where_is_403() {
    let server = Server::start(Options::sqlite()).await;
    let ann = server.person("ann").await;
    for (path, fields) in [("/rooms", &[("slug", "den")][..]), ("/logout", &[][..])] {
        let request = ann.http.request(Method::POST, &format!("page:{path}"));
        assert_eq!(Reply::of(request.form(fields)).await.status, 403, "{path}");
    }
    ann.http.get("/rooms/den").await.ok(404);
}

#[tokio::test]
async fn reading_is_allowed_from_anywhere() {
    let server = Server::start(Options::sqlite()).await;
    let ann = server.person("ann").await;
    let request = ann.http.request(Method::GET, "/me").header("Origin", FOREIGN);
    Reply::of(request).await.ok(200);
}

#[tokio::test]
async fn without_a_cookie_nobody_asks_for_the_origin() {
    let server = Server::start(Options::sqlite()).await;
    let account = json!({"username": "ann", "password": PASSWORD});
    let request = server.stranger().request(Method::POST, "/signup").json(&account);
    Reply::of(request).await.ok(201);
}

#[tokio::test]
async fn listed_origins_are_allowed_and_others_not() {
    let server =
        Options::sqlite().option("--allowed-origins", "https://chat.example,https://other.example:8443").start().await;
    let ann = server.person("ann").await;
    for origin in ["https://chat.example", "https://other.example:8443"] {
        assert_eq!(status_with(&ann, &[("Origin", origin)]).await, 201, "{origin}");
        assert_eq!(opens_with(&ann, &[("Origin", origin)]).await, Ok(()), "{origin}");
    }
    for origin in [FOREIGN, "http://chat.example", "https://other.example"] {
        assert_eq!(status_with(&ann, &[("Origin", origin)]).await, 403, "{origin}");
        assert_eq!(opens_with(&ann, &[("Origin", origin)]).await, Err(403), "{origin}");
    }
}

#[tokio::test]
async fn the_public_url_is_an_allowed_origin() {
    let server = Options::sqlite().option("--public-url", "http://chat.example").start().await;
    let ann = server.person("ann").await;
    assert_eq!(status_with(&ann, &[("Origin", "http://chat.example")]).await, 201);
    assert_eq!(opens_with(&ann, &[("Origin", "http://chat.example")]).await, Ok(()));
    assert_eq!(opens_with(&ann, &[("Origin", "https://chat.example")]).await, Err(403));
}

#[tokio::test]
async fn an_upgrade_without_a_session_is_401() {
    let server = Server::start(Options::sqlite()).await;
    let own = server.url();
    let answer = handshake(&server.address, None, &[("Origin", &own)], None).await;
    assert_eq!(answer.map(drop), Err(401));
}
