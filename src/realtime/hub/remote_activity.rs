//! What other instances tell of rooms that are not in use here, whose members may have sockets here all the same.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;

use crate::base::mailbox::send_detached;
use crate::base::panics::catch_panic;
use crate::chat::events::ActivityDigest;
use crate::chat::rooms::RoomHead;
use crate::realtime::activity;
use crate::realtime::broker::RoomInbound;
use crate::realtime::fanout::{DeliveryOp, RoomBase};
use crate::realtime::hub::{Hub, OpenRoom};
use crate::wire::frame;
use crate::wire::{Message, RoomId, ServerFrame, UserId};

impl Hub {
    /// A room in use here sees to it by itself.
    pub(crate) fn hear_news(&mut self, room: RoomId, slug: &str, news: ActivityDigest, ctx: &mut Context<Self>) {
        if self.in_use(room, slug).is_some() {
            return;
        }
        if let Some(known) = self.standings.get_mut(&room) {
            known.count = known.count.max(news.count);
        }
        let activity = self.news.entry(room).or_default();
        // Where something waits already, its time is set.
        let waits = !activity.news.is_empty();
        activity.news.merge(news);
        match activity.due_in() {
            Some(Duration::ZERO) => self.tell_news(room, slug),
            Some(due) if !waits => {
                let slug = slug.to_owned();
                ctx.run_later(due, move |hub, _| _ = catch_panic(|| hub.tell_news(room, &slug)));
            }
            _ => {}
        }
    }

    /// Finds what no other instance has told, of rooms that are not in use here: what was sent, and who was removed.
    /// `watched` has what the members here know of at least.
    pub(crate) fn compare(
        &mut self,
        standings: Vec<RoomHead>,
        watched: &HashMap<RoomId, RoomBase>,
        ctx: &mut Context<Self>,
    ) {
        let before = std::mem::take(&mut self.standings);
        for now in standings.iter().filter(|now| self.in_use(now.id, &now.slug).is_none()).cloned().collect::<Vec<_>>()
        {
            let known = before.get(&now.id);
            if known.is_some_and(|known| now.access > known.access) {
                self.read_watchers(now.id, ctx);
            }
            let count = known.map(|known| known.count).or_else(|| watched.get(&now.id).map(|base| base.count));
            if count.is_some_and(|count| now.count > count) {
                let news = ActivityDigest { seq: now.seq, count: now.count, authors: HashMap::new() };
                self.hear_news(now.id, &now.slug, news, ctx);
            }
        }
        self.standings = standings.into_iter().map(|standing| (standing.id, standing)).collect();
    }

    fn tell_news(&mut self, room: RoomId, slug: &str) {
        if let Some(news) = self.news.get_mut(&room).and_then(|activity| activity.take()) {
            self.tell_workers(activity::op_of(news, room, slug));
        }
        self.news.retain(|_, activity| !activity.is_old());
    }

    pub(crate) fn hear_mention(&mut self, room: RoomId, slug: &str, users: Vec<UserId>, message: Arc<Message>) {
        if let Some(open) = self.in_use(room, slug) {
            send_detached(open.address.send(RoomInbound::Mentioned { users, message }));
            return;
        }
        let mention = ServerFrame::Mention { room: slug, message: &message };
        let (users, frame): (Arc<[UserId]>, _) = (users.into(), frame::text(&mention.to_json()));
        self.tell_workers(|| DeliveryOp::TellUsers {
            room: None,
            users: Arc::clone(&users),
            frame: frame.clone(),
            except: None,
        });
    }

    /// The room of this id and name, where it is in use here; an id of 0 is not known.
    pub(crate) fn in_use(&self, id: RoomId, slug: &str) -> Option<&OpenRoom> {
        self.open_room_of(slug).filter(|open| open.id == id || id == 0)
    }
}
