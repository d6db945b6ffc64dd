//! Messages that somebody told the moderators of.

use std::collections::HashMap;

use chrono::{NaiveDateTime, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use crate::chat::authorization;
use crate::chat::people;
use crate::chat::rooms::authorize;
use crate::db::connection::{AnyConnection, snapshot};
use crate::db::schema::{reports, rooms as room_rows, users};
use crate::policy::{Action, Object, may};
use crate::wire::refusal::Refusal;
use crate::wire::{OtherReport, Report, RoomId, Seq, User, UserId};

/// Further reports of one message that are told with it, the oldest.
const OTHERS: usize = 20;

/// Of which reports a page is wanted.
pub struct Wanted {
    /// Of one room, for its moderators; of all, for admins.
    pub slug: Option<String>,
    pub open_only: bool,
    pub cursor: Option<String>,
    pub limit: i64,
}

/// Some reports, and the cursor of the next.
pub struct Page {
    pub reports: Vec<Report>,
    pub cursor: Option<String>,
}

/// The place behind a report: open ones come first, the oldest before the newer; then settled ones, the newest first.
#[derive(Clone, Copy)]
struct Cursor {
    settled: bool,
    id: Option<i64>,
}

impl Cursor {
    fn parse(text: Option<&str>) -> Result<Self, Refusal> {
        let Some(text) = text else { return Ok(Self { settled: false, id: None }) };
        let known = match text.split_at_checked(1) {
            Some(("o", id)) => Some((false, id)),
            Some(("s", id)) => Some((true, id)),
            _ => None,
        };
        let place = known.and_then(|(settled, id)| Some(Self { settled, id: Some(id.parse().ok()?) }));
        place.ok_or_else(|| Refusal::invalid("cursor: not one of this list"))
    }

    fn behind(report: &Report) -> String {
        format!("{}{}", if report.settled_at.is_some() { 's' } else { 'o' }, report.id)
    }
}

/// A page of reports, one for each message; what else was said of it is told with the first.
///
/// # Errors
/// `not_found`: no such room, or none of which this user sees anything; `forbidden`; `invalid`: this is no cursor.
pub fn list(connection: &mut AnyConnection, user: UserId, wanted: &Wanted) -> Result<Page, Refusal> {
    let from = Cursor::parse(wanted.cursor.as_deref())?;
    snapshot(connection, |connection| {
        let (room, is_visible) = match &wanted.slug {
            Some(slug) => {
                let (found, actor) = authorize(connection, slug, user, Action::Oversee)?;
                let sees = may(actor, Action::See, Object { place: Some(found.place()), whose: None }).is_ok();
                (Some(found.room.id), sees)
            }
            None => {
                may(authorization::in_chat(connection, user)?.actor, Action::Administer, Object::default())?;
                (None, true)
            }
        };
        let most = wanted.limit + 1;
        let mut found = Vec::new();
        if !from.settled {
            found = first_of_each(connection, room, from, most)?;
        }
        let left = most - found.len() as i64;
        if left > 0 && !wanted.open_only {
            let from = if from.settled { from } else { Cursor { settled: true, id: None } };
            found.extend(first_of_each(connection, room, from, left)?);
        }
        // Of a room that they don't see admins learn what was reported of it, and not that there is one.
        if !is_visible && found.is_empty() && wanted.cursor.is_none() {
            return Err(Refusal::room_not_found());
        }
        let more = found.len() as i64 > wanted.limit;
        found.truncate(wanted.limit as usize);
        let cursor = found.last().filter(|_| more).map(|(_, report)| Cursor::behind(report));
        add_others(connection, &mut found)?;
        Ok(Page { reports: found.into_iter().map(|(_, report)| report).collect(), cursor })
    })
}

/// The first report of each message, among the open or the settled ones, with its room.
fn first_of_each(
    connection: &mut AnyConnection,
    room: Option<RoomId>,
    from: Cursor,
    limit: i64,
) -> QueryResult<Vec<(RoomId, Report)>> {
    type Row = ((RoomId, i64, String, Seq, User, String, User, String), (NaiveDateTime, Option<NaiveDateTime>));
    let (author, reporter) = diesel::alias!(users as author, users as reporter);
    let mut query = reports::table
        .inner_join(room_rows::table)
        .inner_join(author.on(author.field(users::id).eq(reports::author_id)))
        .inner_join(reporter.on(reporter.field(users::id).eq(reports::reporter_id)))
        .filter(reports::settled_at.is_not_null().eq(from.settled))
        .filter(sql::<Bool>(
            "NOT EXISTS (SELECT 1 FROM reports AS earlier WHERE earlier.room_id = reports.room_id \
             AND earlier.message_id = reports.message_id AND earlier.id < reports.id \
             AND (earlier.settled_at IS NULL) = (reports.settled_at IS NULL))",
        ))
        .limit(limit)
        .select((
            (
                reports::room_id,
                reports::id,
                room_rows::slug,
                reports::message_id,
                author.fields(people::COLUMNS),
                reports::body,
                reporter.fields(people::COLUMNS),
                reports::reason,
            ),
            (reports::made_at, reports::settled_at),
        ))
        .into_boxed();
    if let Some(room) = room {
        query = query.filter(reports::room_id.eq(room));
    }
    query = match (from.settled, from.id) {
        (false, id) => query.filter(reports::id.gt(id.unwrap_or(0))).order(reports::id),
        (true, id) => query.filter(reports::id.lt(id.unwrap_or(i64::MAX))).order(reports::id.desc()),
    };
    let rows: Vec<Row> = query.load(connection)?;
    let report = |row: Row| {
        let ((room_id, id, room, message, author, body, reporter, reason), (made_at, settled_at)) = row;
        let others = Vec::new();
        let report =
            Report { id, room, message, author, body, reporter, reason, count: 1, others, made_at, settled_at };
        (room_id, report)
    };
    Ok(rows.into_iter().map(report).collect())
}

fn add_others(connection: &mut AnyConnection, found: &mut [(RoomId, Report)]) -> QueryResult<()> {
    type Row = (RoomId, Seq, User, String, NaiveDateTime, Option<NaiveDateTime>);
    if found.is_empty() {
        return Ok(());
    }
    let rows: Vec<Row> = reports::table
        .inner_join(users::table.on(users::id.eq(reports::reporter_id)))
        .filter(reports::room_id.eq_any(found.iter().map(|(room, _)| *room)))
        .filter(reports::message_id.eq_any(found.iter().map(|(_, report)| report.message)))
        .filter(reports::id.ne_all(found.iter().map(|(_, report)| report.id)))
        .order(reports::id)
        .select((
            reports::room_id,
            reports::message_id,
            people::COLUMNS,
            reports::reason,
            reports::made_at,
            reports::settled_at,
        ))
        .load(connection)?;
    let key = |room: RoomId, message: Seq, settled: bool| (room, message, settled);
    let mut places: HashMap<_, &mut Report> = found
        .iter_mut()
        .map(|(room, report)| (key(*room, report.message, report.settled_at.is_some()), report))
        .collect();
    for (room, message, reporter, reason, made_at, settled_at) in rows {
        if let Some(report) = places.get_mut(&key(room, message, settled_at.is_some())) {
            report.count += 1;
            if report.others.len() < OTHERS {
                report.others.push(OtherReport { reporter, reason, made_at });
            }
        }
    }
    Ok(())
}

/// Marks all open reports of a message as dealt with.
pub fn settle(connection: &mut AnyConnection, room: RoomId, message: Seq, by: UserId) -> QueryResult<()> {
    let open = reports::table
        .filter(reports::room_id.eq(room).and(reports::message_id.eq(message)))
        .filter(reports::settled_at.is_null());
    diesel::update(open)
        .set((reports::settled_at.eq(Utc::now().naive_utc()), reports::settled_by.eq(by)))
        .execute(connection)
        .map(drop)
}

/// A removed message leaves nothing of its text, and nothing to settle.
pub fn settle_by_removal(connection: &mut AnyConnection, room: RoomId, message: Seq, by: UserId) -> QueryResult<()> {
    let those = reports::table.filter(reports::room_id.eq(room).and(reports::message_id.eq(message)));
    diesel::update(those).set(reports::body.eq("")).execute(connection)?;
    settle(connection, room, message, by)
}
