//! What waits for one socket, and the socket itself to write it to.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::task::{Context, Poll, Waker};

use bytes::{Buf, Bytes};
use tokio::net::TcpStream;

use crate::base::metrics::METRICS;
use crate::realtime::fanout::counters;
use crate::wire::frame;
use crate::wire::{Close, MAX_WAITING_BYTES};

/// Requested pages are given while less than this waits, so that they can't make a socket too slow.
const ROOM_FOR_A_PAGE: usize = MAX_WAITING_BYTES / 4;
const MAX_SLICES: usize = 64;
/// Heartbeats without a sign of life that end a socket.
pub const MAX_UNANSWERED: u8 = 2;

/// A socket with the frames that it has not taken yet: at most [`MAX_WAITING_BYTES`], then it is closed as too slow.
///
/// Belongs to its session and to the worker thread they live on. The worker's fan-out writes into it past the session's
/// mailbox; whatever the socket does not take at once, the session writes when it is ready.
pub struct Outbox {
    io: TcpStream,
    inner: RefCell<Inner>,
}

struct Inner {
    queue: VecDeque<Bytes>,
    /// Sum of the lengths in `queue`.
    waiting: usize,
    /// Whether the front of `queue` has been written in part: it can't be taken back then.
    begun: bool,
    /// Set once: nothing is queued after the close frame.
    closed: Option<Close>,
    /// The session, to be woken when there is something to write or to end.
    session: Option<Waker>,
    unanswered: u8,
    written: u64,
}

/// How far writing has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Nothing waits.
    Idle,
    /// The socket takes no more for now.
    Waiting,
    /// All is written, the close frame too.
    Finished,
}

impl Outbox {
    pub fn new(io: TcpStream) -> Self {
        let inner = Inner {
            queue: VecDeque::new(),
            waiting: 0,
            begun: false,
            closed: None,
            session: None,
            unanswered: 0,
            written: 0,
        };
        Self { io, inner: RefCell::new(inner) }
    }

    pub fn io(&self) -> &TcpStream {
        &self.io
    }

    /// Writes what the socket takes of the frames, in one go, and queues the rest. Says how many it took in: none once it
    /// is closed. `slices` are the frames again, made once by whoever gives them to many sockets.
    pub fn send_all(&self, frames: &[Bytes], slices: &[IoSlice<'_>]) -> usize {
        let mut inner = self.inner.borrow_mut();
        if inner.closed.is_some() {
            return 0;
        }
        // While something waits already, the session writes when the socket is ready.
        let mut written = if inner.queue.is_empty() { write(&self.io, slices).unwrap_or(0) } else { 0 };
        inner.written += written as u64;
        counters::sent(written);
        for (nth, frame) in frames.iter().enumerate() {
            if written >= frame.len() {
                written -= frame.len();
            } else if written > 0 {
                inner.begun = true;
                inner.queue_frame(frame.slice(written..));
                written = 0;
            } else if !inner.push(frame.clone()) {
                return nth;
            }
        }
        if !inner.queue.is_empty() {
            inner.wake();
        }
        frames.len()
    }

    pub fn send_each(&self, frames: &[Bytes]) {
        let slices: Vec<IoSlice<'_>> = frames.iter().map(|frame| IoSlice::new(frame)).collect();
        self.send_all(frames, &slices);
    }

    pub fn send(&self, frame: Bytes) {
        let slice = IoSlice::new(&frame);
        self.send_all(std::slice::from_ref(&frame), &[slice]);
    }

    /// Queues a close frame behind what waits; the first close wins.
    pub fn close(&self, close: Close) {
        self.close_with(close, frame::close(close.code(), close.reason()));
    }

    /// As [`close`](Self::close), with a close frame of the caller's.
    pub fn close_with(&self, close: Close, frame: Bytes) {
        let mut inner = self.inner.borrow_mut();
        if inner.closed.is_none() {
            inner.queue_frame(frame);
            inner.closed = Some(close);
            inner.wake();
        }
    }

    pub fn closed(&self) -> Option<Close> {
        self.inner.borrow().closed
    }

    /// Whether a page that was asked for may be given now.
    pub fn has_room(&self) -> bool {
        self.inner.borrow().waiting < ROOM_FOR_A_PAGE
    }

    /// Bytes written so far.
    pub fn written(&self) -> u64 {
        self.inner.borrow().written
    }

    /// The peer gave a sign of life.
    pub fn alive(&self) {
        self.inner.borrow_mut().unanswered = 0;
    }

    /// Sends a ping, or closes a socket that has left too many unanswered.
    pub fn ping(&self, ping: &Bytes) {
        let unanswered = {
            let mut inner = self.inner.borrow_mut();
            inner.unanswered += 1;
            inner.unanswered
        };
        if unanswered > MAX_UNANSWERED {
            self.abandon(Close::NoPong);
        } else {
            self.send(ping.clone());
        }
    }

    /// Writes what waits. Registers the caller's task to be woken when there is more to do.
    pub fn poll_flush(&self, cx: &mut Context<'_>) -> io::Result<Progress> {
        let mut inner = self.inner.borrow_mut();
        if !inner.session.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            inner.session = Some(cx.waker().clone());
        }
        loop {
            match inner.flush(&self.io)? {
                Progress::Waiting => match self.io.poll_write_ready(cx) {
                    Poll::Ready(ready) => ready?,
                    Poll::Pending => return Ok(Progress::Waiting),
                },
                progress => return Ok(progress),
            }
        }
    }

    /// Closes a socket that takes nothing: what waits is dropped.
    fn abandon(&self, close: Close) {
        let mut inner = self.inner.borrow_mut();
        if inner.closed.is_none() {
            inner.abandon(close);
        }
    }
}

impl Inner {
    fn push(&mut self, frame: Bytes) -> bool {
        if self.closed.is_some() {
            return false;
        }
        if self.waiting + frame.len() > MAX_WAITING_BYTES {
            METRICS.slow_sockets_closed.increment(1);
            self.abandon(Close::TooSlow);
            return false;
        }
        self.queue_frame(frame);
        true
    }

    fn queue_frame(&mut self, frame: Bytes) {
        counters::queued(frame.len());
        self.waiting += frame.len();
        self.queue.push_back(frame);
    }

    fn abandon(&mut self, close: Close) {
        // A frame of which a part is written must end, or the close frame would be read as its middle.
        self.queue.truncate(usize::from(self.begun));
        counters::dequeued(self.waiting);
        self.waiting = self.queue.iter().map(Bytes::len).sum();
        counters::queued(self.waiting);
        self.queue_frame(frame::close(close.code(), close.reason()));
        self.closed = Some(close);
        self.wake();
    }

    fn flush(&mut self, io: &TcpStream) -> io::Result<Progress> {
        while !self.queue.is_empty() {
            let written = {
                let mut slices = [IoSlice::new(&[]); MAX_SLICES];
                let count = self.queue.len().min(MAX_SLICES);
                for (slice, frame) in slices.iter_mut().zip(&self.queue) {
                    *slice = IoSlice::new(frame);
                }
                match write(io, &slices[..count]) {
                    Ok(written) => written,
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Progress::Waiting),
                    Err(error) => return Err(error),
                }
            };
            self.advance(written);
        }
        // An idle socket keeps no buffer.
        if self.queue.capacity() > MAX_SLICES {
            self.queue = VecDeque::new();
        }
        Ok(if self.closed.is_some() { Progress::Finished } else { Progress::Idle })
    }

    fn advance(&mut self, mut written: usize) {
        counters::sent(written);
        counters::dequeued(written);
        self.waiting -= written;
        self.written += written as u64;
        while let Some(front) = self.queue.front_mut() {
            if written < front.len() {
                self.begun |= written > 0;
                front.advance(written);
                return;
            }
            written -= front.len();
            self.begun = false;
            self.queue.pop_front();
        }
    }

    fn wake(&mut self) {
        if let Some(session) = &self.session {
            session.wake_by_ref();
        }
    }
}

/// Writes the slices, at once and in one call.
fn write(io: &TcpStream, slices: &[IoSlice<'_>]) -> io::Result<usize> {
    loop {
        let written = match slices {
            // Cheaper than a list of one.
            [slice] => io.try_write(slice),
            _ => io.try_write_vectored(slices),
        };
        match written {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            written => return written,
        }
    }
}

impl Drop for Inner {
    /// A socket that breaks takes along what waited for it.
    fn drop(&mut self) {
        counters::dequeued(self.waiting);
        counters::tell();
    }
}
