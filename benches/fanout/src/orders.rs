//! What the driver asks of a load process, and what that answers: one line of JSON each.

use serde::{Deserialize, Serialize};

use crate::dialect::Dialect;

#[derive(Debug, Serialize, Deserialize)]
pub enum Order {
    /// The first: whom to load.
    Meet(Server),
    /// So many more sockets in a room, of these users in turn. Answered when all have joined.
    Open { room: String, cookies: Vec<String>, seats: usize },
    /// So many messages in flight, in these rooms in turn, each followed by the next as soon as everybody has it.
    Saturate { rooms: Vec<String>, in_flight: usize, seconds: f64 },
    /// So many messages a second, the rooms in turn, whether or not those before have arrived.
    Pace { rooms: Vec<String>, rate: f64, seconds: f64 },
    /// Closes every socket at once. Answered at once.
    Cut,
    /// Brings all of them back, each behind what it had. Answered when all have joined.
    Return,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Server {
    pub address: String,
    pub dialect: Dialect,
    /// Length of the payload that is to be delivered, where the load decides it.
    pub bytes: usize,
    /// The processes whose CPU time counts.
    pub pids: Vec<u32>,
}

/// What happened between two moments.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Heard {
    pub seconds: f64,
    /// Messages that everybody had; of those who came back, messages they were shown.
    pub messages: u64,
    /// Frames that showed a message, and their bytes, headers included.
    pub deliveries: u64,
    pub bytes: u64,
    /// Seconds of CPU, user and system: of the server, and of the load process.
    pub server_cpu: f64,
    pub load_cpu: f64,
    /// Deliveries that did not come, of all that were sent until the end.
    pub missing: u64,
    /// Milliseconds from the moment a message was to be sent until one had it: of all deliveries.
    pub p50: f64,
    pub p99: f64,
    pub worst: f64,
    /// Of those who came back: those who were put off at first, and those who had to start anew.
    pub put_off: u64,
    pub reset: u64,
}
