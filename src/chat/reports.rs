//! Messages that somebody told the moderators of.

use chrono::{NaiveDateTime, Utc};
use diesel::prelude::*;

use crate::chat::authorization;
use crate::chat::people;
use crate::chat::rooms::authorize;
use crate::db::connection::{AnyConnection, snapshot};
use crate::db::schema::{reports, rooms as room_rows, users};
use crate::policy::{Action, Object, may};
use crate::wire::refusal::Refusal;
use crate::wire::{Report, RoomId, Seq, User, UserId};

/// Reports of a page.
const PAGE: i64 = 100;

type Row = ((i64, String, Seq, User, String, User, String), (NaiveDateTime, Option<NaiveDateTime>));

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
                let (found, _) = authorize(connection, slug, user, Action::Oversee)?;
                query = query.filter(reports::room_id.eq(found.room.id));
            }
            None => may(authorization::in_chat(connection, user)?.actor, Action::Administer, Object::default())?,
        }
        let rows: Vec<Row> = query
            .order((reports::settled_at.is_not_null(), reports::settled_at.desc(), reports::id))
            .limit(PAGE)
            .select((
                (
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
            .load(connection)?;
        let report = |((id, room, message, author, body, reporter, reason), (made_at, settled_at)): Row| Report {
            id,
            room,
            message,
            author,
            body,
            reporter,
            reason,
            made_at,
            settled_at,
        };
        Ok(rows.into_iter().map(report).collect())
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
