//! Beginning a direct talk.

use diesel::prelude::*;

use crate::app::perform::Command;
use crate::chat::allowances::Allowance;
use crate::chat::change::Change;
use crate::chat::events::Event;
use crate::chat::room_changes::{self, NewRoom};
use crate::chat::{accounts, authorization, blocks, direct_titles, members, rooms};
use crate::db::schema::rooms as room_rows;
use crate::policy::Action;
use crate::wire::refusal::Refusal;
use crate::wire::{MAX_DIRECT_PEOPLE, Role, Room, RoomId, RoomKind, UserId};

/// The direct talk with these people: that of two is found, where they have one; of more each is new. The answer has the
/// names of its people.
pub struct BeginDirect {
    /// Usernames of the others.
    pub users: Vec<String>,
}

/// A talk, and whether it is new.
pub struct Begun {
    pub room: Room,
    pub is_new: bool,
}

impl Command for BeginDirect {
    type Outcome = Begun;

    fn execute(self, change: &mut Change) -> Result<Begun, Refusal> {
        change.in_chat(Action::BeginDirect)?;
        let mut people = vec![authorization::in_chat(change.connection, change.user()?)?.user];
        for name in &self.users {
            let target = authorization::named_in_chat(change.connection, name)?;
            if target.actor.excluded {
                return Err(Refusal::user_not_found());
            }
            if people.iter().all(|person| person.id != target.user.id) {
                people.push(target.user);
            }
        }
        people.sort_by_key(|person| person.id);
        if !(2..=MAX_DIRECT_PEOPLE).contains(&(people.len() as i64)) {
            return Err(Refusal::invalid("users: 1 to {most} others").with("most", MAX_DIRECT_PEOPLE - 1));
        }
        let title = direct_titles::names(people.iter().map(|person| person.display_name.as_str()));
        // Two who begin at the same moment find one room: the rows are held in one order.
        accounts::lock_users(change.connection, &people.iter().map(|person| person.id).collect::<Vec<_>>())?;
        let pair = match people.as_slice() {
            [one, other] => Some(format!("{}-{}", one.id, other.id)),
            _ => None,
        };
        if let Some(pair) = &pair {
            let known = room_rows::table.filter(room_rows::pair.eq(pair)).select(room_rows::id);
            if let Some(known) = known.first::<RoomId>(change.connection).optional()? {
                let room = rooms::by_id(change.connection, known)?.ok_or_else(Refusal::room_not_found)?.room;
                return Ok(Begun { room: Room { title, ..room }, is_new: false });
            }
        }
        let me = change.user()?;
        let ids: Vec<UserId> = people.iter().map(|person| person.id).collect();
        let blocks = blocks::between(change.connection, me, &ids)?;
        ids.iter().try_for_each(|id| blocks::may_talk(&blocks, me, *id))?;
        change.take(Allowance::DirectTalks)?;
        let room = room_changes::insert(
            change.connection,
            &NewRoom {
                slug: format!("direct-{}", uuid::Uuid::new_v4().simple()),
                // Its people's names are read when it is shown: they may change, and some may delete their accounts.
                title: String::new(),
                topic: String::new(),
                kind: RoomKind::Direct,
            },
        )?;
        diesel::update(room_rows::table.find(room.id)).set(room_rows::pair.eq(pair)).execute(change.connection)?;
        for person in &people {
            members::insert(change.connection, room.id, person.id, Role::Member, 0)?;
        }
        change.announce(Event::RoomChanged { room: room.id });
        Ok(Begun { room: Room { title, ..room }, is_new: true })
    }
}
