//! What a page shows, read as of one moment.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDateTime;

use crate::chat::blocks;
use crate::chat::history::{Part, part};
use crate::chat::members;
use crate::chat::room_lists;
use crate::chat::rooms::authorize;
use crate::db::connection::{AnyConnection, snapshot};
use crate::features::moderation::permissions::Powers;
use crate::policy::Action;
use crate::wire::history::{At, Place};
use crate::wire::refusal::Refusal;
use crate::wire::{DEFAULT_PAGE_MESSAGES, ListedRoom, MemberRoom, Room, RoomId, Seq, Standing, User, UserId};

/// The most members of a room that its page lists.
const LISTED_MEMBERS: usize = 50;

/// A room as its page shows it.
pub struct RoomView {
    pub room: Room,
    /// Some of its messages: the latest, or those around one.
    pub part: Part,
    /// The rooms that the reader is in, and this one.
    pub rooms: Vec<ListedRoom>,
    /// When the last message came in each of their direct talks.
    pub said: HashMap<RoomId, NaiveDateTime>,
    /// What the reader may do.
    pub powers: Powers,
    /// Its members by their names, where they are not many.
    pub members: Vec<User>,
    /// Whom of the authors the reader has blocked.
    pub blocked: HashSet<UserId>,
}

/// The room of this name, and with this id if one is given, if `user` may see it: its end, or what lies around a message.
pub fn room(
    connection: &mut AnyConnection,
    slug: &str,
    id: Option<RoomId>,
    user: UserId,
    around: Option<Seq>,
) -> Result<RoomView, Refusal> {
    snapshot(connection, |connection| {
        let (found, actor) = authorize(connection, slug, user, Action::See)?;
        if id.is_some_and(|id| id != found.room.id) {
            return Err(Refusal::room_not_found());
        }
        let place = Place { at: around.map_or(At::End, At::Around), limit: DEFAULT_PAGE_MESSAGES };
        let part = part(connection, found.room.id, &place)?;
        let pairs = part.messages.iter().map(|message| (user, message.author.id));
        let blocked = blocks::among(connection, pairs)?.into_iter().map(|(_, blocked)| blocked).collect();
        let own = room_lists::own(connection, user)?;
        let listed =
            |MemberRoom { room, standing }: MemberRoom| ListedRoom { room, member: true, standing, people: Vec::new() };
        let mut rooms: Vec<ListedRoom> = own.into_iter().map(listed).collect();
        room_lists::add_people(connection, user, &mut rooms)?;
        let said = room_lists::last_said(connection, user)?;
        let powers = Powers::of(actor, found.place());
        let members = members::few(connection, found.room.id, LISTED_MEMBERS)?;
        // A talk is called otherwise by each of its people.
        let room = match rooms.iter().find(|listed| listed.room.id == found.room.id) {
            Some(listed) => listed.room.clone(),
            None => {
                let (room, standing) = (found.room.clone(), Standing { count: found.count, ..Standing::default() });
                rooms.push(ListedRoom { room, member: false, standing, people: Vec::new() });
                found.room
            }
        };
        Ok(RoomView { room, part, rooms, said, powers, members, blocked })
    })
}
