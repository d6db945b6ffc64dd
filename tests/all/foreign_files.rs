//! Files of other programs: refused, unchanged, with nothing beside them.

use crate::backup::names;
use crate::common::server::run;
use crate::common::*;
use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use std::fs;

#[tokio::test]
async fn another_programs_file_is_refused_and_stays_as_it_was() {
    let server = Server::start(Options::sqlite()).await;
    let folder = tempfile::tempdir().unwrap();
    let backup = server.data.path().join("copy").display().to_string();
    assert!(server.klatch(&["backup", &backup]).await.status.success());
    let sql = |name: &str, sql: &str| {
        let path = folder.path().join(name);
        SqliteConnection::establish(path.to_str().unwrap()).unwrap().batch_execute(sql).unwrap();
    };
    sql("dashboards", "CREATE TABLE dashboards (id INTEGER)");
    sql("marked", "CREATE TABLE meta (name TEXT); PRAGMA application_id = 7");
    sql("diesels", "CREATE TABLE __diesel_schema_migrations (version TEXT); CREATE TABLE posts (id INTEGER)");
    // Of a program that was killed: what it wrote last is beside its file.
    let killed = folder.path().join("killed");
    sql("killed", "PRAGMA journal_mode = WAL; CREATE TABLE posts (id INTEGER)");
    let mut other = SqliteConnection::establish(killed.to_str().unwrap()).unwrap();
    other.batch_execute("INSERT INTO posts VALUES (1)").unwrap();
    let copies = [killed.clone(), folder.path().join("killed-wal")].map(|file| (fs::read(&file).unwrap(), file));
    drop(other);
    for (bytes, file) in copies {
        fs::write(file, bytes).unwrap();
    }
    fs::write(folder.path().join("text"), "no database ".repeat(100)).unwrap();
    let before = names(folder.path());
    let contents = || before.iter().map(|name| fs::read(folder.path().join(name)).unwrap()).collect::<Vec<_>>();
    let as_it_was = contents();
    for name in before.iter().filter(|name| !name.contains("-wal")) {
        let url = format!("sqlite://{name}");
        let why = if name == "text" { "text: file is not a database" } else { "is another program's database" };
        for words in [
            &["serve", "--listen", "127.0.0.1:0", "--data-dir", "/nonexistent"][..],
            &["user", "add", "bob"],
            &["user", "add", "bob", "--create"],
            &["jobs", "list"],
            &["invite"],
            &["doctor"],
            &["renew-epoch"],
            &["restore", &backup],
        ] {
            if name == "text" && ["restore", "renew-epoch"].contains(&words[0]) {
                // A damaged database looks like that, and may be replaced.
                continue;
            }
            let done = run(folder.path(), &[words, &["--database-url", &url]].concat(), &[]).await;
            let told = String::from_utf8_lossy(&[done.stdout.clone(), done.stderr.clone()].concat()).into_owned();
            assert!(!done.status.success() && told.contains(why), "{words:?} on {name}: {told}");
            assert_eq!(names(folder.path()), before, "{words:?} on {name}");
            assert!(contents() == as_it_was, "{words:?} on {name}");
        }
    }
}

#[tokio::test]
async fn a_file_of_an_earlier_version_is_known_by_its_tables_and_marked() {
    let mut server = Server::start(Options::sqlite()).await;
    let ann = server.person("ann").await;
    server.terminate().await;
    server.execute("PRAGMA application_id = 0");
    server.restart().await;
    ann.http.get("/me").await.ok(200);
    assert_eq!(server.number("SELECT application_id FROM pragma_application_id"), 0x6b6c_6368);
}

/// A log that programs read has no other lines, whenever a start ends.
#[tokio::test]
async fn start_errors_are_json_where_the_log_is() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("text"), "no database ".repeat(100)).unwrap();
    let json = ("KLATCH_LOG_FORMAT", "json");
    for (args, environment, why) in [
        (&["--listen", "127.0.0.1:0", "--database-url", "sqlite://text"][..], &[json][..], "file is not a database"),
        (&["--log-format=json", "--frobnicate"], &[], "--frobnicate"),
        (&["serve", "--log-format", "json", "--listen", "nowhere"], &[], "--listen"),
        (&[], &[json, ("RUST_LOG", "klatch=loud")], "RUST_LOG"),
        (&[], &[json, ("KLATCH_ENV_FILE", "none")], "KLATCH_ENV_FILE"),
    ] {
        let done = run(folder.path(), args, environment).await;
        let told = String::from_utf8(done.stderr).unwrap();
        assert_eq!((done.status.code(), told.trim_end().lines().count()), (Some(2), 1), "{args:?}: {told}");
        let line: Value = serde_json::from_str(&told).unwrap_or_else(|error| panic!("{args:?}: {told}: {error}"));
        assert_eq!((&line["level"], &line["target"]), (&json!("ERROR"), &json!("klatch")));
        assert!(line["message"].as_str().unwrap().contains(why) && line["timestamp"].is_string(), "{line}");
    }
    // Whoever gives a command reads it.
    let done = run(folder.path(), &["jobs", "list", "--database-url", "sqlite://none"], &[json]).await;
    assert!(String::from_utf8(done.stderr).unwrap().starts_with("klatch: "));
}
