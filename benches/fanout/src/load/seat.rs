//! One socket.

use std::io::{ErrorKind, Write};
use std::net::TcpStream;
use std::rc::Rc;

use crate::dialect::Cursor;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Connecting,
    /// Waits for the answer to the handshake.
    Head,
    Joining,
    In,
    /// Cut, or put off.
    Away,
}

pub struct Seat {
    /// None while the phase is `Away`.
    pub stream: Option<TcpStream>,
    pub phase: Phase,
    pub room: usize,
    pub cookie: Rc<str>,
    /// A part of a frame.
    pub unread: Vec<u8>,
    /// Messages that came since it joined.
    pub heard: u64,
    pub cursor: Option<Cursor>,
}

impl Seat {
    pub fn new(room: usize, cookie: Rc<str>) -> Self {
        Self { stream: None, phase: Phase::Away, room, cookie, unread: Vec::new(), heard: 0, cursor: None }
    }

    /// Writes all of it. A full buffer is waited for: then the server is behind, and what is measured says so.
    pub fn write(&self, mut bytes: &[u8]) {
        let Some(mut stream) = self.stream.as_ref() else { return };
        while !bytes.is_empty() {
            match stream.write(bytes) {
                Ok(written) => bytes = &bytes[written..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::yield_now(),
                Err(error) => panic!("a broken socket: {error}"),
            }
        }
    }
}
