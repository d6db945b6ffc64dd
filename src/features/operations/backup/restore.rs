//! Putting a backup in the place of an SQLite database, so that a death at any moment leaves the old one or the new.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use chrono::Utc;
use libsqlite3_sys::{SQLITE_BUSY, SQLITE_CORRUPT, SQLITE_LOCKED, SQLITE_NOTADB};

use crate::base::private_files;
use crate::base::start_error::StartError;
use crate::db::open::lock_file;
use crate::features::operations::backup::draft::{COMPANIONS, discard, sync_folder};
use crate::features::operations::backup::raw::{Raw, RawError};
use crate::features::operations::backup::{
    about, begin_anew, belongs_to_klatch, copy, is_database, open, spoiled, with_suffix,
};

/// Puts a copy of `file` in the place of `database`, which is kept under another name. Gives the line to print.
pub fn restore(database: &Path, file: &Path) -> Result<String, StartError> {
    // Until the process ends: no server may start meanwhile.
    let _lock = lock(database)?;
    // A link's target has its companions beside it.
    let database = &fs::canonicalize(database)
        .or_else(|_| std::path::absolute(database))
        .map_err(|error| about(database, error))?;
    if fs::canonicalize(file).is_ok_and(|file| file == *database) {
        return Err(about(file, "is the database itself"));
    }
    // The lock's holder is alone with this name; what is there was left by one that died.
    let draft = with_suffix(database, ".restoring");
    discard(&draft);
    let replaced = prepare(database, file, &draft).and_then(|()| replace(database, &draft));
    let kept = replaced.inspect_err(|_| discard(&draft))?;
    let kept = match kept {
        Some(kept) => format!("; the database before is kept as {}", kept.display()),
        None => String::new(),
    };
    Ok(format!("restored {} from {}{kept}; everybody has to sign in again", database.display(), file.display()))
}

/// Ends all sessions and renews the epoch where the database stands.
pub fn renew_epoch(database: &Path) -> Result<usize, StartError> {
    is_database(database)?;
    let _lock = lock(database)?;
    let mut connection = open(database)?;
    belongs_to_klatch(&mut connection).map_err(|why| about(database, why))?;
    begin_anew(&mut connection).map_err(|error| about(database, error))
}

fn lock(database: &Path) -> Result<File, StartError> {
    // The path came as text.
    lock_file(&database.to_string_lossy())
}

/// Makes the draft that will be the database: checked, with its new epoch, and its owner's.
fn prepare(database: &Path, file: &Path, draft: &Path) -> Result<(), StartError> {
    // Made here, so that nobody else could read it for a moment.
    private_files::create(draft).map_err(|error| about(draft, format!("can't be made: {error}")))?;
    copy(file, draft, true, |why| spoiled(file, why))?;
    begin_anew(&mut open(draft)?).map_err(|error| about(draft, error))?;
    let Ok(old) = fs::metadata(database) else {
        return Ok(());
    };
    // Whoever restores need not be the user that the server runs as.
    let same = fs::metadata(draft).is_ok_and(|new| (new.uid(), new.gid()) == (old.uid(), old.gid()));
    let given = if same { Ok(()) } else { chown(draft, Some(old.uid()), Some(old.gid())) };
    given
        .and_then(|()| fs::set_permissions(draft, Permissions::from_mode(old.mode() & 0o777)))
        .map_err(|error| about(draft, format!("can't be given the old database's owner: {error}")))
}

/// Gives the draft the database's name; the old database gets another one, which is returned.
///
/// At every moment there is a database under its name, and never one with another's companions.
fn replace(database: &Path, draft: &Path) -> Result<Option<PathBuf>, StartError> {
    let name = Utc::now().format(".before-restore-%Y%m%dT%H%M%S%.3fZ").to_string();
    let kept = with_suffix(database, &name);
    let old = database.exists();
    if old {
        match fold(database) {
            Err(error) if [SQLITE_BUSY, SQLITE_LOCKED].contains(&error.code) => {
                return Err(about(database, "another program has it open"));
            }
            // A damaged database is kept as it is: it may be why a backup is restored.
            Err(error) if ![SQLITE_CORRUPT, SQLITE_NOTADB].contains(&error.code) => return Err(about(database, error)),
            _ => {}
        }
    }
    let set_aside = || {
        if old {
            keep(database, &kept)?;
        }
        // There are none, unless the old database is damaged or gone.
        for companion in COMPANIONS {
            match fs::rename(with_suffix(database, companion), with_suffix(&kept, companion)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        sync_folder(database)
    };
    set_aside().map_err(|error| about(&kept, error))?;
    let publish = || {
        File::open(draft)?.sync_all()?;
        fs::rename(draft, database)?;
        sync_folder(database)
    };
    publish().map_err(|error| about(database, error))?;
    Ok(old.then_some(kept))
}

/// Gives the database a second name. Where the file system has no links, a copy gets it: the database is never without its own.
fn keep(database: &Path, kept: &Path) -> io::Result<()> {
    if fs::hard_link(database, kept).is_ok() {
        return Ok(());
    }
    let copied = || {
        let mut copy = private_files::create(kept)?;
        io::copy(&mut File::open(database)?, &mut copy)?;
        copy.sync_all()
    };
    copied().inspect_err(|_| drop(fs::remove_file(kept)))
}

/// Writes what is in the WAL into the database and ends the WAL. Fails while anybody else has the database open: closing
/// it later, they would remove the new database's WAL.
fn fold(database: &Path) -> Result<(), RawError> {
    Raw::open(database)?.execute(c"PRAGMA synchronous = FULL; PRAGMA journal_mode = DELETE")
}
