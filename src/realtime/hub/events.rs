//! Acting on what happened: sessions that ended, members who came and went, rooms that changed.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use actix::prelude::*;

use crate::base::mailbox::send_detached;
use crate::base::panics::catch_panic;
use crate::chat::events::Event;
use crate::chat::{authorization, members, rooms, sanctions};
use crate::db::AnyConnection;
use crate::realtime::broker::Inbound;
use crate::realtime::fanout::DeliveryOp;
use crate::realtime::hub::{CloseSocket, Hub};
use crate::realtime::room::{ForgetNames, HubEvent, RecheckMembers};
use crate::wire::frame;
use crate::wire::refusal::{Code, Refusal};
use crate::wire::{Close, RoomId, RoomKind, ServerFrame, UserId};

impl Hub {
    fn act_on(&mut self, event: Event, ctx: &mut Context<Self>) {
        match event {
            Event::SessionEnded { token_hash } => {
                let of_session = |(id, socket): (&u64, &crate::realtime::hub::Socket)| {
                    (socket.token_hash == token_hash).then_some(*id)
                };
                let ended: Vec<_> = self.sockets.iter().filter_map(of_session).collect();
                self.end(ended.into_iter(), &CloseSocket { close: Close::SessionEnded, bye: None });
            }
            Event::UserBanned { user } => {
                let theirs: Vec<_> =
                    self.sockets.iter().filter(|(_, socket)| socket.user == user).map(|(id, _)| *id).collect();
                self.end(theirs.into_iter(), &CloseSocket { close: Close::Banned, bye: None });
            }
            Event::RoomDeleted { room, slug, public, members } => {
                self.announce_deletion(room, &slug, public, members, ctx);
            }
            Event::RoomChanged { room } => self.announce_room(room, ctx),
            Event::MemberAdded { room, user } => {
                *self.member_versions.entry(room).or_default() += 1;
                self.announce_member(room, user, ctx);
            }
            Event::MemberRemoved { room, user } => {
                *self.member_versions.entry(room).or_default() += 1;
                for open in self.rooms.values().filter(|open| open.id == room) {
                    send_detached(open.address.send(RecheckMembers));
                }
                self.announce_member(room, user, ctx);
            }
            Event::Sent { room, slug, news } => self.hear_news(room, &slug, news, ctx),
            Event::Mentioned { room, slug, users, message } => self.hear_mention(room, &slug, users, message),
            Event::NumbersFell { room, fall } => self.recount_soon(room, fall, ctx),
            Event::AccountDeleted => {
                for open in self.rooms.values() {
                    send_detached(open.address.send(ForgetNames));
                }
            }
            Event::PeopleChanged => self.tell_people_soon(ctx),
            Event::States(sheet) => self.states.hear(sheet, Instant::now()),
            Event::StatesWanted => self.tell_sheet(true),
            Event::Tell { user, frame } => {
                let (users, frame) = (Arc::from([user]), frame::text(frame.as_bytes()));
                self.tell_workers(|| DeliveryOp::TellUsers {
                    room: None,
                    users: Arc::clone(&users),
                    frame: frame.clone(),
                    except: None,
                });
            }
        }
    }

    /// Tells all who may see the room.
    fn announce_room(&mut self, room: RoomId, ctx: &mut Context<Self>) {
        let read = move |connection: &mut AnyConnection| {
            let state = rooms::by_id(connection, room)?.ok_or_else(Refusal::room_not_found)?;
            let (members, _) = members::ids(connection, room)?;
            let mut blind = authorization::guests(connection)?;
            blind.extend(sanctions::banned(connection, room)?);
            let set = |ids: Vec<UserId>| ids.into_iter().collect::<HashSet<UserId>>();
            Ok((state.room, set(members), set(blind)))
        };
        let version = self.member_versions.get(&room).copied();
        self.after(read, ctx, move |hub, (room, members, blind), ctx| {
            // The list may be older than what was heard of a member meanwhile.
            if hub.member_versions.get(&room.id).copied() != version {
                return hub.announce_room(room.id, ctx);
            }
            let (to_members, to_others) = (about(&room.slug, true), about(&room.slug, false));
            let to_others = (room.kind == RoomKind::Public).then_some(to_others);
            let (members, blind) = (Arc::new(members), Arc::new(blind));
            hub.tell_workers(|| DeliveryOp::Watchers { room: room.id, members: Arc::clone(&members) });
            hub.tell_workers(|| DeliveryOp::Announce {
                members: Arc::clone(&members),
                to_members: to_members.clone(),
                blind: Arc::clone(&blind),
                to_others: to_others.clone(),
            });
        });
    }

    /// Tells all who could see the room, and ends it.
    fn announce_deletion(
        &mut self,
        room: RoomId,
        slug: &str,
        public: bool,
        members: Vec<UserId>,
        ctx: &mut Context<Self>,
    ) {
        self.member_versions.remove(&room);
        for open in self.rooms.values().filter(|open| open.id == room) {
            send_detached(open.address.send(RecheckMembers));
        }
        let (gone, members) = (about(slug, false), Arc::new(members.into_iter().collect::<HashSet<UserId>>()));
        let nobody = Arc::new(HashSet::new());
        self.tell_workers(|| DeliveryOp::Watchers { room, members: Arc::clone(&nobody) });
        let read = move |connection: &mut AnyConnection| Ok(authorization::guests(connection)?);
        self.after(read, ctx, move |hub, guests, _| {
            let blind = Arc::new(guests.into_iter().collect::<HashSet<UserId>>());
            hub.tell_workers(|| DeliveryOp::Announce {
                members: Arc::clone(&members),
                to_members: gone.clone(),
                blind: Arc::clone(&blind),
                to_others: public.then(|| gone.clone()),
            });
        });
    }

    /// Has the workers forget whoever was removed from a room.
    pub(crate) fn read_watchers(&mut self, room: RoomId, ctx: &mut Context<Self>) {
        let read = move |connection: &mut AnyConnection| Ok(members::ids(connection, room)?.0);
        let version = self.member_versions.get(&room).copied();
        self.after(read, ctx, move |hub, members, ctx| {
            if hub.member_versions.get(&room).copied() != version {
                return hub.read_watchers(room, ctx);
            }
            let members: Arc<HashSet<UserId>> = Arc::new(members.into_iter().collect());
            hub.tell_workers(|| DeliveryOp::Watchers { room, members: Arc::clone(&members) });
        });
    }

    /// Tells a user that they are a member now, or no more. What the database says is what counts: of two events that
    /// overtake each other, both tell the present.
    fn announce_member(&mut self, room: RoomId, user: UserId, ctx: &mut Context<Self>) {
        let read = move |connection: &mut AnyConnection| {
            let state = rooms::by_id(connection, room)?.ok_or_else(Refusal::room_not_found)?;
            Ok((state.room, members::is_member(connection, room, user)?))
        };
        self.after(read, ctx, move |hub, (room, member), _| {
            hub.tell_workers(|| DeliveryOp::Watch { room: room.id, user, member });
            let (users, frame) = (Arc::from([user]), about(&room.slug, member));
            hub.tell_workers(|| DeliveryOp::TellUsers {
                room: None,
                users: Arc::clone(&users),
                frame: frame.clone(),
                except: None,
            });
        });
    }

    fn after<T: Send + 'static>(
        &mut self,
        read: impl FnOnce(&mut AnyConnection) -> Result<T, Refusal> + Send + 'static,
        ctx: &mut Context<Self>,
        then: impl FnOnce(&mut Self, T, &mut Context<Self>) + 'static,
    ) {
        let store = self.store.clone();
        let read = async move { store.read(read).await };
        ctx.spawn(read.into_actor(self).map(|read, hub, ctx| match read {
            Ok(found) => _ = catch_panic(|| then(hub, found, ctx)),
            // It was deleted meanwhile, which is announced by itself.
            Err(refusal) if refusal.code == Code::NotFound => {}
            // Clients see it with their next list of rooms.
            Err(refusal) => tracing::warn!(%refusal, "a change of a room was not announced"),
        }));
    }
}

fn about(slug: &str, member: bool) -> bytes::Bytes {
    frame::text(&ServerFrame::Room { room: slug, member }.to_json())
}

impl Handler<HubEvent> for Hub {
    type Result = ();

    fn handle(&mut self, HubEvent(event): HubEvent, ctx: &mut Self::Context) {
        self.broker.publish(&event);
        catch_panic(|| self.act_on(event, ctx));
    }
}

impl Handler<Inbound> for Hub {
    type Result = ();

    fn handle(&mut self, heard: Inbound, ctx: &mut Self::Context) {
        catch_panic(|| match heard {
            Inbound::Event(event) => self.act_on(event, ctx),
            Inbound::Missed => self.poll(ctx),
        });
    }
}
