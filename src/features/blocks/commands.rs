//! Blocking somebody, and no longer.

use crate::app::perform::Command;
use crate::chat::acquaintance::knows;
use crate::chat::blocks;
use crate::chat::change::Change;
use crate::chat::events::Event;
use crate::chat::{accounts, authorization};
use crate::wire::ServerFrame;
use crate::wire::refusal::Refusal;

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
        if self.on && !knows(change.connection, me, other)? {
            return Err(Refusal::user_not_found());
        }
        if me == other {
            return Err(Refusal::invalid("nobody can do that to themselves"));
        }
        blocks::set(change.connection, me, other, self.on)?;
        let all: Vec<_> = blocks::by(change.connection, &[me])?.into_iter().map(|(_, blocked)| blocked).collect();
        let frame = String::from_utf8_lossy(&ServerFrame::Blocks { blocks: &all }.to_json()).into_owned();
        change.announce(Event::Tell { user: me, frame });
        Ok(())
    }
}
