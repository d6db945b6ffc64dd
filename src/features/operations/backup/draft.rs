//! A backup in the making: a file beside its future name, which it gets when it is whole.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::base::private_files;
use crate::base::start_error::StartError;
use crate::features::operations::backup::{about, is_there, with_suffix};

/// The files that SQLite keeps beside a database. Applied to another database than their own they would ruin it.
pub const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];
/// Between the future name and a random word.
const MARK: &str = ".klatch-";
const ENDING: &str = ".partial";

/// Removed with its value, unless it has got its name.
pub struct Draft {
    pub path: PathBuf,
    /// Locked for as long as somebody works at it.
    pub file: File,
}

impl Draft {
    /// Begins the file that will be `name`, and removes what killed backups have left in its folder.
    pub fn of(name: &Path) -> Result<Self, StartError> {
        let folder = folder_of(name);
        if !folder.is_dir() {
            return Err(about(folder, "there is no such directory: make it first"));
        }
        clear_away(folder);
        let word = hex::encode(rand::random::<[u8; 4]>());
        let path = with_suffix(name, &format!("{MARK}{word}{ENDING}"));
        let file = private_files::create(&path).map_err(|error| about(folder, StartError::about(&path, &error)))?;
        // Where there are no locks, nobody clears anything away.
        let _ = file.try_lock();
        Ok(Self { path, file })
    }

    /// Gives it its name, which nothing may have, on the disk; gives its size in bytes.
    pub fn publish(self, name: &Path) -> Result<u64, StartError> {
        let finish = || {
            self.file.sync_all()?;
            let bytes = self.file.metadata()?.len();
            private_files::give_name(&self.path, name)?;
            sync_folder(name).inspect_err(|_| drop(fs::remove_file(name)))?;
            Ok(bytes)
        };
        finish().map_err(|error: io::Error| match error.kind() {
            io::ErrorKind::AlreadyExists => is_there(name),
            _ => about(name, error),
        })
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        discard(&self.path);
    }
}

/// Removes a draft with what SQLite may have left beside it. What can't be removed has a name that tells what it is.
pub fn discard(draft: &Path) {
    let _ = fs::remove_file(draft);
    for companion in COMPANIONS {
        let _ = fs::remove_file(with_suffix(draft, companion));
    }
}

/// A name is on the disk once its folder is.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(folder_of(path))?.sync_all()
}

fn folder_of(path: &Path) -> &Path {
    // An absolute path of a file has a parent.
    path.parent().unwrap_or(Path::new("/"))
}

/// Removes drafts that nobody works at, and what is left of such.
fn clear_away(folder: &Path) {
    let Ok(files) = fs::read_dir(folder) else { return };
    for file in files.flatten() {
        let Some(draft) = draft_in(&file.file_name()).map(|name| folder.join(name)) else { continue };
        let is_held = match File::open(&draft) {
            Ok(open) => open.try_lock().is_err(),
            Err(error) => error.kind() != io::ErrorKind::NotFound,
        };
        if !is_held {
            discard(&draft);
        }
    }
}

/// The name of the draft, where a file is one or lies beside one.
fn draft_in(name: &OsStr) -> Option<&str> {
    let name = name.to_str()?;
    let draft = COMPANIONS.iter().find_map(|companion| name.strip_suffix(companion)).unwrap_or(name);
    let (_, word) = draft.strip_suffix(ENDING)?.rsplit_once(MARK)?;
    (word.len() == 8 && word.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(draft)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_drafts_are_taken_for_drafts() {
        for name in ["a.db.klatch-01ab23cd.partial", "a.db.klatch-01ab23cd.partial-journal"] {
            assert_eq!(draft_in(OsStr::new(name)), Some("a.db.klatch-01ab23cd.partial"));
        }
        for name in
            ["a.db", "a.db-journal", "a.partial", "a.klatch-1.partial", "a.klatch-01ab23cz.partial", "klatch.db"]
        {
            assert_eq!(draft_in(OsStr::new(name)), None, "{name}");
        }
    }
}
