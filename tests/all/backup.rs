//! `klatch backup` while people talk, and `klatch restore` of what it made: the round trip.

use crate::common::server::{run, shell};
use crate::common::*;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::sync::watch;

const SENDERS: usize = 4;
const BACKUPS: usize = 3;
/// Acknowledged between two backups, at least.
const BETWEEN: usize = 40;

/// `backup` or `restore`.
async fn carry_out(folder: &Path, command: &str, file: &str, url: &str) -> Output {
    run(folder, &[command, file, "--database-url", url], &[]).await
}

/// Puts a script into `bin`, in the place of a program; the script finds the program itself by its name.
pub fn in_place_of(folder: &Path, program: &str, script: &str) {
    let bin = folder.join("bin");
    std::fs::create_dir_all(&bin).unwrap();
    std::fs::write(bin.join(program), format!("#!/bin/sh\nPATH=${{PATH#*:}}\n{script}\n")).unwrap();
    std::fs::set_permissions(bin.join(program), PermissionsExt::from_mode(0o755)).unwrap();
}

/// The names in a folder, in their order.
pub fn names(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = files.map(|file| file.unwrap().file_name().into_string().expect("UTF-8")).collect();
    names.sort();
    names
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
        let database = server.test_database().map(|_| postgres::TestDatabase::empty());
        let url = match &database {
            Some(database) => database.url.clone(),
            None => format!("sqlite://{}", folder.path().join("restored.db").display()),
        };
        Self { folder, url, _database: database }
    }

    async fn restore(&self, file: &Path) -> Server {
        succeeded(&carry_out(self.folder.path(), "restore", file.to_str().unwrap(), &self.url).await);
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
        succeeded(&carry_out(folder.path(), "backup", file.to_str().unwrap(), &address_of(&server)).await);
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
    succeeded(&carry_out(folder.path(), "backup", "copy", &url).await);
    for n in 6..=9 {
        socket.say("den", &n.to_string()).await;
    }
    let refused = carry_out(folder.path(), "restore", "copy", &url).await;
    let stderr = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "while a server runs: {stderr}");
    assert!(stderr.contains("running") && stderr.trim_end().lines().count() == 1, "{stderr}");
    assert!(refused.stdout.is_empty());
    server.terminate().await;
    succeeded(&carry_out(folder.path(), "restore", "copy", &url).await);
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

/// And nobody else.
async fn whoever_waits_at_a_terminal_is_told_how_far_a_backup_is(server: Server) {
    let (folder, url) = (tempfile::tempdir().unwrap(), address_of(&server));
    let environment = [("DATABASE_URL", &*url)];
    let at_a_terminal =
        "script --quiet --return --command 'klatch backup one --database-url \"$DATABASE_URL\"' /dev/null";
    let told = succeeded(&shell(folder.path(), at_a_terminal, &environment).await);
    assert!(told.starts_with("# 0") && told.contains(" MB copied") && told.contains("backed up"), "{told}");
    let done = carry_out(folder.path(), "backup", "two", &url).await;
    succeeded(&done);
    assert_eq!(String::from_utf8_lossy(&done.stderr), "");
}

on_both_databases![
    whoever_waits_at_a_terminal_is_told_how_far_a_backup_is,
    every_backup_made_under_load_is_whole_and_has_all_that_was_acknowledged_before,
    after_a_restore_in_place_clients_start_anew_and_sign_in_again,
    renewing_the_epoch_ends_sessions_and_resets_clients,
];

async fn a_backup_is_its_owners_alone_and_never_overwrites(server: Server) {
    let (folder, url) = (tempfile::tempdir().unwrap(), address_of(&server));
    succeeded(&carry_out(folder.path(), "backup", "copy", &url).await);
    let file = folder.path().join("copy");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let bytes = std::fs::read(&file).unwrap();
    let again = carry_out(folder.path(), "backup", "copy", &url).await;
    assert_eq!(again.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&again.stderr).contains("not overwritten"));
    assert_eq!(std::fs::read(&file).unwrap(), bytes);
    assert_eq!(names(folder.path()), ["copy"]);
}

/// When all is copied, and only the name is missing.
async fn a_file_that_comes_during_a_backup_is_not_overwritten(server: Server) {
    let (folder, url) = (tempfile::tempdir().unwrap(), address_of(&server));
    let file = folder.path().join("copy");
    let environment = [("FILE", "copy"), ("KLATCH_DATABASE_URL", &*url)];
    let done = match server.test_database() {
        Some(_) => {
            in_place_of(folder.path(), "pg_dump", "echo theirs > copy\nexec pg_dump \"$@\"");
            shell(folder.path(), "PATH=$PWD/bin:$PATH klatch backup $FILE", &environment).await
        }
        None => {
            let line =
                "echo $$ > pid; exec strace -D -q -o calls -e inject=fsync:signal=STOP:when=1 klatch backup $FILE";
            let come = async {
                let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap_or_default();
                let stopped = async || read("calls").contains("stopped by SIGSTOP").then_some(());
                eventually(PATIENCE, "the copy to be made", stopped).await;
                std::fs::write(&file, "theirs\n").unwrap();
                // SAFETY: a plain system call; the child has not been waited for, so the number is still its own.
                assert_eq!(unsafe { libc::kill(read("pid").trim().parse().expect("a number"), libc::SIGCONT) }, 0);
            };
            tokio::join!(shell(folder.path(), line, &environment), come).0
        }
    };
    assert!(!done.status.success(), "{done:?}");
    assert_eq!(std::fs::read(&file).unwrap(), b"theirs\n");
}

on_both_databases![
    a_backup_is_its_owners_alone_and_never_overwrites,
    a_file_that_comes_during_a_backup_is_not_overwritten,
];

#[tokio::test]
async fn a_backup_that_breaks_off_leaves_nothing() {
    let server = Server::start(Options::sqlite()).await;
    let (folder, url) = (tempfile::tempdir().unwrap(), address_of(&server));
    // A disk that is full from some write on, or that fails; SQLite then can't clear away its own files.
    for fault in ["pwrite64:error=ENOSPC:when=2+", "ftruncate:error=EIO:when=1+", "pread64:error=EIO:when=20+"] {
        let line = format!("strace -f -q -o /dev/null -e inject={fault} klatch backup copy --database-url \"$URL\"");
        let done = shell(folder.path(), &line, &[("URL", &url)]).await;
        assert_eq!(done.status.code(), Some(2), "{fault}: {done:?}");
        assert!(names(folder.path()).is_empty(), "{fault}: {:?}", names(folder.path()));
    }
}

#[tokio::test]
async fn what_cannot_be_backed_up_is_one_line_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("text"), "no database").unwrap();
    for (args, why) in [
        (["backup", "new", "--database-url", "sqlite://none"], "there is no such database"),
        (["backup", "new", "--database-url", "sqlite://text"], "not a database"),
        (["backup", "none/new", "--database-url", "sqlite://text"], "none: there is no such directory"),
        (["backup", "text", "--database-url", "sqlite://none"], "not overwritten"),
        (["restore", "none", "--database-url", "sqlite://none"], "No such file"),
        (["restore", ".", "--database-url", "sqlite://none"], "is no file"),
        (["restore", "text", "--database-url", "postgres://me@127.0.0.1:1/x"], "text: is no backup of klatch"),
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
