//! What a panic may cost. A request, a socket and a room each fail by themselves and are begun anew; the actors that
//! everybody needs go on.

use std::any::Any;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};

/// Takes one step of an actor that everybody needs; `None` if it panicked. Whoever waited for an answer of that step finds
/// its channel closed.
pub fn catch_panic<T>(step: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(step)).ok()
}

/// Has panics written to the log. A message that was put together while running may hold what somebody wrote: only
/// those that stand in the program are shown.
pub fn log_panics() {
    std::panic::set_hook(Box::new(|panic: &PanicHookInfo| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, message = said(panic.payload()), "panicked");
    }));
}

fn said(payload: &(dyn Any + Send)) -> Option<&'static str> {
    payload.downcast_ref::<&'static str>().copied()
}
