//! The two databases a claim about storage must hold on.

use super::postgres::TestDatabase;
use super::server::{Options, Server};
use std::future::Future;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    Sqlite,
    Postgres,
}

impl Database {
    /// A database of its own for one test, or none where the server makes its SQLite file by itself.
    pub fn create(self) -> Option<TestDatabase> {
        match self {
            Database::Sqlite => None,
            Database::Postgres => Some(TestDatabase::create()),
        }
    }
}

/// What a claim is handed: a server that runs, or options for one it starts by itself.
pub trait Given: Sized {
    fn given(database: Database) -> impl Future<Output = Self>;
}

impl Given for Server {
    async fn given(database: Database) -> Self {
        Server::start(Options::on(database)).await
    }
}

impl Given for Options {
    async fn given(database: Database) -> Self {
        Options::on(database)
    }
}

/// Hands a claim what it asks for, on one of the databases.
pub async fn holds<G: Given, F: Future<Output = ()>>(database: Database, claim: impl FnOnce(G) -> F) {
    claim(G::given(database).await).await;
}

/// Makes two tests of each claim, `claim::sqlite` and `claim::postgres`. A claim is an `async fn` that takes a
/// [`Server`] or [`Options`]; one that is not listed is dead code, and the compiler says so.
macro_rules! on_both_databases {
    ($($claim:ident),+ $(,)?) => {$(
        mod $claim {
            use $crate::common::database::{Database, holds};

            #[tokio::test]
            async fn sqlite() {
                holds(Database::Sqlite, super::$claim).await
            }

            #[tokio::test]
            async fn postgres() {
                holds(Database::Postgres, super::$claim).await
            }
        }
    )+};
}
pub(crate) use on_both_databases;

/// Makes a test of each claim, `claim::sqlite`, for claims that have nothing to do with how things are stored.
macro_rules! on_sqlite {
    ($($claim:ident),+ $(,)?) => {$(
        mod $claim {
            use $crate::common::database::{Database, holds};

            #[tokio::test]
            async fn sqlite() {
                holds(Database::Sqlite, super::$claim).await
            }
        }
    )+};
}
pub(crate) use on_sqlite;
