//! The log, on standard error; `RUST_LOG` says how much, and is read again on SIGHUP.

use std::io::{IsTerminal, stderr};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::prelude::*;
use tracing_subscriber::{EnvFilter, Registry, filter, fmt, reload};

use crate::base::config::LogFormat;
use crate::base::env_file::EnvFile;
use crate::base::log_floods::{self, Floods};
use crate::base::start_error::StartError;

const USUAL: &str = "info,actix_session=error,actix_server=warn";

/// The log that has begun.
pub struct Log {
    filter: reload::Handle<EnvFilter, Registry>,
    env_file: EnvFile,
    floods: Floods,
}

impl Log {
    /// Begins it.
    ///
    /// # Errors
    /// `RUST_LOG` can't be read.
    pub fn begin(format: LogFormat, env_file: EnvFile) -> Result<Self, StartError> {
        let wanted = std::env::var(EnvFilter::DEFAULT_ENV).unwrap_or_default();
        let (wanted, filter) = reload::Layer::new(parsed(&wanted)?);
        // What libraries tell those who debug them holds cookies, passwords and messages.
        let harmless = filter::Targets::new().with_default(LevelFilter::INFO).with_target("klatch", LevelFilter::TRACE);
        let lines = fmt::layer().with_writer(stderr);
        let lines = match format {
            LogFormat::Human => lines.with_ansi(stderr().is_terminal()).boxed(),
            LogFormat::Json => lines.json().flatten_event(true).boxed(),
        };
        let floods = Floods::default();
        tracing_subscriber::registry().with(wanted).with(harmless).with(floods.clone()).with(lines).init();
        Ok(Self { filter, env_file, floods })
    }

    /// What comes again and again is told by it.
    pub fn floods(&self) -> Floods {
        self.floods.clone()
    }

    /// Reads the filter again. One that makes no sense is told, and the old one kept.
    pub fn reread(&self) {
        let read = self.env_file.log_filter().and_then(|wanted| Ok((parsed(&wanted)?, wanted)));
        let changed = read.and_then(|(filter, wanted)| {
            self.filter.reload(filter).map(|()| wanted).map_err(|error| StartError(error.to_string()))
        });
        match changed {
            Ok(filter) => tracing::info!(filter, "the log's filter was read again"),
            Err(error) => tracing::error!(%error, "the log's filter stays as it was"),
        }
    }
}

fn parsed(wanted: &str) -> Result<EnvFilter, StartError> {
    let wanted = if wanted.is_empty() { USUAL } else { wanted };
    // A word alone is a module's name to the library: by a slip in a level nothing would be told at all.
    let slip = wanted.split(',').map(str::trim).find(|part| {
        let is_module = part.contains(['=', '[']) || part.starts_with("klatch");
        !part.is_empty() && !is_module && part.parse::<LevelFilter>().is_err()
    });
    if let Some(word) = slip {
        let levels = "error, warn, info, debug, trace or off";
        return Err(StartError(format!("RUST_LOG: {word} is no level ({levels}); a module has one: {word}=debug")));
    }
    let filter = EnvFilter::try_new(wanted).map_err(|error| StartError(format!("RUST_LOG: {wanted}: {error}")))?;
    // What came again has passed the filter once: its count is told, whatever modules that names.
    match log_floods::DIRECTIVE.parse() {
        Ok(directive) => Ok(filter.add_directive(directive)),
        Err(_) => Ok(filter),
    }
}
