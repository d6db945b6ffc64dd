//! The life of a socket: read, answer, write, end. One small future, so that an idle socket costs little.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::task::{self, Poll};
use std::time::Instant;

use actix::prelude::*;
use futures_util::StreamExt;
use socket2::SockRef;

use crate::realtime::fanout::{MAX_UNANSWERED, Progress, counters};
use crate::realtime::ws_session::{LAST_WRITES, MAX_IN_FLIGHT, State, WsSession};
use crate::wire::frame;
use crate::wire::frame::Incoming;
use crate::wire::{Close, MAX_BAD_FRAMES};

/// Steps before others of the thread have their turn.
const STEPS: usize = 32;
const SCRATCH_BYTES: usize = 16 * 1024;

thread_local! {
    /// Every socket of the thread reads into this: an idle one owns no buffer.
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; SCRATCH_BYTES]);
}

#[derive(Default)]
pub struct ConnectionLoop {
    /// The close frame is written and our side of the connection is shut: only the peer's end is awaited.
    shut: bool,
    /// A limit for the last writes and the peer's end is set.
    limited: bool,
}

/// The socket is broken or its peer is gone.
struct Gone;

impl From<io::Error> for Gone {
    fn from(_: io::Error) -> Self {
        Self
    }
}

impl ActorFuture<WsSession> for ConnectionLoop {
    type Output = ();

    fn poll(
        mut self: Pin<&mut Self>,
        session: &mut WsSession,
        ctx: &mut Context<WsSession>,
        task: &mut task::Context<'_>,
    ) -> Poll<()> {
        let ran = self.as_mut().run(session, ctx, task);
        counters::tell();
        match ran {
            Ok(()) => Poll::Pending,
            Err(Gone) => {
                ctx.stop();
                Poll::Ready(())
            }
        }
    }
}

impl ConnectionLoop {
    fn run(
        mut self: Pin<&mut Self>,
        session: &mut WsSession,
        ctx: &mut Context<WsSession>,
        task: &mut task::Context<'_>,
    ) -> Result<(), Gone> {
        let mut steps = 0;
        while session.step(task)? {
            steps += 1;
            if steps == STEPS {
                task.waker().wake_by_ref();
                break;
            }
        }
        let had_room = session.outbox.has_room();
        let progress = session.outbox.poll_flush(task)?;
        if !had_room && session.outbox.has_room() {
            // A page may have waited for this.
            task.waker().wake_by_ref();
        }
        if session.outbox.closed().is_some() && !self.limited {
            self.limited = true;
            ctx.run_later(LAST_WRITES, |_, ctx| ctx.stop());
        }
        if progress == Progress::Finished {
            if !self.shut {
                self.shut = true;
                SockRef::from(session.outbox.io()).shutdown(std::net::Shutdown::Write)?;
            }
            session.await_end(task)?;
        }
        Ok(())
    }
}

impl WsSession {
    /// One thing that can be done now; `false` when there is nothing.
    fn step(&mut self, task: &mut task::Context<'_>) -> Result<bool, Gone> {
        // Whoever closed it, the fan-out for one: nothing more is read.
        if self.outbox.closed().is_some() && !self.departed {
            self.departed = true;
            self.state = State::Closing;
            self.depart();
        }
        if let Some(answers) = &mut self.answers
            && let Poll::Ready(answer) = answers.poll_next_unpin(task)
        {
            match answer {
                Some(answer) => self.answered(answer),
                None => self.answers = None,
            }
            return Ok(true);
        }
        match self.state {
            State::Opening | State::Closing => Ok(false),
            State::Leaving { back, until } => {
                // What was sent by now is still taken in, acted on and answered.
                let late = Instant::now() >= until;
                if !late && (self.fetch_page() || (self.may_read() && self.read(task)?)) {
                    return Ok(true);
                }
                if self.answers.is_none() && (late || self.held.is_none()) {
                    self.say_bye(back);
                }
                Ok(false)
            }
            State::Open => Ok(self.fetch_page() || (self.may_read() && self.read(task)?)),
        }
    }

    fn may_read(&self) -> bool {
        self.held.is_none()
            && !self.joining
            && !self.blocked
            && !self.rendering
            && self.answers.as_ref().is_none_or(|answers| answers.len() < MAX_IN_FLIGHT)
    }

    /// Acts on the next message, reading from the socket where none is complete.
    fn read(&mut self, task: &mut task::Context<'_>) -> Result<bool, Gone> {
        match self.reader.next_message() {
            Ok(Some(incoming)) => self.act_on(incoming),
            Ok(None) if self.is_too_slow_to_speak() => self.close(Close::NoPong),
            Ok(None) => return self.fill(task),
            Err(close) => self.close(close),
        }
        Ok(true)
    }

    /// True if a fragmented message has been incomplete for more than two heartbeats. (A peer that stalls completely is caught
    /// by the ping timeout.)
    fn is_too_slow_to_speak(&mut self) -> bool {
        if !self.reader.is_amid_message() {
            self.amid_message = None;
            return false;
        }
        let began = *self.amid_message.get_or_insert_with(Instant::now);
        began.elapsed() > self.shared.heartbeat * u32::from(MAX_UNANSWERED)
    }

    fn fill(&mut self, task: &mut task::Context<'_>) -> Result<bool, Gone> {
        SCRATCH.with_borrow_mut(|scratch| {
            loop {
                match self.outbox.io().poll_read_ready(task) {
                    Poll::Pending => return Ok(false),
                    Poll::Ready(ready) => ready?,
                }
                match self.outbox.io().try_read(scratch) {
                    Ok(0) => return Err(Gone),
                    Ok(read) => {
                        counters::received(read);
                        self.received += read as u64;
                        self.reader.feed(&scratch[..read]);
                        return Ok(true);
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(error) => return Err(error.into()),
                }
            }
        })
    }

    fn act_on(&mut self, incoming: Incoming) {
        self.outbox.alive();
        match incoming {
            Incoming::Text(text) if self.echo => self.outbox.send(frame::text(text.as_bytes())),
            Incoming::Binary(bytes) => self.outbox.send(frame::binary(&bytes)),
            Incoming::Text(text) => {
                self.amid_message = None;
                self.command(&text);
                if self.bad_frames >= MAX_BAD_FRAMES {
                    self.close(Close::BadFrames);
                }
            }
            Incoming::Ping(payload) => self.outbox.send(frame::pong(&payload)),
            Incoming::Pong => {}
            Incoming::Close(code) => {
                let echo = code.map_or_else(frame::close_without_code, |code| frame::close(code, ""));
                self.outbox.close_with(Close::Normal, echo);
                self.state = State::Closing;
            }
        }
    }

    /// Reads and forgets until the peer has closed its side: a connection that is closed with unread bytes would be
    /// reset, and the close frame lost.
    fn await_end(&self, task: &mut task::Context<'_>) -> Result<(), Gone> {
        SCRATCH.with_borrow_mut(|scratch| {
            loop {
                match self.outbox.io().poll_read_ready(task) {
                    Poll::Pending => return Ok(()),
                    Poll::Ready(ready) => ready?,
                }
                match self.outbox.io().try_read(scratch) {
                    Ok(0) => return Err(Gone),
                    Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error.into()),
                    Ok(_) | Err(_) => {}
                }
            }
        })
    }
}
