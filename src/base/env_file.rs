//! The file with the options of the service, which commands beside it find there too: `KEY=value` in each line, as for
//! systemd's `EnvironmentFile=`. What stands in the environment itself is not read from the file.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::PathBuf;

use tracing_subscriber::EnvFilter;

use crate::base::start_error::StartError;

const DEFAULT: &str = "/etc/klatch/env";
/// Names another file.
pub const VARIABLE: &str = "KLATCH_ENV_FILE";

/// The file, read.
#[derive(Debug)]
pub struct EnvFile {
    path: PathBuf,
    /// Why it can't be read, though it is there.
    unreadable: Option<String>,
    /// The filter of the log is set in the environment itself.
    filter_is_set: bool,
    /// What was set by it.
    names: Vec<String>,
    /// Variables for which it has several lines.
    doubled: Vec<String>,
}

impl EnvFile {
    /// Sets what the file says and the environment does not.
    ///
    /// # Safety
    /// No other thread may run: it could read the environment meanwhile.
    ///
    /// # Errors
    /// One line: the file that was named is not there, or a line makes no sense.
    pub unsafe fn load() -> Result<Self, StartError> {
        let named = env::var_os(VARIABLE).filter(|name| !name.is_empty());
        let is_named = named.is_some();
        let path = named.map_or_else(|| PathBuf::from(DEFAULT), PathBuf::from);
        let filter_is_set = env::var_os(EnvFilter::DEFAULT_ENV).is_some();
        let mut file = Self { path, unreadable: None, filter_is_set, names: Vec::new(), doubled: Vec::new() };
        match File::open(&file.path) {
            Ok(open) => {
                let variables = file.variables(open)?;
                let set_again = |(at, (name, _)): (usize, &(String, String))| {
                    variables[..at].iter().any(|(earlier, _)| earlier == name).then(|| name.clone())
                };
                let doubled: BTreeSet<String> = variables.iter().enumerate().filter_map(set_again).collect();
                file.doubled = doubled.into_iter().collect();
                // Of several lines for one variable the last one counts, as it does for systemd.
                for (name, value) in variables.into_iter().collect::<BTreeMap<_, _>>() {
                    if env::var_os(&name).is_none() {
                        // SAFETY: the caller sees to it that no other thread runs.
                        unsafe { env::set_var(&name, value) };
                        file.names.push(name);
                    }
                }
            }
            Err(error) if error.kind() == ErrorKind::NotFound && is_named => {
                return Err(StartError(format!("{VARIABLE}: {}: {error}", file.path.display())));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => file.unreadable = Some(error.to_string()),
        }
        Ok(file)
    }

    /// # Errors
    /// One line: the file is there and can't be read.
    pub fn must_be_readable(&self) -> Result<(), StartError> {
        match &self.unreadable {
            None => Ok(()),
            Some(why) => {
                let path = self.path.display();
                let what = "run this as root or as the klatch user, or name --data-dir or --database-url";
                Err(StartError(format!("{path} can't be read ({why}): {what}")))
            }
        }
    }

    /// For a command that is told of a data directory by an option, and of a database that is not in it by this file: whoever
    /// gives it may mean either.
    ///
    /// # Errors
    /// One line that says how to name the one that is meant.
    pub fn must_not_name_the_database(&self) -> Result<(), StartError> {
        match self.names.iter().any(|name| name == "KLATCH_DATABASE_URL") {
            false => Ok(()),
            true => {
                let why = format!("{} names a database elsewhere: name --database-url too", self.path.display());
                Err(StartError::option("data-dir", why))
            }
        }
    }

    /// The filter of the log, as the environment or the file has it by now; empty where neither does.
    ///
    /// # Errors
    /// One line that says why the file can't be read.
    pub fn log_filter(&self) -> Result<String, StartError> {
        if self.filter_is_set {
            return Ok(env::var(EnvFilter::DEFAULT_ENV).unwrap_or_default());
        }
        let variables = match File::open(&self.path) {
            Ok(open) => self.variables(open)?,
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(StartError(format!("{}: {error}", self.path.display()))),
        };
        let found = variables.into_iter().rfind(|(name, _)| name == EnvFilter::DEFAULT_ENV);
        Ok(found.map(|(_, value)| value).unwrap_or_default())
    }

    /// What is to be told of it, in a line for each, though nothing is wrong.
    pub fn oddities(&self) -> impl Iterator<Item = String> {
        let path = self.path.display();
        self.doubled.iter().map(move |name| format!("{path} has several lines for {name}: the last one counts"))
    }

    /// # Errors
    /// One line: the file has one of these.
    pub fn must_not_have(&self, unknown: &[String]) -> Result<(), StartError> {
        match self.names.iter().find(|name| unknown.contains(name)) {
            None => Ok(()),
            Some(name) => {
                let path = self.path.display();
                Err(StartError(format!("{path}: {name} is no option of klatch: klatch serve --help has them all")))
            }
        }
    }

    /// Adds where a variable comes from to what is said of its value.
    pub fn name_source(&self, error: StartError) -> StartError {
        match self.names.iter().any(|name| error.0.contains(name.as_str())) {
            true => StartError(format!("{}: {}", self.path.display(), error.0)),
            false => error,
        }
    }

    fn variables(&self, mut open: File) -> Result<Vec<(String, String)>, StartError> {
        let path = self.path.display();
        let mut text = String::new();
        open.read_to_string(&mut text).map_err(|error| StartError(format!("{path}: {error}")))?;
        let read = dotenvy::Iter::new(text.as_bytes()).collect::<Result<Vec<(String, String)>, _>>();
        let variables = read.map_err(|error| match error {
            // The library names a part of the line. The value may be secret.
            dotenvy::Error::LineParse(..) => {
                let lines: Vec<&str> = text.lines().collect();
                let fails =
                    |count: &usize| dotenvy::Iter::new(lines[..*count].join("\n").as_bytes()).any(|read| read.is_err());
                let number = (1..=lines.len()).find(fails).unwrap_or(lines.len());
                let name = lines.get(number.saturating_sub(1)).and_then(|line| named_in(line)).unwrap_or("it");
                StartError(format!("{path}, line {number}: {name} can't be read: {QUOTE}"))
            }
            error => StartError(format!("{path}: {error}")),
        })?;
        let last_of_each: BTreeMap<&str, &str> =
            variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        // Without quotes the name after a `$` is taken for another variable's.
        let dollars = |text: &str| text.matches('$').count();
        for (name, value) in &last_of_each {
            let named = |(_, line): &(usize, &str)| named_in(line) == Some(*name);
            let Some((at, line)) = text.lines().enumerate().filter(named).last() else { continue };
            // Behind a blank and a # stands what somebody notes.
            let given = line.split(" #").next().unwrap_or_default();
            if dollars(value) < dollars(given) {
                return Err(StartError(format!("{path}, line {}: {name} has a $: {QUOTE}", at + 1)));
            }
        }
        Ok(variables)
    }
}

const QUOTE: &str = "put a value with spaces or signs between single quotes";

/// The variable that a line sets.
fn named_in(line: &str) -> Option<&str> {
    let (name, _) = line.split_once('=')?;
    let name = name.trim().trim_start_matches("export ").trim_start();
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (!name.is_empty() && name.bytes().all(is_name)).then_some(name)
}
