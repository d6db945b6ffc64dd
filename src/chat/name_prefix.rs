//! What is found by how its name begins, in whatever case and form: usernames and slugs from their first character on,
//! display names and titles from each of their words on.

use diesel::dsl::{auto_type, not};
use diesel::prelude::*;

use crate::base::folding::{fold, in_words};
use crate::chat::people;
use crate::db::connection::AnyConnection;
use crate::db::schema::{members, room_words, rooms, user_words, users};
use crate::wire::refusal::Refusal;
use crate::wire::{RoomId, User, UserId};

/// All that begins with something: from it on, and up to it with the last of all characters.
#[derive(Clone)]
struct Range(String, String);

impl Range {
    fn of(from: String) -> Self {
        let to = format!("{from}{}", char::MAX);
        Self(from, to)
    }
}

/// How the names of what is wanted begin.
#[derive(Clone)]
pub struct Prefix {
    name: Range,
    words: Range,
}

impl Prefix {
    pub fn new(text: &str) -> Self {
        let text = text.replace('\0', "");
        let name = fold(text.trim());
        let words = in_words(&text);
        // There is no word in `-`, which a username may begin with.
        let words = if words.is_empty() && !name.is_empty() { char::MAX.to_string() } else { words };
        Self { name: Range::of(name), words: Range::of(words) }
    }
}

/// Whose names are looked through.
#[derive(Clone, Copy)]
pub enum Among {
    Everybody,
    /// Those who share a room with somebody.
    CompanyOf(UserId),
    MembersOf(RoomId),
}

/// Those whose names begin so, by their usernames, first those of whom the username does: at most `limit` after `cursor`, and
/// the cursor of the next.
///
/// # Errors
/// `invalid`: this is no cursor.
pub fn people(
    connection: &mut AnyConnection,
    among: Among,
    text: &str,
    cursor: Option<&str>,
    limit: i64,
) -> Result<(Vec<User>, Option<String>), Refusal> {
    let Prefix { name: Range(from, to), words: Range(first, last) } = Prefix::new(text);
    let place = cursor.map(Place::parse).transpose()?;
    let mut found: Vec<(bool, User)> = Vec::new();
    for by_username in [true, false] {
        let after = match (&place, by_username) {
            (Some(Place { by_username: false, .. }), true) => continue,
            (Some(place), _) if place.by_username == by_username => Some(&place.key),
            _ => None,
        };
        let rest = limit + 1 - found.len() as i64;
        // Everybody's username begins with nothing.
        if rest == 0 || (!by_username && from.is_empty()) {
            break;
        }
        let mut query = users::table
            .filter(users::deleted_at.is_null())
            .order(users::username_key)
            .limit(rest)
            .select(people::COLUMNS)
            .into_boxed();
        let fits = users::username_key.between(&from, &to);
        query = if by_username {
            query.filter(fits)
        } else {
            let called = user_words::table.filter(user_words::words.between(&first, &last)).select(user_words::user_id);
            query.filter(users::id.eq_any(called).and(not(fits)))
        };
        query = match among {
            Among::Everybody => query,
            Among::CompanyOf(user) => {
                let mine = members::table.filter(members::user_id.eq(user)).select(members::room_id);
                let theirs = diesel::alias!(members as theirs);
                let company = theirs.filter(theirs.field(members::room_id).eq_any(mine));
                query.filter(users::id.eq_any(company.select(theirs.field(members::user_id))))
            }
            Among::MembersOf(room) => {
                let of_room = members::table.filter(members::room_id.eq(room)).select(members::user_id);
                query.filter(users::id.eq_any(of_room))
            }
        };
        if let Some(after) = after {
            query = query.filter(users::username_key.gt(after));
        }
        let users: Vec<User> = query.load(connection)?;
        found.extend(users.into_iter().map(|user| (by_username, user)));
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let is_cut = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| is_cut).map(|(by_username, user)| {
        let key = user.username.to_ascii_lowercase();
        Place { by_username: *by_username, key }.cursor()
    });
    Ok((found.into_iter().map(|(_, user)| user).collect(), next))
}

/// Whether a room's slug, or its title from one of its words on, begins so.
pub fn of_room(Prefix { name, words }: Prefix) -> room_between {
    room_between(name.0, name.1, words.0, words.1)
}

/// Whether somebody's username, or their name from one of its words on, begins so.
pub fn of_user(Prefix { name, words }: Prefix) -> user_between {
    user_between(name.0, name.1, words.0, words.1)
}

#[auto_type]
fn room_between(from: String, to: String, first: String, last: String) -> _ {
    let titled = room_words::table.filter(room_words::words.between(first, last)).select(room_words::room_id);
    rooms::slug.between(from, to).or(rooms::id.eq_any(titled))
}

#[auto_type]
fn user_between(from: String, to: String, first: String, last: String) -> _ {
    let called = user_words::table.filter(user_words::words.between(first, last)).select(user_words::user_id);
    users::username_key.between(from, to).or(users::id.eq_any(called))
}

/// Where a page of people ends: with this username, in small letters, among those who were found by it or among the others.
struct Place {
    by_username: bool,
    key: String,
}

impl Place {
    /// # Errors
    /// `invalid`: this is no cursor.
    fn parse(cursor: &str) -> Result<Self, Refusal> {
        let (by_username, key) = match cursor.split_at_checked(1) {
            Some(("a", key)) => (true, key),
            Some(("b", key)) => (false, key),
            _ => return Err(Refusal::invalid("cursor: take it from the list before")),
        };
        Ok(Self { by_username, key: key.replace('\0', "") })
    }

    fn cursor(&self) -> String {
        format!("{}{}", if self.by_username { 'a' } else { 'b' }, self.key)
    }
}
