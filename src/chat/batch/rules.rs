//! What a room's moderators have set for what is sent in it. Who moderates the room is not held to it.

use std::time::Duration;

use chrono::NaiveDateTime;

use crate::chat::rooms::RoomState;
use crate::render::Rendered;
use crate::wire::refusal::{Code, Refusal};

/// Whether the room's filters let a text pass.
///
/// # Errors
/// `forbidden`, with the word that was found.
pub fn pass_filters(state: &RoomState, rendered: &Rendered) -> Result<(), Refusal> {
    if state.rules.blocks_links && rendered.has_links() {
        return Err(Refusal::new(Code::Forbidden, "links are not allowed in this room"));
    }
    if state.rules.blocked_words.is_empty() {
        return Ok(());
    }
    let words: Vec<String> = words(&rendered.body).map(str::to_lowercase).collect();
    let is_blocked = |blocked: &&str| words.iter().any(|word| word == blocked);
    match state.rules.blocked_words.lines().find(is_blocked) {
        Some(word) => {
            Err(Refusal::new(Code::Forbidden, "the word “{word}” is not allowed in this room").with("word", word))
        }
        None => Ok(()),
    }
}

/// A text's words, without what is around them.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

/// Whether enough time has passed since somebody's latest message.
///
/// # Errors
/// `rate_limited`, with the time that is left.
pub fn pass_slow_mode(state: &RoomState, sent_at: Option<NaiveDateTime>, now: NaiveDateTime) -> Result<(), Refusal> {
    let Some(sent_at) = sent_at.filter(|_| state.room.slow_secs > 0) else { return Ok(()) };
    let rest = i64::from(state.room.slow_secs) * 1000 - (now - sent_at).num_milliseconds();
    // A clock that was set back keeps nobody waiting for longer than the room does.
    let rest = rest.min(i64::from(state.room.slow_secs) * 1000);
    match u64::try_from(rest) {
        Ok(rest) if rest > 0 => {
            let wait = Duration::from_millis(rest);
            Err(Refusal::rate_limited("this room is slow: wait before your next message", wait))
        }
        _ => Ok(()),
    }
}
