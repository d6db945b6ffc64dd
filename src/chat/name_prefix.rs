//! People found by how their names begin.

use diesel::dsl::{Escape, Like, Or};
use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::db::schema::users;

define_sql_function! {
    fn lower(text: Text) -> Text;
}

type Fits<Name> = Escape<Like<Name, String>>;
type DisplayName = lower<users::display_name>;

/// How the names of those who are wanted begin, in whatever case.
pub struct PrefixFilter {
    first: String,
    word: String,
}

impl PrefixFilter {
    pub fn new(text: &str) -> Self {
        let text = text.trim().to_lowercase().replace('\0', "");
        let literal = text.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_");
        Self { first: format!("{literal}%"), word: format!("% {literal}%") }
    }

    /// Whether a username begins so.
    pub fn of_username(&self) -> Fits<users::username_key> {
        users::username_key.like(self.first.clone()).escape('\\')
    }

    /// Whether a username, or a word of a display name, begins so.
    pub fn of_a_name(&self) -> Or<Or<Fits<users::username_key>, Fits<DisplayName>>, Fits<DisplayName>> {
        let display_name = |pattern: &String| lower(users::display_name).like(pattern.clone()).escape('\\');
        self.of_username().or(display_name(&self.first)).or(display_name(&self.word))
    }
}
