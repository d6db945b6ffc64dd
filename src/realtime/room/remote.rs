//! What other instances tell of the room, and what this one has others do.

use std::time::Instant;

use actix::prelude::*;

use crate::chat::events::Event;
use crate::realtime::broker::{RoomHeard, Word};
use crate::realtime::room::ChatRoom;
use crate::wire::ServerFrame;
use crate::wire::frame;

/// Something has happened that all instances must act on, this one too.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Happened(pub Event);

impl ChatRoom {
    fn hear(&mut self, word: Word, ctx: &mut Context<Self>) {
        match word {
            Word::Changes { changes } => self.take(changes, ctx),
            Word::Typing { user } => self.tell_typing(&user, ctx),
            Word::People { sheet } => {
                self.presence.hear(sheet, Instant::now());
                self.tell_presence_soon(ctx);
            }
            Word::Who => self.tell_sheet(true),
        }
    }
}

impl Handler<RoomHeard> for ChatRoom {
    type Result = ();

    fn handle(&mut self, heard: RoomHeard, ctx: &mut Self::Context) {
        match heard {
            RoomHeard::Word(word) => self.hear(word, ctx),
            RoomHeard::Listening => {
                self.read_gap(ctx);
                self.broker.tell(self.id, &Word::Who);
                self.tell_sheet(true);
            }
            // What came after it was opened the room has handed out, or will.
            RoomHeard::Mentioned { users, message } if message.seq <= self.opened_at => {
                let mention = ServerFrame::Mention { room: &self.slug, message: &message };
                self.tell_users(&users, &frame::text(&mention.to_json()));
                self.pump(ctx);
            }
            RoomHeard::Mentioned { .. } => {}
        }
    }
}
