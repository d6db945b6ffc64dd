//! How long a client may take over a request and its answer.
//!
//! actix-http bounds the head of a connection's first request and the idle time after an answer. A later head, a body
//! that does not end, and an answer that nobody reads would each hold a connection for ever. So every connection knows
//! its phase: `server/connection.rs` looks at it whenever it waits for the client, and ends what is overdue.
//!
//! Nor is much read ahead of the answers: with 128 KiB that it can't yet act on, the dispatcher asks for more without a
//! pause, for as long as a client that sends one request behind the other reads none of the answers.

use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::task::{Context, Waker};
use std::time::Duration;

use actix_http::Payload;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use tokio::time::{Instant, timeout_at};

use super::failure::MAX_BODY_BYTES;

/// For the head of a request, from its first byte.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// For the body of a request, from the end of its head.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// For the reading of an answer; the longest have a few hundred kilobytes.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// For the time between two requests.
pub const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// How much longer a connection waits than the dispatcher, which ends what it can with an answer.
const GRACE: Duration = Duration::from_secs(1);
/// Bytes read for a head. What is left over of them, another head and a body are less than 128 KiB together.
const HEAD_BYTES: usize = 24 * 1024;
/// Bytes read for a body: the longest allowed, and what stands between its chunks.
const BODY_BYTES: usize = MAX_BODY_BYTES + 8 * 1024;

/// Where a connection stands. Its requests carry it in their connection data.
pub struct Exchange {
    /// And since when.
    phase: Cell<(Phase, Instant)>,
    /// Bytes that may still be read.
    room: Cell<usize>,
    /// What was read before holds no further request.
    is_settled: Cell<bool>,
    /// Who wanted to read while there was no room.
    refused: Cell<Option<Waker>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// No request is under way.
    Idle,
    /// The head of a request is on its way.
    Head,
    /// A request is being served. Its body has a deadline of its own, and handlers have theirs.
    Serving,
    /// The answer is on its way to the client.
    Answering,
}

impl Exchange {
    /// A new connection is as good as the beginning of a head.
    pub fn begin() -> Rc<Self> {
        Rc::new(Self {
            phase: Cell::new((Phase::Head, Instant::now())),
            room: Cell::new(HEAD_BYTES),
            is_settled: Cell::new(true),
            refused: Cell::new(None),
        })
    }

    /// When the client's time is over; `None` while it is not the client who is waited for.
    pub fn deadline(&self) -> Option<Instant> {
        let (phase, since) = self.phase.get();
        let limit = match phase {
            Phase::Idle => KEEP_ALIVE + GRACE,
            Phase::Head => HEAD_TIMEOUT + GRACE,
            Phase::Serving => return None,
            Phase::Answering => ANSWER_TIMEOUT,
        };
        Some(since + limit)
    }

    /// How many bytes may be read now. Where it is none, the task is woken when that changes.
    pub fn room(&self, cx: &Context<'_>) -> usize {
        if self.phase.get().0 == Phase::Idle {
            if !self.is_settled.replace(true) {
                // The dispatcher first looks at what it has.
                cx.waker().wake_by_ref();
                return 0;
            }
            self.room.set(HEAD_BYTES);
        }
        if self.room.get() == 0 {
            self.refused.set(Some(cx.waker().clone()));
        }
        self.room.get()
    }

    /// So many bytes have come; none is the end.
    pub fn received(&self, bytes: usize) {
        self.room.set(self.room.get().saturating_sub(bytes));
        if self.phase.get().0 == Phase::Idle {
            self.enter(Phase::Head);
        }
    }

    /// The head of a request is there.
    fn serving(&self, has_body: bool) {
        if self.is_settled.replace(false) && has_body {
            self.room.set(self.room.get() + BODY_BYTES);
        }
        self.enter(Phase::Serving);
    }

    /// Everything there was to write is with the kernel.
    pub fn flushed(&self) {
        if self.phase.get().0 == Phase::Answering {
            self.enter(Phase::Idle);
        }
    }

    fn enter(&self, phase: Phase) {
        self.phase.set((phase, Instant::now()));
        if let Some(refused) = self.refused.take() {
            refused.wake();
        }
    }
}

/// The middleware that tells the connection of its requests, and gives each body its deadline.
pub async fn keep_time<B: MessageBody>(mut req: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error> {
    let exchange = req.request().conn_data::<Rc<Exchange>>().cloned();
    let body = req.take_payload();
    if let Some(exchange) = &exchange {
        exchange.serving(!matches!(body, Payload::None));
    }
    if !matches!(body, Payload::None) {
        req.set_payload(Payload::Stream { payload: Box::pin(in_time(body)) });
    }
    let answered = next.call(req).await;
    if let Some(exchange) = &exchange {
        exchange.enter(Phase::Answering);
    }
    answered
}

/// The body, and an error in its place once it has taken too long.
fn in_time(body: Payload) -> impl Stream<Item = Result<Bytes, PayloadError>> {
    let deadline = Instant::now() + BODY_TIMEOUT;
    stream::unfold(body, move |mut body| async move {
        let late = |_| Some(Err(PayloadError::Io(io::ErrorKind::TimedOut.into())));
        let chunk = timeout_at(deadline, body.next()).await.unwrap_or_else(late)?;
        Some((chunk, body))
    })
}
