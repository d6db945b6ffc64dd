//! A path is routed in one spelling only, and every upgrade passes the origin rule. Asked byte by byte: a client's library
//! would write the path as it should be.

use crate::common::wait::within;
use crate::common::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Spellings of a path that a decoding router takes for the same.
fn spellings(path: &str) -> Vec<String> {
    let letters: Vec<char> = path.chars().collect();
    let encoded = |at: usize| {
        let one = |(n, c): (usize, &char)| if n == at { format!("%{:02x}", *c as u32) } else { c.to_string() };
        letters.iter().enumerate().map(one).collect::<String>()
    };
    let places = (0..letters.len()).filter(|at| letters[*at] != '/');
    let mut all: Vec<String> = places.map(encoded).collect();
    all.push(letters.iter().map(|c| if *c == '/' { "/".to_owned() } else { format!("%{:02X}", *c as u32) }).collect());
    all.extend([
        format!("/{path}"),
        format!("/.{path}"),
        format!("{path}/"),
        format!("{path}/."),
        format!("/x/..{path}"),
    ]);
    all
}

/// The status of the answer to a request with these lines.
async fn status(address: &str, method: &str, path: &str, lines: &[String]) -> u16 {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let close = if lines.iter().any(|line| line.starts_with("Upgrade")) { "" } else { "Connection: close\r\n" };
    let head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\n{close}");
    let head = lines.iter().fold(head, |head, line| format!("{head}{line}\r\n"));
    stream.write_all(format!("{head}\r\n").as_bytes()).await.expect("a request that is sent");
    let mut answer = [0; 12];
    within(PATIENCE, "a status line", stream.read_exact(&mut answer)).await.expect("an answer");
    String::from_utf8_lossy(&answer)[9..].parse().expect("a status")
}

fn upgrade(person: &Person, origin: &str) -> Vec<String> {
    let cookie = person.http.cookie().expect("a session");
    [
        "Connection: Upgrade",
        "Upgrade: WebSocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        &format!("Origin: {origin}"),
        &format!("Cookie: {cookie}"),
    ]
    .map(str::to_owned)
    .to_vec()
}

#[tokio::test]
async fn no_spelling_of_the_sockets_path_passes_the_origin_rule() {
    let server = Server::start(Options::sqlite()).await;
    let ann = server.person("ann").await;
    let own = server.url();
    assert_eq!(status(&server.address, "GET", "/ws", &upgrade(&ann, &own)).await, 101);
    for method in ["GET", "HEAD"] {
        for path in spellings("/ws") {
            for origin in ["https://evil.example", "http://127.0.0.1:1", &own] {
                let answer = status(&server.address, method, &path, &upgrade(&ann, origin)).await;
                assert_eq!(answer, 404, "{method} {path} from {origin}");
            }
        }
        assert_eq!(status(&server.address, method, "/ws", &upgrade(&ann, "https://evil.example")).await, 403);
    }
}

#[tokio::test]
async fn an_upgrade_of_any_path_passes_the_origin_rule() {
    let server = Server::start(Options::sqlite()).await;
    let ann = server.person("ann").await;
    for path in ["/", "/rooms", "/api/v1/me", "/healthz", "/nothing/here"] {
        assert_eq!(status(&server.address, "GET", path, &upgrade(&ann, "https://evil.example")).await, 403, "{path}");
    }
}

#[tokio::test]
async fn a_path_in_another_spelling_is_404_on_every_route() {
    let server = Server::start(Options::sqlite()).await;
    let ann = server.person("ann").await;
    let session = [format!("Cookie: {}", ann.http.cookie().expect("a session"))];
    for path in ["/metrics", "/healthz", "/rooms", "/api/v1/me", "/people/ann", "/login"] {
        assert_ne!(status(&server.address, "GET", path, &session).await, 404, "{path}");
        for spelling in spellings(path) {
            assert_eq!(status(&server.address, "GET", &spelling, &session).await, 404, "{spelling}");
        }
    }
}

#[tokio::test]
async fn the_metrics_are_not_behind_the_balancer_in_any_spelling() {
    let server = Server::start(Options::sqlite()).await;
    let balancer = Haproxy::before(std::slice::from_ref(&server)).await;
    assert_eq!(status(&server.address, "GET", "/metrics", &[]).await, 200);
    for path in spellings("/metrics").iter().map(String::as_str).chain(["/metrics", "/METRICS"]) {
        assert_eq!(status(&balancer.address, "GET", path, &[]).await, 404, "{path}");
    }
}

/// Before somebody who answers everything, so that it is the balancer that refuses.
#[tokio::test]
async fn the_balancer_itself_passes_no_encoded_spelling_of_the_metrics_on() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            let _ = stream.write_all(answer).await;
        }
    });
    let balancer = Haproxy::before_all(std::iter::once(&*address)).await;
    assert_eq!(status(&balancer.address, "GET", "/rooms/metrics", &[]).await, 200, "a room may have this name");
    let encoded = spellings("/metrics").into_iter().filter(|path| path.contains('%'));
    for path in encoded.chain(["/metrics", "/METRICS", "/%4dETRICS"].map(str::to_owned)) {
        assert_eq!(status(&balancer.address, "GET", &path, &[]).await, 404, "{path}");
    }
}

#[tokio::test]
async fn an_invitations_token_is_in_no_line_of_the_log_however_it_is_asked_for() {
    let server = Server::start(Options::sqlite()).await;
    let admin = server.person_as("root", "admin").await;
    let made = admin.http.post("/invitations", json!({})).await.ok(201);
    let path = made["url"].as_str().expect("a link").strip_prefix(&server.url()).expect("a link to here").to_owned();
    let token = path.strip_prefix("/invite/").expect("a token");
    assert_eq!(status(&server.address, "GET", &path, &[]).await, 200);
    let others = ["/INVITE/", "/invite%2F", "/x/invite/", "/invites/", "/%2569nvite/", "/api/v1/invite/"];
    for path in spellings(&path).into_iter().chain(others.map(|before| format!("{before}{token}"))) {
        assert_eq!(status(&server.address, "GET", &path, &[]).await, 404, "{path}");
    }
    assert_eq!(status(&server.address, "GET", "/the-last-of-these", &[]).await, 404);
    let log = eventually(PATIENCE, "the last line", async || {
        Some(server.stderr()).filter(|log| log.contains("/the-last-of-these"))
    })
    .await;
    // Long enough to be no accident, and whichever letter of it was encoded.
    assert!(!log.contains(&token[..16]) && !log.contains(&token[token.len() - 16..]), "{log}");
}
