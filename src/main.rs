//! The program: options in, a server out.

use std::io::{IsTerminal, stderr};
use std::process::ExitCode;

use klatch::config::{Config, LogFormat};
use klatch::server;
use klatch::survive::log_panics;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::prelude::*;
use tracing_subscriber::{EnvFilter, filter, fmt};

fn main() -> ExitCode {
    let ended = Config::parse_from(std::env::args_os()).and_then(|config| {
        log(config.log_format);
        log_panics();
        server::run(config)
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("klatch: {error}");
            ExitCode::from(2)
        }
    }
}

/// Logs to standard error; `RUST_LOG` says how much.
fn log(format: LogFormat) {
    let wanted = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("info,actix_session=error,actix_server=warn"));
    // What libraries tell those who debug them holds cookies, passwords and messages.
    let harmless = filter::Targets::new().with_default(LevelFilter::INFO).with_target("klatch", LevelFilter::TRACE);
    let lines = fmt::layer().with_writer(stderr);
    let lines = match format {
        LogFormat::Human => lines.with_ansi(stderr().is_terminal()).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry().with(harmless).with(wanted).with(lines).init();
}
