//! Backups that the server makes by itself, and how old the last one is, whoever made it.
//!
//! Of several instances one makes it: whoever has the turn (`db/instance_lock.rs`) looks again whether it is due.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::QueryResult;
use rustix::fs::{Access, access};
use tokio::sync::oneshot;

use crate::base::config::Config;
use crate::base::failpoints::hastened;
use crate::base::metrics::METRICS;
use crate::base::private_files;
use crate::base::start_error::StartError;
use crate::db::explained::unusable;
use crate::db::instance_lock::try_backup_turn;
use crate::db::open::open_as_it_is;
use crate::db::{AnyConnection, Store, StoreError, meta};
use crate::features::operations::backup::{make, sqlite_path};

/// How often it is asked whether one is due.
const LOOK: Duration = Duration::from_secs(5);
/// How long after a failure it is tried again, at the latest.
const RETRY: Duration = Duration::from_secs(600);
/// The name of a file: by its order the oldest comes first.
const NAME: &str = "klatch-%Y%m%dT%H%M%SZ";

/// What the server was told of backups.
#[derive(Clone)]
struct Plan {
    address: String,
    folder: PathBuf,
    every: Duration,
    keep: usize,
}

/// That backups can be made in this folder, which is made where it is missing.
fn prepare(folder: &Path) -> Result<(), StartError> {
    private_files::make_dir(folder).map_err(|error| unwritable(folder, &error))?;
    writable(folder)
}

fn writable(folder: &Path) -> Result<(), StartError> {
    let usable = if folder.is_dir() { Ok(()) } else { Err(ErrorKind::NotADirectory.into()) };
    usable
        .and_then(|()| access(folder, Access::WRITE_OK | Access::EXEC_OK).map_err(std::io::Error::from))
        .map_err(|error| unwritable(folder, &error))
}

/// That backups can be made in this folder, or the folder itself where it is missing.
fn usable(folder: &Path) -> Result<(), StartError> {
    let there = folder.ancestors().find(|folder| folder.as_os_str().is_empty() || folder.exists());
    match there {
        Some(there) if there != folder => {
            let parent = if there.as_os_str().is_empty() { Path::new(".") } else { there };
            writable(parent).map_err(|error| {
                StartError::option(
                    "backup-dir",
                    format!("{} is not there, and can't be made: {error}", folder.display()),
                )
            })
        }
        _ => writable(folder),
    }
}

fn unwritable(folder: &Path, error: &std::io::Error) -> StartError {
    let advice = match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            ": give it to the server's user, and name it in ReadWritePaths= where a unit of systemd keeps the rest from being written"
        }
        _ => "",
    };
    StartError::option("backup-dir", format!("{}: {error}{advice}", folder.display()))
}

/// Makes backups when they are due, and tells the metrics of the last one, until the program ends.
pub async fn keep_up(config: Arc<Config>, store: Store) {
    let plan = config.backup_every.zip(config.backup_dir.clone()).map(|(every, folder)| Plan {
        address: config.database_url(),
        folder,
        every: hastened(every),
        keep: config.backup_keep as usize,
    });
    // People chat though a disk for backups is away.
    let folder = plan.as_ref().map(|plan| plan.folder.clone());
    let looked = tokio::task::spawn_blocking(move || folder.map_or(Ok(()), |folder| prepare(&folder))).await;
    if let Ok(Err(error)) = looked {
        METRICS.backups.of("failed").increment(1);
        tracing::error!(%error, "no backup can be made");
    }
    let mut not_before = Instant::now();
    loop {
        let read = |connection: &mut AnyConnection| -> Result<_, StoreError> {
            Ok((noted(connection, meta::LAST_BACKUP)?, noted(connection, meta::LAST_SCHEDULED_BACKUP)?))
        };
        match store.read(read).await {
            Ok((last, scheduled)) => {
                METRICS.last_backup.set(last.unwrap_or(0) as f64);
                let due = plan.clone().filter(|plan| plan.is_due(scheduled) && Instant::now() >= not_before);
                if let Some(plan) = due {
                    let retry = hastened(RETRY).min(plan.every);
                    if !take_turn(plan).await {
                        not_before = Instant::now() + retry;
                    }
                }
            }
            Err(error) => {
                error.count();
                tracing::debug!(%error, "it is not known when a backup was made");
            }
        }
        tokio::time::sleep(hastened(LOOK)).await;
    }
}

/// Makes a backup where no other instance does. False where it failed.
async fn take_turn(plan: Plan) -> bool {
    let (answer, answered) = oneshot::channel();
    // A thread that the end of the process does not wait for.
    let thread = std::thread::Builder::new().name("klatch-backup".into());
    let spawned = thread.spawn(move || drop(answer.send(plan.make_in_turn())));
    let made = match spawned {
        Ok(_) => answered.await.unwrap_or_else(|_| Err(StartError("the thread ended".into()))),
        Err(error) => Err(StartError(error.to_string())),
    };
    match made {
        Ok(None) => true,
        Ok(Some((file, bytes))) => {
            METRICS.backups.of("done").increment(1);
            METRICS.last_backup.set(Utc::now().timestamp() as f64);
            tracing::info!(file = %file.display(), bytes, "made a backup");
            true
        }
        Err(error) => {
            METRICS.backups.of("failed").increment(1);
            tracing::error!(%error, "a backup failed");
            false
        }
    }
}

impl Plan {
    fn is_due(&self, last: Option<i64>) -> bool {
        last.is_none_or(|last| is_older(last, self.every))
    }

    /// Gives the file and its size, or nothing where another instance has made one.
    fn make_in_turn(&self) -> Result<Option<(PathBuf, u64)>, StartError> {
        // Has the turn until it is closed.
        let mut connection = open_as_it_is(&self.address)?;
        if !try_backup_turn(&mut connection).map_err(unusable)?
            || !self.is_due(noted(&mut connection, meta::LAST_SCHEDULED_BACKUP).map_err(unusable)?)
        {
            return Ok(None);
        }
        prepare(&self.folder)?;
        let now = Utc::now();
        let file = self.folder.join(format!("{}{}", now.format(NAME), self.ending()));
        let bytes = make(&self.address, &file, false)?;
        // Whatever becomes of the note, the files don't pile up.
        self.prune()?;
        for name in [meta::LAST_BACKUP, meta::LAST_SCHEDULED_BACKUP] {
            meta::set(&mut connection, name, &now.timestamp().to_string()).map_err(unusable)?;
        }
        Ok(Some((file, bytes)))
    }

    fn ending(&self) -> &'static str {
        if sqlite_path(&self.address).is_some() { ".db" } else { ".dump" }
    }

    /// Removes the oldest of the files that a server has made here, but for as many as are to be kept.
    fn prune(&self) -> Result<(), StartError> {
        let failed = |path: &Path, error| StartError(format!("{}: {error}", path.display()));
        let files = fs::read_dir(&self.folder).map_err(|error| failed(&self.folder, error))?;
        let names = files.flatten().filter_map(|file| file.file_name().into_string().ok());
        let mut own: Vec<String> = names.filter(|name| is_own(name, self.ending())).collect();
        own.sort_unstable();
        for name in own.iter().rev().skip(self.keep) {
            let path = self.folder.join(name);
            fs::remove_file(&path).map_err(|error| failed(&path, error))?;
        }
        Ok(())
    }
}

/// Whether a server has given this name.
fn is_own(name: &str, ending: &str) -> bool {
    let time = name.strip_suffix(ending).and_then(|name| NaiveDateTime::parse_from_str(name, NAME).ok());
    time.is_some_and(|time| format!("{}{ending}", time.format(NAME)) == name)
}

/// When the last backups were made, for `klatch doctor`.
///
/// # Errors
/// The server is to make them, and can't write into its folder, or the last one that it made is older than two that were due.
pub fn look(connection: &mut AnyConnection, config: &Config) -> Result<String, StartError> {
    let last = noted(connection, meta::LAST_BACKUP).map_err(unusable)?;
    let told = match last.and_then(|last| DateTime::from_timestamp(last, 0)) {
        Some(last) => format!("the last one was made {}", last.format("%Y-%m-%d %H:%M:%S UTC")),
        None => "none was made yet".to_owned(),
    };
    if let Some(Err(error)) = config.backup_dir.as_deref().map(usable) {
        return Err(StartError(format!("{told}, and {error}")));
    }
    let scheduled = noted(connection, meta::LAST_SCHEDULED_BACKUP).map_err(unusable)?;
    match (config.backup_every, scheduled) {
        (Some(every), Some(last)) if is_older(last, every * 2) => {
            Err(StartError(format!("{told}, though the server is to make them by itself")))
        }
        _ => Ok(told),
    }
}

/// Whether something of this time is so old. One of the future was made while the clock was wrong.
fn is_older(time: i64, span: Duration) -> bool {
    let age = Utc::now().timestamp().saturating_sub(time);
    age < -60 || u64::try_from(age).is_ok_and(|age| Duration::from_secs(age) >= span)
}

fn noted(connection: &mut AnyConnection, name: &str) -> QueryResult<Option<i64>> {
    Ok(meta::get(connection, name)?.and_then(|time| time.parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_a_server_gives_are_its_own() {
        assert!(is_own("klatch-20261130T060000Z.db", ".db"));
        for name in
            ["klatch-20261130T060000Z.dump", "klatch-2026-11-30.db", "klatch.db", "klatch-20261130T060000Z.db.old"]
        {
            assert!(!is_own(name, ".db"), "{name}");
        }
    }
}
