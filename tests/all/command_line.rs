//! Starting and stopping: help, environment, the ready line, signals.

use crate::common::server::{run, shell};
use crate::common::*;

/// Every option of the contract, without its dashes.
pub const OPTIONS: [&str; 16] = [
    "listen",
    "data-dir",
    "public-url",
    "database-url",
    "redis-url",
    "secret",
    "send-rate",
    "sockets-per-user",
    "max-sockets",
    "login-rate",
    "session-days",
    "allowed-origins",
    "metrics-from",
    "trusted-proxies",
    "signup",
    "drain-secs",
];

#[tokio::test]
async fn help_lists_every_option_with_its_environment_variable() {
    let folder = tempfile::tempdir().unwrap();
    let done = run(folder.path(), &["serve", "--help"], &[]).await;
    assert!(done.status.success());
    let help = String::from_utf8(done.stdout).unwrap();
    for option in OPTIONS {
        let variable = format!("KLATCH_{}", option.replace('-', "_").to_uppercase());
        assert!(help.contains(&format!("--{option} ")), "--{option} in {help}");
        assert!(help.contains(&variable), "{variable} in {help}");
    }
}

#[tokio::test]
async fn a_commands_help_has_what_matters_to_it() {
    let folder = tempfile::tempdir().unwrap();
    for (words, has) in [
        (&["user", "add", "--help"][..], &["--role", "--data-dir", "--database-url", "--create"][..]),
        (&["invite", "--help"], &["--hours", "--public-url"]),
        (&["doctor", "--help"], &["--deep", "--redis-url", "--secret"]),
        (&["backup", "--help"], &["FILE", "--data-dir"]),
    ] {
        let done = run(folder.path(), words, &[]).await;
        let help = String::from_utf8(done.stdout).unwrap();
        for option in has {
            assert!(help.contains(option), "{option} in {help}");
        }
        assert!(!help.contains("--send-rate") && help.contains("klatch serve --help"), "{help}");
    }
    // What a command's help does not list it understands all the same.
    let done = run(folder.path(), &["doctor", "--send-rate", "1"], &[]).await;
    assert!(String::from_utf8(done.stdout).unwrap().contains("BAD database: "));
}

#[tokio::test]
async fn a_command_that_is_not_whole_or_not_known_is_told_what_there_is() {
    let folder = tempfile::tempdir().unwrap();
    for (words, says) in [
        (&["user"][..], &["add", "role", "list", "wipe"][..]),
        (&["room"], &["archive", "list"]),
        (&["jobs"], &["retry"]),
        (&["usr"], &["perhaps user"]),
        (&["user", "lst"], &["perhaps list"]),
        (&["--lisen", "x"], &["perhaps --listen"]),
        (&["nonsense"], &["see klatch --help"]),
        (&["user", "add"], &["<NAME>"]),
    ] {
        let done = run(folder.path(), words, &[]).await;
        let told = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(2), "{words:?}: {told}");
        for word in says {
            assert!(told.contains(word), "{words:?}: {word} in {told}");
        }
    }
}

/// What the system answers, and what to do.
#[tokio::test]
async fn what_a_start_can_not_have_is_told_with_advice() {
    let server = Server::start(Options::sqlite()).await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    for (words, advice) in [
        (["--listen", &server.address, "--data-dir", "data"], "another program serves there"),
        (["--listen", "203.0.113.9:80", "--data-dir", "data"], "this machine has no such address"),
        (["--listen", "127.0.0.1:0", "--data-dir", "file"], "there is a file where a directory is meant"),
        (["--listen", "127.0.0.1:0", "--data-dir", "file/data"], "there is a file where a directory is meant"),
    ] {
        let done = run(folder.path(), &words, &[]).await;
        let told = String::from_utf8(done.stderr).unwrap();
        assert!(done.status.code() == Some(2) && told.contains(advice), "{words:?}: {told}");
    }
    // Rights that were wrong once are kept beside the database: what is to be mended is named.
    let line = "klatch user add ann --create --data-dir data >/dev/null && touch data/klatch.db-shm && chown -R 1 . && \
                chmod 400 data/klatch.db-shm && exec setpriv --bounding-set=-all --inh-caps=-all --reuid=1 \
                $(command -v klatch) --listen 127.0.0.1:0 --data-dir data";
    let done = shell(folder.path(), line, &[]).await;
    let told = String::from_utf8(done.stderr).unwrap();
    assert!(told.contains("klatch.db-shm can't be written: run this as the server's user"), "{told}");
}

#[tokio::test]
async fn a_bad_value_is_answered_with_how_to_write_it() {
    let folder = tempfile::tempdir().unwrap();
    for (option, value, advice) in [
        ("listen", "localhost:8080", "127.0.0.1:8080"),
        ("listen", "8080", "127.0.0.1:8080"),
        ("public-url", "chat.example.org", "must begin with http:// or https://"),
        ("public-url", "chat.example.org:8080", "must begin with http:// or https://"),
        ("allowed-origins", "chat.example.org", "must begin with http:// or https://"),
        ("database-url", "postgres://klatch:5eC#4e7@db/klatch", "%23 stands for #"),
        ("database-url", "postgres://klatch:12#4e7@db/klatch", "%23 stands for #"),
        ("database-url", "postgres://klatch:5eC/4e7@db/klatch", "%2F for /"),
        ("database-url", "postgres://klatch:5eC?4e7@db/klatch", "%3F for ?"),
        ("redis-url", "redis://:5eC#4e7@redis", "%23 stands for #"),
        ("redis-url", "redis://:5eC/4e7@redis", "%2F for /"),
    ] {
        let variable = format!("KLATCH_{}", option.replace('-', "_").to_uppercase());
        for environment in [&[][..], &[(&*variable, value)]] {
            let given = [format!("--{option}"), value.to_owned()];
            let given: Vec<&str> =
                if environment.is_empty() { given.iter().map(String::as_str).collect() } else { vec![] };
            let done = run(folder.path(), &[&["doctor"], &given[..]].concat(), environment).await;
            let told = String::from_utf8(done.stderr).unwrap();
            assert!(done.status.code() == Some(2) && told.contains(advice) && told.contains(option), "{value}: {told}");
            assert_eq!(told.contains(&format!("(in {variable})")), !environment.is_empty(), "{value}: {told}");
            assert!(!told.contains("4e7"), "a password is never repeated: {told}");
        }
    }
}

#[tokio::test]
async fn help_tells_the_defaults() {
    let folder = tempfile::tempdir().unwrap();
    let done = run(folder.path(), &["serve", "--help"], &[]).await;
    let help = String::from_utf8(done.stdout).unwrap();
    for default in ["127.0.0.1:8080", "./klatch-data", "10", "32", "30", "open", "5"] {
        assert!(help.contains(&format!("[default: {default}]")), "{default} in {help}");
    }
}

#[tokio::test]
async fn the_picked_port_is_printed_and_answers() {
    let server = Server::start(Options::sqlite()).await;
    assert!(!server.address.ends_with(":0"), "{}", server.address);
    server.stranger().get("page:/healthz").await.ok(200);
}

#[tokio::test]
async fn the_environment_configures_what_no_option_does() {
    let server =
        Options::sqlite().environment("KLATCH_SIGNUP", "closed").environment("KLATCH_SEND_RATE", "1000").start().await;
    let account = json!({"username": "ann", "password": PASSWORD});
    let refused = server.stranger().post("/signup", account).await;
    assert_eq!(refused.error(), (403, "forbidden"));
}

#[tokio::test]
async fn an_option_wins_over_the_environment() {
    let server = Options::sqlite().environment("KLATCH_SIGNUP", "closed").option("--signup", "open").start().await;
    server.person("ann").await;
}

#[tokio::test]
async fn the_database_url_names_the_sqlite_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("elsewhere.db");
    let url = format!("sqlite://{}", file.display());
    let server = Options::sqlite().option("--database-url", url).start().await;
    assert!(file.exists());
    assert!(!server.data_dir().join("klatch.db").exists());
}

#[tokio::test]
async fn serve_is_what_klatch_does_without_a_word() {
    let folder = tempfile::tempdir().unwrap();
    let bad = ["serve", "--listen", "nowhere"];
    let with = run(folder.path(), &bad, &[]).await;
    let without = run(folder.path(), &bad[1..], &[]).await;
    assert_eq!(with.stderr, without.stderr);
    assert_eq!(with.status.code(), Some(2));
    assert_eq!(without.status.code(), Some(2));
}

async fn sigterm_ends_with_status_0(mut server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let _socket = ann.socket_in("den").await;
    assert_eq!(server.terminate().await.code(), Some(0));
}

async fn what_was_stored_is_there_after_a_restart(mut server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let sent = ann.posts("den", "still here").await;
    server.restart().await;
    assert_eq!(ann.reads_whole_room("den").await, [sent]);
}

#[tokio::test]
async fn a_second_instance_on_the_same_postgres_needs_redis() {
    let server = Server::start(Options::on(Database::Postgres)).await;
    let url = &server.test_database().expect("a Postgres database").url;
    let folder = tempfile::tempdir().unwrap();
    let args = ["--listen", "127.0.0.1:0", "--data-dir", "data", "--database-url", url];
    let second = run(folder.path(), &args, &[]).await;
    let stderr = String::from_utf8(second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("--redis-url"), "{stderr}");
    server.stranger().get("page:/readyz").await.ok(200);
}

#[tokio::test]
async fn a_variable_that_is_no_option_is_told_of() {
    let misspelt = ("KLATCH_DATADIR", "/srv/klatch");
    let server = Options::sqlite().environment(misspelt.0, misspelt.1).start().await;
    let log = server.stderr();
    assert!(log.contains("WARN") && log.contains("name=\"KLATCH_DATADIR\""), "{log}");
    let folder = server.data_dir().to_string_lossy().into_owned();
    let words = ["doctor", "--data-dir", &folder];
    let doctor = run(server.data.path(), &words, &[misspelt]).await;
    let told = String::from_utf8_lossy(&doctor.stderr).into_owned();
    assert_eq!(told, "# KLATCH_DATADIR is no option of klatch, and has no effect\n");
}

#[tokio::test]
async fn a_level_of_the_log_that_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (filter, why) in
        [("inof", "RUST_LOG: inof is no level"), ("info,actix_web", "a module has one: actix_web=debug")]
    {
        let done = run(folder.path(), &["--listen", "127.0.0.1:0"], &[("RUST_LOG", filter)]).await;
        let told = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(2), "{told}");
        assert!(told.contains(why) && told.trim_end().lines().count() == 1, "{told}");
    }
}

#[tokio::test]
async fn a_log_filter_that_cannot_be_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = run(folder.path(), &["--listen", "127.0.0.1:0"], &[("RUST_LOG", "klatch=loud")]).await;
    let stderr = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(2), "{stderr}");
    assert!(stderr.starts_with("klatch: RUST_LOG: ") && stderr.lines().count() == 1, "{stderr}");
}

#[tokio::test]
async fn a_low_limit_of_open_files_is_told_of() {
    let server = Options::sqlite().wrapper(&["prlimit", "--nofile=300:300"]).start().await;
    let log = server.stderr();
    assert!(log.contains("the limit of open files is low"), "{log}");
    let server = Options::sqlite().start().await;
    let log = server.stderr();
    assert!(!log.contains("the limit of open files is low"), "{log}");
}

on_both_databases![sigterm_ends_with_status_0, what_was_stored_is_there_after_a_restart];
