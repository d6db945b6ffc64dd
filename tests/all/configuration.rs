//! Bad configuration: one clear line on standard error that names the option, exit status 2, nothing created.

use crate::command_line::OPTIONS;
use crate::common::server::run;
use crate::common::{Options, Server};
use std::path::Path;

const SHORT_SECRET: &str = "00112233445566778899aabbccddeeff";

/// Asserts the rule for one wrong option, given as an option and by its environment variable.
async fn is_refused(option: &str, value: &str) {
    let flag = format!("{option}={value}");
    refuses(option, &[&flag], &[]).await;
    let variable = format!("KLATCH_{}", option.trim_start_matches('-').replace('-', "_").to_uppercase());
    refuses(option, &[], &[(&variable, value)]).await;
}

/// Runs with these arguments after a valid address and data directory, which a later one may replace.
async fn refuses(named: &str, args: &[&str], environment: &[(&str, &str)]) {
    let folder = tempfile::tempdir().unwrap();
    let mut all = args.to_vec();
    let mut variables = environment.to_vec();
    for (name, value) in [("KLATCH_LISTEN", "127.0.0.1:0"), ("KLATCH_DATA_DIR", "data")] {
        if variables.iter().all(|(given, _)| *given != name) {
            variables.push((name, value));
        }
    }
    all.retain(|arg| !arg.is_empty());
    let done = run(folder.path(), &all, &variables).await;
    let stderr = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(2), "{args:?} {environment:?}: {stderr}");
    assert_eq!(stderr.trim_end().lines().count(), 1, "one line: {stderr}");
    assert!(stderr.contains(named), "{named} is named: {stderr}");
    assert!(done.stdout.is_empty(), "nothing on standard output");
    assert!(is_empty(folder.path()), "nothing is created by {args:?} {environment:?}");
}

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).unwrap().next().is_none()
}

#[tokio::test]
async fn an_address_that_is_none_is_refused() {
    is_refused("--listen", "nowhere").await;
    is_refused("--listen", "127.0.0.1:99999").await;
}

#[tokio::test]
async fn a_public_url_that_is_none_is_refused() {
    is_refused("--public-url", "chat.example").await;
    is_refused("--public-url", "ftp://chat.example").await;
}

#[tokio::test]
async fn a_database_of_an_unknown_kind_is_refused() {
    is_refused("--database-url", "mysql://root@127.0.0.1/klatch").await;
    is_refused("--database-url", "klatch.db").await;
}

#[tokio::test]
async fn a_database_url_that_is_none_is_refused() {
    is_refused("--database-url", "postgres://[bad").await;
    is_refused("--database-url", "postgres://klatch@127.0.0.1:notaport/klatch").await;
    refuses("--database-url", &["--database-url="], &[]).await;
}

#[tokio::test]
async fn a_sqlite_file_nobody_can_make_is_refused() {
    is_refused("--database-url", "sqlite:///nonexistent/dir/x.db").await;
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("directory");
    std::fs::create_dir(&directory).unwrap();
    is_refused("--database-url", &format!("sqlite://{}", directory.display())).await;
    assert!(is_empty(&directory));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "and nothing beside it");
}

#[tokio::test]
async fn a_postgres_that_is_not_there_is_refused() {
    is_refused("--database-url", "postgres://klatch@127.0.0.1:1/klatch").await;
}

#[tokio::test]
async fn a_secret_below_64_bytes_is_refused() {
    is_refused("--secret", SHORT_SECRET).await;
    is_refused("--secret", &"ab".repeat(63)).await;
}

#[tokio::test]
async fn a_secret_that_is_not_hexadecimal_is_refused() {
    is_refused("--secret", &"zz".repeat(64)).await;
    is_refused("--secret", &"a".repeat(129)).await;
}

#[tokio::test]
async fn redis_with_sqlite_is_refused() {
    is_refused("--redis-url", "redis://127.0.0.1:6379").await;
}

#[tokio::test]
async fn redis_without_a_secret_is_refused() {
    // Both addresses lead nowhere: the refusal comes before anything is asked.
    let args = ["--database-url=postgres://klatch@127.0.0.1:1/klatch", "--redis-url=redis://127.0.0.1:1"];
    refuses("--secret", &args, &[]).await;
}

#[tokio::test]
async fn a_redis_url_of_another_scheme_is_refused() {
    let secret = format!("--secret={}", "ab".repeat(64));
    let args = ["--database-url=postgres://klatch@127.0.0.1:1/klatch", "--redis-url=http://127.0.0.1:1", &secret];
    refuses("--redis-url", &args, &[]).await;
}

#[tokio::test]
async fn a_number_that_is_none_is_refused() {
    for option in
        ["--send-rate", "--sockets-per-user", "--max-sockets", "--login-rate", "--session-days", "--drain-secs"]
    {
        is_refused(option, "many").await;
        is_refused(option, "-1").await;
    }
}

#[tokio::test]
async fn more_sockets_than_the_open_file_limit_allows_are_refused() {
    is_refused("--max-sockets", "4000000000").await;
}

#[tokio::test]
async fn an_origin_that_is_none_is_refused() {
    is_refused("--allowed-origins", "https://good.example,nonsense").await;
}

#[tokio::test]
async fn an_address_range_that_is_none_is_refused() {
    is_refused("--metrics-from", "10.0.0.0/33").await;
    is_refused("--trusted-proxies", "300.1.1.1").await;
}

#[tokio::test]
async fn a_sign_up_rule_that_is_none_is_refused() {
    is_refused("--signup", "maybe").await;
}

#[tokio::test]
async fn an_unknown_option_is_refused() {
    refuses("--frobnicate", &["--frobnicate"], &[]).await;
}

#[tokio::test]
async fn a_data_directory_that_is_a_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let path = file.to_str().unwrap();
    is_refused("--data-dir", path).await;
    assert_eq!(std::fs::read(&file).unwrap(), b"");
}

#[tokio::test]
async fn an_address_in_use_is_refused() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let args = ["--listen", &address, "--data-dir", "data"];
    let done = run(folder.path(), &args, &[]).await;
    let stderr = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("--listen"), "{stderr}");
}

/// As a compose file or a unit leaves it: a variable that is set to nothing.
#[tokio::test]
async fn an_empty_variable_counts_as_not_given() {
    let server = Options::sqlite().makes_its_database().environment("KLATCH_REDIS_URL", "").start().await;
    server.person("ann").await;
    let variable = |option: &&str| format!("KLATCH_{}", option.replace('-', "_").to_uppercase());
    let names = OPTIONS.iter().map(variable);
    let all = names.fold(Options::sqlite().makes_its_database(), |options, name| options.environment(&name, ""));
    let server = Server::start(all).await;
    server.person("ann").await;
    assert!(server.data_dir().join("klatch.db").exists());
}
