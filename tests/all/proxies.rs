//! Behind a proxy: what it says of the client and of the host counts where the proxy is trusted, and nowhere else.

use crate::common::socket::handshake;
use crate::common::*;
use reqwest::Method;

const PUBLIC: &str = "https://chat.example";

async fn trusting(proxy: &str) -> (Server, Person) {
    let server = Options::sqlite().option("--login-rate", 1).option("--trusted-proxies", proxy).start().await;
    let ann = server.person("ann").await;
    (server, ann)
}

/// Makes a room with ann's cookie from this origin, as the proxy passes it on.
async fn makes_a_room(ann: &Person, origin: &str, header: (&'static str, &str)) -> u16 {
    let room = json!({"slug": format!("room-{}", new_key())});
    let request = ann.http.request(Method::POST, "/rooms").json(&room);
    Reply::of(request.header("Origin", origin).header(header.0, header.1)).await.status
}

async fn opens(ann: &Person, origin: &str, header: (&'static str, &str)) -> Result<(), u16> {
    let cookie = ann.http.cookie();
    handshake(&ann.address, cookie.as_deref(), &[("Origin", origin), header], None).await.map(drop)
}

#[tokio::test]
async fn a_trusted_proxys_forwarded_host_is_the_requests_own() {
    let (_server, ann) = trusting("127.0.0.1").await;
    for header in [("X-Forwarded-Host", "chat.example"), ("Forwarded", "for=192.0.2.1;host=chat.example;proto=https")] {
        assert_eq!(makes_a_room(&ann, PUBLIC, header).await, 201, "{header:?}");
        assert_eq!(opens(&ann, PUBLIC, header).await, Ok(()), "{header:?}");
        for origin in ["https://evil.example", "https://chat.example.evil.example", "https://chat.example:8443"] {
            assert_eq!(makes_a_room(&ann, origin, header).await, 403, "{origin} {header:?}");
            assert_eq!(opens(&ann, origin, header).await, Err(403), "{origin} {header:?}");
        }
    }
}

#[tokio::test]
async fn a_forwarded_host_with_a_port_is_that_port() {
    let (_server, ann) = trusting("127.0.0.1").await;
    let header = ("X-Forwarded-Host", "chat.example:8443");
    assert_eq!(makes_a_room(&ann, "https://chat.example:8443", header).await, 201);
    assert_eq!(makes_a_room(&ann, PUBLIC, header).await, 403);
}

#[tokio::test]
async fn anybody_elses_forwarded_host_is_ignored() {
    for proxies in ["", "10.0.0.0/8"] {
        let (server, ann) = trusting(proxies).await;
        let own = server.url();
        for header in [("X-Forwarded-Host", "chat.example"), ("Forwarded", "host=chat.example")] {
            assert_eq!(makes_a_room(&ann, PUBLIC, header).await, 403, "{header:?}");
            assert_eq!(opens(&ann, PUBLIC, header).await, Err(403), "{header:?}");
            assert_eq!(makes_a_room(&ann, &own, header).await, 201, "the host is still the request's own: {header:?}");
        }
    }
}

/// Fails to log in, which an address may do ten times a minute for all accounts and once for each.
async fn fails_from(server: &Server, header: (&'static str, &str)) -> u16 {
    let account = json!({"username": "ann", "password": "wrong password"});
    let request = server.stranger().request(Method::POST, "/login").json(&account);
    Reply::of(request.header(header.0, header.1)).await.status
}

#[tokio::test]
async fn forwarded_names_the_client() {
    let (server, _) = trusting("127.0.0.1, 10.0.0.0/8").await;
    for (first, again, another) in [
        ("for=192.0.2.1", "For=192.0.2.1;proto=https", "for=192.0.2.2"),
        ("for=192.0.2.3;by=10.0.0.1", "for=\"192.0.2.3:4711\"", "for=192.0.2.4"),
        ("for=\"[2001:db8::1]\"", "for=\"[2001:db8::1]:4711\"", "for=\"[2001:db8:0:1::1]\""),
        // What stands left of the last address that is no trusted proxy is the client's own word.
        ("for=192.0.2.5, for=10.0.0.2", "for=198.51.100.1, for=192.0.2.5, for=10.0.0.2", "for=192.0.2.6, for=10.0.0.2"),
    ] {
        assert_eq!(fails_from(&server, ("Forwarded", first)).await, 401, "{first}");
        assert_eq!(fails_from(&server, ("Forwarded", again)).await, 429, "{again} is the same as {first}");
        assert_eq!(fails_from(&server, ("Forwarded", another)).await, 401, "{another} is not {first}");
    }
}

#[tokio::test]
async fn anybody_elses_forwarded_is_ignored() {
    let (server, _) = trusting("10.0.0.1").await;
    assert_eq!(fails_from(&server, ("Forwarded", "for=192.0.2.1")).await, 401);
    assert_eq!(fails_from(&server, ("Forwarded", "for=192.0.2.2")).await, 429);
}

#[tokio::test]
async fn metrics_ask_for_the_client_and_not_for_the_proxy() {
    let (server, _) = trusting("127.0.0.1").await;
    let status = async |header: (&'static str, &str)| {
        let request = server.stranger().request(Method::GET, "page:/metrics").header(header.0, header.1);
        Reply::of(request).await.status
    };
    assert_eq!(status(("Forwarded", "for=192.0.2.1")).await, 404);
    assert_eq!(status(("X-Forwarded-For", "192.0.2.1")).await, 404);
    assert_eq!(status(("X-Forwarded-For", "127.0.0.1")).await, 200);
    assert_eq!(server.stranger().get("page:/metrics").await.status, 200);
}

#[tokio::test]
async fn anybody_elses_forwarded_headers_open_no_metrics() {
    for proxies in ["", "10.0.0.0/8"] {
        let server =
            Options::sqlite().option("--trusted-proxies", proxies).option("--metrics-from", "192.0.2.1").start().await;
        for header in [
            ("X-Forwarded-For", "192.0.2.1"),
            ("X-Forwarded-For", "192.0.2.1, 127.0.0.1"),
            ("Forwarded", "for=192.0.2.1"),
            ("X-Real-IP", "192.0.2.1"),
        ] {
            let request = server.stranger().request(Method::GET, "page:/metrics").header(header.0, header.1);
            assert_eq!(Reply::of(request).await.status, 404, "{header:?}");
        }
    }
}

#[tokio::test]
async fn anybody_elses_forwarded_scheme_makes_no_cookie_secure_and_no_origin_ones_own() {
    let (server, ann) = trusting("10.0.0.0/8").await;
    let account = json!({"username": "bob", "password": PASSWORD});
    let request = server.stranger().request(Method::POST, "/signup").json(&account);
    let made = Reply::of(request.header("X-Forwarded-Proto", "https")).await;
    assert_eq!(made.status, 201);
    assert!(!made.header("set-cookie").contains("Secure"), "{}", made.header("set-cookie"));
    for header in [("X-Forwarded-Proto", "https"), ("X-Forwarded-Port", "443"), ("Forwarded", "proto=https")] {
        assert_eq!(makes_a_room(&ann, "https://127.0.0.1", header).await, 403, "{header:?}");
    }
}
