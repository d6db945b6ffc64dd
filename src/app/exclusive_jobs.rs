//! Long work for somebody, once at a time.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::wire::UserId;
use crate::wire::refusal::Refusal;

/// When to try again.
const RETRY_AFTER: Duration = Duration::from_millis(2_000);

/// For whom work is being done. Invariant: whoever is in the set has one [`Guard`].
#[derive(Clone, Default)]
pub struct PerUserLock(Arc<Mutex<HashSet<UserId>>>);

impl PerUserLock {
    /// # Errors
    /// `rate_limited` while somebody's last turn has not ended.
    pub fn begin(&self, user: UserId) -> Result<Guard, Refusal> {
        // Nothing panics while it is locked.
        if self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(user) {
            return Ok(Guard { all: self.clone(), user });
        }
        Err(Refusal::rate_limited("this is being done already; wait until it has ended", RETRY_AFTER))
    }
}

/// Ends when it is dropped.
pub struct Guard {
    all: PerUserLock,
    user: UserId,
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.all.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.user);
    }
}

#[cfg(test)]
mod tests {
    use super::PerUserLock;

    #[test]
    fn a_turn_is_refused_until_the_last_one_ends() {
        let all = PerUserLock::default();
        let turn = all.begin(1).unwrap();
        assert!(all.begin(1).is_err());
        assert!(all.begin(2).is_ok());
        drop(turn);
        assert!(all.begin(1).is_ok());
    }
}
