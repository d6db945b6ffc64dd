//! What is noted of the whole database, by name.

use diesel::prelude::*;
use diesel::upsert::excluded;

use crate::db::connection::{AnyConnection, on_backend};
use crate::db::schema::meta;

/// Where the server that runs on it is reached, or ran last.
pub const PUBLIC_ORIGIN: &str = "public_origin";
/// The fingerprint of the secret that its instances have: see `base/secret.rs`.
pub const SECRET: &str = "secret";

/// When a backup was last made, by whomever, and when by a server itself: in seconds since 1970.
pub const LAST_BACKUP: &str = "last_backup";
pub const LAST_SCHEDULED_BACKUP: &str = "last_scheduled_backup";

/// Notes the fingerprint of the secret of whoever is alone on it.
pub fn note_secret(connection: &mut AnyConnection, fingerprint: &str) -> QueryResult<()> {
    if get(connection, SECRET)?.is_some_and(|noted| noted != fingerprint) {
        let what = "the secret is another than before, so everybody has to sign in again; to undo that, end this and put the old one back";
        tracing::warn!("{what}");
    }
    set(connection, SECRET, fingerprint)
}

pub fn get(connection: &mut AnyConnection, name: &str) -> QueryResult<Option<String>> {
    meta::table.find(name).select(meta::value).first(connection).optional()
}

/// Sets it, or takes it away.
pub fn put(connection: &mut AnyConnection, name: &str, value: Option<&str>) -> QueryResult<()> {
    match value {
        Some(value) => set(connection, name, value),
        None => diesel::delete(meta::table.find(name)).execute(connection).map(drop),
    }
}

/// Sets what has not been set, and gives what stands there then.
pub fn set_once(connection: &mut AnyConnection, name: &str, value: &str) -> QueryResult<String> {
    let row = (meta::name.eq(name), meta::value.eq(value));
    on_backend!(connection, |c| diesel::insert_into(meta::table).values(row).on_conflict_do_nothing().execute(c))?;
    meta::table.find(name).select(meta::value).first(connection)
}

pub fn set(connection: &mut AnyConnection, name: &str, value: &str) -> QueryResult<()> {
    let row = (meta::name.eq(name), meta::value.eq(value));
    on_backend!(connection, |c| diesel::insert_into(meta::table)
        .values(row)
        .on_conflict(meta::name)
        .do_update()
        .set(meta::value.eq(excluded(meta::value)))
        .execute(c))
    .map(drop)
}
