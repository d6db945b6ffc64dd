//! Telling sockets that people have changed: at once, and what follows within a second together, so that a socket gets at
//! most one frame a second. What is told is read from the database, on every instance by itself.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::prelude::*;
use futures_util::future::join_all;

use crate::base::failpoints::hastened;
use crate::base::panics::catch_panic;
use crate::chat::events::Event;
use crate::chat::extras::{Changed, changed_after};
use crate::realtime::fanout::DeliveryOp;
use crate::realtime::hub::Hub;
use crate::realtime::room::PeopleChanged;
use crate::wire::{Availability, MAX_PEOPLE, RoomId, User, UserId};

const INTERVAL: Duration = Duration::from_secs(1);

/// What was told of people.
pub(crate) struct PeopleTold {
    /// The number of the latest change that was told.
    pub(crate) seq: i64,
    at: Option<Instant>,
    /// It is going to be told more, or being read.
    busy: bool,
    /// Something changed while it was read.
    again: bool,
}

impl PeopleTold {
    /// Nothing yet that came after a number.
    pub fn after(seq: i64) -> Self {
        Self { seq, at: None, busy: false, again: false }
    }
}

impl Hub {
    /// Acts on what a poll has found to be the latest change, when that of this number had been told already.
    pub(crate) fn compare_people(&mut self, latest: i64, told: i64, ctx: &mut Context<Self>) {
        if latest > self.people.seq {
            self.tell_people_soon(ctx);
        } else if latest < told {
            // An older state of the database was restored.
            self.people.seq = latest;
        }
    }

    pub(crate) fn tell_people_soon(&mut self, ctx: &mut Context<Self>) {
        self.people.again = true;
        if std::mem::replace(&mut self.people.busy, true) {
            return;
        }
        let rest = self.people.at.map_or(Duration::ZERO, |told| hastened(INTERVAL).saturating_sub(told.elapsed()));
        ctx.run_later(rest, |hub, ctx| {
            hub.people.again = false;
            let states: HashMap<UserId, Availability> = hub.states.take_changes(MAX_PEOPLE).into_iter().collect();
            let ids: Vec<UserId> = states.keys().copied().collect();
            let (store, seq) = (hub.store.clone(), hub.people.seq);
            let read = async move { store.read(move |c| changed_after(c, seq, MAX_PEOPLE, &ids)).await };
            ctx.spawn(read.into_actor(hub).map(move |read, hub, ctx| {
                // A failure is logged where it happens; the next look finds that there is something to tell.
                if read.is_err() {
                    hub.states.put_back(states.keys().copied());
                }
                let mut changed = read.unwrap_or_default();
                for Changed { user, state, .. } in &mut changed {
                    if let Some(now) = states.get(&user.id) {
                        state.extras.insert("state".to_owned(), now.as_str().into());
                    }
                }
                let told = changed.iter().filter(|changed| changed.seq.is_some()).count();
                hub.people.again |= told >= MAX_PEOPLE || states.len() >= MAX_PEOPLE;
                if catch_panic(|| hub.tell_people(changed, ctx)).is_none() {
                    hub.people_told(ctx);
                }
            }));
        });
    }

    /// Tells the other instances who is connected here: those who have changed, or all.
    pub(crate) fn tell_sheet(&mut self, whole: bool) {
        if let Some(sheet) = self.states.sheet(&self.instance, whole) {
            self.broker.publish(&Event::States(sheet));
        }
    }

    /// Tells everybody who has come, gone, or is back.
    pub(crate) fn look_at_states(&mut self, ctx: &mut Context<Self>) {
        self.states.expire(Instant::now(), self.broker.is_healthy());
        self.tell_sheet(false);
        if self.states.has_news() {
            self.tell_people_soon(ctx);
        }
    }

    /// Rooms first: whoever joins one from then on finds people there as they are, and all others are told.
    fn tell_people(&mut self, changed: Vec<Changed>, ctx: &mut Context<Self>) {
        if changed.is_empty() {
            return self.people_told(ctx);
        }
        self.people.seq = changed.iter().filter_map(|changed| changed.seq).fold(self.people.seq, i64::max);
        self.people.at = Some(Instant::now());
        let mut in_rooms: HashMap<RoomId, Vec<User>> = HashMap::new();
        for Changed { user, rooms, talks, .. } in changed.iter().filter(|changed| changed.seq.is_some()) {
            for room in rooms.iter().chain(talks) {
                in_rooms.entry(*room).or_default().push(user.clone());
            }
        }
        let told = self.rooms.values().filter_map(|open| {
            let users = in_rooms.remove(&open.id)?;
            Some(open.address.send(PeopleChanged(users)))
        });
        let (told, changed): (_, Arc<[Changed]>) = (join_all(told), changed.into());
        ctx.spawn(told.into_actor(self).map(move |_, hub, ctx| {
            hub.tell_workers(|| DeliveryOp::PeopleChanged { changed: Arc::clone(&changed) });
            hub.people_told(ctx);
        }));
    }

    fn people_told(&mut self, ctx: &mut Context<Self>) {
        self.people.busy = false;
        if self.people.again {
            self.tell_people_soon(ctx);
        }
    }
}
