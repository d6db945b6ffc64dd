//! A room's latest frames, for those who were between two reads.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::fanout::Live;
use crate::metrics::METRICS;
use crate::protocol::Seq;

const MAX_FRAMES: usize = 256;
const MAX_BYTES: usize = 512 * 1024;

/// The frames of the latest changes, in the order of their numbers: at most [`MAX_FRAMES`] and [`MAX_BYTES`]; the oldest
/// make room, and what is asked for from before them is read from the database.
pub struct Recent {
    frames: VecDeque<Live>,
    bytes: usize,
    /// Everything handed out with a higher number is here.
    floor: Seq,
}

impl Recent {
    /// For a room that stands at `floor`.
    pub fn new(floor: Seq) -> Self {
        Self { frames: VecDeque::new(), bytes: 0, floor }
    }

    pub fn push(&mut self, live: Live) {
        let before = self.bytes;
        self.bytes += live.frame.len();
        self.frames.push_back(live);
        while (self.frames.len() > MAX_FRAMES || self.bytes > MAX_BYTES)
            && let Some(oldest) = self.frames.pop_front()
        {
            self.bytes -= oldest.frame.len();
            self.floor = oldest.seq;
        }
        METRICS.room_recent_bytes.increment(self.bytes as f64 - before as f64);
    }

    /// The frames above `after`; `None` where some of them are gone.
    pub fn above(&self, after: Seq) -> Option<Arc<[Live]>> {
        if after < self.floor {
            return None;
        }
        let from = self.frames.partition_point(|live| live.seq <= after);
        Some(self.frames.range(from..).cloned().collect())
    }
}

impl Drop for Recent {
    fn drop(&mut self) {
        METRICS.room_recent_bytes.decrement(self.bytes as f64);
    }
}
