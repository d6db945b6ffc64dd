//! Messages that somebody told the moderators of.

use chrono::{NaiveDateTime, Utc};
use diesel::prelude::*;

use super::actors;
use super::audit::{self, Entry};
use super::connection::{AnyConnection, snapshot, transaction};
use super::rooms::{self, permitted, permitted_alone};
use super::schema::{messages, reports, rooms as room_rows, users};
use crate::error::{Code, Refusal};
use crate::policy::{Action, Object, may};
use crate::protocol::{Act, Report, RoomId, Seq, User, UserId};

/// Reports of a page.
const PAGE: i64 = 100;

/// Reports a message as it stands now. Whoever does it again changes nothing: the first stays.
pub fn make(connection: &mut AnyConnection, slug: &str, by: UserId, message: Seq, reason: &str) -> Result<(), Refusal> {
    transaction(connection, |connection| {
        // The room's row is held, so that the message is not taken back meanwhile.
        let (found, _) = permitted_alone(connection, slug, by, Action::Report)?;
        let room = found.room.id;
        let reported: Option<(UserId, String, Option<NaiveDateTime>)> = messages::table
            .find((room, message))
            .select((messages::author_id, messages::body, messages::deleted_at))
            .first(connection)
            .optional()?;
        let Some((author, body, None)) = reported else { return Err(Refusal::message_not_found()) };
        let mine = reports::room_id.eq(room).and(reports::message_id.eq(message)).and(reports::reporter_id.eq(by));
        let before: i64 = reports::table.filter(mine).count().get_result(connection)?;
        if before > 0 {
            return Ok(());
        }
        diesel::insert_into(reports::table)
            .values((
                reports::room_id.eq(room),
                reports::message_id.eq(message),
                reports::author_id.eq(author),
                reports::body.eq(body),
                reports::reporter_id.eq(by),
                reports::reason.eq(reason),
                reports::made_at.eq(Utc::now().naive_utc()),
            ))
            .execute(connection)?;
        Ok(())
    })
}

type Name = (UserId, String, String);
type Row = ((i64, String, Seq, Name, String, Name, String), (NaiveDateTime, Option<NaiveDateTime>));

/// Reports of a room, for its moderators, or of all rooms, for admins: the open ones, the oldest first, before the settled
/// ones, the newest first.
pub fn list(connection: &mut AnyConnection, slug: Option<&str>, user: UserId) -> Result<Vec<Report>, Refusal> {
    snapshot(connection, |connection| {
        let (author, reporter) = diesel::alias!(users as author, users as reporter);
        let mut query = reports::table
            .inner_join(room_rows::table)
            .inner_join(author.on(author.field(users::id).eq(reports::author_id)))
            .inner_join(reporter.on(reporter.field(users::id).eq(reports::reporter_id)))
            .into_boxed();
        match slug {
            Some(slug) => {
                let (found, _) = permitted(connection, slug, user, Action::Oversee)?;
                query = query.filter(reports::room_id.eq(found.room.id));
            }
            None => may(actors::outside(connection, user)?, Action::Administer, Object::default())?,
        }
        let rows: Vec<Row> = query
            .order((reports::settled_at.is_not_null(), reports::settled_at.desc(), reports::id))
            .limit(PAGE)
            .select((
                (
                    reports::id,
                    room_rows::slug,
                    reports::message_id,
                    author.fields((users::id, users::username, users::display_name)),
                    reports::body,
                    reporter.fields((users::id, users::username, users::display_name)),
                    reports::reason,
                ),
                (reports::made_at, reports::settled_at),
            ))
            .load(connection)?;
        let person = |(id, username, display_name): Name| User { id, username, display_name };
        let report = |((id, room, message, author, body, reporter, reason), (made_at, settled_at)): Row| {
            let (author, reporter) = (person(author), person(reporter));
            Report { id, room, message, author, body, reporter, reason, made_at, settled_at }
        };
        Ok(rows.into_iter().map(report).collect())
    })
}

/// Marks a report as dealt with.
pub fn settle(connection: &mut AnyConnection, id: i64, by: UserId, reason: &str) -> Result<(), Refusal> {
    let not_found = || Refusal::new(Code::NotFound, "there is no such report");
    transaction(connection, |connection| {
        let found: Option<(RoomId, Seq, UserId, Option<NaiveDateTime>)> = reports::table
            .find(id)
            .select((reports::room_id, reports::message_id, reports::author_id, reports::settled_at))
            .first(connection)
            .optional()?;
        let (room, message, author, settled_at) = found.ok_or_else(not_found)?;
        let state = rooms::by_id(connection, room)?.ok_or_else(not_found)?;
        let actor = actors::one(connection, room, by)?;
        // Whoever doesn't see to reports learns nothing of one.
        may(actor.actor, Action::Oversee, Object { place: Some(state.place()), whose: None })
            .map_err(|_| not_found())?;
        if settled_at.is_some() {
            return Ok(());
        }
        diesel::update(reports::table.find(id))
            .set((reports::settled_at.eq(Utc::now().naive_utc()), reports::settled_by.eq(by)))
            .execute(connection)?;
        let author = actors::one(connection, room, author)?.user;
        let entry = Entry {
            room: Some(&state.room),
            them: Some(&author),
            message: Some(message),
            reason,
            ..Entry::new(Some(&actor.user), Act::SettleReport)
        };
        Ok(audit::note(connection, &entry)?)
    })
}

/// A removed message leaves nothing of its text, and nothing to settle.
pub fn settle_by_removal(connection: &mut AnyConnection, room: RoomId, message: Seq, by: UserId) -> QueryResult<()> {
    let those = reports::table.filter(reports::room_id.eq(room).and(reports::message_id.eq(message)));
    diesel::update(those).set(reports::body.eq("")).execute(connection)?;
    let open = reports::table
        .filter(reports::room_id.eq(room).and(reports::message_id.eq(message)))
        .filter(reports::settled_at.is_null());
    diesel::update(open)
        .set((reports::settled_at.eq(Utc::now().naive_utc()), reports::settled_by.eq(by)))
        .execute(connection)
        .map(drop)
}
