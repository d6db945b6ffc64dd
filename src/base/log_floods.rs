//! Warnings and errors that come again and again: the first is a line, and from then on one line in half a minute says how
//! often it came.

use std::collections::HashMap;
use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use crate::base::failpoints::hastened;

/// How often a line is written of what comes again.
const INTERVAL: Duration = Duration::from_secs(30);
/// Of so many different warnings and errors it is known that they came; more are all written.
const MOST: usize = 200;
/// These lines are never held back.
const TARGET: &str = "klatch::log";
/// Lets them pass a filter.
pub const DIRECTIVE: &str = "klatch::log=warn";

/// What is said: its level, and its words.
type Said = (Level, String);

/// Those that came within the last interval. Invariant: [`MOST`] at most.
#[derive(Clone, Default)]
pub struct Floods(Arc<Mutex<HashMap<Said, Repeats>>>);

struct Repeats {
    since: Instant,
    /// Those that were not written.
    more: u64,
}

impl Floods {
    /// Whether it is to be written.
    fn is_new(&self, said: Said, now: Instant) -> bool {
        // Nothing panics while it is locked.
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(repeats) = known.get_mut(&said) {
            repeats.more += 1;
            return false;
        }
        if known.len() < MOST {
            known.insert(said, Repeats { since: now, more: 0 });
        }
        true
    }

    /// What came again for an interval by now, or at all, and how often; it is counted anew.
    fn take(&self, now: Instant, all: bool) -> Vec<(Said, u64)> {
        let mut repeated = vec![];
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|said, repeats| {
            if !all && now.duration_since(repeats.since) < hastened(INTERVAL) {
                return true;
            }
            if repeats.more == 0 {
                return false;
            }
            repeated.push((said.clone(), repeats.more));
            *repeats = Repeats { since: now, more: 0 };
            true
        });
        repeated
    }

    /// Writes a line for each that came again; where it is not the end, for those alone whose interval is over.
    pub fn tell(&self, all: bool) {
        for ((level, said), times) in self.take(Instant::now(), all) {
            match level {
                Level::ERROR => tracing::error!(target: TARGET, times, "again: {said}"),
                _ => tracing::warn!(target: TARGET, times, "again: {said}"),
            }
        }
    }

    /// Writes these lines until the program ends.
    pub async fn keep_up(self) {
        loop {
            tokio::time::sleep(hastened(INTERVAL) / 4).await;
            self.tell(false);
        }
    }
}

impl<S: Subscriber> Layer<S> for Floods {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        let metadata = event.metadata();
        if *metadata.level() > Level::WARN || metadata.target() == TARGET {
            return true;
        }
        let mut words = Words::default();
        event.record(&mut words);
        self.is_new((*metadata.level(), words.0), Instant::now())
    }
}

/// What an event says, without what differs from one to the next.
#[derive(Default)]
struct Words(String);

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let name = field.name();
        if matches!(name, "id" | "writes") || name.starts_with("log.") {
            return;
        }
        let parted = if self.0.is_empty() { "" } else { " " };
        // Writing to a string can't fail.
        let _ = match name {
            "message" => write!(self.0, "{parted}{value:?}"),
            _ => write!(self.0, "{parted}{name}={value:?}"),
        };
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(words: &str) -> Said {
        (Level::WARN, words.to_owned())
    }

    #[test]
    fn what_comes_again_is_counted_and_told_once_an_interval() {
        let floods = Floods::default();
        let begin = Instant::now();
        assert!(floods.is_new(said("away"), begin));
        assert!((0..5).all(|_| !floods.is_new(said("away"), begin)));
        assert!(floods.is_new(said("full"), begin), "another one");
        assert_eq!(floods.take(begin, false), []);
        let later = begin + INTERVAL;
        assert_eq!(floods.take(later, false), [(said("away"), 5)]);
        assert!(!floods.is_new(said("away"), later), "the flood goes on");
        assert_eq!(floods.take(later, true), [(said("away"), 1)], "nothing is lost in the end");
        // What did not come again is as if it were new.
        assert_eq!(floods.take(later + INTERVAL, false), []);
        assert!(floods.is_new(said("away"), later + INTERVAL));
    }

    #[test]
    fn of_more_than_can_be_known_all_are_written() {
        let floods = Floods::default();
        let now = Instant::now();
        for n in 0..2 * MOST {
            assert!(floods.is_new(said(&n.to_string()), now));
        }
        assert!(floods.is_new(said(&(2 * MOST - 1).to_string()), now));
        assert_eq!(floods.0.lock().unwrap().len(), MOST);
    }
}
