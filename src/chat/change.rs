//! A change in progress: one transaction, whoever makes it, and what is announced once it is committed.

use crate::chat::accounts;
use crate::chat::allowances::{self, Allowance, Caps};
use crate::chat::audit::{self, Entry};
use crate::chat::authorization::{self, Subject};
use crate::chat::events::Event;
use crate::chat::rooms::{self, RoomState};
use crate::db::AnyConnection;
use crate::db::connection::transaction;
use crate::policy::{Action, Actor, Object, may};
use crate::wire::refusal::Refusal;
use crate::wire::{InstanceRole, User, UserId};

/// What a use case works with. It has one from [`run`] only, so that every change is one transaction and no event is
/// announced before its commit. Here the policy is asked and the audit log is written.
pub struct Change<'a> {
    pub connection: &'a mut AnyConnection,
    /// Who makes it; `None` is the operator, whose right is the machine's.
    by: Option<UserId>,
    /// The same person, once they have been read.
    person: Option<User>,
    caps: Caps,
    events: Vec<Event>,
}

/// A room whose row is held until the change ends, and who acts in it.
pub struct InRoom {
    pub state: RoomState,
    /// `None`: the operator.
    pub actor: Option<Actor>,
}

/// A room whose row is held, and the person in it who is acted on.
pub struct OnPerson {
    pub state: RoomState,
    pub target: Subject,
}

/// Makes a change as a whole or not at all; gives what it came to, and what is to be announced.
///
/// # Errors
/// Those of `work`; then nothing has changed.
pub fn run<T>(
    connection: &mut AnyConnection,
    by: Option<UserId>,
    caps: Caps,
    work: impl FnOnce(&mut Change) -> Result<T, Refusal>,
) -> Result<(T, Vec<Event>), Refusal> {
    transaction(connection, |connection| {
        let mut change = Change { connection, by, person: None, caps, events: Vec::new() };
        let outcome = work(&mut change)?;
        Ok((outcome, change.events))
    })
}

impl Change<'_> {
    /// Who makes it, where only somebody with an account can.
    ///
    /// # Errors
    /// `unauthorized`: the operator makes it.
    pub fn user(&self) -> Result<UserId, Refusal> {
        self.by.ok_or_else(Refusal::signed_out)
    }

    /// Who makes it; `None` is the operator, or somebody who is about to have an account.
    pub fn by(&self) -> Option<UserId> {
        self.by
    }

    /// Whether it is the operator who makes it.
    pub fn by_operator(&self) -> bool {
        self.by.is_none()
    }

    /// Counts one of what somebody may make so often in a day. The operator may make any number.
    ///
    /// # Errors
    /// `rate_limited`, with the time until the next day.
    pub fn take(&mut self, allowance: Allowance) -> Result<(), Refusal> {
        match self.by {
            Some(by) if self.caps == Caps::Hold => allowances::take(self.connection, by, allowance),
            _ => Ok(()),
        }
    }

    /// Has every instance act on it, after the commit.
    pub fn announce(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Asks the policy about the whole chat; gives how the actor stands to it, `None` for the operator.
    ///
    /// # Errors
    /// `forbidden`; `unauthorized` where there is no such account any more.
    pub fn in_chat(&mut self, action: Action) -> Result<Option<Actor>, Refusal> {
        let Some(by) = self.by else { return Ok(None) };
        let known = authorization::in_chat(self.connection, by)?;
        may(known.actor, action, Object::default())?;
        self.person = Some(known.user);
        Ok(Some(known.actor))
    }

    /// Holds a room's row and asks the policy. The operator may do all, and what they do takes the row where it writes to it.
    ///
    /// # Errors
    /// `not_found`: no such room, or none that the actor may see; `forbidden`.
    pub fn in_room(&mut self, slug: &str, action: Action) -> Result<InRoom, Refusal> {
        let Some(by) = self.by else {
            let state = rooms::by_slug(self.connection, slug)?.ok_or_else(Refusal::room_not_found)?;
            return Ok(InRoom { state, actor: None });
        };
        let (state, actor) = rooms::authorize_for_update(self.connection, slug, by, action)?;
        Ok(InRoom { state, actor: Some(actor) })
    }

    /// Asks the policy about something further in a room that is held.
    ///
    /// # Errors
    /// `forbidden`
    pub fn require(&self, actor: Option<Actor>, action: Action, object: Object) -> Result<(), Refusal> {
        actor.map_or(Ok(()), |actor| may(actor, action, object))
    }

    /// Holds a room's row and asks the policy about acting on somebody there; `me` stands for the actor.
    ///
    /// # Errors
    /// `not_found`: no such room, none that the actor may see, or no such person; `forbidden`.
    pub fn on_person_in_room(&mut self, slug: &str, username: &str, action: Action) -> Result<OnPerson, Refusal> {
        // Whether a name is taken is told only to those who may see the room, and may do this to anybody there.
        let InRoom { state, actor } = self.in_room(slug, Action::See)?;
        let (room, place) = (state.room.id, Some(state.place()));
        let own = username == "me" || self.person()?.is_some_and(|me| me.username.eq_ignore_ascii_case(username));
        let target = if own {
            authorization::one(self.connection, room, self.user()?)?
        } else {
            self.require(actor, action, Object { place, whose: None })?;
            authorization::named(self.connection, room, username)?
        };
        // Guests know only those who share a room with them: here, who is in it, or was sanctioned in it.
        let by_guest = actor.is_some_and(|actor| actor.instance == InstanceRole::Guest);
        if by_guest && target.actor.role.is_none() && !target.actor.muted && !target.actor.banned {
            return Err(Refusal::user_not_found());
        }
        self.require(actor, action, Object { place, whose: Some(target.person()) })?;
        Ok(OnPerson { state, target })
    }

    /// Asks the policy about acting on somebody in the whole chat.
    ///
    /// # Errors
    /// `forbidden`; `not_found`: no such person, told only to those who may do this at all.
    pub fn on_person(&mut self, username: &str, action: Action) -> Result<Subject, Refusal> {
        let actor = self.in_chat(action)?;
        let target = authorization::named_in_chat(self.connection, username)?;
        self.require(actor, action, Object { place: None, whose: Some(target.person()) })?;
        Ok(target)
    }

    /// As [`on_person`](Self::on_person), once neither can become anything else before this transaction ends.
    ///
    /// # Errors
    /// As for [`on_person`](Self::on_person).
    pub fn on_held_person(&mut self, username: &str, action: Action) -> Result<Subject, Refusal> {
        let target = self.on_person(username, action)?;
        let both: Vec<UserId> = self.by.into_iter().chain([target.user.id]).collect();
        accounts::lock_users(self.connection, &both)?;
        self.on_person(username, action)
    }

    /// Who makes the change, with the name they have now; `None` is the operator.
    ///
    /// # Errors
    /// `unauthorized` where there is no such account any more; `unavailable`.
    pub fn person(&mut self) -> Result<Option<&User>, Refusal> {
        if let (Some(by), None) = (self.by, &self.person) {
            self.person = Some(authorization::in_chat(self.connection, by)?.user);
        }
        Ok(self.person.as_ref())
    }

    /// Writes an entry of the audit log; its actor is who makes the change.
    ///
    /// # Errors
    /// `unauthorized` where there is no such account any more; `unavailable`.
    pub fn record(&mut self, entry: &Entry) -> Result<(), Refusal> {
        let actor = self.person()?.cloned();
        Ok(audit::record(self.connection, &Entry { actor: actor.as_ref(), ..entry.clone() })?)
    }

    /// Writes an entry of the audit log whose actor is the operator: they gave the right to it, whoever makes the change.
    ///
    /// # Errors
    /// `unavailable`
    pub fn record_for_operator(&mut self, entry: &Entry) -> Result<(), Refusal> {
        Ok(audit::record(self.connection, &Entry { actor: None, ..entry.clone() })?)
    }
}
