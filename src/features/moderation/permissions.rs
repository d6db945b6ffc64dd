//! What the pages of moderators show, and what each reader may do there.

use diesel::prelude::*;
use serde::Serialize;

use crate::chat::authorization;
use crate::chat::messages::latest;
use crate::chat::rooms::{Rules, authorize};
use crate::db::connection::{AnyConnection, snapshot};
use crate::db::schema::{members, users};
use crate::policy::{Action, Actor, Object, Person, PolicyRoom, may};
use crate::wire::refusal::Refusal;
use crate::wire::{Message, Notify, Role, Room, RoomId, RoomKind, Seq, User, UserId};

/// Members of a room that its page lists; a larger room's others are acted on by their names.
const MOST_MEMBERS: i64 = 200;

/// What somebody may do in a room: what its page offers them. It is decided again when it is done.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Powers {
    /// Set their level of notification.
    pub mark: bool,
    pub leave: bool,
    pub admit: bool,
    pub describe: bool,
    pub set_rules: bool,
    pub set_default: bool,
    /// Remove, mute and ban people, and make moderators.
    pub moderate: bool,
    pub remove_messages: bool,
    pub invite: bool,
    pub archive: bool,
    pub delete: bool,
    pub oversee: bool,
}

impl Powers {
    pub(crate) fn of(actor: Actor, place: PolicyRoom) -> Self {
        let on = |action, whose| may(actor, action, Object { place: Some(place), whose }).is_ok();
        let oneself = Person { user: actor.user, instance: actor.instance, role: actor.role };
        Self {
            mark: on(Action::Mark, None),
            leave: actor.role.is_some() && on(Action::Remove, Some(oneself)),
            admit: on(Action::Admit, None),
            describe: on(Action::Describe, None),
            set_rules: on(Action::SetRules, None),
            set_default: place.kind == RoomKind::Public && may(actor, Action::SetDefault, Object::default()).is_ok(),
            moderate: on(Action::Mute, None),
            remove_messages: on(Action::RemoveMessage, None),
            invite: on(Action::InviteTo, None),
            archive: on(Action::Archive, None),
            delete: on(Action::DeleteRoom, None),
            oversee: on(Action::Oversee, None),
        }
    }
}

/// A room as the page of its settings shows it.
pub struct RoomSettings {
    pub room: Room,
    pub rules: Rules,
    pub powers: Powers,
    /// What the reader is told of it, where they are a member.
    pub notify: Option<Notify>,
    /// Its moderators, then others, by their names.
    pub members: Vec<ListedMember>,
    /// Whether there are more of them.
    pub more_members: bool,
}

/// A member, and what the reader may do to them.
#[derive(Serialize)]
pub struct ListedMember {
    pub user: User,
    pub role: Option<Role>,
    pub oneself: bool,
    /// Remove them.
    pub removable: bool,
    /// Make them a moderator, or no longer one.
    pub promotable: bool,
}

/// The room of this name, if `user` may see it.
pub fn room_settings(connection: &mut AnyConnection, slug: &str, user: UserId) -> Result<RoomSettings, Refusal> {
    snapshot(connection, |connection| {
        let (found, actor) = authorize(connection, slug, user, Action::See)?;
        let (id, place) = (found.room.id, found.place());
        let notify = authorization::one(connection, id, user)?.notify;
        let (members, more_members) = listed_members(connection, id, actor, place)?;
        let powers = Powers::of(actor, place);
        Ok(RoomSettings { room: found.room, rules: found.rules, powers, notify, members, more_members })
    })
}

fn listed_members(
    connection: &mut AnyConnection,
    room: RoomId,
    actor: Actor,
    place: PolicyRoom,
) -> QueryResult<(Vec<ListedMember>, bool)> {
    let mut ids: Vec<UserId> = members::table
        .inner_join(users::table)
        .filter(members::room_id.eq(room))
        // "moderator" is after "member".
        .order((members::role.desc(), users::username_key))
        .limit(MOST_MEMBERS + 1)
        .select(users::id)
        .load(connection)?;
    let more = ids.len() as i64 > MOST_MEMBERS;
    ids.truncate(MOST_MEMBERS as usize);
    let pairs: Vec<(RoomId, UserId)> = ids.iter().map(|id| (room, *id)).collect();
    let mut known = authorization::load(connection, &pairs)?;
    let listed = pairs.iter().filter_map(|pair| known.remove(pair)).map(|them| {
        let on = |action| may(actor, action, Object { place: Some(place), whose: Some(them.person()) }).is_ok();
        let oneself = them.user.id == actor.user;
        ListedMember {
            oneself,
            removable: !oneself && on(Action::Remove),
            promotable: on(Action::SetRole),
            role: them.actor.role,
            user: them.user,
        }
    });
    Ok((listed.collect(), more))
}

/// What somebody may do in a room that they may see.
pub fn powers(connection: &mut AnyConnection, slug: &str, user: UserId) -> Result<Powers, Refusal> {
    snapshot(connection, |connection| {
        let (found, actor) = authorize(connection, slug, user, Action::See)?;
        Ok(Powers::of(actor, found.place()))
    })
}

/// A message that has not been deleted, for whoever may do this in its room.
///
/// # Errors
/// `not_found`: no such room, none that `user` may see, or no such message.
pub fn message(
    connection: &mut AnyConnection,
    slug: &str,
    user: UserId,
    id: Seq,
    action: Action,
) -> Result<(Room, Message), Refusal> {
    snapshot(connection, |connection| {
        let (found, _) = authorize(connection, slug, user, action)?;
        let page = latest(connection, found.room.id, Some(id.saturating_add(1)), 1)?;
        let message = page.messages.into_iter().find(|message| message.id == id && !message.deleted);
        Ok((found.room, message.ok_or_else(Refusal::message_not_found)?))
    })
}
