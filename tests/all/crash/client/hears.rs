//! What a client hears.

use super::{AGAIN, Client, LATER, Seat};
use crate::common::*;
use crate::history::{Event, Message};
use tokio::time::Instant;

/// Messages that it remembers to answer.
const HEARD: usize = 20;

impl Client {
    /// Writes down what a frame tells.
    pub(super) fn take(&mut self, frame: Value) {
        self.said_bye |= frame["type"] == "bye";
        let Some(room) = self.habits.rooms.iter().copied().find(|room| frame["room"] == *room) else {
            return;
        };
        match frame["type"].as_str().expect("a type") {
            "joined" => {
                let after = Some(self.views[room].joined_after);
                let (seq, reset) = (number(&frame, "seq"), frame["reset"] == true);
                let messages = messages(&frame);
                self.hear(room, &messages);
                self.epoch = frame["epoch"].clone();
                let view = self.view(room);
                view.seat = Seat::In;
                view.people = names(&frame["people"]["users"]).collect();
                match (reset, messages.last()) {
                    (true, _) => view.cursor = seq,
                    (false, Some(last)) => view.cursor = last.seq,
                    (false, None) => {}
                }
                self.note(room, Event::Joined { after, seq, reset, messages });
            }
            "changes" => {
                let messages = messages(&frame);
                self.hear(room, &messages);
                self.view(room).cursor = messages.last().expect("a page is not empty").seq;
                self.note(room, Event::Changes { messages });
            }
            "message" => {
                let message = Message::of(&frame["message"]);
                self.hear(room, std::slice::from_ref(&message));
                self.view(room).cursor = message.seq;
                self.note(room, Event::Live { message });
            }
            "mention" => self.note(room, Event::Mentioned { message: Message::of(&frame["message"]) }),
            "sent" => {
                let (key, id) = (frame["key"].as_str().expect("a key").to_owned(), number(&frame, "id"));
                self.note(room, Event::Sent { key: key.clone(), id });
                self.answered(room, id, key);
            }
            "done" => {
                let (id, seq) = (number(&frame, "id"), number(&frame, "seq"));
                let (_, change) = self.change_of(&frame).expect("an answer to a change");
                self.note(room, Event::Done { change, id, seq });
            }
            "presence" => {
                let view = self.view(room);
                view.people.extend(names(&frame["joined"]));
                names(&frame["left"]).for_each(|name| _ = view.people.remove(&name));
            }
            "left" if frame["reason"] == "removed" => {
                // Whoever has asked to come in again is told about that by itself.
                let view = self.view(room);
                if view.seat == Seat::In {
                    view.seat = Seat::Out(Instant::now() + AGAIN);
                }
                for pending in self.pending.iter_mut().filter(|pending| pending.room == room) {
                    pending.due = Some(Instant::now());
                }
            }
            "error" => self.refused(room, &frame),
            _ => {}
        }
    }

    fn note(&self, room: &str, event: Event) {
        self.recorder.note(&self.person.name, room, event);
    }

    fn hear(&mut self, room: &str, messages: &[Message]) {
        let heard = &mut self.view(room).heard;
        heard.extend(messages.iter().map(|message| message.id));
        heard.drain(..heard.len().saturating_sub(HEARD));
    }

    fn answered(&mut self, room: &'static str, id: u64, key: String) {
        let before = self.pending.len();
        self.pending.retain(|pending| pending.key != key);
        if self.pending.len() < before {
            self.mine.push((room, id, key));
        }
    }

    fn refused(&mut self, room: &'static str, frame: &Value) {
        let code = frame["code"].as_str().expect("a code");
        assert!(!(self.habits.never_away && code == "unavailable"), "{frame}");
        let soon = Instant::now() + AGAIN;
        let is_out = self.may_be_out(room) && ["not_joined", "not_found", "forbidden"].contains(&code);
        if let Some(key) = frame["key"].as_str() {
            assert!(code == "unavailable" || is_out, "a send is not refused: {frame}");
            let due = if code == "forbidden" { Instant::now() + LATER } else { soon };
            self.pending.iter_mut().filter(|pending| pending.key == key).for_each(|pending| pending.due = Some(due));
        } else if let Some((room, change)) = self.change_of(frame) {
            // Whether a change that is `unavailable` was made is not known, and it is not asked for again.
            match code {
                "not_found" | "forbidden" => self.note(room, Event::Refused { change }),
                "not_joined" if is_out => self.note(room, Event::Refused { change }),
                "unavailable" => {}
                code => panic!("{code}: {frame}"),
            }
        } else if frame["ref"] == "join" {
            assert!(code == "unavailable" || is_out, "a join is not refused: {frame}");
            self.view(room).seat = Seat::Out(soon);
        }
        // Made to leave, and not told yet, or not any more.
        if is_out && code == "not_joined" && self.view(room).seat == Seat::In {
            self.view(room).seat = Seat::Out(soon);
        }
    }

    /// Whether it may have been made no member of a room, or to leave it, or to be silent, without knowing yet.
    fn may_be_out(&self, room: &str) -> bool {
        self.habits.may_be_removed.contains(&room) || self.habits.leaves.contains(&room)
    }

    fn change_of(&mut self, frame: &Value) -> Option<(&'static str, u64)> {
        self.asked.remove(frame["ref"].as_str()?)
    }
}

fn number(frame: &Value, field: &str) -> u64 {
    frame[field].as_u64().expect("a number")
}

fn messages(frame: &Value) -> Vec<Message> {
    frame["messages"].as_array().expect("messages").iter().map(Message::of).collect()
}

fn names(users: &Value) -> impl Iterator<Item = String> {
    let users = users.as_array().expect("users").iter();
    users.map(|user| user["username"].as_str().expect("a name").to_owned())
}
