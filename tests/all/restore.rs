//! `klatch restore` on SQLite where something goes wrong: killed at any moment, a damaged database, a useless backup.

use crate::backup::{address_of, signs_in, succeeded};
use crate::common::server::run;
use crate::common::*;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

const OLD: u64 = 10;
const BACKED_UP: u64 = 5;
/// The calls that change what is on the disk. SQLite's own come by the dozen: not before each of them is a death tried.
const CALLS: [(&str, usize); 6] =
    [("rename", 1), ("linkat", 1), ("unlink", 1), ("fsync", 1), ("fdatasync", 1), ("pwrite64", 9)];

/// A backup with five messages in `copy`, and in `data` what a killed server left of ten: some only in the WAL.
async fn killed_server_and_backup() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("data/klatch.db").display());
    fs::create_dir(folder.path().join("data")).unwrap();
    let mut server = Options::sqlite().option("--database-url", &url).start().await;
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    for n in 1..=OLD {
        socket.say("den", &n.to_string()).await;
        if n == BACKED_UP {
            succeeded(&run(folder.path(), &["backup", "copy", "--database-url", &url], &[]).await);
        }
    }
    server.kill().await;
    assert!(folder.path().join("data/klatch.db-wal").exists());
    folder
}

/// How many messages a database has, once it is known to be whole and its numbers dense.
fn messages_in(database: &Path) -> u64 {
    let mut connection = SqliteConnection::establish(database.to_str().unwrap()).expect("a database");
    let whole = diesel::dsl::sql::<Text>("(SELECT integrity_check FROM pragma_integrity_check LIMIT 1)");
    assert_eq!(diesel::select(whole).get_result::<String>(&mut connection).unwrap(), "ok");
    let counted = diesel::dsl::sql::<(BigInt, BigInt)>(
        "(SELECT count(*) FROM messages), (SELECT coalesce(max(last_seq), 0) FROM rooms)",
    );
    let (count, seq): (i64, i64) = diesel::select(counted).get_result(&mut connection).unwrap();
    assert_eq!(count, seq);
    count as u64
}

fn copy_of(folder: &Path) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    for file in fs::read_dir(folder).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    copy
}

/// The only `klatch.db.before-restore-…`, where there is one.
fn kept(data: &Path) -> Option<PathBuf> {
    let names = fs::read_dir(data).unwrap().map(|file| file.unwrap().path());
    let mut kept: Vec<_> = names.filter(|path| path.to_string_lossy().contains(".before-restore-")).collect();
    assert!(kept.len() <= 1, "{kept:?}");
    kept.pop()
}

fn restore_under(wrapper: &[&str], data: &Path, file: &Path) -> Command {
    let words = [wrapper, &[env!("CARGO_BIN_EXE_klatch"), "restore"]].concat();
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).arg(file).arg("--data-dir").arg(data).env("KLATCH_ENV_FILE", "/dev/null");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

#[tokio::test]
async fn a_restore_killed_before_any_call_leaves_the_old_database_or_the_new() {
    let folder = killed_server_and_backup().await;
    let file = folder.path().join("copy");
    let (mut old, mut new) = (0, 0);
    for (call, step) in CALLS {
        for nth in (1..).step_by(step) {
            let data = copy_of(&folder.path().join("data"));
            let inject = format!("inject={call}:signal=KILL:when={nth}");
            let strace = ["strace", "-f", "-q", "-o", "/dev/null", "-e", &inject];
            let survived = restore_under(&strace, data.path(), &file).status().unwrap().success();
            match messages_in(&data.path().join("klatch.db")) {
                OLD if !survived => old += 1,
                BACKED_UP => new += 1,
                other => panic!("{inject}: {other} messages, survived: {survived}"),
            }
            // Whatever was left, doing it again does it.
            assert!(restore_under(&["env"], data.path(), &file).status().unwrap().success(), "{inject}");
            assert_eq!(messages_in(&data.path().join("klatch.db")), BACKED_UP);
            if survived {
                break;
            }
        }
    }
    assert!(old > 10 && new >= CALLS.len(), "deaths before: {old}, after: {new}");
}

#[tokio::test]
async fn the_database_before_is_kept_whole_and_the_new_one_serves() {
    let folder = killed_server_and_backup().await;
    let data = folder.path().join("data");
    let done = run(folder.path(), &["restore", "copy", "--data-dir", "data"], &[]).await;
    let kept = kept(&data).expect("the database before");
    assert!(succeeded(&done).contains(kept.to_str().unwrap().rsplit('/').next().unwrap()), "{done:?}");
    assert_eq!(messages_in(&kept), OLD);
    let names = fs::read_dir(&data).unwrap().count();
    assert_eq!(names, 3, "the database, its lock, the database before");
    let url = format!("sqlite://{}", data.join("klatch.db").display());
    let server = Options::sqlite().option("--database-url", url).start().await;
    let ann = signs_in(&server, "ann").await;
    assert_eq!(ann.reads_whole_room("den").await.len() as u64, BACKED_UP);
}

#[tokio::test]
async fn a_damaged_database_is_replaced_and_kept() {
    let folder = killed_server_and_backup().await;
    let data = folder.path().join("data");
    let damaged = "this is no database ".repeat(1_000);
    fs::write(data.join("klatch.db"), &damaged).unwrap();
    for companion in ["klatch.db-wal", "klatch.db-shm"] {
        fs::remove_file(data.join(companion)).unwrap();
    }
    succeeded(&run(folder.path(), &["restore", "copy", "--data-dir", "data"], &[]).await);
    assert_eq!(messages_in(&data.join("klatch.db")), BACKED_UP);
    let kept = fs::read(kept(&data).expect("the database before")).unwrap();
    assert_eq!(kept, damaged.as_bytes());
}

/// SQLite would apply it to whatever database has the name.
#[tokio::test]
async fn a_wal_that_lost_its_database_is_not_applied_to_the_restored_one() {
    let folder = killed_server_and_backup().await;
    let data = folder.path().join("data");
    fs::remove_file(data.join("klatch.db")).unwrap();
    let wal = fs::read(data.join("klatch.db-wal")).unwrap();
    succeeded(&run(folder.path(), &["restore", "copy", "--data-dir", "data"], &[]).await);
    assert_eq!(messages_in(&data.join("klatch.db")), BACKED_UP);
    let aside = fs::read_dir(&data).unwrap().map(|file| file.unwrap().path());
    let aside = aside.filter(|path| path.to_string_lossy().ends_with("Z-wal")).map(|path| fs::read(path).unwrap());
    assert_eq!(aside.collect::<Vec<_>>(), [wal]);
}

/// Closing it later, the other program would remove the new database's WAL.
#[tokio::test]
async fn a_database_that_another_program_has_open_is_not_replaced() {
    let folder = killed_server_and_backup().await;
    let database = folder.path().join("data/klatch.db");
    let mut other = SqliteConnection::establish(database.to_str().unwrap()).unwrap();
    // Idle, but with its WAL at hand.
    other.batch_execute("SELECT count(*) FROM messages").unwrap();
    let done = run(folder.path(), &["restore", "copy", "--data-dir", "data"], &[]).await;
    assert_eq!(done.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&done.stderr).contains("another program has it open"), "{done:?}");
    drop(other);
    assert_eq!(messages_in(&database), OLD);
    assert!(kept(&folder.path().join("data")).is_none());
}

#[tokio::test]
async fn a_useless_backup_changes_nothing() {
    let folder = killed_server_and_backup().await;
    let whole = fs::read(folder.path().join("copy")).unwrap();
    let mut damaged = whole.clone();
    damaged[8 * 4096..9 * 4096].fill(0xff);
    let sql = |name: &str, sql: &str| {
        let path = folder.path().join(name);
        SqliteConnection::establish(path.to_str().unwrap()).unwrap().batch_execute(sql).unwrap();
    };
    fs::write(folder.path().join("half"), &whole[..whole.len() / 2]).unwrap();
    fs::write(folder.path().join("damaged"), damaged).unwrap();
    fs::write(folder.path().join("text"), "hello").unwrap();
    fs::write(folder.path().join("packed"), b"\x1f\x8b\x08, and what follows").unwrap();
    fs::write(folder.path().join("archive"), "PGDMP, and what follows").unwrap();
    fs::write(folder.path().join("empty"), "").unwrap();
    fs::write(folder.path().join("newer"), &whole).unwrap();
    sql("newer", "UPDATE meta SET value = '1000' WHERE name = 'minimum_version'");
    sql("foreign", "CREATE TABLE meta (other TEXT)");
    for (file, why) in [
        ("half", "malformed: restore another backup"),
        ("damaged", ": restore another backup"),
        ("text", "text: is no backup of klatch"),
        ("empty", "empty: is empty: restore another backup"),
        ("packed", "packed: is packed: unpack it first, by gunzip"),
        ("archive", "archive: is a backup of a Postgres database: name that by --database-url"),
        ("newer", "newer klatch"),
        ("foreign", "no database of klatch: "),
        ("data/klatch.db", "the database itself"),
    ] {
        let done = run(folder.path(), &["restore", file, "--data-dir", "data"], &[]).await;
        let stderr = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(2), "{file}: {stderr}");
        assert!(stderr.contains(why) && stderr.trim_end().lines().count() == 1, "{file}: {stderr}");
        assert!(kept(&folder.path().join("data")).is_none(), "{file}");
        assert!(!folder.path().join("data/klatch.db.restoring").exists(), "{file}");
    }
    assert_eq!(messages_in(&folder.path().join("data/klatch.db")), OLD);
}

/// Whoever restores on a new machine has no data directory yet.
#[tokio::test]
async fn a_restore_makes_the_data_directory() {
    let server = Server::start(Options::sqlite()).await;
    let folder = tempfile::tempdir().unwrap();
    succeeded(&run(folder.path(), &["backup", "copy", "--database-url", &address_of(&server)], &[]).await);
    succeeded(&run(folder.path(), &["restore", "copy", "--data-dir", "new/data"], &[]).await);
    assert_eq!(messages_in(&folder.path().join("new/data/klatch.db")), 0);
}
