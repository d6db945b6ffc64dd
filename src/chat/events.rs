//! What has happened and concerns more than one room's sockets: announced after the commit, to every instance.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::chat::batch::{Change, Lowered};
use crate::wire::{Message, RoomId, Seq, UserId};

/// Which people have sockets at an instance, and whether they use them: those who have changed, or all of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StateSheet {
    /// The name of the instance's run.
    pub instance: String,
    /// Of two sheets of an instance the higher counts.
    pub version: u64,
    pub whole: bool,
    pub online: Vec<UserId>,
    pub idle: Vec<UserId>,
    pub offline: Vec<UserId>,
}

/// Something that every instance must act on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A session was ended: its sockets close with 4401.
    SessionEnded {
        token_hash: String,
    },
    /// The chat was closed to somebody: their sockets close with 4403.
    UserBanned {
        user: UserId,
    },
    /// A room was made, or something about it changed.
    RoomChanged {
        room: RoomId,
    },
    RoomDeleted {
        room: RoomId,
        slug: String,
        /// Others than its members could see it.
        public: bool,
        members: Vec<UserId>,
    },
    MemberAdded {
        room: RoomId,
        user: UserId,
    },
    /// Nothing committed after this may reach that user.
    MemberRemoved {
        room: RoomId,
        user: UserId,
    },
    /// Something was sent in a room: an instance where it is not in use tells its members' sockets.
    Sent {
        room: RoomId,
        slug: String,
        news: ActivityDigest,
    },
    /// As [`Sent`](Self::Sent), for those who are mentioned.
    Mentioned {
        /// 0 where an older build tells it.
        #[serde(default)]
        room: RoomId,
        slug: String,
        users: Vec<UserId>,
        message: Arc<Message>,
    },
    /// What is unread in a room, or mentions somebody, became less by something else than reading: each instance tells those
    /// who have sockets there.
    NumbersFell {
        room: RoomId,
        fall: NumbersFall,
    },
    /// An account was deleted: nothing that is kept in memory may go on showing its name.
    AccountDeleted,
    /// Something that features add to people has changed: who and what, the database tells.
    PeopleChanged,
    /// Whether an instance's people are online.
    States(StateSheet),
    /// An instance has begun: each of the others is to tell it of all its people.
    StatesWanted,
    /// Give this frame to all sockets of a user.
    Tell {
        user: UserId,
        frame: String,
    },
}

/// What was sent in a room since somebody was last told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ActivityDigest {
    /// The number of the latest message, and how many were ever sent up to it; 0 where none was.
    pub seq: Seq,
    pub count: i64,
    /// Whose read marks rose by sending: told after the count that holds their message, so that adding up comes out
    /// right.
    pub authors: HashMap<UserId, Sent>,
}

/// Whose numbers fell in a room, by one change or several.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NumbersFall {
    /// The number of the latest of these changes.
    pub seq: Seq,
    /// Only of those whose read marks are below this: the highest id of their messages.
    pub below: Seq,
    /// Only of these members; of all where that is left out.
    pub users: Option<BTreeSet<UserId>>,
}

/// Members that a fall names; where there are more, it is of all.
const MAX_NAMED: usize = 100;

impl NumbersFall {
    /// What falls by a change, if anything.
    pub fn by(change: &Change) -> Option<Self> {
        let users = match change.lowers.as_ref()? {
            Lowered::All => None,
            Lowered::Some(users) => Some(users.iter().copied().collect()),
        };
        let fall = Self { seq: change.message.seq, below: change.message.id, users };
        Some(fall.within_bounds())
    }

    pub fn merge(self, other: Self) -> Self {
        let users = self.users.zip(other.users).map(|(some, more)| some.into_iter().chain(more).collect());
        Self { seq: self.seq.max(other.seq), below: self.below.max(other.below), users }.within_bounds()
    }

    fn within_bounds(mut self) -> Self {
        self.users = self.users.filter(|users| users.len() <= MAX_NAMED);
        self
    }
}

/// Somebody's latest message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sent {
    pub id: Seq,
    pub count: i64,
    /// How often the author was mentioned after that.
    pub mentions: i64,
}

impl ActivityDigest {
    pub fn note(&mut self, change: &Change) {
        for user in &change.mentioned {
            if let Some(sent) = self.authors.get_mut(user) {
                sent.mentions += 1;
            }
        }
        if change.is_new() {
            (self.seq, self.count) = (change.message.seq, change.count);
            let sent = Sent { id: change.message.id, count: change.count, mentions: 0 };
            self.authors.insert(change.message.author.id, sent);
        }
    }

    /// Takes in what another instance tells of the same room, be it more or less than is known.
    pub fn merge(&mut self, other: Self) {
        if other.seq > self.seq {
            (self.seq, self.count) = (other.seq, other.count);
        }
        for (user, sent) in other.authors {
            match self.authors.get(&user) {
                Some(known) if known.id >= sent.id => {}
                _ => drop(self.authors.insert(user, sent)),
            }
        }
    }

    pub fn is_empty(&self) -> bool {
        self.seq == 0
    }
}
