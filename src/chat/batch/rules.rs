//! What a room's moderators have set for what is sent in it. Who moderates the room is not held to it.

use std::collections::HashSet;
use std::time::Duration;

use chrono::NaiveDateTime;

use crate::base::folding::{fold, looks, pieces, words};
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
    let shown = fold(&rendered.visible());
    let shown: Vec<&str> = pieces(&shown).collect();
    // Letters of another script may look the same. Plain words look like others too (`rn` like `m`), and mean themselves.
    let foreign = shown.iter().filter(|piece| !piece.is_ascii());
    let foreign: HashSet<String> = foreign.flat_map(|piece| looks(piece)).collect();
    let is_blocked = |blocked: &&str| {
        let folded = fold(blocked);
        let blocked: Vec<&str> = words(&folded).collect();
        let is_shown = shown.windows(blocked.len().max(1)).any(|shown| shown == blocked);
        is_shown || (!foreign.is_empty() && looks(&folded).iter().any(|look| foreign.contains(look)))
    };
    match state.rules.blocked_words.lines().find(is_blocked) {
        Some(word) => {
            Err(Refusal::new(Code::Forbidden, "the word “{word}” is not allowed in this room").with("word", word))
        }
        None => Ok(()),
    }
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
