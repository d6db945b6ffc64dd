//! Clients that never finish what they began, and never read what they asked for.

use crate::common::process::{allow_open_files, cpu_time, memory, open_files};
use crate::common::wait::within;
use crate::common::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

/// The server's longest patience with a client is 31 s.
const CLOSED_BY_THEN: Duration = Duration::from_secs(60);

/// What a client begins, and leaves at that.
const BEGINNINGS: [&str; 4] = [
    "",
    "GET /api/v1/me HT",
    "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Ke",
    "POST /api/v1/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{\"user",
];

async fn connect(server: &Server) -> TcpStream {
    TcpStream::connect(&server.address).await.expect("a connection")
}

/// Reads to the end of the connection, and gives what came; a reset is an end too.
async fn read_to_the_end(mut stream: TcpStream) -> String {
    let mut bytes = vec![];
    let read = stream.read_to_end(&mut bytes);
    let _ = within(CLOSED_BY_THEN, "the end of the connection", read).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Writes `beginning` and no more, and gives what the server says until it closes.
async fn answer_to(server: &Server, beginning: &str) -> String {
    let mut stream = connect(server).await;
    stream.write_all(beginning.as_bytes()).await.expect("an open connection");
    read_to_the_end(stream).await
}

/// How long a request of somebody new takes, and a socket with a message there and back.
async fn served_within(ann: &Person, message: &str) -> Duration {
    let asked = Instant::now();
    Http::new(&format!("http://{}", ann.address)).get("page:/login").await.ok(200);
    ann.socket_in("den").await.say("den", message).await;
    asked.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_that_never_finish_are_closed_and_others_are_served_meanwhile() {
    let many = scale().unfinished_requests;
    allow_open_files(many as u64 + 1_000);
    let server = Options::sqlite().option("--sockets-per-user", 0).start().await;
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    served_within(&ann, "warm").await;
    let control = served_within(&ann, "control").await;
    let (files, used) = (open_files(&server), memory(&server));

    let mut hanging = JoinSet::new();
    let (open, most_open) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    for n in 0..many {
        let (address, open, most_open) = (server.address.clone(), Arc::clone(&open), Arc::clone(&most_open));
        hanging.spawn(async move {
            // Other tests may have used up the ports; how many are open at once is asserted below.
            let Ok(mut stream) = TcpStream::connect(&address).await else { return };
            most_open.fetch_max(open.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
            let _ = stream.write_all(BEGINNINGS[n % BEGINNINGS.len()].as_bytes()).await;
            read_to_the_end(stream).await;
            open.fetch_sub(1, Ordering::Relaxed);
        });
    }
    let (mut most_used, mut times) = (0, vec![]);
    let started = Instant::now();
    while !hanging.is_empty() {
        times.push(served_within(&ann, "meanwhile").await);
        most_used = most_used.max(memory(&server));
        while let Some(ended) = hanging.try_join_next() {
            ended.expect("an end in time");
        }
        assert!(started.elapsed() < CLOSED_BY_THEN, "{} are still open", hanging.len());
    }
    let most_open = most_open.load(Ordering::Relaxed);
    times.sort_unstable();
    let (median, slowest) = (times[times.len() / 2], times[times.len() - 1]);
    eprintln!(
        "control {control:?}, {} times: median {median:?}, slowest {slowest:?}; {most_open} open at once; memory {used} {most_used}; all {:?}",
        times.len(),
        started.elapsed()
    );
    assert!(most_open > many / 2, "too few hung at the same time to show anything: {most_open} of {many}");
    assert!(median < (control * 10).max(Duration::from_millis(500)), "{control:?} before, {median:?} meanwhile");
    assert!(slowest < PATIENCE, "{slowest:?}");
    assert!(most_used < used + 300_000_000, "{used} bytes before, {most_used} meanwhile");
    eventually(PATIENCE, "as many open files as before", async || (open_files(&server) <= files + 5).then_some(()))
        .await;
}

#[tokio::test]
async fn with_no_file_left_to_open_sockets_go_on_and_others_are_served_afterwards() {
    let server = Options::sqlite().wrapper(&["prlimit", "--nofile=300:300"]).start().await;
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let (mut one, mut other) = (ann.socket_in("den").await, ann.socket_in("den").await);
    let mut hanging = vec![];
    for _ in 0..600 {
        hanging.push(connect(&server).await);
    }
    let (started, used) = (Instant::now(), cpu_time(&server));
    // Those that were accepted hang for five seconds, the others are closed at once.
    let mut ends = JoinSet::new();
    for stream in hanging {
        ends.spawn(read_to_the_end(stream));
    }
    let (mut said, mut files) = (0, vec![]);
    while !ends.is_empty() {
        said += 1;
        let body = format!("message {said}");
        one.say("den", &body).await;
        other.messages_up_to("den", &body).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        files.push(open_files(&server));
        while ends.try_join_next().is_some() {}
        assert!(started.elapsed() < CLOSED_BY_THEN, "{} are still open", ends.len());
    }
    let (used, passed) = (cpu_time(&server) - used, started.elapsed());
    // Those on their way to be refused are open for a moment, too.
    files.sort_unstable();
    assert!(files[files.len() / 2] < 280, "they leave none for databases and pages: {files:?}");
    assert!(used < passed / 2, "busy with waiting: {used:?} of {passed:?}");
    server.stranger().get("page:/login").await.ok(200);
    ann.socket_in("den").await.say("den", "afterwards").await;
}

#[tokio::test]
async fn a_head_that_never_ends_is_408() {
    let server = Options::sqlite().in_haste().start().await;
    let answer = answer_to(&server, "GET / HTTP/1.1\r\nHost: x\r\nX-Slow:").await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

#[tokio::test]
async fn a_body_that_never_ends_is_408() {
    let server = Options::sqlite().in_haste().start().await;
    for head in ["POST /api/v1/login", "POST /login"] {
        let kind = if head.contains("api") { "application/json" } else { "application/x-www-form-urlencoded" };
        let head = format!("{head} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nContent-Length: 1000\r\n\r\n{{");
        let answer = answer_to(&server, &head).await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{head}: {answer}");
        assert!(answer.contains("he request took too long"), "{head}: {answer}");
    }
}

/// Writes a byte of a chunked body every 200 ms for as long as the server takes it, and gives its answer.
async fn drip(server: &Server, head: &str) -> String {
    let (mut reader, mut writer) = connect(server).await.into_split();
    let head = format!("{head} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    writer
        .write_all(head.replace("HTTP/1.1\r\n", "HTTP/1.1\r\nContent-Type: application/json\r\n").as_bytes())
        .await
        .expect("an open connection");
    let dripping = tokio::spawn(async move {
        while writer.write_all(b"1\r\n{\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    });
    let mut bytes = vec![];
    let _ = within(CLOSED_BY_THEN, "the end of the connection", reader.read_to_end(&mut bytes)).await;
    dripping.abort();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn a_body_that_comes_byte_by_byte_is_408() {
    let server = Options::sqlite().in_haste().start().await;
    let answer = drip(&server, "POST /api/v1/login").await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

#[tokio::test]
async fn a_body_that_nobody_reads_does_not_hold_its_connection() {
    let server = Options::sqlite().in_haste().start().await;
    let answer = drip(&server, "GET /healthz").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let silent = "GET /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n";
    let answer = answer_to(&server, silent).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn a_second_head_that_never_ends_ends_its_connection() {
    let server = Options::sqlite().in_haste().start().await;
    let mut stream = connect(&server).await;
    let request = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    stream.write_all(request.as_bytes()).await.expect("an open connection");
    let mut first = [0; 15];
    within(PATIENCE, "the first answer", stream.read_exact(&mut first)).await.expect("an answer");
    assert_eq!(&first, b"HTTP/1.1 200 OK");
    stream.write_all(&request.as_bytes()[..20]).await.expect("an open connection");
    read_to_the_end(stream).await;
}

#[tokio::test]
async fn a_connection_that_asks_for_nothing_more_is_closed() {
    let server = Options::sqlite().in_haste().start().await;
    let answer = answer_to(&server, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn a_body_of_ten_gigabytes_is_413_before_it_comes() {
    let server = Server::start(Options::sqlite()).await;
    let ann = server.person("ann").await;
    let cookie = ann.http.cookie().expect("a cookie");
    for (path, kind) in [
        ("/api/v1/signup", "application/json"),
        ("/api/v1/login", "application/json"),
        ("/api/v1/rooms", "application/json"),
        ("/api/v1/rooms/den/messages", "application/json"),
        ("/login", "application/x-www-form-urlencoded"),
        ("/signup", "application/x-www-form-urlencoded"),
        ("/rooms", "application/x-www-form-urlencoded"),
    ] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\nCookie: {cookie}\r\n\
             Content-Type: {kind}\r\nContent-Length: 10000000000\r\n\r\n",
            address = server.address
        );
        let answer = answer_to(&server, &head).await;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{path}: {answer}");
    }
}

#[tokio::test]
async fn answers_that_nobody_reads_end_their_connection() {
    let server = Options::sqlite().in_haste().start().await;
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    for n in 0..60 {
        ann.posts("den", &format!("{n} {}", "x".repeat(3_900))).await;
    }
    let files = open_files(&server);
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(16 * 1024).expect("a small buffer");
    let mut stream = socket.connect(server.address.parse().expect("an address")).await.expect("a connection");
    let (cookie, address) = (ann.http.cookie().expect("a cookie"), &server.address);
    let request =
        format!("GET /api/v1/rooms/den/messages?limit=100 HTTP/1.1\r\nHost: {address}\r\nCookie: {cookie}\r\n\r\n");
    // More than the buffers on the way hold.
    let (asked, used) = (Instant::now(), cpu_time(&server));
    let requests = request.repeat(2_000);
    let _ = tokio::time::timeout(Duration::from_secs(2), stream.write_all(requests.as_bytes())).await;
    eventually(PATIENCE, "the connection", async || (open_files(&server) > files).then_some(())).await;
    let closed = async || (open_files(&server) <= files).then_some(());
    eventually(CLOSED_BY_THEN, "the end of the connection", closed).await;
    let (used, passed) = (cpu_time(&server) - used, asked.elapsed());
    assert!(used < passed / 4, "busy with waiting: {used:?} of {passed:?}");
}
