//! What is found by how its name begins.

use diesel::dsl::{And, Eq, Escape, Gt, Like, Or};
use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::db::schema::users;
use crate::wire::refusal::Refusal;

define_sql_function! {
    fn lower(text: Text) -> Text;
}

type Fits<Name> = Escape<Like<Name, String>>;
type DisplayName = lower<users::display_name>;

/// How the names of what is wanted begin, in whatever case.
pub struct PrefixFilter {
    text: String,
    first: String,
    word: String,
}

impl PrefixFilter {
    pub fn new(text: &str) -> Self {
        let text = text.trim().to_lowercase().replace('\0', "");
        let literal = text.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_");
        Self { first: format!("{literal}%"), word: format!("% {literal}%"), text }
    }

    /// Whether a name in lower case begins so.
    pub fn begins<Name: Expression<SqlType = Text> + TextExpressionMethods>(&self, name: Name) -> Fits<Name> {
        name.like(self.first.clone()).escape('\\')
    }

    /// Whether a word of a name in lower case, but for its first, begins so.
    pub fn begins_a_later_word<Name: Expression<SqlType = Text> + TextExpressionMethods>(
        &self,
        name: Name,
    ) -> Fits<Name> {
        name.like(self.word.clone()).escape('\\')
    }

    /// Whether a username begins so.
    pub fn of_username(&self) -> Fits<users::username_key> {
        self.begins(users::username_key)
    }

    /// Whether a username, or a word of a display name, begins so.
    pub fn of_a_name(&self) -> Or<Or<Fits<users::username_key>, Fits<DisplayName>>, Fits<DisplayName>> {
        let display_name = || lower(users::display_name);
        self.of_username().or(self.begins(display_name())).or(self.begins_a_later_word(display_name()))
    }

    /// Those who come after a place in the list: first those of whom the username begins so, then by username.
    pub fn after(&self, NameCursor { fits, key }: &NameCursor) -> After {
        let same = self.of_username().eq(*fits).and(users::username_key.gt(key.clone()));
        // After those of whom the username fits come the others; after the others nobody.
        same.or(self.of_username().lt(*fits))
    }

    /// Takes what is more than a page from the end of the rows, and gives the cursor of the next page.
    pub fn cut<Row>(&self, rows: &mut Vec<Row>, limit: i64, username: impl Fn(&Row) -> &String) -> Option<String> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        if rows.len() <= limit {
            return None;
        }
        rows.truncate(limit);
        let key = username(rows.last()?).to_lowercase();
        let fits = key.starts_with(&self.text);
        Some(format!("{}{key}", if fits { NameCursor::FITS } else { NameCursor::OTHER }))
    }
}

type Same = And<Eq<Fits<users::username_key>, bool>, Gt<users::username_key, String>>;
type After = Or<Same, diesel::dsl::Lt<Fits<users::username_key>, bool>>;

/// A place in a list of people: whether the username begins as was asked for, and the username in lower case.
pub struct NameCursor {
    fits: bool,
    key: String,
}

impl NameCursor {
    const FITS: char = 'a';
    const OTHER: char = 'b';

    /// # Errors
    /// `invalid`: this is no cursor.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let refused = || Refusal::invalid("cursor: take it from the list before");
        let fits = match text.chars().next().ok_or_else(refused)? {
            Self::FITS => true,
            Self::OTHER => false,
            _ => return Err(refused()),
        };
        Ok(Self { fits, key: text[1..].replace('\0', "") })
    }
}
