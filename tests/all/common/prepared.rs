//! Databases as this build of klatch leaves new ones, with the tables and the files of its pages: made once, by whichever
//! test comes first, and copied for each.

use super::server::bare_command;
use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use std::fs::{self, DirBuilder, File};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::UNIX_EPOCH;
use tempfile::TempDir;

/// Names this build, as files and databases may be named.
pub fn build() -> String {
    let built = fs::metadata(env!("CARGO_BIN_EXE_klatch")).and_then(|program| program.modified()).expect("klatch");
    built.duration_since(UNIX_EPOCH).expect("a time after 1970").as_nanos().to_string()
}

/// Runs klatch with these arguments until it listens, and ends it; gives the folder in which its data directory is.
pub fn serve_once(args: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let mut command = bare_command(&[env!("CARGO_BIN_EXE_klatch").to_owned()]).into_std();
    command.args(["--listen", "127.0.0.1:0", "--data-dir"]).arg(folder.path().join("data")).args(args);
    let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("klatch");
    let (mut line, stdout) = (String::new(), process.stdout.take().expect("stdout is piped"));
    BufReader::new(stdout).read_line(&mut line).expect("text");
    assert!(line.starts_with("listening on "), "klatch with {args:?} says {line:?}");
    // SAFETY: a plain system call; the child has not been waited for, so the number is still its own.
    assert_eq!(unsafe { libc::kill(process.id() as i32, libc::SIGTERM) }, 0);
    assert!(process.wait().expect("a child").success());
    folder
}

/// Makes a data directory with an SQLite database in it.
pub fn copy_sqlite(data_dir: &Path) {
    DirBuilder::new().mode(0o700).create(data_dir).expect("a data directory");
    let path = data_dir.join("klatch.db");
    fs::copy(sqlite(), &path).expect("a copy");
    // A database that klatch makes has an epoch of its own.
    open(&path)
        .batch_execute(
            "PRAGMA synchronous = OFF; UPDATE meta SET value = lower(hex(randomblob(16))) WHERE name = 'epoch'",
        )
        .expect("an epoch");
}

/// The database that all others are copies of.
fn sqlite() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let path = folder.join(format!("klatch-{}.db", build()));
        // Given back when the file is closed.
        let lock = File::create(folder.join("klatch.db.lock")).expect("a file");
        lock.lock().expect("a lock");
        if !path.exists() {
            remove_those_of_other_builds(folder);
            let served = serve_once(&[]);
            let made = served.path().join("data/klatch.db");
            open(&made).batch_execute("PRAGMA wal_checkpoint(TRUNCATE)").expect("a checkpoint");
            let unfinished = folder.join("klatch-unfinished.db");
            fs::copy(made, &unfinished).expect("a copy");
            fs::rename(unfinished, &path).expect("a name");
        }
        path
    })
}

fn open(path: &Path) -> SqliteConnection {
    SqliteConnection::establish(&path.to_string_lossy()).expect("a database that can be opened")
}

fn remove_those_of_other_builds(folder: &Path) {
    for file in fs::read_dir(folder).expect("a folder").flatten() {
        if file.file_name().to_string_lossy().starts_with("klatch-") {
            let _ = fs::remove_file(file.path());
        }
    }
}
