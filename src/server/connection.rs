//! An HTTP connection as the kernel gives it: ended when its client takes too long, and counted, so that connections
//! which are no sockets never use up the open files.

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use actix_http::error::DispatchError;
use actix_http::{Extensions, Protocol};
use actix_service::{ServiceFactory, fn_service};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::base::config::{open_file_limit, own_files};
use crate::server::timeouts::HttpPhase;

/// Bytes read at a time: few, since they are set to zero before.
const AT_ONCE: usize = 2 * 1024;

/// The HTTP connections of all workers.
pub struct Connections {
    open: AtomicUsize,
    /// What became a socket is counted there.
    sockets: Arc<AtomicUsize>,
    /// Both together.
    most: usize,
}

impl Connections {
    pub fn new(sockets: Arc<AtomicUsize>, workers: usize) -> Arc<Self> {
        let most = open_file_limit().saturating_sub(own_files(workers)).max(1);
        Arc::new(Self { open: AtomicUsize::new(0), sockets, most })
    }

    fn take(self: &Arc<Self>) -> Option<Place> {
        let free = self.most.saturating_sub(self.sockets.load(Ordering::Relaxed));
        let one_more = |open: usize| (open < free).then_some(open + 1);
        self.open.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).ok().map(|_| Place(Arc::clone(self)))
    }
}

/// Counts one connection for as long as it is held.
struct Place(Arc<Connections>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A client's connection. Reading and writing fail with `TimedOut` once the client has taken too long.
pub struct Connection {
    stream: TcpStream,
    exchange: Rc<HttpPhase>,
    /// Set to the exchange's deadline whenever the client is waited for.
    timer: Pin<Box<Sleep>>,
    _place: Place,
}

/// Makes a [`Connection`] of each stream; one too many is closed at once.
pub fn factory(
    connections: Arc<Connections>,
) -> impl ServiceFactory<
    TcpStream,
    Config = (),
    Response = (Connection, Protocol, Option<std::net::SocketAddr>),
    Error = DispatchError,
    InitError = (),
> {
    fn_service(move |stream: TcpStream| {
        let place = connections.take();
        async move {
            let place = place.ok_or_else(|| {
                tracing::debug!("a connection too many is closed");
                DispatchError::Io(io::ErrorKind::QuotaExceeded.into())
            })?;
            // Without it a frame now and then waits 40 ms. A stream that can't be told is broken, as reading will show.
            let _ = stream.set_nodelay(true);
            let peer = stream.peer_addr().ok();
            Ok((Connection::new(stream, place), Protocol::Http1, peer))
        }
    })
}

impl Connection {
    fn new(stream: TcpStream, place: Place) -> Self {
        let exchange = HttpPhase::begin();
        let timer = Box::pin(sleep_until(exchange.deadline().unwrap_or_else(Instant::now)));
        Self { stream, exchange, timer, _place: place }
    }

    /// Gives the connection's requests what they tell of their progress.
    pub fn introduce(&self, data: &mut Extensions) {
        data.insert(Rc::clone(&self.exchange));
    }

    /// The bare stream, no longer an HTTP connection.
    pub fn into_stream(self) -> TcpStream {
        self.stream
    }

    /// Has the task woken at the deadline; an error once it has passed.
    fn in_time(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let Some(deadline) = self.exchange.deadline() else { return Ok(()) };
        if self.timer.deadline() != deadline {
            self.timer.as_mut().reset(deadline);
        }
        match self.timer.as_mut().poll(cx) {
            Poll::Ready(()) => Err(io::ErrorKind::TimedOut.into()),
            Poll::Pending => Ok(()),
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let wanted = self.exchange.may_read(cx).min(AT_ONCE).min(buf.remaining());
        let mut part = ReadBuf::new(buf.initialize_unfilled_to(wanted));
        if wanted == 0 || Pin::new(&mut self.stream).poll_read(cx, &mut part)?.is_pending() {
            return self.in_time(cx).map_or_else(|late| Poll::Ready(Err(late)), |()| Poll::Pending);
        }
        let read = part.filled().len();
        buf.advance(read);
        self.exchange.received(read);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write(cx, buf) {
            Poll::Ready(Ok(written)) => {
                self.exchange.sent(written);
                Poll::Ready(Ok(written))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => self.in_time(cx).map_or_else(|late| Poll::Ready(Err(late)), |()| Poll::Pending),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.exchange.flushed();
        Poll::Ready(self.in_time(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
