//! How SQLite is set up for the whole process, what no PRAGMA can say, and which of its files are klatch's.

use std::ffi::{c_char, c_int};
use std::fs::File;
use std::io::{self, Read};
use std::ptr;
use std::sync::Once;

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer};
use libsqlite3_sys as ffi;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::base::start_error::StartError;
use crate::db::explained::unusable;

/// Stands in the header of klatch's files: "klch" in ASCII.
const APPLICATION: i32 = 0x6b6c_6368;

/// What is written otherwise of a path in SQLite's URIs.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_');

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

/// Marks a database as klatch's.
pub(crate) fn sign(connection: &mut SqliteConnection) -> QueryResult<()> {
    let signed = diesel::select(sql::<Integer>("(SELECT application_id FROM pragma_application_id)"));
    match signed.get_result::<i32>(connection)? {
        APPLICATION => Ok(()),
        _ => connection.batch_execute(&format!("PRAGMA application_id = {APPLICATION}")),
    }
}

/// That a file, where there is one, is no other program's. Nothing of it is changed.
///
/// # Errors
/// It is, or it can't be read.
pub(crate) fn refuse_foreign(path: &str) -> Result<(), StartError> {
    match is_foreign(path).map_err(unusable)? {
        true => Err(foreign(path)),
        false => Ok(()),
    }
}

pub(crate) fn foreign(path: &str) -> StartError {
    StartError::option("database-url", format!("{path} is another program's database"))
}

/// Whether it is another program's. Earlier versions of klatch did not mark theirs: these are known by their tables. One that was
/// killed at its first start has made the first of them at most.
pub(crate) fn is_foreign(path: &str) -> Result<bool, Box<dyn std::error::Error>> {
    if std::fs::metadata(path).map_or(true, |file| !file.is_file() || file.len() == 0) {
        return Ok(false);
    }
    match application_of(path).ok().flatten() {
        Some(APPLICATION) => return Ok(false),
        Some(0) => {}
        Some(_) => return Ok(true),
        // SQLite tells why it can't be read.
        None => return has_others_tables(path),
    }
    // Where a WAL was left beside it, SQLite would write that into the file and remove it. What the file has without it is looked
    // at first.
    let encoded = utf8_percent_encode(path, PATH);
    Ok(matches!(has_others_tables(&format!("file:{encoded}?immutable=1")), Ok(true)) || has_others_tables(path)?)
}

/// What stands in the file's header, of which program it is; `None` where it has none.
fn application_of(path: &str) -> io::Result<Option<i32>> {
    let mut header = Vec::new();
    File::open(path)?.take(72).read_to_end(&mut header)?;
    let application = header.strip_prefix(b"SQLite format 3\0").and_then(|rest| rest.last_chunk());
    Ok(application.filter(|_| header.len() == 72).map(|bytes| i32::from_be_bytes(*bytes)))
}

fn has_others_tables(path: &str) -> Result<bool, Box<dyn std::error::Error>> {
    let mut connection = SqliteConnection::establish(path)?;
    connection.batch_execute("PRAGMA busy_timeout = 4000")?;
    let found = sql::<(Integer, BigInt, BigInt)>(
        "(SELECT application_id FROM pragma_application_id), \
         (SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'), \
         (SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('__diesel_schema_migrations', 'meta'))",
    );
    let (application, tables, known) = diesel::select(found).get_result::<(i32, i64, i64)>(&mut connection)?;
    Ok(match application {
        APPLICATION => false,
        0 => known < 2 && tables > known,
        _ => true,
    })
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
