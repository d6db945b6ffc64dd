//! Asking the database, in one query for all rooms that somebody here is in or is a member of, which have moved on, and
//! which sessions have ended: whatever else fails to tell, this does.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use actix::prelude::*;
use futures_util::future::join_all;
use tokio::sync::oneshot;

use crate::base::mailbox::send_detached;
use crate::base::panics::catch_panic;
use crate::chat::extras;
use crate::chat::login_sessions;
use crate::chat::login_sessions::State;
use crate::chat::rooms;
use crate::chat::rooms::RoomHead;
use crate::realtime::fanout::{DeliveryOp, OnThread, RoomBase, SocketId, registry};
use crate::realtime::hub::{CloseSocket, Hub, POLLS_ALWAYS, Socket};
use crate::realtime::room::{PollResult, RecheckMembers};
use crate::wire::refusal::Refusal;
use crate::wire::{Close, RoomId};

/// Where rooms stand, the epoch, the latest change of people with the one that had been told, and the sessions that have not ended.
type Polled = (Vec<RoomHead>, String, (i64, i64), HashMap<String, State>);

impl Hub {
    /// Once in a while always, since an instance may have died between its commit and its word; every time while words
    /// don't arrive.
    pub(crate) fn poll_if_due(&mut self, ctx: &mut Context<Self>) {
        self.polls_skipped += 1;
        if self.polls_skipped >= POLLS_ALWAYS || !self.broker.is_healthy() {
            self.polls_skipped = 0;
            self.poll(ctx);
        }
    }

    pub(crate) fn poll(&mut self, ctx: &mut Context<Self>) {
        self.rooms.retain(|_, room| room.address.connected());
        if self.rooms.is_empty() && self.sockets.is_empty() {
            return;
        }
        // What is missed while a poll is under way, that poll may not see.
        self.poll_again = self.polling;
        if std::mem::replace(&mut self.polling, true) {
            return;
        }
        let (open, watched) = (self.rooms.values().map(|room| room.id).collect::<Vec<_>>(), self.watched());
        let asked: HashSet<String> = self.sockets.values().map(|socket| socket.token_hash.clone()).collect();
        let hashes: Vec<String> = asked.iter().cloned().collect();
        let (store, told) = (self.store.clone(), self.people.seq);
        let read = async move {
            let watched = watched.await;
            let ids: HashSet<RoomId> = watched.keys().copied().chain(open).collect();
            let ids: Vec<RoomId> = ids.into_iter().collect();
            let read = store.read(move |connection| {
                let standings = rooms::standings(connection, &ids)?;
                let alive = login_sessions::still_alive(connection, &hashes)?;
                Ok::<Polled, Refusal>((
                    standings,
                    rooms::epoch(connection)?,
                    (extras::latest(connection)?, told),
                    alive,
                ))
            });
            (read.await, watched)
        };
        ctx.spawn(read.into_actor(self).map(move |(read, watched), hub, ctx| {
            hub.polling = false;
            // A failure is logged where it happens; the next poll asks again.
            if let Ok(polled) = read {
                catch_panic(|| hub.polled(polled, &watched, &asked, ctx));
            }
            if std::mem::take(&mut hub.poll_again) {
                hub.poll(ctx);
            }
        }));
    }

    /// The rooms that members here have, and where they stood when the first of these came.
    fn watched(&self) -> impl Future<Output = HashMap<RoomId, RoomBase>> + use<> {
        let asked: Vec<_> = self
            .workers
            .iter()
            .map(|worker| {
                let (answer, answered) = oneshot::channel();
                let asked = worker.send(OnThread(Box::new(move || _ = answer.send(registry(|all| all.watched())))));
                async move { if asked.await.is_ok() { answered.await.unwrap_or_default() } else { HashMap::new() } }
            })
            .collect();
        async move {
            let mut watched = HashMap::new();
            for (room, base) in join_all(asked).await.into_iter().flatten() {
                watched.entry(room).and_modify(|known: &mut RoomBase| *known = known.earlier(base)).or_insert(base);
            }
            watched
        }
    }

    fn polled(
        &mut self,
        (standings, epoch, (extras_seq, told), alive): Polled,
        watched: &HashMap<RoomId, RoomBase>,
        asked: &HashSet<String>,
        ctx: &mut Context<Self>,
    ) {
        self.broker.set_epoch(&epoch);
        self.compare_people(extras_seq, told, ctx);
        self.notice(&standings, &epoch);
        self.compare_falls(&standings, watched, ctx);
        self.look_for_deleted(&standings, watched);
        self.compare(standings, watched, ctx);
        let those = |sockets: &HashMap<SocketId, Socket>, state: Option<State>| -> Vec<SocketId> {
            let is = |hash: &String| asked.contains(hash) && alive.get(hash).copied() == state;
            sockets.iter().filter(|(_, socket)| is(&socket.token_hash)).map(|(id, _)| *id).collect()
        };
        let (ended, banned) = (those(&self.sockets, None), those(&self.sockets, Some(State::Banned)));
        self.end(ended.into_iter(), &CloseSocket { close: Close::SessionEnded, bye: None });
        self.end(banned.into_iter(), &CloseSocket { close: Close::Banned, bye: None });
    }

    /// An open socket is a use of its session. Written in portions, so that messages are stored between them.
    pub(crate) fn prolong_sessions(&self) {
        let hashes: HashSet<String> = self.sockets.values().map(|socket| socket.token_hash.clone()).collect();
        let hashes: Vec<String> = hashes.into_iter().collect();
        let (store, span) = (self.store.clone(), self.session_span);
        actix_rt::spawn(async move {
            for portion in hashes.chunks(login_sessions::HASHES_AT_ONCE).map(<[String]>::to_vec) {
                // A failure is logged where it happens; there is time for the next attempt.
                let _ = store.write(move |connection| login_sessions::prolong(connection, &portion, span)).await;
            }
        });
    }

    /// A room that is not among those that were asked for is no more.
    fn look_for_deleted(&self, standings: &[RoomHead], watched: &HashMap<RoomId, RoomBase>) {
        let there: HashSet<RoomId> = standings.iter().map(|standing| standing.id).collect();
        for open in self.rooms.values().filter(|open| !there.contains(&open.id)) {
            // One that was opened after the poll began finds itself still there.
            send_detached(open.address.send(RecheckMembers));
        }
        let nobody = Arc::new(HashSet::new());
        for room in watched.keys().copied().filter(|room| !there.contains(room)) {
            self.tell_workers(|| DeliveryOp::Watchers { room, members: Arc::clone(&nobody) });
        }
    }

    fn notice(&self, standings: &[RoomHead], epoch: &str) {
        let epoch: Arc<str> = epoch.into();
        for &RoomHead { ref slug, id, seq, access, .. } in standings {
            if let Some(room) = self.in_use(id, slug) {
                send_detached(room.address.send(PollResult { seq, access, epoch: Arc::clone(&epoch) }));
            }
        }
    }
}
