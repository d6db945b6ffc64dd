//! `klatch restore` on Postgres where something goes wrong: servers that start meanwhile, a death, a useless archive.

use crate::backup::{in_place_of, names, succeeded};
use crate::common::postgres::TestDatabase;
use crate::common::server::{run, run_until_it_serves, shell};
use crate::common::*;
use std::path::Path;
use std::process::Output;
use tempfile::TempDir;

/// A database with five messages in `copy` and ten in its tables, no server running.
async fn stopped_server_and_backup() -> (TempDir, Server, String) {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(Options::on(Database::Postgres)).await;
    let url = server.test_database().expect("a Postgres database").url.clone();
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    for n in 1..=10 {
        ann.posts("den", &n.to_string()).await;
        if n == 5 {
            succeeded(&run(folder.path(), &["backup", "copy", "--database-url", &url], &[]).await);
        }
    }
    server.terminate().await;
    (folder, server, url)
}

/// Runs `klatch` where a script stands for a tool of Postgres: see [`in_place_of`].
async fn klatch_behind(folder: &Path, words: &str, url: &str) -> Output {
    let line = format!("PATH=$PWD/bin:$PATH exec klatch {words}");
    shell(folder, &line, &[("KLATCH_DATABASE_URL", url)]).await
}

async fn starts(folder: &Path, url: &str) -> Option<String> {
    let args = ["--listen", "127.0.0.1:0", "--data-dir", "data", "--database-url", url];
    let ended = run_until_it_serves(folder, &args).await?;
    assert_eq!(ended.status.code(), Some(2), "{ended:?}");
    Some(String::from_utf8(ended.stderr).unwrap().lines().last().unwrap_or_default().to_owned())
}

fn told(done: &Output) -> String {
    let text = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(text.trim_end().lines().count(), 1, "{text}");
    text
}

#[tokio::test]
async fn no_server_and_no_command_comes_between_while_tables_are_replaced() {
    let (folder, server, url) = stopped_server_and_backup().await;
    let folder = folder.path();
    in_place_of(
        folder,
        "pg_restore",
        "case \"$*\" in *--clean*) echo > begun; read -r _ < go;; esac\nexec pg_restore \"$@\"",
    );
    assert!(std::process::Command::new("mkfifo").arg(folder.join("go")).status().unwrap().success());
    let meanwhile = async {
        eventually(PATIENCE, "pg_restore to run", async || folder.join("begun").exists().then_some(())).await;
        let refused = starts(folder, &url).await.expect("no server may start");
        assert!(refused.contains("this database is being restored"), "{refused}");
        let user = run(folder, &["user", "add", "bob", "--database-url", &url], &[]).await;
        assert!(told(&user).contains("this database is being restored"), "{user:?}");
        let again = run(folder, &["restore", "copy", "--database-url", &url], &[]).await;
        assert!(told(&again).contains("a klatch is running on this database"), "{again:?}");
        std::fs::write(folder.join("go"), "\n").unwrap();
    };
    let (done, ()) = tokio::join!(klatch_behind(folder, "restore copy", &url), meanwhile);
    assert!(succeeded(&done).contains("everybody has to sign in again"), "{done:?}");
    assert_eq!(server.number("SELECT count(*) FROM messages"), 5);
    assert_eq!(server.number("SELECT count(*) FROM sessions"), 0);
    assert_eq!(starts(folder, &url).await, None);
}

#[tokio::test]
async fn a_restore_that_dies_after_its_commit_is_told_of_until_its_last_step_is_done() {
    for last_step in ["restore copy", "renew-epoch"] {
        let (folder, server, url) = stopped_server_and_backup().await;
        let folder = folder.path();
        let epoch = || server.text("SELECT value FROM meta WHERE name = 'epoch'");
        let before = epoch();
        in_place_of(folder, "pg_restore", "pg_restore \"$@\" || exit\ncase \"$*\" in *--clean*) kill -9 $PPID;; esac");
        let killed = klatch_behind(folder, "restore copy", &url).await;
        assert_eq!(killed.status.code(), None, "{killed:?}");
        assert_eq!(server.number("SELECT count(*) FROM messages"), 5, "restored, and the epoch is the old one");
        assert_eq!(epoch(), before);
        let refused = starts(folder, &url).await.expect("no server may start");
        assert!(refused.contains("was broken off"), "{refused}");
        let doctor = run(folder, &["doctor", "--database-url", &url], &[]).await;
        let said = String::from_utf8_lossy(&doctor.stdout);
        assert!(said.contains("BAD restore: ") && said.contains("was broken off"), "{said}");
        std::fs::remove_dir_all(folder.join("bin")).unwrap();
        succeeded(&klatch_behind(folder, last_step, &url).await);
        assert_ne!(epoch(), before);
        assert_eq!(starts(folder, &url).await, None);
    }
}

#[tokio::test]
async fn a_restore_that_dies_before_its_commit_leaves_the_old_database() {
    let (folder, server, url) = stopped_server_and_backup().await;
    let folder = folder.path();
    in_place_of(folder, "pg_restore", "case \"$*\" in *--clean*) kill -9 $PPID; exit;; esac\nexec pg_restore \"$@\"");
    let killed = klatch_behind(folder, "restore copy", &url).await;
    assert_eq!(killed.status.code(), None, "{killed:?}");
    assert_eq!(server.number("SELECT count(*) FROM messages"), 10);
    assert!(starts(folder, &url).await.expect("no server may start").contains("was broken off"));
    succeeded(&run(folder, &["renew-epoch", "--database-url", &url], &[]).await);
    assert_eq!(starts(folder, &url).await, None);
}

/// It could commit when the lock of the process that began it is gone.
#[tokio::test]
async fn a_restore_that_is_killed_takes_its_tool_with_it() {
    let (folder, server, url) = stopped_server_and_backup().await;
    let folder = folder.path();
    let waits = "case \"$*\" in *--clean*) echo $PPID $$ > pids; read -r _ < go;; esac\nexec pg_restore \"$@\"";
    in_place_of(folder, "pg_restore", waits);
    assert!(std::process::Command::new("mkfifo").arg(folder.join("go")).status().unwrap().success());
    let kill = async {
        let pids = eventually(PATIENCE, "pg_restore to run", async || {
            let pids = std::fs::read_to_string(folder.join("pids")).unwrap_or_default();
            pids.ends_with('\n').then(|| pids.split_whitespace().map(|pid| pid.parse().unwrap()).collect::<Vec<i32>>())
        })
        .await;
        // SAFETY: a plain system call; the process has a child that waits.
        assert_eq!(unsafe { libc::kill(pids[0], libc::SIGKILL) }, 0);
        let gone = async || (!Path::new(&format!("/proc/{}/cmdline", pids[1])).exists()).then_some(());
        eventually(PATIENCE, "the end of pg_restore", gone).await;
    };
    let (killed, ()) = tokio::join!(klatch_behind(folder, "restore copy", &url), kill);
    assert_eq!(killed.status.code(), None, "{killed:?}");
    assert_eq!(server.number("SELECT count(*) FROM messages"), 10);
}

#[tokio::test]
async fn a_useless_archive_changes_nothing() {
    let (folder, server, url) = stopped_server_and_backup().await;
    let folder = folder.path();
    let whole = std::fs::read(folder.join("copy")).unwrap();
    std::fs::write(folder.join("half"), &whole[..whole.len() * 3 / 4]).unwrap();
    std::fs::write(folder.join("begun"), "PGDMP, and nothing that follows it").unwrap();
    std::fs::write(folder.join("text"), "no archive").unwrap();
    std::fs::write(folder.join("empty"), "").unwrap();
    std::fs::write(folder.join("packed"), b"\x28\xb5\x2f\xfd, and what follows").unwrap();
    std::fs::write(folder.join("script"), "--\n-- PostgreSQL database dump\n--\n").unwrap();
    std::fs::write(folder.join("sqlite"), "SQLite format 3\0, and what follows").unwrap();
    let foreign = TestDatabase::empty();
    foreign.execute("CREATE TABLE meta (other text); INSERT INTO meta VALUES ('x')");
    server.execute("UPDATE meta SET value = '1000' WHERE name = 'minimum_version'");
    for (file, of) in [("foreign", &foreign.url), ("newer", &url)] {
        let dump = ["--format=custom", "--file"];
        let done = std::process::Command::new("pg_dump").args(dump).arg(folder.join(file)).arg(of).status();
        assert!(done.unwrap().success());
    }
    server.execute("UPDATE meta SET value = '1' WHERE name = 'minimum_version'");
    for (file, why) in [
        ("half", "half: "),
        ("begun", "begun: "),
        ("text", "text: is no backup of klatch"),
        ("empty", "empty: is empty: restore another backup"),
        ("packed", "packed: is packed: unpack it first, by unzstd"),
        ("script", "script: is a script of pg_dump"),
        ("sqlite", "sqlite: is a backup of an SQLite database"),
        ("foreign", "is no database of klatch"),
        ("newer", "newer klatch"),
        ("none", "none: can't be read: No such file"),
        (".", "is no file"),
    ] {
        let done = run(folder, &["restore", file, "--database-url", &url], &[]).await;
        assert_eq!(done.status.code(), Some(2), "{file}: {done:?}");
        assert!(told(&done).contains(why) || file == "half", "{file}: {done:?}");
        assert_eq!(server.number("SELECT count(*) FROM messages"), 10, "{file}");
        assert_eq!(server.number("SELECT count(*) FROM sessions"), 1, "{file}");
    }
    assert_eq!(starts(folder, &url).await, None);
}

#[tokio::test]
async fn a_tool_of_postgres_that_fails_or_is_missing_is_told_and_leaves_all_as_it_was() {
    let (folder, server, url) = stopped_server_and_backup().await;
    let folder = folder.path();
    let nowhere = [("PATH", "/nonexistent")];
    for (words, tool) in [(["backup", "new"], "pg_dump"), (["restore", "copy"], "pg_restore")] {
        let done = run(folder, &[words[0], words[1], "--database-url", &url], &nowhere).await;
        let line = told(&done);
        assert!(line.contains(&format!("{tool} is not installed")) && line.contains("postgresql-client"), "{line}");
    }
    let database = url.replacen(url.rsplit('/').next().unwrap(), "nowhere", 1);
    let done = run(folder, &["backup", "new", "--database-url", &database], &[]).await;
    assert!(told(&done).starts_with("klatch: pg_dump: ") && told(&done).contains("nowhere"), "{done:?}");
    in_place_of(
        folder,
        "pg_restore",
        "case \"$*\" in *--clean*) echo pg_restore: it broke >&2; exit 1;; esac\nexec pg_restore \"$@\"",
    );
    let done = klatch_behind(folder, "restore copy", &url).await;
    assert_eq!(told(&done), "klatch: pg_restore: it broke; the database is as it was\n");
    assert_eq!(names(folder), ["bin", "copy"]);
    assert_eq!(server.number("SELECT count(*) FROM messages"), 10);
    assert_eq!(starts(folder, &url).await, None);
}

/// Lists of processes show arguments to everybody.
#[tokio::test]
async fn the_tools_of_postgres_are_given_a_password_by_their_environment_alone() {
    let (folder, _server, url) = stopped_server_and_backup().await;
    let folder = folder.path();
    for tool in ["pg_dump", "pg_restore"] {
        in_place_of(folder, tool, &format!("echo \"$PGPASSWORD\" \"$@\" >> told\nexec {tool} \"$@\""));
    }
    let with_password = url.replacen('@', ":5eC4%2F7e@", 1);
    succeeded(&klatch_behind(folder, "backup new", &with_password).await);
    succeeded(&klatch_behind(folder, "restore new", &with_password).await);
    let told = std::fs::read_to_string(folder.join("told")).unwrap();
    let lines: Vec<&str> = told.lines().filter(|line| line.contains("--dbname=")).collect();
    assert_eq!(lines.len(), 2, "{told}");
    for line in lines {
        let arguments = line.strip_prefix("5eC4/7e ").unwrap_or_else(|| panic!("the password: {line}"));
        assert!(!arguments.contains("5eC4") && arguments.contains("--no-password"), "{line}");
    }
}

/// Tables of these names are others' too.
#[tokio::test]
async fn another_programs_database_is_refused_and_stays_as_it_was() {
    let (folder, _server, _) = stopped_server_and_backup().await;
    let wiki = TestDatabase::empty();
    wiki.execute("CREATE TABLE users (name text); INSERT INTO users VALUES ('ann'); CREATE TABLE pages (body text)");
    let told = "another program has its tables there (users): name an empty database";
    for words in [&["restore", "copy"][..], &["user", "add", "bob", "--create"]] {
        let done = run(folder.path(), &[words, &["--database-url", &wiki.url]].concat(), &[]).await;
        let text = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(done.status.code() == Some(2) && text.contains(told), "{words:?}: {text}");
    }
    assert!(starts(folder.path(), &wiki.url).await.expect("no start").contains(told));
    assert_eq!(
        wiki.number("SELECT count(*) FROM pg_class WHERE relname IN ('users', 'pages', '__diesel_schema_migrations')"),
        2
    );
    assert_eq!(wiki.number("SELECT count(*) FROM users"), 1);
    // Beside other tables klatch has room, and an empty database is told as such.
    let shared = TestDatabase::empty();
    shared.execute("CREATE TABLE spatial_ref_sys (srid integer)");
    let doctor = run(folder.path(), &["doctor", "--database-url", &shared.url], &[]).await;
    let report = String::from_utf8(doctor.stdout).unwrap();
    assert!(report.contains("BAD chat: there is none in this database") && !report.contains("migrations"), "{report}");
    succeeded(&run(folder.path(), &["restore", "copy", "--database-url", &shared.url], &[]).await);
    assert_eq!(starts(folder.path(), &shared.url).await, None);
}
