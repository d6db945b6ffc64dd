//! Setting and clearing one's own status.

use chrono::Utc;
use serde_json::json;

use crate::app::fields::{Line, line};
use crate::app::perform::Command;
use crate::chat::change::Change;
use crate::chat::extras;
use crate::features::status::types::{SetStatus, Status};
use crate::wire::User;
use crate::wire::refusal::Refusal;

/// What a status is called in a user.
const NAME: &str = "status";

const TEXT: Line = Line {
    most: 100,
    long: "text: at most {most} characters",
    controls: "text: must not contain control characters",
    blank: "text: nothing of it can be seen",
    is_name: false,
};

/// Gives the user a status, or none.
pub struct ChangeStatus(Option<Status>);

impl ChangeStatus {
    /// # Errors
    /// `invalid`: a field that does not fit, neither emoji nor text, or an end that has passed.
    pub fn set(asked: &SetStatus) -> Result<Self, Refusal> {
        let emoji = match asked.emoji.as_deref().unwrap_or_default() {
            "" => "",
            emoji => emojis::get(emoji).ok_or_else(|| Refusal::invalid("emoji: not an emoji"))?.as_str(),
        };
        let text = line(&TEXT, asked.text.as_deref().unwrap_or_default())?;
        if emoji.is_empty() && text.is_empty() {
            return Err(Refusal::invalid("a status needs an emoji or a text"));
        }
        let until = asked.until.map(|until| until.naive_utc());
        if until.is_some_and(|until| until <= Utc::now().naive_utc()) {
            return Err(Refusal::invalid("until: must be later than now"));
        }
        Ok(Self(Some(Status { emoji: emoji.to_owned(), text, until })))
    }

    pub fn clear() -> Self {
        Self(None)
    }
}

impl Command for ChangeStatus {
    type Outcome = User;

    fn execute(self, change: &mut Change) -> Result<User, Refusal> {
        let user = change.user()?;
        extras::set(change, user, NAME, json!(self.0))
    }
}
