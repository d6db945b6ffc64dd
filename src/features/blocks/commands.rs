//! Blocking somebody, and no longer.

use crate::app::perform::Command;
use crate::chat::acquaintance::knows;
use crate::chat::blocks;
use crate::chat::change::Change;
use crate::chat::events::Event;
use crate::chat::{accounts, authorization};
use crate::wire::ServerFrame;
use crate::wire::refusal::Refusal;

/// How many somebody may block: each of their sockets is told of all.
const MAX_BLOCKED: usize = 1_000;

/// Blocks somebody, or no longer; all sockets of who does it are told.
pub struct SetBlock {
    pub username: String,
    pub on: bool,
}

impl Command for SetBlock {
    type Outcome = ();

    fn execute(self, change: &mut Change) -> Result<(), Refusal> {
        let me = change.user()?;
        authorization::in_chat(change.connection, me)?;
        let other = accounts::id_by_name(change.connection, &self.username)?.ok_or_else(Refusal::user_not_found)?;
        // Whom one has blocked one may let go, wherever they are by now.
        let before = blocks::by(change.connection, &[me])?;
        let is_blocked = before.contains(&(me, other));
        if !(is_blocked || knows(change.connection, me, other)?) {
            return Err(Refusal::user_not_found());
        }
        if me == other {
            return Err(Refusal::invalid("nobody can do that to themselves"));
        }
        if self.on && !is_blocked && before.len() >= MAX_BLOCKED {
            return Err(Refusal::invalid("at most {most} people can be blocked").with("most", MAX_BLOCKED));
        }
        blocks::set(change.connection, me, other, self.on)?;
        let all: Vec<_> = blocks::by(change.connection, &[me])?.into_iter().map(|(_, blocked)| blocked).collect();
        let frame = String::from_utf8_lossy(&ServerFrame::Blocks { blocks: &all }.to_json()).into_owned();
        change.announce(Event::Tell { user: me, frame });
        Ok(())
    }
}
