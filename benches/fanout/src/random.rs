//! Jitter: nothing here needs better numbers.

use std::hash::{BuildHasher, RandomState};

/// A number below this one.
pub fn below(bound: u64) -> u64 {
    RandomState::new().hash_one(()) % bound.max(1)
}
