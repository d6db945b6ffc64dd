//! The frame reader: bytes however they are cut, and conversations whose reading is known beforehand.

#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use klatch_fuzz::wire::frame::{self, Incoming, Reader};
use klatch_fuzz::wire::{Close, MAX_FRAME_BYTES};
use libfuzzer_sys::fuzz_target;

const FIN: u8 = 0x80;
const MASKED: u8 = 0x80;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xa;

/// A header of 2 bytes, 8 of length and 4 of mask.
const MAX_HEADER: usize = 14;
/// Two frames, and the control frame that may come between them.
const MAX_HELD: usize = 2 * (MAX_FRAME_BYTES + MAX_HEADER) + MAX_HEADER + 125;

fuzz_target!(|data: &[u8]| {
    cuts_change_nothing(data);
    if let Ok(conversation) = Conversation::arbitrary_take_rest(Unstructured::new(data)) {
        is_read_back(&conversation);
    }
});

/// What a reader made of its bytes: the messages, and why the peer is closed, if it is.
type Read = (Vec<Incoming>, Option<Close>);

/// Feeds the bytes in pieces of these lengths, over and over; a length of 0 stands for all that is left.
fn read(mut bytes: &[u8], lengths: &[u8]) -> Read {
    let mut reader = Reader::default();
    let mut messages = Vec::new();
    let mut lengths = lengths.iter().cycle();
    while !bytes.is_empty() {
        let length = match lengths.next() {
            None | Some(0) => bytes.len(),
            Some(&length) => usize::from(length).min(bytes.len()),
        };
        let (piece, rest) = bytes.split_at(length);
        bytes = rest;
        reader.feed(piece);
        loop {
            match reader.next_message() {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break,
                Err(close) => return (messages, Some(close)),
            }
        }
        assert!(reader.held() <= MAX_HELD, "{} bytes are held", reader.held());
    }
    (messages, None)
}

/// The first byte counts the lengths that follow it; behind them comes what a peer sends.
fn cuts_change_nothing(data: &[u8]) {
    let Some((&count, rest)) = data.split_first() else { return };
    let (lengths, bytes) = rest.split_at(usize::from(count % 16).min(rest.len()));
    let whole = read(bytes, &[]);
    assert_eq!(read(bytes, lengths), whole);
    assert_eq!(read(bytes, &[1]), whole);
    for message in &whole.0 {
        if let Incoming::Text(text) = message {
            assert!(text.len() <= MAX_FRAME_BYTES);
        }
    }
}

/// What a peer that keeps to the rules says, and what it may do wrong at the end.
#[derive(Arbitrary, Debug)]
struct Conversation {
    said: Vec<Said>,
    end: End,
    mask: [u8; 4],
    lengths: [u8; 4],
}

#[derive(Arbitrary, Debug)]
enum Said {
    /// A text, repeated, in fragments that end at these places, each followed by a ping.
    Text {
        text: String,
        times: u16,
        fragments: Vec<u16>,
    },
    Ping(Vec<u8>),
    Pong(Vec<u8>),
}

#[derive(Arbitrary, Debug)]
enum End {
    /// The connection stays open, with a part of a frame under way.
    Open {
        part: u8,
    },
    Close {
        code: Option<u16>,
        reason: String,
    },
    Unmasked,
    Reserved(u8),
    UnknownOpcode(u8),
    Binary {
        fin: bool,
    },
    Continuation {
        fin: bool,
    },
    TextWithinText,
    FragmentedControl(u8),
    LongControl {
        opcode: u8,
        length: u16,
    },
    TooLong {
        over: u64,
    },
    TooLongInFragments {
        first: u16,
    },
    NoUtf8,
}

/// Writes frames as a client does, and keeps what they are to be read as.
struct Client {
    mask: [u8; 4],
    bytes: Vec<u8>,
    expected: Vec<Incoming>,
}

impl Client {
    fn header(&mut self, first: u8, length: u64) {
        self.bytes.push(first);
        match length {
            0..126 => self.bytes.push(MASKED | length as u8),
            126..0x1_0000 => {
                self.bytes.push(MASKED | 126);
                self.bytes.extend((length as u16).to_be_bytes());
            }
            _ => {
                self.bytes.push(MASKED | 127);
                self.bytes.extend(length.to_be_bytes());
            }
        }
        self.bytes.extend(self.mask);
    }

    fn frame(&mut self, first: u8, payload: &[u8]) {
        self.header(first, payload.len() as u64);
        self.bytes.extend(payload.iter().zip(self.mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    }

    fn ping(&mut self, payload: &[u8]) {
        let payload = &payload[..payload.len().min(125)];
        self.frame(FIN | PING, payload);
        self.expected.push(Incoming::Ping(payload.to_vec().into()));
    }

    fn text(&mut self, text: &str, fragments: &[u16]) {
        let mut rest = text.as_bytes();
        let mut opcode = TEXT;
        for &end in fragments {
            let (fragment, behind) = rest.split_at(usize::from(end).min(rest.len()));
            self.frame(opcode, fragment);
            self.ping(&end.to_be_bytes());
            (rest, opcode) = (behind, 0);
        }
        self.frame(FIN | opcode, rest);
        self.expected.push(Incoming::Text(text.to_owned()));
    }

    fn say(&mut self, said: &Said) {
        match said {
            Said::Text { text, times, fragments } => {
                let times = usize::from(*times).clamp(1, MAX_FRAME_BYTES.checked_div(text.len()).unwrap_or(1).max(1));
                let text = text.repeat(times);
                if text.len() <= MAX_FRAME_BYTES {
                    self.text(&text, fragments);
                }
            }
            Said::Ping(payload) => self.ping(payload),
            Said::Pong(payload) => {
                self.frame(FIN | PONG, &payload[..payload.len().min(125)]);
                self.expected.push(Incoming::Pong);
            }
        }
    }

    /// Writes the end, and gives what the peer is closed with.
    fn end(&mut self, end: &End) -> Option<Close> {
        match end {
            End::Open { part } => {
                let whole = self.bytes.len();
                self.frame(FIN | TEXT, &[b'x'; 300]);
                self.bytes.truncate(whole + usize::from(*part));
                return None;
            }
            End::Close { code, reason } => return self.close(*code, reason),
            End::Unmasked => self.bytes.extend_from_slice(&frame::ping()),
            End::Reserved(bits) => self.frame(FIN | TEXT | (bits % 7 + 1) << 4, b"x"),
            End::UnknownOpcode(opcode) => {
                let unknown = [0x3, 0x4, 0x5, 0x6, 0x7, 0xb, 0xc, 0xd, 0xe, 0xf];
                self.frame(FIN | unknown[usize::from(*opcode) % unknown.len()], b"");
            }
            End::Binary { fin } => {
                self.frame(if *fin { FIN | BINARY } else { BINARY }, b"x");
                return Some(Close::Binary);
            }
            End::Continuation { fin } => self.frame(if *fin { FIN } else { 0 }, b"x"),
            End::TextWithinText => {
                self.frame(TEXT, b"x");
                self.frame(FIN | TEXT, b"x");
            }
            End::FragmentedControl(opcode) => self.frame(CLOSE + opcode % 3, b""),
            End::LongControl { opcode, length } => {
                self.header(FIN | (CLOSE + opcode % 3), u64::from(*length).max(126));
            }
            // A header is enough: nothing behind it is waited for.
            End::TooLong { over } => {
                self.header(FIN | TEXT, (MAX_FRAME_BYTES as u64).saturating_add((*over).max(1)));
                return Some(Close::TooLarge);
            }
            End::TooLongInFragments { first } => {
                self.frame(TEXT, &vec![b'x'; usize::from(*first)]);
                self.header(0, MAX_FRAME_BYTES as u64 - u64::from(*first) + 1);
                return Some(Close::TooLarge);
            }
            End::NoUtf8 => {
                self.frame(FIN | TEXT, b"\xed\xa0\x80");
                return Some(Close::InvalidUtf8);
            }
        }
        Some(Close::Protocol)
    }

    fn close(&mut self, code: Option<u16>, reason: &str) -> Option<Close> {
        let Some(code) = code else {
            self.frame(FIN | CLOSE, b"");
            self.expected.push(Incoming::Close(None));
            return None;
        };
        let reason: String = reason.chars().take(30).collect();
        self.frame(FIN | CLOSE, &[&code.to_be_bytes(), reason.as_bytes()].concat());
        // RFC 6455, section 7.4, and the registry of codes.
        let may_be_sent = matches!(code, 1000..=1014 | 3000..=4999) && !matches!(code, 1004..=1006);
        if may_be_sent {
            self.expected.push(Incoming::Close(Some(code)));
        }
        (!may_be_sent).then_some(Close::Protocol)
    }
}

fn is_read_back(conversation: &Conversation) {
    let mut client = Client { mask: conversation.mask, bytes: Vec::new(), expected: Vec::new() };
    for said in conversation.said.iter().take(8) {
        client.say(said);
    }
    let close = client.end(&conversation.end);
    assert_eq!(read(&client.bytes, &conversation.lengths), (client.expected, close));
}
