//! Passing on to an actor whose queue may be full.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use actix::prelude::*;

use crate::base::mailbox::send_detached;
use crate::base::metrics::METRICS;

/// Nothing was dropped that is not told.
const TOLD: u8 = 0;
/// The actor is being told that something was dropped.
const TELLING: u8 = 1;
/// More was dropped since that began.
const MISSED: u8 = 2;

/// An actor that hears words. What finds its queue full is dropped, and it is told once there is room: a dropped word is
/// followed by at least one `missed`, and at most one waits.
pub struct Receiver<M: Message<Result = ()> + Send + 'static> {
    to: Recipient<M>,
    /// Says that something was dropped.
    missed: M,
    state: Arc<AtomicU8>,
}

impl<M: Message<Result = ()> + Clone + Send + 'static> Receiver<M> {
    pub fn new(to: Recipient<M>, missed: M) -> Self {
        Self { to, missed, state: Arc::default() }
    }

    pub fn hear(&self, word: M) {
        if let Err(SendError::Full(_)) = self.to.try_send(word) {
            METRICS.words_dropped.of("reader").increment(1);
            self.miss();
        }
    }

    /// Something for it was dropped.
    pub fn miss(&self) {
        if self.state.swap(MISSED, Ordering::SeqCst) != TOLD {
            return;
        }
        let (to, missed, state) = (self.to.clone(), self.missed.clone(), Arc::clone(&self.state));
        send_detached(async move {
            loop {
                state.store(TELLING, Ordering::SeqCst);
                to.send(missed.clone()).await?;
                // What was dropped meanwhile, it may not have looked for any more.
                if state.compare_exchange(TELLING, TOLD, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
                    return Ok(());
                }
            }
        });
    }
}
