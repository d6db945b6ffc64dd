//! klatch: a chat server made of actors.
//!
//! The layers, from the ground up. Each uses those above it in this list and never one below;
//! `tests/all/layers.rs` fails on an import that runs the other way, and on a circle between files.
//!
//! | layer | what it holds | what it knows nothing of |
//! |---|---|---|
//! | [`base`] | options, metrics, failpoints, panics, admission, private files | chat |
//! | [`wire`] | WebSocket frames, the protocol's types, error codes, texts and languages | I/O, HTTP, SQL |
//! | [`policy`] | who may do what, as one pure function | I/O |
//! | [`render`] | Markdown to sanitised HTML, mentions, highlighting | I/O |
//! | [`db`] | connections, executors, transactions, batch loader, migrations, instance lock | what a room is |
//! | [`chat`] | what is kept of a chat: accounts, rooms, members, messages, read state, sanctions, audit; the journal and its batch | HTTP, sockets |
//! | [`realtime`] | the actors: WebSocket session, hub, room, fan-out, presence, broker | HTTP, features |
//! | [`app`] | what a request needs: context, extractors, rates, templates, assets, error to HTTP | any one feature |
//! | [`features`] | one folder for each capability: use cases, SQL, JSON routes, pages, commands | each other's SQL |
//! | [`server`] | router, listener, connections, the hand-over of sockets | |
//! | [`cli`] | the command line | |
//!
//! Invariants, each kept in the place named:
//! - no SQL outside [`db`], [`chat`] and the features' own queries; no decision about rights outside [`policy`];
//! - nothing is shown before it is committed: only [`chat::journal`] hands changes to rooms;
//! - no order comes from a clock;
//! - no name of a metric outside [`base::metrics`];
//! - no lock is held across an `.await`, and nothing blocks a worker thread.

pub mod app;
pub mod base;
pub mod chat;
pub mod cli;
pub mod db;
pub mod features;
pub mod policy;
pub mod realtime;
pub mod render;
pub mod server;
#[cfg(test)]
mod typescript;
pub mod wire;
