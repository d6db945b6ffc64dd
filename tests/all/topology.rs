//! What `docker-compose.yml` describes, run with real processes: Postgres, Redis, three instances, and HAProxy with the
//! configuration that it comes with. Nobody needs to come back to the instance they were at.

use crate::common::haproxy::CONFIGURATION;
use crate::common::server::lasting_port;
use crate::common::*;
use crate::crash::client::Habits;
use crate::crash::talk::Talk;
use reqwest::Method;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::process::{Command, Output};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

const CLIENTS: usize = 8;
const DRAIN_SECS: u64 = 3;

/// Instances that are told apart by who they say they are, behind their balancer.
struct Topology {
    balancer: Haproxy,
    chat: Chat,
}

impl Topology {
    async fn start() -> Self {
        let chat = Chat::with(3, |options| {
            options
                // The port stays the instance's own while it restarts.
                .listen(format!("127.0.0.1:{}", lasting_port()))
                .option("--trusted-proxies", "127.0.0.1")
                .option("--sockets-per-user", 0)
                .option("--drain-secs", DRAIN_SECS)
        });
        let chat = chat.await;
        Self { balancer: Haproxy::before(&chat.instances).await, chat }
    }

    /// Somebody who knows the balancer alone.
    async fn person(&self, name: &str) -> Person {
        Person::sign_up_at(&self.balancer.address, name).await
    }

    /// Ends an instance as an upgrade does, starts it again, and waits until somebody has come to it.
    async fn restart(&mut self, place: usize, visitor: &Person) {
        let instance = &mut self.chat.instances[place];
        let status = instance.terminate().await;
        assert!(status.success(), "{status}");
        instance.restart().await;
        let name = instance_of(&visitor.at(instance).socket().await);
        let back = async || (instance_of(&visitor.socket().await) == name).then_some(());
        eventually(Duration::from_secs(30), "the balancer to send somebody to it", back).await;
    }
}

/// The name of the instance that a socket is at.
fn instance_of(socket: &Socket) -> String {
    socket.welcome["instance"].as_str().expect("a name").to_owned()
}

#[tokio::test]
async fn people_sign_up_log_in_and_talk_whichever_instance_serves_them() {
    let chat = Topology::start().await;
    let ann = chat.person("ann").await;
    ann.makes_room("den").await;
    let bob = chat.person("bob").await;
    let mut sockets = vec![];
    for n in 0..9 {
        let person = if n % 2 == 0 { ann.elsewhere().await } else { bob.elsewhere().await };
        sockets.push(person.socket_in("den").await);
    }
    let instances: BTreeSet<_> = sockets.iter().map(instance_of).collect();
    assert_eq!(instances.len(), 3, "sockets are spread");
    for (n, socket) in sockets.iter_mut().enumerate() {
        assert_eq!(socket.say("den", &n.to_string()).await, n as u64 + 1);
    }
    for socket in &mut sockets {
        assert_eq!(numbers(&socket.messages_up_to("den", "8").await, "seq"), (1..=9).collect::<Vec<_>>());
    }
}

/// Its clients are told when to come back, and go on behind their cursor at another.
#[tokio::test]
async fn an_instance_that_drains_is_given_no_new_socket_and_its_clients_go_on_at_the_others() {
    let mut chat = Topology::start().await;
    let ann = chat.person("ann").await;
    ann.makes_room("den").await;
    let leaving = instance_of(&ann.at(&chat.chat.instances[0]).socket().await);
    let mut sockets = vec![];
    while sockets.len() < 12 {
        sockets.push(ann.socket().await);
    }
    let (mut leavers, mut others): (Vec<_>, Vec<_>) = sockets.into_iter().partition(|s| instance_of(s) == leaving);
    let mut cursors = vec![];
    for socket in &mut leavers {
        let joined = socket.join("den").await;
        cursors.push((joined["seq"].as_u64().expect("a number"), joined["epoch"].clone()));
    }
    others[0].join("den").await;
    chat.chat.instances[0].signal(libc::SIGTERM);
    let mut told = leavers.into_iter().zip(cursors);
    let (mut first, (after, epoch)) = told.next().expect("somebody is at that instance");
    assert_eq!(first.closed().await.0, 1012);
    assert!(first.expect("bye").await["reconnect_after_ms"].is_u64());
    others[0].say("den", "while nobody was here").await;
    // From the first moment on, and for as long as it is still up.
    let mut back = ann.socket().await;
    let (_, missed) = back.catch_up("den", after, &epoch).await;
    assert_eq!(missed.len(), 1);
    assert_eq!(missed[0]["body"], "while nobody was here");
    let mut came = vec![instance_of(&back)];
    for _ in 0..30 {
        came.push(instance_of(&ann.socket().await));
    }
    assert!(came.iter().all(|instance| *instance != leaving), "{leaving} in {came:?}");
    for (mut socket, _) in told {
        assert_eq!(socket.closed().await.0, 1012);
    }
    assert_eq!(chat.chat.instances[0].exit(PATIENCE).await.code(), Some(0));
}

#[tokio::test]
async fn a_rolling_restart_under_load_shows_no_client_an_error_a_gap_or_a_repeat() {
    let mut chat = Topology::start().await;
    let visitor = chat.person("visitor").await;
    let habits = Habits { says_bye: true, never_away: true, ..Habits::default() };
    let talk = Talk::begin_at(&chat.balancer.address, CLIENTS, 6, habits).await;
    let posters = Posters::begin(&chat, 3).await;
    for place in 0..3 {
        talk.goes_on(200).await;
        chat.restart(place, &visitor).await;
    }
    talk.goes_on(200).await;
    posters.end().await;
    talk.end().await;
}

/// Nothing but the balancer's next check tells that it ends, when there is no socket to close.
#[tokio::test]
async fn requests_are_answered_while_instances_without_sockets_restart() {
    let mut chat = Topology::start().await;
    let visitor = chat.person("visitor").await;
    let posters = Posters::begin(&chat, 6).await;
    for place in 0..3 {
        chat.restart(place, &visitor).await;
    }
    posters.end().await;
}

#[tokio::test]
async fn when_an_instance_is_killed_its_clients_go_on_at_the_others_and_lose_nothing() {
    let mut chat = Topology::start().await;
    let talk = Talk::begin_at(&chat.balancer.address, CLIENTS, 7, Habits::default()).await;
    for place in 0..2 {
        talk.goes_on(200).await;
        chat.chat.instances[place].kill().await;
    }
    // One is left.
    talk.goes_on(200).await;
    talk.end().await;
}

/// Every address may fail once a minute: who is refused tells whose address counted.
#[tokio::test]
async fn the_clients_address_is_what_the_balancer_saw() {
    let chat =
        Chat::with(1, |options| options.option("--trusted-proxies", "127.0.0.1").option("--login-rate", 1)).await;
    let balancer = Haproxy::before(&chat.instances).await;
    Person::sign_up_at(&balancer.address, "ann").await;
    let (behind, direct) = (balancer.url(), chat.instances[0].url());
    let none = ("X-Other", "");
    assert_eq!(fails(&behind, [127, 0, 0, 2], none).await, 401);
    assert_eq!(fails(&behind, [127, 0, 0, 2], none).await, 429);
    assert_eq!(fails(&behind, [127, 0, 0, 3], none).await, 401, "the balancer is believed: each address by itself");
    for (n, header) in [("X-Forwarded-For", "192.0.2.1"), ("Forwarded", "for=192.0.2.1")].into_iter().enumerate() {
        assert_eq!(fails(&behind, [127, 0, 0, 2], header).await, 429, "its client is not: {header:?}");
        assert_eq!(fails(&behind, [127, 0, 1, n as u8], header).await, 401, "nor does it know better: {header:?}");
        assert_eq!(fails(&direct, [127, 0, 2, n as u8], none).await, 401);
        assert_eq!(fails(&direct, [127, 0, 2, n as u8], header).await, 429, "nor is anybody else: {header:?}");
    }
}

#[tokio::test]
async fn metrics_are_not_passed_on() {
    let chat = Chat::of(1).await;
    let balancer = Haproxy::before(&chat.instances).await;
    assert_eq!(Http::new(&balancer.url()).get("page:/metrics").await.status, 404);
    chat.instances[0].stranger().get("page:/metrics").await.ok(200);
}

#[test]
fn the_balancers_configuration_stands_as_it_comes() {
    let checked = Command::new("haproxy").args(["-c", "-f", CONFIGURATION]).output().expect("haproxy");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}

#[test]
fn the_compose_file_is_valid_and_needs_its_secrets() {
    let secrets = [
        ("KLATCH_SECRET", "5e".repeat(64)),
        ("POSTGRES_PASSWORD", "secret".to_owned()),
        ("REDIS_PASSWORD", "another-secret".to_owned()),
    ];
    let valid = compose(&secrets);
    assert!(valid.status.success(), "{}", String::from_utf8_lossy(&valid.stderr));
    let (text, balancer) = (String::from_utf8_lossy(&valid.stdout), std::fs::read_to_string(CONFIGURATION).unwrap());
    for instance in ["klatch-1", "klatch-2", "klatch-3"] {
        assert!(text.contains(&format!("\n  {instance}:\n")), "{instance} is a service: {text}");
        assert!(balancer.contains(&format!("-{instance}:8080}}\"")), "{instance} is known to the balancer");
    }
    assert!(text.contains("redis://:another-secret@redis") && text.contains("--requirepass"), "{text}");
    // Each of the six services, and the network of database and Redis.
    for (line, times) in
        [("    read_only: true", 6), ("    - no-new-privileges:true", 6), ("    - ALL", 6), ("    internal: true", 1)]
    {
        assert_eq!(text.lines().filter(|found| *found == line).count(), times, "{line}: {text}");
    }
    for (missing, _) in &secrets {
        let given: Vec<_> = secrets.iter().filter(|(name, _)| name != missing).cloned().collect();
        let refused = compose(&given);
        assert!(!refused.status.success());
        assert!(String::from_utf8_lossy(&refused.stderr).contains(missing), "{refused:?}");
    }
}

fn compose(environment: &[(&str, String)]) -> Output {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/docker-compose.yml");
    let mut command = Command::new("docker-compose");
    // In place of an operator's own `.env`.
    let nothing = tempfile::NamedTempFile::new().expect("a file");
    command.args(["-f", file, "--env-file"]).arg(nothing.path()).arg("config");
    for name in ["KLATCH_SECRET", "POSTGRES_PASSWORD", "REDIS_PASSWORD", "KLATCH_PUBLIC_URL"] {
        command.env_remove(name);
    }
    command.envs(environment.iter().cloned()).output().expect("docker-compose, which scripts/test installs")
}

/// A failed login from this address; gives the status.
async fn fails(base: &str, from: impl Into<IpAddr>, (name, value): (&str, &str)) -> u16 {
    let client = reqwest::Client::builder().local_address(from.into()).no_proxy().build().expect("a client");
    let account = json!({"username": "ann", "password": "wrong password"});
    Reply::of(client.post(format!("{base}/api/v1/login")).header(name, value).json(&account)).await.status
}

/// People without sockets, who write and read by HTTP until they are told to end; every request of theirs succeeds.
struct Posters {
    end: watch::Sender<bool>,
    running: Vec<JoinHandle<usize>>,
    reader: Person,
}

impl Posters {
    const ROOM: &str = "letters";

    async fn begin(chat: &Topology, posters: usize) -> Self {
        let reader = chat.person("postmaster").await;
        reader.makes_room(Self::ROOM).await;
        let (end, ended) = watch::channel(false);
        let mut running = vec![];
        for n in 0..posters {
            let person = chat.person(&format!("poster-{n}")).await;
            reader.adds(&person.name, Self::ROOM).await;
            let ended = ended.clone();
            running.push(tokio::spawn(async move {
                let mut posted = 0;
                while !*ended.borrow() {
                    person.posts(Self::ROOM, "by post").await;
                    posted += 1;
                    person.http.get(&format!("/rooms/{}/messages", Self::ROOM)).await.ok(200);
                    let page = person.http.request(Method::GET, "page:/login");
                    assert!(Reply::of(page).await.status < 400);
                }
                posted
            }));
        }
        Self { end, running, reader }
    }

    /// What was answered is stored, once.
    async fn end(self) {
        self.end.send_replace(true);
        let mut posted = 0;
        for poster in self.running {
            posted += poster.await.expect("a poster whose requests succeed");
        }
        let stored = self.reader.reads_whole_room(Self::ROOM).await;
        assert!(posted > 0);
        assert_eq!(numbers(&stored, "id"), (1..=posted as u64).collect::<Vec<_>>());
    }
}
