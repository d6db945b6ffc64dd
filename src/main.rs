//! The program: options in, a server out; or what another command does, told in a line.

use std::io::{IsTerminal, Write, stderr};
use std::process::ExitCode;

use klatch::base::config::{Config, LogFormat};
use klatch::base::panics::log_panics;
use klatch::base::start_error::StartError;
use klatch::cli::{Command, unknown_variables};
use klatch::features::operations::backup::{backup, renew_epoch, restore};
use klatch::features::operations::{doctor, jobs};
use klatch::features::{accounts, invitations, rooms};
use klatch::server;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::prelude::*;
use tracing_subscriber::{EnvFilter, filter, fmt};

/// Thousands of sockets with little state each take about two thirds of the memory that they take with the system's.
#[cfg(unix)]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    // Otherwise OpenSSL, which libpq uses, takes itself apart at the process's end, under the threads that still run.
    openssl_sys::init();
    let ended = Command::parse_from(std::env::args_os()).and_then(|(command, config)| run(command, config));
    match ended {
        Ok(code) => code,
        Err(error) => {
            eprintln!("klatch: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(command: Command, config: Config) -> Result<ExitCode, StartError> {
    if command != Command::Serve {
        for name in unknown_variables() {
            eprintln!("# {name} is no option of klatch, and has no effect");
        }
    }
    let line = match command {
        Command::Serve => {
            log(config.log_format)?;
            log_panics();
            for name in unknown_variables() {
                tracing::warn!(name, "a variable that is no option of klatch has no effect");
            }
            return server::run(config).map(|()| ExitCode::SUCCESS);
        }
        Command::Backup { file } => {
            let (line, output_is_taken) = backup(&config, &file)?;
            if output_is_taken {
                eprintln!("# {line}");
                return Ok(ExitCode::SUCCESS);
            }
            line
        }
        Command::Restore { file } => restore(&config, &file)?,
        Command::RenewEpoch => renew_epoch(&config)?,
        Command::User(command) => return say(&accounts::command::run(&config, command)?),
        Command::Invite(command) => return say(&invitations::command::run(&config, command)?),
        Command::Room(command) => return say(&rooms::command::run(&config, command)?),
        Command::Jobs(command) => return say(&jobs::run(&config, &command)?),
        Command::Doctor { deep } => {
            let mut told = Ok(ExitCode::SUCCESS);
            let well = doctor::run(&config, deep, |line| {
                if told.is_ok() {
                    told = say(line);
                }
            });
            return told.map(|code| if well { code } else { ExitCode::FAILURE });
        }
    };
    say(&line)
}

fn say(line: &str) -> Result<ExitCode, StartError> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .map_err(|error| StartError(format!("standard output: {error}")))?;
    Ok(ExitCode::SUCCESS)
}

/// Logs to standard error; `RUST_LOG` says how much.
///
/// # Errors
/// `RUST_LOG` can't be read.
fn log(format: LogFormat) -> Result<(), StartError> {
    let told = std::env::var(EnvFilter::DEFAULT_ENV).unwrap_or_default();
    let wanted = if told.is_empty() { "info,actix_session=error,actix_server=warn" } else { &told };
    let wanted = EnvFilter::try_new(wanted).map_err(|error| StartError(format!("RUST_LOG: {error}")))?;
    // What libraries tell those who debug them holds cookies, passwords and messages.
    let harmless = filter::Targets::new().with_default(LevelFilter::INFO).with_target("klatch", LevelFilter::TRACE);
    let lines = fmt::layer().with_writer(stderr);
    let lines = match format {
        LogFormat::Human => lines.with_ansi(stderr().is_terminal()).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry().with(harmless).with(wanted).with(lines).init();
    Ok(())
}
