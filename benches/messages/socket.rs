//! A WebSocket client that costs little: frames are found, not parsed.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::common::PATIENCE;

const FIN_TEXT: u8 = 0x81;
const FIN_PONG: u8 = 0x8A;
const TEXT: u8 = 0x1;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const MASKED: u8 = 0x80;
const READ_BYTES: usize = 4096;

/// What has come of the server's frames and is not yet looked at.
#[derive(Default)]
pub struct Unread(Vec<u8>);

/// Opens a socket and joins a room; gives it when the room has answered.
pub fn join(address: &str, cookie: &str, room: &str) -> (TcpStream, Unread) {
    let mut stream = TcpStream::connect(address).expect("a server that listens");
    stream.set_nodelay(true).expect("a socket");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
    write!(
        stream,
        "GET /ws HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\nCookie: {cookie}\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    .expect("a server that reads");
    let mut unread = Unread::default();
    let end = loop {
        unread.fill(&mut stream);
        if let Some(end) = unread.0.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break end + 4;
        }
    };
    assert!(unread.0.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&unread.0));
    unread.0.drain(..end);
    write(&stream, &text(&format!(r#"{{"type":"join","room":"{room}"}}"#)));
    let mut joined = false;
    while !joined {
        unread.take(&stream, |frame| joined |= frame.starts_with(br#"{"type":"joined""#));
        if !joined {
            unread.fill(&mut stream);
        }
    }
    stream.set_nonblocking(true).expect("a socket");
    (stream, unread)
}

impl Unread {
    fn fill(&mut self, stream: &mut TcpStream) {
        let mut bytes = [0; READ_BYTES];
        let read = stream.read(&mut bytes).expect("an answer");
        assert_ne!(read, 0, "the server closed the connection");
        self.0.extend_from_slice(&bytes[..read]);
    }

    /// Waits for what comes next; hands every text frame to `act`.
    pub async fn next(&mut self, stream: &tokio::net::TcpStream, pong: &TcpStream, act: impl FnMut(&[u8])) {
        self.0.reserve(READ_BYTES);
        stream.readable().await.expect("a socket");
        match stream.try_read_buf(&mut self.0) {
            Ok(0) => panic!("the server closed the connection"),
            Ok(_) => self.take(pong, act),
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}"),
        }
    }

    /// Hands every whole text frame to `act`; answers pings.
    fn take(&mut self, stream: &TcpStream, mut act: impl FnMut(&[u8])) {
        let mut start = 0;
        while let Some((opcode, header, payload)) = header(&self.0[start..]) {
            let Some(payload) = self.0.get(start + header..start + header + payload) else { break };
            match opcode {
                TEXT => act(payload),
                PING => write(stream, &masked(FIN_PONG, payload)),
                CLOSE => panic!("closed: {}", String::from_utf8_lossy(payload)),
                _ => {}
            }
            start += header + payload.len();
        }
        self.0.drain(..start);
    }
}

/// The opcode, the header's length and the payload's: of what a server sends, unmasked.
fn header(bytes: &[u8]) -> Option<(u8, usize, usize)> {
    let [first, length, rest @ ..] = bytes else { return None };
    let (header, payload) = match (length, rest) {
        (126, [a, b, ..]) => (4, usize::from(u16::from_be_bytes([*a, *b]))),
        (127, rest) => (10, u64::from_be_bytes(rest.get(..8)?.try_into().ok()?) as usize),
        (126, _) => return None,
        (length, _) => (2, usize::from(*length)),
    };
    Some((first & 0xF, header, payload))
}

/// A text frame of a client.
pub fn text(payload: &str) -> Vec<u8> {
    masked(FIN_TEXT, payload.as_bytes())
}

/// The mask is all zeros: masking is the server's work to undo, which costs it the same, and none of the load's.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        length @ 0..126 => frame.push(MASKED | length as u8),
        length => {
            let length = u16::try_from(length).expect("a short frame");
            frame.push(MASKED | 126);
            frame.extend(length.to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

/// Writes all of it. A full buffer is waited for: then the server is behind, and what is measured says so.
pub fn write(mut stream: &TcpStream, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match stream.write(bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(Duration::from_micros(100)),
            Err(error) => panic!("a broken socket: {error}"),
        }
    }
}
