//! Starting: alone on a database, with migrations that run once, on a database it understands, over TLS.

use crate::common::postgres::TestDatabase;
use crate::common::server::{run, run_until_it_serves};
use crate::common::*;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

/// Starts a second program on the server's database, with a data directory and a port of its own.
async fn second(server: &Server) -> Output {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let url = match server.test_database() {
        Some(database) => database.url.clone(),
        None => format!("sqlite://{}", server.data_dir().join("klatch.db").display()),
    };
    run(folder.path(), &["--listen", "127.0.0.1:0", "--data-dir", "data", "--database-url", &url], &[]).await
}

fn assert_refused(done: &Output, why: &str) {
    let stderr = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(2), "{stderr}");
    let last = stderr.trim_end().lines().last().unwrap_or_default();
    assert!(last.contains("--database-url") && last.contains(why), "{stderr}");
    assert!(done.stdout.is_empty());
}

async fn a_second_instance_on_the_same_database_is_refused(server: Server) {
    assert_refused(&second(&server).await, "another klatch is running");
    server.person("ann").await;
}

async fn a_killed_instances_database_is_free_at_once(mut server: Server) {
    let ann = server.person("ann").await;
    for _ in 0..3 {
        server.restart().await;
    }
    ann.http.get("/me").await.ok(200);
}

async fn a_newer_programs_database_is_refused(mut server: Server) {
    let ann = server.person("ann").await;
    server.kill().await;
    server.execute("UPDATE meta SET value = '1000' WHERE name = 'minimum_version'");
    assert_refused(&second(&server).await, "newer klatch");
    server.execute("UPDATE meta SET value = '1' WHERE name = 'minimum_version'");
    server.restart().await;
    ann.http.get("/me").await.ok(200);
}

on_both_databases![
    a_second_instance_on_the_same_database_is_refused,
    a_killed_instances_database_is_free_at_once,
    a_newer_programs_database_is_refused,
];

/// The rights of a file or a folder.
fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("a file").permissions().mode() & 0o777
}

#[tokio::test]
async fn what_a_start_makes_is_its_owners_alone_wherever_the_database_is() {
    let open_to_all = ["sh", "-c", "umask 000; exec \"$@\"", "sh"];
    let server = Options::sqlite().makes_its_database().wrapper(&open_to_all).start().await;
    assert_eq!(mode(&server.data_dir()), 0o700);
    let elsewhere = tempfile::tempdir().expect("a temporary directory");
    let database = elsewhere.path().join("chat.db");
    let url = format!("sqlite://{}", database.display());
    let mut server = Options::sqlite().wrapper(&open_to_all).option("--database-url", url).start().await;
    server.person("ann").await;
    for name in ["chat.db", "chat.db-wal", "chat.db-shm"] {
        assert_eq!(mode(&elsewhere.path().join(name)), 0o600, "{name}");
    }
    assert_eq!(mode(&server.data_dir().join("secret")), 0o600);
    server.terminate().await;
    std::fs::set_permissions(&database, Permissions::from_mode(0o640)).expect("its owner");
    server.restart().await;
    assert_eq!(mode(&database), 0o640, "whoever gave it to others meant it");
}

/// Each would make the tables; one at a time may, and then one alone may serve.
#[tokio::test]
async fn of_programs_that_start_together_on_a_new_database_one_serves_and_the_others_are_refused() {
    let database = TestDatabase::empty();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let starts = (0..4).map(|n| {
        let (folder, url) = (folder.path().to_owned(), database.url.clone());
        async move {
            let data = format!("data-{n}");
            let args = ["--listen", "127.0.0.1:0", "--data-dir", &data, "--database-url", &url];
            run_until_it_serves(&folder, &args).await
        }
    });
    let ended = futures_util::future::join_all(starts).await;
    let refused: Vec<_> = ended.iter().flatten().collect();
    assert_eq!(refused.len(), 3, "one of four serves: {refused:?}");
    for done in refused {
        assert_refused(done, "another klatch is running");
    }
}

#[tokio::test]
async fn a_postgres_that_gives_too_few_connections_is_refused() {
    let database = TestDatabase::empty();
    let url = database.given_to_a_plain_user();
    database.limit_connections(6);
    let folder = tempfile::tempdir().expect("a temporary directory");
    let done =
        run(folder.path(), &["--listen", "127.0.0.1:0", "--data-dir", "data", "--database-url", &url], &[]).await;
    assert_refused(&done, "too many connections");
}

#[tokio::test]
async fn a_postgres_that_demands_tls_is_reached() {
    let options = Options::on(Database::Postgres);
    let server = options.start().await;
    let url = server.test_database().expect("a Postgres database").url.replace("//klatch@", "//demands_tls@");
    drop(server.person("ann").await);
    let plain = format!("{url}?sslmode=disable");
    let folder = tempfile::tempdir().expect("a temporary directory");
    let done =
        run(folder.path(), &["--listen", "127.0.0.1:0", "--data-dir", "data", "--database-url", &plain], &[]).await;
    assert_refused(&done, "demands_tls");
    // Refused for the same reason as any second instance, which it can only learn by asking this database.
    let tls = format!("{url}?sslmode=require");
    let done =
        run(folder.path(), &["--listen", "127.0.0.1:0", "--data-dir", "data", "--database-url", &tls], &[]).await;
    assert_refused(&done, "another klatch is running");
}
