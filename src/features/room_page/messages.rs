//! Messages as the page of their room shows them: what the scripts in the browser would make of them is made here already, so that
//! nothing moves when they take over (`static/message/hydrate.js`).

use std::borrow::Cow;
use std::collections::HashSet;

use chrono::{NaiveDateTime, TimeDelta, Utc};
use jiff::civil::Date;
use serde::Serialize;
use unicode_segmentation::UnicodeSegmentation;

use crate::app::local_time::LocalTime;
use crate::app::preferences::Preferences;
use crate::features::room_page::bodies::{for_reader, speaks_to};
use crate::wire::{Message, Reaction, Seq, User, UserId, format_time};

/// Characters of a message that an answer to it shows.
const QUOTED_CHARS: usize = 120;
/// Within so long messages of one author stand under one name.
const TOGETHER: TimeDelta = TimeDelta::minutes(5);
/// So many emoji are shown large, where there is nothing else.
const MOST_BIG: usize = 6;

/// The values of `message.html`.
#[derive(Serialize)]
pub struct ShownMessage<'a> {
    id: Seq,
    author: &'a User,
    /// Whether the reader has blocked them.
    blocked: bool,
    /// RFC 3339, for programs.
    sent_at: String,
    /// By the reader's clock, or in UTC with the day, for people.
    time: String,
    /// The line above it, where another day begins.
    day: Option<Day>,
    /// Whether it is the first one that is new to the reader.
    fresh: bool,
    /// Whether it stands under the name of the one above.
    cont: bool,
    /// Whether it is nothing but emoji.
    big: bool,
    /// Whether it speaks to the reader.
    mention: bool,
    /// Sanitised: it goes into the page as it is.
    html: Cow<'a, str>,
    edited: bool,
    deleted: bool,
    /// By a moderator.
    removed: bool,
    /// The id of the message that this one answers.
    reply_to: Option<Seq>,
    /// That message, where it is on the page.
    quoted: Option<Quoted<'a>>,
    reactions: Vec<ShownReaction<'a>>,
}

#[derive(Serialize)]
struct Quoted<'a> {
    author: &'a User,
    /// How it begins.
    body: &'a str,
}

#[derive(Serialize)]
struct ShownReaction<'a> {
    emoji: &'a str,
    count: usize,
    /// Whether the reader is one of them.
    mine: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Day {
    Today,
    Yesterday,
    Other(String),
}

/// Whom a page is for.
pub struct Reader<'a> {
    pub user: &'a User,
    pub blocked: &'a HashSet<UserId>,
    /// Up to where they have read what is there; `None` where that is not to be shown.
    pub read: Option<Seq>,
    /// Whether they are in the room of this name.
    pub is_in: &'a dyn Fn(&str) -> bool,
}

/// Messages of a room, in the order of their ids, as its page shows them.
pub fn shown<'a>(messages: &'a [Message], reader: &Reader<'_>) -> Vec<ShownMessage<'a>> {
    let Preferences { language, local_time, .. } = Preferences::present();
    let local = local_time.as_ref();
    let today = local.map(|local| local.there(&Utc::now().naive_utc()).date());
    let is_news = |message: &&Message| message.author.id != reader.user.id && !message.deleted;
    let unread = reader.read.and_then(|read| messages.iter().filter(is_news).find(|message| message.id > read));
    let mut above: Option<(&Message, Option<Date>)> = None;
    let shown = messages.iter().map(|message| {
        let quoted = message.reply_to.and_then(|id| quoted(messages, id));
        let sent_at = format_time(&message.sent_at);
        let there = local.map(|local| local.there(&message.sent_at));
        let date = there.map(|there| there.date());
        let new_day = above.is_none_or(|(_, before)| before != date);
        let fresh = unread.is_some_and(|first| first.id == message.id);
        let cont = !new_day && !fresh && above.is_some_and(|(before, _)| continues(message, before));
        above = Some((message, date));
        let answered = quoted.as_ref().is_some_and(|quoted| quoted.author.id == reader.user.id);
        let others = message.author.id != reader.user.id;
        ShownMessage {
            id: message.id,
            author: &message.author,
            blocked: reader.blocked.contains(&message.author.id),
            time: match (local, there) {
                (Some(local), Some(there)) => local.time(there),
                _ => format!("{} UTC", (language.time)(&sent_at)),
            },
            day: new_day.then(|| Some(day(local?, date?, today?))).flatten(),
            // Times that have their day with them are never hidden.
            cont: cont && local.is_some(),
            fresh,
            big: is_just_emoji(&message.body),
            mention: others && (answered || speaks_to(&message.html, reader.user.id)),
            html: for_reader(&message.html, others.then_some(reader.user.id), reader.is_in),
            sent_at,
            edited: message.edited_at.is_some(),
            deleted: message.deleted,
            removed: message.removed,
            reply_to: message.reply_to,
            quoted,
            reactions: message.reactions.iter().map(|reaction| shown_reaction(reaction, reader.user)).collect(),
        }
    });
    shown.collect()
}

/// Whether a message stands under the name of the one above it, as `static/message/message.js` has it.
fn continues(message: &Message, above: &Message) -> bool {
    let apart = millis(&message.sent_at) - millis(&above.sent_at);
    message.reply_to.is_none() && message.author.id == above.author.id && apart.abs() < TOGETHER.num_milliseconds()
}

fn millis(time: &NaiveDateTime) -> i64 {
    time.and_utc().timestamp_millis()
}

fn day(local: &LocalTime, day: Date, today: Date) -> Day {
    match today {
        _ if day == today => Day::Today,
        _ if today.yesterday().is_ok_and(|yesterday| day == yesterday) => Day::Yesterday,
        _ => Day::Other(local.day(day, today)),
    }
}

fn quoted(messages: &[Message], id: Seq) -> Option<Quoted<'_>> {
    let index = messages.binary_search_by_key(&id, |message| message.id).ok()?;
    let Message { author, body, .. } = &messages[index];
    Some(Quoted { author, body: beginning(body, QUOTED_CHARS) })
}

fn shown_reaction<'a>(reaction: &'a Reaction, reader: &User) -> ShownReaction<'a> {
    let Reaction { emoji, count, users, .. } = reaction;
    let mine = users.iter().any(|name| name.eq_ignore_ascii_case(&reader.username));
    ShownReaction { emoji, count: *count, mine }
}

/// As `isJustEmoji` there.
fn is_just_emoji(text: &str) -> bool {
    // Most texts begin with what is none.
    if !text.trim_start().starts_with(|c: char| !c.is_alphabetic()) {
        return false;
    }
    let mut emoji = text.graphemes(true).filter(|part| !part.trim().is_empty()).take(MOST_BIG + 1);
    let mut count = 0;
    emoji.all(|part| {
        count += 1;
        // What is found may be another spelling that only looks the same.
        emojis::get(part).is_some_and(|known| known.as_str() == part)
    }) && (1..=MOST_BIG).contains(&count)
}

/// The first characters of a text.
fn beginning(text: &str, chars: usize) -> &str {
    text.char_indices().nth(chars).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(beginning("żółw", 2), "żó");
        assert_eq!(beginning("żółw", 4), "żółw");
        assert_eq!(beginning("żółw", 9), "żółw");
    }

    #[test]
    fn one_to_six_emoji_and_nothing_else_are_shown_large() {
        for text in ["🎉", "🎉🎉 🎉\n🎉🎉🎉", " ❤️ ", "👩‍🚀", "👍🏽", "🇩🇪🇫🇷", "1️⃣"]
        {
            assert!(is_just_emoji(text), "{text}");
        }
        for text in ["", " ", "1", "©", "☺", "🎉!", "ok 🎉", "🎉🎉🎉🎉🎉🎉🎉", "🇩", "**🎉**"]
        {
            assert!(!is_just_emoji(text), "{text}");
        }
    }
}
