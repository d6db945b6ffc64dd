//! The names of people and rooms as they are found and compared: by their words, folded, and by their looks. Both are kept
//! beside the names, since databases fold and part words each in their own way.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use crate::base::folding::{from_each_word, looks};
use crate::chat::acquaintance::knows;
use crate::chat::people;
use crate::db::connection::AnyConnection;
use crate::db::schema::{room_words, rooms, user_looks, user_words, users};
use crate::wire::{RoomId, User, UserId};

/// Raised when names are folded or parted otherwise: then all are gone through again. The indexes `users_to_note` and
/// `rooms_to_note` have it too.
const VERSION: &str = "1 ";

/// Notes how somebody is found and what their names look like, after their display name was set.
pub fn note_user(connection: &mut AnyConnection, user: UserId) -> QueryResult<()> {
    let (username, name): (String, String) =
        users::table.find(user).select((users::username, users::display_name)).first(connection)?;
    diesel::delete(user_words::table.filter(user_words::user_id.eq(user))).execute(connection)?;
    let words = from_each_word(&name).into_iter();
    let words: Vec<_> = words.map(|words| (user_words::user_id.eq(user), user_words::words.eq(words))).collect();
    insert(connection, words, |c, row| diesel::insert_into(user_words::table).values(row).execute(c))?;
    diesel::delete(user_looks::table.filter(user_looks::user_id.eq(user))).execute(connection)?;
    let mut all = [looks(&username), looks(&name)].concat();
    all.sort_unstable();
    all.dedup();
    let all: Vec<_> = all.into_iter().map(|look| (user_looks::user_id.eq(user), user_looks::look.eq(look))).collect();
    insert(connection, all, |c, row| diesel::insert_into(user_looks::table).values(row).execute(c))?;
    diesel::update(users::table.find(user))
        .set(users::words_of.eq(format!("{VERSION}{name}")))
        .execute(connection)
        .map(drop)
}

/// Nobody finds somebody by a name that they had, nor takes anybody for them.
pub fn forget_user(connection: &mut AnyConnection, user: UserId) -> QueryResult<()> {
    diesel::delete(user_words::table.filter(user_words::user_id.eq(user))).execute(connection)?;
    diesel::delete(user_looks::table.filter(user_looks::user_id.eq(user))).execute(connection)?;
    let nothing = sql::<diesel::sql_types::Text>(&format!("'{VERSION}' || display_name"));
    diesel::update(users::table.find(user)).set(users::words_of.eq(nothing)).execute(connection).map(drop)
}

/// Notes how a room is found, after its title was set.
pub fn note_room(connection: &mut AnyConnection, room: RoomId) -> QueryResult<()> {
    let title: String = rooms::table.find(room).select(rooms::title).first(connection)?;
    diesel::delete(room_words::table.filter(room_words::room_id.eq(room))).execute(connection)?;
    let words = from_each_word(&title).into_iter();
    let words: Vec<_> = words.map(|words| (room_words::room_id.eq(room), room_words::words.eq(words))).collect();
    insert(connection, words, |c, row| diesel::insert_into(room_words::table).values(row).execute(c))?;
    diesel::update(rooms::table.find(room))
        .set(rooms::words_of.eq(format!("{VERSION}{title}")))
        .execute(connection)
        .map(drop)
}

/// A few rows, one after another: Diesel's batches are not the same on both databases.
fn insert<Row>(
    connection: &mut AnyConnection,
    rows: Vec<Row>,
    one: impl Fn(&mut AnyConnection, Row) -> QueryResult<usize>,
) -> QueryResult<()> {
    rows.into_iter().try_for_each(|row| one(connection, row).map(drop))
}

/// People whose names were set by a version that notes nothing, or another: at most `limit`, by their ids.
pub fn stale_users(connection: &mut AnyConnection, limit: i64) -> QueryResult<Vec<UserId>> {
    let stale = sql::<Bool>(&format!("words_of <> '{VERSION}' || display_name"));
    users::table.filter(stale).order(users::id).limit(limit).select(users::id).load(connection)
}

/// Rooms likewise.
pub fn stale_rooms(connection: &mut AnyConnection, limit: i64) -> QueryResult<Vec<RoomId>> {
    // A direct talk is found by its people.
    let stale = sql::<Bool>(&format!("words_of <> '{VERSION}' || title AND kind <> 'direct'"));
    rooms::table.filter(stale).order(rooms::id).limit(limit).select(rooms::id).load(connection)
}

/// Of more people than that it is not asked whether they are known.
const MOST_LOOKED_AT: i64 = 100;

/// Others who can be taken for somebody, or they for them, by a name or a username, and of whom the asker may know: at most
/// `most`, by their ids.
pub fn alike(connection: &mut AnyConnection, asker: UserId, user: UserId, most: usize) -> QueryResult<Vec<User>> {
    let (mine, theirs) = diesel::alias!(user_looks as mine, user_looks as theirs);
    let same = mine
        .inner_join(theirs.on(theirs.field(user_looks::look).eq(mine.field(user_looks::look))))
        .filter(mine.field(user_looks::user_id).eq(user).and(theirs.field(user_looks::user_id).ne(user)))
        .select(theirs.field(user_looks::user_id));
    let others = users::table.filter(users::id.eq_any(same).and(users::deleted_at.is_null())).order(users::id);
    let others: Vec<User> = others.limit(MOST_LOOKED_AT).select(people::COLUMNS).load(connection)?;
    let mut known = Vec::new();
    for other in others {
        if known.len() < most && knows(connection, asker, other.id)? {
            known.push(other);
        }
    }
    Ok(known)
}
