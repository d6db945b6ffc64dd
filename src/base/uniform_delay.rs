//! One time for answers that must not tell apart what is hidden and what does not exist: finding the one and not finding the
//! other takes different work, whatever the answer says.

use std::time::{Duration, Instant};

/// Such answers leave at whole multiples of this after they were asked for: longer than either takes, too short to matter to
/// whoever mistypes an address.
const STEP: Duration = Duration::from_millis(20);

/// Waits for the next of these moments.
pub async fn level(since: Instant) {
    let steps = since.elapsed().as_nanos() / STEP.as_nanos() + 1;
    let steps = u32::try_from(steps).unwrap_or(u32::MAX);
    tokio::time::sleep_until((since + STEP.saturating_mul(steps)).into()).await;
}
