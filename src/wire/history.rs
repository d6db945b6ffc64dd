//! Where in a room's history a page lies.

use chrono::{DateTime, NaiveDateTime};

use crate::wire::refusal::Refusal;
use crate::wire::types::{DEFAULT_PAGE_MESSAGES, MAX_PAGE_MESSAGES, Seq};

/// A page of a history as it was asked for, by a socket or over HTTP.
#[derive(Debug, PartialEq)]
pub struct Place {
    pub at: At,
    /// At most so many messages.
    pub limit: i64,
}

#[derive(Debug, PartialEq)]
pub enum At {
    /// It ends with the latest message.
    End,
    /// It ends before this id.
    Before(Seq),
    /// It begins above this id.
    After(Seq),
    /// It has this id in its middle.
    Around(Seq),
    /// It has in its middle the first message that was sent then or later.
    Since(NaiveDateTime),
}

/// The same, not yet checked.
#[derive(Default)]
pub struct Wanted<'a> {
    pub before: Option<Seq>,
    pub after: Option<Seq>,
    pub around: Option<Seq>,
    pub since: Option<&'a str>,
    pub limit: Option<i64>,
}

impl Wanted<'_> {
    /// # Errors
    /// `invalid`: out of range, no time, or more than one place.
    pub fn checked(&self) -> Result<Place, Refusal> {
        let places = [
            self.before.map(|id| at_least(1, id, "before").map(At::Before)),
            self.after.map(|id| at_least(0, id, "after").map(At::After)),
            self.around.map(|id| at_least(1, id, "around").map(At::Around)),
            self.since.map(|time| moment(time).map(At::Since)),
        ];
        let mut given = places.into_iter().flatten();
        let at = given.next().unwrap_or(Ok(At::End))?;
        if given.next().is_some() {
            return Err(Refusal::invalid("before, after, around, since: one of them at most"));
        }
        match self.limit.unwrap_or(DEFAULT_PAGE_MESSAGES) {
            limit @ 1..=MAX_PAGE_MESSAGES => Ok(Place { at, limit }),
            _ => Err(Refusal::invalid("limit: 1 to {most}").with("most", MAX_PAGE_MESSAGES)),
        }
    }
}

/// The value, where it is no less.
///
/// # Errors
/// `invalid`, with the field's name.
pub fn at_least(least: Seq, value: Seq, name: &str) -> Result<Seq, Refusal> {
    if value < least {
        Err(Refusal::invalid("{name}: at least {least}").with("name", name).with("least", least))
    } else {
        Ok(value)
    }
}

fn moment(time: &str) -> Result<NaiveDateTime, Refusal> {
    let parsed = DateTime::parse_from_rfc3339(time);
    parsed.map(|time| time.naive_utc()).map_err(|_| Refusal::invalid("since: a time as RFC 3339 has it"))
}
