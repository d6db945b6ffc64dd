//! Use cases about one's own view of a room.

use diesel::prelude::*;

use crate::app::perform::Command;
use crate::chat::change::Change;
use crate::chat::events::Event;
use crate::chat::read_state::{self, ReadMarker};
use crate::chat::rooms;
use crate::db::schema::members;
use crate::policy::Action;
use crate::wire::refusal::Refusal;
use crate::wire::{Notify, RoomId, Seq, ServerFrame, UserId};

/// Sets what of a room a member wants to be told.
pub struct SetNotifyLevel {
    pub slug: String,
    pub level: Notify,
}

impl Command for SetNotifyLevel {
    type Outcome = ();

    fn execute(self, change: &mut Change) -> Result<(), Refusal> {
        let user = change.user()?;
        let (room, _) = rooms::authorize(change.connection, &self.slug, user, Action::Mark)?;
        diesel::update(members::table.find((room.room.id, user)))
            .set(members::notify.eq(self.level.as_str()))
            .execute(change.connection)?;
        Ok(())
    }
}

/// Puts a room first in a member's list, or back among the others.
pub struct Star {
    pub slug: String,
    pub starred: bool,
}

impl Command for Star {
    type Outcome = ();

    fn execute(self, change: &mut Change) -> Result<(), Refusal> {
        let user = change.user()?;
        let (room, _) = rooms::authorize(change.connection, &self.slug, user, Action::Mark)?;
        diesel::update(members::table.find((room.room.id, user)))
            .set(members::starred.eq(self.starred))
            .execute(change.connection)?;
        change.announce(frame_for(user, &ServerFrame::Room { room: &self.slug, member: true }));
        Ok(())
    }
}

/// Marks a room as unread from a message on.
pub struct MarkUnread {
    pub slug: String,
    /// Only in the room with this id.
    pub room_id: Option<RoomId>,
    pub from: Seq,
}

impl Command for MarkUnread {
    type Outcome = ();

    fn execute(self, change: &mut Change) -> Result<(), Refusal> {
        let user = change.user()?;
        let marks = read_state::set_back(change.connection, &self.slug, self.room_id, user, self.from)?;
        change.announce(marks_event(user, &self.slug, &marks, true));
        Ok(())
    }
}

/// Tells all sockets of a user, at every instance, how far they have read.
pub fn marks_event(user: UserId, room: &str, marks: &ReadMarker, back: bool) -> Event {
    let ReadMarker { seq, unread, mentions, count } = *marks;
    frame_for(user, &ServerFrame::Read { room, seq, unread, mentions, count, at: None, back })
}

fn frame_for(user: UserId, frame: &ServerFrame) -> Event {
    Event::Tell { user, frame: String::from_utf8_lossy(&frame.to_json()).into_owned() }
}
