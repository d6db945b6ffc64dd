//! Who may do what. One pure function decides, and everything asks it: HTTP calls, socket frames, pages and the
//! transaction that stores a change.

use crate::error::{Code, Refusal};
use crate::protocol::{Role, RoomKind, UserId};

/// Somebody, as they stand to the room in question.
#[derive(Clone, Copy, Debug)]
pub struct Actor {
    pub user: UserId,
    pub role: Option<Role>,
}

/// What they want to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Know that the room exists, read its messages and its members.
    See,
    /// Become a member by joining.
    Enter,
    /// Send a message, or set one's read mark.
    Talk,
    /// Change or take back a message.
    Amend,
    /// React to a message.
    React,
    /// Change title and topic.
    Describe,
    /// Make somebody a member.
    Admit,
    /// End somebody's membership.
    Remove,
}

/// What they want to do it to.
#[derive(Clone, Copy, Debug)]
pub struct Object {
    pub kind: RoomKind,
    /// The message's author, or the member who is to be admitted or removed; where there is one.
    pub whose: Option<UserId>,
}

/// Decides. Whoever may not see a room gets the answer of a room that does not exist.
pub fn may(actor: Actor, action: Action, object: Object) -> Result<(), Refusal> {
    let member = actor.role.is_some();
    let visible = member || object.kind == RoomKind::Public;
    if !visible {
        return Err(Refusal::room_not_found());
    }
    let own = object.whose == Some(actor.user);
    let allowed = match action {
        Action::See | Action::Enter => true,
        Action::Talk | Action::React => member,
        Action::Amend => member && own,
        Action::Describe => actor.role == Some(Role::Moderator),
        Action::Admit => true,
        Action::Remove => own || actor.role == Some(Role::Moderator),
    };
    if allowed { Ok(()) } else { Err(Refusal::new(Code::Forbidden, forbidden(action, member))) }
}

fn forbidden(action: Action, member: bool) -> &'static str {
    match action {
        _ if !member => "only members of the room may do that",
        Action::Amend => "only its author may change a message",
        _ => "only moderators of the room may do that",
    }
}
