//! A deliberate fault for tests: changes are published before their commit, so that the history checker can be seen to
//! notice. Debug builds only, where `KLATCH_TEST_FAULT` is `publish_before_commit`.

use std::sync::OnceLock;
use std::time::Duration;

use super::Change;
use crate::base::failpoints::{failpoint, fault_enabled};

type Publish = Box<dyn Fn(&[Change]) + Send + Sync>;

static PUBLISH: OnceLock<Publish> = OnceLock::new();

/// How changes are published before their commit, where that is the promise to break.
pub fn publish_early(publish: impl Fn(&[Change]) + Send + Sync + 'static) {
    if fault_enabled("publish_before_commit") {
        let _ = PUBLISH.set(Box::new(publish));
    }
}

/// Passed in a transaction, with what it is about to commit.
pub fn before_commit(changes: &[Change]) {
    if cfg!(debug_assertions)
        && let Some(publish) = PUBLISH.get()
    {
        publish(changes);
        // Long enough for other instances to receive it: what the commit waits for does not matter here.
        std::thread::sleep(Duration::from_millis(50));
    }
    failpoint("transaction");
}
