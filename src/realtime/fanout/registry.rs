//! The sockets of one worker thread: who they are, where they sit.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use bytes::Bytes;
use litemap::LiteMap;

use crate::chat::extras::Changed;
use crate::realtime::fanout::subscriptions::{Broadcast, Broadcasted, Subscriptions, Taken};
use crate::realtime::fanout::{DeliveryOp, Outbox, Subscription, counters};
use crate::wire::frame;
use crate::wire::{Close, MAX_PEOPLE, RoomId, Seq, ServerFrame, UserId};

/// A socket of this instance; never given twice while the process lives.
pub type SocketId = u64;

thread_local! {
    static REGISTRY: RefCell<Registry> = RefCell::default();
}

/// Works on this thread's registry. Nothing in here calls back into an actor, so it is never borrowed twice.
/// Tells the metrics what was done.
pub fn registry<T>(work: impl FnOnce(&mut Registry) -> T) -> T {
    let done = REGISTRY.with_borrow_mut(work);
    counters::tell();
    done
}

/// The sockets of this thread.
#[derive(Default)]
pub struct Registry {
    sessions: HashMap<SocketId, LocalSocket>,
    users: HashMap<UserId, HashSet<SocketId>>,
    rooms: HashMap<RoomId, Subscriptions>,
    /// Sockets of members, joined or not.
    watchers: HashMap<RoomId, HashSet<SocketId>>,
    /// Where the room stood when the first of them came.
    bases: HashMap<RoomId, RoomBase>,
}

/// Where a room stood at some moment, for a socket that knows of no change since.
#[derive(Clone, Copy)]
pub struct RoomBase {
    /// Messages ever sent there.
    pub count: i64,
    /// See [`RoomState::lowered`](crate::chat::rooms::RoomState::lowered).
    pub lowered: Seq,
}

impl RoomBase {
    /// Of a room whose numbers no `welcome` has told: nothing has changed since.
    const LATEST: Self = Self { count: i64::MAX, lowered: Seq::MAX };

    /// What both have seen.
    pub fn earlier(self, other: Self) -> Self {
        Self { count: self.count.min(other.count), lowered: self.lowered.min(other.lowered) }
    }
}

/// A socket and whose it is.
pub struct LocalSocket {
    pub user: UserId,
    pub outbox: Rc<Outbox>,
    /// The rooms this socket has asked to join and not left, with the number of the join.
    joined: LiteMap<RoomId, u32>,
    /// The rooms it is registered for as a member's.
    watched: LiteMap<RoomId, ()>,
    /// Until `welcome` is sent.
    early: Option<Box<Early>>,
}

/// What happens while `welcome` is read.
#[derive(Default)]
struct Early {
    /// What the user is told; at most [`MAX_EARLY`], since `welcome` says the rest.
    told: Vec<Bytes>,
    /// Rooms whose membership ended, which `welcome` may still list.
    ended: HashSet<RoomId>,
}

const MAX_EARLY: usize = 64;

impl LocalSocket {
    fn tell(&mut self, frame: &Bytes) {
        match &mut self.early {
            None => self.outbox.send(frame.clone()),
            Some(early) if early.told.len() < MAX_EARLY => early.told.push(frame.clone()),
            Some(_) => {}
        }
    }
}

impl Registry {
    /// Registers a socket; it hears from here on what concerns its user.
    pub fn admit(&mut self, session: SocketId, user: UserId, outbox: Rc<Outbox>) {
        self.users.entry(user).or_default().insert(session);
        let (joined, watched, early) = (LiteMap::with_capacity(1), LiteMap::with_capacity(1), Some(Box::default()));
        let visitor = LocalSocket { user, outbox, joined, watched, early };
        self.sessions.insert(session, visitor);
    }

    /// Sends `welcome`, the first frame of a socket, and what the user was told meanwhile. `rooms`: the user's, and where
    /// they stand.
    pub fn welcome(&mut self, session: SocketId, rooms: &[(RoomId, RoomBase)], welcome: Bytes) {
        let early = self.sessions.get_mut(&session).and_then(|visitor| visitor.early.take()).unwrap_or_default();
        for (room, base) in rooms.iter().filter(|(room, _)| !early.ended.contains(room)) {
            self.watch_one(session, *room);
            self.bases.entry(*room).or_insert(*base);
        }
        if let Some(visitor) = self.sessions.get(&session) {
            let frames: Vec<Bytes> = std::iter::once(welcome).chain(early.told).collect();
            visitor.outbox.send_each(&frames);
        }
    }

    /// Forgets a socket. The one clean-up of this thread for a socket, however it ended.
    pub fn dismiss(&mut self, session: SocketId) {
        let Some(visitor) = self.sessions.remove(&session) else { return };
        remove_from(&mut self.users, visitor.user, session);
        for (room, _) in visitor.joined {
            self.unsubscribe(room, session);
        }
        for (room, ()) in visitor.watched {
            remove_from(&mut self.watchers, room, session);
        }
    }

    /// A session wants to join: a seat for this generation will be taken, one for an older is too late.
    pub fn expect(&mut self, session: SocketId, room: RoomId, generation: u32) {
        if let Some(visitor) = self.sessions.get_mut(&session) {
            visitor.joined.insert(room, generation);
        }
    }

    /// Whether a session is in a room, or joining it.
    pub fn expects(&self, session: SocketId, room: RoomId, generation: u32) -> bool {
        self.sessions.get(&session).is_some_and(|visitor| visitor.joined.get(&room) == Some(&generation))
    }

    /// A session has left, or could not join: nothing of that room reaches it any more.
    pub fn leave(&mut self, session: SocketId, room: RoomId, generation: u32) {
        let Some(visitor) = self.sessions.get_mut(&session) else { return };
        if visitor.joined.get(&room) == Some(&generation) {
            visitor.joined.remove(&room);
            self.unsubscribe(room, session);
        }
    }

    /// This socket's user is a member of the room.
    pub fn watch_one(&mut self, session: SocketId, room: RoomId) {
        if let Some(visitor) = self.sessions.get_mut(&session) {
            visitor.watched.insert(room, ());
            if let Some(early) = &mut visitor.early {
                early.ended.remove(&room);
            }
            self.watchers.entry(room).or_default().insert(session);
        }
    }

    /// Does what a room or the hub wants done; a walk from its first socket to its last.
    pub(crate) fn act(&mut self, op: DeliveryOp) {
        match op {
            DeliveryOp::Deliver { room, frames } => {
                self.walk(room, &mut Broadcast::deliver(&frames), usize::MAX);
            }
            DeliveryOp::Tell { room, frame, except } => {
                self.walk(room, &mut Broadcast::tell(frame, except), usize::MAX);
            }
            DeliveryOp::Subscribe(seat) => self.seat(seat),
            DeliveryOp::Unsubscribe { room, session, generation, farewell } => {
                self.unseat(room, session, generation, farewell);
            }
            DeliveryOp::TellUsers { users, frame, except, .. } => self.tell_users(&users, &frame, except),
            DeliveryOp::Activity { room, frame, reads } => self.activity(room, &frame, &reads),
            DeliveryOp::TellEach { frames, .. } => {
                frames.iter().for_each(|(user, frame)| self.tell_user(*user, frame, |_, _| true));
            }
            DeliveryOp::Announce { members, to_members, blind, to_others } => {
                self.announce(&members, &to_members, &blind, to_others.as_ref());
            }
            DeliveryOp::PeopleChanged { changed } => self.people_changed(&changed),
            DeliveryOp::Watch { room, user, member } => self.watch(room, user, member),
            DeliveryOp::Watchers { room, members } => self.watchers(room, &members),
            DeliveryOp::CloseRoom { room, close } => self.close_room(room, close),
        }
    }

    fn watch(&mut self, room: RoomId, user: UserId, member: bool) {
        for session in self.users.get(&user).cloned().unwrap_or_default() {
            if member { self.watch_one(session, room) } else { self.unwatch_one(session, room) }
        }
    }

    /// The sockets here that watch a room are those of its members.
    fn watchers(&mut self, room: RoomId, members: &HashSet<UserId>) {
        let all: Vec<_> = self.sessions.iter().map(|(session, visitor)| (*session, visitor.user)).collect();
        for (session, user) in all {
            let joined = self.sessions.get(&session).is_some_and(|visitor| visitor.joined.contains_key(&room));
            if members.contains(&user) {
                self.watch_one(session, room);
            } else if !joined {
                // Who is in came in as a member, perhaps after this list was read; a removal ends the seat first.
                self.unwatch_one(session, room);
            }
        }
    }

    fn unwatch_one(&mut self, session: SocketId, room: RoomId) {
        remove_from(&mut self.watchers, room, session);
        if let Some(visitor) = self.sessions.get_mut(&session) {
            visitor.watched.remove(&room);
            if let Some(early) = &mut visitor.early {
                early.ended.insert(room);
            }
        }
    }

    /// The rooms whose members have sockets here, and where they stood when the first of these came.
    pub fn watched(&mut self) -> HashMap<RoomId, RoomBase> {
        self.bases.retain(|room, _| self.watchers.contains_key(room));
        let base = |room: &RoomId| self.bases.get(room).copied().unwrap_or(RoomBase::LATEST);
        self.watchers.keys().map(|room| (*room, base(room))).collect()
    }

    /// Who has sockets here that hear of each of these rooms, or may be about to: those whose `welcome` is being read may be
    /// members of any.
    pub fn listeners(&self, rooms: &[RoomId]) -> HashMap<RoomId, HashSet<UserId>> {
        let early: HashSet<UserId> =
            self.sessions.values().filter(|visitor| visitor.early.is_some()).map(|visitor| visitor.user).collect();
        let watchers = |room: &RoomId| self.watchers.get(room).into_iter().flatten();
        let users = |room: &RoomId| {
            let users = watchers(room).filter_map(|session| self.sessions.get(session)).map(|visitor| visitor.user);
            users.chain(early.iter().copied()).collect()
        };
        rooms.iter().map(|room| (*room, users(room))).collect()
    }

    fn seat(&mut self, seat: Subscription) {
        let Some(visitor) = self.sessions.get(&seat.session) else { return };
        if visitor.joined.get(&seat.room) != Some(&seat.generation) {
            return;
        }
        visitor.outbox.send_each(&seat.frames);
        self.rooms.entry(seat.room).or_default().take(Taken {
            session: seat.session,
            user: visitor.user,
            generation: seat.generation,
            above: seat.above,
            outbox: Rc::clone(&visitor.outbox),
        });
        let _ = seat.placed.send(seat.next);
    }

    fn unseat(&mut self, room: RoomId, session: SocketId, generation: u32, farewell: Option<Bytes>) {
        let Some(visitor) = self.sessions.get_mut(&session) else { return };
        let outbox = Rc::clone(&visitor.outbox);
        // A newer join is on its way: it will be judged by itself, but the seat of the older one ends now.
        let newer = visitor.joined.get(&room).is_some_and(|joined| *joined > generation);
        if !newer {
            visitor.joined.remove(&room);
        }
        let taken = self.rooms.get(&room).and_then(|seats| seats.get(session));
        if taken.is_some_and(|taken| taken.generation <= generation) {
            self.unsubscribe(room, session);
            if let Some(farewell) = farewell.filter(|_| !newer) {
                outbox.send(farewell);
            }
        }
    }

    /// Goes on with a walk through a room; see [`Subscriptions::walk`].
    pub(crate) fn walk(&mut self, room: RoomId, walk: &mut Broadcast, most: usize) -> Broadcasted {
        let Some(seats) = self.rooms.get(&room) else { return Broadcasted { done: true, ..Broadcasted::default() } };
        let walked = seats.walk(walk, most);
        counters::delivered(walked.delivered);
        walked
    }

    fn tell_users(&mut self, users: &[UserId], frame: &Bytes, except: Option<SocketId>) {
        for user in users {
            self.tell_user(*user, frame, |session, _| Some(session) != except);
        }
    }

    fn activity(&mut self, room: RoomId, frame: &Bytes, reads: &[(UserId, Bytes)]) {
        let away = |visitor: &LocalSocket| !visitor.joined.contains_key(&room);
        for session in self.watchers.get(&room).into_iter().flatten() {
            if let Some(visitor) = self.sessions.get_mut(session).filter(|visitor| away(visitor)) {
                visitor.tell(frame);
            }
        }
        for (user, frame) in reads {
            self.tell_user(*user, frame, |_, visitor| away(visitor));
        }
    }

    fn announce(
        &mut self,
        members: &HashSet<UserId>,
        to_members: &Bytes,
        blind: &HashSet<UserId>,
        to_others: Option<&Bytes>,
    ) {
        for visitor in self.sessions.values_mut() {
            if members.contains(&visitor.user) {
                visitor.tell(to_members);
            } else if let Some(frame) = to_others
                && !blind.contains(&visitor.user)
            {
                visitor.tell(frame);
            }
        }
    }

    /// Gives each socket one frame, with those of these people whom its user sees.
    fn people_changed(&mut self, changed: &[Changed]) {
        let mut seen: HashMap<SocketId, BTreeSet<usize>> = HashMap::new();
        for (index, Changed { seq, user, rooms, talks, .. }) in changed.iter().enumerate() {
            // In a crowd people come and go all the time, and nobody looks for each of them.
            let is_told = |seats: &&Subscriptions| seq.is_some() || seats.len() <= MAX_PEOPLE;
            let rooms = rooms.iter().filter_map(|room| self.rooms.get(room)).filter(is_told);
            let seats = rooms.flat_map(Subscriptions::all);
            let watchers = talks.iter().filter_map(|talk| self.watchers.get(talk)).chain(self.users.get(&user.id));
            let own = self.users.get(&user.id);
            for session in seats.map(|seat| seat.session).chain(watchers.flatten().copied()) {
                // That one is there oneself is no news.
                if seq.is_some() || own.is_none_or(|own| !own.contains(&session)) {
                    seen.entry(session).or_default().insert(index);
                }
            }
        }
        let mut frames: HashMap<BTreeSet<usize>, Bytes> = HashMap::new();
        for (session, indexes) in seen {
            let frame = frames.entry(indexes).or_insert_with_key(|indexes| {
                let users: Vec<_> = indexes.iter().map(|index| &changed[*index].state).collect();
                frame::text(&ServerFrame::State { users: &users }.to_json())
            });
            if let Some(visitor) = self.sessions.get_mut(&session) {
                visitor.tell(frame);
            }
        }
    }

    fn close_room(&mut self, room: RoomId, close: Close) {
        for seat in self.rooms.get(&room).into_iter().flat_map(Subscriptions::all) {
            seat.outbox.close(close);
        }
    }

    pub(crate) fn close_all(&mut self, close: Close) {
        for visitor in self.sessions.values() {
            visitor.outbox.close(close);
        }
    }

    /// Pings the sockets whose turn it is.
    pub(crate) fn ping(&mut self, beat: u64, beats: u64) {
        let ping = frame::ping();
        for (_, visitor) in self.sessions.iter().filter(|(session, _)| *session % beats == beat) {
            visitor.outbox.ping(&ping);
        }
    }

    fn tell_user(&mut self, user: UserId, frame: &Bytes, to: impl Fn(SocketId, &LocalSocket) -> bool) {
        for session in self.users.get(&user).into_iter().flatten() {
            if let Some(visitor) = self.sessions.get_mut(session).filter(|visitor| to(*session, visitor)) {
                visitor.tell(frame);
            }
        }
    }

    fn unsubscribe(&mut self, room: RoomId, session: SocketId) {
        let Some(seats) = self.rooms.get_mut(&room) else { return };
        seats.leave(session);
        if seats.is_empty() {
            self.rooms.remove(&room);
        }
    }
}

fn remove_from<K: std::hash::Hash + Eq>(map: &mut HashMap<K, HashSet<SocketId>>, key: K, session: SocketId) {
    if let Some(sessions) = map.get_mut(&key) {
        sessions.remove(&session);
        if sessions.is_empty() {
            map.remove(&key);
        }
    }
}
