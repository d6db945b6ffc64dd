//! What must be in a database of this version: as in one that has just been made.

use std::collections::BTreeSet;

use diesel::connection::DefaultLoadingMode;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::base::start_error::StartError;
use crate::db::connection::AnyConnection;
use crate::db::explained::{advised, explained};
use crate::db::migrations;

/// Damages that are told of.
const MOST: usize = 5;

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    name: String,
}

/// Tables, indexes, triggers and rows of `meta` that are missing, and migrations that only a newer version knows.
///
/// # Errors
/// The database can't be read.
pub fn differences(connection: &mut AnyConnection) -> Result<Vec<String>, StartError> {
    let mut new = migrations::new_in_memory()?;
    let wanted = names(&mut new, OBJECTS_ON_SQLITE)?;
    let present = match connection {
        AnyConnection::Postgres(_) => names(connection, OBJECTS_ON_POSTGRES)?,
        AnyConnection::Sqlite(_) => names(connection, OBJECTS_ON_SQLITE)?,
    };
    let mut found: Vec<String> = wanted.difference(&present).map(|name| format!("{name} is missing")).collect();
    if present.contains("meta") {
        let (wanted, present) = (names(&mut new, NOTES)?, names(connection, NOTES)?);
        found.extend(wanted.difference(&present).map(|name| format!("{name} is missing in meta")));
    }
    let (known, run) = (names(&mut new, MIGRATIONS)?, names(connection, MIGRATIONS)?);
    found.extend(run.difference(&known).map(|name| format!("migration {name} is of a newer version")));
    Ok(found)
}

/// That the tables of a Postgres database that are called as klatch's are klatch's: those of another program must be neither
/// used nor replaced. Other tables may stand beside them. SQLite's files are marked: see `db/sqlite.rs`.
///
/// # Errors
/// They are another program's, or the database can't be read.
pub fn refuse_anothers(connection: &mut AnyConnection) -> Result<(), StartError> {
    if !matches!(connection, AnyConnection::Postgres(_)) {
        return Ok(());
    }
    let present = names(connection, TABLES_ON_POSTGRES)?;
    if present.is_empty() || (present.contains("meta") && present.contains(RUN)) {
        return Ok(());
    }
    let ours = names(&mut migrations::new_in_memory()?, TABLES_ON_SQLITE)?;
    let taken: Vec<&str> = present.intersection(&ours).map(String::as_str).filter(|name| *name != RUN).collect();
    if taken.is_empty() {
        return Ok(());
    }
    let why = format!("another program has its tables there ({}): name an empty database", taken.join(", "));
    Err(StartError::option("database-url", explained(why)))
}

/// Which migrations have been run. Of a first start that was killed it may be all that there is.
const RUN: &str = "__diesel_schema_migrations";
const TABLES_ON_SQLITE: &str =
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
const TABLES_ON_POSTGRES: &str = "SELECT relname::text AS name FROM pg_class \
    WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')";
const OBJECTS_ON_SQLITE: &str = "SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
/// Of the same names, since both databases are made by migrations that agree.
const OBJECTS_ON_POSTGRES: &str = "SELECT relname::text AS name FROM pg_class \
    WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'i') \
    UNION SELECT tgname::text FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid \
    WHERE relnamespace = current_schema()::regnamespace";
const NOTES: &str = "SELECT name FROM meta";
const MIGRATIONS: &str = "SELECT version AS name FROM __diesel_schema_migrations";

fn names(connection: &mut AnyConnection, query: &str) -> Result<BTreeSet<String>, StartError> {
    let rows: Vec<Named> = diesel::sql_query(query)
        .load(connection)
        .map_err(|error| StartError(format!("can't be read: {}", advised(error))))?;
    Ok(rows.into_iter().map(|row| row.name).collect())
}

/// What SQLite finds wrong in its file; with `deep`, whether each index has what its table has. Postgres sees to its own.
pub fn damage(connection: &mut AnyConnection, deep: bool) -> QueryResult<Vec<String>> {
    let AnyConnection::Sqlite(sqlite) = connection else { return Ok(Vec::new()) };
    let check = if deep { "integrity_check" } else { "quick_check" };
    let query = format!("SELECT {check} AS name FROM pragma_{check}");
    let mut found = Vec::new();
    // It may fail behind what it has found: that counts.
    for row in diesel::sql_query(query).load_iter::<Named, DefaultLoadingMode>(sqlite)? {
        match row {
            Ok(Named { name }) if name == "ok" => {}
            Ok(Named { name }) => found.extend(name.lines().filter(|line| !line.starts_with("***")).map(str::to_owned)),
            Err(error) if found.is_empty() => return Err(error),
            Err(_) => break,
        }
        if found.len() >= MOST {
            break;
        }
    }
    Ok(found.iter().take(MOST).map(|line| of_table(sqlite, line)).collect())
}

/// What SQLite says of a page (`Tree 12 page 40: …`), with the name of the table or index that it belongs to.
fn of_table(sqlite: &mut SqliteConnection, line: &str) -> String {
    let root = line.strip_prefix("Tree ").and_then(|rest| rest.split(' ').next()?.parse::<i64>().ok());
    let Some(root) = root else { return line.to_owned() };
    let names = diesel::sql_query("SELECT name FROM sqlite_schema WHERE rootpage = ?").bind::<BigInt, _>(root);
    match names.get_result::<Named>(sqlite) {
        Ok(Named { name }) => format!("{name} ({line})"),
        Err(_) => line.to_owned(),
    }
}
