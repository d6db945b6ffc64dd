//! What Diesel has no way to: SQLite's backup API, and errors with their codes.

use std::ffi::{CStr, CString, c_int};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr::{self, NonNull};

use libsqlite3_sys as ffi;
use thiserror::Error;

/// How long somebody else's lock is waited for, in milliseconds.
const BUSY_MILLIS: c_int = 5_000;

/// What SQLite answered.
#[derive(Debug, Error)]
#[error("{message}")]
pub struct RawError {
    /// The primary result code, `SQLITE_BUSY` and the like.
    pub code: c_int,
    message: String,
}

/// An open SQLite file. Stays on the thread that opened it.
pub struct Raw(NonNull<ffi::sqlite3>);

impl Raw {
    /// Opens a file that exists, for reading and, where that is allowed, for writing.
    pub fn open(path: &Path) -> Result<Self, RawError> {
        let no_path = || RawError { code: ffi::SQLITE_CANTOPEN, message: "the path has a NUL in it".into() };
        let path = CString::new(path.as_os_str().as_bytes()).map_err(|_| no_path())?;
        let mut handle = ptr::null_mut();
        // SAFETY: the path ends with a NUL and outlives the call, which writes a handle or null into `handle`.
        let code =
            unsafe { ffi::sqlite3_open_v2(path.as_ptr(), &raw mut handle, ffi::SQLITE_OPEN_READWRITE, ptr::null()) };
        // A handle is given even where opening failed; it has the reason, and must be closed.
        let opened =
            NonNull::new(handle).map(Self).ok_or_else(|| RawError { code, message: "out of memory".into() })?;
        opened.checked(code)?;
        // SAFETY: the handle is open.
        unsafe { ffi::sqlite3_busy_timeout(handle, BUSY_MILLIS) };
        Ok(opened)
    }

    /// Runs statements and passes over the rows they give.
    pub fn execute(&self, sql: &CStr) -> Result<(), RawError> {
        // SAFETY: the handle is open, the text ends with a NUL, and no callback is given.
        let code = unsafe { ffi::sqlite3_exec(self.0.as_ptr(), sql.as_ptr(), None, ptr::null_mut(), ptr::null_mut()) };
        self.checked(code)
    }

    /// Makes `target` a copy of this database as of one moment, while others may write to this one.
    ///
    /// All pages are copied in one step. In WAL mode a step is a reader, which holds up no writer; between two steps
    /// others could write, and then the copy would begin again each time.
    pub fn copy_into(&self, target: &Self) -> Result<(), RawError> {
        let main = c"main".as_ptr();
        // SAFETY: both handles are open and differ, and stay so until `finish`; nothing else uses `target` meanwhile.
        let code = unsafe {
            let backup = ffi::sqlite3_backup_init(target.0.as_ptr(), main, self.0.as_ptr(), main);
            if backup.is_null() {
                ffi::sqlite3_errcode(target.0.as_ptr())
            } else {
                let stepped = ffi::sqlite3_backup_step(backup, -1);
                let finished = ffi::sqlite3_backup_finish(backup);
                // `finish` repeats what went wrong, but for a lock that was not given.
                if stepped == ffi::SQLITE_DONE { finished } else { stepped }
            }
        };
        match code {
            ffi::SQLITE_OK => Ok(()),
            code => Err(RawError { code: code & 0xff, message: describe(code) }),
        }
    }

    fn checked(&self, code: c_int) -> Result<(), RawError> {
        if code == ffi::SQLITE_OK {
            return Ok(());
        }
        // SAFETY: the handle is open; the text ends with a NUL and is copied before anything else uses the handle.
        let message = unsafe { CStr::from_ptr(ffi::sqlite3_errmsg(self.0.as_ptr())) };
        Err(RawError { code: code & 0xff, message: message.to_string_lossy().into_owned() })
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // SAFETY: the handle is open, and nothing made from it is left.
        unsafe { ffi::sqlite3_close(self.0.as_ptr()) };
    }
}

fn describe(code: c_int) -> String {
    // SAFETY: the text is a constant of the library.
    unsafe { CStr::from_ptr(ffi::sqlite3_errstr(code)) }.to_string_lossy().into_owned()
}
