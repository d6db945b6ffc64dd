//! Who may do what. One pure function decides, and everything asks it: HTTP calls, socket frames, pages, the command
//! line's effects and the transaction that stores a change.

use crate::wire::refusal::{Code, Refusal};
use crate::wire::{InstanceRole, Role, RoomKind, UserId};

/// Somebody, as they stand to the whole chat and to the room in question.
#[derive(Clone, Copy, Debug)]
pub struct Actor {
    pub user: UserId,
    pub instance: InstanceRole,
    /// Of a member of the room.
    pub role: Option<Role>,
    /// For now they may only read in the room, take back what they said, report, leave and come back.
    pub muted: bool,
    /// For now the room is closed to them.
    pub banned: bool,
    /// The chat is closed to them, for now or for ever.
    pub excluded: bool,
}

impl Actor {
    /// Where no room is concerned.
    pub fn outside(user: UserId, instance: InstanceRole) -> Self {
        Self { user, instance, role: None, muted: false, banned: false, excluded: false }
    }
}

/// What they want to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    // In a room, as anybody.
    /// Know that the room exists, read its messages and its members.
    See,
    /// Become a member by joining.
    Enter,
    /// Set what is one's own in the room: the read mark, the level of notification.
    Mark,
    /// Send a message, or be shown to type.
    Talk,
    /// Change a message.
    Edit,
    /// Take a message back.
    TakeBack,
    /// React to a message.
    React,
    /// Mention everybody who is present.
    MentionHere,
    /// Mention everybody who is a member.
    MentionRoom,
    /// Make somebody a member.
    Admit,
    /// End a membership: one's own by leaving, somebody else's by removing them.
    Remove,
    /// Tell the moderators of a message.
    Report,

    // In a room, as a moderator.
    /// Change title and topic.
    Describe,
    /// Set how the room is moderated: slow mode, filters.
    SetRules,
    /// Show somebody's message as removed.
    RemoveMessage,
    /// Let somebody only read for a time.
    Mute,
    /// Close the room to somebody.
    Ban,
    /// Make somebody a moderator, or no longer one.
    SetRole,
    /// Make links that lead into the room.
    InviteTo,
    /// Make the room read-only, or no longer so.
    Archive,
    /// Delete the room with all that was said in it.
    DeleteRoom,
    /// Read what was reported, and settle it.
    Oversee,
    /// Read the log of what was done in the room, and who is muted and banned.
    ReadLog,

    // In the whole chat.
    /// Make a room.
    MakeRoom,
    /// Begin a direct talk.
    BeginDirect,
    /// Make links that let people sign up.
    Invite,
    /// Make a room one that new members join by themselves.
    SetDefault,
    /// Close the chat to somebody, for a time or for ever, and open it again.
    BanFromChat,
    /// Remove all of somebody's messages.
    Wipe,
    /// Make somebody a guest, a member, an admin or an owner.
    SetInstanceRole,
    /// Read every report, the whole log and the list of people.
    Administer,
}

/// What they want to do it to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Object {
    pub place: Option<PolicyRoom>,
    /// The message's author, or the person acted on; where there is one.
    pub whose: Option<Person>,
}

/// A room.
#[derive(Clone, Copy, Debug)]
pub struct PolicyRoom {
    pub kind: RoomKind,
    /// Read-only.
    pub archived: bool,
    /// The direct talk of two, which stays theirs.
    pub pair: bool,
    /// Too many members to be mentioned at once by anybody but a moderator.
    pub large: bool,
    /// Who made it, for as long as they are one of its moderators: they stand above the others.
    pub maker: Option<UserId>,
}

/// Somebody acted on.
#[derive(Clone, Copy, Debug)]
pub struct Person {
    pub user: UserId,
    pub instance: InstanceRole,
    pub role: Option<Role>,
}

/// Decides. Whoever may not see a room gets the answer of a room that does not exist.
///
/// # Errors
/// `not_found` where the room is hidden from the actor, else `forbidden` with a text for people.
pub fn may(actor: Actor, action: Action, object: Object) -> Result<(), Refusal> {
    match object.place {
        _ if actor.excluded => refuse("you are banned from this chat"),
        Some(place) => may_in(actor, action, place, object.whose),
        None => may_outside(actor, action, object.whose),
    }
}

fn may_in(actor: Actor, action: Action, place: PolicyRoom, whose: Option<Person>) -> Result<(), Refusal> {
    let own = whose.is_some_and(|whose| whose.user == actor.user);
    let member = actor.role.is_some();
    let administers = actor.instance >= InstanceRole::Admin;
    // A report tells its message to those who deal with reports, and nothing else of the room.
    let beyond = administers && action == Action::Oversee;
    let visible = member || (place.kind == RoomKind::Public && actor.instance > InstanceRole::Guest);
    if !visible && !beyond {
        return Err(Refusal::room_not_found());
    }
    if actor.banned {
        return refuse("you are banned from this room");
    }
    let direct = place.kind == RoomKind::Direct;
    let moderator = actor.role == Some(Role::Moderator) || (administers && visible && !direct);
    // Where a message is at stake its room's moderators are each other's equals, the maker among them.
    let maker = place.maker.filter(|_| action != Action::RemoveMessage);
    let rank = |who: Person| rank(who.instance, who.role, maker == Some(who.user));
    let me = Person { user: actor.user, instance: actor.instance, role: actor.role };
    let outranked = whose.is_some_and(|whose| rank(whose) > rank(me));
    let while_muted = match action {
        Action::See | Action::Enter | Action::Mark | Action::Report => true,
        Action::Oversee | Action::ReadLog => true,
        Action::TakeBack | Action::Remove | Action::Admit => own,
        _ => false,
    };
    match action {
        Action::See | Action::Enter | Action::Report => Ok(()),
        _ if !member && !moderator && !beyond && !matches!(action, Action::Admit | Action::Remove) => {
            refuse("only members of the room may do that")
        }
        _ if actor.muted && !while_muted => refuse("you are muted in this room"),
        Action::Mark => needs(member, "only members of the room may do that"),
        Action::ReadLog => needs(moderator, MODERATORS),
        Action::Oversee => needs(moderator || administers, MODERATORS),
        Action::Remove if own && place.pair => {
            refuse("a talk of two can't be left; its notifications can be turned off")
        }
        Action::Remove if own => Ok(()),
        Action::Archive => needs(moderator, MODERATORS),
        Action::RemoveMessage | Action::DeleteRoom | Action::Remove | Action::Mute | Action::Ban | Action::SetRole
            if !moderator =>
        {
            refuse(MODERATORS)
        }
        Action::DeleteRoom => needs(
            administers || place.maker.is_none_or(|maker| maker == actor.user),
            "only who made the room and admins may delete it",
        ),
        Action::RemoveMessage | Action::Remove | Action::Mute | Action::Ban | Action::SetRole if outranked => {
            refuse("that person stands above you here")
        }
        Action::RemoveMessage => Ok(()),
        Action::Mute | Action::Ban if own => refuse("nobody can do that to themselves"),
        Action::Remove | Action::Mute | Action::Ban | Action::SetRole => Ok(()),
        _ if place.archived => refuse("the room is archived: it can only be read"),
        Action::Describe | Action::SetRules | Action::InviteTo => needs(moderator, MODERATORS),
        Action::Admit if place.pair => refuse("a talk of two stays between them; begin a new one with more people"),
        Action::Admit => needs(actor.instance > InstanceRole::Guest, "guests can't add people"),
        Action::TakeBack => needs(member && own, "only its author may take a message back"),
        Action::Talk | Action::Edit | Action::React | Action::MentionHere | Action::MentionRoom if !member => {
            refuse("only members of the room may do that")
        }
        Action::Talk | Action::React => Ok(()),
        Action::Edit => needs(own, "only its author may change a message"),
        Action::MentionHere | Action::MentionRoom => needs(
            actor.instance > InstanceRole::Guest && (moderator || !place.large),
            "only moderators may mention so many people at once",
        ),
        Action::MakeRoom
        | Action::BeginDirect
        | Action::Invite
        | Action::SetDefault
        | Action::BanFromChat
        | Action::Wipe
        | Action::SetInstanceRole
        | Action::Administer => refuse("that is not done in a room"),
    }
}

fn may_outside(actor: Actor, action: Action, whose: Option<Person>) -> Result<(), Refusal> {
    let administers = actor.instance >= InstanceRole::Admin;
    let own = whose.is_some_and(|whose| whose.user == actor.user);
    match action {
        Action::MakeRoom => needs(actor.instance > InstanceRole::Guest, "guests can't make rooms"),
        Action::BeginDirect => needs(actor.instance > InstanceRole::Guest, "guests can't begin direct talks"),
        Action::Invite | Action::SetDefault | Action::Administer => needs(administers, ADMINS),
        Action::BanFromChat | Action::Wipe | Action::SetInstanceRole if !administers => refuse(ADMINS),
        Action::BanFromChat if own => refuse("nobody can do that to themselves"),
        // Owners are each other's equals, admins are not.
        Action::BanFromChat | Action::Wipe | Action::SetInstanceRole => needs(
            actor.instance == InstanceRole::Owner || own || whose.is_none_or(|whose| whose.instance < actor.instance),
            "that person stands above you here",
        ),
        _ => refuse("that is done in a room"),
    }
}

const MODERATORS: &str = "only moderators of the room may do that";
const ADMINS: &str = "only admins may do that";

/// Who may act on whom: nobody on those above them.
fn rank(instance: InstanceRole, role: Option<Role>, made_it: bool) -> u8 {
    match (instance, role) {
        (InstanceRole::Owner, _) => 4,
        (InstanceRole::Admin, _) => 3,
        (_, Some(Role::Moderator)) if made_it => 2,
        (_, Some(Role::Moderator)) => 1,
        _ => 0,
    }
}

fn needs(allowed: bool, otherwise: &'static str) -> Result<(), Refusal> {
    if allowed { Ok(()) } else { refuse(otherwise) }
}

fn refuse(why: &'static str) -> Result<(), Refusal> {
    Err(Refusal::new(Code::Forbidden, why))
}
