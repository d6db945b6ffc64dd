//! Folders and files that nobody but their owner may read: in them are hashes of passwords, messages and the secret.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use crate::base::start_error::StartError;

/// Makes the data directory, with those above it, where it is missing. One that is there is left as it is.
///
/// # Errors
/// One line that names the option.
pub fn make_data_dir(path: &Path) -> Result<(), StartError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| StartError::option("data-dir", format!("{}: {error}", path.display())))
}

/// Makes a file, for writing; from its first moment nobody else can open it.
///
/// # Errors
/// `AlreadyExists` where there is one, and what else the system answers.
pub fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}
