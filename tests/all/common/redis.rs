//! A Redis of one test's own.

use super::server::{bare_command, lasting_port};
use super::wait::{PATIENCE, eventually};
use std::process::Stdio;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::Child;

/// Dropping it kills it.
#[derive(Debug)]
pub struct Redis {
    port: u16,
    folder: TempDir,
    options: Vec<String>,
    process: Option<Child>,
}

impl Redis {
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    pub async fn with(options: &[&str]) -> Self {
        let options = options.iter().map(|&option| option.to_owned()).collect();
        let folder = tempfile::tempdir().expect("a temporary directory");
        let mut redis = Self { port: lasting_port(), folder, options, process: None };
        redis.run().await;
        redis
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn url(&self) -> String {
        format!("redis://{}", self.address())
    }

    /// The number of the process, for `/proc`.
    pub fn pid(&self) -> u32 {
        self.process.as_ref().and_then(Child::id).expect("Redis runs")
    }

    /// Starts it, with nothing in it.
    pub async fn run(&mut self) {
        let port = self.port.to_string();
        let folder = self.folder.path().to_string_lossy();
        let words = ["redis-server", "--port", &port, "--bind", "127.0.0.1", "--save", "", "--dir", &folder];
        let mut command = bare_command(&words.map(str::to_owned));
        command.args(&self.options);
        command.stdout(Stdio::null());
        self.process = Some(command.spawn().expect("redis-server, which scripts/test installs"));
        eventually(PATIENCE, "Redis", async || self.ping().await).await;
    }

    /// `kill -9`, and it is gone.
    pub async fn kill(&mut self) {
        let mut process = self.process.take().expect("Redis runs");
        process.kill().await.expect("a process that can be killed");
    }

    /// Keeps its connections and answers nobody.
    pub fn freeze(&self) {
        self.signal(libc::SIGSTOP);
    }

    pub fn thaw(&self) {
        self.signal(libc::SIGCONT);
    }

    fn signal(&self, signal: i32) {
        // SAFETY: a plain system call; the child has not been waited for, so the number is still its own.
        assert_eq!(unsafe { libc::kill(self.pid() as i32, signal) }, 0);
    }

    /// Has Redis do something that is answered with one line, and gives that.
    pub async fn command(&self, command: &str) -> Option<String> {
        let mut stream = BufReader::new(TcpStream::connect(self.address()).await.ok()?);
        stream.write_all(format!("{command}\r\n").as_bytes()).await.ok()?;
        let mut answer = String::new();
        stream.read_line(&mut answer).await.ok()?;
        Some(answer.trim_end().to_owned())
    }

    async fn ping(&self) -> Option<()> {
        (self.command("PING").await? == "+PONG").then_some(())
    }
}
