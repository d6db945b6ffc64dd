//! `klatch backup` while people talk, and `klatch restore` of what it made: the round trip.

use crate::common::server::run;
use crate::common::*;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::sync::watch;

const SENDERS: usize = 4;
const BACKUPS: usize = 3;
/// Acknowledged between two backups, at least.
const BETWEEN: usize = 40;

/// Runs the program; on Postgres runs the line that it prints as well, as the handbook says.
pub async fn carry_out(folder: &Path, args: &[&str]) -> Output {
    let done = run(folder, args, &[]).await;
    let line = String::from_utf8(done.stdout.clone()).expect("text");
    if !line.starts_with("pg_") {
        return done;
    }
    assert!(done.status.success() && line.lines().count() == 1, "{line}");
    let mut shell = Command::new("sh");
    shell.args(["-c", &line]).current_dir(folder).stdin(Stdio::null());
    tokio::task::spawn_blocking(move || shell.output()).await.expect("a task that ends").expect("a shell")
}

#[track_caller]
pub fn succeeded(done: &Output) -> String {
    let stderr = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{stderr}");
    String::from_utf8_lossy(&done.stdout).into_owned()
}

/// The address of a server's database, for a program beside it.
pub fn address_of(server: &Server) -> String {
    match server.test_database() {
        Some(database) => database.url.clone(),
        None => format!("sqlite://{}", server.data_dir().join("klatch.db").display()),
    }
}

/// A new and empty place for a database.
struct Place {
    folder: TempDir,
    url: String,
    _database: Option<postgres::TestDatabase>,
}

impl Place {
    fn like(server: &Server) -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let database = server.test_database().map(|_| postgres::TestDatabase::create());
        let url = match &database {
            Some(database) => database.url.clone(),
            None => format!("sqlite://{}", folder.path().join("restored.db").display()),
        };
        Self { folder, url, _database: database }
    }

    async fn restore(&self, file: &Path) -> Server {
        let args = ["restore", file.to_str().unwrap(), "--database-url", &self.url];
        succeeded(&carry_out(self.folder.path(), &args).await);
        Options::sqlite().option("--database-url", &self.url).start().await
    }
}

/// Somebody who has an account there already, signing in.
pub async fn signs_in(server: &Server, name: &str) -> Person {
    let http = server.stranger();
    let user = http.post("/login", json!({"username": name, "password": PASSWORD})).await.ok(200);
    Person { name: name.to_owned(), user, http, address: server.address.clone() }
}

/// Sends without a pause until told to stop; writes down what was acknowledged.
async fn talk(
    person: Person,
    acknowledged: Arc<Mutex<Vec<(u64, String)>>>,
    count: watch::Sender<usize>,
    stop: watch::Receiver<bool>,
) {
    let mut socket = person.socket_in("den").await;
    for n in 0.. {
        if *stop.borrow() {
            return;
        }
        let body = format!("{} says {n}", person.name);
        let id = socket.say("den", &body).await;
        acknowledged.lock().expect("no sender panicked").push((id, body));
        count.send_modify(|count| *count += 1);
    }
}

async fn every_backup_made_under_load_is_whole_and_has_all_that_was_acknowledged_before(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let acknowledged = Arc::new(Mutex::new(vec![]));
    let ((stop, stopped), (count, mut counted)) = (watch::channel(false), watch::channel(0));
    let mut senders = vec![];
    for n in 0..SENDERS {
        let person = server.person(&format!("sender-{n}")).await;
        senders.push(tokio::spawn(talk(person, Arc::clone(&acknowledged), count.clone(), stopped.clone())));
    }
    let folder = tempfile::tempdir().unwrap();
    let mut backups: Vec<(PathBuf, Vec<(u64, String)>)> = vec![];
    for n in 1..=BACKUPS {
        let enough = counted.wait_for(|count| *count >= n * BETWEEN);
        drop(wait::within(PATIENCE * 6, "messages", enough).await.expect("senders"));
        let before = acknowledged.lock().unwrap().clone();
        // A space and a quote: a shell will read the name.
        let file = folder.path().join(format!("ann's backup {n}"));
        let args = ["backup", file.to_str().unwrap(), "--database-url", &address_of(&server)];
        succeeded(&carry_out(folder.path(), &args).await);
        backups.push((file, before));
    }
    stop.send_replace(true);
    for sender in senders {
        sender.await.expect("a sender that was answered to the end");
    }
    let names = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(names, BACKUPS, "one file for each backup, and nothing beside it");
    let seen = ann.socket().await.join("den").await;
    let original = ann.reads_whole_room("den").await;
    assert!(original.len() > BACKUPS * BETWEEN);
    for (file, before) in backups {
        let place = Place::like(&server);
        let restored = place.restore(&file).await;
        let kept = ann.http.cookie().expect("a cookie");
        let stale = restored.stranger().request(reqwest::Method::GET, "/me").header("Cookie", kept);
        assert_eq!(Reply::of(stale).await.status, 401, "sessions don't come back");
        let ann = signs_in(&restored, "ann").await;
        let messages = ann.reads_whole_room("den").await;
        let n = messages.len() as u64;
        assert_eq!(numbers(&messages, "id"), (1..=n).collect::<Vec<_>>(), "dense numbers");
        let room = ann.http.get("/rooms/den").await.ok(200);
        assert_eq!(room["seq"], n, "the room stands at its last message");
        assert_eq!(messages[..], original[..messages.len()], "a beginning of what there was, unchanged");
        for (id, body) in &before {
            let stored = messages.get(*id as usize - 1).unwrap_or_else(|| panic!("message {id} is lost, of {n}"));
            assert_eq!(stored["body"], body.as_str());
        }
        let mut socket = ann.socket().await;
        let joined = socket.join_after("den", before.len() as u64, &seen["epoch"]).await;
        assert_eq!(joined["reset"], true, "{joined}");
        assert_ne!(joined["epoch"], seen["epoch"]);
        assert_eq!(socket.say("den", "life goes on").await, n + 1);
    }
}

async fn after_a_restore_in_place_clients_start_anew_and_sign_in_again(mut server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket().await;
    let seen = socket.join("den").await;
    for n in 1..=5 {
        socket.say("den", &n.to_string()).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let url = address_of(&server);
    let backup = ["backup", "copy", "--database-url", &url];
    let restore = ["restore", "copy", "--database-url", &url];
    succeeded(&carry_out(folder.path(), &backup).await);
    for n in 6..=9 {
        socket.say("den", &n.to_string()).await;
    }
    let refused = run(folder.path(), &restore, &[]).await;
    let stderr = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "while a server runs: {stderr}");
    assert!(stderr.contains("running") && stderr.trim_end().lines().count() == 1, "{stderr}");
    assert!(refused.stdout.is_empty());
    server.terminate().await;
    succeeded(&carry_out(folder.path(), &restore).await);
    server.restart().await;
    assert_eq!(ann.http.get("/me").await.status, 401);
    let ann = signs_in(&server, "ann").await;
    let mut socket = ann.socket().await;
    let joined = socket.join_after("den", 5, &seen["epoch"]).await;
    assert_eq!((&joined["reset"], &joined["seq"]), (&json!(true), &json!(5)), "{joined}");
    assert_eq!(bodies(&joined), ["1", "2", "3", "4", "5"]);
}

/// For those who restore by other means, as a snapshot of a disk.
async fn renewing_the_epoch_ends_sessions_and_resets_clients(mut server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let seen = ann.socket().await.join("den").await;
    let (folder, url) = (tempfile::tempdir().unwrap(), address_of(&server));
    let args = ["renew-epoch", "--database-url", &url];
    assert_eq!(run(folder.path(), &args, &[]).await.status.code(), Some(2), "while a server runs");
    server.terminate().await;
    succeeded(&run(folder.path(), &args, &[]).await);
    server.restart().await;
    assert_eq!(ann.http.get("/me").await.status, 401);
    let joined = signs_in(&server, "ann").await.socket().await.join_after("den", 0, &seen["epoch"]).await;
    assert_eq!(joined["reset"], true, "{joined}");
}

on_both_databases![
    every_backup_made_under_load_is_whole_and_has_all_that_was_acknowledged_before,
    after_a_restore_in_place_clients_start_anew_and_sign_in_again,
    renewing_the_epoch_ends_sessions_and_resets_clients,
];

#[tokio::test]
async fn a_backup_is_its_owners_alone_and_never_overwrites() {
    let server = Server::start(Options::sqlite()).await;
    let (folder, url) = (tempfile::tempdir().unwrap(), address_of(&server));
    let args = ["--database-url", &url, "backup", "copy"];
    succeeded(&run(folder.path(), &args, &[]).await);
    let file = folder.path().join("copy");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let bytes = std::fs::read(&file).unwrap();
    let again = run(folder.path(), &args, &[]).await;
    assert_eq!(again.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&again.stderr).contains("not overwritten"));
    assert_eq!(std::fs::read(&file).unwrap(), bytes);
}

#[tokio::test]
async fn the_lines_for_postgres_are_quoted_and_have_no_password() {
    let folder = tempfile::tempdir().unwrap();
    for url in ["postgres://me:5eC4e7@db/x?sslmode=require", "postgres://me@db/x?password=5eC4e7&sslmode=require"] {
        let done = run(folder.path(), &["backup", "a b", "--database-url", url], &[]).await;
        let line = succeeded(&done);
        let file = folder.path().join("a b");
        let expected = format!(
            "pg_dump --format=custom --file='{}' --dbname='postgres://me@db/x?sslmode=require'\n",
            file.display()
        );
        assert_eq!(line, expected);
        assert!(String::from_utf8_lossy(&done.stderr).contains("PGPASSWORD"));
    }
}

#[tokio::test]
async fn what_cannot_be_backed_up_is_one_line_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("text"), "no database").unwrap();
    for (args, why) in [
        (["backup", "new", "--database-url", "sqlite://none"], "there is no such database"),
        (["backup", "new", "--database-url", "sqlite://text"], "not a database"),
        (["backup", "none/new", "--database-url", "sqlite://text"], "none/new"),
        (["backup", "text", "--database-url", "sqlite://none"], "not overwritten"),
        (["restore", "none", "--database-url", "sqlite://none"], "No such file"),
        (["restore", ".", "--database-url", "sqlite://none"], "is no file"),
        (["restore", "text", "--database-url", "postgres://me@127.0.0.1:1/x"], "--format=custom"),
    ] {
        let done = run(folder.path(), &args, &[]).await;
        let stderr = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(2), "{args:?}: {stderr}");
        assert!(stderr.contains(why) && stderr.trim_end().lines().count() == 1, "{args:?}: {stderr}");
        assert!(done.stdout.is_empty());
        let left = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(left, 1, "{args:?} leaves nothing");
    }
}
