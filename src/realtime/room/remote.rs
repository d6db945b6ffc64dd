//! What other instances tell of the room, and what this one has others do.

use std::time::Instant;

use actix::prelude::*;

use crate::chat::events::Event;
use crate::realtime::broker::{RoomInbound, RoomMessage};
use crate::realtime::room::ChatRoom;
use crate::wire::ServerFrame;
use crate::wire::frame;

/// Something has happened that all instances must act on, this one too.
#[derive(Message)]
#[rtype(result = "()")]
pub struct HubEvent(pub Event);

impl ChatRoom {
    fn hear(&mut self, word: RoomMessage, ctx: &mut Context<Self>) {
        match word {
            RoomMessage::Changes { changes } => self.take(changes, ctx),
            RoomMessage::Typing { user } => self.tell_typing(&user, ctx),
            RoomMessage::People { sheet } => {
                self.presence.hear(sheet, Instant::now());
                self.tell_presence_soon(ctx);
            }
            RoomMessage::Who => self.tell_sheet(true),
        }
    }
}

impl Handler<RoomInbound> for ChatRoom {
    type Result = ();

    fn handle(&mut self, heard: RoomInbound, ctx: &mut Self::Context) {
        match heard {
            RoomInbound::RoomMessage(word) => self.hear(word, ctx),
            RoomInbound::Listening => {
                self.read_gap(ctx);
                self.broker.tell(self.id, &RoomMessage::Who);
                self.tell_sheet(true);
            }
            // What came after it was opened the room has handed out, or will.
            RoomInbound::Mentioned { users, message } if message.seq <= self.opened_at => {
                let mention = ServerFrame::Mention { room: &self.slug, message: &message };
                self.tell_users(&users, &frame::text(&mention.to_json()));
                self.flush(ctx);
            }
            RoomInbound::Mentioned { .. } => {}
        }
    }
}
