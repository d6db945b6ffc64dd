//! What people tell of themselves, and who may know of it.

use diesel::dsl::exists;
use diesel::prelude::*;

use crate::chat::accounts;
use crate::chat::name_prefix::PrefixFilter;
use crate::db::connection::{AnyConnection, snapshot};
use crate::db::schema::{members, users};
use crate::wire::refusal::Refusal;
use crate::wire::{InstanceRole, Profile, User, UserId};

/// Somebody by their name, looked up without regard to case. A guest knows only those who share a room with them.
///
/// # Errors
/// `not_found`: nobody has this name, or nobody that the asker may know of.
pub fn find(connection: &mut AnyConnection, username: &str, asker: UserId) -> Result<Profile, Refusal> {
    snapshot(connection, |connection| {
        let id = accounts::id_by_name(connection, username)?.ok_or_else(Refusal::user_not_found)?;
        if !knows(connection, asker, id)? {
            return Err(Refusal::user_not_found());
        }
        accounts::profile(connection, id)
    })
}

/// Those whose names begin so, first those of whom the username does, then by username: at most `limit` that the asker may
/// know of.
pub fn search(connection: &mut AnyConnection, asker: UserId, text: &str, limit: i64) -> Result<Vec<User>, Refusal> {
    let wanted = PrefixFilter::new(text);
    snapshot(connection, |connection| {
        let found = users::table
            .filter(users::deleted_at.is_null())
            .filter(wanted.of_a_name())
            .order((wanted.of_username().desc(), users::username_key))
            .select((users::id, users::username, users::display_name));
        let rows: Vec<(UserId, String, String)> = if sees_all(connection, asker)? {
            found.limit(limit).load(connection)?
        } else {
            let (mine, theirs) = diesel::alias!(members as mine, members as theirs);
            let company = mine
                .inner_join(theirs.on(theirs.field(members::room_id).eq(mine.field(members::room_id))))
                .filter(mine.field(members::user_id).eq(asker))
                .select(theirs.field(members::user_id));
            found.filter(users::id.eq_any(company)).limit(limit).load(connection)?
        };
        Ok(rows.into_iter().map(|(id, username, display_name)| User { id, username, display_name }).collect())
    })
}

/// Whether somebody may know of everybody: of guests others tell them first.
fn sees_all(connection: &mut AnyConnection, asker: UserId) -> QueryResult<bool> {
    let role: String = users::table.find(asker).select(users::role).first(connection)?;
    Ok(InstanceRole::from_column(&role) > InstanceRole::Guest)
}

fn knows(connection: &mut AnyConnection, asker: UserId, other: UserId) -> QueryResult<bool> {
    if asker == other || sees_all(connection, asker)? {
        return Ok(true);
    }
    let (mine, theirs) = diesel::alias!(members as mine, members as theirs);
    let shared = mine
        .inner_join(theirs.on(theirs.field(members::room_id).eq(mine.field(members::room_id))))
        .filter(mine.field(members::user_id).eq(asker))
        .filter(theirs.field(members::user_id).eq(other))
        .select(mine.field(members::room_id));
    diesel::select(exists(shared)).get_result(connection)
}
