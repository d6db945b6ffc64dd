//! The list of projections.

use std::collections::HashMap;

use diesel::QueryResult;

use crate::chat::batch::counts::MessageCounts;
use crate::chat::batch::mentions::Mentions;
use crate::chat::batch::projection::{Effect, MessageEvent, Projection};
use crate::chat::batch::reactions::Reactions;
use crate::chat::batch::targets::{MessageAt, Target};
use crate::db::connection::AnyConnection;
use crate::wire::{Message, RoomId, Seq};

/// All that there are. Their rows are written in this order.
#[derive(Default)]
pub struct Projections {
    pub mentions: Mentions,
    pub reactions: Reactions,
    counts: MessageCounts,
}

impl Projections {
    fn all(&mut self) -> [&mut dyn Projection; 3] {
        [&mut self.mentions, &mut self.reactions, &mut self.counts]
    }

    pub fn load(
        &mut self,
        connection: &mut AnyConnection,
        rooms: &[RoomId],
        ids: &[Seq],
        found: &mut HashMap<MessageAt, Target>,
    ) -> QueryResult<()> {
        self.all().into_iter().try_for_each(|each| each.load(connection, rooms, ids, found))
    }

    /// Gives what they add to the change.
    pub fn follow<'a>(&mut self, event: &MessageEvent<'_>, message: &'a mut Message) -> Effect<'a> {
        let mut effect = Effect { message, mentioned: Vec::new(), unmentioned: Vec::new() };
        self.all().into_iter().for_each(|each| each.follow(event, &mut effect));
        effect
    }

    pub fn store(&mut self, connection: &mut AnyConnection) -> QueryResult<()> {
        self.all().into_iter().try_for_each(|each| each.store(connection))
    }
}
