//! What members' sockets that have not joined the room are told of it, at most once a second.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::fanout::Op;
use crate::frame;
use crate::protocol::{RoomId, Seq, ServerFrame, UserId};
use crate::store::append::Change;

const INTERVAL: Duration = Duration::from_secs(1);

/// What was sent since the members' other sockets were last told.
#[derive(Default)]
pub struct Activity {
    latest: Option<(Seq, i64)>,
    /// Whose read marks rose by sending: told after the count that holds their message, so that adding up comes out
    /// right.
    authors: HashMap<UserId, Sent>,
    told: Option<Instant>,
}

struct Sent {
    id: Seq,
    count: i64,
    /// How often the author was mentioned after that.
    mentions: i64,
}

impl Activity {
    pub fn note(&mut self, change: &Change) {
        for user in &change.mentioned {
            if let Some(sent) = self.authors.get_mut(user) {
                sent.mentions += 1;
            }
        }
        if change.is_new() {
            self.latest = Some((change.message.seq, change.count));
            let sent = Sent { id: change.message.id, count: change.count, mentions: 0 };
            self.authors.insert(change.message.author.id, sent);
        }
    }

    /// How long until something may be told; `None` where there is nothing.
    pub fn due_in(&self) -> Option<Duration> {
        self.latest?;
        Some(self.told.map_or(Duration::ZERO, |told| INTERVAL.saturating_sub(told.elapsed())))
    }

    /// What there is to tell.
    pub fn take(&mut self, room: RoomId, slug: &str) -> Option<impl Fn() -> Op + use<>> {
        let (seq, count) = self.latest.take()?;
        self.told = Some(Instant::now());
        let frame = frame::text(&ServerFrame::Activity { room: slug, seq, count }.to_json());
        let read = |(user, sent): (UserId, Sent)| {
            let unread = count - sent.count;
            let read = ServerFrame::Read { room: slug, seq: sent.id, unread, mentions: sent.mentions, count };
            (user, frame::text(&read.to_json()))
        };
        let reads: Arc<[(UserId, Bytes)]> = std::mem::take(&mut self.authors).into_iter().map(read).collect();
        Some(move || Op::Activity { room, frame: frame.clone(), reads: Arc::clone(&reads) })
    }
}
