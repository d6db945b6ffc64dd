//! Backup and restore of Postgres, by its own tools: `pg_dump` and `pg_restore`.
//!
//! A password is never among their arguments, which anybody on the machine can list.

use std::fs::File;
use std::io;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};
use percent_encoding::percent_decode_str;
use url::Url;

use crate::base::start_error::StartError;
use crate::db::connection::{AnyConnection, transaction};
use crate::db::explained::{name_database, unusable};
use crate::db::migrations::{VERSION, needs_newer};
use crate::db::open::{establish, with_timeouts};
use crate::db::{InstanceLock, expected, restoring};
use crate::features::operations::backup::{begin_anew, belongs_to_klatch, spoiled};

/// Copies the database into `file`, as of one moment.
pub fn backup(address: &str, file: File) -> Result<(), StartError> {
    let mut tool = tool("pg_dump", address)?;
    tool.arg("--format=custom").arg(format!("--exclude-table={}", restoring::MARK)).stdout(file);
    run(tool).map(drop)
}

/// Puts the archive in the place of the database's tables, all of it or nothing, while no server runs or can start. Gives how
/// many sessions have ended.
pub fn restore(address: &str, file: &Path) -> Result<usize, StartError> {
    check(file)?;
    let mut connection = alone(address)?;
    name_database(address);
    expected::refuse_anothers(&mut connection)?;
    let before = identity(&mut connection).map_err(unusable)?;
    restoring::begin(&mut connection).map_err(unusable)?;
    let mut tool = tool("pg_restore", address)?;
    tool.args(["--clean", "--if-exists", "--no-owner", "--single-transaction", "--exit-on-error"]).arg(file);
    if let Err(error) = run(tool) {
        // Whether it could still commit what it had done, or whether its transaction is at an end.
        let unchanged = identity(&mut connection).is_ok_and(|after| after == before);
        return Err(match unchanged && restoring::end(&mut connection).is_ok() {
            true => StartError(format!("{error}; the database is as it was")),
            false => StartError(format!("{error}; what the database holds is not known: restore again")),
        });
    }
    finish(&mut connection).map_err(|error| {
        unusable(format!("the backup is in the database, but the last step failed ({error}): run klatch renew-epoch"))
    })
}

/// Ends all sessions and renews the epoch.
pub fn renew_epoch(address: &str) -> Result<usize, StartError> {
    name_database(address);
    let mut connection = alone(address)?;
    belongs_to_klatch(&mut connection).map_err(unusable)?;
    finish(&mut connection).map_err(unusable)
}

fn finish(connection: &mut AnyConnection) -> QueryResult<usize> {
    transaction(connection, |connection| {
        restoring::end(connection)?;
        begin_anew(connection)
    })
}

/// Tells the tables of now from those that a restore has made in their place. Waits for a restore that has not ended.
fn identity(connection: &mut AnyConnection) -> QueryResult<Option<i64>> {
    let table = || diesel::select(sql::<Nullable<BigInt>>("to_regclass('meta')::oid::bigint"));
    let AnyConnection::Postgres(postgres) = connection else { return Ok(None) };
    if table().get_result::<Option<i64>>(postgres)?.is_some() {
        diesel::sql_query("SELECT 1 FROM meta LIMIT 1").execute(postgres)?;
    }
    table().get_result(postgres)
}

/// A connection that holds the lock of the only instance: no server runs, and none starts before it is closed.
fn alone(address: &str) -> Result<AnyConnection, StartError> {
    let mut connection = establish(&with_timeouts(address)?)?;
    match InstanceLock::Exclusive.try_lock(&mut connection) {
        Ok(true) => Ok(connection),
        Ok(false) => Err(StartError::option("database-url", "a klatch is running on this database: end it first")),
        Err(error) => Err(unusable(error)),
    }
}

/// That a file is an archive of klatch's, and not too new for this program.
fn check(file: &Path) -> Result<(), StartError> {
    let mut tool = Command::new("pg_restore");
    tool.args(["--data-only", "--table=meta", "--file=-"]).arg(file).stdin(Stdio::null()).stdout(Stdio::piped());
    let meta = run(tool).map_err(|error| spoiled(file, error))?;
    let meta = String::from_utf8_lossy(&meta.stdout);
    match meta.lines().find_map(|line| line.strip_prefix("minimum_version\t")).and_then(|version| version.parse().ok())
    {
        Some(version) if version > VERSION => Err(spoiled(file, needs_newer(version))),
        Some(_) => Ok(()),
        None => Err(spoiled(file, "is no database of klatch")),
    }
}

/// One of Postgres' tools, with the way to the database.
fn tool(program: &str, address: &str) -> Result<Command, StartError> {
    let (address, password) = without_password(address)?;
    let mut command = Command::new(program);
    // Nobody is there to be asked for one.
    command.arg("--no-password").arg(format!("--dbname={address}")).stdin(Stdio::null());
    if let Some(password) = password {
        command.env("PGPASSWORD", password);
    }
    Ok(command)
}

/// Runs a tool to its end. It ends with this process, however that ends: a lock that this process holds would be gone.
fn run(mut tool: Command) -> Result<Output, StartError> {
    let program = tool.get_program().to_string_lossy().into_owned();
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::process::CommandExt;
        let parent = std::process::id();
        // SAFETY: prctl and getppid are async-signal-safe and touch nothing of the parent's memory. The parent is this thread,
        // which waits for the child.
        unsafe {
            tool.pre_exec(move || match libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) {
                // The parent may have died before.
                0 if u32::try_from(libc::getppid()).is_ok_and(|now| now == parent) => Ok(()),
                0 => Err(io::Error::from(io::ErrorKind::BrokenPipe)),
                _ => Err(io::Error::last_os_error()),
            });
        }
    }
    let ended = tool.stderr(Stdio::piped()).spawn().and_then(std::process::Child::wait_with_output);
    let output = ended.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            let where_from = "is not installed: it comes with Postgres' client programs (Debian: postgresql-client)";
            StartError(format!("{program} {where_from}"))
        }
        _ => StartError(format!("{program}: {error}")),
    })?;
    if output.status.success() {
        return Ok(output);
    }
    let told = String::from_utf8_lossy(&output.stderr);
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    let told = told.strip_prefix(&format!("{program}: ")).unwrap_or(&told);
    match told.is_empty() {
        true => Err(StartError(format!("{program}: {}", output.status))),
        false => Err(StartError(format!("{program}: {told}"))),
    }
}

/// The address as anybody may see it, and the password that was in it.
fn without_password(address: &str) -> Result<(String, Option<String>), StartError> {
    let mut url = Url::parse(address).map_err(|error| StartError::option("database-url", error))?;
    let mut password = url.password().map(decoded);
    if password.is_some() {
        // Only an address without a host has no room for a password.
        let _ = url.set_password(None);
    }
    if let Some(query) = url.query() {
        let named = |parameter: &&str| parameter.split_once('=').is_some_and(|(name, _)| decoded(name) == "password");
        // libpq takes the last one.
        if let Some((_, given)) = query.split('&').rfind(named).and_then(|pair| pair.split_once('=')) {
            password = Some(decoded(given));
        }
        // As text: written anew, a space would be a `+`, which libpq takes for a plus.
        let open: Vec<&str> = query.split('&').filter(|parameter| !is_secret(parameter)).collect();
        let open = open.join("&");
        url.set_query((!open.is_empty()).then_some(&open));
    }
    Ok((url.into(), password))
}

fn is_secret(parameter: &str) -> bool {
    let name = parameter.split('=').next().unwrap_or_default();
    matches!(&*decoded(name), "password" | "sslpassword")
}

/// As libpq reads it: a `+` is a plus.
fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_taken_out_of_an_address() {
        for (address, shown, password) in [
            ("postgres://me:5eC%2F4e7@db/x?sslmode=require", "postgres://me@db/x?sslmode=require", Some("5eC/4e7")),
            (
                "postgres://me@db/x?password=5eC4e7&sslmode=require",
                "postgres://me@db/x?sslmode=require",
                Some("5eC4e7"),
            ),
            ("postgres://me@db/x?p%61ssword=5e+C4e7", "postgres://me@db/x", Some("5e+C4e7")),
            // A `+` is no space to libpq.
            (
                "postgres://me@db/x?application_name=a%20b&sslpassword=p",
                "postgres://me@db/x?application_name=a%20b",
                None,
            ),
            ("postgres:///x?host=/run/postgresql&user=me", "postgres:///x?host=/run/postgresql&user=me", None),
        ] {
            assert_eq!(
                without_password(address).unwrap(),
                (shown.to_owned(), password.map(str::to_owned)),
                "{address}"
            );
        }
    }
}
