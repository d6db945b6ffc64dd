//! Who may know of whom: members of everybody, guests of those who share a room with them.

use diesel::dsl::exists;
use diesel::prelude::*;

use crate::db::connection::AnyConnection;
use crate::db::schema::{members, users};
use crate::wire::{InstanceRole, Role, UserId};

/// Whether somebody may know of everybody: of guests others tell them first.
pub fn sees_all(connection: &mut AnyConnection, asker: UserId) -> QueryResult<bool> {
    let role: String = users::table.find(asker).select(users::role).first(connection)?;
    Ok(InstanceRole::from_column(&role) > InstanceRole::Guest)
}

/// Whether somebody sees to a room, or to the whole chat.
pub fn moderates(connection: &mut AnyConnection, user: UserId) -> QueryResult<bool> {
    let role: String = users::table.find(user).select(users::role).first(connection)?;
    if InstanceRole::from_column(&role) >= InstanceRole::Admin {
        return Ok(true);
    }
    let theirs = members::table.filter(members::user_id.eq(user).and(members::role.eq(Role::Moderator.as_str())));
    diesel::select(exists(theirs)).get_result(connection)
}

/// Whether somebody may know of somebody else.
pub fn knows(connection: &mut AnyConnection, asker: UserId, other: UserId) -> QueryResult<bool> {
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
