//! Postgres has tools of its own for this: their command lines, for a shell, and the step that follows a restore.
//!
//! No line has a password in it: lines end up in histories and in lists of processes. The tools and klatch itself take it
//! from `PGPASSWORD` or from `~/.pgpass`.

use std::borrow::Cow;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use url::{Url, form_urlencoded};

use crate::base::start_error::StartError;
use crate::db::InstanceLock;
use crate::db::connection::AnyConnection;
use crate::db::open::{establish, with_timeouts};
use crate::features::operations::backup::{Report, about, begin_anew, belongs_to_klatch};

/// How an archive of `pg_dump --format=custom` begins.
const ARCHIVE: &[u8] = b"PGDMP";
const NOTE: &str = "run the line on standard output; a password is taken from PGPASSWORD or ~/.pgpass";

/// The line that copies the database into `file`, by way of `draft`: a file that is there is whole, and `ln` fails where
/// there is one already.
pub fn backup(address: &str, draft: &Path, file: &Path) -> Result<Report, StartError> {
    let (draft, file) = (quoted(path(draft)?)?, quoted(path(file)?)?);
    let address = quoted(&without_password(address)?)?;
    Ok(to_run(format!(
        "(umask 077 && pg_dump --format=custom --file={draft} --dbname={address} && ln {draft} {file} && rm {draft})"
    )))
}

/// The line that puts the archive in the database's place, all of it or nothing, and then renews the epoch.
pub fn restore(address: &str, file: &Path) -> Result<Report, StartError> {
    let mut begin = [0; ARCHIVE.len()];
    let read = File::open(file).and_then(|mut file| file.read_exact(&mut begin));
    if read.is_err() || begin != ARCHIVE {
        return Err(about(file, "is no archive that pg_dump made with --format=custom"));
    }
    // Also says now, and not half-way, that the database can't be reached.
    drop(alone(address)?);
    let program = std::env::current_exe().map_err(|error| StartError(format!("this program's path: {error}")))?;
    let (file, program) = (quoted(path(file)?)?, quoted(path(&program)?)?);
    let address = quoted(&without_password(address)?)?;
    Ok(to_run(format!(
        "pg_restore --clean --if-exists --no-owner --single-transaction --exit-on-error --dbname={address} {file} && \
         {program} renew-epoch --database-url={address}"
    )))
}

/// Ends all sessions and renews the epoch.
pub fn renew_epoch(address: &str) -> Result<usize, StartError> {
    let failed = |why: &dyn std::fmt::Display| StartError::option("database-url", format!("the database {why}"));
    let mut connection = alone(address)?;
    belongs_to_klatch(&mut connection).map_err(|why| failed(&why))?;
    begin_anew(&mut connection).map_err(|error| failed(&error))
}

/// A connection that holds the lock of the only instance.
fn alone(address: &str) -> Result<AnyConnection, StartError> {
    let mut connection = establish(&with_timeouts(address)?)?;
    match InstanceLock::Exclusive.try_lock(&mut connection) {
        Ok(true) => Ok(connection),
        Ok(false) => Err(StartError::option("database-url", "a klatch is running on this database: end it first")),
        Err(error) => Err(StartError::option("database-url", error)),
    }
}

fn to_run(line: String) -> Report {
    Report { line, note: Some(NOTE) }
}

fn without_password(address: &str) -> Result<String, StartError> {
    let mut url = Url::parse(address).map_err(|error| StartError::option("database-url", error))?;
    if url.password().is_some() {
        // Only an address without a host has no room for a password.
        let _ = url.set_password(None);
    }
    if let Some(query) = url.query() {
        // As text: written anew, a space would be a `+`, which libpq takes for a plus.
        let open: Vec<&str> = query.split('&').filter(|parameter| !is_secret(parameter)).collect();
        let open = open.join("&");
        url.set_query((!open.is_empty()).then_some(&open));
    }
    Ok(url.into())
}

fn is_secret(parameter: &str) -> bool {
    let mut named = form_urlencoded::parse(parameter.as_bytes());
    named.any(|(name, _)| matches!(&*name, "password" | "sslpassword"))
}

fn path(path: &Path) -> Result<&str, StartError> {
    path.to_str().ok_or_else(|| about(path, "the path is not in UTF-8"))
}

fn quoted(word: &str) -> Result<String, StartError> {
    shlex::try_quote(word).map(Cow::into_owned).map_err(|error| StartError(format!("{word:?}: {error}")))
}
