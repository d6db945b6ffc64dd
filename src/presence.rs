//! Who is in a room: people, not sockets. What changes is told at most once a second, so that a reload or a storm of
//! returning sockets makes one frame.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::protocol::{MAX_PEOPLE, People, User, UserId};

/// The people in a room here, and what has changed since the room was last told.
///
/// Somebody who comes and goes between two frames is told as gone all the same: a newcomer's list may have held them.
#[derive(Default)]
pub struct Presence {
    /// With the number of their sockets; never 0.
    people: BTreeMap<UserId, (Arc<User>, usize)>,
    joined: BTreeMap<UserId, Arc<User>>,
    left: BTreeMap<UserId, Arc<User>>,
    /// The last frame told only the number: the next one that tells names tells all of them.
    nameless: bool,
}

/// What a `presence` frame tells.
pub struct Changes {
    pub count: usize,
    pub joined: Vec<User>,
    pub left: Vec<User>,
}

impl Presence {
    /// A socket of `user` came in.
    pub fn arrive(&mut self, user: &Arc<User>) {
        let (_, sockets) = self.people.entry(user.id).or_insert_with(|| (Arc::clone(user), 0));
        *sockets += 1;
        if *sockets == 1 {
            self.left.remove(&user.id);
            self.joined.insert(user.id, Arc::clone(user));
        }
        // A newcomer's list has no names now.
        self.nameless |= self.people.len() > MAX_PEOPLE;
    }

    /// A socket of `user` went.
    pub fn depart(&mut self, user: UserId) {
        let Some((_, sockets)) = self.people.get_mut(&user) else { return };
        *sockets -= 1;
        if *sockets == 0
            && let Some((person, _)) = self.people.remove(&user)
        {
            self.joined.remove(&user);
            self.left.insert(user, person);
        }
    }

    /// Those present; nobody by name where there are more than [`MAX_PEOPLE`].
    pub fn people(&self) -> People {
        let count = self.people.len();
        let named = if count > MAX_PEOPLE { 0 } else { count };
        People { count, users: self.people.values().take(named).map(|(user, _)| User::clone(user)).collect() }
    }

    pub fn has_changes(&self) -> bool {
        !self.joined.is_empty() || !self.left.is_empty()
    }

    /// What has changed since the last call.
    pub fn take_changes(&mut self) -> Changes {
        let joined = std::mem::take(&mut self.joined);
        let left = std::mem::take(&mut self.left);
        let count = self.people.len();
        if count > MAX_PEOPLE {
            self.nameless = true;
            return Changes { count, joined: Vec::new(), left: Vec::new() };
        }
        let names = |users: BTreeMap<UserId, Arc<User>>| users.into_values().map(|user| User::clone(&user)).collect();
        let everyone = std::mem::take(&mut self.nameless);
        let joined = if everyone { self.people().users } else { names(joined) };
        Changes { count, joined, left: names(left) }
    }
}
