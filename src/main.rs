//! The program: options in, a server out.

use std::process::ExitCode;

use klatch::config::{Config, LogFormat};
use klatch::server;
use klatch::survive::log_panics;
use tracing_subscriber::EnvFilter;

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
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("info,actix_session=error,actix_server=warn"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Human => log.init(),
        LogFormat::Json => log.json().init(),
    }
}
