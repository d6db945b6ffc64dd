//! What direct talks are called.

use std::collections::HashMap;
use std::sync::LazyLock;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use crate::db::connection::AnyConnection;
use crate::db::multi_row::Column::Numbers;
use crate::db::multi_row::{Rows, distinct};
use crate::db::schema::users as user_rows;
use crate::wire::{Room, RoomId, RoomKind, UserId};

/// Characters of a title that names take.
const MOST_CHARS: usize = 96;

/// What somebody is called whose account is deleted.
pub const DELETED_USER: &str = "Deleted user";

type Titles = HashMap<(UserId, RoomId), String>;

/// Talks in which nobody else is a member: whose it is and what they are called, the talk, its title, its pair.
type Alone = (UserId, RoomId, String, Option<String>, String);

static OTHERS: &str = "\
    SELECT mine.user_id, mine.room_id, users.display_name FROM {given} \
    JOIN members AS mine ON {mine} \
    JOIN rooms ON rooms.id = mine.room_id AND rooms.kind = 'direct' \
    JOIN members AS theirs ON theirs.room_id = mine.room_id AND theirs.user_id <> mine.user_id \
    JOIN users ON users.id = theirs.user_id ORDER BY users.id";

static ALONE: &str = "\
    SELECT mine.user_id, mine.room_id, rooms.title, rooms.pair, users.display_name FROM {given} \
    JOIN members AS mine ON {mine} \
    JOIN rooms ON rooms.id = mine.room_id AND rooms.kind = 'direct' \
    JOIN users ON users.id = mine.user_id \
    WHERE NOT EXISTS (SELECT 1 FROM members AS theirs \
    WHERE theirs.room_id = mine.room_id AND theirs.user_id <> mine.user_id)";

/// What all talks of these users are called to each of them, by the names that the others have now.
pub fn titles(connection: &mut AnyConnection, users: &[UserId]) -> QueryResult<Titles> {
    static TEXTS: LazyLock<[String; 2]> =
        LazyLock::new(|| [OTHERS, ALONE].map(|text| text.replace("{mine}", "mine.user_id = given.user_id")));
    named(connection, &TEXTS, || Rows::new(users.len()).with("user_id", Numbers(users.to_vec())))
}

/// What one talk is called to these of its people.
pub fn titles_of(connection: &mut AnyConnection, room: RoomId, users: &[UserId]) -> QueryResult<Titles> {
    static TEXTS: LazyLock<[String; 2]> = LazyLock::new(|| {
        let mine = "mine.user_id = given.user_id AND mine.room_id = given.room_id";
        [OTHERS, ALONE].map(|text| text.replace("{mine}", mine))
    });
    let users = distinct(users.iter().copied());
    named(connection, &TEXTS, || {
        let rooms = vec![room; users.len()];
        Rows::new(users.len()).with("user_id", Numbers(users.clone())).with("room_id", Numbers(rooms))
    })
}

/// Has a direct talk called as it is to one of its people; any other room keeps its title.
pub fn name_for(connection: &mut AnyConnection, user: UserId, room: &mut Room) -> QueryResult<()> {
    if room.kind == RoomKind::Direct
        && let Some(title) = titles_of(connection, room.id, &[user])?.remove(&(user, room.id))
    {
        room.title = title;
    }
    Ok(())
}

fn named<'a>(
    connection: &mut AnyConnection,
    [others, alone]: &'static [String; 2],
    given: impl Fn() -> Rows<'a>,
) -> QueryResult<Titles> {
    let mut names_of: HashMap<(UserId, RoomId), Vec<String>> = HashMap::new();
    let rows: Vec<(UserId, RoomId, String)> = given().load::<(BigInt, BigInt, Text), _>(connection, others)?;
    for (user, room, name) in rows {
        names_of.entry((user, room)).or_default().push(name);
    }
    let mut titles: Titles =
        names_of.into_iter().map(|(key, these)| (key, names(these.iter().map(String::as_str)))).collect();
    let alone: Vec<Alone> = given().load::<(BigInt, BigInt, Text, Nullable<Text>, Text), _>(connection, alone)?;
    for (user, room, title, pair, own_name) in alone {
        titles.insert((user, room), left_alone(connection, user, &title, pair.as_deref(), own_name)?);
    }
    Ok(titles)
}

/// What a talk is called to its only member: by whom it was with, where that is known, or else by their own name.
fn left_alone(
    connection: &mut AnyConnection,
    user: UserId,
    title: &str,
    pair: Option<&str>,
    own_name: String,
) -> QueryResult<String> {
    let other = pair.and_then(|pair| pair.split('-').filter_map(|id| id.parse().ok()).find(|id: &UserId| *id != user));
    if let Some(other) = other {
        let name = user_rows::table.find(other).select(user_rows::display_name).first(connection).optional()?;
        return Ok(name.unwrap_or_else(|| DELETED_USER.to_owned()));
    }
    Ok(if title.is_empty() { own_name } else { title.to_owned() })
}

/// What a talk of these people is called, within what a title may have.
pub fn names<'a>(people: impl Iterator<Item = &'a str>) -> String {
    let mut title = String::new();
    for person in people {
        let name = format!("{}{person}", if title.is_empty() { "" } else { ", " });
        if title.chars().count() + name.chars().count() > MOST_CHARS {
            title.push_str(", …");
            break;
        }
        title.push_str(&name);
    }
    title
}
