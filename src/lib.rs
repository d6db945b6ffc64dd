//! klatch: a chat server made of actors.
//!
//! The modules, in the order in which they are best read; each may use those below it and none above:
//!
//! | module | what it is |
//! |---|---|
//! | [`server`] | listening sockets, workers, start and drain |
//! | [`web`] | pages, the JSON API, the WebSocket handshake |
//! | [`session`] | one actor for each socket |
//! | [`hub`] | the registry of rooms and sockets of this instance |
//! | [`room`] | one actor for each room in use: order, catch-up, presence |
//! | [`fanout`] | one actor for each worker thread: hands a room's frames to the sockets there |
//! | [`journal`] | group commit of everything that changes a room |
//! | [`broker`] | what instances tell each other |
//! | [`store`] | the database |
//! | [`presence`], [`activity`] | who is in a room, and what its members hear who are not in |
//! | [`limits`], [`arrivals`], [`passwords`], [`mailbox`] | how often, how many at once, hashing beside everything else, messages that must arrive |
//! | [`survive`], [`testing`] | what a panic may cost, and how tests cause one |
//! | [`render`], [`policy`], [`frame`], [`protocol`], [`config`], [`error`] | text, rights, the wire, options, failures |
//! | [`wording`], [`language`] | what people are told, and in which language |
//! | [`command`] | what the operator does beside a server |
//! | [`private_files`] | what nobody but its owner may read |
//! | [`metrics`] | numbers for operators |
//!
//! Invariants, each kept in the place named:
//! - no SQL outside [`store`]; no frame of a socket outside [`protocol`]; no decision about rights outside [`policy`];
//! - nothing is shown before it is committed: only [`journal`] hands changes to rooms;
//! - no order comes from a clock;
//! - no name of a metric outside [`metrics`];
//! - no lock is held across an `.await`, and nothing blocks a worker thread.

pub mod activity;
pub mod arrivals;
pub mod broker;
pub mod command;
pub mod config;
pub mod error;
pub mod fanout;
pub mod frame;
pub mod hub;
pub mod journal;
pub mod language;
pub mod limits;
pub mod mailbox;
pub mod metrics;
pub mod passwords;
pub mod policy;
pub mod presence;
pub mod private_files;
pub mod protocol;
pub mod render;
pub mod room;
pub mod server;
pub mod session;
pub mod store;
pub mod survive;
pub mod testing;
#[cfg(test)]
mod typescript;
pub mod web;
pub mod wording;
