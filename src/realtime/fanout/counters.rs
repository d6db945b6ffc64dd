//! What happens for each frame, added up on its thread and told in one go: a delivery must not pay for being counted.

use std::cell::Cell;

use crate::base::metrics::METRICS;

/// What has happened since it was told last.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    received: u64,
    sent: u64,
    delivered: u64,
    /// How much more bytes wait in outboxes, or less.
    waiting: i64,
}

thread_local! {
    static TALLY: Cell<Tally> = const { Cell::new(Tally { received: 0, sent: 0, delivered: 0, waiting: 0 }) };
}

fn change(change: impl FnOnce(&mut Tally)) {
    let mut tally = TALLY.get();
    change(&mut tally);
    TALLY.set(tally);
}

/// Bytes were read from a socket.
pub fn received(bytes: usize) {
    change(|tally| tally.received += bytes as u64);
}

/// Bytes were put into an outbox.
pub(crate) fn queued(bytes: usize) {
    change(|tally| tally.waiting += bytes as i64);
}

/// Bytes of an outbox were written or given up.
pub(crate) fn dequeued(bytes: usize) {
    change(|tally| tally.waiting -= bytes as i64);
}

/// Bytes were written to a socket.
pub(crate) fn sent(bytes: usize) {
    change(|tally| tally.sent += bytes as u64);
}

/// Live frames were handed to sockets.
pub(crate) fn delivered(frames: usize) {
    change(|tally| tally.delivered += frames as u64);
}

/// Tells the metrics. To be called at the end of each piece of work of this thread that may have changed something.
pub fn tell() {
    let Tally { received, sent, delivered, waiting } = TALLY.take();
    for (counter, more) in [
        (&METRICS.socket_received_bytes, received),
        (&METRICS.socket_sent_bytes, sent),
        (&METRICS.frames_delivered, delivered),
    ] {
        if more > 0 {
            counter.increment(more);
        }
    }
    if waiting != 0 {
        METRICS.outbox_waiting_bytes.increment(waiting as f64);
    }
}
