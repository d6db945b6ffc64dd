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

use crate::app::failure::MAX_BODY_BYTES;
use crate::base::failpoints::hastened;

/// For the head of a request, from its first byte.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// For the body of a request, from the end of its head.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// For the reading of each [`ANSWER_STEP`] of an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
const ANSWER_STEP: usize = 16 * 1024;
/// For the time between two requests.
pub const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// How much longer a connection waits than the dispatcher, which ends what it can with an answer.
const GRACE: Duration = Duration::from_secs(1);
/// Bytes read for a head. What is left over of them, another head and a body are less than 128 KiB together.
const HEAD_BYTES: usize = 24 * 1024;
/// Bytes read for a body: the longest allowed, and what stands between its chunks.
const BODY_BYTES: usize = MAX_BODY_BYTES + 8 * 1024;

/// Where a connection stands. Its requests carry it in their connection data.
pub struct HttpPhase {
    /// And since when.
    phase: Cell<(Phase, Instant)>,
    /// Bytes that may still be read.
    budget: Cell<usize>,
    read_ahead: Cell<ReadAhead>,
    /// Bytes of the answer that the kernel has taken since the client was last given more time.
    written: Cell<usize>,
    /// Who wanted to read and might not.
    refused: Cell<Option<Waker>>,
}

/// Whether what was read before holds another request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ReadAhead {
    Perhaps,
    /// The dispatcher is looking.
    Looking,
    No,
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

impl HttpPhase {
    /// A new connection is as good as the beginning of a head.
    pub fn begin() -> Rc<Self> {
        Rc::new(Self {
            phase: Cell::new((Phase::Head, Instant::now())),
            budget: Cell::new(HEAD_BYTES),
            read_ahead: Cell::new(ReadAhead::No),
            written: Cell::new(0),
            refused: Cell::new(None),
        })
    }

    /// When the client's time is over; `None` while it is not the client who is waited for.
    pub fn deadline(&self) -> Option<Instant> {
        let (phase, since) = self.phase.get();
        let limit = match phase {
            Phase::Idle => hastened(KEEP_ALIVE) + GRACE,
            Phase::Head => hastened(HEAD_TIMEOUT) + GRACE,
            Phase::Serving => return None,
            Phase::Answering => hastened(ANSWER_TIMEOUT),
        };
        Some(since + limit)
    }

    /// How many bytes may be read now. Where it is none, the task is woken when that changes.
    pub fn may_read(&self, cx: &Context<'_>) -> usize {
        if self.phase.get().0 == Phase::Idle {
            if self.read_ahead.get() == ReadAhead::Perhaps {
                self.read_ahead.set(ReadAhead::Looking);
                cx.waker().wake_by_ref();
                return 0;
            }
            self.read_ahead.set(ReadAhead::No);
            self.budget.set(HEAD_BYTES);
        }
        if self.budget.get() == 0 {
            self.refused.set(Some(cx.waker().clone()));
        }
        self.budget.get()
    }

    /// So many bytes have come; none is the end.
    pub fn received(&self, bytes: usize) {
        self.budget.set(self.budget.get().saturating_sub(bytes));
        if self.phase.get().0 == Phase::Idle {
            self.enter(Phase::Head);
        }
    }

    /// The kernel has taken so many bytes: a client on a slow line gets on.
    pub fn sent(&self, bytes: usize) {
        self.written.set(self.written.get() + bytes);
        if self.written.get() >= ANSWER_STEP && self.phase.get().0 == Phase::Answering {
            self.enter(Phase::Answering);
        }
    }

    /// The head of a request is there. A body is read beside what is left of the budget only where the request was not
    /// itself read ahead: or a client that sends one behind the other would have more and more read.
    fn serving(&self, has_body: bool) {
        if self.read_ahead.replace(ReadAhead::Perhaps) == ReadAhead::No && has_body {
            self.budget.set(self.budget.get() + BODY_BYTES);
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
        self.written.set(0);
        self.phase.set((phase, Instant::now()));
        if let Some(refused) = self.refused.take() {
            refused.wake();
        }
    }
}

/// The middleware that tells the connection of its requests, and gives each body its deadline.
pub async fn keep_time<B: MessageBody>(mut req: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error> {
    let exchange = req.request().conn_data::<Rc<HttpPhase>>().cloned();
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
    let deadline = Instant::now() + hastened(BODY_TIMEOUT);
    stream::unfold(body, move |mut body| async move {
        let late = |_| Some(Err(PayloadError::Io(io::ErrorKind::TimedOut.into())));
        let chunk = timeout_at(deadline, body.next()).await.unwrap_or_else(late)?;
        Some((chunk, body))
    })
}
