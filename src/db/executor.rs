//! DbExecutor: the sync actors that alone touch a database, each on a thread of its own.

use actix::prelude::*;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::base::panics::catch_panic;
use crate::db::connection::{AnyConnection, ConnectionPool};
use crate::db::error::StoreError;

/// Runs queries one after another on a pooled connection.
///
/// Its queue is bounded by the permits of [`crate::db::Store`]: what finds no permit is refused before it gets here.
pub struct DbExecutor {
    pub pool: ConnectionPool,
}

impl Actor for DbExecutor {
    type Context = SyncContext<Self>;
}

type Work = Box<dyn FnOnce(&ConnectionPool) + Send>;

/// A piece of work for a connection; it answers by itself.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Query {
    work: Work,
    /// Held until the work is done: what waits and what runs is counted together.
    _permit: OwnedSemaphorePermit,
}

impl Query {
    /// Work that answers by itself, or not at all if it panics.
    pub fn of(permit: OwnedSemaphorePermit, work: impl FnOnce(&ConnectionPool) + Send + 'static) -> Self {
        Self { work: Box::new(work), _permit: permit }
    }

    /// A query and where its answer will arrive. The channel closes without one if the work panics.
    pub fn new<T, E>(
        permit: OwnedSemaphorePermit,
        work: impl FnOnce(&mut AnyConnection) -> Result<T, E> + Send + 'static,
    ) -> (Self, oneshot::Receiver<Result<T, E>>)
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let work: Work = Box::new(move |pool| {
            // Whoever gave up while this waited has been told so: it must not be done behind their back.
            if answer.is_closed() {
                return;
            }
            let connection = pool.get().map_err(|error| StoreError::Connection(error.to_string()));
            let _ = answer.send(connection.map_err(E::from).and_then(|mut connection| work(&mut connection)));
        });
        (Self { work, _permit: permit }, answered)
    }
}

impl Handler<Query> for DbExecutor {
    type Result = ();

    fn handle(&mut self, query: Query, _: &mut SyncContext<Self>) {
        let work = query.work;
        // A panic must not take the thread with it. Its connection is not used again: the pool drops one that comes back
        // during a panic.
        catch_panic(|| work(&self.pool));
    }
}
