//! How SQLite is set up for the whole process: what no PRAGMA can say.

use std::ffi::{c_char, c_int};
use std::ptr;
use std::sync::Once;

use libsqlite3_sys as ffi;

/// To be called before a connection is made: it holds for those that are made later.
pub(crate) fn set_up() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: the function is one that SQLite may call, at any time and on any thread.
        let code = unsafe { ffi::sqlite3_auto_extension(Some(keep_plans)) };
        if code != ffi::SQLITE_OK {
            tracing::warn!(code, "SQLite will prepare statements more often than it should");
        }
    });
}

/// Has a prepared statement keep its plan. Otherwise SQLite prepares one with a `LIMIT ?`, which each `first` has, anew
/// whenever the number is bound, in case another plan were better for it.
unsafe extern "C" fn keep_plans(
    connection: *mut ffi::sqlite3,
    _: *mut *mut c_char,
    _: *const ffi::sqlite3_api_routines,
) -> c_int {
    let (on, nowhere) = (c_int::from(true), ptr::null_mut::<c_int>());
    // SAFETY: SQLite calls this with a connection that it has just opened; the arguments are those of this setting.
    unsafe { ffi::sqlite3_db_config(connection, ffi::SQLITE_DBCONFIG_ENABLE_QPSG, on, nowhere) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_with_a_limit_is_prepared_once() {
        set_up();
        let (mut connection, mut statement) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: the connection and its statement are used between opening and closing alone, on one thread.
        unsafe {
            assert_eq!(ffi::sqlite3_open(c":memory:".as_ptr(), &raw mut connection), ffi::SQLITE_OK);
            let sql = c"SELECT name FROM sqlite_master LIMIT ?".as_ptr();
            assert_eq!(ffi::sqlite3_prepare_v3(connection, sql, -1, 0, &raw mut statement, ptr::null_mut()), 0);
            for limit in 1..=10 {
                assert_eq!(ffi::sqlite3_bind_int64(statement, 1, limit), ffi::SQLITE_OK);
                assert_eq!(ffi::sqlite3_step(statement), ffi::SQLITE_DONE);
                assert_eq!(ffi::sqlite3_reset(statement), ffi::SQLITE_OK);
            }
            let again = ffi::sqlite3_stmt_status(statement, ffi::SQLITE_STMTSTATUS_REPREPARE, 0);
            assert_eq!(again, 0, "times prepared anew");
            ffi::sqlite3_finalize(statement);
            ffi::sqlite3_close(connection);
        }
    }
}
