//! WebSocket frames, read and written (RFC 6455, section 5).

use bytes::{Bytes, BytesMut};

use crate::wire::server_frame::Close;
use crate::wire::types::MAX_FRAME_BYTES;

const FIN: u8 = 0x80;
const RESERVED: u8 = 0x70;
const OPCODE: u8 = 0x0f;
const MASKED: u8 = 0x80;
const MAX_CONTROL: usize = 125;

const CONTINUATION: u8 = 0x0;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xa;

/// What a peer said, its fragments put together.
#[derive(Debug, PartialEq, Eq)]
pub enum Incoming {
    Text(String),
    /// Only where the reader accepts it.
    Binary(Bytes),
    Ping(Bytes),
    Pong,
    /// The code and reason of a close frame, checked; `None` where it had no body.
    Close(Option<u16>),
}

/// Reads frames from bytes as they come. Keeps nothing but an unfinished frame and an unfinished message, which together
/// are never longer than two frames may be.
#[derive(Default)]
pub struct Reader {
    /// What was fed; read up to `start`.
    bytes: Vec<u8>,
    start: usize,
    /// The fragments of a message so far.
    message: Option<Message>,
    accepts_binary: bool,
}

struct Message {
    binary: bool,
    bytes: Vec<u8>,
}

struct Header {
    fin: bool,
    opcode: u8,
    mask: [u8; 4],
    /// Of the header itself.
    len: usize,
    payload: usize,
}

impl Reader {
    /// For a peer that may send binary messages too.
    pub fn accepting_binary() -> Self {
        Self { accepts_binary: true, ..Self::default() }
    }

    /// Whether a message has begun of which more must come.
    pub fn is_amid_message(&self) -> bool {
        self.message.is_some() || self.start < self.bytes.len()
    }

    /// Takes what was read from the socket. Call [`next_message`](Self::next_message) until it gives `None` before reading more.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next message, if all of it has come; or why the peer must be closed.
    pub fn next_message(&mut self) -> Result<Option<Incoming>, Close> {
        loop {
            let Some(header) = self.header()? else { return Ok(self.wait()) };
            let (start, end) = (self.start + header.len, self.start + header.len + header.payload);
            let Some(payload) = self.bytes.get(start..end) else { return Ok(self.wait()) };
            let mut payload = payload.to_vec();
            self.start = end;
            unmask(&mut payload, header.mask);
            if let Some(incoming) = self.complete(&header, payload)? {
                return Ok(Some(incoming));
            }
        }
    }

    /// Bytes of memory kept until more comes.
    pub fn held(&self) -> usize {
        self.bytes.capacity() + self.message.as_ref().map_or(0, |message| message.bytes.capacity())
    }

    /// Keeps only what is unread; an idle socket keeps no buffer.
    fn wait(&mut self) -> Option<Incoming> {
        // A frame that comes in many pieces is not copied with each of them.
        if self.start > 0 {
            self.bytes = self.bytes.split_off(self.start);
            self.start = 0;
        }
        None
    }

    /// Reads the header at the front and refuses what may not come, before any of its payload is waited for.
    fn header(&self) -> Result<Option<Header>, Close> {
        let bytes = &self.bytes[self.start..];
        let [first, second, rest @ ..] = bytes else { return Ok(None) };
        let opcode = first & OPCODE;
        let fin = first & FIN != 0;
        let control = opcode & 0x8 != 0;
        if first & RESERVED != 0 || second & MASKED == 0 {
            return Err(Close::Protocol);
        }
        let short = usize::from(second & !MASKED);
        if control && (!fin || short > MAX_CONTROL) {
            return Err(Close::Protocol);
        }
        match opcode {
            CONTINUATION if self.message.is_none() => return Err(Close::Protocol),
            TEXT | BINARY if self.message.is_some() => return Err(Close::Protocol),
            BINARY if !self.accepts_binary => return Err(Close::Binary),
            CONTINUATION | TEXT | BINARY | CLOSE | PING | PONG => {}
            _ => return Err(Close::Protocol),
        }
        let (payload, extended) = match (short, rest) {
            (126, [a, b, ..]) => (u64::from(u16::from_be_bytes([*a, *b])), 2),
            (127, [a, b, c, d, e, f, g, h, ..]) => (u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]), 8),
            (126 | 127, _) => return Ok(None),
            (short, _) => (short as u64, 0),
        };
        let held = self.message.as_ref().map_or(0, |message| if control { 0 } else { message.bytes.len() });
        if payload > (MAX_FRAME_BYTES - held) as u64 {
            return Err(Close::TooLarge);
        }
        let Some(&[a, b, c, d]) = rest.get(extended..extended + 4) else { return Ok(None) };
        // Fits: it is at most MAX_FRAME_BYTES.
        Ok(Some(Header { fin, opcode, mask: [a, b, c, d], len: 2 + extended + 4, payload: payload as usize }))
    }

    fn complete(&mut self, header: &Header, payload: Vec<u8>) -> Result<Option<Incoming>, Close> {
        match header.opcode {
            PING => Ok(Some(Incoming::Ping(payload.into()))),
            PONG => Ok(Some(Incoming::Pong)),
            CLOSE => close_code(&payload).map(|code| Some(Incoming::Close(code))),
            opcode => {
                let message = match self.message.take() {
                    Some(mut message) => {
                        message.bytes.extend_from_slice(&payload);
                        message
                    }
                    None => Message { binary: opcode == BINARY, bytes: payload },
                };
                if !header.fin {
                    self.message = Some(message);
                    return Ok(None);
                }
                if message.binary {
                    return Ok(Some(Incoming::Binary(message.bytes.into())));
                }
                let text = String::from_utf8(message.bytes).map_err(|_| Close::InvalidUtf8)?;
                Ok(Some(Incoming::Text(text)))
            }
        }
    }
}

/// Checks the body of a close frame (section 7.4).
fn close_code(payload: &[u8]) -> Result<Option<u16>, Close> {
    let (code, reason) = match payload {
        [] => return Ok(None),
        [_] => return Err(Close::Protocol),
        [a, b, reason @ ..] => (u16::from_be_bytes([*a, *b]), reason),
    };
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(Close::Protocol);
    }
    std::str::from_utf8(reason).map_err(|_| Close::InvalidUtf8)?;
    Ok(Some(code))
}

fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let word = u64::from_ne_bytes([mask[0], mask[1], mask[2], mask[3], mask[0], mask[1], mask[2], mask[3]]);
    let (chunks, rest) = payload.as_chunks_mut::<8>();
    for chunk in chunks {
        *chunk = (u64::from_ne_bytes(*chunk) ^ word).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
}

/// A text frame from the server: unmasked, hence the same for everybody.
pub fn text(payload: &[u8]) -> Bytes {
    encode(TEXT, payload)
}

pub fn binary(payload: &[u8]) -> Bytes {
    encode(BINARY, payload)
}

pub fn ping() -> Bytes {
    encode(PING, &[])
}

pub fn pong(payload: &[u8]) -> Bytes {
    encode(PONG, payload)
}

/// A close frame; the reason is at most 123 bytes.
pub fn close(code: u16, reason: &str) -> Bytes {
    let mut payload = code.to_be_bytes().to_vec();
    payload.extend_from_slice(reason.as_bytes());
    encode(CLOSE, &payload)
}

/// A close frame without a code, for a peer that gave none.
pub fn close_without_code() -> Bytes {
    encode(CLOSE, &[])
}

fn encode(opcode: u8, payload: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(payload.len() + 10);
    frame.extend_from_slice(&[FIN | opcode]);
    match payload.len() {
        len @ 0..126 => frame.extend_from_slice(&[len as u8]),
        len @ 126..0x1_0000 => {
            frame.extend_from_slice(&[126]);
            frame.extend_from_slice(&(len as u16).to_be_bytes());
        }
        len => {
            frame.extend_from_slice(&[127]);
            frame.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(payload);
    frame.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = encode(first & OPCODE, payload).to_vec();
        let header = frame.len() - payload.len();
        frame[0] = first;
        frame[1] |= MASKED;
        let mask = [1, 2, 3, 4];
        unmask(&mut frame[header..], mask);
        frame.splice(header..header, mask);
        frame
    }

    fn read(bytes: &[u8]) -> Result<Vec<Incoming>, Close> {
        let mut reader = Reader::default();
        let mut read = Vec::new();
        for byte in bytes {
            reader.feed(&[*byte]);
            while let Some(incoming) = reader.next_message()? {
                read.push(incoming);
            }
        }
        Ok(read)
    }

    #[test]
    fn frames_come_whole_however_they_are_cut() {
        let long = "x".repeat(300);
        let bytes = [client(FIN | TEXT, b"hello"), client(FIN | TEXT, long.as_bytes())].concat();
        assert_eq!(read(&bytes), Ok(vec![Incoming::Text("hello".into()), Incoming::Text(long)]));
    }

    #[test]
    fn control_frames_may_come_between_fragments() {
        let bytes = [client(TEXT, b"he"), client(FIN | PING, b"p"), client(FIN, b"llo")].concat();
        assert_eq!(read(&bytes), Ok(vec![Incoming::Ping("p".into()), Incoming::Text("hello".into())]));
    }

    #[test]
    fn what_may_not_come_is_refused_from_its_header() {
        let unmasked = encode(TEXT, b"x").to_vec();
        let cases: [(Vec<u8>, Close); 9] = [
            (unmasked, Close::Protocol),
            (client(FIN | 0x40 | TEXT, b""), Close::Protocol),
            (client(FIN | 0x3, b""), Close::Protocol),
            (client(PING, b""), Close::Protocol),
            (client(FIN, b"x"), Close::Protocol),
            (client(FIN | BINARY, b""), Close::Binary),
            (vec![FIN | TEXT, MASKED | 127, 0, 0, 1, 0, 0, 0, 0, 0], Close::TooLarge),
            (vec![FIN | PING, MASKED | 126], Close::Protocol),
            ([client(TEXT, b"a"), client(FIN | TEXT, b"b")].concat(), Close::Protocol),
        ];
        for (bytes, close) in cases {
            assert_eq!(read(&bytes), Err(close), "{bytes:?}");
        }
    }

    #[test]
    fn a_fragmented_message_counts_as_a_whole() {
        let half = vec![b'x'; MAX_FRAME_BYTES / 2];
        let fits = [client(TEXT, &half), client(FIN, &half)].concat();
        assert!(matches!(read(&fits).as_deref(), Ok([Incoming::Text(text)]) if text.len() == MAX_FRAME_BYTES));
        let too_large = [client(TEXT, &half), client(0, &half), client(FIN, b"x")].concat();
        assert_eq!(read(&too_large), Err(Close::TooLarge));
    }

    #[test]
    fn text_and_reasons_are_utf8() {
        assert_eq!(read(&client(FIN | TEXT, &[0xc3, 0x28])), Err(Close::InvalidUtf8));
        assert_eq!(read(&client(FIN | CLOSE, &[0x03, 0xe8, 0xff])), Err(Close::InvalidUtf8));
        assert_eq!(read(&client(FIN | CLOSE, &[0x03, 0xe8])), Ok(vec![Incoming::Close(Some(1000))]));
        assert_eq!(read(&client(FIN | CLOSE, &[0x03, 0xed])), Err(Close::Protocol));
        assert_eq!(read(&client(FIN | CLOSE, &[0x03])), Err(Close::Protocol));
    }
}
