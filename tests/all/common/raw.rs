//! WebSocket frames made by hand, for what no library would send. RFC 6455, section 5.

use super::people::Person;
use super::wait::{PATIENCE, within};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub const CONTINUATION: u8 = 0x0;
pub const TEXT: u8 = 0x1;
pub const BINARY: u8 = 0x2;
pub const CLOSE: u8 = 0x8;
pub const PING: u8 = 0x9;
pub const PONG: u8 = 0xA;

/// A frame as it is put on the wire, right or wrong.
#[derive(Clone, Debug)]
pub struct Frame {
    pub fin: bool,
    pub reserved: u8,
    pub opcode: u8,
    pub mask: Option<[u8; 4]>,
    /// The length the header declares, where it is not the payload's.
    pub declared: Option<u64>,
    pub payload: Vec<u8>,
}

impl Frame {
    pub fn new(opcode: u8, payload: impl Into<Vec<u8>>) -> Self {
        let (fin, mask, payload) = (true, Some([0x11, 0x22, 0x33, 0x44]), payload.into());
        Self { fin, reserved: 0, opcode, mask, declared: None, payload }
    }

    pub fn text(payload: impl Into<Vec<u8>>) -> Self {
        Self::new(TEXT, payload)
    }

    pub fn close(code: u16, reason: &[u8]) -> Self {
        Self::new(CLOSE, [&code.to_be_bytes(), reason].concat())
    }

    /// Not the last of its message.
    pub fn unfinished(mut self) -> Self {
        self.fin = false;
        self
    }

    pub fn unmasked(mut self) -> Self {
        self.mask = None;
        self
    }

    pub fn declaring(mut self, length: u64) -> Self {
        self.declared = Some(length);
        self
    }

    pub fn reserved(mut self, bits: u8) -> Self {
        self.reserved = bits;
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        let length = self.declared.unwrap_or(self.payload.len() as u64);
        let masked = u8::from(self.mask.is_some()) << 7;
        let mut bytes = vec![u8::from(self.fin) << 7 | self.reserved << 4 | self.opcode];
        match length {
            0..=125 => bytes.push(masked | length as u8),
            126..=0xFFFF => {
                bytes.push(masked | 126);
                bytes.extend((length as u16).to_be_bytes());
            }
            _ => {
                bytes.push(masked | 127);
                bytes.extend(length.to_be_bytes());
            }
        }
        let mask = self.mask.unwrap_or([0; 4]);
        if self.mask.is_some() {
            bytes.extend(mask);
        }
        bytes.extend(self.payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        bytes
    }
}

/// A socket after its handshake, frame by frame.
#[derive(Debug)]
pub struct Raw {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Raw {
    /// Opens a socket and reads its `welcome`.
    pub async fn open(person: &Person) -> Self {
        let stream = TcpStream::connect(&person.address).await.expect("a connection");
        stream.set_nodelay(true).expect("nodelay");
        let mut raw = Self { stream, buffer: vec![] };
        let cookie = person.http.cookie().expect("a cookie");
        let address = &person.address;
        let head = format!(
            "GET /ws HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\nCookie: {cookie}\r\n\
             Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        raw.write(head.as_bytes()).await;
        let head = within(PATIENCE, "the handshake's answer", raw.head()).await;
        let lower = head.to_lowercase();
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        // The answer to the sample nonce is the RFC's own, section 1.3.
        assert!(lower.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
        let welcome = raw.json().await;
        assert_eq!(welcome["type"], "welcome");
        raw
    }

    pub async fn send(&mut self, frame: Frame) {
        self.write(&frame.bytes()).await;
    }

    /// Writes bytes; that the server has closed meanwhile is for the reader to find.
    pub async fn write(&mut self, bytes: &[u8]) {
        let _ = within(PATIENCE, "room to write", self.stream.write_all(bytes)).await;
    }

    /// The next frame, pings passed over, which must be of text.
    pub async fn json(&mut self) -> Value {
        let (opcode, payload) = loop {
            let frame = self.frame().await;
            if frame.0 != PING {
                break frame;
            }
        };
        assert_eq!(opcode, TEXT, "a text frame, not {payload:?}");
        serde_json::from_slice(&payload).expect("JSON")
    }

    /// The next frame of an opcode, others passed over.
    pub async fn expect(&mut self, wanted: u8) -> Vec<u8> {
        loop {
            let (opcode, payload) = self.frame().await;
            if opcode == wanted {
                return payload;
            }
            assert_ne!(opcode, CLOSE, "closed: {payload:?}");
        }
    }

    /// The code the server closes with, other frames passed over; then the connection ends.
    pub async fn closed(&mut self) -> Option<u16> {
        loop {
            let (opcode, payload) = self.frame().await;
            if opcode == CLOSE {
                let end = self.stream.read_to_end(&mut self.buffer);
                let end = within(PATIENCE, "the end of the connection", end).await;
                // A reset is an end too: bytes of ours may have been on their way.
                assert!(end.is_err() || self.buffer.is_empty(), "nothing comes after a close frame");
                return payload.first_chunk().map(|code| u16::from_be_bytes(*code));
            }
        }
    }

    /// The next whole frame.
    pub async fn frame(&mut self) -> (u8, Vec<u8>) {
        within(PATIENCE, "a frame", async {
            self.fill(2).await;
            let [first, second] = [self.buffer[0], self.buffer[1]];
            assert_eq!(first & 0x70, 0, "no reserved bits");
            assert_eq!(second & 0x80, 0, "a server masks nothing");
            let (start, length) = match second {
                126 => {
                    self.fill(4).await;
                    (4, u64::from(u16::from_be_bytes([self.buffer[2], self.buffer[3]])))
                }
                127 => {
                    self.fill(10).await;
                    let bytes = self.buffer[2..10].try_into().expect("eight bytes");
                    (10, u64::from_be_bytes(bytes))
                }
                length => (2, u64::from(length)),
            };
            let end = start + length as usize;
            self.fill(end).await;
            let payload = self.buffer[start..end].to_vec();
            self.buffer.drain(..end);
            (first & 0x0F, payload)
        })
        .await
    }

    async fn head(&mut self) -> String {
        loop {
            if let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = self.buffer.drain(..end + 4).collect();
                return String::from_utf8(head).expect("a head in ASCII");
            }
            self.fill(self.buffer.len() + 1).await;
        }
    }

    async fn fill(&mut self, length: usize) {
        while self.buffer.len() < length {
            let read = self.stream.read_buf(&mut self.buffer).await.expect("an open connection");
            assert!(read > 0, "the connection ended within a frame: {:?}", self.buffer);
        }
    }
}
