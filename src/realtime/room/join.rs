//! Coming in and going: joins, catch-ups and leaves.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::prelude::*;
use serde_json::value::{RawValue, to_raw_value};
use tokio::sync::oneshot;

use crate::base::failpoints::fault_enabled;
use crate::base::mailbox::send_detached;
use crate::chat::batch::{Action, Done};
use crate::chat::events::Event;
use crate::chat::join_snapshot;
use crate::chat::join_snapshot::{Cursor, EncodedPage, JoinSnapshot, JoinStart};
use crate::realtime::fanout::{DeliveryOp, SocketId, Subscription};
use crate::realtime::room::join_queue::Join;
use crate::realtime::room::join_queue::Waiting;
use crate::realtime::room::{ChatRoom, HubEvent, Socket};
use crate::realtime::send_rate::Kind;
use crate::wire::frame;
use crate::wire::refusal::{Code, Refusal};
use crate::wire::{LeftReason, MAX_PAGE_BYTES, Ref, RoomKind, Seq, ServerFrame};

/// A socket has left, or is gone. Its worker has forgotten its seat already.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Leave {
    pub session: SocketId,
    pub generation: u32,
}

/// What was read for joins.
struct Found {
    entries: JoinSnapshot,
    /// The number handed out before the read.
    delivered_seq: Seq,
    /// What was asked for without messages, since the room remembered what came above it.
    remembered: Seq,
}

/// What some joins begin with.
struct Page {
    /// The room's number that the page shows; live frames follow above it.
    at: Seq,
    page: EncodedPage,
    /// Part of a catch-up; otherwise the latest messages.
    catch_up: bool,
    /// The latest messages, although a catch-up was asked for.
    reset: bool,
}

impl Page {
    /// Where the catch-up goes on, if it does.
    fn next(&self) -> Option<Seq> {
        self.page.messages.last().filter(|_| self.catch_up && self.page.more).map(|message| message.seq)
    }
}

impl ChatRoom {
    /// Reads what those who wait begin with, as soon as that is due. It goes on by itself until nobody waits.
    fn read_entries(&mut self, ctx: &mut Context<Self>) {
        match self.joins.due_in(self.store.arrivals.pace()) {
            None => {}
            Some(Duration::ZERO) => self.read_entries_now(ctx),
            Some(rest) => {
                self.joins.reading = true;
                ctx.run_later(rest, |room, ctx| room.read_entries_now(ctx));
            }
        }
    }

    /// The number handed out before the read tells afterwards whether numbers went back.
    fn read_entries_now(&mut self, ctx: &mut Context<Self>) {
        let (batch, wanted) = self.joins.next(self.id, self.recent.floor());
        self.joins.reading = !batch.is_empty();
        let Some(oldest) = batch.first() else { return };
        let (store, delivered_seq, remembered, left) =
            (self.store.clone(), self.delivered_seq, wanted.remembered, oldest.left());
        let read =
            async move { store.read_within(left, move |connection| join_snapshot::entries(connection, &wanted)).await };
        ctx.spawn(read.into_actor(self).map(move |read, room, ctx| {
            room.joins.reading = false;
            room.joins.note(batch.len(), read.is_err());
            match read {
                Ok(entries) => room.enter(batch, &Found { entries, delivered_seq, remembered }, ctx),
                Err(refusal) => room.fail(batch, &refusal, ctx),
            }
            room.read_entries(ctx);
        }));
    }

    /// Whoever has waited for long enough, or alone, is refused; the others are read for again, fewer at once.
    fn fail(&mut self, batch: Vec<Waiting>, refusal: &Refusal, ctx: &mut Context<Self>) {
        // The room is no more. Those who wait are not answered: they look whether another one has its name by now.
        if refusal.code == Code::NotFound {
            return self.end_deleted(ctx);
        }
        let alone = batch.len() == 1;
        let (late, others) = batch.into_iter().partition(|waiting| alone || waiting.left().is_zero());
        self.joins.put_back(others);
        for Waiting { join, .. } in late {
            self.refuse(join, refusal.clone());
        }
    }

    fn enter(&mut self, mut batch: Vec<Waiting>, found: &Found, ctx: &mut Context<Self>) {
        let Found { entries, delivered_seq, .. } = found;
        // Some have left, or joined anew, while this was read.
        batch.retain(|Waiting { join, .. }| self.joining.get(&join.session) == Some(&join.generation));
        if entries.epoch != self.epoch || entries.state.room.seq < *delivered_seq {
            return self.start_anew(&entries.epoch, ctx);
        }
        if entries.state.access < self.access {
            // Somebody was removed after this was read: it may have been one of these.
            return self.joins.put_back(batch);
        }
        if entries.state.access > self.access {
            self.check_members(ctx);
        }
        let is_member = |waiting: &Waiting| entries.members.contains_key(&waiting.join.user.id);
        let (members, others): (Vec<_>, Vec<_>) = batch.into_iter().partition(is_member);
        for Waiting { join, .. } in others {
            self.admit(join, entries.state.room.kind, ctx);
        }
        self.seat(members, found, ctx);
    }

    /// A first join of a public room makes a member; elsewhere there is no such room for this user.
    fn admit(&mut self, join: Join, kind: RoomKind, ctx: &mut Context<Self>) {
        if join.continued {
            self.joining.remove(&join.session);
            return self.turn_out(&join, ctx);
        }
        if kind != RoomKind::Public {
            return self.refuse(join, Refusal::room_not_found());
        }
        if let Err(refusal) = self.rates.check(join.user.id, Kind::Write) {
            return self.refuse(join, refusal);
        }
        let (reply, stored) = oneshot::channel();
        self.append(join.user.id, Action::Enter, reply, ctx);
        ctx.spawn(stored.into_actor(self).map(move |stored, room, ctx| {
            match stored.unwrap_or_else(|_| Err(Refusal::unanswered())) {
                Ok(Done::Entered) => {
                    let added = Event::MemberAdded { room: room.id, user: join.user.id };
                    send_detached(room.hub.send(HubEvent(added)));
                    room.joins.push(join, room.store.arrivals.begin());
                    room.read_entries(ctx);
                }
                Ok(_) => {}
                Err(refusal) => room.refuse(join, refusal),
            }
        }));
    }

    /// Brings members in. The lists of people are those with all of them.
    fn seat(&mut self, members: Vec<Waiting>, found: &Found, ctx: &mut Context<Self>) {
        let mut pages = HashMap::new();
        let (mut seats, mut again) = (Vec::with_capacity(members.len()), Vec::new());
        for waiting in members {
            let cursor = waiting.join.cursor.clone();
            let page = pages.entry(cursor).or_insert_with_key(|cursor| self.page(cursor.as_ref(), found));
            let seated =
                page.as_ref().and_then(|page| Some((Rc::clone(page), self.missed(page, waiting.join.worker)?)));
            match seated {
                Some((page, missed)) => seats.push((waiting.join, page, missed)),
                None => again.push(waiting),
            }
        }
        self.joins.put_back(again);
        let access = found.entries.state.access;
        for (join, ..) in &seats {
            self.joining.remove(&join.session);
            let socket = Socket { generation: join.generation, worker: join.worker, user: join.user.id, access };
            if self.sockets.insert(join.session, socket).is_none() {
                self.links.occupy(join.worker);
                // What a socket knew when it was opened may have changed.
                let known = found.entries.members.get(&join.user.id).filter(|(user, _)| *user != *join.user);
                self.presence.arrive(&known.map_or_else(|| Arc::clone(&join.user), |(user, _)| Arc::new(user.clone())));
            }
        }
        // Plain structs with string keys: serialising them into memory has no way to fail.
        let people = to_raw_value(&self.people()).expect("people serialise");
        for (join, page, missed) in seats {
            let mut frames = vec![Self::first_frame(&join, &page, &found.entries, &people)];
            frames.extend(missed);
            let (placed, when_placed) = oneshot::channel();
            let (session, generation, next) = (join.session, join.generation, page.next());
            let above = if next.is_some() { Seq::MAX } else { page.at.max(self.links.sent_seq(join.worker)) };
            let seat = Subscription { room: self.id, session, generation, above, frames, placed, next };
            self.links.seat(join.worker, seat);
            let _ = join.reply.send(Ok(when_placed));
        }
        self.tell_presence_soon(ctx);
        self.flush(ctx);
    }

    /// What joins at this cursor begin with; `None` where it has to be read.
    fn page(&mut self, cursor: Option<&Cursor>, found: &Found) -> Option<Rc<Page>> {
        let at = found.entries.state.room.seq;
        let page = match found.entries.beginning(cursor, found.remembered)? {
            JoinStart::Latest { page, reset } => Page { at, page, catch_up: false, reset },
            JoinStart::CatchUp(page) => Page { at, page, catch_up: true, reset: false },
            // The room may have been told of more than was read, but not of less: as of its number they are members.
            JoinStart::Remembered(after) => match self.recent.catch_up(after).filter(|_| self.delivered_seq >= at) {
                Some(page) => Page { at: self.delivered_seq, page, catch_up: true, reset: false },
                None => {
                    self.joins.behind = true;
                    return None;
                }
            },
        };
        Some(Rc::new(page))
    }

    /// What the worker has been told above the page does not come again: the socket gets it right behind its page. `None`
    /// where that is not remembered any more, or more than a page: then all is read anew.
    fn missed(&self, page: &Page, worker: usize) -> Option<Vec<bytes::Bytes>> {
        let sent_seq = self.links.sent_seq(worker);
        if page.next().is_some() || sent_seq <= page.at {
            return Some(Vec::new());
        }
        let frames = self.recent.above(page.at)?;
        let missed: Vec<_> = frames.iter().filter(|live| live.seq <= sent_seq).map(|live| live.frame.clone()).collect();
        (missed.iter().map(bytes::Bytes::len).sum::<usize>() <= MAX_PAGE_BYTES).then_some(missed)
    }

    fn first_frame(join: &Join, page: &Page, entries: &JoinSnapshot, people: &RawValue) -> bytes::Bytes {
        let room = &entries.state.room;
        let (messages, more) = (page.page.messages.as_slice(), page.page.more);
        let first = if join.continued && !page.reset {
            ServerFrame::Changes { room: &room.slug, messages, more }
        } else {
            ServerFrame::Joined {
                reference: Ref::from(&join.reference),
                room: &room.slug,
                id: room.id,
                title: entries.title(join.user.id),
                topic: &room.topic,
                epoch: &entries.room_epoch(),
                seq: page.at,
                messages,
                more,
                reset: page.reset,
                people,
                read: entries.members.get(&join.user.id).map_or(0, |(_, mark)| *mark),
            }
        };
        frame::text(&first.to_json())
    }

    fn refuse(&mut self, join: Join, refusal: Refusal) {
        self.joining.remove(&join.session);
        let _ = join.reply.send(Err(refusal));
    }

    /// Ends the seat of a socket whose user was removed while it caught up.
    fn turn_out(&mut self, join: &Join, ctx: &mut Context<Self>) {
        if let Some(socket) = self.sockets.remove(&join.session) {
            self.presence.depart(socket.user);
            self.tell_presence_soon(ctx);
            let left = ServerFrame::Left { reference: Ref::default(), room: &self.slug, reason: LeftReason::Removed };
            let farewell = Some(frame::text(&left.to_json()));
            let (session, generation) = (join.session, join.generation);
            self.links.unseat(socket.worker, DeliveryOp::Unsubscribe { room: self.id, session, generation, farewell });
            self.flush(ctx);
        }
    }
}

impl Handler<Join> for ChatRoom {
    type Result = ();

    fn handle(&mut self, join: Join, ctx: &mut Self::Context) {
        self.used = Instant::now();
        self.joining.insert(join.session, join.generation);
        let cursor = join.cursor.filter(|_| !fault_enabled("ignore_after"));
        self.joins.push(Join { cursor, ..join }, self.store.arrivals.begin());
        self.read_entries(ctx);
    }
}

impl Handler<Leave> for ChatRoom {
    type Result = ();

    fn handle(&mut self, leave: Leave, ctx: &mut Self::Context) {
        self.used = Instant::now();
        if self.joining.get(&leave.session).is_some_and(|generation| *generation <= leave.generation) {
            self.joining.remove(&leave.session);
        }
        if self.sockets.get(&leave.session).is_some_and(|socket| socket.generation <= leave.generation)
            && let Some(socket) = self.sockets.remove(&leave.session)
        {
            self.links.vacate(socket.worker);
            self.presence.depart(socket.user);
            self.tell_presence_soon(ctx);
        }
    }
}
