//! How a person is read: every query that gives a [`User`] selects these columns, and Diesel makes the user of them.

use chrono::Utc;
use diesel::backend::Backend;
use diesel::deserialize::{FromStaticSqlRow, Queryable, Result};
use diesel::sql_types::{BigInt, Nullable, Text};

use crate::db::schema::users;
use crate::wire::{Extras, User, UserId};

pub type Columns = (users::id, users::username, users::display_name, users::extras);
pub const COLUMNS: Columns = (users::id, users::username, users::display_name, users::extras);

/// The same columns for statements that are written as text, and their types.
pub const SQL: &str = "users.id, users.username, users.display_name, users.extras";
pub type SqlTypes = (BigInt, Text, Text, Nullable<Text>);

type Row = (UserId, String, String, Option<String>);

impl<DB: Backend> Queryable<SqlTypes, DB> for User
where
    Row: FromStaticSqlRow<SqlTypes, DB>,
{
    type Row = Row;

    fn build((id, username, display_name, extras): Row) -> Result<Self> {
        let extras = match extras {
            Some(extras) => Extras::current(serde_json::from_str(&extras)?, Utc::now()),
            None => Extras::default(),
        };
        Ok(Self { id, username, display_name, extras })
    }
}
