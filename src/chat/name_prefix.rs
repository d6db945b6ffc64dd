//! What is found by how its name begins, in whatever case and form: usernames and slugs from their first character on,
//! display names and titles from each of their words on.

use diesel::dsl::{auto_type, exists, not};
use diesel::prelude::*;

use crate::base::folding::{fold, in_words};
use crate::chat::people;
use crate::db::AnyConnection;
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

/// A query of people, of whom only some are wanted. (A function would have to name the query's type.)
macro_rules! only_among {
    ($query:ident, $among:expr) => {
        match $among {
            Among::Everybody => $query,
            Among::CompanyOf(user) => {
                let theirs = diesel::alias!(members as theirs);
                let mine = members::table.filter(members::user_id.eq(user)).select(members::room_id);
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

/// Those whose names begin so, first those whose usernames do, in the order of these, then the others in the order of what of their
/// names begins so: at most `limit` after `cursor`, and the cursor of the next. Each part is read along an index, however
/// many fit.
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
    let prefix = Prefix::new(text);
    let place = cursor.map(Place::parse).transpose()?;
    let mut found: Vec<(Place, User)> = match &place {
        Some(Place::Words(..)) => Vec::new(),
        Some(Place::Username(key)) => by_username(connection, among, &prefix, Some(key), limit + 1)?,
        None => by_username(connection, among, &prefix, None, limit + 1)?,
    };
    let rest = limit + 1 - found.len() as i64;
    // Everybody's username begins with nothing.
    if rest > 0 && !prefix.name.0.is_empty() {
        let after = match &place {
            Some(Place::Words(id, words)) => Some((*id, words.as_str())),
            _ => None,
        };
        found.append(&mut by_words(connection, among, &prefix, after, rest)?);
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let is_cut = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| is_cut).map(|(place, _)| place.cursor());
    Ok((found.into_iter().map(|(_, user)| user).collect(), next))
}

fn by_username(
    connection: &mut AnyConnection,
    among: Among,
    Prefix { name, .. }: &Prefix,
    after: Option<&str>,
    limit: i64,
) -> QueryResult<Vec<(Place, User)>> {
    let mut query = users::table
        .filter(users::deleted_at.is_null().and(users::username_key.between(&name.0, &name.1)))
        .order(users::username_key)
        .limit(limit)
        .select((users::username_key, people::COLUMNS))
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(users::username_key.gt(after));
    }
    let found: Vec<(String, User)> = only_among!(query, among).load(connection)?;
    Ok(found.into_iter().map(|(key, user)| (Place::Username(key), user)).collect())
}

fn by_words(
    connection: &mut AnyConnection,
    among: Among,
    Prefix { name, words }: &Prefix,
    after: Option<(UserId, &str)>,
    limit: i64,
) -> QueryResult<Vec<(Place, User)>> {
    // Of several words of a name the first one counts.
    let earlier = diesel::alias!(user_words as earlier);
    let of_them = earlier.field(user_words::user_id).eq(user_words::user_id);
    let fits_before =
        earlier.field(user_words::words).ge(&words.0).and(earlier.field(user_words::words).lt(user_words::words));
    let mut query = user_words::table
        .inner_join(users::table.on(users::id.eq(user_words::user_id)))
        .filter(user_words::words.between(&words.0, &words.1))
        .filter(not(exists(earlier.filter(of_them.and(fits_before)))))
        .filter(users::deleted_at.is_null().and(not(users::username_key.between(&name.0, &name.1))))
        .order((user_words::words, user_words::user_id))
        .limit(limit)
        .select((user_words::user_id, user_words::words, people::COLUMNS))
        .into_boxed();
    if let Some((id, after)) = after {
        let same = user_words::words.eq(after).and(user_words::user_id.gt(id));
        query = query.filter(user_words::words.ge(after).and(user_words::words.gt(after).or(same)));
    }
    let found: Vec<(UserId, String, User)> = only_among!(query, among).load(connection)?;
    Ok(found.into_iter().map(|(id, words, user)| (Place::Words(id, words), user)).collect())
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
    /// With this username, in small letters.
    Username(String),
    /// Among those who were found by another name: with this person, whose name has these words.
    Words(UserId, String),
}

impl Place {
    /// # Errors
    /// `invalid`: this is no cursor.
    fn parse(cursor: &str) -> Result<Self, Refusal> {
        let cursor = cursor.replace('\0', "");
        let words = |rest: &str| {
            let (id, words) = rest.split_once(' ')?;
            Some(Self::Words(id.parse().ok()?, words.to_owned()))
        };
        let place = match cursor.split_at_checked(1) {
            Some(("a", key)) => Some(Self::Username(key.to_owned())),
            Some(("b", rest)) => words(rest),
            _ => None,
        };
        place.ok_or_else(|| Refusal::invalid("cursor: take it from the list before"))
    }

    fn cursor(&self) -> String {
        match self {
            Self::Username(key) => format!("a{key}"),
            Self::Words(id, words) => format!("b{id} {words}"),
        }
    }
}
