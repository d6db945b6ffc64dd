//! What a client does.

use super::{AGAIN, Client, Cut, LIMIT, Pending, Seat};
use crate::common::*;
use crate::crash::talk::LOG;
use crate::history::Event;
use rand::seq::IndexedRandom;
use rand::{Rng, RngExt};
use reqwest::Method;
use std::time::Duration;
use tokio::time::Instant;

impl Client {
    /// Joins what is to be joined, and sends again what is to be sent again.
    pub(super) async fn ask_again(&mut self, socket: &mut Socket) -> Result<(), Cut> {
        let now = Instant::now();
        for room in self.habits.rooms.clone() {
            match self.view(room).seat {
                Seat::Left(at) if at <= now => {
                    self.recorder.note(&self.person.name, room, Event::Entering);
                    self.join(socket, room).await?;
                }
                Seat::Out(at) if at <= now => self.join(socket, room).await?,
                _ => {}
            }
        }
        for index in 0..self.pending.len() {
            let Pending { room, due, .. } = self.pending[index];
            if due.is_some_and(|due| due <= now) && self.view(room).seat == Seat::In {
                self.pending[index].due = None;
                self.try_send(socket, self.pending[index].clone()).await?;
            }
        }
        Ok(())
    }

    async fn join(&mut self, socket: &mut Socket, room: &'static str) -> Result<(), Cut> {
        let view = self.view(room);
        view.seat = Seat::Joining;
        view.joined_after = view.cursor;
        let mut frame = json!({"type": "join", "room": room, "after": view.cursor, "ref": "join"});
        if !self.epoch.is_null() {
            frame["epoch"] = self.epoch.clone();
        }
        self.put(socket, frame).await
    }

    /// One change, chosen at random.
    pub(super) async fn act(&mut self, socket: &mut Socket) -> Result<(), Cut> {
        let here: Vec<_> = self.views.iter().filter(|(_, view)| view.seat == Seat::In).map(|(room, _)| *room).collect();
        let Some(room) = here.choose(&mut self.rng).copied() else { return Ok(()) };
        let own = self.mine.choose(&mut self.rng).filter(|(room, ..)| here.contains(room)).cloned();
        let is_social = !self.habits.others.is_empty();
        match (self.rng.random_range(0..100), own) {
            (0..20, Some((room, id, _))) if room != LOG => {
                let body = self.body("edited");
                let frame = json!({"type": "edit", "room": room, "id": id, "body": body});
                self.ask(socket, room, id, Some(body), frame).await
            }
            (20..30, Some((room, id, _))) if room != LOG => {
                let frame = json!({"type": "delete", "room": room, "id": id});
                self.ask(socket, room, id, None, frame).await
            }
            (30..45, _) if room != LOG && self.views[room].cursor > 0 => {
                // Not every number is a message's; what is not is refused.
                let id = self.rng.random_range(1..=self.views[room].cursor);
                let emoji = ["👍", "🎉", "🦀"].choose(&mut self.rng).expect("emoji");
                let on = self.rng.random_bool(0.7);
                let frame = json!({"type": "react", "room": room, "id": id, "emoji": emoji, "on": on});
                self.ask(socket, room, id, None, frame).await
            }
            (45..50, Some((room, _, key))) => {
                // Answered long ago: nothing may come of it but the same answer.
                let body = self.body("again");
                self.try_send(socket, Pending { room, key, body, reply_to: None, due: None }).await
            }
            (50..53, _) if self.habits.leaves.contains(&room) => {
                self.leave(room).await;
                Ok(())
            }
            (62..65, _) if self.habits.may_be_removed.contains(&room) => match self.heard(room) {
                // Somebody else's, mostly: what only a moderator may do.
                Some(id) => self.ask(socket, room, id, None, json!({"type": "delete", "room": room, "id": id})).await,
                None => Ok(()),
            },
            (53..62, _) if is_social => {
                let seq = self.rng.random_range(0..=self.views[room].cursor);
                self.put(socket, json!({"type": "read", "room": room, "seq": seq, "ref": "read"})).await
            }
            _ => {
                let (key, body) = (new_key(), self.body("message"));
                let answers = is_social && self.rng.random_bool(0.2);
                let reply_to = answers.then(|| self.heard(room)).flatten();
                let pending = Pending { room, key, body, reply_to, due: None };
                self.pending.push(pending.clone());
                self.try_send(socket, pending).await
            }
        }
    }

    /// Words of its own, which mention somebody now and then.
    fn body(&mut self, word: &str) -> String {
        let number = self.rng.next_u32();
        match self.habits.others.choose(&mut self.rng) {
            Some(other) if self.rng.random_bool(0.2) => format!("{word} {number} @{other}"),
            _ => format!("{word} {number}"),
        }
    }

    fn heard(&mut self, room: &str) -> Option<u64> {
        let heard: Vec<u64> = self.views[room].heard.iter().copied().collect();
        heard.choose(&mut self.rng).copied()
    }

    /// Ends its membership by HTTP, and learns where the room stood then.
    async fn leave(&mut self, room: &'static str) {
        self.recorder.note(&self.person.name, room, Event::Leaving);
        let seq = removed(&self.person, room, "me").await;
        self.recorder.note(&self.person.name, room, Event::Gone { seq });
        let away = Duration::from_millis(self.rng.random_range(100..1_500));
        self.view(room).seat = Seat::Left(Instant::now() + away);
    }

    async fn try_send(&mut self, socket: &mut Socket, send: Pending) -> Result<(), Cut> {
        let Pending { room, key, body, reply_to, .. } = send;
        let frame = json!({"type": "send", "room": room, "key": key, "body": body, "reply_to": reply_to});
        self.recorder.note(&self.person.name, room, Event::Tried { key, body });
        self.put(socket, frame).await
    }

    async fn ask(
        &mut self,
        socket: &mut Socket,
        room: &'static str,
        id: u64,
        body: Option<String>,
        mut frame: Value,
    ) -> Result<(), Cut> {
        let change = self.rng.next_u64();
        frame["ref"] = json!(change.to_string());
        self.asked.insert(change.to_string(), (room, change));
        self.recorder.note(&self.person.name, room, Event::Asked { change, id, body });
        self.put(socket, frame).await
    }

    async fn put(&self, socket: &mut Socket, frame: Value) -> Result<(), Cut> {
        if socket.try_send(&frame).await { Ok(()) } else { Err(Cut) }
    }
}

/// Ends a membership, whatever it takes; gives the room's number as it was after that.
pub async fn removed(by: &Person, room: &str, username: &str) -> u64 {
    insist(by, Method::DELETE, &format!("/rooms/{room}/members/{username}"), Value::Null, 204).await;
    number_of(by, room).await
}

/// The number of the room's last change.
pub async fn number_of(by: &Person, room: &str) -> u64 {
    let answer = insist(by, Method::GET, &format!("/rooms/{room}"), Value::Null, 200).await;
    answer["seq"].as_u64().expect("a number")
}

/// Makes a call until it is answered as it should be; while somebody is banned from the chat they are refused, and they
/// sign in again after that, since a ban ends their sessions.
pub async fn insist(by: &Person, method: Method, path: &str, body: Value, status: u16) -> Value {
    insist_on_one_of(by, method, path, body, &[status]).await
}

/// As [`insist`], where what was done before without being answered is answered otherwise.
pub async fn insist_on_one_of(by: &Person, method: Method, path: &str, body: Value, wanted: &[u16]) -> Value {
    let deadline = Instant::now() + LIMIT;
    let mut last = "no answer".to_owned();
    loop {
        if let Some(answer) = by.http.try_call(method.clone(), path, &body).await {
            if wanted.contains(&answer.status) {
                return answer.json;
            }
            last = format!("{} {}", answer.status, answer.text);
            match answer.status {
                401 => drop(by.is_signed_in().await),
                403 | 500.. => {}
                _ => panic!("{method} {path}: {last}"),
            }
        }
        assert!(Instant::now() < deadline, "{method} {path}: not within {LIMIT:?}, {last}");
        tokio::time::sleep(AGAIN).await;
    }
}
