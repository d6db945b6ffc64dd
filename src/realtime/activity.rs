//! What members' sockets that have not joined a room are told of it, at most once a second.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::chat::events::{ActivityDigest, Sent};
use crate::realtime::fanout::DeliveryOp;
use crate::wire::frame;
use crate::wire::{RoomId, ServerFrame, UserId};

const INTERVAL: Duration = Duration::from_secs(1);

/// The news of a room that wait to be told.
#[derive(Default)]
pub struct Activity {
    pub news: ActivityDigest,
    told: Option<Instant>,
}

impl Activity {
    /// How long until something may be told; `None` where there is nothing.
    pub fn due_in(&self) -> Option<Duration> {
        let due = self.told.map_or(Duration::ZERO, |told| INTERVAL.saturating_sub(told.elapsed()));
        (!self.news.is_empty()).then_some(due)
    }

    /// What there is to tell, if anything.
    pub fn take(&mut self) -> Option<ActivityDigest> {
        if self.news.is_empty() {
            return None;
        }
        self.told = Some(Instant::now());
        Some(std::mem::take(&mut self.news))
    }

    /// Whether nothing has been told for so long that forgetting it changes nothing.
    pub fn is_old(&self) -> bool {
        self.news.is_empty() && self.told.is_none_or(|told| told.elapsed() > INTERVAL)
    }
}

/// What a worker is to do about news of a room.
pub fn op_of(news: ActivityDigest, room: RoomId, slug: &str) -> impl Fn() -> DeliveryOp + use<> {
    let ActivityDigest { seq, count, authors } = news;
    let frame = frame::text(&ServerFrame::Activity { room: slug, seq, count }.to_json());
    let read = |(user, sent): (UserId, Sent)| {
        let unread = count - sent.count;
        let read = ServerFrame::Read {
            room: slug,
            seq: sent.id,
            unread,
            mentions: sent.mentions,
            count,
            at: None,
            back: false,
        };
        (user, frame::text(&read.to_json()))
    };
    let reads: Arc<[(UserId, Bytes)]> = authors.into_iter().map(read).collect();
    move || DeliveryOp::Activity { room, frame: frame.clone(), reads: Arc::clone(&reads) }
}
