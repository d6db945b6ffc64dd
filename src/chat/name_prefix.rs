//! What is found by how its name begins, in whatever case and form: usernames and slugs from their first character on,
//! display names and titles from each of their words on.

use diesel::dsl::{auto_type, exists, not};
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

/// Those whose names begin so, by their usernames first those of whom the username does, then the others by their names: at
/// most `limit` after `cursor`, and the cursor of the next.
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
    /// The same filter for queries of two types.
    macro_rules! keep {
        ($query:expr) => {
            match among {
                Among::Everybody => $query,
                Among::CompanyOf(user) => {
                    let mine = members::table.filter(members::user_id.eq(user)).select(members::room_id);
                    let theirs = diesel::alias!(members as theirs);
                    let company = theirs.filter(theirs.field(members::room_id).eq_any(mine));
                    $query.filter(users::id.eq_any(company.select(theirs.field(members::user_id))))
                }
                Among::MembersOf(room) => {
                    let of_room = members::table.filter(members::room_id.eq(room)).select(members::user_id);
                    $query.filter(users::id.eq_any(of_room))
                }
            }
        };
    }
    let Prefix { name: Range(from, to), words } = Prefix::new(text);
    let place = cursor.map(Place::parse).transpose()?;
    let mut found: Vec<User> = Vec::new();
    if !matches!(place, Some(Place::Name { .. })) {
        let mut query = users::table
            .filter(users::deleted_at.is_null().and(users::username_key.between(&from, &to)))
            .order(users::username_key)
            .limit(limit + 1)
            .select(people::COLUMNS)
            .into_boxed();
        if let Some(Place::Username(after)) = &place {
            query = query.filter(users::username_key.gt(after));
        }
        found = keep!(query).load(connection)?;
    }
    let mut places: Vec<Place> = found.iter().map(|user| Place::Username(user.username.to_ascii_lowercase())).collect();
    let rest = limit + 1 - found.len() as i64;
    if rest > 0 && !from.is_empty() {
        let Range(first, last) = &words;
        let earlier = diesel::alias!(user_words as earlier);
        // Of several words that begin so the first one counts.
        let is_found_already = exists(
            earlier
                .filter(earlier.field(user_words::user_id).eq(user_words::user_id))
                .filter(earlier.field(user_words::words).between(first, last))
                .filter(earlier.field(user_words::words).lt(user_words::words)),
        );
        let mut query = user_words::table
            .inner_join(users::table.on(users::id.eq(user_words::user_id)))
            .filter(user_words::words.between(first, last).and(not(is_found_already)))
            .filter(users::deleted_at.is_null().and(not(users::username_key.between(&from, &to))))
            .order((user_words::words, user_words::user_id))
            .limit(rest)
            .select((user_words::words, people::COLUMNS))
            .into_boxed();
        if let Some(Place::Name { words, user }) = &place {
            let same = user_words::words.eq(words).and(user_words::user_id.gt(*user));
            query = query.filter(user_words::words.ge(words)).filter(user_words::words.gt(words).or(same));
        }
        let rows: Vec<(String, User)> = keep!(query).load(connection)?;
        for (words, user) in rows {
            places.push(Place::Name { words, user: user.id });
            found.push(user);
        }
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let next = if found.len() > limit { places[..limit].last().map(Place::cursor) } else { None };
    found.truncate(limit);
    Ok((found, next))
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

/// Where a page of people ends.
enum Place {
    /// Among those of whom the username fits: this one.
    Username(String),
    /// Among the others: what fits, and whose it is.
    Name { words: String, user: UserId },
}

impl Place {
    /// # Errors
    /// `invalid`: this is no cursor.
    fn parse(cursor: &str) -> Result<Self, Refusal> {
        let cursor = cursor.replace('\0', "");
        let place = match cursor.split_at_checked(1) {
            Some(("a", key)) => Some(Self::Username(key.to_owned())),
            Some(("b", rest)) => rest.split_once(' ').and_then(|(user, words)| {
                let user = user.parse().ok()?;
                Some(Self::Name { words: words.to_owned(), user })
            }),
            _ => None,
        };
        place.ok_or_else(|| Refusal::invalid("cursor: take it from the list before"))
    }

    fn cursor(&self) -> String {
        match self {
            Self::Username(key) => format!("a{key}"),
            Self::Name { words, user } => format!("b{user} {words}"),
        }
    }
}
