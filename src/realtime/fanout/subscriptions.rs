//! The sockets that sit in a room, on one worker thread.

use std::collections::HashMap;
use std::io::IoSlice;
use std::rc::Rc;

use bytes::Bytes;
use slab::Slab;

use crate::realtime::fanout::{Live, Outbox, SocketId};
use crate::wire::{Seq, UserId};

/// A list that is walked for every frame. A seat keeps its place until it is left, so that a walk may rest between two
/// seats while others stand up.
#[derive(Default)]
pub struct Subscriptions {
    list: Slab<Taken>,
    places: HashMap<SocketId, usize>,
}

pub struct Taken {
    pub session: SocketId,
    pub user: UserId,
    pub generation: u32,
    pub above: Seq,
    pub outbox: Rc<Outbox>,
}

/// Frames on their way to everybody in a room.
pub struct Broadcast {
    frames: Vec<Bytes>,
    /// The number of each frame, rising; none where everybody gets them whatever they have.
    numbers: Vec<Seq>,
    except: Option<UserId>,
    /// The place it goes on at.
    place: usize,
}

/// How far a part of a walk has come.
#[derive(Default)]
pub struct Broadcasted {
    pub seats: usize,
    /// Live frames that sockets took in.
    pub delivered: usize,
    pub done: bool,
}

impl Broadcast {
    /// With live frames, in the order of their numbers.
    pub fn deliver(live: &[Live]) -> Self {
        let mut walk = Self { frames: Vec::new(), numbers: Vec::new(), except: None, place: 0 };
        walk.extend(live);
        walk
    }

    /// With a word for everybody but one user.
    pub fn tell(frame: Bytes, except: Option<UserId>) -> Self {
        Self { frames: vec![frame], numbers: Vec::new(), except, place: 0 }
    }

    pub fn bytes(&self) -> usize {
        self.frames.iter().map(Bytes::len).sum()
    }

    /// Adds what comes next.
    pub fn extend(&mut self, live: &[Live]) {
        self.frames.extend(live.iter().map(|live| live.frame.clone()));
        self.numbers.extend(live.iter().map(|live| live.seq));
    }
}

impl Subscriptions {
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }

    pub fn get(&self, session: SocketId) -> Option<&Taken> {
        self.list.get(*self.places.get(&session)?)
    }

    pub fn all(&self) -> impl Iterator<Item = &Taken> {
        self.list.iter().map(|(_, taken)| taken)
    }

    /// Takes a seat, or takes it anew.
    pub fn take(&mut self, taken: Taken) {
        match self.places.get(&taken.session) {
            Some(&place) => self.list[place] = taken,
            None => {
                let session = taken.session;
                self.places.insert(session, self.list.insert(taken));
            }
        }
    }

    pub fn leave(&mut self, session: SocketId) {
        if let Some(place) = self.places.remove(&session) {
            self.list.remove(place);
        }
    }

    /// Gives at most `most` sockets what the walk brings them.
    pub fn walk(&self, walk: &mut Broadcast, most: usize) -> Broadcasted {
        let slices: Vec<IoSlice<'_>> = walk.frames.iter().map(|frame| IoSlice::new(frame)).collect();
        let mut walked = Broadcasted::default();
        while walked.seats < most && walk.place < self.list.capacity() {
            let seat = self.list.get(walk.place);
            walk.place += 1;
            let Some(seat) = seat else { continue };
            walked.seats += 1;
            if walk.except == Some(seat.user) {
                continue;
            }
            let from = walk.numbers.partition_point(|seq| *seq <= seat.above);
            if from < slices.len() {
                let taken = seat.outbox.send_all(&walk.frames[from..], &slices[from..]);
                walked.delivered += if walk.numbers.is_empty() { 0 } else { taken };
            }
        }
        walked.done = walk.place >= self.list.capacity();
        walked
    }
}
