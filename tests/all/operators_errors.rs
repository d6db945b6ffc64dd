//! What operators are told where a database can't do something: the cause, which database, what to do, and nothing that is
//! meant for those who send messages.

use crate::common::postgres::Transaction;
use crate::common::server::shell;
use crate::common::*;
use std::fs;
use std::path::Path;

/// What the wire says of a database that does not answer.
const OF_THE_WIRE: [&str; 3] = ["same key", "may or may not", "send again"];

/// Commands by what they need of the database.
const WRITE: [&str; 6] =
    ["user add bob", "user role ann admin", "user password ann", "user disable ann", "room add den", "invite"];
const READ: [&str; 2] = ["jobs list", "doctor"];
const REPLACE: [&str; 2] = ["backup copy", "renew-epoch"];
const SERVE: [&str; 1] = ["--listen 127.0.0.1:0"];

struct Fault {
    name: &'static str,
    /// Run in the data directory, where `klatch.db` is.
    cause: &'static str,
    /// What klatch runs under.
    under: &'static str,
    /// One of these.
    says: &'static [&'static str],
    advises: &'static str,
    fail: &'static [&'static [&'static str]],
}

/// Root may read and write everything.
const AS_ANOTHER: &str = "setpriv --bounding-set=-all --inh-caps=-all --reuid=1 --clear-groups";

const FAULTS: [Fault; 5] = [
    Fault {
        name: "full",
        cause: "true",
        under: "strace -f -q -o /dev/null -e inject=pwrite64:error=ENOSPC",
        // The other one where the files beside the database can't be made.
        says: &["database or disk is full: make room on its disk", "disk I/O error: look whether its disk is full"],
        advises: "full",
        fail: &[&WRITE, &READ, &REPLACE, &SERVE],
    },
    Fault {
        name: "read-only",
        cause: "chown -R 1 .; chmod 444 klatch.db",
        under: AS_ANOTHER,
        // Found before SQLite tries.
        says: &["attempt to write a readonly database", "klatch.db can't be written"],
        advises: "run this as the server's user",
        fail: &[&WRITE, &["doctor", "renew-epoch"], &SERVE],
    },
    Fault {
        name: "unreadable",
        cause: "chown -R 1 .; chmod 000 klatch.db",
        under: AS_ANOTHER,
        says: &["unable to open database file"],
        advises: "run this as the server's user",
        fail: &[&WRITE, &READ, &REPLACE, &SERVE],
    },
    Fault {
        name: "damaged",
        cause: "size=$(stat -c %s klatch.db); head -c $((size - 4096)) /dev/zero | tr '\\0' '\\377' | \
                dd of=klatch.db bs=4096 seek=1 conv=notrunc status=none",
        under: "",
        says: &["database disk image is malformed"],
        advises: "restore a backup",
        fail: &[&WRITE, &READ, &REPLACE, &SERVE],
    },
    Fault {
        name: "no database",
        cause: "head -c 100000 /dev/zero | tr '\\0' x > klatch.db",
        under: "",
        says: &["file is not a database"],
        advises: "restore a backup",
        fail: &[&WRITE, &READ, &REPLACE, &SERVE],
    },
];

async fn klatch(folder: &Path, under: &str, words: &str, environment: &[(&str, &str)]) -> (bool, String) {
    let line = format!("umask 000; {under} $(command -v klatch) {words} < /dev/null 2>&1");
    let done = shell(folder, &line, environment).await;
    (done.status.success(), String::from_utf8_lossy(&done.stdout).into_owned())
}

fn is_an_operators(told: &str, what: &str, says: &[&str], place: &str, advises: &str) {
    let says = |line: &&str| says.iter().any(|text| line.contains(text));
    let line = told.lines().find(says).unwrap_or_else(|| panic!("{what}: {told}"));
    // The doctor has named the database in a line before.
    assert!(line.contains(place) || told.contains("BAD "), "{what}: {told}");
    assert!(line.contains(advises), "{what}: {told}");
    assert!(told.contains("BAD ") || told.trim_end().lines().filter(|line| line.starts_with("klatch: ")).count() == 1);
}

#[tokio::test]
async fn every_command_tells_the_cause_the_file_and_what_to_do_on_sqlite() {
    let mut server = Server::start(Options::sqlite()).await;
    server.person_as("ann", "owner").await;
    server.terminate().await;
    for fault in &FAULTS {
        let failing: Vec<&str> = fault.fail.iter().flat_map(|words| words.iter().copied()).collect();
        for words in [&WRITE[..], &READ, &REPLACE, &SERVE].concat() {
            let folder = tempfile::tempdir().unwrap();
            let copied = format!("chmod 777 .; cp -a {} data; cd data; {}", server.data_dir().display(), fault.cause);
            assert!(shell(folder.path(), &copied, &[]).await.status.success(), "{}", fault.name);
            if words.starts_with("--listen") && !failing.contains(&words) {
                continue;
            }
            let environment = [("KLATCH_DATA_DIR", "data"), ("KLATCH_PUBLIC_URL", "http://chat.example")];
            let (well, told) = klatch(folder.path(), fault.under, words, &environment).await;
            let what = format!("{words} where the database is {}", fault.name);
            assert!(OF_THE_WIRE.iter().all(|text| !told.contains(text)), "{what}: {told}");
            if failing.contains(&words) {
                assert!(!well, "{what}: {told}");
                is_an_operators(&told, &what, fault.says, "data/klatch.db", fault.advises);
            } else {
                assert!(well, "{what}: {told}");
            }
            assert!(!folder.path().join("copy").exists() || well);
        }
    }
}

#[tokio::test]
async fn every_command_tells_the_cause_the_database_and_what_to_do_on_postgres() {
    let mut server = Server::start(Options::on(Database::Postgres)).await;
    server.person_as("ann", "owner").await;
    server.terminate().await;
    let database = server.test_database().expect("a Postgres database");
    let (_, place) = database.url.split_once('@').expect("a host");
    let folder = tempfile::tempdir().unwrap();
    let check = async |url: &str, words: &str, place: &str, says: &str, advises: &str| {
        let environment =
            [("KLATCH_DATABASE_URL", url), ("KLATCH_DATA_DIR", "data"), ("KLATCH_PUBLIC_URL", "http://chat.example")];
        let (well, told) = klatch(folder.path(), "", words, &environment).await;
        assert!(!well, "{words}: {told}");
        assert!(OF_THE_WIRE.iter().all(|text| !told.contains(text)), "{words}: {told}");
        is_an_operators(&told, words, &[says], place, advises);
    };
    database.may_only_be_read(true);
    for words in [&WRITE[..], &["doctor", "renew-epoch"], &SERVE].concat() {
        check(&database.url, words, place, "read-only transaction", "name the primary").await;
    }
    database.may_only_be_read(false);
    // Somebody's transaction holds what is needed.
    let holds = Transaction::begin(database, "LOCK TABLE users").await;
    for words in ["user add bob", "user disable ann"] {
        check(&database.url, words, place, "canceling statement due to", "pg_stat_activity").await;
    }
    holds.let_go().await;
    let nowhere = format!("{}x", database.url);
    for words in [&WRITE[..], &READ, &REPLACE, &SERVE].concat() {
        check(&nowhere, words, "", "does not exist", "").await;
        check("postgres://me@127.0.0.1:1/klatch", words, "127.0.0.1", "refused", "").await;
    }
    assert!(fs::read_dir(folder.path()).unwrap().all(|file| file.unwrap().file_name() == "data"));
}

async fn the_log_of_a_server_names_the_cause_and_the_database(server: Server) {
    let ann = server.person("ann").await;
    let place = match server.test_database() {
        Some(database) => {
            database.may_only_be_read(true);
            database.url.split_once('@').expect("a host").1.to_owned()
        }
        None => {
            server.execute(
                "CREATE TRIGGER refused BEFORE INSERT ON rooms BEGIN SELECT raise(ABORT, 'disk I/O error'); END",
            );
            server.data_dir().join("klatch.db").display().to_string()
        }
    };
    assert_eq!(ann.http.post("/rooms", json!({"slug": "den"})).await.error().0, 503);
    let log = server.stderr();
    let line = log.lines().find(|line| line.contains("store failed")).unwrap_or_else(|| panic!("{log}"));
    assert!(
        line.contains(&place) && (line.contains("disk I/O error: look whether") || line.contains("name the primary")),
        "{line}"
    );
    assert!(OF_THE_WIRE.iter().all(|text| !log.contains(text)), "{log}");
}

on_both_databases![the_log_of_a_server_names_the_cause_and_the_database];
