//! The built program, served for one test.

use super::database::Database;
use super::http::Http;
use super::people::Person;
use super::postgres::TestDatabase;
use super::prepared;
use super::scale::scale;
use super::wait::{PATIENCE, within};
use diesel::connection::SimpleConnection;
use diesel::{Connection, RunQueryDsl, SqliteConnection};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::oneshot;

/// A debug build that starts on a busy machine, with its migrations.
const START: Duration = Duration::from_secs(60);
const QUICK_PASSWORDS: &str = "KLATCH_TEST_QUICK_PASSWORDS";

/// How to start a server. Kept by the server, so that a restart is the same again.
#[derive(Debug)]
pub struct Options {
    pub database: Database,
    args: Vec<String>,
    environment: Vec<(String, String)>,
    wrapper: Vec<String>,
    listen: String,
    makes_its_database: bool,
}

impl Options {
    pub fn on(database: Database) -> Self {
        let args = ["--send-rate=0", "--write-rate=0", "--signup-rate=0"].map(str::to_owned).to_vec();
        let environment = vec![(QUICK_PASSWORDS.to_owned(), "1".to_owned())];
        Self {
            database,
            args,
            environment,
            wrapper: vec![],
            listen: "127.0.0.1:0".to_owned(),
            makes_its_database: false,
        }
    }

    pub fn sqlite() -> Self {
        Self::on(Database::Sqlite)
    }

    /// `option("--send-rate", 5)`; the last one given counts.
    pub fn option(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self = self.without(name);
        self.args.push(format!("{name}={value}"));
        self
    }

    /// Leaves an option that the tests set to the program's own default.
    pub fn without(mut self, name: &str) -> Self {
        let prefix = format!("{name}=");
        self.args.retain(|arg| !arg.starts_with(&prefix));
        self
    }

    pub fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A program that runs the server, such as `strace` with its options.
    pub fn wrapper(mut self, wrapper: &[&str]) -> Self {
        self.wrapper = wrapper.iter().map(|&word| word.to_owned()).collect();
        self
    }

    /// The server begins with an empty data directory, for claims about a first start. Others are given a database.
    pub fn makes_its_database(mut self) -> Self {
        self.makes_its_database = true;
        self
    }

    fn is_given_sqlite(&self) -> bool {
        let elsewhere = |arg: &String| arg.starts_with("--database-url");
        self.database == Database::Sqlite && !self.makes_its_database && !self.args.iter().any(elsewhere)
    }

    pub fn listen(mut self, address: String) -> Self {
        self.listen = address;
        self
    }

    /// Faster pings than a minute's worth of patience. `KLATCH_HEARTBEAT_SECS` is the tests' own switch.
    pub fn heartbeat_secs(self, secs: u32) -> Self {
        self.environment("KLATCH_HEARTBEAT_SECS", &secs.to_string())
    }

    /// The program's waiting times are divided by what the scale says: for claims about one of them.
    pub fn in_haste(self) -> Self {
        self.environment("KLATCH_TEST_HASTE", &scale().haste.to_string())
    }

    /// Passwords are hashed as they are for users, which takes 19 MiB and some time for each.
    pub fn with_real_passwords(mut self) -> Self {
        self.environment.retain(|(name, _)| name != QUICK_PASSWORDS);
        self
    }

    pub async fn start(self) -> Server {
        Server::start(self).await
    }
}

/// A server that runs, with what it keeps between runs. Dropping it kills it.
#[derive(Debug)]
pub struct Server {
    pub address: String,
    pub data: TempDir,
    options: Options,
    // Below the process: the database is dropped after the process that uses it.
    process: Option<Child>,
    database: Option<TestDatabase>,
}

impl Server {
    pub async fn start(options: Options) -> Self {
        let data = tempfile::tempdir().expect("a temporary directory");
        let database = options.database.create();
        if options.is_given_sqlite() {
            prepared::copy_sqlite(&data.path().join("data"));
        }
        let mut server = Self { address: options.listen.clone(), data, options, process: None, database };
        server.run().await;
        server
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A client without an account.
    pub fn stranger(&self) -> Http {
        Http::new(&self.url())
    }

    /// Somebody who has just signed up.
    pub async fn person(&self, name: &str) -> Person {
        Person::sign_up(self, name).await
    }

    /// Somebody with this role in the whole chat.
    pub async fn person_as(&self, name: &str, role: &str) -> Person {
        let person = self.person(name).await;
        self.execute(&format!("UPDATE users SET role = '{role}' WHERE username = '{name}'"));
        person
    }

    pub async fn people<const N: usize>(&self, names: [&str; N]) -> [Person; N] {
        let mut people = Vec::with_capacity(N);
        for name in names {
            people.push(self.person(name).await);
        }
        people.try_into().expect("as many as there are names")
    }

    /// `kill -9`, and the process is gone.
    pub async fn kill(&mut self) {
        let mut process = self.process.take().expect("the server runs");
        process.kill().await.expect("a process that can be killed");
    }

    /// The number of the process, for `/proc`.
    pub fn pid(&self) -> u32 {
        self.process.as_ref().and_then(Child::id).expect("the server runs")
    }

    pub fn signal(&self, signal: i32) {
        // SAFETY: a plain system call; the child has not been waited for, so the number is still its own.
        assert_eq!(unsafe { libc::kill(self.pid() as i32, signal) }, 0);
    }

    pub async fn exit(&mut self, limit: Duration) -> ExitStatus {
        let mut process = self.process.take().expect("the server runs");
        within(limit, "the end of the process", process.wait()).await.expect("a process that can be waited for")
    }

    /// SIGTERM, and the end that follows it.
    pub async fn terminate(&mut self) -> ExitStatus {
        self.signal(libc::SIGTERM);
        self.exit(PATIENCE + Duration::from_secs(5)).await
    }

    /// Kills what runs and starts again on the same data and the same port.
    pub async fn restart(&mut self) {
        if self.process.is_some() {
            self.kill().await;
        }
        self.run().await;
    }

    /// Starts again with this in its environment; says whether it serves, which it can't while its database is away.
    pub async fn try_restart(&mut self, name: &str, value: &str) -> bool {
        if self.process.is_some() {
            self.kill().await;
        }
        self.options.environment.retain(|(known, _)| known != name);
        self.options.environment.push((name.to_owned(), value.to_owned()));
        self.try_run().await
    }

    /// Whether it ends by itself in that time.
    pub async fn ends_within(&mut self, limit: Duration) -> bool {
        let process = self.process.as_mut().expect("the server runs");
        let ended = tokio::time::timeout(limit, process.wait()).await.is_ok();
        self.process.take_if(|_| ended);
        ended
    }

    pub fn stderr(&self) -> String {
        std::fs::read_to_string(self.stderr_path()).unwrap_or_default()
    }

    pub fn test_database(&self) -> Option<&TestDatabase> {
        self.database.as_ref()
    }

    /// A number of `/metrics`, by its name and labels as they are written.
    pub async fn metric(&self, sample: &str) -> f64 {
        let answer = self.stranger().get("page:/metrics").await;
        let value = answer.text.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
        value.unwrap_or_else(|| panic!("{sample} is not in {}", answer.text)).parse().expect("a number")
    }

    /// Runs SQL on the database, past the program.
    pub fn execute(&self, sql: &str) {
        match &self.database {
            Some(database) => database.execute(sql),
            None => self.sqlite().batch_execute(sql).expect("SQL that runs"),
        }
    }

    fn sqlite(&self) -> SqliteConnection {
        let path = self.data_dir().join("klatch.db");
        let mut connection =
            SqliteConnection::establish(&path.to_string_lossy()).expect("a database that can be opened");
        // The program may be writing just now.
        connection.batch_execute("PRAGMA busy_timeout = 5000").expect("a setting");
        connection
    }

    /// Runs a command of the program on the server's database.
    pub async fn klatch(&self, words: &[&str]) -> Output {
        let data = self.data_dir();
        let data = data.to_string_lossy();
        let mut args = words.to_vec();
        args.extend(["--data-dir", &data]);
        if let Some(database) = &self.database {
            args.extend(["--database-url", &database.url]);
        }
        run(self.data.path(), &args, &[]).await
    }

    /// The only number that a query gives.
    pub fn number(&self, sql: &str) -> i64 {
        match &self.database {
            Some(database) => database.number(sql),
            None => {
                let column = diesel::dsl::sql::<diesel::sql_types::BigInt>(&format!("({sql})"));
                diesel::select(column).get_result(&mut self.sqlite()).expect("a query of one number")
            }
        }
    }

    /// The only text that a query gives.
    pub fn text(&self, sql: &str) -> String {
        match &self.database {
            Some(database) => database.text(sql),
            None => {
                let column = diesel::dsl::sql::<diesel::sql_types::Text>(&format!("({sql})"));
                diesel::select(column).get_result(&mut self.sqlite()).expect("a query of one text")
            }
        }
    }

    /// Every byte the database holds: of SQLite its files, of Postgres a dump.
    pub fn stored_bytes(&self) -> Vec<u8> {
        if let Some(database) = &self.database {
            return database.dump().into_bytes();
        }
        let files = std::fs::read_dir(self.data_dir()).expect("a data directory");
        files
            .map(|file| file.expect("a file").path())
            .filter(|path| path.to_string_lossy().contains("klatch.db"))
            .flat_map(|path| std::fs::read(path).expect("a readable file"))
            .collect()
    }

    pub fn data_dir(&self) -> PathBuf {
        self.data.path().join("data")
    }

    fn stderr_path(&self) -> PathBuf {
        self.data.path().join("stderr")
    }

    async fn run(&mut self) {
        assert!(self.try_run().await, "the server ended before it listened");
    }

    async fn try_run(&mut self) -> bool {
        let mut command = self.command();
        let mut process = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let stdout = process.stdout.take().expect("stdout is piped");
        self.process = Some(process);
        let (tell, ready) = oneshot::channel();
        tokio::spawn(async move {
            let mut tell = Some(tell);
            let mut lines = BufReader::new(stdout).lines();
            // Read to the end, so that the server never waits for a full pipe.
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some(address) = line.strip_prefix("listening on http://")
                    && let Some(tell) = tell.take()
                {
                    let _ = tell.send(address.trim().to_owned());
                }
            }
        });
        let listens = within(START, "`listening on`", ready).await;
        self.address = listens.as_ref().unwrap_or(&self.address).clone();
        listens.is_ok()
    }

    fn command(&self) -> Command {
        let mut words = self.options.wrapper.clone();
        words.push(env!("CARGO_BIN_EXE_klatch").to_owned());
        let mut command = bare_command(&words);
        command.arg("--listen").arg(&self.address);
        command.arg("--data-dir").arg(self.data_dir());
        if let Some(database) = &self.database {
            command.arg("--database-url").arg(&database.url);
        }
        command.args(&self.options.args);
        command.envs(self.options.environment.iter().cloned());
        let stderr =
            std::fs::OpenOptions::new().create(true).append(true).open(self.stderr_path()).expect("a file for stderr");
        command.stdout(Stdio::piped()).stderr(stderr);
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _ = process.start_kill();
        }
        if std::thread::panicking() {
            eprintln!("--- the server's standard error ---\n{}", self.stderr());
        }
    }
}

/// A program with nothing of this process's `KLATCH_…` environment, ended when its value is dropped or, should the
/// whole test process be killed, with the thread that started it.
pub fn bare_command(words: &[String]) -> Command {
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).stdin(Stdio::null()).kill_on_drop(true);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("KLATCH_") {
            command.env_remove(name);
        }
    }
    // Nor with the options of a service on this machine.
    command.env("KLATCH_ENV_FILE", "/dev/null");
    // SAFETY: prctl is async-signal-safe and touches nothing of the parent's memory.
    unsafe {
        command.pre_exec(|| {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            Ok(())
        });
    }
    command
}

/// Runs `klatch` to its end, in `folder`, for claims about the command line.
pub async fn run(folder: &Path, args: &[&str], environment: &[(&str, &str)]) -> Output {
    let words = [env!("CARGO_BIN_EXE_klatch").to_owned()];
    let mut command = bare_command(&words);
    command.args(args).envs(environment.iter().copied()).current_dir(folder);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    within(START, "the end of the program", command.output()).await.expect("a program that runs")
}

/// Runs a line of a shell to its end, in `folder`, where `klatch` is among the commands.
pub async fn shell(folder: &Path, line: &str, environment: &[(&str, &str)]) -> Output {
    let mut command = bare_command(&["sh".to_owned(), "-c".to_owned(), line.to_owned()]);
    let programs = Path::new(env!("CARGO_BIN_EXE_klatch")).parent().expect("a folder").to_owned();
    let others = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths([programs].into_iter().chain(std::env::split_paths(&others))).expect("a path");
    command.env("PATH", path).envs(environment.iter().copied()).current_dir(folder);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    within(START, "the end of the shell", command.output()).await.expect("a shell")
}

/// Runs `klatch` in `folder` until it listens (`None`; it goes on until the test ends) or has ended by itself.
pub async fn run_until_it_serves(folder: &Path, args: &[&str]) -> Option<Output> {
    let mut command = bare_command(&[env!("CARGO_BIN_EXE_klatch").to_owned()]);
    command.args(args).current_dir(folder).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("a program that runs");
    let mut lines = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
    let line = within(START, "a line, or the end of the program", lines.next_line()).await.expect("text");
    match line {
        Some(line) => {
            assert!(line.starts_with("listening on "), "{line}");
            // Serves until the runtime of the test ends, so that those who come later find it.
            tokio::spawn(async move { drop(child.wait_with_output().await) });
            None
        }
        None => Some(within(START, "the end of the program", child.wait_with_output()).await.expect("its output")),
    }
}

/// A free port below those the system gives to outgoing connections: between a kill and the restart on the same
/// port no client can be given it by chance.
pub fn lasting_port() -> u16 {
    loop {
        let port = rand::random_range(20_000..32_000);
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
