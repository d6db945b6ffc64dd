//! The floor: what a delivery costs when nothing but the delivery is done. One thread, one epoll, a frame that was made
//! beforehand, and one `write` of it for each socket of the room. It keeps no messages, checks nobody and bounds nothing.
//!
//! `GET /ROOM` with a WebSocket handshake joins the room; any text frame has the ready-made frame written to everybody
//! there.

use std::collections::HashMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;

use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};

use crate::frames;

const LISTENER: u64 = u64::MAX;
const EVENTS: usize = 1024;

struct Floor {
    epoll: rustix::fd::OwnedFd,
    listener: TcpListener,
    sockets: Vec<Option<Socket>>,
    free: Vec<usize>,
    rooms: HashMap<String, usize>,
    members: Vec<Vec<usize>>,
    /// The ready-made frame.
    frame: Vec<u8>,
}

struct Socket {
    stream: TcpStream,
    /// None until the handshake.
    room: Option<usize>,
    /// A part of a request or frame.
    unread: Vec<u8>,
    /// Bytes of ready-made frames that the kernel has not taken.
    owed: usize,
}

/// Serves until the process is ended. `bytes` is the length of the payload that is sent.
pub fn serve(bytes: usize) -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    rustix::net::listen(&listener, 4096)?;
    listener.set_nonblocking(true)?;
    println!("listening on http://{}", listener.local_addr()?);
    let epoll = epoll::create(CreateFlags::CLOEXEC)?;
    epoll::add(&epoll, &listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
    let frame = frames::unmasked(frames::TEXT, &vec![b'x'; bytes]);
    let (sockets, free, rooms, members) = Default::default();
    Floor { epoll, listener, sockets, free, rooms, members, frame }.run()
}

impl Floor {
    fn run(&mut self) -> std::io::Result<()> {
        let mut events = Vec::with_capacity(EVENTS);
        let mut scratch = vec![0; 64 * 1024];
        loop {
            match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), None) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            for event in events.drain(..) {
                match event.data.u64() {
                    LISTENER => self.accept()?,
                    at => self.ready(at as usize, event.flags, &mut scratch),
                }
            }
        }
    }

    fn accept(&mut self) -> std::io::Result<()> {
        loop {
            let stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            stream.set_nonblocking(true)?;
            stream.set_nodelay(true)?;
            let at = self.free.pop().unwrap_or_else(|| {
                self.sockets.push(None);
                self.sockets.len() - 1
            });
            epoll::add(&self.epoll, &stream, EventData::new_u64(at as u64), EventFlags::IN)?;
            self.sockets[at] = Some(Socket { stream, room: None, unread: Vec::new(), owed: 0 });
        }
    }

    fn ready(&mut self, at: usize, flags: EventFlags, scratch: &mut [u8]) {
        let Some(socket) = &mut self.sockets[at] else { return };
        if flags.contains(EventFlags::OUT) {
            socket.pay(&self.frame);
            if socket.owed == 0 {
                watch(&self.epoll, socket, at, EventFlags::IN);
            }
        }
        if flags.intersects(EventFlags::IN | EventFlags::HUP | EventFlags::ERR) {
            match socket.stream.read(scratch) {
                Ok(0) => self.close(at),
                Ok(read) => self.heard(at, &scratch[..read]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => self.close(at),
            }
        }
    }

    fn heard(&mut self, at: usize, bytes: &[u8]) {
        let Some(socket) = &mut self.sockets[at] else { return };
        socket.unread.extend_from_slice(bytes);
        let Some(room) = socket.room else { return self.let_in(at) };
        let (mut start, mut triggers, mut closes) = (0, 0, false);
        while let Some((opcode, header, payload)) = frames::header(&socket.unread[start..]) {
            if socket.unread.len() < start + header + payload {
                break;
            }
            start += header + payload;
            triggers += usize::from(opcode == frames::TEXT);
            closes |= opcode == frames::CLOSE;
        }
        socket.unread.drain(..start);
        if socket.unread.is_empty() {
            socket.unread = Vec::new();
        }
        for _ in 0..triggers {
            self.broadcast(room);
        }
        if closes {
            self.close(at);
        }
    }

    fn let_in(&mut self, at: usize) {
        let Some(socket) = &mut self.sockets[at] else { return };
        let Some(end) = frames::head_end(&socket.unread) else { return };
        let head = String::from_utf8_lossy(&socket.unread[..end]);
        let name = head.split(' ').nth(1).unwrap_or("/").to_owned();
        socket.unread = Vec::new();
        let accept = frames::ACCEPT;
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {accept}\r\n\r\n"
        );
        if socket.stream.write_all(answer.as_bytes()).is_err() {
            return self.close(at);
        }
        let room = *self.rooms.entry(name).or_insert_with(|| {
            self.members.push(Vec::new());
            self.members.len() - 1
        });
        socket.room = Some(room);
        self.members[room].push(at);
    }

    fn broadcast(&mut self, room: usize) {
        for &at in &self.members[room] {
            let Some(socket) = &mut self.sockets[at] else { continue };
            let waited = socket.owed > 0;
            socket.owed += self.frame.len();
            if !waited {
                socket.pay(&self.frame);
                if socket.owed > 0 {
                    watch(&self.epoll, socket, at, EventFlags::IN | EventFlags::OUT);
                }
            }
        }
    }

    fn close(&mut self, at: usize) {
        let Some(socket) = self.sockets[at].take() else { return };
        if let Some(room) = socket.room {
            self.members[room].retain(|&member| member != at);
        }
        self.free.push(at);
    }
}

impl Socket {
    /// Writes what is owed, as far as the kernel takes it. A socket that is broken will be readable too, and closed then.
    fn pay(&mut self, frame: &[u8]) {
        while self.owed > 0 {
            let left = match self.owed % frame.len() {
                0 => frame.len(),
                left => left,
            };
            match self.stream.write(&frame[frame.len() - left..]) {
                Ok(written) => self.owed -= written,
                Err(_) => return,
            }
        }
    }
}

fn watch(epoll: impl AsFd, socket: &Socket, at: usize, flags: EventFlags) {
    epoll::modify(epoll, &socket.stream, EventData::new_u64(at as u64), flags).expect("a socket that is watched");
}
