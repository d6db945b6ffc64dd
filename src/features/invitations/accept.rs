//! Use cases of whoever is invited, and of those who sign up without a link. Either is done as a whole or not at all.

use std::net::IpAddr;

use chrono::Utc;
use diesel::prelude::*;

use crate::app::perform::Command;
use crate::base::config::Signup;
use crate::chat::accounts::{self, NewAccount};
use crate::chat::audit::Entry;
use crate::chat::authorization::{self, Subject};
use crate::chat::change::Change;
use crate::chat::events::Event;
use crate::chat::kept_sanctions::{self, MarkKey};
use crate::chat::members;
use crate::chat::room_changes::join_defaults;
use crate::chat::rooms::{self, RoomState};
use crate::db::connection::AnyConnection;
use crate::db::schema::users;
use crate::features::invitations::queries::{self, Link};
use crate::policy::{Action, Object, may};
use crate::wire::refusal::{Code, Refusal};
use crate::wire::{Act, InstanceRole, Role, Room, User};

/// Where a link that can be used leads.
#[derive(Clone, Debug)]
pub struct Destination {
    pub role: InstanceRole,
    pub room: Option<Room>,
}

/// Where somebody is who has used a link or signed up.
pub struct Entered {
    pub user: User,
    pub role: InstanceRole,
    /// Where the link leads.
    pub room: Option<Room>,
}

/// Where a link leads.
///
/// # Errors
/// `not_found`: it is over, or there never was such a link.
pub fn look_up(connection: &mut AnyConnection, token: &str) -> Result<Destination, Refusal> {
    let found = queries::find(connection, token)?.ok_or_else(over)?;
    let room = found.room_id.map(|id| rooms::by_id(connection, id)).transpose()?.flatten();
    is_valid(connection, &found, room.as_ref())?;
    Ok(Destination { role: found.role, room: room.map(|state| state.room) })
}

/// Makes an account, by a link where there is one, which is a member of the rooms that new members join.
pub struct SignUp {
    /// Who may sign up without a link.
    pub signup: Signup,
    pub token: Option<String>,
    pub account: NewAccount,
    /// What is kept of those who had this name before, or this network, is found by these.
    pub marks: MarkKey,
    pub network: IpAddr,
}

impl Command for SignUp {
    type Outcome = Entered;

    fn execute(self, change: &mut Change) -> Result<Entered, Refusal> {
        let used = self.token.map(|token| take(change, &token)).transpose()?;
        admits(self.signup, used.as_ref().map(|used| used.role))?;
        let Used { role, room } = used.unwrap_or(Used { role: InstanceRole::Member, room: None });
        let user = accounts::create(change.connection, &self.account)?;
        set_role(change, &user, role)?;
        kept_sanctions::inherit(change.connection, &self.marks, user.id, &self.network.to_string())?;
        let defaults = match role {
            InstanceRole::Guest => Vec::new(),
            _ => join_defaults(change.connection, user.id)?,
        };
        for &room in &defaults {
            change.announce(Event::MemberAdded { room, user: user.id });
        }
        if let Some(room) = room.as_ref().filter(|room| !defaults.contains(&room.id)) {
            // Who is banned from there by what is kept of their name comes into the chat alone.
            if !authorization::one(change.connection, room.id, user.id)?.actor.banned {
                join(change, room, &user)?;
            }
        }
        Ok(Entered { user, role, room })
    }
}

/// Whether new accounts are made: by a link to this role, or by none.
///
/// # Errors
/// `forbidden`
pub fn admits(signup: Signup, link: Option<InstanceRole>) -> Result<(), Refusal> {
    match (signup, link) {
        (_, Some(InstanceRole::Owner)) | (Signup::Open, _) | (Signup::Invite, Some(_)) => Ok(()),
        (Signup::Invite, None) => Err(Refusal::new(Code::Forbidden, "new accounts are made by an invitation here")),
        (Signup::Closed, _) => Err(Refusal::new(Code::Forbidden, "new accounts are not open here")),
    }
}

/// Leads somebody who has an account where a link leads. Where they are there already, none of its uses is taken.
pub struct AcceptInvitation {
    pub token: String,
}

impl Command for AcceptInvitation {
    type Outcome = Entered;

    fn execute(self, change: &mut Change) -> Result<Entered, Refusal> {
        let to = look_up(change.connection, &self.token)?;
        let Subject { user, actor, .. } = invited(change, to.room.as_ref())?;
        let there = actor.role.is_some() || to.room.is_none();
        if to.role != InstanceRole::Owner && there {
            return Ok(Entered { user, role: actor.instance, room: to.room });
        }
        let Used { room, .. } = take(change, &self.token)?;
        if let Some(room) = &room {
            // Again: the room's row is held since `take`, so neither a ban nor another way in comes between.
            if invited(change, Some(room))?.actor.role.is_none() {
                join(change, room, &user)?;
            }
        }
        let mut role = actor.instance;
        if to.role == InstanceRole::Owner {
            role = InstanceRole::Owner;
            set_role(change, &user, role)?;
        }
        Ok(Entered { user, role, room })
    }
}

/// Who accepts the invitation, as they stand to where it leads.
fn invited(change: &mut Change, room: Option<&Room>) -> Result<Subject, Refusal> {
    let by = change.user()?;
    let subject = authorization::one(change.connection, room.map_or(0, |room| room.id), by)?;
    if subject.actor.excluded || subject.actor.banned {
        return Err(Refusal::new(Code::Forbidden, "you are banned from there"));
    }
    Ok(subject)
}

fn join(change: &mut Change, room: &Room, user: &User) -> Result<(), Refusal> {
    members::insert(change.connection, room.id, user.id, Role::Member, room.seq)?;
    change.announce(Event::MemberAdded { room: room.id, user: user.id });
    Ok(())
}

fn set_role(change: &mut Change, user: &User, role: InstanceRole) -> Result<(), Refusal> {
    diesel::update(users::table.find(user.id)).set(users::role.eq(role.as_str())).execute(change.connection)?;
    if role == InstanceRole::Owner {
        let detail = "owner, by the first owner's link";
        change.record_for_operator(&Entry { target: Some(user), detail, ..Entry::new(Act::SetInstanceRole) })?;
    }
    Ok(())
}

/// What a use of a link is good for; the room's row is held.
struct Used {
    role: InstanceRole,
    room: Option<Room>,
}

/// Takes one of a link's uses.
fn take(change: &mut Change, token: &str) -> Result<Used, Refusal> {
    let link = queries::find(change.connection, token)?.ok_or_else(over)?;
    let room = match link.room_id {
        Some(id) => rooms::lock(change.connection, &[id])?.remove(&id),
        None => None,
    };
    if link.role == InstanceRole::Owner {
        // Of all who have such a link one becomes the owner: they take the same rows.
        queries::hold_owners_links(change.connection)?;
    }
    if !queries::take_use(change.connection, link.id)? {
        return Err(over());
    }
    let role = link.role;
    is_valid(change.connection, &Link { uses_left: None, ..link }, room.as_ref())?;
    Ok(Used { role, room: room.map(|state| state.room) })
}

/// Whether a link can be used: it lasts, and whoever made it might still make it.
fn is_valid(connection: &mut AnyConnection, found: &Link, room: Option<&RoomState>) -> Result<(), Refusal> {
    let used_up = found.uses_left.is_some_and(|left| left <= 0);
    let archived = room.is_some_and(|state| state.room.archived);
    if found.revoked || used_up || archived || found.expires_at <= Utc::now().naive_utc() {
        return Err(over());
    }
    if found.role == InstanceRole::Owner && queries::has_owner(connection)? {
        return Err(over());
    }
    let Some(maker) = found.made_by else { return Ok(()) };
    let maker = authorization::one(connection, found.room_id.unwrap_or(0), maker)?.actor;
    let allowed = match room {
        Some(state) => may(maker, Action::InviteTo, Object { place: Some(state.place()), whose: None }),
        None => may(maker, Action::Invite, Object::default()),
    };
    if allowed.is_err() || maker.instance < found.role { Err(over()) } else { Ok(()) }
}

fn over() -> Refusal {
    Refusal::new(Code::NotFound, "this invitation is over: ask for a new one")
}
