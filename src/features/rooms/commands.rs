//! Use cases about rooms.

use diesel::prelude::*;

use crate::app::fields;
use crate::app::perform::Command;
use crate::chat::allowances::Allowance;
use crate::chat::audit::Entry;
use crate::chat::change::{Change, InRoom};
use crate::chat::events::Event;
use crate::chat::room_changes::{self, NewRoom, set_archived};
use crate::chat::{members, names, rooms};
use crate::db::schema::{members as member_rows, rooms as room_rows};
use crate::features::rooms::types;
use crate::policy::{Action, Object, PolicyRoom};
use crate::wire::refusal::Refusal;
use crate::wire::{Act, Role, Room, RoomKind};

/// Makes a room. Whoever makes it is its first member and moderator; the operator's has no member.
pub struct MakeRoom(NewRoom);

impl MakeRoom {
    /// # Errors
    /// `invalid`: a field that does not fit.
    pub fn new(asked: &types::MakeRoom) -> Result<Self, Refusal> {
        fields::slug(&asked.slug)?;
        Ok(Self(NewRoom {
            slug: asked.slug.clone(),
            title: fields::title(asked.title.as_deref().unwrap_or_default())?,
            topic: fields::topic(asked.topic.as_deref().unwrap_or_default())?,
            kind: asked.kind.as_deref().map(fields::kind).transpose()?.unwrap_or_default(),
        }))
    }
}

impl Command for MakeRoom {
    type Outcome = Room;

    fn execute(self, change: &mut Change) -> Result<Room, Refusal> {
        change.in_chat(Action::MakeRoom)?;
        change.take(Allowance::Rooms)?;
        let room = room_changes::insert(change.connection, &self.0)?;
        if change.by_operator() {
            change.record(&Entry { room: Some(&room), ..Entry::new(Act::MakeRoom) })?;
        } else {
            let maker = change.user()?;
            members::insert(change.connection, room.id, maker, Role::Moderator, 0)?;
            rooms::set_maker(change.connection, room.id, maker)?;
        }
        change.announce(Event::RoomChanged { room: room.id });
        Ok(room)
    }
}

/// Changes what is given of a room. Nothing that breaks the new rules is stored after this: the room's row is held.
#[derive(Clone, Debug, Default)]
pub struct ChangeRoom {
    pub slug: String,
    pub title: Option<String>,
    pub topic: Option<String>,
    pub archived: Option<bool>,
    /// Seconds, 0 for none.
    pub slow_secs: Option<i32>,
    /// One in each line, in lower case.
    pub blocked_words: Option<String>,
    pub blocks_links: Option<bool>,
    pub is_default: Option<bool>,
}

impl ChangeRoom {
    /// # Errors
    /// `invalid`: a field that does not fit.
    pub fn new(slug: String, asked: &types::ChangeRoom) -> Result<Self, Refusal> {
        Ok(Self {
            slug,
            title: asked.title.as_deref().map(fields::title).transpose()?,
            topic: asked.topic.as_deref().map(fields::topic).transpose()?,
            archived: asked.archived,
            slow_secs: asked.slow_secs.map(fields::slow_secs).transpose()?,
            blocked_words: asked.blocked_words.as_deref().map(fields::blocked_words).transpose()?,
            blocks_links: asked.blocks_links,
            is_default: asked.default,
        })
    }

    /// The new rules in words, for the audit log; `None` where none changes.
    fn rules(&self) -> Option<String> {
        let rules = [
            self.slow_secs.map(|secs| format!("slow mode: {secs} s")),
            self.blocked_words.as_ref().map(|words| format!("blocked words: {}", words.lines().count())),
            self.blocks_links.map(|blocks| format!("links: {}", if blocks { "blocked" } else { "allowed" })),
        ];
        let rules: Vec<String> = rules.into_iter().flatten().collect();
        (!rules.is_empty()).then(|| rules.join(", "))
    }
}

/// The columns of a room that change by being set, where they are given.
#[derive(AsChangeset)]
#[diesel(table_name = room_rows)]
struct Columns<'a> {
    title: Option<&'a str>,
    topic: Option<&'a str>,
    slow_secs: Option<i32>,
    blocked_words: Option<&'a str>,
    blocks_links: Option<bool>,
    is_default: Option<bool>,
}

impl Command for ChangeRoom {
    type Outcome = Room;

    fn execute(self, change: &mut Change) -> Result<Room, Refusal> {
        let InRoom { state, actor } = change.in_room(&self.slug, Action::See)?;
        let (room, mut place) = (&state.room, state.place());
        let here = |place| Object { place: Some(place), whose: None };
        // An archived room is changed once it is none any more, and archived once it is changed.
        if self.archived == Some(false) && room.archived {
            change.require(actor, Action::Archive, here(place))?;
            set_archived(change.connection, room.id, false)?;
            change.record(&Entry { room: Some(room), ..Entry::new(Act::Unarchive) })?;
            place = PolicyRoom { archived: false, ..place };
        }
        if self.title.is_some() || self.topic.is_some() {
            change.require(actor, Action::Describe, here(place))?;
        }
        if let Some(rules) = self.rules() {
            change.require(actor, Action::SetRules, here(place))?;
            change.record(&Entry { room: Some(room), detail: &rules, ..Entry::new(Act::SetRules) })?;
        }
        if let Some(is_default) = self.is_default {
            change.require(actor, Action::SetDefault, Object::default())?;
            if room.kind != RoomKind::Public {
                return Err(Refusal::invalid("default: only a public room can be one that everybody joins"));
            }
            let detail = if is_default { "on" } else { "off" };
            change.record(&Entry { room: Some(room), detail, ..Entry::new(Act::SetDefault) })?;
        }
        let columns = Columns {
            title: self.title.as_deref(),
            topic: self.topic.as_deref(),
            slow_secs: self.slow_secs,
            blocked_words: self.blocked_words.as_deref(),
            blocks_links: self.blocks_links,
            is_default: self.is_default,
        };
        // Where nothing is to be set there is nothing to do.
        diesel::update(room_rows::table.find(room.id))
            .set(columns)
            .execute(change.connection)
            .optional_empty_changeset()?;
        if self.title.is_some() {
            names::note_room(change.connection, room.id)?;
        }
        if self.archived == Some(true) && !room.archived {
            change.require(actor, Action::Archive, here(place))?;
            set_archived(change.connection, room.id, true)?;
            change.record(&Entry { room: Some(room), ..Entry::new(Act::Archive) })?;
        }
        change.announce(Event::RoomChanged { room: room.id });
        Ok(rooms::by_id(change.connection, room.id)?.ok_or_else(Refusal::room_not_found)?.room)
    }
}

/// Deletes a room with all that was said in it.
pub struct DeleteRoom {
    pub slug: String,
}

impl DeleteRoom {
    /// `confirm` is the slug once more, so that no room is deleted by a slip.
    ///
    /// # Errors
    /// `invalid`: it is another one.
    pub fn confirmed(slug: String, confirm: &str) -> Result<Self, Refusal> {
        if confirm == slug {
            Ok(Self { slug })
        } else {
            Err(Refusal::invalid("confirm: the slug of the room that is to be deleted"))
        }
    }
}

/// A room that is no more, and how many were in it.
pub struct DeletedRoom {
    pub slug: String,
    pub members: usize,
}

impl Command for DeleteRoom {
    type Outcome = DeletedRoom;

    fn execute(self, change: &mut Change) -> Result<DeletedRoom, Refusal> {
        let room = change.in_room(&self.slug, Action::DeleteRoom)?.state.room;
        let members = member_rows::table
            .filter(member_rows::room_id.eq(room.id))
            .select(member_rows::user_id)
            .load(change.connection)?;
        change.record(&Entry { room: Some(&room), ..Entry::new(Act::DeleteRoom) })?;
        // All that belongs to it goes with it.
        diesel::delete(room_rows::table.find(room.id)).execute(change.connection)?;
        let deleted = DeletedRoom { slug: room.slug.clone(), members: members.len() };
        let public = room.kind == RoomKind::Public;
        change.announce(Event::RoomDeleted { room: room.id, slug: room.slug, public, members });
        Ok(deleted)
    }
}
