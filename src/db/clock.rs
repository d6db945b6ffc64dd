//! The database's clock, by which all instances agree.

use chrono::{NaiveDateTime, Utc};
use diesel::QueryResult;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Timestamp;

use crate::db::connection::AnyConnection;

/// Now, in UTC. SQLite has no clock of its own: there it is this machine's.
pub fn now(connection: &mut AnyConnection) -> QueryResult<NaiveDateTime> {
    match connection {
        AnyConnection::Sqlite(_) => Ok(Utc::now().naive_utc()),
        AnyConnection::Postgres(postgres) => {
            diesel::select(sql::<Timestamp>("clock_timestamp() AT TIME ZONE 'UTC'")).get_result(postgres)
        }
    }
}
