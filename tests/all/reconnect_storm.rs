//! Everybody comes back at once, as after a balancer's restart: those who are in go on talking meanwhile.

use crate::common::process::{allow_open_files, memory};
use crate::common::*;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

const ROOMS: usize = 8;
/// For all of them to be in, on a busy machine.
const IN_BY_THEN: Duration = Duration::from_secs(240);

/// One of the storm, once it is in, and what it went through.
struct Arrived {
    _stream: TcpStream,
    refusals: usize,
}

/// What one of the storm says: a handshake, then a join.
#[derive(Clone)]
struct Words {
    address: String,
    handshake: Arc<str>,
    join: Arc<[u8]>,
}

impl Words {
    fn of(person: &Person, room: &str) -> Self {
        let (address, cookie) = (person.address.clone(), person.http.cookie().expect("a cookie"));
        let handshake = format!(
            "GET /ws HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\nCookie: {cookie}\r\n\
             Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        let join = Frame::text(json!({"type": "join", "room": room, "after": 0}).to_string()).bytes();
        Self { address, handshake: handshake.into(), join: join.into() }
    }

    /// Comes in and joins a room, and after each refusal again when it was told to.
    async fn arrive(self) -> Arrived {
        let mut refusals = 0;
        loop {
            match self.try_to_arrive().await {
                Ok(stream) => return Arrived { _stream: stream, refusals },
                Err(wait) => {
                    refusals += 1;
                    // Told in whole seconds.
                    tokio::time::sleep(wait + Duration::from_millis(rand::random_range(0..1_000))).await;
                }
            }
        }
    }

    /// The error is when to come again.
    async fn try_to_arrive(&self) -> Result<TcpStream, Duration> {
        const SOON: Duration = Duration::from_secs(1);
        // The kernel's queue of connections may be full, and a crowd's heads may not all be read in time.
        let mut stream = TcpStream::connect(&self.address).await.map_err(|_| SOON)?;
        stream.write_all(self.handshake.as_bytes()).await.map_err(|_| SOON)?;
        let mut answer = String::new();
        reads_up_to(&mut stream, "\r\n\r\n", &mut answer).await;
        if answer.is_empty() || answer.starts_with("HTTP/1.1 408 ") {
            return Err(SOON);
        }
        if !answer.starts_with("HTTP/1.1 101 ") {
            assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
            let wait =
                answer.split_once("\r\nretry-after: ").and_then(|(_, wait)| wait.split("\r\n").next()?.parse().ok());
            return Err(Duration::from_secs(wait.expect("when to come again")));
        }
        assert!(reads_up_to(&mut stream, r#""type":"welcome""#, &mut answer).await, "{answer}");
        stream.write_all(&self.join).await.expect("an open connection");
        assert!(reads_up_to(&mut stream, r#""type":"joined""#, &mut answer).await, "{answer}");
        Ok(stream)
    }
}

/// Reads until the words have come; `false` where the connection ended before.
async fn reads_up_to(stream: &mut TcpStream, words: &str, read: &mut String) -> bool {
    let mut bytes = [0; 4096];
    while !read.contains(words) {
        match stream.read(&mut bytes).await {
            Ok(length @ 1..) => read.push_str(&String::from_utf8_lossy(&bytes[..length])),
            _ => return false,
        }
    }
    true
}

/// Somebody who is in: a message there and back, and a page of what was said before.
struct Talk {
    from: Socket,
    to: Socket,
    person: Person,
    said: usize,
}

impl Talk {
    async fn at(server: &Server) -> Self {
        let [one, other] = server.people(["one", "other"]).await;
        one.makes_room("den").await;
        Self { from: one.socket_in("den").await, to: other.socket_in("den").await, person: one, said: 0 }
    }

    async fn goes_on(&mut self) -> Duration {
        self.said += 1;
        let body = format!("message {}", self.said);
        let begun = Instant::now();
        self.from.say("den", &body).await;
        self.to.messages_up_to("den", &body).await;
        self.person.http.get("/rooms/den/messages?limit=5").await.ok(200);
        begun.elapsed()
    }
}

fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort_unstable();
    times[(times.len() - 1) * percent / 100]
}

async fn come_back(database: Database) {
    let storm_size = scale().returning_sockets;
    allow_open_files(storm_size as u64 + 1_000);
    let server = Options::on(database).option("--sockets-per-user", 0).start().await;
    let people = server.people(["ann", "bob", "cleo", "dora"]).await;
    for n in 0..ROOMS {
        let room = format!("hall-{n}");
        people[0].makes_room(&room).await;
        for person in &people {
            let mut socket = person.socket_in(&room).await;
            socket.say_many(&room, (0..10).map(|n| format!("what was said before, {n}"))).await;
        }
    }
    let mut talk = Talk::at(&server).await;
    // Another server on the same machine, to which nobody comes: what the machine's own haste costs.
    let quiet = Server::start(Options::on(database)).await;
    let mut control = Talk::at(&quiet).await;
    let used = memory(&server);

    let mut storm = JoinSet::new();
    let words: Vec<_> = (0..ROOMS).map(|n| Words::of(&people[n % people.len()], &format!("hall-{n}"))).collect();
    for n in 0..storm_size {
        storm.spawn(words[n % ROOMS].clone().arrive());
    }
    let (begun, mut times, mut controls, mut arrived, mut most_used) = (Instant::now(), vec![], vec![], vec![], 0);
    while !storm.is_empty() {
        controls.push(control.goes_on().await);
        times.push(talk.goes_on().await);
        most_used = most_used.max(memory(&server));
        while let Some(one) = storm.try_join_next() {
            arrived.push(one.expect("one who got in"));
        }
        assert!(begun.elapsed() < IN_BY_THEN, "{} are not in", storm.len());
    }
    let (took, count) = (begun.elapsed(), times.len());
    let refusals: usize = arrived.iter().map(|one| one.refusals).sum();
    let [(half, most), (control_half, control_most)] =
        [times, controls].map(|mut times| (percentile(&mut times, 50), percentile(&mut times, 99)));
    eprintln!(
        "in after {took:?}, {refusals} refusals; p50 {half:?}, p99 {most:?} of {count}; elsewhere {control_half:?}, \
         {control_most:?}; memory {used} -> {most_used}"
    );
    let metrics = server.stranger().get("page:/metrics").await.text;
    assert!(metrics.contains("\nklatch_arrivals 0\n"), "all have arrived: {metrics}");
    assert!(!metrics.contains("\nklatch_handshakes_put_off_total 0\n"), "none was put off: {metrics}");
    assert!(refusals > 0, "all were let in at once");
    assert!(half < (control_half * 10).max(Duration::from_millis(500)), "{control_half:?} elsewhere, {half:?} here");
    // The first wave alone takes a debug build some seconds on a busy machine, however little each refusal costs.
    assert!(most < PATIENCE, "{control_most:?} elsewhere, {most:?} here");
    assert!(most_used < used + 300_000_000, "{used} bytes before, {most_used} meanwhile");
}

mod thousands_who_come_back_at_once_all_get_in_and_delay_nobody_who_is {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn sqlite() {
        come_back(Database::Sqlite).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn postgres() {
        come_back(Database::Postgres).await;
    }
}
