//! Who is in a room: people, not sockets, and wherever they are connected. What changes is told at most once a second, so
//! that a reload or a storm of returning sockets makes one frame.
//!
//! Who is here is known from the room's sockets. Who is connected to another instance is known from that instance's
//! [`PresenceSnapshot`], which holds for [`LEASE`] and is repeated well before: an instance that dies leaves no ghosts. While sheets can't
//! arrive, what is known holds: a Redis that is away empties nothing.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::base::failpoints::hastened;
use crate::wire::{MAX_PEOPLE, People, User, UserId};

/// How long a sheet holds, by the clock of whoever has it.
pub const LEASE: Duration = Duration::from_secs(18);
/// How often a sheet is repeated, at least, and how often leases are looked at: ghosts stay for at most both together.
pub const RENEWAL: Duration = Duration::from_secs(6);

/// The version of the latest sheet: one for all rooms, since a room that is opened again must go on above its last.
static VERSION: AtomicU64 = AtomicU64::new(0);

/// All who are in a room at one instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PresenceSnapshot {
    /// The name of the instance's run.
    pub instance: String,
    /// Of two sheets of an instance for a room the higher counts.
    pub version: u64,
    pub crowd: Roster,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Roster {
    Named(Vec<User>),
    /// More than are told by name.
    Nameless(Vec<UserId>),
}

/// The people in a room, and what has changed since the room was last told.
///
/// A user who joins and leaves between two frames is still listed in `left`, because someone who joined in between may have
/// received them in `people`.
#[derive(Default)]
pub struct Presence {
    /// Those here, with the number of their sockets; never 0.
    here: BTreeMap<UserId, (Arc<User>, usize)>,
    elsewhere: HashMap<String, Inbound>,
    /// All, with the number of instances they are at; never 0. Without a name where no instance tells it.
    people: BTreeMap<UserId, (Option<Arc<User>>, usize)>,
    joined: BTreeMap<UserId, Option<Arc<User>>>,
    left: BTreeMap<UserId, Option<Arc<User>>>,
    /// The last frame told only the number: the next one that tells names tells all of them.
    nameless: bool,
    /// Others may have a sheet of this instance.
    has_told: bool,
    /// Those here have changed since the last sheet.
    sheet_is_old: bool,
}

/// The latest sheet of another instance.
struct Inbound {
    version: u64,
    users: HashSet<UserId>,
    at: Instant,
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
        let (_, sockets) = self.here.entry(user.id).or_insert_with(|| (Arc::clone(user), 0));
        *sockets += 1;
        if *sockets == 1 {
            self.sheet_is_old = true;
            self.enter(user.id, Some(Arc::clone(user)));
        }
    }

    /// A socket of `user` went.
    pub fn depart(&mut self, user: UserId) {
        let Some((_, sockets)) = self.here.get_mut(&user) else { return };
        *sockets -= 1;
        if *sockets == 0 {
            self.here.remove(&user);
            self.sheet_is_old = true;
            self.exit(user);
        }
    }

    /// Somebody is known otherwise now, for whoever is told of them next.
    pub fn update(&mut self, user: User) {
        let (id, user) = (user.id, Arc::new(user));
        if let Some((here, _)) = self.here.get_mut(&id) {
            *here = Arc::clone(&user);
            // One that is on its way may still have them as they were.
            self.sheet_is_old = true;
        }
        if let Some(joined) = self.joined.get_mut(&id) {
            *joined = Some(Arc::clone(&user));
        }
        self.name(id, Some(user));
    }

    /// Another instance tells who is there.
    pub fn hear(&mut self, sheet: PresenceSnapshot, at: Instant) {
        let known = self.elsewhere.get_mut(&sheet.instance);
        if known.as_ref().is_some_and(|known| known.version >= sheet.version) {
            return;
        }
        let before = known.map(|known| std::mem::take(&mut known.users)).unwrap_or_default();
        let now: HashMap<UserId, Option<Arc<User>>> = match sheet.crowd {
            Roster::Named(users) => users.into_iter().map(|user| (user.id, Some(Arc::new(user)))).collect(),
            Roster::Nameless(users) => users.into_iter().map(|user| (user, None)).collect(),
        };
        let gone: Vec<UserId> = before.iter().filter(|user| !now.contains_key(user)).copied().collect();
        let heard = Inbound { version: sheet.version, users: now.keys().copied().collect(), at };
        self.elsewhere.insert(sheet.instance, heard);
        for (user, name) in now {
            if before.contains(&user) {
                self.name(user, name);
            } else {
                self.enter(user, name);
            }
        }
        for user in gone {
            self.exit(user);
        }
    }

    /// Forgets instances that have not been heard of for too long.
    pub fn expire(&mut self, now: Instant) {
        let silent = |heard: &Inbound| now.saturating_duration_since(heard.at) > hastened(LEASE);
        let gone: Vec<String> =
            self.elsewhere.iter().filter(|(_, heard)| silent(heard)).map(|(name, _)| name.clone()).collect();
        for heard in gone.iter().filter_map(|instance| self.elsewhere.remove(instance)).collect::<Vec<_>>() {
            heard.users.into_iter().for_each(|user| self.exit(user));
        }
    }

    /// Lets all sheets hold as if they had just been heard.
    pub fn renew(&mut self, now: Instant) {
        self.elsewhere.values_mut().for_each(|heard| heard.at = now);
    }

    /// Who is here, for the other instances; `None` where they know, unless it is to be repeated. That the last has gone is
    /// repeated too: the word of it may have been lost.
    pub fn sheet(&mut self, instance: &str, repeat: bool) -> Option<PresenceSnapshot> {
        if !(std::mem::take(&mut self.sheet_is_old) || (repeat && self.has_told)) {
            return None;
        }
        self.has_told = true;
        let version = VERSION.fetch_add(1, Ordering::Relaxed) + 1;
        let crowd = if self.here.len() > MAX_PEOPLE {
            Roster::Nameless(self.here.keys().copied().collect())
        } else {
            Roster::Named(self.here.values().map(|(user, _)| User::clone(user)).collect())
        };
        Some(PresenceSnapshot { instance: instance.to_owned(), version, crowd })
    }

    /// Those present; nobody by name where there are more than [`MAX_PEOPLE`].
    pub fn people(&self) -> People {
        let count = self.people.len();
        let named = if count > MAX_PEOPLE { 0 } else { count };
        let names = self.people.values().take(named).filter_map(|(user, _)| user.as_deref().cloned());
        People { count, users: names.collect() }
    }

    /// All who are present.
    pub fn ids(&self) -> Vec<UserId> {
        self.people.keys().copied().collect()
    }

    /// Whether somebody is to be told something, here or elsewhere.
    pub fn has_news(&self) -> bool {
        self.sheet_is_old || self.has_changes()
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
        let names = |users: BTreeMap<UserId, Option<Arc<User>>>| {
            users.into_values().flatten().map(|user| User::clone(&user)).collect()
        };
        let everyone = std::mem::take(&mut self.nameless);
        let joined = if everyone { self.people().users } else { names(joined) };
        Changes { count, joined, left: names(left) }
    }

    /// Somebody is at one more instance.
    fn enter(&mut self, user: UserId, name: Option<Arc<User>>) {
        let (known, places) = self.people.entry(user).or_default();
        *places += 1;
        if *places == 1 {
            self.left.remove(&user);
            self.joined.insert(user, name.clone());
        }
        if name.is_some() {
            *known = name;
        }
        // A newcomer's list has no names now.
        self.nameless |= self.people.len() > MAX_PEOPLE;
    }

    /// Somebody is at one instance less.
    fn exit(&mut self, user: UserId) {
        let Some((_, places)) = self.people.get_mut(&user) else { return };
        *places -= 1;
        if *places == 0
            && let Some((name, _)) = self.people.remove(&user)
        {
            self.joined.remove(&user);
            self.left.insert(user, name);
        }
    }

    fn name(&mut self, user: UserId, name: Option<Arc<User>>) {
        if let (Some((known, _)), Some(name)) = (self.people.get_mut(&user), name) {
            *known = Some(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Extras;

    fn user(id: UserId) -> User {
        User { id, username: format!("user{id}"), display_name: String::new(), extras: Extras::default() }
    }

    fn sheet(instance: &str, version: u64, users: &[UserId]) -> PresenceSnapshot {
        let crowd = Roster::Named(users.iter().map(|id| user(*id)).collect());
        PresenceSnapshot { instance: instance.into(), version, crowd }
    }

    fn ids(users: &[User]) -> Vec<UserId> {
        users.iter().map(|user| user.id).collect()
    }

    #[test]
    fn somebody_at_two_instances_is_one_and_leaves_with_the_last() {
        let (mut presence, now) = (Presence::default(), Instant::now());
        presence.arrive(&Arc::new(user(1)));
        presence.hear(sheet("b", 1, &[1, 2]), now);
        assert_eq!(ids(&presence.people().users), [1, 2]);
        assert_eq!(ids(&presence.take_changes().joined), [1, 2]);
        presence.depart(1);
        assert!(!presence.has_changes());
        presence.hear(sheet("b", 2, &[2]), now);
        assert_eq!(ids(&presence.take_changes().left), [1]);
    }

    #[test]
    fn an_older_sheet_changes_nothing() {
        let (mut presence, now) = (Presence::default(), Instant::now());
        presence.hear(sheet("b", 2, &[]), now);
        presence.hear(sheet("b", 1, &[1]), now);
        assert_eq!(presence.people().count, 0);
    }

    #[test]
    fn an_instance_that_is_silent_is_forgotten_and_one_that_repeats_is_not() {
        let (mut presence, now) = (Presence::default(), Instant::now());
        presence.hear(sheet("b", 1, &[1]), now);
        presence.hear(sheet("c", 1, &[2]), now);
        presence.hear(sheet("c", 2, &[2]), now + LEASE);
        presence.expire(now + LEASE + Duration::from_secs(1));
        assert_eq!(ids(&presence.people().users), [2]);
        presence.hear(sheet("b", 1, &[1]), now + LEASE * 2);
        assert_eq!(ids(&presence.people().users), [1, 2], "it was only slow");
    }

    #[test]
    fn a_sheet_is_given_when_something_changed_or_is_to_be_repeated() {
        let mut presence = Presence::default();
        assert_eq!(presence.sheet("a", true), None, "nobody was ever here");
        presence.arrive(&Arc::new(user(1)));
        let first = presence.sheet("a", false).expect("a sheet");
        assert_eq!(first, sheet("a", first.version, &[1]));
        assert_eq!(presence.sheet("a", false), None);
        let repeated = presence.sheet("a", true).expect("a sheet");
        assert_eq!(repeated, sheet("a", repeated.version, &[1]));
        presence.depart(1);
        let last = presence.sheet("a", false).expect("a sheet");
        assert_eq!(last, sheet("a", last.version, &[]), "the last has gone");
        assert!(presence.sheet("a", true).is_some(), "and that is repeated");
        assert!(first.version < repeated.version && repeated.version < last.version);
    }

    #[test]
    fn a_room_that_is_opened_again_goes_on_above_its_last_sheet() {
        let (mut before, mut after) = (Presence::default(), Presence::default());
        before.arrive(&Arc::new(user(1)));
        let old = before.sheet("a", false).expect("a sheet");
        after.arrive(&Arc::new(user(2)));
        let new = after.sheet("a", false).expect("a sheet");
        assert!(new.version > old.version);
    }

    #[test]
    fn somebody_who_comes_to_another_instance_too_is_on_its_sheet_at_once() {
        let (mut presence, now) = (Presence::default(), Instant::now());
        presence.hear(sheet("b", 1, &[1]), now);
        presence.take_changes();
        presence.arrive(&Arc::new(user(1)));
        assert!(presence.has_news() && !presence.has_changes());
    }

    #[test]
    fn while_sheets_cant_arrive_those_that_are_known_hold() {
        let (mut presence, now) = (Presence::default(), Instant::now());
        presence.hear(sheet("b", 1, &[1]), now);
        presence.renew(now + LEASE * 3);
        presence.expire(now + LEASE * 4);
        assert_eq!(presence.people().count, 1);
        presence.expire(now + LEASE * 5);
        assert_eq!(presence.people().count, 0);
    }

    #[test]
    fn a_crowd_that_shrinks_has_its_names_again() {
        let (mut presence, now) = (Presence::default(), Instant::now());
        let crowd = Roster::Nameless((1..=MAX_PEOPLE as UserId + 1).collect());
        presence.hear(PresenceSnapshot { instance: "b".into(), version: 1, crowd }, now);
        assert!(presence.take_changes().joined.is_empty());
        presence.hear(sheet("b", 2, &[1, 2]), now);
        let changes = presence.take_changes();
        assert_eq!((changes.count, ids(&changes.joined)), (2, vec![1, 2]));
    }
}
