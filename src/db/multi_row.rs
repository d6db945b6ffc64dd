//! Many rows for one statement, whose text does not depend on how many they are: each connection prepares it once.
//!
//! Postgres gets all rows at once, each column as an array: one round trip, whatever their number. For SQLite, where
//! nothing travels, the prepared statement runs for each row, which takes half the time of unpacking them from one value.
//! Diesel itself would prepare an UPDATE, and an INSERT of several rows, anew each time.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::marker::PhantomData;
use std::rc::Rc;

use chrono::NaiveDateTime;
use diesel::backend::Backend;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::query_dsl::methods::LoadQuery;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamp};
use diesel::sqlite::Sqlite;

use crate::db::connection::AnyConnection;

/// Rows that a statement finds in the table `given`.
///
/// In the text of a statement `{columns}` stands for the names of the columns, and `{given}` for the table. A text always goes
/// with the same columns.
pub struct Rows<'a> {
    count: usize,
    columns: Vec<(&'static str, Column<'a>)>,
}

/// The values of one column, one for each row.
pub enum Column<'a> {
    Numbers(Vec<i64>),
    OptionalNumbers(Vec<Option<i64>>),
    Texts(Vec<&'a str>),
    Times(Vec<NaiveDateTime>),
    OptionalTimes(Vec<Option<NaiveDateTime>>),
    Truths(Vec<bool>),
    /// One time for all rows, and as SQLite has it: it would be written out for each row.
    Moment(Vec<NaiveDateTime>, String),
}

thread_local! {
    /// Statements as they are run, by their texts and whether that is on Postgres.
    static COMPLETE: RefCell<HashMap<(&'static str, bool), Rc<str>>> = RefCell::default();
}

impl<'a> Rows<'a> {
    /// So many rows, of no columns yet.
    pub fn new(count: usize) -> Self {
        Self { count, columns: Vec::new() }
    }

    /// Adds a column, with a value for each row, in the order of the rows.
    pub fn with(mut self, name: &'static str, column: Column<'a>) -> Self {
        self.columns.push((name, column));
        self
    }

    /// Adds a column that has the same time for all rows.
    pub fn with_moment(self, name: &'static str, moment: NaiveDateTime) -> Self {
        let times = vec![moment; self.count];
        self.with(name, Column::Moment(times, moment.to_string()))
    }

    /// Runs a statement that gives nothing back; none where there are no rows.
    pub fn execute(&self, connection: &mut AnyConnection, text: &'static str) -> QueryResult<()> {
        if self.count == 0 {
            return Ok(());
        }
        let text = &self.complete(connection, text);
        let statement = |row| Statement { rows: self, text, row, kinds: PhantomData::<()> };
        match connection {
            AnyConnection::Postgres(postgres) => statement(0).execute(postgres).map(drop),
            AnyConnection::Sqlite(sqlite) => {
                (0..self.count).try_for_each(|row| statement(row).execute(sqlite).map(drop))
            }
        }
    }

    /// Runs a query whose columns are of the `Kinds`. It runs once for all rows on Postgres and once for each row on
    /// SQLite, so its result must be the union of the results for each row: it groups by the given key, if at all.
    pub fn load<Kinds, Row>(&self, connection: &mut AnyConnection, text: &'static str) -> QueryResult<Vec<Row>>
    where
        for<'s> Statement<'s, Kinds>: LoadQuery<'s, PgConnection, Row> + LoadQuery<'s, SqliteConnection, Row>,
    {
        let mut found = Vec::new();
        if self.count == 0 {
            return Ok(found);
        }
        let text = &self.complete(connection, text);
        let statement = |row| Statement { rows: self, text, row, kinds: PhantomData::<Kinds> };
        match connection {
            AnyConnection::Postgres(postgres) => found = statement(0).load(postgres)?,
            AnyConnection::Sqlite(sqlite) => {
                for row in 0..self.count {
                    found.extend(statement(row).load::<Row>(sqlite)?);
                }
            }
        }
        Ok(found)
    }

    fn complete(&self, connection: &AnyConnection, text: &'static str) -> Rc<str> {
        let on_postgres = matches!(connection, AnyConnection::Postgres(_));
        let complete = || {
            let names: Vec<&str> = self.columns.iter().map(|(name, _)| *name).collect();
            let given = if on_postgres {
                format!("unnest({}) AS given ({})", vec!["?"; names.len()].join(", "), names.join(", "))
            } else {
                format!("(SELECT ? AS {}) AS given", names.join(", ? AS "))
            };
            text.replace("{columns}", &names.join(", ")).replace("{given}", &given).into()
        };
        COMPLETE.with_borrow_mut(|known| Rc::clone(known.entry((text, on_postgres)).or_insert_with(complete)))
    }
}

/// The rows of a statement that names each thing once, in a fixed order.
pub fn distinct<T: Ord>(items: impl Iterator<Item = T>) -> Vec<T> {
    items.collect::<BTreeSet<T>>().into_iter().collect()
}

/// A statement for all rows on Postgres, or for one of them on SQLite.
pub struct Statement<'a, Kinds> {
    rows: &'a Rows<'a>,
    /// With a `?` for the value of each column.
    text: &'a str,
    /// Which one, on SQLite.
    row: usize,
    kinds: PhantomData<Kinds>,
}

impl<'a, Kinds> Statement<'a, Kinds> {
    fn write<'b, DB: Backend>(
        &'b self,
        mut out: AstPass<'_, 'b, DB>,
        value: impl Fn(&'b Column<'a>, &mut AstPass<'_, 'b, DB>) -> QueryResult<()>,
    ) -> QueryResult<()> {
        let mut columns = self.rows.columns.iter();
        for (index, part) in self.text.split('?').enumerate() {
            if index > 0
                && let Some((_, column)) = columns.next()
            {
                value(column, &mut out)?;
            }
            out.push_sql(part);
        }
        Ok(())
    }
}

impl<Kinds> QueryFragment<Pg> for Statement<'_, Kinds> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.write(out, |column, out| match column {
            Column::Numbers(values) => out.push_bind_param::<Array<BigInt>, _>(values),
            Column::OptionalNumbers(values) => out.push_bind_param::<Array<Nullable<BigInt>>, _>(values),
            Column::Texts(values) => out.push_bind_param::<Array<Text>, _>(values),
            Column::Times(values) | Column::Moment(values, _) => out.push_bind_param::<Array<Timestamp>, _>(values),
            Column::OptionalTimes(values) => out.push_bind_param::<Array<Nullable<Timestamp>>, _>(values),
            Column::Truths(values) => out.push_bind_param::<Array<Bool>, _>(values),
        })
    }
}

impl<Kinds> QueryFragment<Sqlite> for Statement<'_, Kinds> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        let row = self.row;
        self.write(out, |column, out| match column {
            Column::Numbers(values) => out.push_bind_param::<BigInt, _>(&values[row]),
            Column::OptionalNumbers(values) => out.push_bind_param::<Nullable<BigInt>, _>(&values[row]),
            Column::Texts(values) => out.push_bind_param::<Text, _>(&values[row]),
            Column::Times(values) => out.push_bind_param::<Timestamp, _>(&values[row]),
            Column::OptionalTimes(values) => out.push_bind_param::<Nullable<Timestamp>, _>(&values[row]),
            Column::Truths(values) => out.push_bind_param::<Bool, _>(&values[row]),
            Column::Moment(_, text) => out.push_bind_param::<Text, _>(text),
        })
    }
}

/// Kept by its text.
impl<Kinds> QueryId for Statement<'_, Kinds> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Kinds> Query for Statement<'_, Kinds> {
    type SqlType = Kinds;
}

impl<Kinds, Connection> RunQueryDsl<Connection> for Statement<'_, Kinds> {}
