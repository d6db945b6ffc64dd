//! Rooms made, changed, archived and deleted.

use chrono::Utc;
use diesel::prelude::*;
use diesel::result::DatabaseErrorKind::UniqueViolation;
use diesel::result::Error::DatabaseError;

use super::accounts;
use super::actors;
use super::audit::{self, Entry};
use super::connection::{AnyConnection, transaction};
use super::members;
use super::rooms::{by_id, by_slug, permitted_alone, raise_access};
use super::schema::{members as member_rows, rooms, users};
use super::talks;
use crate::error::{Code, Refusal};
use crate::policy::{Action, Object, Place, may};
use crate::protocol::{Act, MAX_DIRECT_PEOPLE, Role, Room, RoomId, RoomKind, User, UserId};

/// A room that is to be made.
pub struct NewRoom {
    pub slug: String,
    pub title: String,
    pub topic: String,
    pub kind: RoomKind,
}

/// What of a room is to be otherwise; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct Changes {
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

/// A room that is no more, and who was in it.
pub struct Deleted {
    pub room: Room,
    pub members: Vec<UserId>,
}

/// Makes a room; whoever makes it is its first member and moderator.
pub fn create(connection: &mut AnyConnection, room: &NewRoom, creator: UserId) -> Result<Room, Refusal> {
    let made = transaction(connection, |connection| {
        may(actors::outside(connection, creator)?, Action::MakeRoom, Object::default())?;
        let made = insert(connection, room)?;
        members::insert(connection, made.id, creator, Role::Moderator, 0)?;
        Ok(made)
    });
    made.map_err(taken)
}

/// Makes a room without a member: the operator does.
pub fn create_empty(connection: &mut AnyConnection, room: &NewRoom) -> Result<Room, Refusal> {
    let made = transaction(connection, |connection| {
        let made = insert(connection, room)?;
        audit::note(connection, &Entry { room: Some(&made), ..Entry::new(None, Act::MakeRoom) })?;
        Ok(made)
    });
    made.map_err(taken)
}

/// Between: a refusal, or the database's own, which may say that the name is taken.
enum Failure {
    Refused(Refusal),
    Database(diesel::result::Error),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<diesel::result::Error> for Failure {
    fn from(error: diesel::result::Error) -> Self {
        Self::Database(error)
    }
}

fn taken(failure: Failure) -> Refusal {
    match failure {
        Failure::Refused(refusal) => refusal,
        Failure::Database(DatabaseError(UniqueViolation, _)) => {
            Refusal::new(Code::Taken, "there is a room of this name")
        }
        Failure::Database(error) => error.into(),
    }
}

fn insert(connection: &mut AnyConnection, room: &NewRoom) -> QueryResult<Room> {
    diesel::insert_into(rooms::table)
        .values((
            rooms::slug.eq(&room.slug),
            rooms::title.eq(&room.title),
            rooms::topic.eq(&room.topic),
            rooms::kind.eq(room.kind.as_str()),
            rooms::created_at.eq(Utc::now().naive_utc()),
        ))
        .execute(connection)?;
    Ok(by_slug(connection, &room.slug)?.ok_or(diesel::result::Error::NotFound)?.room)
}

/// Changes what is given. Nothing that breaks the new rules is stored after this: the room's row is held.
pub fn change(connection: &mut AnyConnection, slug: &str, by: UserId, changes: &Changes) -> Result<Room, Refusal> {
    transaction(connection, |connection| {
        let (found, actor) = permitted_alone(connection, slug, by, Action::See)?;
        let (room, place) = (&found.room, found.place());
        let row = rooms::table.find(room.id);
        let moderator = actors::one(connection, room.id, by)?.user;
        let note = |connection: &mut AnyConnection, act: Act, detail: &str| {
            audit::note(connection, &Entry { room: Some(room), detail, ..Entry::new(Some(&moderator), act) })
        };
        // An archived room is changed once it is none any more, and archived once it is changed.
        let mut place = place;
        if changes.archived == Some(false) && room.archived {
            may(actor, Action::Archive, Object { place: Some(place), whose: None })?;
            set_archived(connection, room.id, false)?;
            note(connection, Act::Unarchive, "")?;
            place = Place { archived: false, ..place };
        }
        if changes.title.is_some() || changes.topic.is_some() {
            may(actor, Action::Describe, Object { place: Some(place), whose: None })?;
            if let Some(title) = &changes.title {
                diesel::update(row).set(rooms::title.eq(title)).execute(connection)?;
            }
            if let Some(topic) = &changes.topic {
                diesel::update(row).set(rooms::topic.eq(topic)).execute(connection)?;
            }
        }
        let mut rules = Vec::new();
        if let Some(secs) = changes.slow_secs {
            rules.push(format!("slow mode: {secs} s"));
            diesel::update(row).set(rooms::slow_secs.eq(secs)).execute(connection)?;
        }
        if let Some(words) = &changes.blocked_words {
            rules.push(format!("blocked words: {}", words.lines().count()));
            diesel::update(row).set(rooms::blocked_words.eq(words)).execute(connection)?;
        }
        if let Some(blocks) = changes.blocks_links {
            rules.push(format!("links: {}", if blocks { "blocked" } else { "allowed" }));
            diesel::update(row).set(rooms::blocks_links.eq(blocks)).execute(connection)?;
        }
        if !rules.is_empty() {
            may(actor, Action::SetRules, Object { place: Some(place), whose: None })?;
            note(connection, Act::SetRules, &rules.join(", "))?;
        }
        if let Some(is_default) = changes.is_default {
            may(actor, Action::SetDefault, Object::default())?;
            if room.kind != RoomKind::Public {
                return Err(Refusal::invalid("default: only a public room can be one that everybody joins"));
            }
            diesel::update(row).set(rooms::is_default.eq(is_default)).execute(connection)?;
            note(connection, Act::SetDefault, if is_default { "on" } else { "off" })?;
        }
        if changes.archived == Some(true) && !room.archived {
            may(actor, Action::Archive, Object { place: Some(place), whose: None })?;
            set_archived(connection, room.id, true)?;
            note(connection, Act::Archive, "")?;
        }
        Ok(by_id(connection, room.id)?.ok_or_else(Refusal::room_not_found)?.room)
    })
}

/// Every instance is told by the raised number, whoever did it.
fn set_archived(connection: &mut AnyConnection, room: RoomId, archived: bool) -> QueryResult<()> {
    raise_access(connection, &[room])?;
    diesel::update(rooms::table.find(room))
        .set(rooms::archived_at.eq(archived.then(|| Utc::now().naive_utc())))
        .execute(connection)
        .map(drop)
}

/// Archives a room, or opens it again, as the operator.
pub fn archive_by_operator(connection: &mut AnyConnection, slug: &str, archived: bool) -> Result<(), Refusal> {
    transaction(connection, |connection| {
        let found = by_slug(connection, slug)?.ok_or_else(Refusal::room_not_found)?;
        if found.room.archived == archived {
            return Ok(());
        }
        set_archived(connection, found.room.id, archived)?;
        let act = if archived { Act::Archive } else { Act::Unarchive };
        Ok(audit::note(connection, &Entry { room: Some(&found.room), ..Entry::new(None, act) })?)
    })
}

/// Deletes a room with all that was said in it. `by` is `None` for the operator.
pub fn delete(connection: &mut AnyConnection, slug: &str, by: Option<UserId>) -> Result<Deleted, Refusal> {
    transaction(connection, |connection| {
        let (found, actor) = match by {
            Some(by) => {
                let (found, _) = permitted_alone(connection, slug, by, Action::DeleteRoom)?;
                let actor = actors::one(connection, found.room.id, by)?.user;
                (found, Some(actor))
            }
            None => (by_slug(connection, slug)?.ok_or_else(Refusal::room_not_found)?, None),
        };
        let room = found.room;
        let members = member_rows::table
            .filter(member_rows::room_id.eq(room.id))
            .select(member_rows::user_id)
            .load(connection)?;
        audit::note(connection, &Entry { room: Some(&room), ..Entry::new(actor.as_ref(), Act::DeleteRoom) })?;
        // All that belongs to it goes with it.
        diesel::delete(rooms::table.find(room.id)).execute(connection)?;
        Ok(Deleted { room, members })
    })
}

/// The direct talk of these people: that of two is found, where they have one; of more each is new. It has the names of its
/// people.
pub fn direct(connection: &mut AnyConnection, by: UserId, usernames: &[String]) -> Result<(Room, bool), Refusal> {
    transaction(connection, |connection| {
        let me = actors::one(connection, 0, by)?;
        may(me.actor, Action::BeginDirect, Object::default())?;
        let mut people = vec![me.user];
        for name in usernames {
            let them = actors::named(connection, 0, name)?;
            if them.actor.excluded {
                return Err(Refusal::user_not_found());
            }
            if people.iter().all(|person| person.id != them.user.id) {
                people.push(them.user);
            }
        }
        people.sort_by_key(|person| person.id);
        if !(2..=MAX_DIRECT_PEOPLE).contains(&(people.len() as i64)) {
            return Err(Refusal::invalid("users: 1 to {most} others").with("most", MAX_DIRECT_PEOPLE - 1));
        }
        // Two who begin at the same moment find one room: the rows are held in one order.
        accounts::hold(connection, &people.iter().map(|person| person.id).collect::<Vec<_>>())?;
        let pair = match people.as_slice() {
            [one, other] => Some(format!("{}-{}", one.id, other.id)),
            _ => None,
        };
        if let Some(pair) = &pair {
            let found: Option<RoomId> =
                rooms::table.filter(rooms::pair.eq(pair)).select(rooms::id).first(connection).optional()?;
            if let Some(found) = found {
                return Ok((by_id(connection, found)?.ok_or_else(Refusal::room_not_found)?.room, false));
            }
        }
        let slug = format!("direct-{}", uuid::Uuid::new_v4().simple());
        let room = NewRoom {
            slug,
            title: talks::names(people.iter().map(|person| person.display_name.as_str())),
            topic: String::new(),
            kind: RoomKind::Direct,
        };
        let made = insert(connection, &room)?;
        diesel::update(rooms::table.find(made.id)).set(rooms::pair.eq(pair)).execute(connection)?;
        for person in &people {
            members::insert(connection, made.id, person.id, Role::Member, 0)?;
        }
        Ok((made, true))
    })
}

/// Makes a new member of the chat one of every room that such people join by themselves; which these are.
pub fn join_defaults(connection: &mut AnyConnection, user: UserId) -> QueryResult<Vec<RoomId>> {
    let defaults: Vec<(RoomId, i64)> = rooms::table
        .filter(rooms::is_default.eq(true).and(rooms::archived_at.is_null()))
        .order(rooms::id)
        .select((rooms::id, rooms::last_seq))
        .load(connection)?;
    for (room, seq) in &defaults {
        members::insert(connection, *room, user, Role::Member, *seq)?;
    }
    Ok(defaults.into_iter().map(|(room, _)| room).collect())
}

/// The people of these direct talks, by their names.
pub fn people_of(
    connection: &mut AnyConnection,
    talks: &[RoomId],
) -> QueryResult<std::collections::HashMap<RoomId, Vec<User>>> {
    let mut people: std::collections::HashMap<RoomId, Vec<User>> = std::collections::HashMap::new();
    let rows: Vec<(RoomId, UserId, String, String)> = member_rows::table
        .inner_join(users::table)
        .filter(member_rows::room_id.eq_any(talks))
        .order(users::username_key)
        .select((member_rows::room_id, users::id, users::username, users::display_name))
        .load(connection)?;
    for (room, id, username, display_name) in rows {
        people.entry(room).or_default().push(User { id, username, display_name });
    }
    Ok(people)
}
