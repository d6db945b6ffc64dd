//! SQLite on a disk that is full: what would write is `unavailable`, what reads works, and nothing is half stored.

use crate::common::outage::{ANSWERED, frame_is_unavailable};
use crate::common::server::shell;
use crate::common::*;
use diesel::prelude::*;
use diesel::sql_types::Text;
use std::fs::{File, remove_file};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const LIMIT: Duration = Duration::from_secs(30);

/// A small disk that only the server sees: mounted in a namespace of its own, gone with its process. As root or, where
/// users may have namespaces, as anybody; elsewhere the server does not start and says why.
struct Disk {
    folder: TempDir,
}

impl Disk {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary directory") }
    }

    async fn server(&self) -> Server {
        let folder = self.folder.path().to_str().expect("UTF-8");
        let mount = format!("mount -t tmpfs -o size=9m tmpfs '{folder}' && exec \"$@\"");
        // SAFETY: a plain system call.
        let root = unsafe { libc::geteuid() } == 0;
        let namespace = if root { "--mount" } else { "--map-root-user" };
        let wrapper = ["unshare", "--mount", namespace, "--", "sh", "-c", &mount, "sh"];
        let options = Options::sqlite().wrapper(&wrapper);
        options.option("--database-url", format!("sqlite://{folder}/klatch.db")).start().await
    }

    /// Gives the operator's command where the server runs.
    async fn klatch(&self, server: &Server, command: &str) -> Output {
        // SAFETY: a plain system call.
        let root = unsafe { libc::geteuid() } == 0;
        let user = if root { "" } else { "--user --preserve-credentials" };
        let url = format!("sqlite://{}/klatch.db", self.folder.path().display());
        let data = server.data_dir();
        let line = format!("nsenter --target {} --mount {user} $(command -v klatch) {command}", server.pid());
        shell(server.data.path(), &line, &[("KLATCH_DATABASE_URL", &url), ("KLATCH_DATA_DIR", &data.to_string_lossy())])
            .await
    }

    /// The disk as the server sees it.
    fn seen_by(&self, server: &Server) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", server.pid()));
        root.join(self.folder.path().strip_prefix("/").expect("an absolute path"))
    }
}

/// Writes as much as there is room for, up to `limit` bytes.
fn fill(path: &Path, limit: usize) {
    let mut file = File::create(path).expect("a file");
    let block = [1; 4096];
    let mut written = 0;
    while written < limit && file.write_all(&block).is_ok() {
        written += block.len();
    }
    assert!(written > 0 || limit == usize::MAX);
}

/// What SQLite itself finds wrong in a copy of the files.
fn faults(disk: &Path) -> String {
    let copy = tempfile::tempdir().expect("a temporary directory");
    for name in ["klatch.db", "klatch.db-wal"] {
        std::fs::copy(disk.join(name), copy.path().join(name)).expect("a copy");
    }
    let path = copy.path().join("klatch.db");
    let mut connection = SqliteConnection::establish(&path.to_string_lossy()).expect("a database that can be opened");
    let check = "(SELECT group_concat(integrity_check) || (SELECT count(*) FROM pragma_foreign_key_check) \
        FROM pragma_integrity_check)";
    diesel::select(diesel::dsl::sql::<Text>(check)).get_result(&mut connection).expect("a check")
}

#[tokio::test]
async fn a_full_disk_stops_writing_but_not_reading_until_there_is_room_again() {
    let own_disk = Disk::new();
    let server = own_disk.server().await;
    let disk = own_disk.seen_by(&server);
    // As much as SQLite needs to copy its log into the file.
    fill(&disk.join("filler"), 3 * 1024 * 1024);
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let (mut socket, mut watcher) = (ann.socket_in("den").await, bob.socket_in("den").await);
    // Until the talk itself has filled the disk: its log has grown to where SQLite copies it into the file.
    let body = |n: usize| format!("{n} {}", "x".repeat(3_900));
    let send = |n: usize, key: &str| json!({"type": "send", "room": "den", "key": key, "body": body(n)});
    let mut sent = 0;
    let refused = loop {
        let key = new_key();
        let began = Instant::now();
        let answer = socket.ask(send(sent + 1, &key)).await;
        assert!(began.elapsed() < ANSWERED, "after {:?}", began.elapsed());
        if answer["code"] == "unavailable" {
            break key;
        }
        sent += 1;
        assert_eq!(answer["id"], sent, "{answer}");
        assert!(sent < 5_000, "9 MB hold no more");
    };
    fill(&disk.join("rest"), usize::MAX);
    eprintln!("full after {sent} messages");

    frame_is_unavailable(&mut socket, send(sent + 1, &refused)).await;
    let ready = async || server.stranger().get("page:/readyz").await.status;
    assert_eq!(ready().await, 503);
    for (command, told) in [("doctor", "BAD storing: nothing can be: "), ("user add eve", "klatch: ")] {
        let done = own_disk.klatch(&server, command).await;
        let out = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
        let line = out.lines().find(|line| line.starts_with(told)).unwrap_or_else(|| panic!("{command}: {out}"));
        assert!(line.ends_with("database or disk is full: make room on its disk"), "{command}: {out}");
    }
    // There may be room for something as small as a session.
    let account = json!({"username": "ann", "password": PASSWORD});
    let began = Instant::now();
    let login = server.stranger().post("/login", account.clone()).await;
    assert!([200, 503].contains(&login.status) && began.elapsed() < ANSWERED, "{login:?} {:?}", began.elapsed());
    // What reads works: pages, history, joining a room that one is a member of.
    ann.http.get("/me").await.ok(200);
    assert_eq!(ann.http.get("page:/rooms/den").await.status, 200);
    let history = watcher.ask_ok(json!({"type": "history", "room": "den", "limit": 1})).await;
    assert_eq!(history["messages"][0]["id"], sent);
    let joined = bob.socket_in("den").await.join("den").await;
    assert_eq!(joined["seq"], sent);
    assert_eq!(ann.reads_whole_room("den").await.len(), sent);

    remove_file(disk.join("rest")).expect("a file");
    remove_file(disk.join("filler")).expect("a file");
    eventually(LIMIT, "/readyz", async || (ready().await == 200).then_some(())).await;
    eventually(LIMIT, "room on the disk", async || {
        let answer = socket.ask(send(sent + 1, &refused)).await;
        (answer["type"] == "sent").then_some(())
    })
    .await;
    for n in sent + 2..sent + 50 {
        assert_eq!(socket.say("den", &body(n)).await, n as u64);
    }
    server.stranger().post("/login", account).await.ok(200);
    let stored = ann.reads_whole_room("den").await;
    assert_eq!(numbers(&stored, "id"), (1..sent as u64 + 50).collect::<Vec<_>>(), "dense, each once");
    assert!(stored.iter().zip(1..).all(|(message, n)| message["body"] == body(n)));
    assert_eq!(watcher.messages_up_to("den", &body(sent + 49)).await, stored, "shown is what is stored");
    assert_eq!(faults(&disk), "ok0");
}
