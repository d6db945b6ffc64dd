//! Messages with numbers, sent at times fixed beforehand.

use std::time::Duration;

use crate::socket;

/// Needs the Markdown parser and the sanitiser, as most messages do.
const BODY: &str = "It works here: see line 42 of the log, then try it once more.";

/// When a message is sent, from the start of its schedule.
pub fn due(at: u64, rate: u64) -> Duration {
    Duration::from_secs_f64(at as f64 / rate as f64)
}

/// The key tells the message's number, so that a delivery is known without parsing it.
pub fn message(room: &str, number: u64) -> Vec<u8> {
    let key = format!("00000000-0000-4000-8000-{number:012x}");
    socket::text(&format!(r#"{{"type":"send","room":"{room}","key":"{key}","body":"{BODY}"}}"#))
}

/// The number of the message that a frame shows.
pub fn number_of(frame: &[u8]) -> u64 {
    const KEY: &[u8] = br#""key":""#;
    let key = frame.windows(KEY.len()).position(|bytes| bytes == KEY).map(|at| at + KEY.len());
    let digits = key.and_then(|key| frame.get(key + 24..key + 36)).and_then(|digits| str::from_utf8(digits).ok());
    digits.and_then(|digits| u64::from_str_radix(digits, 16).ok()).expect("a message with a key of ours")
}
