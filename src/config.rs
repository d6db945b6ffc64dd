//! Options: the command line, the environment, and what they must not contradict.
//!
//! Nothing here touches the disk or the network but [`Config::cookie_key`], which is called once all options are known
//! to be good.

mod files;
mod values;

use std::ffi::{OsStr, OsString};
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::builder::{Resettable, Styles};
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use url::Url;

use crate::command::invite::InviteCommand;
use crate::command::room::RoomCommand;
use crate::command::user::UserCommand;
use crate::error::StartError;

pub use files::{open_file_limit, own_files, raise_open_file_limit};
pub use values::{Networks, Origins};

/// Who may create an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Signup {
    Open,
    Invite,
    Closed,
}

/// How the log is written on standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Human,
    Json,
}

#[derive(Parser)]
#[command(name = "klatch", version, about, styles = Styles::plain(), disable_help_subcommand = true)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    config: Config,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Serve rooms until SIGTERM (what happens without a command, too)
    Serve,
    /// Copy the database into FILE, which must not exist; the server may run. For Postgres: print the pg_dump line
    Backup {
        /// The file to make
        file: String,
    },
    /// Put the backup in FILE in the database's place while no server runs. For Postgres: print the pg_restore line
    Restore {
        /// What `klatch backup` made
        file: String,
    },
    /// The last step where a database was restored by other means: end all sessions, and tell clients to start anew
    RenewEpoch,
    /// See to people: add, role, password, disable, enable; the server may run
    #[command(subcommand)]
    User(UserCommand),
    /// Print a link that lets somebody in; the server may run
    Invite(InviteCommand),
    /// See to rooms: add, archive, unarchive, delete; the server may run
    #[command(subcommand)]
    Room(RoomCommand),
    /// Check configuration, database, Redis and every room's numbers; exit status 1 where something is wrong
    Doctor,
}

/// What the server was told, checked.
#[derive(Args, Clone, Debug)]
pub struct Config {
    /// Address to serve on; with port 0 one is picked and printed
    #[arg(long, global = true, env = "KLATCH_LISTEN", value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,

    /// Directory of the SQLite file and the generated secret; made when it is missing
    #[arg(long, global = true, env = "KLATCH_DATA_DIR", value_name = "DIR", default_value = "./klatch-data")]
    pub data_dir: PathBuf,

    /// How browsers reach the server: links, cookies' Secure, an allowed origin [default: http://<listen>]
    #[arg(long, global = true, env = "KLATCH_PUBLIC_URL", value_name = "URL", value_parser = values::public_url)]
    pub public_url: Option<Url>,

    /// sqlite://PATH or postgres://USER:PASSWORD@HOST/NAME [default: sqlite://<data-dir>/klatch.db]
    #[arg(
        long = "database-url",
        global = true,
        env = "KLATCH_DATABASE_URL",
        value_name = "URL",
        hide_env_values = true
    )]
    database: Option<String>,

    /// Redis (6 or later) or Redis Cluster (7 or later) that several instances share, rediss:// with TLS [default: none, one
    /// instance with everything in process]
    #[arg(long, global = true, env = "KLATCH_REDIS_URL", value_name = "URL", hide_env_values = true)]
    pub redis_url: Option<String>,

    /// At least 64 bytes in hex that sign cookies; instances must agree [default: made once, kept in the data dir]
    #[arg(long, global = true, env = "KLATCH_SECRET", value_name = "HEX", hide_env_values = true)]
    secret: Option<String>,

    /// Messages a second that one user may send, with a burst of 3 x N; 0 = no limit
    #[arg(long, global = true, env = "KLATCH_SEND_RATE", value_name = "N", allow_negative_numbers = true, default_value_t = 10,
          value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub send_rate: u32,

    /// Sockets that one user may have open; 0 = no limit
    #[arg(
        long,
        global = true,
        env = "KLATCH_SOCKETS_PER_USER",
        value_name = "N",
        allow_negative_numbers = true,
        default_value_t = 32
    )]
    pub sockets_per_user: u32,

    /// Sockets in all, more are refused with 503 [default: what the open-file limit allows, less 256]
    #[arg(
        long = "max-sockets",
        global = true,
        env = "KLATCH_MAX_SOCKETS",
        value_name = "N",
        allow_negative_numbers = true
    )]
    most_sockets: Option<NonZeroUsize>,

    /// Failed logins a minute for one account from one address, and 10 x N for one address or for one account from
    /// unknown addresses; 0 = no limit
    #[arg(long, global = true, env = "KLATCH_LOGIN_RATE", value_name = "N", allow_negative_numbers = true, default_value_t = 10,
          value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub login_rate: u32,

    /// Days after which an unused session has ended
    #[arg(long, global = true, env = "KLATCH_SESSION_DAYS", value_name = "N", allow_negative_numbers = true, default_value_t = 30,
          value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub session_days: u32,

    /// Further origins that may open a socket or post, separated by commas [default: the public URL's and the request's
    /// own host, which always may]
    #[arg(
        long,
        global = true,
        env = "KLATCH_ALLOWED_ORIGINS",
        value_name = "LIST",
        default_value = "",
        hide_default_value = true
    )]
    pub allowed_origins: Origins,

    /// Addresses or networks that /metrics answers, separated by commas; others get 404
    #[arg(long, global = true, env = "KLATCH_METRICS_FROM", value_name = "LIST", default_value = "127.0.0.0/8,::1")]
    pub metrics_from: Networks,

    /// Addresses or networks of proxies whose Forwarded and X-Forwarded-For headers count, separated by commas
    /// [default: none]
    #[arg(
        long,
        global = true,
        env = "KLATCH_TRUSTED_PROXIES",
        value_name = "LIST",
        default_value = "",
        hide_default_value = true
    )]
    pub trusted_proxies: Networks,

    /// Who may create an account
    #[arg(long, global = true, env = "KLATCH_SIGNUP", value_name = "WHO", value_enum, default_value_t = Signup::Open)]
    pub signup: Signup,

    /// Seconds over which sockets are closed on SIGTERM
    #[arg(long, global = true, env = "KLATCH_DRAIN_SECS", value_name = "N", allow_negative_numbers = true, default_value_t = 5,
          value_parser = clap::value_parser!(u64).range(0..=3600))]
    pub drain_secs: u64,

    /// Seconds between pings; a socket that answers none for two of them is closed
    #[arg(long, global = true, env = "KLATCH_HEARTBEAT_SECS", value_name = "N", allow_negative_numbers = true, default_value_t = 30,
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub heartbeat_secs: u64,

    /// How the log is written on standard error
    #[arg(long, global = true, env = "KLATCH_LOG_FORMAT", value_name = "FORMAT", value_enum,
          default_value_t = LogFormat::Human)]
    pub log_format: LogFormat,

    /// Threads that serve [default: one for each core]
    #[arg(long = "workers", global = true, env = "KLATCH_WORKERS", value_name = "N", allow_negative_numbers = true,
          value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

impl Command {
    /// Reads the command line and the environment. Prints and ends the process for `--help` and `--version`.
    ///
    /// # Errors
    /// One line that names the option. Nothing has been created by then.
    pub fn parse_from(
        arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>,
    ) -> Result<(Self, Config), StartError> {
        // An empty variable is one that is not set, as compose files have them.
        let empty = |name: &OsStr| std::env::var_os(name).is_some_and(|value| value.is_empty());
        let command = CommandLine::command().mut_args(|arg| match arg.get_env() {
            Some(name) if empty(name) => arg.env(Resettable::Reset),
            _ => arg,
        });
        let parsed = command.try_get_matches_from(arguments).and_then(|found| CommandLine::from_arg_matches(&found));
        match parsed {
            Ok(CommandLine { config, command }) => Ok((command.unwrap_or(Self::Serve), config.checked()?)),
            Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => error.exit(),
            Err(error) => Err(StartError(one_line(&error))),
        }
    }
}

impl Config {
    /// The options of a command line, whatever its command; see [`Command::parse_from`].
    ///
    /// # Errors
    /// One line that names the option.
    pub fn parse_from(arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> Result<Self, StartError> {
        Command::parse_from(arguments).map(|(_, config)| config)
    }

    fn checked(self) -> Result<Self, StartError> {
        if let Some(secret) = &self.secret {
            values::secret(secret).map_err(|why| StartError::option("secret", why))?;
        }
        let database = self.database_url();
        values::database_url(&database).map_err(|why| StartError::option("database-url", why))?;
        if let Some(redis) = &self.redis_url {
            values::redis_url(redis).map_err(|why| StartError::option("redis-url", why))?;
            if database.starts_with("sqlite:") {
                return Err(StartError::option(
                    "redis-url",
                    "several instances can't share SQLite: use Postgres, or no Redis",
                ));
            }
            if self.secret.is_none() {
                return Err(StartError::option(
                    "secret",
                    "needed with --redis-url, since the instances must agree on it",
                ));
            }
        }
        Ok(self)
    }

    /// `sqlite://PATH`, `postgres://…` or `postgresql://…`.
    pub fn database_url(&self) -> String {
        match &self.database {
            Some(url) => url.clone(),
            None => format!("sqlite://{}", self.data_dir.join("klatch.db").display()),
        }
    }

    /// Whether the database is in the data directory.
    pub fn keeps_database(&self) -> bool {
        self.database.is_none()
    }

    /// The origin at which browsers reach the server, as a browser writes it.
    pub fn public_origin(&self) -> String {
        match &self.public_url {
            Some(url) => url.origin().ascii_serialization(),
            None => format!("http://{}", self.listen),
        }
    }

    /// Whether browsers come by https, so that cookies must not travel otherwise.
    pub fn secure_cookies(&self) -> bool {
        self.public_url.as_ref().is_some_and(|url| url.scheme() == "https")
    }

    /// The kind of database, which has nothing secret in it.
    pub fn database_kind(&self) -> &'static str {
        if self.database_url().starts_with("sqlite:") { "sqlite" } else { "postgres" }
    }

    /// Threads that serve.
    pub fn workers(&self) -> usize {
        self.threads.map_or_else(cores, usize::from)
    }

    /// The key that signs cookies. Where none was given, the one in the data directory, made there the first time.
    ///
    /// # Errors
    /// One line for the operator when the file can't be read, made or understood.
    pub fn cookie_key(&self) -> Result<actix_web::cookie::Key, StartError> {
        let secret = match &self.secret {
            Some(secret) => values::secret(secret).map_err(|why| StartError::option("secret", why))?,
            None => values::kept_secret(&self.data_dir)?,
        };
        Ok(actix_web::cookie::Key::from(&secret))
    }
}

/// Cores this process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

/// The first paragraph of what clap has to say, which names the option; its hints are left out.
fn one_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let paragraph: Vec<&str> = text.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    let line = paragraph.join(" ");
    line.strip_prefix("error: ").unwrap_or(&line).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Config, String> {
        Config::parse_from(std::iter::once("klatch").chain(arguments.iter().copied())).map_err(|error| error.0)
    }

    fn refused(arguments: &[&str]) -> String {
        let line = parse(arguments).expect_err("should have been refused");
        assert_eq!(line.lines().count(), 1, "{line}");
        line
    }

    #[test]
    fn the_command_may_be_left_out_and_options_may_stand_on_both_sides_of_it() {
        for arguments in [&["--send-rate", "3"][..], &["serve", "--send-rate", "3"], &["--send-rate", "3", "serve"]] {
            assert_eq!(parse(arguments).unwrap().send_rate, 3);
        }
    }

    #[test]
    fn defaults_are_those_of_the_contract() {
        let config = parse(&[]).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(config.database_url(), "sqlite://./klatch-data/klatch.db");
        assert_eq!(config.public_origin(), "http://127.0.0.1:8080");
        assert_eq!((config.send_rate, config.sockets_per_user, config.login_rate), (10, 32, 10));
        assert_eq!((config.session_days, config.drain_secs, config.heartbeat_secs), (30, 5, 30));
        assert_eq!(config.signup, Signup::Open);
        assert!(config.metrics_from.contains([127, 0, 0, 9].into()));
        assert!(!config.metrics_from.contains([10, 0, 0, 1].into()));
        assert!(!config.secure_cookies());
    }

    #[test]
    fn every_bad_value_is_one_line_that_names_its_option() {
        for (option, value) in [
            ("--listen", "nowhere"),
            ("--public-url", "ftp://x"),
            ("--public-url", "https://x/chat"),
            ("--database-url", "mysql://x"),
            ("--database-url", "sqlite://"),
            ("--redis-url", "http://x"),
            ("--secret", "abc"),
            ("--secret", "zz"),
            ("--send-rate", "-1"),
            ("--send-rate", "many"),
            ("--sockets-per-user", "x"),
            ("--max-sockets", "0"),
            ("--login-rate", "1.5"),
            ("--session-days", "0"),
            ("--allowed-origins", "example.com"),
            ("--metrics-from", "localhost"),
            ("--trusted-proxies", "10.0.0.0/33"),
            ("--signup", "maybe"),
            ("--drain-secs", "x"),
            ("--heartbeat-secs", "0"),
            ("--workers", "0"),
            ("--unknown", "x"),
        ] {
            for arguments in [&[&format!("{option}={value}")[..]][..], &[option, value]] {
                let line = refused(arguments);
                assert!(line.contains(option), "{arguments:?}: {line}");
            }
        }
    }

    #[test]
    fn a_secret_is_never_repeated() {
        assert!(!refused(&["--secret", "5eC4e7"]).contains("5eC4e7"));
        assert!(!refused(&["--database-url", "mysql://me:5eC4e7@x/y"]).contains("5eC4e7"));
    }

    #[test]
    fn redis_needs_postgres_and_a_secret() {
        let redis = "--redis-url=redis://127.0.0.1";
        let secret = format!("--secret={}", "ab".repeat(64));
        let postgres = "--database-url=postgres://x/y";
        assert!(refused(&[redis, &secret]).starts_with("--redis-url: several instances can't share SQLite"));
        assert!(refused(&[redis, postgres]).starts_with("--secret: "));
        assert!(parse(&[redis, postgres, &secret]).is_ok());
    }

    #[test]
    fn the_secret_is_made_once_and_only_its_owner_reads_it() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        let config = parse(&["--data-dir", data.to_str().unwrap()]).unwrap();
        let first = config.cookie_key().unwrap();
        assert_eq!(config.cookie_key().unwrap().master(), first.master());
        let mode = std::fs::metadata(data.join("secret")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(&data).unwrap().count(), 1, "no temporary file is left");
    }
}
