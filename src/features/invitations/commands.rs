//! Use cases of those who invite; `accept` has those of whoever is invited.

use chrono::TimeDelta;

use crate::app::perform::Command;
use crate::chat::allowances::Allowance;
use crate::chat::audit::Entry;
use crate::chat::change::{Change, InRoom};
use crate::chat::{authorization, rooms};
use crate::features::invitations::queries::{self, Made, NewInvitation};
use crate::policy::{Action, Object, PolicyRoom};
use crate::wire::refusal::{Code, Refusal};
use crate::wire::{Act, InstanceRole, Room, RoomKind};

/// How long the first owner's link lasts; a start prints a new one.
const OWNERS_LINK: TimeDelta = TimeDelta::days(365);

/// Makes a link: into the chat by an admin, into a room by its moderators, any by the operator. Nobody gives more than they
/// have.
pub struct MakeInvitation(pub NewInvitation);

impl Command for MakeInvitation {
    type Outcome = Made;

    fn execute(self, change: &mut Change) -> Result<Made, Refusal> {
        let Self(new) = self;
        let (maker, room) = match &new.room {
            None => (change.in_chat(Action::Invite)?, None),
            Some(slug) => {
                let InRoom { state, actor } = change.in_room(slug, Action::InviteTo)?;
                if actor.is_none() {
                    can_be_led_to(&state.room)?;
                }
                (actor, Some(state.room))
            }
        };
        if maker.is_some_and(|maker| maker.instance < new.role) {
            return Err(Refusal::new(Code::Forbidden, "nobody can give a role above their own"));
        }
        change.take(Allowance::Invitations)?;
        let by = change.person()?.cloned();
        let made = queries::insert(change.connection, by.as_ref(), &new, room.as_ref())?;
        let detail = format!("invitation: {}, role: {}", made.invitation.id, new.role.as_str());
        change.record(&Entry { room: room.as_ref(), detail: &detail, ..Entry::new(Act::Invite) })?;
        Ok(made)
    }
}

/// Whether a link may lead into a room, where the policy was not asked.
fn can_be_led_to(room: &Room) -> Result<(), Refusal> {
    match room.kind {
        RoomKind::Direct => Err(Refusal::invalid("room: no link leads into a direct talk")),
        _ if room.archived => Err(Refusal::invalid("room: it is archived")),
        _ => Ok(()),
    }
}

/// Makes a link to the chat's first owner; gives its token, or `None` where there is an owner.
pub struct InviteFirstOwner;

impl Command for InviteFirstOwner {
    type Outcome = Option<String>;

    fn execute(self, change: &mut Change) -> Result<Option<String>, Refusal> {
        if queries::has_owner(change.connection)? {
            return Ok(None);
        }
        let new = NewInvitation { role: InstanceRole::Owner, room: None, lasts: OWNERS_LINK, uses: Some(1) };
        Ok(Some(MakeInvitation(new).execute(change)?.token))
    }
}

/// Ends a link: one's own, or one that one might have made.
pub struct RevokeInvitation {
    pub id: i64,
}

impl Command for RevokeInvitation {
    type Outcome = ();

    fn execute(self, change: &mut Change) -> Result<(), Refusal> {
        let not_found = || Refusal::new(Code::NotFound, "there is no such invitation");
        let by = change.user()?;
        let link = queries::by_id(change.connection, self.id)?.ok_or_else(not_found)?;
        let room = link.room_id.map(|room| rooms::by_id(change.connection, room)).transpose()?.flatten();
        let actor = authorization::one(change.connection, link.room_id.unwrap_or(0), by)?.actor;
        let allowed = match &room {
            // Also of a room that is archived.
            Some(state) => {
                let place = PolicyRoom { archived: false, ..state.place() };
                change.require(Some(actor), Action::InviteTo, Object { place: Some(place), whose: None })
            }
            None => change.require(Some(actor), Action::Invite, Object::default()),
        };
        let own = link.made_by == Some(by) && !actor.excluded;
        if link.role == InstanceRole::Owner || (allowed.is_err() && !own) {
            return Err(not_found());
        }
        if queries::set_revoked(change.connection, link.id)? {
            let detail = format!("invitation: {}", link.id);
            let room = room.as_ref().map(|state| &state.room);
            change.record(&Entry { room, detail: &detail, ..Entry::new(Act::RevokeInvitation) })?;
        }
        Ok(())
    }
}
