//! What direct talks are called.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::db::connection::AnyConnection;
use crate::db::multi_row::Column::Numbers;
use crate::db::multi_row::Rows;
use crate::wire::{RoomId, UserId};

/// Characters of a title that names take.
const MOST_CHARS: usize = 96;

/// What the talks of these users are called to each of them: by the names of the others. One without others is left out.
pub fn titles(connection: &mut AnyConnection, users: &[UserId]) -> QueryResult<HashMap<(UserId, RoomId), String>> {
    let given = Rows::new(users.len()).with("user_id", Numbers(users.to_vec()));
    let named: Vec<(UserId, RoomId, String)> = given.load::<(BigInt, BigInt, Text), _>(
        connection,
        "SELECT mine.user_id, mine.room_id, users.display_name FROM {given} \
         JOIN members AS mine ON mine.user_id = given.user_id \
         JOIN rooms ON rooms.id = mine.room_id AND rooms.kind = 'direct' \
         JOIN members AS theirs ON theirs.room_id = mine.room_id AND theirs.user_id <> mine.user_id \
         JOIN users ON users.id = theirs.user_id ORDER BY users.id",
    )?;
    let mut others: HashMap<(UserId, RoomId), Vec<String>> = HashMap::new();
    for (user, room, name) in named {
        others.entry((user, room)).or_default().push(name);
    }
    Ok(others.into_iter().map(|(key, these)| (key, names(these.iter().map(String::as_str)))).collect())
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
