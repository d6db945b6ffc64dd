//! The command line: which command is given, and with which options.

use std::ffi::{OsStr, OsString};

use clap::builder::{Resettable, Styles};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::base::config::{Config, LogFormat};
use crate::base::env_file::VARIABLE;
use crate::base::start_error::StartError;
use crate::features::accounts::command::UserCommand;
use crate::features::invitations::command::InviteCommand;
use crate::features::operations::jobs::JobsCommand;
use crate::features::rooms::command::RoomCommand;

#[derive(Parser)]
#[command(name = "klatch", version = env!("KLATCH_VERSION"), about, styles = Styles::plain(),
          after_help = "Variables that the environment does not have are read from the file that KLATCH_ENV_FILE names, or \
                        from /etc/klatch/env where there is one.")]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten, next_help_heading = "Options of the server")]
    config: Config,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Serve rooms until SIGTERM (what happens without a command, too)
    Serve,
    /// Copy the database into FILE, which must not exist; the server may run. Postgres is copied by pg_dump
    Backup {
        /// The file to make; - is standard output
        file: String,
    },
    /// Put the backup in FILE in the database's place while no server runs. Postgres is restored by pg_restore
    Restore {
        /// What `klatch backup` made; - is standard input
        file: String,
    },
    /// The last step where a database was restored by other means: end all sessions, and tell clients to start anew
    RenewEpoch,
    /// See to people: list, add, role, password, disable, enable, wipe, delete; the server may run
    #[command(subcommand)]
    User(UserCommand),
    /// Print a link that lets somebody in; the server may run
    Invite(InviteCommand),
    /// See to rooms: list, add, archive, unarchive, delete; the server may run
    #[command(subcommand)]
    Room(RoomCommand),
    /// See to jobs that were given up: list, retry, discard; the server may run
    #[command(subcommand)]
    Jobs(JobsCommand),
    /// Check configuration, database, Redis and every room's numbers; exit status 1 where something is wrong
    Doctor {
        /// Check all indexes of an SQLite file too, which takes minutes where it is large
        #[arg(long)]
        deep: bool,
    },
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
        let mut command = CommandLine::command().mut_args(|arg| match arg.get_env() {
            Some(name) if empty(name) => arg.env(Resettable::Reset),
            _ => arg,
        });
        // Its commands have the options that all have only then.
        command.build();
        let command = command.mut_subcommands(|command| match command.get_name() {
            "serve" => command,
            "doctor" => only_show(command, &["data_dir", "database", "redis_url", "secret", "public_url"]),
            "invite" => only_show(command, &["data_dir", "database", "create", "public_url"]),
            "user" => only_show(command, &["data_dir", "database", "create", "secret"]),
            "room" => only_show(command, &["data_dir", "database", "create"]),
            _ => only_show(command, &["data_dir", "database"]),
        });
        let mut from_variables = Vec::new();
        let parsed = command.try_get_matches_from(arguments).and_then(|found| {
            let mut parsed = CommandLine::from_arg_matches(&found)?;
            let source = |name| found.value_source(name);
            let is_variable =
                |arg: &&clap::Arg| found.value_source(arg.get_id().as_str()) == Some(ValueSource::EnvVariable);
            from_variables = CommandLine::command().get_arguments().filter(is_variable).cloned().collect();
            parsed.config.names_data_dir = source("data_dir") != Some(ValueSource::DefaultValue);
            parsed.config.is_ambiguous = source("data_dir") == Some(ValueSource::CommandLine)
                && source("database") == Some(ValueSource::EnvVariable);
            Ok(parsed)
        });
        match parsed {
            Ok(CommandLine { config, command }) => {
                let checked = config.checked().map_err(|error| named_by_variable(error, &from_variables));
                Ok((command.unwrap_or(Self::Serve), checked?))
            }
            Err(error) if is_told_as_it_is(error.kind()) => error.exit(),
            Err(error) => Err(StartError(one_line(&error) + &source_of(&error) + &suggested(&error))),
        }
    }
}

/// Adds the variable that gave an option its value to what is wrong with it.
fn named_by_variable(StartError(why): StartError, from_variables: &[clap::Arg]) -> StartError {
    let given = from_variables.iter().find(|arg| {
        let named = arg.get_long().map(|long| format!("--{long}: "));
        named.is_some_and(|named| why.starts_with(&named))
    });
    match given.and_then(clap::Arg::get_env).and_then(OsStr::to_str) {
        Some(variable) => StartError(format!("{why} (in {variable})")),
        None => StartError(why),
    }
}

/// What was asked for, or all commands where one of them is missing.
fn is_told_as_it_is(kind: ErrorKind) -> bool {
    use ErrorKind::{DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand, DisplayVersion};
    matches!(kind, DisplayHelp | DisplayHelpOnMissingArgumentOrSubcommand | DisplayVersion)
}

/// Of the options of the server, a command's help has those that matter to it; all of them are understood.
fn only_show(command: clap::Command, shown: &[&str]) -> clap::Command {
    let hides = |arg: &clap::Arg| arg.is_global_set() && !shown.contains(&arg.get_id().as_str());
    command
        .mut_args(|arg| if hides(&arg) { arg.hide(true) } else { arg })
        .mut_subcommands(|command| only_show(command, shown))
        .after_help("All options of the server are understood: klatch serve --help has them.")
}

/// Variables of the environment that are meant for klatch and are no option of it: most likely a slip.
pub fn unknown_variables() -> Vec<String> {
    let command = CommandLine::command();
    let known = |name: &str| command.get_arguments().any(|arg| arg.get_env() == Some(OsStr::new(name)));
    let set = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let ours = set.filter(|name| name.starts_with("KLATCH_") && !name.starts_with("KLATCH_TEST_"));
    // What a build may be told, and what Kubernetes tells of a service of this name.
    let others = |name: &str| {
        matches!(name, VARIABLE | "KLATCH_COMMIT") || name.contains("_SERVICE_") || name.starts_with("KLATCH_PORT")
    };
    let mut unknown: Vec<String> = ours.filter(|name| !others(name) && !known(name)).collect();
    unknown.sort();
    unknown
}

/// Whether what is wrong with these arguments is told as a line of the log that programs read: where a server would have one. What
/// they say may be wrong, so they are only looked through.
pub fn tells_programs(arguments: &[OsString]) -> bool {
    let words: Vec<&str> = arguments.iter().skip(1).filter_map(|word| word.to_str()).collect();
    let given = words.iter().enumerate().find_map(|(n, word)| match word.strip_prefix("--log-format")? {
        "" => words.get(n + 1).copied(),
        value => value.strip_prefix('='),
    });
    let wanted = given.map(str::to_owned).or_else(|| std::env::var("KLATCH_LOG_FORMAT").ok());
    let is_json = wanted.is_some_and(|format| LogFormat::from_str(&format, true) == Ok(LogFormat::Json));
    let command = CommandLine::command();
    let mut others = command.get_subcommands().map(clap::Command::get_name).filter(|name| *name != "serve");
    is_json && !others.any(|name| words.contains(&name))
}

/// The variable that has the bad value, where it was not given as an option.
fn source_of(error: &clap::Error) -> String {
    let Some(ContextValue::String(named)) = error.get(ContextKind::InvalidArg) else { return String::new() };
    let Some(ContextValue::String(value)) = error.get(ContextKind::InvalidValue) else { return String::new() };
    let mut command = CommandLine::command();
    // Its arguments have their names as errors show them only then.
    command.build();
    let mut options = command.get_arguments().filter(|arg| arg.to_string() == *named);
    let variable = options.find_map(clap::Arg::get_env).and_then(OsStr::to_str);
    match variable.filter(|name| std::env::var(name).is_ok_and(|set| set == *value)) {
        Some(name) => format!(" (in {name})"),
        None => String::new(),
    }
}

/// What was perhaps meant instead of a word that is neither command nor option.
fn suggested(error: &clap::Error) -> String {
    let found =
        [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg].into_iter().find_map(|kind| error.get(kind));
    match (found, error.kind()) {
        (Some(ContextValue::String(one)), _) => format!(": perhaps {one}"),
        (Some(ContextValue::Strings(some)), _) if !some.is_empty() => format!(": perhaps {}", some.join(" or ")),
        (_, ErrorKind::InvalidSubcommand | ErrorKind::UnknownArgument) => ": see klatch --help".to_owned(),
        _ => String::new(),
    }
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
    use crate::base::config::Signup;

    fn parse(arguments: &[&str]) -> Result<Config, String> {
        Command::parse_from(std::iter::once("klatch").chain(arguments.iter().copied()))
            .map(|(_, config)| config)
            .map_err(|error| error.0)
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
        assert_eq!((config.write_rate, config.signup_rate), (5, 10));
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
