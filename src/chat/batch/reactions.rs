//! The emoji that people give to messages.

use std::collections::{BTreeSet, HashMap, HashSet};

use diesel::QueryResult;

use crate::chat::batch::projection::{Effect, MessageEvent, Projection, What};
use crate::chat::batch::rows::delete_of;
use crate::chat::batch::targets::{MessageAt, Target};
use crate::chat::messages::{Given, reactions_to, summary};
use crate::db::connection::AnyConnection;
use crate::db::multi_row::Column::{Numbers, Texts};
use crate::db::multi_row::Rows;
use crate::wire::refusal::Refusal;
use crate::wire::{MAX_EMOJI, Reaction, RoomId, Seq, User};

#[derive(Default)]
pub struct Reactions {
    /// In the order in which they were given.
    given: HashMap<MessageAt, Vec<Given>>,
    /// The messages whose reactions are written anew.
    changed: BTreeSet<MessageAt>,
}

impl Reactions {
    /// Gives somebody's emoji to a message, or takes it back. What the message shows then; `None` where it was so before.
    ///
    /// # Errors
    /// `invalid`: there are too many different ones on it.
    pub fn set(&mut self, at: MessageAt, by: &User, emoji: &str, on: bool) -> Result<Option<Vec<Reaction>>, Refusal> {
        let given = self.given.entry(at).or_default();
        let index = given.iter().position(|given| given.user == by.id && given.emoji == emoji);
        match index {
            Some(index) if !on => drop(given.remove(index)),
            None if on => {
                let kinds: HashSet<&str> = given.iter().map(|given| given.emoji.as_str()).collect();
                if kinds.len() >= MAX_EMOJI && !kinds.contains(emoji) {
                    let refusal = Refusal::invalid("emoji: at most {most} different ones on a message");
                    return Err(refusal.with("most", MAX_EMOJI));
                }
                given.push(Given { emoji: emoji.to_owned(), user: by.id, username: by.username.clone() });
            }
            _ => return Ok(None),
        }
        self.changed.insert(at);
        Ok(Some(summary(given)))
    }
}

impl Projection for Reactions {
    fn load(
        &mut self,
        connection: &mut AnyConnection,
        rooms: &[RoomId],
        ids: &[Seq],
        found: &mut HashMap<MessageAt, Target>,
    ) -> QueryResult<()> {
        for (at, given) in reactions_to(connection, rooms, ids)? {
            if let Some(target) = found.get_mut(&at) {
                target.message.reactions = summary(&given);
            }
            self.given.insert(at, given);
        }
        Ok(())
    }

    fn follow(&mut self, event: &MessageEvent<'_>, effect: &mut Effect<'_>) {
        if matches!(event.what, What::Deleted) {
            let at = (event.room.room.id, effect.message.id);
            effect.message.reactions.clear();
            self.given.remove(&at);
            self.changed.insert(at);
        }
    }

    fn store(&self, connection: &mut AnyConnection) -> QueryResult<()> {
        let text = "DELETE FROM reactions WHERE (room_id, message_id) IN (SELECT room_id, message_id FROM {given})";
        delete_of(connection, self.changed.iter(), text)?;
        let of = |at: &MessageAt| self.given.get(at).map(Vec::as_slice).unwrap_or_default();
        let rows: Vec<(MessageAt, i64, &Given)> = self
            .changed
            .iter()
            .flat_map(|at| (0..).zip(of(at)).map(|(position, given)| (*at, position, given)))
            .collect();
        Rows::new(rows.len())
            .with("room_id", Numbers(rows.iter().map(|((room, _), ..)| *room).collect()))
            .with("message_id", Numbers(rows.iter().map(|((_, id), ..)| *id).collect()))
            .with("emoji", Texts(rows.iter().map(|(.., given)| given.emoji.as_str()).collect()))
            .with("user_id", Numbers(rows.iter().map(|(.., given)| given.user).collect()))
            .with("position", Numbers(rows.iter().map(|(_, position, _)| *position).collect()))
            .execute(connection, "INSERT INTO reactions ({columns}) SELECT * FROM {given}")
    }
}
