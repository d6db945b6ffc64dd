//! Switches for tests, taken from the environment. A release build has none of them.

use std::collections::HashMap;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// How often each place may still be passed before something happens there.
type Passes = HashMap<String, AtomicI64>;

static PANICS: LazyLock<Passes> = LazyLock::new(|| passes("KLATCH_TEST_PANIC"));
static ABORTS: LazyLock<Passes> = LazyLock::new(|| passes("KLATCH_TEST_ABORT"));
static FAULT: LazyLock<String> = LazyLock::new(|| std::env::var("KLATCH_TEST_FAULT").unwrap_or_default());

fn passes(variable: &str) -> Passes {
    let places = std::env::var(variable).unwrap_or_default();
    let places = places.split(',').filter_map(|place| place.split_once(':'));
    places.filter_map(|(place, passes)| Some((place.to_owned(), passes.parse::<i64>().ok()?.into()))).collect()
}

fn is_last(passes: &Passes, place: &str) -> bool {
    passes.get(place).is_some_and(|passes| passes.fetch_sub(1, Ordering::Relaxed) == 1)
}

/// Panics when this place is passed for the n-th time, where `KLATCH_TEST_PANIC` is `place:n`, or a list of such; ends the
/// process at once, as `kill -9` would, where `KLATCH_TEST_ABORT` is.
#[track_caller]
pub fn failpoint(place: &str) {
    if !cfg!(debug_assertions) {
        return;
    }
    if is_last(&ABORTS, place) {
        std::process::abort();
    }
    if is_last(&PANICS, place) {
        panic!("a test wanted this");
    }
}

/// Whether passwords are hashed with the smallest parameters that argon2 has: where `KLATCH_TEST_QUICK_PASSWORDS` is set.
pub fn hashes_quickly() -> bool {
    cfg!(debug_assertions) && std::env::var_os("KLATCH_TEST_QUICK_PASSWORDS").is_some()
}

/// How long the program waits for something: `time`, divided by the whole number in `KLATCH_TEST_HASTE`, if there is one.
pub fn hastened(time: Duration) -> Duration {
    static HASTE: LazyLock<u32> = LazyLock::new(|| {
        let haste = std::env::var("KLATCH_TEST_HASTE").ok().and_then(|haste| haste.parse().ok());
        haste.unwrap_or(1).max(1)
    });
    if cfg!(debug_assertions) { time / *HASTE } else { time }
}

/// What makes a build another: a comment in its scripts and styles, where `KLATCH_TEST_BUILD` is set.
pub fn build_mark() -> Option<String> {
    let mark = if cfg!(debug_assertions) { std::env::var("KLATCH_TEST_BUILD").ok() } else { None };
    mark.map(|mark| format!("\n/* {mark} */\n"))
}

/// Whether `KLATCH_TEST_FAULT` names this: a promise that the program is to break, so that tests of its promises can be
/// seen to notice.
pub fn fault_enabled(promise: &str) -> bool {
    cfg!(debug_assertions) && *FAULT == promise
}

/// Whether `GET /` opens sockets that send every message back, for conformance suites: where `KLATCH_TEST_ECHO` is set.
pub fn echoes() -> bool {
    cfg!(debug_assertions) && std::env::var_os("KLATCH_TEST_ECHO").is_some()
}
