//! What people tell of themselves, and who may know of it.

use crate::chat::acquaintance::{knows, moderates, sees_all};
use crate::chat::name_prefix::{self, Among};
use crate::chat::{accounts, names};
use crate::db::connection::{AnyConnection, snapshot};
use crate::wire::refusal::Refusal;
use crate::wire::{Profile, User, UserId};

/// Others who can be taken for somebody, that are told.
const MAX_ALIKE: usize = 10;

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
        let mut profile = accounts::profile(connection, id)?;
        if moderates(connection, asker)? {
            profile.looks_like = names::alike(connection, asker, id, MAX_ALIKE)?;
        }
        Ok(profile)
    })
}

/// Those whose names begin so and of whom the asker may know, as [`name_prefix::people`] has them.
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
    snapshot(connection, |connection| {
        let among = if sees_all(connection, asker)? { Among::Everybody } else { Among::CompanyOf(asker) };
        name_prefix::people(connection, among, text, cursor, limit)
    })
}
