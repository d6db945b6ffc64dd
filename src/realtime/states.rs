//! Whether people are online, idle or offline, wherever they are connected.
//!
//! An instance knows its own people by their sockets, each of which says when its page is not in use. Of the others it is
//! told by [`StateSheet`]s: what has changed at most once a second, and all of it every [`RENEWAL`](crate::realtime::presence::RENEWAL). A sheet holds for
//! [`LEASE`], so that an instance that dies leaves nobody online.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use crate::base::failpoints::hastened;
use crate::chat::events::StateSheet;
use crate::realtime::presence::LEASE;
use crate::wire::{Availability, ListedRoom, User, UserId};

/// Whoever loads a page anew is gone for a moment.
const GRACE: Duration = Duration::from_secs(2);

/// What is known of people's states by now, for whoever asks: those who are online or idle.
#[derive(Clone, Default)]
pub struct States(Arc<RwLock<HashMap<UserId, Availability>>>);

impl States {
    pub fn of(&self, user: UserId) -> Availability {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&user).copied().unwrap_or(Availability::Offline)
    }

    /// People with their states.
    pub fn with_states(&self, users: &[User]) -> Vec<User> {
        users.iter().map(|user| user.clone().with_state(self.of(user.id))).collect()
    }

    /// The same of people who have a room open. Of those at another instance that may be known sooner than their states.
    pub fn with_states_here(&self, users: &[User]) -> Vec<User> {
        let state = |user: &User| match self.of(user.id) {
            Availability::Offline => Availability::Online,
            known => known,
        };
        users.iter().map(|user| user.clone().with_state(state(user))).collect()
    }

    /// Rooms of a list, of which direct talks say with whom they are.
    pub fn in_talks(&self, rooms: Vec<ListedRoom>) -> Vec<ListedRoom> {
        let with_states = |room: ListedRoom| ListedRoom { people: self.with_states(&room.people), ..room };
        rooms.into_iter().map(with_states).collect()
    }

    /// Everybody who is online.
    pub fn online(&self) -> Vec<UserId> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.iter().filter(|(_, state)| **state == Availability::Online).map(|(user, _)| *user).collect()
    }

    fn set(&self, user: UserId, state: Availability) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        match state {
            Availability::Offline => known.remove(&user),
            state => known.insert(user, state),
        };
    }
}

/// The states of everybody, as the hub keeps them.
#[derive(Default)]
pub struct PersonStates {
    here: HashMap<UserId, Here>,
    /// Whose last socket went, and when.
    leaving: VecDeque<(Instant, UserId)>,
    elsewhere: HashMap<String, Elsewhere>,
    now: States,
    /// What sockets were told last of those who are not offline.
    told: HashMap<UserId, Availability>,
    /// Those whose state may be another than that, and those of whom nothing could be told.
    changed: BTreeSet<UserId>,
    untold: BTreeSet<UserId>,
    /// Those here of whom the other instances have not heard yet.
    unheard: BTreeSet<UserId>,
    version: u64,
}

/// Somebody's sockets here.
#[derive(Default)]
struct Here {
    sockets: usize,
    idle: usize,
    /// When the last one went, and the state till then.
    left: Option<(Instant, Availability)>,
}

impl Here {
    fn state(&self) -> Availability {
        match self.left {
            Some((_, state)) => state,
            None if self.idle < self.sockets => Availability::Online,
            None => Availability::Idle,
        }
    }
}

/// What another instance has told.
struct Elsewhere {
    version: u64,
    users: HashMap<UserId, Availability>,
    at: Instant,
}

impl PersonStates {
    /// For whoever asks.
    pub fn shared(&self) -> States {
        self.now.clone()
    }

    /// A socket of somebody's has come, whose page is in use.
    pub fn arrive(&mut self, user: UserId) {
        let here = self.here.entry(user).or_default();
        here.sockets += 1;
        here.left = None;
        self.note_here(user);
    }

    /// A page is in use no more, or again.
    pub fn set_idle(&mut self, user: UserId, idle: bool) {
        if let Some(here) = self.here.get_mut(&user) {
            here.idle = if idle { here.idle + 1 } else { here.idle.saturating_sub(1) };
            self.note_here(user);
        }
    }

    /// A socket has gone.
    pub fn depart(&mut self, user: UserId, was_idle: bool, now: Instant) {
        let Some(here) = self.here.get_mut(&user) else { return };
        let state = here.state();
        here.sockets = here.sockets.saturating_sub(1);
        here.idle = here.idle.saturating_sub(usize::from(was_idle));
        if here.sockets > 0 {
            return self.note_here(user);
        }
        here.left = Some((now, state));
        self.leaving.push_back((now, user));
    }

    /// Another instance tells of its people.
    pub fn hear(&mut self, sheet: StateSheet, at: Instant) {
        let StateSheet { instance, version, whole, online, idle, offline } = sheet;
        let known =
            self.elsewhere.entry(instance).or_insert_with(|| Elsewhere { version: 0, users: HashMap::new(), at });
        if known.version >= version {
            return;
        }
        (known.version, known.at) = (version, at);
        let mut about: BTreeSet<UserId> = online.iter().chain(&idle).chain(&offline).copied().collect();
        if whole {
            about.extend(known.users.drain().map(|(user, _)| user));
        }
        known.users.extend(online.into_iter().map(|user| (user, Availability::Online)));
        known.users.extend(idle.into_iter().map(|user| (user, Availability::Idle)));
        for user in offline {
            known.users.remove(&user);
        }
        about.into_iter().for_each(|user| self.note(user));
    }

    /// Time goes on: whoever left has gone by now, and what was heard of silent instances holds no more, unless none can be
    /// heard.
    pub fn expire(&mut self, now: Instant, others_are_heard: bool) {
        let is_gone = |at: Instant| now.saturating_duration_since(at) >= hastened(GRACE);
        while let Some((at, user)) = self.leaving.front().copied().filter(|(at, _)| is_gone(*at)) {
            self.leaving.pop_front();
            // They may have come again, and left again.
            if self.here.get(&user).and_then(|here| here.left).is_some_and(|(left, _)| left == at) {
                self.here.remove(&user);
                self.note_here(user);
            }
        }
        if !others_are_heard {
            return self.elsewhere.values_mut().for_each(|heard| heard.at = now);
        }
        let silent = |heard: &Elsewhere| now.saturating_duration_since(heard.at) > hastened(LEASE);
        let silent: Vec<Elsewhere> =
            self.elsewhere.extract_if(|_, heard| silent(heard)).map(|(_, heard)| heard).collect();
        silent.into_iter().flat_map(|heard| heard.users.into_keys()).for_each(|user| self.note(user));
    }

    /// Whether somebody is to be told something.
    pub fn has_news(&self) -> bool {
        !self.changed.is_empty() || !self.untold.is_empty() || !self.unheard.is_empty()
    }

    /// Whose state is another than was told, and which: at most `most`, who count as told from then on.
    pub fn take_changes(&mut self, most: usize) -> Vec<(UserId, Availability)> {
        let mut changes = Vec::new();
        while changes.len() < most
            && let Some(user) = self.untold.pop_first()
        {
            changes.push((user, self.of(user)));
        }
        while changes.len() < most
            && let Some(user) = self.changed.pop_first()
        {
            let state = self.of(user);
            if state != self.told.get(&user).copied().unwrap_or(Availability::Offline) {
                changes.push((user, state));
            }
        }
        for (user, state) in &changes {
            match state {
                Availability::Offline => self.told.remove(user),
                state => self.told.insert(*user, *state),
            };
        }
        changes
    }

    /// They could not be told: they are the first of the next.
    pub fn put_back(&mut self, users: impl IntoIterator<Item = UserId>) {
        self.untold.extend(users);
    }

    /// What the other instances are to hear: what has changed here, or all of it.
    pub fn sheet(&mut self, instance: &str, whole: bool) -> Option<StateSheet> {
        let changed = std::mem::take(&mut self.unheard);
        // That nobody is here is told too, where others may think otherwise.
        if changed.is_empty() && !(whole && (self.version > 0 || !self.here.is_empty())) {
            return None;
        }
        self.version += 1;
        let mut sheet =
            StateSheet { instance: instance.to_owned(), version: self.version, whole, ..StateSheet::default() };
        let users = if whole { self.here.keys().copied().collect() } else { changed };
        for user in users {
            match self.here.get(&user).map(Here::state) {
                Some(Availability::Online) => sheet.online.push(user),
                Some(Availability::Idle) => sheet.idle.push(user),
                _ => sheet.offline.push(user),
            }
        }
        Some(sheet)
    }

    /// Somebody's state may have changed, by what is so here.
    fn note_here(&mut self, user: UserId) {
        self.unheard.insert(user);
        self.note(user);
    }

    fn note(&mut self, user: UserId) {
        self.changed.insert(user);
        self.now.set(user, self.of(user));
    }

    fn of(&self, user: UserId) -> Availability {
        let here = self.here.get(&user).map(Here::state);
        let elsewhere = self.elsewhere.values().filter_map(|heard| heard.users.get(&user).copied());
        elsewhere.chain(here).max().unwrap_or(Availability::Offline)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Availability::{Idle, Offline, Online};

    fn sheet(version: u64, online: &[UserId], offline: &[UserId]) -> StateSheet {
        let (online, offline) = (online.to_vec(), offline.to_vec());
        StateSheet { instance: "b".into(), version, online, offline, ..StateSheet::default() }
    }

    #[test]
    fn a_person_is_online_while_one_of_their_pages_is_in_use() {
        let (mut states, now) = (PersonStates::default(), Instant::now());
        states.arrive(1);
        states.arrive(1);
        assert_eq!(states.take_changes(9), [(1, Online)]);
        states.set_idle(1, true);
        assert_eq!(states.take_changes(9), []);
        states.set_idle(1, true);
        assert_eq!(states.take_changes(9), [(1, Idle)]);
        states.depart(1, true, now);
        assert_eq!(states.take_changes(9), []);
        states.set_idle(1, false);
        assert_eq!(states.take_changes(9), [(1, Online)]);
        assert_eq!(states.shared().online(), [1]);
    }

    #[test]
    fn whoever_loads_their_page_anew_was_never_gone() {
        let (mut states, now) = (PersonStates::default(), Instant::now());
        states.arrive(1);
        states.take_changes(9);
        states.depart(1, false, now);
        states.expire(now + GRACE / 2, true);
        states.arrive(1);
        states.expire(now + GRACE * 2, true);
        assert_eq!(states.take_changes(9), []);
        states.depart(1, false, now + GRACE * 2);
        states.expire(now + GRACE * 3, true);
        assert_eq!(states.take_changes(9), [(1, Offline)]);
    }

    #[test]
    fn the_most_present_state_of_all_instances_counts() {
        let (mut states, now) = (PersonStates::default(), Instant::now());
        states.arrive(1);
        states.set_idle(1, true);
        states.hear(sheet(1, &[1, 2], &[]), now);
        assert_eq!(states.take_changes(9), [(1, Online), (2, Online)]);
        states.hear(sheet(2, &[], &[1, 2]), now);
        assert_eq!(states.take_changes(9), [(1, Idle), (2, Offline)]);
        states.hear(sheet(1, &[2], &[]), now);
        assert_eq!(states.take_changes(9), [], "an older sheet changes nothing");
    }

    #[test]
    fn an_instance_that_is_silent_leaves_nobody_online_and_one_that_cant_be_heard_does() {
        let (mut states, now) = (PersonStates::default(), Instant::now());
        states.hear(sheet(1, &[1], &[]), now);
        states.take_changes(9);
        states.expire(now + LEASE * 2, false);
        states.expire(now + LEASE * 3, true);
        assert_eq!(states.take_changes(9), []);
        states.expire(now + LEASE * 4, true);
        assert_eq!(states.take_changes(9), [(1, Offline)]);
    }

    #[test]
    fn others_hear_what_has_changed_and_all_of_it_now_and_then() {
        let mut states = PersonStates::default();
        assert_eq!(states.sheet("a", true), None, "nobody was ever here");
        states.arrive(1);
        states.arrive(2);
        assert_eq!(states.sheet("a", false).map(|sheet| sheet.online), Some(vec![1, 2]));
        assert_eq!(states.sheet("a", false), None);
        states.set_idle(2, true);
        assert_eq!(states.sheet("a", false).map(|sheet| (sheet.online, sheet.idle)), Some((vec![], vec![2])));
        let mut whole = states.sheet("a", true).expect("a sheet");
        whole.online.sort_unstable();
        assert_eq!((whole.whole, whole.online, whole.idle), (true, vec![1], vec![2]));
    }

    #[test]
    fn a_whole_sheet_takes_the_place_of_what_was_heard() {
        let (mut states, now) = (PersonStates::default(), Instant::now());
        states.hear(sheet(1, &[1, 2], &[]), now);
        states.take_changes(9);
        states.hear(StateSheet { whole: true, ..sheet(2, &[2], &[]) }, now);
        assert_eq!(states.take_changes(9), [(1, Offline)]);
    }

    #[test]
    fn changes_come_in_parts_and_what_could_not_be_told_comes_again() {
        let mut states = PersonStates::default();
        (1..=5).for_each(|user| states.arrive(user));
        let first: Vec<UserId> = states.take_changes(3).into_iter().map(|(user, _)| user).collect();
        states.put_back(first);
        assert_eq!(states.take_changes(4).len(), 4);
        assert_eq!(states.take_changes(4).len(), 1);
        states.sheet("a", false);
        assert!(!states.has_news());
    }
}
