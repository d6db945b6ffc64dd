//! A database of its own for each test, in one throw-away cluster.
//!
//! `scripts/test` starts the cluster and gives its address in `KLATCH_TEST_POSTGRES`
//! (`postgres://user@127.0.0.1:port`). Without it the first test of this process that needs one starts it by the
//! same script; it ends with the process, because the script serves only as long as its standard input is open.

use super::wait::{PATIENCE, within};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt};

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
    /// Makes a user of the database's name its owner, for whom limits count; gives the address for that user.
    pub fn given_to_a_plain_user(&self) -> String {
        administer(&format!("CREATE ROLE {} LOGIN", self.name));
        administer(&format!("ALTER DATABASE {0} OWNER TO {0}", self.name));
        let (_, place) = self.url.split_once('@').expect("postgres://user@host:port/name");
        format!("postgres://{}@{place}", self.name)
    }

    /// Ends every connection, and lets that user have none (0) or as many as there are (-1).
    pub fn limit_connections(&self, limit: i32) {
        administer(&format!("ALTER ROLE {} CONNECTION LIMIT {limit}", self.name));
        administer(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'", self.name));
    }

    pub fn execute(&self, sql: &str) {
        output(psql(&self.url).args(["-c", sql]));
    }

    /// The only value that a query gives.
    pub fn number(&self, sql: &str) -> i64 {
        let answer = output(psql(&self.url).args(["-At", "-c", sql]));
        answer.trim().parse().unwrap_or_else(|_| panic!("{sql}: {answer}"))
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
            .args(["-c", &format!("DROP ROLE IF EXISTS {}", self.name)])
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
    let (url, child, _) = serve(&[]);
    (url, child)
}

/// Starts the script and reads the address it prints.
fn serve(arguments: &[&str]) -> (String, Child, BufReader<ChildStdout>) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/throwaway-postgres");
    let mut child = Command::new(script)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{script}: {error}"));
    let mut url = String::new();
    let mut stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
    stdout.read_line(&mut url).expect("the script prints text");
    assert!(!url.is_empty(), "{script} ended before it served");
    (url.trim().to_owned(), child, stdout)
}

/// A cluster of one test's own, which may be frozen, stopped and started.
#[derive(Debug)]
pub struct Cluster {
    /// The address of its only database.
    pub url: String,
    script: Child,
    input: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Cluster {
    pub fn start() -> Self {
        let (url, mut script, answers) = serve(&["faults"]);
        let input = script.stdin.take();
        Self { url: format!("{url}/postgres"), script, input, answers }
    }

    /// `freeze`, `thaw`, `stop` or `start`; returns when it has happened.
    pub fn cause(&mut self, fault: &str) {
        let input = self.input.as_mut().expect("open until it is dropped");
        writeln!(input, "{fault}").expect("the script reads");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("the script prints text");
        assert_eq!(answer.trim(), "done", "{fault}");
    }
}

impl Drop for Cluster {
    /// The end of its input ends the script, and the script the cluster.
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.script.wait();
    }
}

/// A transaction of somebody else's, open for as long as its value lives or until it is let go.
#[derive(Debug)]
pub struct Transaction(tokio::process::Child);

impl Transaction {
    /// Runs `sql` in it; returns when that is done.
    pub async fn begin(database: &TestDatabase, sql: &str) -> Self {
        let mut psql = tokio::process::Command::from(psql(&database.url))
            .arg("-At")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("psql");
        let stdin = psql.stdin.as_mut().expect("stdin is piped");
        let script = format!("BEGIN;\n{sql};\n\\echo begun\n");
        stdin.write_all(script.as_bytes()).await.expect("psql reads");
        let mut lines = tokio::io::BufReader::new(psql.stdout.take().expect("stdout is piped")).lines();
        while within(PATIENCE, sql, lines.next_line()).await.expect("text").expect("psql runs") != "begun" {}
        Self(psql)
    }

    pub async fn commit(mut self) {
        let stdin = self.0.stdin.as_mut().expect("stdin is piped");
        stdin.write_all(b"COMMIT;\n").await.expect("psql reads");
        self.let_go().await;
    }

    /// The end of its input ends psql, and so the transaction.
    pub async fn let_go(mut self) {
        drop(self.0.stdin.take());
        within(PATIENCE, "the end of psql", self.0.wait()).await.expect("psql ends");
    }
}
