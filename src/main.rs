//! The program: options in, a server out; or what another command does, told in a line.

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use klatch::base::config::Config;
use klatch::base::env_file::EnvFile;
use klatch::base::log::Log;
use klatch::base::panics::log_panics;
use klatch::base::start_error::StartError;
use klatch::cli::{Command, tells_programs, unknown_variables};
use klatch::features::operations::backup::{backup, renew_epoch, restore};
use klatch::features::operations::{doctor, jobs};
use klatch::features::{accounts, invitations, rooms};
use klatch::server;

/// Thousands of sockets with little state each take about two thirds of the memory that they take with the system's.
#[cfg(unix)]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    // Otherwise OpenSSL, which libpq uses, takes itself apart at the process's end, under the threads that still run.
    openssl_sys::init();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    // SAFETY: nothing has started a thread yet.
    let env_file = unsafe { EnvFile::load() };
    let ended = env_file.and_then(|env_file| {
        let (command, config) = Command::parse_from(arguments.clone()).map_err(|error| env_file.name_source(error))?;
        env_file.must_not_have(&unknown_variables())?;
        if !config.names_database() {
            env_file.must_be_readable()?;
        }
        if command != Command::Serve && config.is_ambiguous {
            env_file.must_not_name_the_database()?;
        }
        run(command, config, env_file)
    });
    ended.unwrap_or_else(|error| {
        match tells_programs(&arguments) {
            true => eprintln!("{}", error.as_log_line()),
            false => eprintln!("klatch: {error}"),
        }
        ExitCode::from(2)
    })
}

fn run(command: Command, config: Config, env_file: EnvFile) -> Result<ExitCode, StartError> {
    if command != Command::Serve {
        for name in unknown_variables() {
            eprintln!("# {name} is no option of klatch, and has no effect");
        }
        for line in env_file.oddities() {
            eprintln!("# {line}");
        }
    }
    let mut tell = |line: &str| say(line).map(drop);
    let done = ExitCode::SUCCESS;
    let line = match command {
        Command::Serve => {
            let oddities: Vec<String> = env_file.oddities().collect();
            let log = Log::begin(config.log_format, env_file)?;
            log_panics();
            for line in oddities {
                tracing::warn!("{line}");
            }
            for name in unknown_variables() {
                tracing::warn!(name, "a variable that is no option of klatch has no effect");
            }
            return server::run(config, log).map(|()| ExitCode::SUCCESS);
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
        Command::User(command) => return accounts::command::run(&config, command, &mut tell).map(|()| done),
        Command::Invite(command) => return say(&invitations::command::run(&config, command)?),
        Command::Room(command) => return rooms::command::run(&config, command, &mut tell).map(|()| done),
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
