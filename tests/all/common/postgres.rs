//! A database of its own for each test, in one throw-away cluster.
//!
//! `scripts/test` starts the cluster and gives its address in `KLATCH_TEST_POSTGRES`
//! (`postgres://user@127.0.0.1:port`). Without it the first test of this process that needs one starts it by the
//! same script; it ends with the process, because the script serves only as long as its standard input is open.

use super::prepared;
use super::wait::{PATIENCE, within};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// One database, dropped with its value.
#[derive(Debug)]
pub struct TestDatabase {
    name: String,
    pub url: String,
}

impl TestDatabase {
    /// As this build of klatch leaves a new database: with its tables, and with the files of its pages.
    pub fn create() -> Self {
        let database = Self::copied_from(template());
        // A database that klatch makes has an epoch of its own.
        database.execute("UPDATE meta SET value = replace(gen_random_uuid()::text, '-', '') WHERE name = 'epoch'");
        database
    }

    /// Without any tables.
    pub fn empty() -> Self {
        Self::copied_from("template1")
    }

    fn copied_from(template: &str) -> Self {
        let name = format!("klatch_{}", uuid::Uuid::new_v4().simple());
        // The other way to copy writes each page to the log as well.
        administer(&format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy"));
        let url = format!("{}/{name}", cluster());
        Self { name, url }
    }

    /// Everything that is stored, as text.
    pub fn dump(&self) -> String {
        let mut command = Command::new("pg_dump");
        let done = command.arg(&self.url).stdin(Stdio::null()).output().expect("pg_dump, which scripts/test installs");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8_lossy(&done.stdout).into_owned()
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
        self.end_connections();
    }

    /// Has it speak German to whoever connects from now on.
    pub fn speaks_german(&self) {
        administer(&format!("ALTER DATABASE {} SET lc_messages = 'de_DE.UTF-8'", self.name));
        let error = self.connect().batch_execute("SELECT 1 / 0").expect_err("a division by zero").to_string();
        assert_eq!(error, "Division durch Null", "the translations of Debian's package postgresql are installed");
    }

    /// Has whoever connects from now on look for a deadlock soon after a lock was not free.
    pub fn finds_deadlocks_soon(&self) {
        administer(&format!("ALTER DATABASE {} SET deadlock_timeout = '50ms'", self.name));
    }

    pub fn execute(&self, sql: &str) {
        self.connect().batch_execute(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// The only value that a query gives.
    pub fn number(&self, sql: &str) -> i64 {
        let numbers = self.numbers(sql);
        assert_eq!(numbers.len(), 1, "{sql}: {numbers:?}");
        numbers[0]
    }

    /// The only value that a query gives.
    pub fn text(&self, sql: &str) -> String {
        let column = diesel::dsl::sql::<diesel::sql_types::Text>(&format!("({sql})"));
        diesel::select(column).get_result(&mut self.connect()).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// The values of the only column that a query gives.
    pub fn numbers(&self, sql: &str) -> Vec<i64> {
        numbers(&mut self.connect(), sql)
    }

    /// Ends every connection and lets nobody in.
    pub fn cut_off(&self) {
        administer(&format!("ALTER DATABASE {} WITH ALLOW_CONNECTIONS false", self.name));
        self.end_connections();
    }

    pub fn let_in(&self) {
        administer(&format!("ALTER DATABASE {} WITH ALLOW_CONNECTIONS true", self.name));
    }

    /// Lets whoever connects from now on change nothing, or lets them again. Who is connected has to connect anew.
    pub fn may_only_be_read(&self, on: bool) {
        let change = if on { "SET default_transaction_read_only = on" } else { "RESET default_transaction_read_only" };
        administer(&format!("ALTER DATABASE {} {change}", self.name));
        self.end_connections();
    }

    /// Keeps everybody from a table until the connection is dropped.
    pub fn locked(&self, table: &str) -> PgConnection {
        let mut connection = self.connect();
        connection.batch_execute(&format!("BEGIN; LOCK TABLE {table}")).expect("a lock");
        connection
    }

    fn end_connections(&self) {
        administer(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'", self.name));
    }

    fn connect(&self) -> PgConnection {
        connect(&self.url)
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        // Keeps the cluster small. A failure here is no claim's failure: the cluster is thrown away anyway.
        let mut connection = administrator();
        let _ = connection.batch_execute(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        let _ = connection.batch_execute(&format!("DROP ROLE IF EXISTS {}", self.name));
    }
}

fn connect(url: &str) -> PgConnection {
    // TLS would take longer than most queries.
    let connection = PgConnection::establish(&format!("{url}?sslmode=disable"));
    connection.unwrap_or_else(|error| panic!("{url}: {error}"))
}

/// This process's connection for what is done to databases.
fn administrator() -> MutexGuard<'static, PgConnection> {
    static CONNECTION: OnceLock<Mutex<PgConnection>> = OnceLock::new();
    let connection = CONNECTION.get_or_init(|| Mutex::new(connect(&format!("{}/postgres", cluster()))));
    // Held for single statements: a panic meanwhile leaves none half done.
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

fn administer(sql: &str) {
    administrator().batch_execute(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// The name of the database that all others are copies of. The first process that needs it makes it.
fn template() -> &'static str {
    static TEMPLATE: OnceLock<String> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let name = format!("klatch_template_{}", prepared::build());
        administer("SELECT pg_advisory_lock(1)");
        let known = format!("EXISTS (SELECT FROM pg_database WHERE datname = '{name}')");
        let known = diesel::select(diesel::dsl::sql::<Bool>(&known)).get_result::<bool>(&mut *administrator());
        if !known.expect("a list of databases") {
            administer("DROP DATABASE IF EXISTS klatch_unfinished WITH (FORCE)");
            administer("CREATE DATABASE klatch_unfinished");
            prepared::serve_once(&["--database-url", &format!("{}/klatch_unfinished", cluster())]);
            // Its connections end a little later than klatch does.
            administer("ALTER DATABASE klatch_unfinished WITH ALLOW_CONNECTIONS false");
            administer(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = 'klatch_unfinished'",
            );
            administer(&format!("ALTER DATABASE klatch_unfinished RENAME TO {name}"));
        }
        administer("SELECT pg_advisory_unlock(1)");
        name
    })
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
    let (url, child, _) = serve(&["unsafe"]);
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
    /// The only value that a query gives.
    pub fn number(&self, sql: &str) -> i64 {
        numbers(&mut connect(&self.url), sql)[0]
    }

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
pub struct Transaction(PgConnection);

impl Transaction {
    /// Runs `sql` in it; returns when that is done.
    pub async fn begin(database: &TestDatabase, sql: &str) -> Self {
        Self(database.connect()).and_then(&format!("BEGIN; {sql}")).await
    }

    /// Runs `sql` in it; returns when that is done.
    pub async fn and_then(mut self, sql: &str) -> Self {
        let script = sql.to_owned();
        let done = tokio::task::spawn_blocking(move || {
            self.0.batch_execute(&script).unwrap_or_else(|error| panic!("{script}: {error}"));
            self
        });
        within(PATIENCE, sql, done).await.expect("SQL that runs")
    }

    pub async fn commit(self) {
        self.ends("COMMIT").await;
    }

    pub async fn let_go(self) {
        self.ends("ROLLBACK").await;
    }

    async fn ends(mut self, sql: &'static str) {
        let ended = tokio::task::spawn_blocking(move || self.0.batch_execute(sql).expect("an open transaction"));
        within(PATIENCE, sql, ended).await.expect("the end of a transaction");
    }
}

/// The values of the only column that a query gives.
fn numbers(connection: &mut PgConnection, sql: &str) -> Vec<i64> {
    #[derive(QueryableByName)]
    struct Answer {
        #[diesel(sql_type = BigInt)]
        number: i64,
    }
    let asked = diesel::sql_query(format!("SELECT asked.number::bigint AS number FROM ({sql}) AS asked (number)"));
    let rows: Vec<Answer> = asked.load(connection).unwrap_or_else(|error| panic!("{sql}: {error}"));
    rows.into_iter().map(|row| row.number).collect()
}
