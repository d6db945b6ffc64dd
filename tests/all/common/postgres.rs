//! A database of its own for each test, in one throw-away cluster.
//!
//! `scripts/test` starts the cluster and gives its address in `KLATCH_TEST_POSTGRES`
//! (`postgres://user@127.0.0.1:port`). Without it the first test of this process that needs one starts it by the
//! same script; it ends with the process, because the script serves only as long as its standard input is open.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// One database, dropped with its value.
#[derive(Debug)]
pub struct TestDatabase {
    name: String,
    pub url: String,
}

impl TestDatabase {
    pub fn create() -> Self {
        let name = format!("klatch_{}", uuid::Uuid::new_v4().simple());
        administer(&format!("CREATE DATABASE {name}"));
        let url = format!("{}/{name}", cluster());
        Self { name, url }
    }

    /// Everything that is stored, as text.
    pub fn dump(&self) -> String {
        output(Command::new("pg_dump").arg(&self.url))
    }
}

/// What an operator or a fault does to it.
impl TestDatabase {
    pub fn execute(&self, sql: &str) {
        output(psql(&self.url).args(["-c", sql]));
    }

    /// Ends every connection and lets nobody in.
    pub fn cut_off(&self) {
        administer(&format!("ALTER DATABASE {} WITH ALLOW_CONNECTIONS false", self.name));
        administer(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'", self.name));
    }

    pub fn let_in(&self) {
        administer(&format!("ALTER DATABASE {} WITH ALLOW_CONNECTIONS true", self.name));
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        // Keeps the cluster small. A failure here is no claim's failure: the cluster is thrown away anyway.
        let _ = psql(&format!("{}/postgres", cluster()))
            .arg("-c")
            .arg(format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name))
            .output();
    }
}

fn administer(sql: &str) {
    output(psql(&format!("{}/postgres", cluster())).args(["-c", sql]));
}

fn psql(url: &str) -> Command {
    let mut command = Command::new("psql");
    command.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url]);
    command
}

fn output(command: &mut Command) -> String {
    let done = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let errors = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command:?}: {errors}");
    String::from_utf8_lossy(&done.stdout).into_owned()
}

/// The cluster's address, without a database's name.
fn cluster() -> &'static str {
    static CLUSTER: OnceLock<(String, Option<Child>)> = OnceLock::new();
    let (url, _serving) = CLUSTER.get_or_init(|| match std::env::var("KLATCH_TEST_POSTGRES") {
        Ok(url) => (url.trim_end_matches('/').to_owned(), None),
        Err(_) => {
            let (url, child) = start_cluster();
            (url, Some(child))
        }
    });
    url
}

fn start_cluster() -> (String, Child) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/throwaway-postgres");
    let mut child = Command::new(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{script}: {error}"));
    let mut url = String::new();
    let stdout = child.stdout.take().expect("stdout is piped");
    BufReader::new(stdout).read_line(&mut url).expect("the script prints text");
    assert!(!url.is_empty(), "{script} ended before it served");
    (url.trim().to_owned(), child)
}
