//! Bodies are rendered where they arrive, but for those with code: a grammar's first use, or code that was made to be hard,
//! takes a tenth of a second, in which everybody else of the worker would wait.

use std::sync::LazyLock;
use std::thread::available_parallelism;

use tokio::sync::Semaphore;

use crate::render::{Rendered, may_take_long, render_body};
use crate::wire::refusal::Refusal;

/// At most half of the cores render code, so that a flood of it leaves the rest to messages. Who waits for a turn is a
/// socket that is not read meanwhile, or a request, and of these there is a bounded number.
static TURNS: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1))));

/// Renders a body, on another thread where it may take long.
///
/// # Errors
/// As for [`render_body`]; `unavailable` where the thread was lost, which the log tells.
pub async fn render(body: String) -> Result<Rendered, Refusal> {
    if !may_take_long(&body) {
        return render_body(&body);
    }
    // The semaphore is never closed.
    let turn = TURNS.acquire().await.map_err(|_| Refusal::internal())?;
    let rendered = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        render_body(&body)
    });
    rendered.await.map_err(|error| {
        tracing::error!(%error, "a body was not rendered");
        Refusal::internal()
    })?
}
