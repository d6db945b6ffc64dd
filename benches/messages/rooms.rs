//! The rooms of a server, with somebody on every seat.

use std::io;
use std::net::TcpStream;
use std::rc::Rc;
use std::sync::Arc;

use crate::common::{Http, Person, Server};
use crate::load::Load;
use crate::socket::{self, Unread};

/// Sockets of each person, in as many rooms. With fewer people everybody would be told of the activity in most rooms,
/// which no chat has; with more, most of the time would go into hashing their passwords.
const SOCKETS: usize = 5;

#[derive(Clone, Copy)]
pub struct Shape {
    pub rooms: usize,
    /// Sockets in a room, each of another user.
    pub seats: usize,
}

/// The sockets of a server, read until the value is dropped.
pub struct Rooms {
    pub load: Rc<Load>,
    /// The first socket of each room: they send.
    pub senders: Arc<Vec<TcpStream>>,
    readers: Vec<tokio::task::JoinHandle<()>>,
}

impl Rooms {
    pub async fn open(server: &Server, shape: Shape) -> Self {
        let Shape { rooms, seats: in_a_room } = shape;
        let persons = (rooms * in_a_room / SOCKETS).max(in_a_room);
        allow_many_files().expect("an open-file limit");
        let mut people: Vec<Http> = Vec::with_capacity(persons);
        for number in 0..persons {
            people.push(Person::sign_up(server, &format!("person{number}")).await.http);
        }
        let mut load = Load::of(in_a_room);
        let mut seats = Vec::with_capacity(rooms * in_a_room);
        for room in 0..rooms {
            let slug = format!("room{room}");
            let on_seat = |seat: usize| &people[(room * in_a_room + seat) % persons];
            on_seat(0).post("/rooms", serde_json::json!({"slug": slug})).await.ok(201);
            for seat in 0..in_a_room {
                let cookie = on_seat(seat).cookie().expect("somebody who is signed in");
                seats.push((room, socket::join(&server.address, &cookie, &slug)));
            }
            load.rooms.push(slug);
        }
        Self::read(Rc::new(load), seats)
    }

    fn read(load: Rc<Load>, seats: Vec<(usize, (TcpStream, Unread))>) -> Self {
        let mut senders: Vec<TcpStream> = Vec::with_capacity(load.rooms.len());
        let mut readers = Vec::with_capacity(seats.len());
        for (room, (stream, mut unread)) in seats {
            let writer = stream.try_clone().expect("another handle");
            if senders.len() == room {
                senders.push(stream.try_clone().expect("another handle"));
            }
            let (load, stream) = (load.clone(), tokio::net::TcpStream::from_std(stream).expect("a socket"));
            readers.push(tokio::task::spawn_local(async move {
                loop {
                    unread.next(&stream, &writer, |frame| load.heard(frame, room, &writer)).await;
                }
            }));
        }
        Self { load, senders: Arc::new(senders), readers }
    }
}

impl Drop for Rooms {
    fn drop(&mut self) {
        for reader in &self.readers {
            reader.abort();
        }
    }
}

/// Raises the limit of this process, and so that of the servers it starts, as far as it may.
fn allow_many_files() -> io::Result<()> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: plain system calls on a struct of our own.
    let done = unsafe {
        match libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) {
            0 => {
                limit.rlim_cur = limit.rlim_max;
                libc::setrlimit(libc::RLIMIT_NOFILE, &limit)
            }
            failed => failed,
        }
    };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
