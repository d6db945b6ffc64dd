//! What the page of a room shows, ready for its templates: what one look-up or one cut decides is decided here, since
//! it costs a template many times as much.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDateTime;
use icu_collator::options::CollatorOptions;
use icu_collator::preferences::CollationNumericOrdering;
use icu_collator::{Collator, CollatorPreferences};
use serde::Serialize;

use crate::app::preferences::Preferences;
use crate::features::moderation::permissions::Powers;
use crate::wire::{ListedRoom, Message, Reaction, Room, RoomId, Seq, User, UserId, format_time};

/// Characters of a message that an answer to it shows.
const QUOTED_CHARS: usize = 120;

/// The values of `room.html`.
#[derive(Serialize)]
pub struct RoomPage<'a> {
    pub room: &'a Room,
    /// Those that the reader is in, or the first of many, and the open one.
    pub rooms: Vec<ListedRoom>,
    /// Oldest first.
    pub messages: Vec<ShownMessage<'a>>,
    /// By their names; none, where they are many.
    pub members: &'a [User],
    /// The id of the message that they lie around; the latest where there is none.
    pub at: Option<Seq>,
    /// Whether there are older ones.
    pub more: bool,
    /// Whether there are newer ones.
    pub newer: bool,
    /// Whether the reader may remove what others wrote.
    pub removes: bool,
    pub may: Powers,
    /// Whether the reader is an admin.
    pub administers: bool,
}

/// The values of `message.html`.
#[derive(Serialize)]
pub struct ShownMessage<'a> {
    id: Seq,
    author: &'a User,
    /// Whether the reader has blocked them.
    blocked: bool,
    /// RFC 3339, for programs.
    sent_at: String,
    /// In UTC, for people.
    sent_on: String,
    /// Sanitised: it goes into the page as it is.
    html: &'a str,
    edited: bool,
    deleted: bool,
    /// By a moderator.
    removed: bool,
    /// The id of the message that this one answers.
    reply_to: Option<Seq>,
    /// That message, where it is on the page.
    quoted: Option<Quoted<'a>>,
    reactions: &'a [Reaction],
}

#[derive(Serialize)]
struct Quoted<'a> {
    author: &'a User,
    /// How it begins.
    body: &'a str,
}

/// The most rooms that a page lists beside the open one; `welcome` brings the others.
const LISTED_ROOMS: usize = 100;

/// A list of rooms as it is shown beside the open one: starred ones first, then direct talks by their last messages, and rooms
/// by name, as browsers compare names in which there are numbers. Of many the first ones, and the open one.
pub fn in_order(mut rooms: Vec<ListedRoom>, said: &HashMap<RoomId, NaiveDateTime>, open: &str) -> Vec<ListedRoom> {
    let mut preferences = CollatorPreferences::default();
    preferences.numeric_ordering = Some(CollationNumericOrdering::True);
    // The data is compiled in; were it not, names would be in the order of their characters.
    let collator = Collator::try_new(preferences, CollatorOptions::default()).ok();
    rooms.sort_by(|a, b| {
        let starred = b.standing.starred.cmp(&a.standing.starred);
        let last = said.get(&b.room.id).cmp(&said.get(&a.room.id));
        let (first, second) = (name(&a.room), name(&b.room));
        starred.then(last).then_with(|| match &collator {
            Some(collator) => collator.compare(first, second),
            None => first.cmp(second),
        })
    });
    let mut place = 0;
    rooms.retain(|listed| {
        place += 1;
        place <= LISTED_ROOMS || listed.room.slug == open
    });
    rooms
}

fn name(room: &Room) -> &str {
    if room.title.is_empty() { &room.slug } else { &room.title }
}

/// Messages of a room, in the order of their ids, as its page shows them.
pub fn shown<'a>(messages: &'a [Message], blocked: &HashSet<UserId>) -> Vec<ShownMessage<'a>> {
    let quoted = |id: Seq| {
        let index = messages.binary_search_by_key(&id, |message| message.id).ok()?;
        let Message { author, body, .. } = &messages[index];
        Some(Quoted { author, body: beginning(body, QUOTED_CHARS) })
    };
    let language = Preferences::present().language;
    let shown = messages.iter().map(|message| {
        let sent_at = format_time(&message.sent_at);
        ShownMessage {
            id: message.id,
            author: &message.author,
            blocked: blocked.contains(&message.author.id),
            sent_on: (language.time)(&sent_at),
            sent_at,
            html: &message.html,
            edited: message.edited_at.is_some(),
            deleted: message.deleted,
            removed: message.removed,
            reply_to: message.reply_to,
            quoted: message.reply_to.and_then(quoted),
            reactions: &message.reactions,
        }
    });
    shown.collect()
}

/// The first characters of a text.
fn beginning(text: &str, chars: usize) -> &str {
    text.char_indices().nth(chars).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use chrono::DateTime;

    use super::{LISTED_ROOMS, beginning, in_order};
    use crate::wire::{ListedRoom, Room, RoomKind, Standing};

    #[test]
    fn rooms_keep_their_places_and_direct_talks_go_by_their_last_messages() {
        let listed = |id: i64, title: &str, starred: bool| ListedRoom {
            room: Room {
                id,
                slug: format!("r{id}"),
                title: title.into(),
                topic: String::new(),
                kind: RoomKind::Public,
                seq: 0,
                archived: false,
                slow_secs: 0,
            },
            member: true,
            standing: Standing { starred, unread: id, mentions: id, ..Standing::default() },
        };
        let titles = ["Project 10", "project 2", "Zoo", "Äpfel", "Apfel", "Bob", "Carl", "Birne", "10", "9"];
        let mut rooms: Vec<ListedRoom> =
            (1..).zip(titles).map(|(id, title)| listed(id, title, title == "Zoo")).collect();
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap().naive_utc();
        let said = HashMap::from([(6, at(1)), (7, at(2))]);
        let order = |rooms| -> Vec<String> {
            in_order(rooms, &said, "r1").into_iter().map(|listed: ListedRoom| listed.room.title).collect()
        };
        let wanted = ["Zoo", "Carl", "Bob", "9", "10", "Apfel", "Äpfel", "Birne", "project 2", "Project 10"];
        assert_eq!(order(rooms.clone()), wanted);
        rooms.extend((11..200).map(|id| listed(id, "A", false)));
        let many = order(rooms);
        assert_eq!(many.len(), LISTED_ROOMS + 1, "the first ones, and the open one");
        assert!(many.contains(&"Project 10".to_owned()));
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(beginning("żółw", 2), "żó");
        assert_eq!(beginning("żółw", 4), "żółw");
        assert_eq!(beginning("żółw", 9), "żółw");
    }
}
