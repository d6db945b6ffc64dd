//! The client's half of WebSocket (RFC 6455), as thin as it can be: frames are found, not parsed.

pub const TEXT: u8 = 0x1;
pub const CLOSE: u8 = 0x8;
pub const PING: u8 = 0x9;
pub const PONG: u8 = 0xA;
const FIN: u8 = 0x80;
const MASKED: u8 = 0x80;

/// The key of section 1.3, and what a server answers it with.
pub const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
pub const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// What asks for a socket.
pub fn handshake(address: &str, path: &str, cookie: &str) -> Vec<u8> {
    let cookie = if cookie.is_empty() { String::new() } else { format!("Cookie: {cookie}\r\n") };
    format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\n{cookie}Connection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\r\n"
    )
    .into_bytes()
}

/// Where the head of an answer or of a request ends, if all of it is here.
pub fn head_end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
}

/// The opcode, the header's length and the payload's, of either side.
pub fn header(bytes: &[u8]) -> Option<(u8, usize, usize)> {
    let [first, second, rest @ ..] = bytes else { return None };
    let (length, extended) = match second & !MASKED {
        126 => (usize::from(u16::from_be_bytes(rest.get(..2)?.try_into().ok()?)), 2),
        127 => (u64::from_be_bytes(rest.get(..8)?.try_into().ok()?) as usize, 8),
        short => (usize::from(short), 0),
    };
    let mask = if second & MASKED == 0 { 0 } else { 4 };
    Some((first & 0xF, 2 + extended + mask, length))
}

/// A frame of a server.
pub fn unmasked(opcode: u8, payload: &[u8]) -> Vec<u8> {
    frame(opcode, 0, &[], payload)
}

/// A frame of a client. The mask is all zeros: masking is the server's work to undo, which costs it the same, and none of
/// the load's.
pub fn masked(opcode: u8, payload: &[u8]) -> Vec<u8> {
    frame(opcode, MASKED, &[0; 4], payload)
}

fn frame(opcode: u8, masked: u8, mask: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![FIN | opcode];
    match payload.len() {
        length @ 0..126 => frame.push(masked | length as u8),
        length => {
            frame.push(masked | 126);
            frame.extend(u16::try_from(length).expect("a frame of at most 64 KiB").to_be_bytes());
        }
    }
    frame.extend(mask);
    frame.extend(payload);
    frame
}
