//! A room's latest changes, for those who were between two reads, and for those who were away for a moment.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use crate::base::metrics::METRICS;
use crate::chat::join_snapshot::EncodedPage;
use crate::realtime::fanout::Live;
use crate::wire::{EncodedMessage, MAX_PAGE_BYTES, MAX_PAGE_MESSAGES, Seq};

const MAX_FRAMES: usize = 256;
const MAX_BYTES: usize = 512 * 1024;

/// The latest changes, in the order of their numbers: at most [`MAX_FRAMES`] and [`MAX_BYTES`]; the oldest make room, and
/// what is asked for from before them is read from the database.
pub struct Recent {
    changes: VecDeque<Change>,
    bytes: usize,
    /// Everything handed out with a higher number is here.
    floor: Seq,
}

/// A change, as it goes to those who are in and as it goes into a page.
struct Change {
    live: Live,
    message: EncodedMessage,
}

impl Change {
    fn bytes(&self) -> usize {
        self.live.frame.len() + self.message.json_len()
    }
}

impl Recent {
    /// For a room that stands at `floor`.
    pub fn new(floor: Seq) -> Self {
        Self { changes: VecDeque::new(), bytes: 0, floor }
    }

    pub fn push(&mut self, live: Live, message: EncodedMessage) {
        let before = self.bytes;
        let change = Change { live, message };
        self.bytes += change.bytes();
        self.changes.push_back(change);
        while (self.changes.len() > MAX_FRAMES || self.bytes > MAX_BYTES)
            && let Some(oldest) = self.changes.pop_front()
        {
            self.bytes -= oldest.bytes();
            self.floor = oldest.live.seq;
        }
        METRICS.room_recent_bytes.increment(self.bytes as f64 - before as f64);
    }

    /// Forgets what a message said, since it was deleted: its deletion stands for it.
    pub fn forget(&mut self, id: Seq) {
        let before = self.bytes;
        self.changes.retain(|change| change.message.id != id);
        self.bytes = self.changes.iter().map(Change::bytes).sum();
        METRICS.room_recent_bytes.decrement((before - self.bytes) as f64);
    }

    /// Every change with a higher number is buffered, except the text of messages deleted since.
    pub fn floor(&self) -> Seq {
        self.floor
    }

    /// The frames above `after`; `None` where some of them are gone.
    pub fn above(&self, after: Seq) -> Option<Arc<[Live]>> {
        if after < self.floor {
            return None;
        }
        Some(self.changes.range(self.place_above(after)..).map(|change| change.live.clone()).collect())
    }

    /// The first page of what changed above `after`, each message once, in its latest state; `None` where some of it is gone.
    pub fn catch_up(&self, after: Seq) -> Option<EncodedPage> {
        if after < self.floor {
            return None;
        }
        let mut shown = HashSet::new();
        let latest_first = self.changes.range(self.place_above(after)..).rev().map(|change| &change.message);
        let mut messages: Vec<&EncodedMessage> = latest_first.filter(|message| shown.insert(message.id)).collect();
        messages.reverse();
        let total = messages.len();
        let mut bytes = 0;
        let fits = |(place, message): &(usize, &EncodedMessage)| {
            // One more for the comma.
            bytes += message.json_len() + 1;
            *place < MAX_PAGE_MESSAGES as usize && (bytes <= MAX_PAGE_BYTES || *place == 0)
        };
        let messages: Vec<_> =
            messages.into_iter().enumerate().take_while(fits).map(|(_, message)| message.clone()).collect();
        Some(EncodedPage { more: messages.len() < total, messages })
    }

    fn place_above(&self, after: Seq) -> usize {
        self.changes.partition_point(|change| change.live.seq <= after)
    }
}

impl Drop for Recent {
    fn drop(&mut self) {
        METRICS.room_recent_bytes.decrement(self.bytes as f64);
    }
}
