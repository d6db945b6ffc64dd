//! What other instances tell of rooms that are not in use here, whose members may have sockets here all the same.

use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;

use super::Hub;
use crate::activity::News;
use crate::broker::RoomHeard;
use crate::fanout::Op;
use crate::frame;
use crate::mailbox::see_off;
use crate::protocol::{Message, RoomId, ServerFrame, UserId};
use crate::survive::survive;

impl Hub {
    /// A room in use here sees to it by itself.
    pub(super) fn hear_news(&mut self, room: RoomId, slug: &str, news: News, ctx: &mut Context<Self>) {
        if self.in_use(slug).is_some() {
            return;
        }
        let activity = self.news.entry(room).or_default();
        // Where something waits already, its time is set.
        let waits = !activity.news.is_empty();
        activity.news.merge(news);
        match activity.due_in() {
            Some(Duration::ZERO) => self.tell_news(room, slug),
            Some(due) if !waits => {
                let slug = slug.to_owned();
                ctx.run_later(due, move |hub, _| _ = survive(|| hub.tell_news(room, &slug)));
            }
            _ => {}
        }
    }

    fn tell_news(&mut self, room: RoomId, slug: &str) {
        if let Some(news) = self.news.get_mut(&room).and_then(|activity| activity.take()) {
            self.tell_workers(news.into_op(room, slug));
        }
        self.news.retain(|_, activity| !activity.is_old());
    }

    pub(super) fn hear_mention(&mut self, slug: &str, users: Vec<UserId>, message: Arc<Message>) {
        if let Some(open) = self.in_use(slug) {
            see_off(open.address.send(RoomHeard::Mentioned { users, message }));
            return;
        }
        let mention = ServerFrame::Mention { room: slug, message: &message };
        let (users, frame): (Arc<[UserId]>, _) = (users.into(), frame::text(&mention.to_json()));
        self.tell_workers(|| Op::TellUsers { users: Arc::clone(&users), frame: frame.clone(), except: None });
    }

    fn in_use(&self, slug: &str) -> Option<&super::OpenRoom> {
        self.rooms.get(slug).filter(|open| open.address.connected())
    }
}
