//! Handing out: every change once, in the order of its number, and to members only.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use actix::prelude::*;
use bytes::Bytes;

use crate::base::failpoints::fault_enabled;
use crate::chat::batch::Change;
use crate::chat::events::{Event, NumbersFall};
use crate::chat::journal::Committed;
use crate::chat::{members, messages};
use crate::realtime::fanout::{DeliveryOp, Live};
use crate::realtime::room::replay_buffer::Recent;
use crate::realtime::room::{ChatRoom, RETRY, Socket};
use crate::wire::frame;
use crate::wire::refusal::{Code, Refusal};
use crate::wire::{EncodedMessage, LeftReason, Ref, Seq, ServerFrame, UserId};

/// The workers are told at least so often while much is handed out: well before the recent frames are forgotten.
const PUMP_FRAMES: Seq = 64;
const PUMP_BYTES: usize = 128 * 1024;

/// Changes that may come before their turn; of more the last are dropped, and read from the database.
const MAX_EARLY: usize = 1_024;

/// The database's word on the room, from the hub's poll.
#[derive(Message)]
#[rtype(result = "()")]
pub struct PollResult {
    pub seq: Seq,
    pub access: i64,
    pub epoch: Arc<str>,
}

/// Somebody was removed: see who may stay.
#[derive(Message)]
#[rtype(result = "()")]
pub struct RecheckMembers;

/// Keep no frame in which somebody's name may stand who has deleted their account.
#[derive(Message)]
#[rtype(result = "()")]
pub struct ForgetNames;

impl ChatRoom {
    /// Hands out what has its turn. Stops where the members must be read first, or where a number is missing.
    fn advance(&mut self, ctx: &mut Context<Self>) {
        while let Some(first) = self.early.first_entry() {
            if *first.key() <= self.delivered_seq {
                first.remove();
                continue;
            }
            if *first.key() > self.delivered_seq + 1 && !fault_enabled("skip_gap_read") {
                self.wait_for_gap(ctx);
                break;
            }
            if first.get().access > self.access {
                self.check_members(ctx);
                break;
            }
            let change = first.remove();
            self.hand_out(&change, ctx);
        }
        self.flush(ctx);
        self.tell_activity_soon(ctx);
    }

    /// Gives one change to the workers, with the next [`flush`](Self::flush): that is soon, so that the room never forgets a
    /// frame before the workers were told of it.
    fn hand_out(&mut self, change: &Change, ctx: &mut Context<Self>) {
        let message = EncodedMessage::from(&*change.message);
        let live = self.live(&message);
        if change.message.deleted {
            // Those who are in have what it said, or don't get it any more.
            self.flush(ctx);
            self.recent.forget(change.message.id);
        }
        self.unflushed_bytes += live.frame.len();
        self.recent.push(live, message);
        self.delivered_seq = change.message.seq;
        if !change.mentioned.is_empty() {
            let mention = ServerFrame::Mention { room: &self.slug, message: &change.message };
            let frame = frame::text(&mention.to_json());
            self.tell_users(&change.mentioned, &frame);
        }
        self.activity.news.note(change);
        if self.unflushed_bytes > PUMP_BYTES || self.delivered_seq % PUMP_FRAMES == 0 {
            self.flush(ctx);
        }
    }

    pub(crate) fn tell_users(&mut self, users: &[UserId], frame: &Bytes) {
        let users: Arc<[UserId]> = users.into();
        let room = Some(self.id);
        self.links.tell_all(|| DeliveryOp::TellUsers {
            room,
            users: Arc::clone(&users),
            frame: frame.clone(),
            except: None,
        });
    }

    /// Takes committed changes in, whatever their order.
    pub(crate) fn take(&mut self, changes: Vec<Change>, ctx: &mut Context<Self>) {
        for change in changes.into_iter().filter(|change| change.message.seq > self.delivered_seq) {
            self.early.insert(change.message.seq, change);
        }
        self.advance(ctx);
        if self.early.len() > MAX_EARLY {
            while self.early.len() > MAX_EARLY {
                self.early.pop_last();
            }
            self.dropped_early = true;
            self.read_gap(ctx);
        }
    }

    /// What is missing may be on its way from another instance.
    fn wait_for_gap(&mut self, ctx: &mut Context<Self>) {
        let patience = self.broker.patience();
        if patience.is_zero() {
            return self.read_gap(ctx);
        }
        if !std::mem::replace(&mut self.waiting_for_gap, true) {
            ctx.run_later(patience, |room, ctx| {
                room.waiting_for_gap = false;
                if room.early.first_key_value().is_some_and(|(first, _)| *first > room.delivered_seq + 1) {
                    room.read_gap(ctx);
                }
            });
        }
    }

    fn live(&self, message: &EncodedMessage) -> Live {
        let frame = frame::text(&ServerFrame::Message { room: &self.slug, message }.to_json());
        Live { seq: message.seq, frame }
    }

    /// Reads from the database what is missing above the number handed out.
    pub(crate) fn read_gap(&mut self, ctx: &mut Context<Self>) {
        if std::mem::replace(&mut self.reading_gap, true) {
            return;
        }
        self.dropped_early = false;
        let (room, delivered_seq, store) = (self.id, self.delivered_seq, self.store.clone());
        let read = async move { store.read(move |connection| messages::gap(connection, room, delivered_seq)).await };
        ctx.spawn(read.into_actor(self).map(move |gap, room, ctx| {
            room.reading_gap = false;
            match gap {
                Ok(Some(gap)) if gap.epoch == room.epoch && gap.state.room.seq >= delivered_seq => {
                    room.fill(gap, ctx);
                    if room.dropped_early {
                        room.read_gap(ctx);
                    }
                }
                Ok(Some(gap)) => room.start_anew(&gap.epoch, ctx),
                Ok(None) => room.start_over(ctx),
                Err(refusal) if refusal.code == Code::NotFound => room.end_deleted(ctx),
                Err(_) => drop(ctx.run_later(RETRY, |room, ctx| room.read_gap(ctx))),
            }
        }));
    }

    /// The room is no more: everybody is told and let go.
    pub(crate) fn end_deleted(&mut self, ctx: &mut Context<Self>) {
        self.expel(|_| true, LeftReason::Deleted);
        self.flush(ctx);
        ctx.stop();
    }

    /// Hands out what was read and stands at the number of that moment: numbers without a row were replaced by a later
    /// change of their message.
    fn fill(&mut self, gap: messages::Gap, ctx: &mut Context<Self>) {
        if gap.state.access > self.access {
            // Read again once it is known who may stay.
            self.check_members(ctx);
            return;
        }
        let access = gap.state.access;
        // All messages newer than one of the gap's are in the gap too.
        let ids: BTreeSet<Seq> = gap.messages.iter().map(|(message, _)| message.id).collect();
        for (message, mentioned) in gap.messages {
            if message.seq > self.delivered_seq {
                let newer = ids.range(message.id + 1..).count() as i64;
                let (room, message, count) = (self.id, Arc::new(message), gap.state.count - newer);
                self.hand_out(&Change { room, message, access, count, mentioned, lowers: None }, ctx);
            }
        }
        self.delivered_seq = self.delivered_seq.max(gap.state.room.seq);
        self.advance(ctx);
    }

    /// A worker's queue was full for so long that the room has forgotten what it missed: it gets it from the database.
    pub(crate) fn read_for_worker(&mut self, worker: usize, sent_seq: Seq, ctx: &mut Context<Self>) {
        let (room, store) = (self.id, self.store.clone());
        let read = async move { store.read(move |connection| messages::gap(connection, room, sent_seq)).await };
        ctx.spawn(read.into_actor(self).map(move |gap, room, ctx| match gap {
            // Only as far as the room has handed out, and nothing that came after a removal it has not seen.
            Ok(Some(gap)) if gap.state.access <= room.access => {
                let upto = room.delivered_seq.min(gap.state.room.seq);
                let frames = gap.messages.iter().filter(|(message, _)| message.seq <= upto);
                let frames = frames.map(|(message, _)| room.live(&message.into())).collect();
                room.links.catch_up(worker, frames, upto);
                room.flush(ctx);
            }
            Ok(None) => room.start_over(ctx),
            Ok(Some(_)) | Err(_) => drop(ctx.run_later(RETRY, move |room, ctx| {
                room.links.catch_up(worker, Vec::new(), sent_seq);
                room.flush(ctx);
            })),
        }));
    }

    /// Reads who is a member, and ends the seats of those who are none any more.
    pub(crate) fn check_members(&mut self, ctx: &mut Context<Self>) {
        if std::mem::replace(&mut self.checking_members, true) {
            return;
        }
        let (room, store) = (self.id, self.store.clone());
        let read = async move { store.read(move |connection| members::ids(connection, room)).await };
        ctx.spawn(read.into_actor(self).map(|members: Result<_, Refusal>, room, ctx| {
            room.checking_members = false;
            match members {
                Ok((members, access)) => {
                    let members: Arc<HashSet<UserId>> = Arc::new(members.into_iter().collect());
                    // Who came in with that number or a higher one was seen to be a member later than that.
                    let gone = |socket: &Socket| socket.access < access && !members.contains(&socket.user);
                    room.expel(gone, LeftReason::Removed);
                    let id = room.id;
                    room.links.tell_all(|| DeliveryOp::Watchers { room: id, members: Arc::clone(&members) });
                    room.access = room.access.max(access);
                    room.tell_presence_soon(ctx);
                    room.advance(ctx);
                    // What was read before, and not handed out because of the removal, is read again.
                    room.read_gap(ctx);
                }
                Err(refusal) if refusal.code == Code::NotFound => room.end_deleted(ctx),
                Err(_) => drop(ctx.run_later(RETRY, |room, ctx| room.check_members(ctx))),
            }
        }));
    }

    /// Ends the seats of these.
    fn expel(&mut self, gone: impl Fn(&Socket) -> bool, reason: LeftReason) {
        let left = ServerFrame::Left { reference: Ref::default(), room: &self.slug, reason };
        let farewell = frame::text(&left.to_json());
        let kept = fault_enabled("keep_removed_member");
        let gone = |socket: &Socket| !kept && gone(socket);
        let gone: Vec<_> = self.sockets.iter().filter(|(_, socket)| gone(socket)).map(|(id, _)| *id).collect();
        for session in gone {
            if let Some(Socket { generation, worker, user, .. }) = self.sockets.remove(&session) {
                self.presence.depart(user);
                let farewell = Some(farewell.clone());
                self.links.unseat(worker, DeliveryOp::Unsubscribe { room: self.id, session, generation, farewell });
            }
        }
    }
}

impl Handler<Committed> for ChatRoom {
    type Result = ();

    fn handle(&mut self, Committed { changes, unsure }: Committed, ctx: &mut Self::Context) {
        for change in &changes {
            self.activity_is_ours |= change.is_new();
            if !change.mentioned.is_empty() {
                let (room, slug, message) = (self.id, self.slug.clone(), Arc::clone(&change.message));
                self.broker.publish(&Event::Mentioned { room, slug, users: change.mentioned.clone(), message });
            }
        }
        let fall = changes.iter().filter_map(NumbersFall::by).reduce(NumbersFall::merge);
        self.take(changes, ctx);
        if let Some(fall) = fall {
            self.note_fall(fall, ctx);
        }
        if unsure {
            self.read_gap(ctx);
        }
    }
}

impl Handler<PollResult> for ChatRoom {
    type Result = ();

    fn handle(&mut self, noticed: PollResult, ctx: &mut Self::Context) {
        if noticed.access > self.access {
            self.check_members(ctx);
        }
        // The poll may be older than what was handed out since: only a read of our own can tell that numbers went back.
        if noticed.seq != self.delivered_seq || *noticed.epoch != *self.epoch {
            self.read_gap(ctx);
        }
    }
}

impl Handler<RecheckMembers> for ChatRoom {
    type Result = ();

    fn handle(&mut self, _: RecheckMembers, ctx: &mut Self::Context) {
        self.check_members(ctx);
    }
}

impl Handler<ForgetNames> for ChatRoom {
    type Result = ();

    fn handle(&mut self, _: ForgetNames, ctx: &mut Self::Context) {
        // Those who are in have these frames, or get them from the database.
        self.flush(ctx);
        self.recent = Recent::new(self.delivered_seq);
    }
}
