//! Use cases about the members of a room.

use diesel::prelude::*;

use crate::app::perform::Command;
use crate::chat::allowances::Allowance;
use crate::chat::audit::Entry;
use crate::chat::change::{Change, OnPerson};
use crate::chat::events::Event;
use crate::chat::{blocks, members, rooms};
use crate::db::schema::members as member_rows;
use crate::policy::Action;
use crate::wire::refusal::{Code, Refusal};
use crate::wire::{Act, MAX_DIRECT_PEOPLE, Role, RoomKind};

/// Makes somebody a member; `me` stands for oneself. The read mark begins at the room's number.
pub struct AddMember {
    pub slug: String,
    pub username: String,
}

impl Command for AddMember {
    type Outcome = ();

    fn execute(self, change: &mut Change) -> Result<(), Refusal> {
        let OnPerson { state, target } = change.on_person_in_room(&self.slug, &self.username, Action::Admit)?;
        let (room, user) = (state.room.id, target.user.id);
        if target.actor.role.is_some() {
            return Ok(());
        }
        if target.actor.banned || target.actor.excluded {
            return Err(Refusal::new(Code::Forbidden, "that person is banned"));
        }
        if state.room.kind == RoomKind::Direct {
            let me = change.user()?;
            blocks::may_talk(&blocks::between(change.connection, me, &[user])?, me, user)?;
            let people: i64 =
                member_rows::table.filter(member_rows::room_id.eq(room)).count().get_result(change.connection)?;
            if people >= MAX_DIRECT_PEOPLE {
                return Err(Refusal::invalid("a direct talk has {most} people at most").with("most", MAX_DIRECT_PEOPLE));
            }
        }
        if change.by() != Some(user) {
            change.take(Allowance::Additions)?;
        }
        members::insert(change.connection, room, user, Role::Member, state.room.seq)?;
        change.announce(Event::MemberAdded { room, user });
        Ok(())
    }
}

/// Ends a membership; `me` stands for oneself. Nothing that is committed after this reaches the removed: the room's row is
/// held, so that every change either comes before or carries the higher `access` number.
pub struct RemoveMember {
    pub slug: String,
    pub username: String,
}

impl Command for RemoveMember {
    type Outcome = ();

    fn execute(self, change: &mut Change) -> Result<(), Refusal> {
        let OnPerson { state, target } = change.on_person_in_room(&self.slug, &self.username, Action::Remove)?;
        let (room, user) = (state.room.id, target.user.id);
        if target.actor.role.is_none() {
            return Ok(());
        }
        members::end(change.connection, room, user)?;
        if user != change.user()? {
            let entry = Entry { room: Some(&state.room), target: Some(&target.user), ..Entry::new(Act::RemoveMember) };
            change.record(&entry)?;
        }
        change.announce(Event::MemberRemoved { room, user });
        Ok(())
    }
}

/// Makes a member a moderator, or no longer one. Nothing that they did as a moderator is stored after they are none: the
/// room's row is held.
pub struct SetMemberRole {
    pub slug: String,
    pub username: String,
    pub role: Role,
}

impl Command for SetMemberRole {
    type Outcome = ();

    fn execute(self, change: &mut Change) -> Result<(), Refusal> {
        let OnPerson { state, target } = change.on_person_in_room(&self.slug, &self.username, Action::SetRole)?;
        let (room, user) = (state.room.id, target.user.id);
        match target.actor.role {
            None => return Err(Refusal::new(Code::NotFound, "that person is not a member of the room")),
            Some(role) if role == self.role => {}
            Some(_) => {
                diesel::update(member_rows::table.find((room, user)))
                    .set(member_rows::role.eq(self.role.as_str()))
                    .execute(change.connection)?;
                if self.role != Role::Moderator {
                    rooms::forget_maker(change.connection, &[room], user)?;
                }
                change.record(&Entry {
                    room: Some(&state.room),
                    target: Some(&target.user),
                    detail: self.role.as_str(),
                    ..Entry::new(Act::SetRole)
                })?;
            }
        }
        change.announce(Event::RoomChanged { room });
        Ok(())
    }
}
