//! What members' sockets that have not joined a room are told of it, at most once a second.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::fanout::Op;
use crate::frame;
use crate::protocol::{RoomId, Seq, ServerFrame, UserId};
use crate::store::append::Change;

const INTERVAL: Duration = Duration::from_secs(1);

/// What was sent in a room since somebody was last told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct News {
    /// The number of the latest message, and how many were ever sent up to it; 0 where none was.
    pub seq: Seq,
    pub count: i64,
    /// Whose read marks rose by sending: told after the count that holds their message, so that adding up comes out
    /// right.
    pub authors: HashMap<UserId, Sent>,
}

/// Somebody's latest message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sent {
    pub id: Seq,
    pub count: i64,
    /// How often the author was mentioned after that.
    pub mentions: i64,
}

impl News {
    pub fn note(&mut self, change: &Change) {
        for user in &change.mentioned {
            if let Some(sent) = self.authors.get_mut(user) {
                sent.mentions += 1;
            }
        }
        if change.is_new() {
            (self.seq, self.count) = (change.message.seq, change.count);
            let sent = Sent { id: change.message.id, count: change.count, mentions: 0 };
            self.authors.insert(change.message.author.id, sent);
        }
    }

    /// Takes in what another instance tells of the same room, be it more or less than is known.
    pub fn merge(&mut self, other: Self) {
        if other.seq > self.seq {
            (self.seq, self.count) = (other.seq, other.count);
        }
        for (user, sent) in other.authors {
            match self.authors.get(&user) {
                Some(known) if known.id >= sent.id => {}
                _ => drop(self.authors.insert(user, sent)),
            }
        }
    }

    pub fn is_empty(&self) -> bool {
        self.seq == 0
    }

    /// What a worker is to do about it.
    pub fn into_op(self, room: RoomId, slug: &str) -> impl Fn() -> Op + use<> {
        let Self { seq, count, authors } = self;
        let frame = frame::text(&ServerFrame::Activity { room: slug, seq, count }.to_json());
        let read = |(user, sent): (UserId, Sent)| {
            let unread = count - sent.count;
            let read =
                ServerFrame::Read { room: slug, seq: sent.id, unread, mentions: sent.mentions, count, back: false };
            (user, frame::text(&read.to_json()))
        };
        let reads: Arc<[(UserId, Bytes)]> = authors.into_iter().map(read).collect();
        move || Op::Activity { room, frame: frame.clone(), reads: Arc::clone(&reads) }
    }
}

/// The news of a room that wait to be told.
#[derive(Default)]
pub struct Activity {
    pub news: News,
    told: Option<Instant>,
}

impl Activity {
    /// How long until something may be told; `None` where there is nothing.
    pub fn due_in(&self) -> Option<Duration> {
        let due = self.told.map_or(Duration::ZERO, |told| INTERVAL.saturating_sub(told.elapsed()));
        (!self.news.is_empty()).then_some(due)
    }

    /// What there is to tell, if anything.
    pub fn take(&mut self) -> Option<News> {
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
