//! What people tell of themselves, and who may know of it.

use diesel::prelude::*;

use crate::chat::acquaintance::{knows, sees_all};
use crate::chat::name_prefix::{NameCursor, PrefixFilter};
use crate::chat::{accounts, people};
use crate::db::connection::{AnyConnection, snapshot};
use crate::db::schema::{members, users};
use crate::wire::refusal::Refusal;
use crate::wire::{Profile, User, UserId};

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

/// Those whose names begin so, first those of whom the username does, then by username: at most `limit` after `cursor` that
/// the asker may know of, and the cursor of the next.
///
/// # Errors
/// `invalid`: this is no cursor.
pub fn search(
    connection: &mut AnyConnection,
    asker: UserId,
    text: &str,
    cursor: Option<&str>,
    limit: i64,
) -> Result<(Vec<User>, Option<String>), Refusal> {
    let wanted = PrefixFilter::new(text);
    let after = cursor.map(NameCursor::parse).transpose()?;
    snapshot(connection, |connection| {
        let mut found = users::table
            .filter(users::deleted_at.is_null())
            .filter(wanted.of_a_name())
            .order((wanted.of_username().desc(), users::username_key))
            .limit(limit + 1)
            .select(people::COLUMNS)
            .into_boxed();
        if let Some(after) = &after {
            found = found.filter(wanted.after(after));
        }
        let mut users: Vec<User> = if sees_all(connection, asker)? {
            found.load(connection)?
        } else {
            let (mine, theirs) = diesel::alias!(members as mine, members as theirs);
            let company = mine
                .inner_join(theirs.on(theirs.field(members::room_id).eq(mine.field(members::room_id))))
                .filter(mine.field(members::user_id).eq(asker))
                .select(theirs.field(members::user_id));
            found.filter(users::id.eq_any(company)).load(connection)?
        };
        let next = wanted.cut(&mut users, limit, |user| &user.username);
        Ok((users, next))
    })
}
