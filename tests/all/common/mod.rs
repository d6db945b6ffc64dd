//! What the tests stand on: a served binary, its databases, and people who talk to it.
//!
//! Each test has a server of its own, on its own port, data directory and database, so that all of them can run at
//! once and in any order. Nothing waits by sleeping for a guess: what is expected is awaited with a deadline, and
//! what must not come is proved by a later frame that had to come after it.

pub mod chat;
pub mod database;
pub mod haproxy;
pub mod http;
pub mod outage;
pub mod people;
pub mod postgres;
pub mod postgres_wire;
pub mod prepared;
pub mod process;
pub mod raw;
pub mod redis;
pub mod scale;
pub mod server;
pub mod socket;
pub mod wait;

pub use chat::Chat;
pub use database::Database;
pub(crate) use database::{on_both_databases, on_sqlite};
pub use haproxy::Haproxy;
pub use http::{Http, Reply};
pub use people::{PASSWORD, Person};
pub use raw::{Frame, Raw};
pub use scale::scale;
pub use server::{Options, Server};
pub use socket::{Socket, bodies, new_key, numbers, slug_of};
pub use wait::{PATIENCE, eventually};

pub use serde_json::{Value, json};
