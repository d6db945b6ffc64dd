//! Folders and files that nobody but their owner may read: in them are hashes of passwords, messages and the secret.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use crate::base::start_error::StartError;

/// Makes the data directory, with those above it, where it is missing. One that is there is left as it is.
///
/// # Errors
/// One line that names the option.
pub fn make_data_dir(path: &Path) -> Result<(), StartError> {
    make_dir(path).map_err(|error| StartError::option("data-dir", StartError::about(path, &error)))
}

/// Makes a folder, with those above it, where it is missing.
///
/// # Errors
/// What the system answers.
pub fn make_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Makes a file, for writing; from its first moment nobody else can open it.
///
/// # Errors
/// `AlreadyExists` where there is one, and what else the system answers.
pub fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Gives a finished file its name, which nothing may have yet: a plain rename would overwrite what has come meanwhile. Not
/// every file system has such a rename (NFS has none), or hard links (exFAT, SMB). Where there is neither, the name is taken by
/// an empty file first.
///
/// # Errors
/// `AlreadyExists` where something has the name, and what else the system answers; then the file has its old name.
pub fn give_name(draft: &Path, name: &Path) -> io::Result<()> {
    match renameat_with(CWD, draft, CWD, name, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {}
        done => return done.map_err(io::Error::from),
    }
    match fs::hard_link(draft, name) {
        Ok(()) => return fs::remove_file(draft),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(error),
        Err(_) => {}
    }
    drop(create(name)?);
    fs::rename(draft, name).inspect_err(|_| drop(fs::remove_file(name)))
}
