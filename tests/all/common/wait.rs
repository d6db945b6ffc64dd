//! Waiting for events, never for time to pass.

use std::future::Future;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// How long a test waits for what must come. Far above what it takes, since a slow machine is no failure.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Awaits `event`, or fails the test saying what did not come.
pub async fn within<T>(limit: Duration, what: &str, event: impl Future<Output = T>) -> T {
    timeout(limit, event).await.unwrap_or_else(|_| panic!("{what}: nothing within {limit:?}"))
}

/// Between two questions at first, and at most: who waits for long leaves the cores to what it waits for.
const SOON: Duration = Duration::from_millis(10);
const LATER: Duration = Duration::from_millis(60);

/// Asks again until the answer is `Some`, for states that announce themselves to nobody.
pub async fn eventually<T>(limit: Duration, what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + limit;
    let mut pause = SOON;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "{what}: not within {limit:?}");
        tokio::time::sleep(pause).await;
        pause = (pause * 3 / 2).min(LATER);
    }
}
