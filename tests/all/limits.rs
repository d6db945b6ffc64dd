//! Bounds on sends and sockets.

use crate::common::socket::handshake;
use crate::common::*;
use crate::release::built_commit;
use std::time::Duration;

async fn try_to_open(person: &Person) -> Result<(), u16> {
    let origin = format!("http://{}", person.address);
    let cookie = person.http.cookie();
    handshake(&person.address, cookie.as_deref(), &[("Origin", &origin)], None).await.map(drop)
}

async fn sends_above_the_rate_are_told_when_to_come_back(options: Options) {
    let server = options.option("--send-rate", 2).start().await;
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    for n in 0..6 {
        socket.say("den", &format!("{n} of the burst")).await;
    }
    let frame = json!({"type": "send", "room": "den", "key": new_key(), "body": "one too many"});
    let error = socket.ask(frame.clone()).await;
    assert_eq!(error["code"], "rate_limited");
    assert_eq!((&error["key"], &error["room"]), (&frame["key"], &frame["room"]));
    let wait = error["retry_after_ms"].as_u64().expect("milliseconds");
    assert!((1..=1000).contains(&wait), "at 2 a second: {wait}");
    // The wait is the server's own word, so afterwards the same key must be taken.
    tokio::time::sleep(Duration::from_millis(wait)).await;
    assert_eq!(socket.ask_ok(frame).await["id"], 7, "what was refused took no number");
}

/// Edits, deletions and reactions have a bucket of their own, as large as that of messages.
async fn changes_above_the_rate_are_told_when_to_come_back(options: Options) {
    let server = options.option("--send-rate", 1).start().await;
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    for n in 0..3 {
        socket.say("den", &n.to_string()).await;
    }
    let changes = |n: u32| {
        [
            json!({"type": "edit", "room": "den", "id": 1, "body": format!("edited {n}")}),
            json!({"type": "react", "room": "den", "id": 2, "emoji": "👍", "on": n.is_multiple_of(2)}),
            json!({"type": "delete", "room": "den", "id": 3}),
        ]
    };
    for change in changes(0) {
        socket.ask_ok(change).await;
    }
    // All on their way before the first is answered, so that few can fall into a later second.
    for n in 1..=10 {
        for mut change in changes(n) {
            change["ref"] = json!(format!("{} {n}", change["type"].as_str().unwrap()));
            socket.send_json(change).await;
        }
    }
    for kind in ["edit", "react", "delete"] {
        let mut refused = 0;
        for n in 1..=10 {
            let reference = format!("{kind} {n}");
            let answer = socket.expect_where(&reference, |f| f["ref"] == reference.as_str()).await;
            if answer["type"] == "error" {
                assert_eq!((&answer["code"], &answer["room"]), (&json!("rate_limited"), &json!("den")), "{answer}");
                let wait = answer["retry_after_ms"].as_u64().expect("milliseconds");
                assert!((1..=1001).contains(&wait), "at 1 a second: {wait}");
                refused += 1;
            }
        }
        assert!(refused > 0, "thirty changes at once, at 1 a second, and no `{kind}` was refused");
    }
}

#[tokio::test]
async fn the_send_rate_is_a_users_and_not_a_sockets() {
    let server = Options::sqlite().option("--send-rate", 1).start().await;
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let (mut one, mut two) = (ann.socket_in("den").await, ann.socket_in("den").await);
    for n in 0..3 {
        one.say("den", &n.to_string()).await;
    }
    let frame = json!({"type": "send", "room": "den", "key": new_key(), "body": "too many"});
    assert_eq!(two.refusal(frame).await, "rate_limited");
    bob.socket_in("den").await.say("den", "another user").await;
}

#[tokio::test]
async fn a_rate_of_0_is_no_limit() {
    let server = Options::sqlite().option("--send-rate", 0).start().await;
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    socket.say_many("den", (0..500).map(|n| n.to_string())).await;
}

#[tokio::test]
async fn by_default_a_user_sends_a_burst_of_30() {
    let server = Options::sqlite().without("--send-rate").start().await;
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    // All on their way before the first is answered: a slow machine has no time to refill what they take.
    for n in 0..60 {
        let body = n.to_string();
        let frame = json!({"type": "send", "room": "den", "key": new_key(), "body": body, "ref": body});
        socket.send_json(frame).await;
    }
    let mut refused = 0;
    for n in 0..60 {
        let answer =
            socket.expect_where("an answer", |answer| answer["ref"].as_str() == Some(n.to_string().as_str())).await;
        assert!(n >= 30 || answer["type"] == "sent", "{n}: {answer}");
        refused += u32::from(answer["code"] == "rate_limited");
    }
    assert!(refused > 0, "sixty at once are above 10 a second with a burst of 30");
}

#[tokio::test]
async fn one_socket_too_many_of_a_user_is_closed_with_4429() {
    let server = Options::sqlite().option("--sockets-per-user", 2).start().await;
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let mut one = ann.socket_in("den").await;
    let two = ann.socket().await;
    let origin = server.url();
    let third = handshake(&server.address, ann.http.cookie().as_deref(), &[("Origin", &origin)], None).await;
    assert_eq!(closing_code(third.expect("an upgrade")).await, 4429);
    one.say("den", "the others are served").await;
    bob.socket().await;
    drop(two);
    // Its end makes room for the next.
    eventually(PATIENCE, "room for another socket", async || {
        let stream = handshake(&server.address, ann.http.cookie().as_deref(), &[("Origin", &origin)], None).await;
        let first = first_frame(stream.expect("an upgrade")).await;
        (first == "welcome").then_some(())
    })
    .await;
}

#[tokio::test]
async fn above_max_sockets_upgrades_get_503() {
    let server = Options::sqlite().option("--max-sockets", 2).start().await;
    let [ann, bob] = server.people(["ann", "bob"]).await;
    let one = ann.socket().await;
    let _two = bob.socket().await;
    assert_eq!(try_to_open(&ann).await, Err(503));
    let upgrade = ann.http.request(reqwest::Method::GET, "page:/ws").header("Origin", server.url());
    let refused = Reply::of(upgrade).await;
    assert_eq!(refused.error(), (503, "unavailable"));
    assert_eq!(refused.header("retry-after"), "1", "in seconds");
    ann.http.get("/me").await.ok(200);
    drop(one);
    let opened = async || try_to_open(&ann).await.ok();
    eventually(PATIENCE, "room for another socket", opened).await;
}

/// Says what the limit is, too: the log's first line is where an operator looks.
#[tokio::test]
async fn the_open_file_limit_is_raised_at_start_and_the_log_tells_what_it_allows() {
    let low = ["sh", "-c", "ulimit -Sn 300 && exec \"$0\" \"$@\""];
    let server = Options::sqlite().wrapper(&low).option("--log-format", "json").start().await;
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: getrlimit writes into the struct it is given.
    assert_eq!(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) }, 0);
    let told = start_line(&server);
    assert_eq!(told["open_file_limit"], limit.rlim_max, "{told}");
    let workers = told["workers"].as_u64().unwrap();
    assert_eq!(told["max_sockets"], limit.rlim_max - 248 - 4 * workers, "{told}");
    assert_eq!((&told["database"], &told["address"]), (&json!("sqlite"), &json!(server.address)), "{told}");
    assert_eq!(told["version"], env!("CARGO_PKG_VERSION"), "{told}");
    assert_eq!(told["commit"], built_commit(), "{told}");
    assert!(told["workers"].as_u64().is_some_and(|workers| workers > 0), "{told}");
    let all = told["max_sockets"].as_u64().unwrap() * told["bytes_per_idle_socket"].as_u64().unwrap();
    assert_eq!(told["max_sockets_mib"], all.div_ceil(1 << 20), "{told}");
}

#[tokio::test]
async fn the_log_line_at_start_has_no_password() {
    let database = Database::Postgres.create().expect("a Postgres database");
    let with_password = database.url.replace("//klatch@", "//klatch:5eC4e7@");
    let options = Options::sqlite().option("--log-format", "json").option("--database-url", with_password);
    let server = options.start().await;
    assert_eq!(start_line(&server)["database"], "postgres");
    assert!(!server.stderr().contains("5eC4e7"), "{}", server.stderr());
}

/// The fields of the line that `--log-format json` writes at start.
pub fn start_line(server: &Server) -> Value {
    let log = server.stderr();
    let mut lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.find(|line| line["message"] == "serving").unwrap_or_else(|| panic!("no line at start: {log}"))
}

type Stream = tokio_tungstenite::WebSocketStream<tokio::net::TcpStream>;

/// The code of the close frame that comes, whatever comes before it.
async fn closing_code(mut stream: Stream) -> u16 {
    use futures_util::StreamExt;
    use tokio_tungstenite::tungstenite::Message;
    let end = async {
        loop {
            if let Message::Close(frame) = stream.next().await.expect("a close frame").expect("a frame") {
                return frame.expect("a code").code.into();
            }
        }
    };
    wait::within(PATIENCE, "a close frame", end).await
}

/// The type of the first text frame, or `closed`.
async fn first_frame(mut stream: Stream) -> String {
    use futures_util::StreamExt;
    let frame = wait::within(PATIENCE, "a frame", stream.next()).await;
    let text = frame.expect("a frame").expect("a frame").into_text().unwrap_or_default();
    let frame: Value = serde_json::from_str(&text).unwrap_or_default();
    frame["type"].as_str().unwrap_or("closed").to_owned()
}

// Not about storage.
on_sqlite![sends_above_the_rate_are_told_when_to_come_back, changes_above_the_rate_are_told_when_to_come_back,];
