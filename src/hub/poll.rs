//! Asking the database, in one query for all rooms in use, which have moved on, and which sessions have ended: whatever
//! else fails to tell, this does.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use actix::prelude::*;

use super::{EndSocket, Hub, POLLS_ALWAYS};
use crate::error::Refusal;
use crate::mailbox::see_off;
use crate::protocol::{Close, RoomId, Seq};
use crate::room::Noticed;
use crate::store::{rooms, sessions};
use crate::survive::survive;

/// Where rooms stand, the epoch, and the sessions that have not ended.
type Polled = (Vec<(RoomId, Seq, i64)>, String, Vec<String>);

impl Hub {
    /// Once in a while always, since an instance may have died between its commit and its word; every time while words
    /// don't arrive.
    pub(super) fn poll_if_due(&mut self, ctx: &mut Context<Self>) {
        self.polls_skipped += 1;
        if self.polls_skipped >= POLLS_ALWAYS || !self.broker.is_well() {
            self.polls_skipped = 0;
            self.poll(ctx);
        }
    }

    pub(super) fn poll(&mut self, ctx: &mut Context<Self>) {
        self.rooms.retain(|_, room| room.address.connected());
        if self.rooms.is_empty() && self.sockets.is_empty() {
            return;
        }
        // What is missed while a poll is under way, that poll may not see.
        self.poll_again = self.polling;
        if std::mem::replace(&mut self.polling, true) {
            return;
        }
        let ids: Vec<RoomId> = self.rooms.values().map(|room| room.id).collect();
        let asked: HashSet<String> = self.sockets.values().map(|socket| socket.token_hash.clone()).collect();
        let hashes: Vec<String> = asked.iter().cloned().collect();
        let store = self.store.clone();
        let read = async move {
            let read = store.read(move |connection| {
                let numbers = rooms::numbers(connection, &ids)?;
                Ok::<Polled, Refusal>((numbers, rooms::epoch(connection)?, sessions::still_alive(connection, &hashes)?))
            });
            read.await
        };
        ctx.spawn(read.into_actor(self).map(move |read, hub, ctx| {
            hub.polling = false;
            // A failure is logged where it happens; the next poll asks again.
            if let Ok(polled) = read {
                survive(|| hub.polled(polled, &asked));
            }
            if std::mem::take(&mut hub.poll_again) {
                hub.poll(ctx);
            }
        }));
    }

    fn polled(&self, (numbers, epoch, alive): Polled, asked: &HashSet<String>) {
        self.broker.follow(&epoch);
        self.notice(&numbers, &epoch);
        let alive: HashSet<String> = alive.into_iter().collect();
        let ended = |hash: &String| asked.contains(hash) && !alive.contains(hash);
        let gone: Vec<_> =
            self.sockets.iter().filter(|(_, socket)| ended(&socket.token_hash)).map(|(id, _)| *id).collect();
        self.end(gone.into_iter(), &EndSocket { close: Close::SessionEnded, bye: None });
    }

    /// An open socket is a use of its session. Written in portions, so that messages are stored between them.
    pub(super) fn prolong_sessions(&self) {
        let hashes: HashSet<String> = self.sockets.values().map(|socket| socket.token_hash.clone()).collect();
        let hashes: Vec<String> = hashes.into_iter().collect();
        let (store, span) = (self.store.clone(), self.session_span);
        actix_rt::spawn(async move {
            for portion in hashes.chunks(sessions::HASHES_AT_ONCE).map(<[String]>::to_vec) {
                // A failure is logged where it happens; there is time for the next attempt.
                let _ = store.write(move |connection| sessions::prolong(connection, &portion, span)).await;
            }
        });
    }

    fn notice(&self, numbers: &[(RoomId, Seq, i64)], epoch: &str) {
        let epoch: Arc<str> = epoch.into();
        let by_id: HashMap<RoomId, _> = self.rooms.values().map(|room| (room.id, &room.address)).collect();
        for &(id, seq, access) in numbers {
            if let Some(room) = by_id.get(&id) {
                see_off(room.send(Noticed { seq, access, epoch: Arc::clone(&epoch) }));
            }
        }
    }
}
