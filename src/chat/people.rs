//! How a person is read: every query that gives a [`User`] selects these columns, and Diesel makes the user of them.

use diesel::backend::Backend;
use diesel::deserialize::{FromStaticSqlRow, Queryable, Result};
use diesel::sql_types::{BigInt, Text};

use crate::db::schema::users;
use crate::wire::{User, UserId};

pub type Columns = (users::id, users::username, users::display_name);
pub const COLUMNS: Columns = (users::id, users::username, users::display_name);

/// The same columns for statements that are written as text, and their types.
pub const SQL: &str = "users.id, users.username, users.display_name";
pub type SqlTypes = (BigInt, Text, Text);

type Row = (UserId, String, String);

impl<DB: Backend> Queryable<SqlTypes, DB> for User
where
    Row: FromStaticSqlRow<SqlTypes, DB>,
{
    type Row = Row;

    fn build((id, username, display_name): Row) -> Result<Self> {
        Ok(Self { id, username, display_name })
    }
}
