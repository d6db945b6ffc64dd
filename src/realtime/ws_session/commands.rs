//! What a client asks for.

use actix::prelude::*;
use tokio::sync::oneshot;

use crate::base::failpoints::failpoint;
use crate::base::metrics::{Counted, METRICS};
use crate::chat::batch::Action;
use crate::chat::history;
use crate::chat::join_snapshot::Cursor;
use crate::realtime::fanout::registry;
use crate::realtime::rendering;
use crate::realtime::room::{Act, ChatRoom, MarkRead, Typing};
use crate::realtime::send_rate::Kind;
use crate::realtime::ws_session::answers::{Answer, Queued, RequestContext};
use crate::realtime::ws_session::{Joined, WsSession};
use crate::render::{Rendered, may_take_long, render_body};
use crate::wire::client_frame;
use crate::wire::history::{Wanted, at_least};
use crate::wire::refusal::{Code, Refusal};
use crate::wire::{ClientFrame, Key, parse};

/// A request for a page, which waits until the page before it is fetched and the outbox has room.
pub enum PendingPage {
    Join { reference: Option<String>, join: client_frame::Join },
    History { reference: Option<String>, history: client_frame::History },
}

impl WsSession {
    /// Acts on one text frame.
    pub(crate) fn command(&mut self, text: &str) {
        failpoint("session");
        let parsed = parse(text);
        let reference = parsed.reference;
        let frame = match parsed.frame {
            Ok(frame) => frame,
            Err(refusal) => {
                self.bad_frames = if refusal.code == Code::BadFrame { self.bad_frames + 1 } else { 0 };
                return self.refuse(&RequestContext { reference, ..RequestContext::default() }, &refusal);
            }
        };
        self.bad_frames = 0;
        match frame {
            ClientFrame::Join(join) => self.hold(PendingPage::Join { reference, join }),
            ClientFrame::History(history) => self.hold(PendingPage::History { reference, history }),
            ClientFrame::Leave(leave) => self.leave(reference, leave.room),
            ClientFrame::Send(send) => self.send(reference, send),
            ClientFrame::Edit(edit) => self.edit(reference, edit),
            ClientFrame::Delete(delete) => {
                let asked = RequestContext::about(reference, delete.room, delete.room_id);
                self.change(asked, Kind::Change, |_| {
                    Ok(Action::Delete { id: delete.id, reason: String::new(), wipe: false })
                });
            }
            ClientFrame::React(react) => self.react(reference, react),
            ClientFrame::Read(read) => self.mark_read(reference, read),
            ClientFrame::Typing(typing) => {
                let asked = RequestContext::about(reference, typing.room, None);
                if let Some(joined) = self.joined(&asked) {
                    // One that finds the room's queue full is not worth waiting.
                    let _ = joined.address.try_send(Typing { user: self.user.clone() });
                }
            }
            ClientFrame::Idle(idle) => self.set_idle(reference, idle.on),
        }
    }

    /// Has the hub know whether the page is in use.
    fn set_idle(&mut self, reference: Option<String>, idle: bool) {
        let asked = RequestContext { reference, ..RequestContext::default() };
        let Some(socket) = self.id.filter(|_| self.idle != idle) else { return };
        if let Err(refusal) = self.shared.send_rate.check(self.user.id, Kind::Read) {
            return self.refuse(&asked, &refusal);
        }
        self.idle = idle;
        let hub = self.shared.hub.clone();
        self.wait_for(async move {
            hub.set_idle(socket, idle).await;
            Answer::IdleTold
        });
    }

    /// The room of a request, or the refusal told. A socket may have been made to leave: the worker's registry knows.
    fn joined(&self, asked: &RequestContext) -> Option<&Joined> {
        let joined = asked.room.as_ref().and_then(|room| self.rooms.get(room));
        let seated = |joined: &&Joined| {
            self.id.is_some_and(|id| registry(|registry| registry.expects(id, joined.id, joined.generation)))
        };
        let joined = joined.filter(seated);
        match joined {
            None => self.refuse(asked, &Refusal::new(Code::NotJoined, "this socket has not joined that room")),
            // What was meant was a room that had the name before.
            Some(joined) if asked.room_id.is_some_and(|id| id != joined.id) => {
                self.refuse(asked, &Refusal::room_not_found());
                return None;
            }
            Some(_) => {}
        }
        joined
    }

    fn send(&mut self, reference: Option<String>, send: client_frame::Send) {
        let client_frame::Send { room, room_id, key, body, reply_to } = send;
        let asked = RequestContext { key: Some(key), ..RequestContext::about(reference, room, room_id) };
        self.write(asked, Kind::Message, body, move |asked, rendered| {
            let key = Key::parse(asked.key.as_deref().unwrap_or_default())?;
            Ok(Action::Send { key, rendered, reply_to, present: Vec::new() })
        });
    }

    fn edit(&mut self, reference: Option<String>, edit: client_frame::Edit) {
        let client_frame::Edit { room, room_id, id, body } = edit;
        let asked = RequestContext::about(reference, room, room_id);
        self.write(asked, Kind::Change, body, move |_, rendered| Ok(Action::Edit { id, rendered }));
    }

    fn react(&mut self, reference: Option<String>, react: client_frame::React) {
        let client_frame::React { room, room_id, id, emoji, on } = react;
        let asked = RequestContext::about(reference, room, room_id);
        self.change(asked, Kind::Change, |_| Action::react(id, &emoji, on));
    }

    /// Has the room change something, and answers when it is stored.
    fn change(
        &mut self,
        asked: RequestContext,
        kind: Kind,
        action: impl FnOnce(&RequestContext) -> Result<Action, Refusal>,
    ) {
        if self.is_permitted(&asked, kind) {
            let action = action(&asked);
            self.act(asked, action);
        }
    }

    /// As [`Self::change`], of what has a body. The socket is not read while that is rendered elsewhere: what comes behind it
    /// stays behind it.
    fn write(
        &mut self,
        asked: RequestContext,
        kind: Kind,
        body: String,
        action: impl FnOnce(&RequestContext, Rendered) -> Result<Action, Refusal> + 'static,
    ) {
        if !self.is_permitted(&asked, kind) {
            return;
        }
        if !may_take_long(&body) {
            let action = render_body(&body).and_then(|rendered| action(&asked, rendered));
            return self.act(asked, action);
        }
        self.rendering = true;
        self.wait_for(async move {
            let action = rendering::render(body).await.and_then(|rendered| action(&asked, rendered));
            Answer::Rendered { asked, action }
        });
    }

    /// Whether somebody may change something so soon, in a room that the socket has joined; refused where not.
    fn is_permitted(&self, asked: &RequestContext, kind: Kind) -> bool {
        if self.joined(asked).is_none() {
            return false;
        }
        let permitted = self.shared.send_rate.check(self.user.id, kind);
        permitted.inspect_err(|refusal| self.refuse(asked, refusal)).is_ok()
    }

    pub(crate) fn act(&mut self, asked: RequestContext, action: Result<Action, Refusal>) {
        let action = match action {
            Ok(action) => action,
            Err(refusal) => return self.refuse(&asked, &refusal),
        };
        let Some(joined) = self.joined(&asked) else { return };
        let (reply, stored) = oneshot::channel();
        let queued = joined.address.try_send(Act { user: self.user.id, action, reply });
        let queued = later(&joined.address, queued);
        self.ask(asked, queued, stored);
    }

    fn mark_read(&mut self, reference: Option<String>, read: client_frame::Read) {
        let asked = RequestContext::about(reference, read.room, read.room_id);
        let (Some(joined), Some(session)) = (self.joined(&asked), self.id) else { return };
        let permitted = self.shared.send_rate.check(self.user.id, Kind::Read);
        let seq = match permitted.and_then(|()| at_least(0, read.seq, "seq")) {
            Ok(seq) => seq,
            Err(refusal) => return self.refuse(&asked, &refusal),
        };
        let (reply, stored) = oneshot::channel();
        let queued = joined.address.try_send(MarkRead { user: self.user.id, session, seq, reply });
        let queued = later(&joined.address, queued);
        self.ask(asked, queued, stored);
    }

    fn leave(&mut self, reference: Option<String>, room: String) {
        let asked = RequestContext::about(reference, room, None);
        if self.joined(&asked).is_some() {
            self.forget(asked.room.as_deref().unwrap_or_default());
            self.left(&asked);
        }
    }

    fn hold(&mut self, held: PendingPage) {
        self.held = Some((held, Counted::one(&METRICS.pages_waiting)));
    }

    /// Starts to fetch the next page that is wanted, if one may be fetched now.
    pub(crate) fn fetch_page(&mut self) -> bool {
        if self.paging || !self.outbox.has_room() {
            return false;
        }
        match self.held.take().map(|(held, _)| held) {
            Some(PendingPage::Join { reference, join }) => self.join(reference, join),
            Some(PendingPage::History { reference, history }) => self.history(reference, history),
            None => {
                let behind = self.rooms.iter().find_map(|(slug, joined)| Some((slug.clone(), joined.behind?)));
                let Some((slug, cursor)) = behind else { return false };
                self.continue_catch_up(slug, cursor);
            }
        }
        true
    }

    fn join(&mut self, reference: Option<String>, join: client_frame::Join) {
        let client_frame::Join { room, room_id, after, epoch } = join;
        let asked = RequestContext::about(reference, room, room_id);
        let cursor = match after.map(|after| at_least(0, after, "after")).transpose() {
            Ok(after) => after.map(|after| Cursor { after, epoch }),
            Err(refusal) => return self.refuse(&asked, &refusal),
        };
        self.find_room(asked, cursor);
    }

    fn history(&mut self, reference: Option<String>, history: client_frame::History) {
        let client_frame::History { room, before, after, around, since, limit } = history;
        let asked = RequestContext::about(reference, room, None);
        let Some(slug) = self.joined(&asked).and(asked.room.clone()) else { return };
        let wanted = Wanted { before, after, around, since: since.as_deref(), limit };
        let place = match wanted.checked() {
            Ok(place) => place,
            Err(refusal) => return self.refuse(&asked, &refusal),
        };
        self.paging = true;
        let (store, user) = (self.shared.store.clone(), self.user.id);
        self.wait_for(async move {
            let page = store.read(move |connection| history::page(connection, &slug, user, &place)).await;
            Answer::History { asked, page }
        });
    }
}

/// What a full queue did not take waits for room in it.
fn later<M>(room: &Addr<ChatRoom>, queued: Result<(), SendError<M>>) -> Option<Queued>
where
    M: Message<Result = ()> + Send + 'static,
    ChatRoom: Handler<M>,
{
    match queued {
        Ok(()) => None,
        // A closed one says so at once.
        Err(SendError::Full(message) | SendError::Closed(message)) => Some(Box::pin(room.send(message))),
    }
}
