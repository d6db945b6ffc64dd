//! `/metrics`: every number is described, there from the start, moves when it should, and is 0 again when all is over.

use crate::common::socket::handshake;
use crate::common::*;
use std::collections::BTreeMap;
use std::time::Duration;

/// One scrape: what each sample is, by its name and labels as they are written.
pub struct Scrape {
    samples: BTreeMap<String, f64>,
    types: BTreeMap<String, String>,
    helps: BTreeMap<String, String>,
}

impl Scrape {
    pub async fn of(server: &Server) -> Self {
        let answer = server.stranger().get("page:/metrics").await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let mut scrape = Self { samples: BTreeMap::new(), types: BTreeMap::new(), helps: BTreeMap::new() };
        for line in answer.text.lines().filter(|line| !line.is_empty()) {
            let words = |text: &str| text.split_once(' ').map(|(name, rest)| (name.to_owned(), rest.to_owned()));
            let new = if let Some(help) = line.strip_prefix("# HELP ") {
                scrape.helps.extend(words(help));
                true
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = words(kind).expect("a name and a type");
                scrape.types.insert(name, kind).is_none()
            } else {
                let (name, value) = line.rsplit_once(' ').expect("a name and a value");
                let value = value.parse().unwrap_or_else(|_| panic!("{line}"));
                scrape.samples.insert(name.to_owned(), value).is_none()
            };
            assert!(new, "told twice: {line}");
        }
        scrape
    }

    #[track_caller]
    pub fn get(&self, sample: &str) -> f64 {
        *self.samples.get(sample).unwrap_or_else(|| panic!("{sample} is not among {:?}", self.samples.keys()))
    }

    /// All samples of a name together, whatever their labels.
    fn sum(&self, name: &str) -> f64 {
        let of_name = |sample: &str| sample.split('{').next() == Some(name);
        self.samples.iter().filter(|(sample, _)| of_name(sample)).map(|(_, value)| value).sum()
    }
}

/// Scrapes until `wanted` holds: what a test sees elsewhere may be counted a moment later.
pub async fn scraped(server: &Server, what: &str, wanted: impl Fn(&Scrape) -> bool) -> Scrape {
    eventually(PATIENCE, what, async || Some(Scrape::of(server).await).filter(&wanted)).await
}

/// Name and type in each row of the tables.
fn documented() -> BTreeMap<String, String> {
    let document = include_str!("../../docs/metrics.md");
    let rows = document.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    rows.map(|(name, rest)| (name.to_owned(), rest.split(" |").next().unwrap_or_default().to_owned())).collect()
}

#[tokio::test]
async fn the_first_scrape_has_everything_that_is_documented_and_nothing_else() {
    let server = Server::start(Options::sqlite()).await;
    let scrape = Scrape::of(&server).await;
    assert_eq!(scrape.types, documented());
    assert_eq!(scrape.helps.keys().collect::<Vec<_>>(), scrape.types.keys().collect::<Vec<_>>());
    for (name, kind) in &scrape.types {
        assert!(kind != "counter" || name.ends_with("_total"), "{name}");
        let sample = if kind == "histogram" { format!("{name}_count") } else { name.clone() };
        assert!(scrape.samples.keys().any(|known| known.split('{').next() == Some(&sample)), "{name} has no value");
        assert!(!scrape.helps[name].is_empty());
    }
}

#[tokio::test]
async fn every_close_code_has_its_number_from_the_first_scrape() {
    let server = Options::sqlite().start().await;
    for close in klatch::wire::Close::ALL {
        let sample = format!("klatch_sockets_closed_total{{code=\"{}\"}}", close.code());
        assert_eq!(server.metric(&sample).await, 0.0, "{sample}");
    }
}

#[tokio::test]
async fn labels_never_have_values_that_users_choose() {
    let server = Server::start(Options::sqlite()).await;
    let known = Scrape::of(&server).await;
    let [ann, bob] = server.people(["ann-of-the-labels", "bob-of-the-labels"]).await;
    ann.makes_room("room-of-the-labels").await;
    let mut socket = ann.socket_in("room-of-the-labels").await;
    socket.say("room-of-the-labels", "hello").await;
    bob.socket_in("room-of-the-labels").await;
    server.stranger().get("page:/path-of-the-labels").await;
    let after = Scrape::of(&server).await;
    let keys = |scrape: &Scrape| scrape.samples.keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&known), keys(&after), "whatever happens, the samples are those of the first scrape");
}

#[tokio::test]
async fn a_command_is_counted_by_what_came_of_it() {
    let server = Options::sqlite().start().await;
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let before = Scrape::of(&server).await;
    ann.http.put("/rooms/den/members/bob").await.ok(204);
    let refused = bob.http.patch("/rooms/den", json!({"title": "Mine"})).await;
    assert_eq!(refused.error(), (403, "forbidden"));
    server.execute("ALTER TABLE audit RENAME TO elsewhere");
    let failed = ann.http.patch("/rooms/den", json!({"slow_secs": 5})).await;
    assert_eq!(failed.error(), (503, "unavailable"));
    let after = Scrape::of(&server).await;
    for outcome in ["done", "refused", "failed"] {
        let sample = format!("klatch_commands_total{{outcome=\"{outcome}\"}}");
        assert_eq!(after.get(&sample) - before.get(&sample), 1.0, "{sample}");
    }
}

async fn what_happens_is_counted(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let (mut writer, mut reader) = (ann.socket_in("den").await, bob.socket_in("den").await);
    let before = Scrape::of(&server).await;
    assert_eq!(before.get("klatch_sockets"), 2.0);
    assert_eq!(before.get("klatch_rooms"), 1.0);
    assert_eq!(before.get("klatch_signups_total"), 2.0);

    for n in 0..10 {
        writer.say("den", &format!("message {n}")).await;
    }
    writer.ask_ok(json!({"type": "edit", "room": "den", "id": 1, "body": "edited"})).await;
    reader.messages_up_to("den", "edited").await;
    let grown = |scrape: &Scrape, name: &str| scrape.sum(name) - before.sum(name);
    let after = scraped(&server, "22 frames", |scrape| grown(scrape, "klatch_frames_delivered_total") == 22.0).await;
    let grown = |name: &str| grown(&after, name);
    assert_eq!(grown("klatch_messages_sent_total"), 10.0);
    assert_eq!(grown("klatch_messages_changed_total"), 1.0);
    assert_eq!(grown("klatch_commit_duration_seconds_count"), grown("klatch_commit_writes_count"));
    assert_eq!(grown("klatch_commit_writes_sum"), 11.0);
    assert!((1.0..=11.0).contains(&grown("klatch_commit_writes_count")));
    assert!(grown("klatch_commit_duration_seconds_sum") > 0.0);
    assert!(grown("klatch_socket_received_bytes_total") > 10.0 * 60.0);
    assert!(grown("klatch_socket_sent_bytes_total") > 22.0 * 100.0);
    assert!(grown("klatch_room_recent_bytes") > 11.0 * 100.0);
    assert!(after.get("process_resident_memory_bytes") > 1e6);
    assert!(after.get("process_open_fds") > 3.0);
    assert_eq!(after.sum("klatch_database_errors_total"), 0.0);
}

/// Buckets are the documented ones, and hold what is below their bound.
#[tokio::test]
async fn commits_are_a_histogram_from_half_a_millisecond_to_five_seconds() {
    let server = Server::start(Options::sqlite()).await;
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    ann.http.put("/rooms/den/members/me").await.ok(204);
    for n in 0..5 {
        ann.posts("den", &format!("message {n}")).await;
    }
    let scrape = Scrape::of(&server).await;
    let bucket = |name: &str, le: &str| scrape.get(&format!("{name}_bucket{{le=\"{le}\"}}"));
    for (name, least, most) in [("klatch_commit_duration_seconds", "0.0005", "5"), ("klatch_commit_writes", "1", "256")]
    {
        let all = scrape.get(&format!("{name}_count"));
        assert_eq!(all, 5.0, "one after another, so each by itself");
        assert_eq!(bucket(name, "+Inf"), all);
        assert!(bucket(name, least) <= bucket(name, most));
    }
    assert_eq!(bucket("klatch_commit_writes", "1"), 5.0);
}

async fn logins_are_counted(options: Options) {
    let server = options.option("--login-rate", 2).start().await;
    let ann = server.person("ann").await;
    let login = async |password: &str| {
        let account = json!({"username": "ann", "password": password});
        server.stranger().post("/login", account).await.status
    };
    assert_eq!(login(PASSWORD).await, 200);
    assert_eq!((login("wrong password").await, login("wrong password").await), (401, 401));
    assert_eq!(login(PASSWORD).await, 429);
    ann.http.get("/me").await.ok(200);
    let scrape = Scrape::of(&server).await;
    assert_eq!(scrape.get("klatch_logins_total"), 1.0);
    assert_eq!(scrape.get("klatch_login_failures_total"), 2.0);
    assert_eq!(scrape.get("klatch_logins_refused_total{reason=\"rate\"}"), 1.0);
    assert_eq!(scrape.get("klatch_http_requests_total{status=\"4xx\"}"), 3.0);
    assert_eq!(scrape.get("klatch_http_requests_total{status=\"2xx\"}"), 3.0);
    assert_eq!(scrape.get("klatch_http_request_duration_seconds_count"), 6.0);
}

#[tokio::test]
async fn those_who_are_too_fast_are_counted() {
    let server = Options::sqlite().option("--send-rate", 1).start().await;
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    let send = || json!({"type": "send", "room": "den", "key": new_key(), "body": "quick"});
    eventually(PATIENCE, "a refusal", async || (socket.ask(send()).await["code"] == "rate_limited").then_some(()))
        .await;
    let scrape = Scrape::of(&server).await;
    assert_eq!(scrape.get("klatch_requests_limited_total{kind=\"message\"}"), 1.0);
    assert_eq!(scrape.get("klatch_requests_limited_total{kind=\"change\"}"), 0.0);
}

#[tokio::test]
async fn refused_handshakes_are_counted_by_their_reason() {
    let server = Options::sqlite().option("--max-sockets", 1).start().await;
    let ann = server.person("ann").await;
    let (cookie, own) = (ann.http.cookie(), server.url());
    let _only = ann.socket().await;
    for (cookie, origin, status) in
        [(None, own.as_str(), 401), (cookie.as_deref(), "https://evil.example", 403), (cookie.as_deref(), &own, 503)]
    {
        let refused = handshake(&ann.address, cookie, &[("Origin", origin)], None).await.map(drop);
        assert_eq!(refused, Err(status));
    }
    let scrape = Scrape::of(&server).await;
    for (reason, times) in [("no_session", 1.0), ("origin", 1.0), ("unavailable", 1.0), ("malformed", 0.0)] {
        assert_eq!(scrape.get(&format!("klatch_handshakes_refused_total{{reason=\"{reason}\"}}")), times, "{reason}");
    }
}

/// A room lingers for half a minute after its last socket.
const ROOMS_END: Duration = Duration::from_secs(60);

/// The gauges that return to 0; the others tell of the process, the pool and the version.
const RETURNING: [&str; 15] = [
    "klatch_sockets",
    "klatch_outbox_waiting_bytes",
    "klatch_requests_waiting",
    "klatch_pages_waiting",
    "klatch_room_queue_waiting",
    "klatch_worker_ops_waiting",
    "klatch_mailbox_waiting",
    "klatch_hub_requests_waiting",
    "klatch_journal_waiting",
    "klatch_database_queries",
    "klatch_database_connections{state=\"used\"}",
    "klatch_logins_waiting",
    "klatch_passwords",
    "klatch_rooms",
    "klatch_room_recent_bytes",
];

async fn a_slow_reader_is_seen_and_all_is_0_again_when_everybody_is_gone(options: Options) {
    let server = options.in_haste().start().await;
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let mut writer = ann.socket_in("den").await;
    let mut slow = Socket::open_with_small_buffer(&bob).await;
    slow.join("den").await;
    // About 32 KB a frame: some wait, then 1 MiB does.
    let body = "🦀".repeat(4000);
    let mut most = 0.0_f64;
    let closed = eventually(PATIENCE * 6, "the end of the slow socket", async || {
        writer.say("den", &body).await;
        let scrape = Scrape::of(&server).await;
        most = most.max(scrape.get("klatch_outbox_waiting_bytes"));
        Some(scrape).filter(|scrape| scrape.get("klatch_slow_sockets_closed_total") > 0.0)
    });
    assert_eq!(closed.await.get("klatch_slow_sockets_closed_total"), 1.0);
    assert!((500_000.0..1_100_000.0).contains(&most), "{most} bytes waited");
    assert_eq!(slow.closed().await.0, 4408);
    drop(slow);
    let of_code = |code| format!("klatch_sockets_closed_total{{code=\"{code}\"}}");
    scraped(&server, "the slow socket's end", |scrape| scrape.get(&of_code(4408)) == 1.0).await;

    // Ends without a word, with pages still wanted.
    for _ in 0..10 {
        writer.send_json(json!({"type": "history", "room": "den", "limit": 100})).await;
    }
    drop(writer);
    scraped(&server, "the writer's end", |scrape| scrape.get(&of_code(1006)) == 1.0).await;
    let value = |scrape: &Scrape, name: &str| scrape.samples.get(name).copied().unwrap_or_else(|| scrape.sum(name));
    let over = async || {
        // Not so often that the scrapes are the load.
        tokio::time::sleep(Duration::from_millis(200)).await;
        let scrape = Scrape::of(&server).await;
        let left: Vec<_> =
            RETURNING.iter().map(|name| (*name, value(&scrape, name))).filter(|(_, n)| *n != 0.0).collect();
        assert!(left.iter().all(|(_, value)| *value > 0.0), "below nothing: {left:?}");
        left.is_empty().then_some(())
    };
    eventually(ROOMS_END, "everything at 0", over).await;
}

#[tokio::test]
async fn a_database_that_is_away_is_counted() {
    let server = Server::start(Options::on(Database::Postgres)).await;
    let database = server.test_database().expect("a Postgres database");
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    assert_eq!(Scrape::of(&server).await.sum("klatch_database_errors_total"), 0.0);
    database.cut_off();
    let frame = json!({"type": "send", "room": "den", "key": new_key(), "body": "in between"});
    assert_eq!(socket.refusal(frame).await, "unavailable");
    let errors = "klatch_database_errors_total{kind=\"connection\"}";
    scraped(&server, "the failure", |scrape| scrape.get(errors) > 0.0).await;
    database.let_in();
}

on_both_databases![what_happens_is_counted];

// Not about storage.
on_sqlite![logins_are_counted, a_slow_reader_is_seen_and_all_is_0_again_when_everybody_is_gone];

#[tokio::test]
async fn redis_is_up_while_it_answers() {
    let chat = Chat::of(1).await;
    let server = &chat.instances[0];
    scraped(server, "Redis to be up", |scrape| scrape.get("klatch_redis_well") == 1.0).await;
    chat.redis.freeze();
    scraped(server, "Redis to be away", |scrape| scrape.get("klatch_redis_well") == 0.0).await;
    chat.redis.thaw();
    scraped(server, "Redis to be back", |scrape| scrape.get("klatch_redis_well") == 1.0).await;
    let ann = chat.person("ann").await;
    ann.makes_room("den").await;
    ann.socket_in("den").await.say("den", "hello").await;
    scraped(server, "words by Redis", |scrape| scrape.get("klatch_words_published_total") > 0.0).await;
}
