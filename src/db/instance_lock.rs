//! An advisory lock that keeps a stand-alone instance from sharing its Postgres database: instances that are connected by
//! Redis hold it together, an instance without Redis alone.

use std::thread;
use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::base::start_error::StartError;
use crate::db::connection::AnyConnection;
use crate::db::explained::unusable;
use crate::db::meta;
use crate::db::open::establish;

/// Held alone by an instance that is alone, shared by those among others. ("klatch" in ASCII, and a 2.)
const LOCK: i64 = 0x6b_6c61_7463_6802;
/// Held while an instance makes a backup. ("klatch" in ASCII, and a 3.)
const BACKUP_LOCK: i64 = 0x6b_6c61_7463_6803;
/// How long a new instance waits for a dead one's lock to be let go.
const PATIENCE: Duration = Duration::from_secs(4);
const RETRY: Duration = Duration::from_millis(100);
const CHECK: Duration = Duration::from_secs(5);

/// Whether an instance shares its database with others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstanceLock {
    Exclusive,
    Shared,
}

/// What came of the wish to be among those who serve a database.
enum Entrance {
    Taken,
    /// By others, with whom this instance can't be.
    Occupied,
    /// Others have another secret.
    OtherSecret,
}

impl InstanceLock {
    /// Takes the lock, and keeps it on a connection of its own for as long as the process lives. Whoever is alone notes the
    /// fingerprint of its secret; whoever comes to others must have theirs.
    pub(crate) fn acquire(self, address: &str, secret: &str) -> Result<(), StartError> {
        let began = Instant::now();
        let mut connection = loop {
            let mut connection = establish(address)?;
            let taken = self.try_enter(&mut connection, secret);
            match taken.map_err(unusable)? {
                Entrance::Taken => break connection,
                _ if began.elapsed() < PATIENCE => thread::sleep(RETRY),
                Entrance::Occupied => return Err(StartError::option("database-url", self.refusal())),
                Entrance::OtherSecret => {
                    let why = "another one than that of the instances that run on this database: they would not know each \
                               other's sessions";
                    return Err(StartError::option("secret", why));
                }
            }
        };
        let (address, secret) = (address.to_owned(), secret.to_owned());
        thread::Builder::new()
            .name("klatch-company".into())
            .spawn(move || {
                loop {
                    thread::sleep(CHECK);
                    if let Some(again) = self.check(&mut connection, &address, &secret) {
                        connection = again;
                    }
                }
            })
            .map(drop)
            .map_err(|error| StartError(format!("can't start a thread: {error}")))
    }

    fn try_enter(self, connection: &mut AnyConnection, secret: &str) -> QueryResult<Entrance> {
        let is_alone = Self::Exclusive.try_lock(connection)?;
        if !is_alone && (self == Self::Exclusive || !self.try_lock(connection)?) {
            return Ok(Entrance::Occupied);
        }
        // With either lock nobody else is alone, so what is noted stays.
        let noted = meta::get(connection, meta::SECRET)?;
        match noted {
            Some(noted) if noted == secret => {}
            Some(_) if !is_alone => return Ok(Entrance::OtherSecret),
            // Others of an older version may be there, which note none: the first one's is everybody's.
            None if !is_alone => {
                if meta::set_once(connection, meta::SECRET, secret)? != secret {
                    return Ok(Entrance::OtherSecret);
                }
            }
            _ => meta::note_secret(connection, secret)?,
        }
        if is_alone && self == Self::Shared {
            if !self.try_lock(connection)? {
                return Ok(Entrance::Occupied);
            }
            Self::unlock_exclusive(connection)?;
        }
        Ok(Entrance::Taken)
    }

    fn unlock_exclusive(connection: &mut AnyConnection) -> QueryResult<()> {
        diesel::define_sql_function! { fn pg_advisory_unlock(key: BigInt) -> Bool; }
        match connection {
            AnyConnection::Postgres(postgres) => {
                diesel::select(pg_advisory_unlock(LOCK)).get_result::<bool>(postgres).map(drop)
            }
            AnyConnection::Sqlite(_) => Ok(()),
        }
    }

    fn refusal(self) -> &'static str {
        match self {
            Self::Exclusive => "another klatch is running on this database; several instances need --redis-url",
            Self::Shared => "another klatch is running on this database without --redis-url",
        }
    }

    /// Checks that the lock is still held; after Postgres was away, takes it on a new connection. When somebody else has
    /// it by then, and goes on having it, this instance must go.
    fn check(self, connection: &mut AnyConnection, address: &str, secret: &str) -> Option<AnyConnection> {
        if diesel::sql_query("SELECT 1").execute(connection).is_ok() {
            return None;
        }
        let began = Instant::now();
        loop {
            let mut again = establish(address).ok()?;
            match self.try_enter(&mut again, secret) {
                Ok(Entrance::Taken) => return Some(again),
                // Another one that comes back at this moment has it for an instant.
                Ok(_) if began.elapsed() < PATIENCE => thread::sleep(RETRY),
                Ok(_) => {
                    tracing::error!("another klatch has taken this database over; this one ends");
                    // SAFETY: raise only sends this process the signal that asks it to drain.
                    unsafe { libc::raise(libc::SIGTERM) };
                    return None;
                }
                Err(error) => {
                    tracing::warn!(%error, "the lock on the database can't be checked");
                    return None;
                }
            }
        }
    }

    /// SQLite has a lock of its own, on a file.
    pub(crate) fn try_lock(self, connection: &mut AnyConnection) -> QueryResult<bool> {
        diesel::define_sql_function! { fn pg_try_advisory_lock_shared(key: BigInt) -> Bool; }
        match (connection, self) {
            (AnyConnection::Postgres(postgres), Self::Exclusive) => {
                diesel::select(pg_try_advisory_lock(LOCK)).get_result(postgres)
            }
            (AnyConnection::Postgres(postgres), Self::Shared) => {
                diesel::select(pg_try_advisory_lock_shared(LOCK)).get_result(postgres)
            }
            (AnyConnection::Sqlite(_), _) => Ok(true),
        }
    }
}

diesel::define_sql_function! { fn pg_try_advisory_lock(key: BigInt) -> Bool; }

/// Takes the turn to make a backup, for as long as the connection lives: one instance at a time. On SQLite there is one only.
pub(crate) fn try_backup_turn(connection: &mut AnyConnection) -> QueryResult<bool> {
    match connection {
        AnyConnection::Postgres(postgres) => diesel::select(pg_try_advisory_lock(BACKUP_LOCK)).get_result(postgres),
        AnyConnection::Sqlite(_) => Ok(true),
    }
}
