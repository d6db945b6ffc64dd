//! How much of something those tests do that repeat it, or wait for a time that the program takes.
//!
//! The claims are the same in every run. `scripts/test --long`, which sets `KLATCH_TEST_LONG`, makes them at the full size
//! and with the times that users have.

use std::time::Duration;

/// All the sizes that differ.
#[derive(Debug)]
pub struct Scale {
    /// By which the program's own waiting times are divided where a claim is about one of them.
    pub haste: u32,
    /// Times that a server under load is killed with -9.
    pub kills: usize,
    /// Times that a server under load is told to end.
    pub drains: usize,
    /// Sockets that come back at once.
    pub returning_sockets: usize,
    /// Connections on which a request is begun and never finished.
    pub unfinished_requests: usize,
    /// Logins at once.
    pub logins: usize,
    /// Seconds in which parts of a chat with three instances fail.
    pub chaos_secs: u64,
    /// Requests that schemathesis makes for each call and check.
    pub api_examples: usize,
    /// Times that 13 MB pass slow readers.
    pub slow_rounds: usize,
    /// Seconds in which a Redis does not answer.
    pub frozen_secs: u64,
}

const USUAL: Scale = Scale {
    haste: 3,
    kills: 6,
    drains: 3,
    returning_sockets: 2_000,
    unfinished_requests: 2_000,
    logins: 600,
    chaos_secs: 12,
    api_examples: 8,
    slow_rounds: 3,
    frozen_secs: 8,
};

const LONG: Scale = Scale {
    haste: 1,
    kills: 20,
    drains: 6,
    returning_sockets: 10_000,
    unfinished_requests: 10_000,
    logins: 2_000,
    chaos_secs: 35,
    api_examples: 25,
    slow_rounds: 8,
    frozen_secs: 30,
};

/// The sizes of this run.
pub fn scale() -> &'static Scale {
    if std::env::var_os("KLATCH_TEST_LONG").is_some() { &LONG } else { &USUAL }
}

/// How long the program waits where it is in as much haste as the scale says; `time` is what it waits otherwise.
pub fn hastened(time: Duration) -> Duration {
    time / scale().haste
}
