//! The servers that are compared, each started as its own documents say.

use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::dialect::Dialect;

/// A server with a cold disk and a busy machine.
const START: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Floor,
    Klatch,
    /// Another build of klatch, to compare with.
    Before,
    Bun,
    Actix,
    SocketIo,
    Channels,
}

pub const ALL: [Kind; 7] =
    [Kind::Floor, Kind::Klatch, Kind::Before, Kind::Bun, Kind::Actix, Kind::SocketIo, Kind::Channels];

/// Where the programs are.
pub struct Programs {
    pub klatch: PathBuf,
    /// Empty where no other build is compared.
    pub before: PathBuf,
    /// Of the peers: what was installed and built for them.
    pub peers: PathBuf,
}

/// A server that runs. Dropping it ends it.
pub struct Running {
    pub address: String,
    processes: Vec<Process>,
    /// What it keeps; behind the processes, so that it goes after them.
    folder: TempDir,
}

struct Process(Child);

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::Klatch => "klatch",
            Self::Before => "klatch, before",
            Self::Bun => "uWebSockets (Bun)",
            Self::Actix => "actix actors, as usual",
            Self::SocketIo => "Socket.IO",
            Self::Channels => "Django Channels",
        }
    }

    /// As it is chosen on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::Klatch => "klatch",
            Self::Before => "before",
            Self::Bun => "bun",
            Self::Actix => "actix",
            Self::SocketIo => "socketio",
            Self::Channels => "channels",
        }
    }

    pub fn dialect(self) -> Dialect {
        match self {
            Self::Floor | Self::Bun | Self::Actix => Dialect::Plain,
            Self::Klatch | Self::Before => Dialect::Klatch,
            Self::SocketIo => Dialect::SocketIo,
            Self::Channels => Dialect::Channels,
        }
    }

    /// `bytes` is the length of what the floor delivers; the others deliver what they are given.
    pub fn start(self, programs: &Programs, bytes: usize) -> Running {
        let folder = TempDir::new().expect("a folder for temporary files");
        let peers = &programs.peers;
        let at = |program: &str| Command::new(peers.join(program));
        let port = free_port();
        let (mut helpers, mut command) = (
            Vec::new(),
            match self {
                Self::Floor => Command::new(std::env::current_exe().expect("this program")),
                Self::Klatch => Command::new(&programs.klatch),
                Self::Before => Command::new(&programs.before),
                Self::Bun => at("node_modules/.bin/bun"),
                Self::Actix => at("klatch-peer-actix"),
                Self::SocketIo => Command::new("node"),
                Self::Channels => at("python/bin/daphne"),
            },
        );
        match self {
            Self::Floor => command.arg("floor").arg(bytes.to_string()),
            Self::Klatch | Self::Before => command
                .args(["--listen", "127.0.0.1:0", "--send-rate", "0", "--sockets-per-user", "0", "--data-dir"])
                .arg(folder.path().join("data"))
                // In its environment, since the build before may not know these as options.
                .envs([("KLATCH_WRITE_RATE", "0"), ("KLATCH_SIGNUP_RATE", "0")])
                .env("RUST_LOG", "warn"),
            Self::Bun => command.arg(peers.join("bun.ts")).arg(port.to_string()),
            Self::Actix => command.arg(port.to_string()),
            Self::SocketIo => command.arg(peers.join("socketio.js")).arg(port.to_string()),
            Self::Channels => {
                let redis = free_port();
                let mut server = Command::new("redis-server");
                server.args(["--save", "", "--bind", "127.0.0.1", "--port", &redis.to_string()]);
                server.current_dir(folder.path()).stdout(Stdio::null());
                helpers.push(Process::start(&mut server));
                wait_for(&format!("127.0.0.1:{redis}"));
                command.env("REDIS_PORT", redis.to_string()).current_dir(peers);
                command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--verbosity", "0"]);
                command.arg("channels_app:application")
            }
        };
        let tells = matches!(self, Self::Floor | Self::Klatch | Self::Before);
        command.stdout(if tells { Stdio::piped() } else { Stdio::null() });
        let mut process = Process::start(&mut command);
        let address = if tells { process.told_address() } else { format!("127.0.0.1:{port}") };
        wait_for(&address);
        helpers.insert(0, process);
        Running { address, processes: helpers, folder }
    }
}

impl Running {
    /// The server and what it needs beside itself.
    pub fn pids(&self) -> Vec<u32> {
        self.processes.iter().map(|process| process.0.id()).collect()
    }

    /// Kills it, and has klatch serve again what it keeps; seconds from the start to the first answer.
    pub fn restart_klatch(&mut self, programs: &Programs) -> f64 {
        self.processes.clear();
        let mut command = Command::new(&programs.klatch);
        command.args(["--listen", "127.0.0.1:0", "--data-dir"]).arg(self.folder.path().join("data"));
        command.env("RUST_LOG", "warn").stdout(Stdio::piped());
        let start = Instant::now();
        let mut process = Process::start(&mut command);
        self.address = process.told_address();
        let answer = crate::http::Http::connect(&self.address).and_then(|mut http| http.get("/login"));
        answer.expect("an answer").ok(200);
        let seconds = start.elapsed().as_secs_f64();
        self.processes.push(process);
        seconds
    }
}

impl Process {
    /// Ends with this process, however that ends.
    fn start(command: &mut Command) -> Self {
        command.stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("KLATCH_") {
                command.env_remove(name);
            }
        }
        die_together(command);
        Self(command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}")))
    }

    /// From `listening on http://ADDRESS`. The rest of its output is read to the end, so that it never waits for it.
    fn told_address(&mut self) -> String {
        let mut lines = BufReader::new(self.0.stdout.take().expect("a pipe"));
        let mut line = String::new();
        lines.read_line(&mut line).expect("a line");
        let address = line.trim_end().strip_prefix("listening on http://");
        let address = address.unwrap_or_else(|| panic!("the server said {line:?}")).to_owned();
        std::thread::spawn(move || lines.read_to_end(&mut Vec::new()));
        address
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Has a process ended when the thread that starts it ends.
pub fn die_together(command: &mut Command) {
    use rustix::process::{Signal, set_parent_process_death_signal};
    // SAFETY: a plain system call, which touches nothing of the parent's memory.
    unsafe {
        command.pre_exec(|| Ok(set_parent_process_death_signal(Some(Signal::KILL))?));
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

fn wait_for(address: &str) {
    let start = Instant::now();
    while TcpStream::connect(address).is_err() {
        assert!(start.elapsed() < START, "nobody listens at {address}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
