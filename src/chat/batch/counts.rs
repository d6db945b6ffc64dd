//! How many messages a room had up to some of them, from which what is unread is counted: see [`crate::chat::read_state`].

use diesel::QueryResult;

use crate::chat::batch::projection::{Effect, MessageEvent, Projection, What};
use crate::chat::batch::targets::MessageAt;
use crate::db::connection::AnyConnection;
use crate::db::multi_row::Column::Numbers;
use crate::db::multi_row::Rows;

/// Messages from one that is noted to the next: what is counted one by one at most.
const EVERY: i64 = 128;

#[derive(Default)]
pub struct MessageCounts {
    new: Vec<(MessageAt, i64)>,
}

impl Projection for MessageCounts {
    fn follow(&mut self, event: &MessageEvent<'_>, effect: &mut Effect<'_>) {
        if matches!(event.what, What::Sent { .. }) && event.room.count % EVERY == 0 {
            self.new.push(((event.room.room.id, effect.message.id), event.room.count));
        }
    }

    fn store(&self, connection: &mut AnyConnection) -> QueryResult<()> {
        Rows::new(self.new.len())
            .with("room_id", Numbers(self.new.iter().map(|((room, _), _)| *room).collect()))
            .with("message_id", Numbers(self.new.iter().map(|((_, id), _)| *id).collect()))
            .with("count", Numbers(self.new.iter().map(|(_, count)| *count).collect()))
            .execute(connection, "INSERT INTO message_counts ({columns}) SELECT * FROM {given}")
    }
}
