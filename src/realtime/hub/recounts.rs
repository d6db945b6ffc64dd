//! Telling people that what is unread, or mentions them, became less by something else than reading: by a deletion, a removal,
//! an edit. The numbers are counted anew, by each instance for those who have sockets there, some at a time, and not more
//! often than once in a while.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::prelude::*;
use bytes::Bytes;
use futures_util::future::join_all;
use tokio::sync::oneshot;

use crate::base::failpoints::hastened;
use crate::base::panics::catch_panic;
use crate::chat::events::NumbersFall;
use crate::chat::read_state::{self, MarksBelow, ReadMarker};
use crate::chat::rooms::RoomHead;
use crate::db::Store;
use crate::realtime::fanout::{DeliveryOp, Fanout, FanoutMessage, OnThread, RoomBase, registry};
use crate::realtime::hub::Hub;
use crate::wire::frame;
use crate::wire::refusal::Refusal;
use crate::wire::{RoomId, ServerFrame, UserId};

/// From one round to the next: whoever's numbers fell is told within two seconds.
const INTERVAL: Duration = Duration::from_secs(1);
/// People who are counted for in one query.
const USERS_AT_ONCE: usize = 256;
/// Rooms of one round; the others wait for the next.
const ROOMS_AT_ONCE: usize = 256;

/// What is to be counted anew.
#[derive(Default)]
pub(crate) struct Recounts {
    /// At most one for each room.
    waiting: HashMap<RoomId, NumbersFall>,
    /// When the latest round began.
    began: Option<Instant>,
    /// A round is under way, or about to begin.
    busy: bool,
}

impl Hub {
    /// Counts anew for those whose numbers fell.
    pub(crate) fn recount_soon(&mut self, room: RoomId, fall: NumbersFall, ctx: &mut Context<Self>) {
        if let Some(known) = self.standings.get_mut(&room) {
            known.lowered = known.lowered.max(fall.seq);
        }
        let fall = match self.recounts.waiting.remove(&room) {
            Some(known) => known.merge(fall),
            None => fall,
        };
        self.recounts.waiting.insert(room, fall);
        self.begin_recount(ctx);
    }

    /// Finds what nobody has told, by the numbers of a poll. `watched` has what the members here know of at least.
    pub(crate) fn compare_falls(
        &mut self,
        standings: &[RoomHead],
        watched: &HashMap<RoomId, RoomBase>,
        ctx: &mut Context<Self>,
    ) {
        for &RoomHead { id, lowered, .. } in standings {
            let known = self.standings.get(&id).map(|known| known.lowered);
            let known = known.or_else(|| watched.get(&id).map(|base| base.lowered));
            if known.is_some_and(|known| lowered > known) {
                // The messages are older than the change.
                self.recount_soon(id, NumbersFall { seq: lowered, below: lowered, users: None }, ctx);
            }
        }
    }

    fn begin_recount(&mut self, ctx: &mut Context<Self>) {
        if self.recounts.busy || self.recounts.waiting.is_empty() {
            return;
        }
        self.recounts.busy = true;
        let since = self.recounts.began.map_or(INTERVAL, |began| began.elapsed());
        ctx.run_later(hastened(INTERVAL).saturating_sub(since), |hub, ctx| {
            hub.recounts.began = Some(Instant::now());
            let rooms: Vec<RoomId> = hub.recounts.waiting.keys().copied().take(ROOMS_AT_ONCE).collect();
            let falls = rooms.into_iter().filter_map(|room| hub.recounts.waiting.remove_entry(&room)).collect();
            let told = tell_all(hub.store.clone(), hub.workers.clone(), falls);
            ctx.spawn(told.into_actor(hub).map(|(), hub, ctx| {
                hub.recounts.busy = false;
                catch_panic(|| hub.begin_recount(ctx));
            }));
        });
    }
}

/// Reads the numbers of those who have sockets here, and has their sockets told.
async fn tell_all(store: Store, workers: Vec<Addr<Fanout>>, falls: Vec<(RoomId, NumbersFall)>) {
    let rooms: Arc<[RoomId]> = falls.iter().map(|(room, _)| *room).collect();
    let mut listeners = listeners(&workers, &rooms).await;
    for (room, NumbersFall { below, users, .. }) in falls {
        let here = listeners.remove(&room).unwrap_or_default().into_iter();
        let here: Vec<UserId> = here.filter(|user| users.as_ref().is_none_or(|users| users.contains(user))).collect();
        for users in here.chunks(USERS_AT_ONCE).map(<[UserId]>::to_vec) {
            let read =
                move |connection: &mut _| Ok::<_, Refusal>(read_state::marks_below(connection, room, below, &users)?);
            // A failure is logged where it happens; `welcome` has the numbers.
            let Ok(Some(marks)) = store.read(read).await else { break };
            let frames = frames(&marks);
            for worker in &workers {
                let _ =
                    worker.send(FanoutMessage::from(DeliveryOp::TellEach { room, frames: Arc::clone(&frames) })).await;
            }
        }
    }
}

/// Who has sockets here that hear of these rooms.
async fn listeners(workers: &[Addr<Fanout>], rooms: &Arc<[RoomId]>) -> HashMap<RoomId, HashSet<UserId>> {
    let asked = workers.iter().map(|worker| {
        let (rooms, (answer, answered)) = (Arc::clone(rooms), oneshot::channel());
        let ask = OnThread(Box::new(move || _ = answer.send(registry(|all| all.listeners(&rooms)))));
        let asked = worker.send(ask);
        async move { if asked.await.is_ok() { answered.await.unwrap_or_default() } else { HashMap::new() } }
    });
    let mut all: HashMap<RoomId, HashSet<UserId>> = HashMap::new();
    for (room, users) in join_all(asked).await.into_iter().flatten() {
        all.entry(room).or_default().extend(users);
    }
    all
}

fn frames(MarksBelow { slug, seq, members }: &MarksBelow) -> Arc<[(UserId, Bytes)]> {
    let frame = |(user, marks): &(UserId, ReadMarker)| {
        let ReadMarker { seq: mark, unread, mentions, count } = *marks;
        let read = ServerFrame::Read { room: slug, seq: mark, unread, mentions, count, at: Some(*seq), back: false };
        (*user, frame::text(&read.to_json()))
    };
    members.iter().map(frame).collect()
}
