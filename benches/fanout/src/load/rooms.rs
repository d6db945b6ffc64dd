//! Which messages are on their way, and how many have them.

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Instant;

pub struct Room {
    pub name: Rc<str>,
    /// Its sockets, by their place among all.
    pub members: Vec<usize>,
    /// Messages sent, ever and before those that not everybody has.
    sent: u64,
    first: u64,
    under_way: VecDeque<Message>,
}

struct Message {
    heard: usize,
    at: Instant,
}

/// What a socket heard.
pub struct Sent {
    pub at: Instant,
    /// Whether it was the last to hear it.
    pub completed: bool,
}

impl Room {
    pub fn new(name: Rc<str>) -> Self {
        Self { name, members: Vec::new(), sent: 0, first: 0, under_way: VecDeque::new() }
    }

    /// Where a socket that joins now begins to count.
    pub fn position(&self) -> u64 {
        assert!(self.under_way.is_empty(), "a join while messages are under way");
        self.sent
    }

    /// Another message is sent, or was to be sent at this time; its number.
    pub fn send(&mut self, at: Instant) -> u64 {
        self.under_way.push_back(Message { heard: 0, at });
        self.sent += 1;
        self.sent - 1
    }

    /// Every socket hears messages in the order in which they are handed out, so the earliest is complete first. Which of
    /// several in flight was handed out first makes no difference to a count.
    pub fn heard(&mut self, message: u64) -> Sent {
        let index = message.checked_sub(self.first).expect("no message comes to one socket twice");
        let found = self.under_way.get_mut(index as usize).expect("no message comes that was not sent");
        found.heard += 1;
        let sent = Sent { at: found.at, completed: found.heard == self.members.len() };
        if sent.completed {
            self.under_way.pop_front();
            self.first += 1;
        }
        sent
    }

    /// Deliveries that are yet to come.
    pub fn missing(&self) -> u64 {
        self.under_way.iter().map(|message| (self.members.len() - message.heard) as u64).sum()
    }
}
