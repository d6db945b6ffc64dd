//! What the page of a room shows, ready for its templates: what one look-up or one cut decides is decided here, since
//! it costs a template many times as much.

use std::collections::HashSet;

use serde::Serialize;

use crate::app::preferences::Preferences;
use crate::features::moderation::permissions::Powers;
use crate::wire::{ListedRoom, Message, Reaction, Room, Seq, User, UserId, format_time};

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

/// A list of rooms as it is shown beside the open one: starred ones first, then those with something new, then by name. Of
/// many the first ones, and the open one.
pub fn in_order(mut rooms: Vec<ListedRoom>, open: &str) -> Vec<ListedRoom> {
    rooms.sort_by_cached_key(|listed| {
        let ListedRoom { room: Room { slug, title, .. }, standing, .. } = listed;
        let is_new = |count: i64| count > 0 && slug != open;
        let name = if title.is_empty() { slug } else { title };
        (!standing.starred, !is_new(standing.mentions), !is_new(standing.unread), name.to_lowercase())
    });
    let mut place = 0;
    rooms.retain(|listed| {
        place += 1;
        place <= LISTED_ROOMS || listed.room.slug == open
    });
    rooms
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
    use super::beginning;

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(beginning("żółw", 2), "żó");
        assert_eq!(beginning("żółw", 4), "żółw");
        assert_eq!(beginning("żółw", 9), "żółw");
    }
}
