//! Hashing passwords is slow by design, and happens beside everything else.

use crate::common::process::{allow_open_files, memory};
use crate::common::*;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Enough that hashing them one after another takes longer than a handful of messages ever should.
const LOGINS: usize = 40;

#[tokio::test]
async fn a_login_storm_does_not_delay_a_message() {
    let server = Options::sqlite().with_real_passwords().option("--login-rate", 0).start().await;
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    let storm: Vec<_> = (0..LOGINS)
        .map(|_| {
            let stranger = server.stranger();
            tokio::spawn(async move {
                stranger.post("/login", json!({"username": "ann", "password": "wrong password"})).await.status
            })
        })
        .collect();
    // All of them are in; the first has been refused, so hashing is under way.
    eventually(PATIENCE, "the first answer", async || storm.iter().any(|login| login.is_finished()).then_some(()))
        .await;
    for n in 0..5 {
        socket.say("den", &format!("message {n}")).await;
    }
    let waiting = storm.iter().filter(|login| !login.is_finished()).count();
    assert!(waiting > 0, "five messages took longer than {LOGINS} logins");
    for login in storm {
        assert_eq!(login.await.expect("a login"), 401);
    }
}

/// One login from an address of its own, and how it was answered: the status, and whether it says when to come again.
async fn login_from(server: String, n: usize) -> (u16, bool) {
    let (name, password) =
        if n.is_multiple_of(2) { ("ann".to_owned(), PASSWORD) } else { (format!("nobody-{n}"), "wrong password") };
    let body = json!({"username": name, "password": password}).to_string();
    let request = format!(
        "POST /api/v1/login HTTP/1.1\r\nHost: {server}\r\nX-Forwarded-For: 10.0.{}.{}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        n / 256,
        n % 256,
        body.len()
    );
    let mut stream = TcpStream::connect(server).await.expect("a connection");
    stream.write_all(request.as_bytes()).await.expect("an open connection");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.expect("a status"), answer.contains("\r\nretry-after: "))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hundreds_of_logins_at_once_are_answered_and_delay_no_message() {
    let logins = scale().logins;
    allow_open_files(logins as u64 + 500);
    let server = Options::sqlite().with_real_passwords().option("--trusted-proxies", "127.0.0.1").start().await;
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let (mut from, mut to) = (ann.socket_in("den").await, ann.socket_in("den").await);
    let mut said = 0;
    let mut say = async || {
        said += 1;
        let body = format!("message {said}");
        let begun = Instant::now();
        from.say("den", &body).await;
        to.messages_up_to("den", &body).await;
        begun.elapsed()
    };
    let mut before = vec![];
    for _ in 0..20 {
        before.push(say().await);
    }
    let used = memory(&server);
    let mut storm = JoinSet::new();
    for n in 0..logins {
        storm.spawn(login_from(server.address.clone(), n));
    }
    let (begun, mut most_used, mut times, mut statuses) = (Instant::now(), 0, vec![], BTreeMap::new());
    while !storm.is_empty() {
        times.push(say().await);
        most_used = most_used.max(memory(&server));
        while let Some(login) = storm.try_join_next() {
            let (status, says_when) = login.expect("a login");
            assert!([200, 401].contains(&status) || ([429, 503].contains(&status) && says_when), "{status}");
            *statuses.entry(status).or_insert(0) += 1;
        }
        // The windows' time, that of the passwords, and some for a busy machine.
        assert!(begun.elapsed() < Duration::from_secs(40), "{} without an answer", storm.len());
    }
    before.sort_unstable();
    times.sort_unstable();
    let (control, median, slowest) = (before[before.len() / 2], times[times.len() / 2], times[times.len() - 1]);
    assert!(statuses.contains_key(&200) && statuses.contains_key(&401), "{statuses:?}");
    assert!(median < (control * 10).max(Duration::from_millis(250)), "{control:?} before, {median:?} meanwhile");
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
    assert!(most_used < used + 200_000_000, "{used} bytes before, {most_used} meanwhile");
    ann.elsewhere().await.http.get("/me").await.ok(200);
}
