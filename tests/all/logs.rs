//! The log: a line for each request and for each socket's end, joined by the request's id, and never a secret.

use crate::common::postgres::TestDatabase;
use crate::common::server::run;
use crate::common::*;
use reqwest::Method;

const WRONG_PASSWORD: &str = "not-the-password-5eC4e7";
const DATABASE_PASSWORD: &str = "pg-5eC4e7-pg";
/// In every message that is sent here.
const MARK: &str = "mark-5eC4e7-mark";

fn json_lines(log: &str) -> Vec<Value> {
    let line = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    log.lines().map(line).collect()
}

/// The lines that tell of this.
fn told<'a>(lines: &'a [Value], message: &str, field: &str, value: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["message"] == message && line[field] == value).collect()
}

#[tokio::test]
async fn a_request_is_one_line_with_user_status_duration_and_bytes() {
    let server = Options::sqlite().option("--log-format", "json").start().await;
    let ann = server.person("ann").await;
    let me = ann.http.get("/me").await;
    let stranger = server.stranger().get("/me").await;
    let page = server.stranger().get("page:/login").await;
    let lines = json_lines(&server.stderr());
    let signed_up = &told(&lines, "answered", "path", "/api/v1/signup")[0];
    assert_eq!((&signed_up["user"], &signed_up["status"]), (&json!("ann"), &json!(201)));
    for (reply, user, path) in
        [(&me, json!("ann"), "/api/v1/me"), (&stranger, Value::Null, "/api/v1/me"), (&page, Value::Null, "/login")]
    {
        let [line] = told(&lines, "answered", "id", reply.header("x-request-id"))[..] else {
            panic!("not one line of {path}: {lines:?}")
        };
        assert_eq!((&line["user"], &line["path"]), (&user, &json!(path)), "{line}");
        assert_eq!((&line["method"], &line["status"]), (&json!("GET"), &json!(reply.status)), "{line}");
        assert_eq!(line["bytes"], reply.text.len(), "{line}");
        assert!(line["millis"].is_u64(), "{line}");
        assert_eq!(line["client"], "127.0.0.1", "{line}");
    }
}

/// Whoever asks every second tells nothing by it.
#[tokio::test]
async fn probes_and_scrapes_are_no_lines_and_no_part_of_the_metrics() {
    let server = Options::sqlite().option("--log-format", "json").start().await;
    let stranger = server.stranger();
    stranger.get("/me").await.error();
    let (requests, times) =
        ("klatch_http_requests_total{status=\"4xx\"}", "klatch_http_request_duration_seconds_count");
    assert_eq!((server.metric(requests).await, server.metric(times).await), (1.0, 1.0));
    for path in ["page:/healthz", "page:/readyz", "page:/metrics"] {
        stranger.get(path).await.ok(200);
    }
    assert_eq!((server.metric(requests).await, server.metric(times).await), (1.0, 1.0));
    assert_eq!(server.metric("klatch_http_requests_total{status=\"2xx\"}").await, 0.0);
    let lines = json_lines(&server.stderr());
    let answered: Vec<&Value> = lines.iter().filter(|line| line["message"] == "answered").collect();
    assert!(answered.len() == 1 && answered[0]["path"] == "/api/v1/me", "{answered:?}");
}

#[tokio::test]
async fn a_sockets_end_is_one_line_with_the_id_of_its_handshake() {
    let server = Options::sqlite().option("--log-format", "json").start().await;
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut ended = ann.elsewhere().await.socket_in("den").await;
    ended.say("den", "hello").await;
    let mut mistaken = ann.socket().await;
    for _ in 0..10 {
        mistaken.send_text("not JSON").await;
    }
    assert_eq!(mistaken.closed().await.0, 1008);
    drop(mistaken);
    drop(ended);
    let ends = eventually(PATIENCE, "the ends of two sockets", async || {
        let lines = json_lines(&server.stderr());
        let ends = told(&lines, "socket ended", "user", "ann").into_iter().cloned().collect::<Vec<_>>();
        (ends.len() == 2).then_some(ends)
    });
    let ends = ends.await;
    let lines = json_lines(&server.stderr());
    for (code, reason) in [(1008, "bad_frames"), (1006, "gone")] {
        let end = ends.iter().find(|end| end["code"] == code).unwrap_or_else(|| panic!("{code}: {ends:?}"));
        assert_eq!(end["reason"], reason);
        assert!(end["millis"].is_u64());
        assert!(end["bytes_in"].as_u64().unwrap() > 50 && end["bytes_out"].as_u64().unwrap() > 100, "{end}");
        let handshake = told(&lines, "answered", "id", end["id"].as_str().expect("an id"));
        assert_eq!(handshake.len(), 1);
        assert_eq!((&handshake[0]["path"], &handshake[0]["status"]), (&json!("/ws"), &json!(101)));
    }
}

#[tokio::test]
async fn lines_for_people_have_no_escape_codes_in_a_file() {
    let server = Options::sqlite().environment("RUST_LOG", "trace").start().await;
    server.stranger().get("page:/login").await.ok(200);
    let log = server.stderr();
    assert!(log.contains("answered") && log.contains("path=\"/login\""), "{log}");
    assert!(!log.contains('\u{1b}'), "{log}");
}

/// Does everything that handles something secret, right and wrong, with the log as loud as it gets.
async fn nothing_secret_is_logged(database: Database, format: &str) {
    let secret = "5ec4e7".repeat(22);
    let options = Options::sqlite().option("--log-format", format).option("--secret", &secret);
    let options = options.environment("RUST_LOG", "trace");
    let postgres = database.create();
    let mut server = match &postgres {
        Some(TestDatabase { url, .. }) => {
            let url = url.replacen('@', &format!(":{DATABASE_PASSWORD}@"), 1);
            options.environment("KLATCH_DATABASE_URL", &url).start().await
        }
        None => options.start().await,
    };
    let mut cookies = vec![];

    let ann = server.person("ann").await;
    cookies.extend(ann.http.cookie());
    let wrong = json!({"username": "ann", "password": WRONG_PASSWORD});
    server.stranger().post("/login", wrong).await;
    server.stranger().post("/login", json!({"username": "ann", "password": [WRONG_PASSWORD]})).await;
    server.stranger().post("/login", json!({"username": {"password": WRONG_PASSWORD}})).await;
    server.stranger().post("/signup", json!({"username": "-", "password": WRONG_PASSWORD})).await;
    for form in [[("username", "ann"), ("password", WRONG_PASSWORD)], [("username", "ann"), ("password", PASSWORD)]] {
        let visitor = server.stranger();
        let request = visitor.request(Method::POST, "page:/login").header("Origin", server.url());
        Reply::of(request.form(&form)).await;
        cookies.extend(visitor.cookie());
    }
    ann.makes_room("den").await;
    let again = ann.elsewhere().await;
    cookies.extend(again.http.cookie());
    assert_eq!(cookies.len(), 3);

    let mut socket = again.socket_in("den").await;
    socket.say("den", &format!("hello {MARK}")).await;
    socket.ask_ok(json!({"type": "edit", "room": "den", "id": 1, "body": format!("**{MARK}**")})).await;
    socket.refusal(json!({"type": "send", "room": "den", "key": new_key(), "body": [MARK]})).await;
    socket.refusal(json!({"type": "send", "room": "den", "key": MARK, "body": MARK})).await;
    socket.send_text(&format!("{{{MARK}")).await;
    socket.expect("error").await;
    ann.posts("den", MARK).await;
    ann.http.post("/rooms/den/messages", json!({"key": new_key(), "body": {"text": MARK}})).await;
    ann.http.get("page:/rooms/den").await;

    // The database refuses, then it is away.
    server_executes(&server, &postgres, "ALTER TABLE messages RENAME TO lost");
    let send = || json!({"type": "send", "room": "den", "key": new_key(), "body": MARK});
    assert_eq!(socket.refusal(send()).await, "unavailable");
    server_executes(&server, &postgres, "ALTER TABLE lost RENAME TO messages");
    if let Some(postgres) = &postgres {
        postgres.cut_off();
        assert_eq!(socket.refusal(send()).await, "unavailable");
        ann.http.get("/me").await;
        postgres.let_in();
        eventually(PATIENCE * 3, "the database", async || (ann.http.get("/me").await.status == 200).then_some(()))
            .await;
    }
    again.http.post("/logout", json!({})).await.ok(204);
    assert_eq!(socket.closed().await.0, 4401);
    drop(socket);
    assert!(server.terminate().await.success());

    let log = server.stderr();
    for expected in ["answered", "socket ended", "a write was refused", "session_ended"] {
        assert!(log.contains(expected), "{expected}: {log}");
    }
    if format == "json" {
        json_lines(&log);
    }
    let mut secrets = vec![PASSWORD.to_owned(), WRONG_PASSWORD.into(), DATABASE_PASSWORD.into(), MARK.into(), secret];
    for cookie in cookies {
        let value = cookie.split_once('=').expect("a name and a value").1;
        // Signed, then the token itself.
        secrets.extend([value.to_owned(), value[value.len() - 64..].to_owned()]);
    }
    for secret in secrets {
        let line = log.lines().find(|line| line.contains(&secret));
        assert_eq!(line, None, "{secret}");
    }
}

fn server_executes(server: &Server, postgres: &Option<TestDatabase>, sql: &str) {
    match postgres {
        Some(postgres) => postgres.execute(sql),
        None => server.execute(sql),
    }
}

/// libpq repeats what it can't read.
#[tokio::test]
async fn an_address_that_cant_be_used_does_not_show_its_password() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    for address in [
        "postgres://me:5eC4e7%zz@127.0.0.1:1/klatch",
        "postgres://me:5eC4e7@127.0.0.1:1/klatch",
        "postgres://127.0.0.1:1/klatch?user=me&password=5eC4e7%zz",
        "postgres://me:5eC4e7@127.0.0.1:1/klatch?no_such_parameter=1",
    ] {
        let ended = run(folder.path(), &["--database-url", address], &[("RUST_LOG", "trace")]).await;
        let told = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(2), "{told}");
        assert!(told.contains("--database-url") && !told.contains("5eC4e7"), "{told}");
    }
}

mod nothing_secret_is_logged_for {
    use super::{Database, nothing_secret_is_logged};

    #[tokio::test]
    async fn people_on_sqlite() {
        nothing_secret_is_logged(Database::Sqlite, "human").await;
    }

    #[tokio::test]
    async fn people_on_postgres() {
        nothing_secret_is_logged(Database::Postgres, "human").await;
    }

    #[tokio::test]
    async fn programs_on_sqlite() {
        nothing_secret_is_logged(Database::Sqlite, "json").await;
    }

    #[tokio::test]
    async fn programs_on_postgres() {
        nothing_secret_is_logged(Database::Postgres, "json").await;
    }
}

/// The first is a line, and so is each half minute's count of those that followed, until the end: none is lost.
#[tokio::test]
async fn a_flood_of_one_error_is_a_line_with_a_count() {
    let mut server = Options::on(Database::Postgres).in_haste().option("--log-format", "json").start().await;
    let ann = server.person("ann").await;
    // A fault of this kind costs no time.
    server.execute("ALTER TABLE rooms RENAME TO away");
    for _ in 0..40 {
        assert_eq!(ann.http.get("/rooms/den").await.status, 503);
    }
    let again = async || server.stderr().contains("again: store failed").then_some(());
    eventually(PATIENCE * 3, "the count", again).await;
    for _ in 0..3 {
        assert_eq!(ann.http.get("/rooms/den").await.status, 503);
    }
    assert!(server.terminate().await.success());
    let lines = json_lines(&server.stderr());
    let first = lines.iter().filter(|line| line["message"] == "store failed").count() as f64;
    let again =
        lines.iter().filter(|line| line["message"].as_str().is_some_and(|it| it.starts_with("again: store failed")));
    let times: Vec<f64> = again.map(|line| line["times"].as_f64().expect("a number")).collect();
    assert!(first < 10.0, "{first} lines");
    assert!(times.len() > 1 && times.len() < 20, "{times:?}");
    assert_eq!(first + times.iter().sum::<f64>(), 43.0, "{first} lines and {times:?}");
}
