//! Options: the command line, the environment, and what they must not contradict.
//!
//! Nothing here touches the disk or the network but [`Config::cookie_key`], which is called once all options are known
//! to be good.

mod files;
mod values;

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use url::Url;

use crate::base::start_error::StartError;

pub use crate::base::config::files::{open_file_limit, own_files, raise_open_file_limit};
pub use crate::base::config::values::{Networks, Origins};

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

/// What the server was told, checked.
#[derive(Args, Clone, Debug)]
pub struct Config {
    /// Address to serve on; with port 0 one is picked and printed
    #[arg(long, global = true, env = "KLATCH_LISTEN", value_name = "ADDR", default_value = "127.0.0.1:8080",
          value_parser = values::listen)]
    pub listen: SocketAddr,

    /// Directory of the SQLite file and the generated secret; the server makes it
    #[arg(long, global = true, env = "KLATCH_DATA_DIR", value_name = "DIR", default_value = "./klatch-data")]
    pub data_dir: PathBuf,

    /// Whether somebody has named it.
    #[arg(skip)]
    pub names_data_dir: bool,

    /// Whether an option names it, and the environment a database elsewhere.
    #[arg(skip)]
    pub is_ambiguous: bool,

    /// Let a command make the database where there is none, as the server does
    #[arg(long, global = true)]
    pub create: bool,

    /// How browsers reach the server: links, cookies' Secure, an allowed origin [default: http://LISTEN]
    #[arg(long, global = true, env = "KLATCH_PUBLIC_URL", value_name = "URL", value_parser = values::public_url)]
    pub public_url: Option<Url>,

    /// sqlite://PATH or postgres://USER:PASSWORD@HOST/NAME [default: sqlite://DATA_DIR/klatch.db]
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

    /// Other changes a second that one user may make, with a burst of 10 x N; 0 = no limit, and none of a day either
    #[arg(long, global = true, env = "KLATCH_WRITE_RATE", value_name = "N", allow_negative_numbers = true, default_value_t = 5,
          value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub write_rate: u32,

    /// Accounts an hour that may be made from one address, with a burst of 2 x N; 0 = no limit
    #[arg(long, global = true, env = "KLATCH_SIGNUP_RATE", value_name = "N", allow_negative_numbers = true, default_value_t = 10,
          value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub signup_rate: u32,

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

    /// Sockets in all, more are refused with 503 [default: what the open-file limit allows, less 248 and 4
    /// for each worker]
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

    /// Days after which an entry of the audit log is deleted; 0 = never
    #[arg(long, global = true, env = "KLATCH_AUDIT_DAYS", value_name = "N", allow_negative_numbers = true, default_value_t = 0,
          value_parser = clap::value_parser!(u32).range(0..=36500))]
    pub audit_days: u32,

    /// Further origins that may open a socket or post, separated by commas [default: the public URL's; where that is not
    /// https also the request's own host, if that is an address or a local name]
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

    /// How often the server makes a backup by itself, as 6h or 1day; it needs --backup-dir [default: never]
    #[arg(long, global = true, env = "KLATCH_BACKUP_EVERY", value_name = "TIME", value_parser = values::backup_span)]
    pub backup_every: Option<Duration>,

    /// Directory of the backups that the server makes; made when it is missing
    #[arg(long, global = true, env = "KLATCH_BACKUP_DIR", value_name = "DIR")]
    pub backup_dir: Option<PathBuf>,

    /// How many of these backups are kept; older ones are removed
    #[arg(long, global = true, env = "KLATCH_BACKUP_KEEP", value_name = "N", allow_negative_numbers = true, default_value_t = 14,
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub backup_keep: u32,

    /// Threads that serve [default: one for each core]
    #[arg(long = "workers", global = true, env = "KLATCH_WORKERS", value_name = "N", allow_negative_numbers = true,
          value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

impl Config {
    /// The options, where none contradicts another.
    ///
    /// # Errors
    /// One line that names the option.
    pub fn checked(self) -> Result<Self, StartError> {
        if let Some(secret) = &self.secret {
            values::secret(secret).map_err(|why| StartError::option("secret", why))?;
        }
        let database = self.database_url();
        values::database_url(&database).map_err(|why| StartError::option("database-url", why))?;
        match (self.backup_every, &self.backup_dir) {
            (Some(_), None) => return Err(StartError::option("backup-dir", "needed with --backup-every")),
            (None, Some(_)) => return Err(StartError::option("backup-every", "needed with --backup-dir")),
            _ => {}
        }
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

    /// With these options.
    #[cfg(test)]
    pub fn of(options: &[&str]) -> Self {
        let command = Self::augment_args(clap::Command::new("klatch").no_binary_name(true));
        command.try_get_matches_from(options).and_then(|found| clap::FromArgMatches::from_arg_matches(&found)).unwrap()
    }

    /// `sqlite://PATH`, `postgres://…` or `postgresql://…`.
    pub fn database_url(&self) -> String {
        match &self.database {
            Some(url) => url.clone(),
            None => format!("sqlite://{}", self.data_dir.join("klatch.db").display()),
        }
    }

    /// Whether anybody has said which database is meant.
    pub fn names_database(&self) -> bool {
        self.database.is_some() || self.names_data_dir
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

    /// Whether the operator has named a host, in the public URL or among the allowed origins.
    pub fn is_named(&self, host: &str) -> bool {
        let public = self.public_url.as_ref().and_then(Url::host_str);
        public.is_some_and(|public| public == host) || self.allowed_origins.have_host(host)
    }

    /// Whether browsers come by https, so that cookies must not travel otherwise.
    pub fn secure_cookies(&self) -> bool {
        self.public_url.as_ref().is_some_and(|url| url.scheme() == "https")
    }

    /// The name of the session cookie. Ports share a host's cookies, so it has the port by which the server is reached; but
    /// for instances that are reached by several. Where it travels by https alone, no other host may set it (RFC 6265bis,
    /// section 4.1.3.2).
    pub fn session_cookie(&self) -> String {
        let port = match &self.public_url {
            Some(url) => url.port(),
            None if self.redis_url.is_some() => None,
            None => Some(self.listen.port()),
        };
        let prefix = if self.secure_cookies() { "__Host-" } else { "" };
        let port = port.map(|port| format!("_{port}")).unwrap_or_default();
        format!("{prefix}klatch_session{port}")
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

    /// As [`cookie_key`](Self::cookie_key), but none where none has been made.
    ///
    /// # Errors
    /// One line for the operator when the file can't be read or understood.
    pub fn known_key(&self) -> Result<Option<actix_web::cookie::Key>, StartError> {
        match self.secret.is_some() || values::has_secret(&self.data_dir) {
            true => self.cookie_key().map(Some),
            false => Ok(None),
        }
    }
}

/// Cores this process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}
