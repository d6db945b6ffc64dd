//! What handing frames out costs, counted instead of timed: allocations for a delivery, writes for a burst, and how many
//! sockets of a large room come before a small one.

use actix::prelude::*;
use bytes::Bytes;
use klatch::realtime::fanout::{DeliveryOp, Fanout, FanoutMessage, Live, Outbox, SocketId, Subscription, registry};
use klatch::wire::{RoomId, Seq};
use socket2::{Domain, Socket, Type};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::yield_now;

/// Counts what each thread allocates.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: everything is the system's allocator's; counting touches a number of the thread that needs no allocation.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: as asked of this one.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as asked of this one.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A worker's fan-out on this thread.
struct Worker {
    fanout: Addr<Fanout>,
    sockets: SocketId,
}

/// The far end of a socket. It keeps writes apart: what one call wrote, one call reads.
struct Peer(Socket);

impl Peer {
    /// The next write, if there is one by now.
    fn write(&self) -> Option<Vec<u8>> {
        let mut buffer = [MaybeUninit::uninit(); 65_536];
        let length = self.0.recv(&mut buffer).ok()?;
        // SAFETY: so many bytes were received into it.
        Some(buffer[..length].iter().map(|byte| unsafe { byte.assume_init() }).collect())
    }

    fn writes(&self) -> Vec<Vec<u8>> {
        std::iter::from_fn(|| self.write()).collect()
    }
}

impl Worker {
    fn start() -> Self {
        Self { fanout: Fanout::new(Duration::from_secs(60)).start(), sockets: 0 }
    }

    fn post(&self, op: DeliveryOp) {
        self.fanout.try_send(FanoutMessage::from(op)).unwrap_or_else(|_| panic!("the queue has room"));
    }

    fn deliver(&self, room: RoomId, seqs: std::ops::RangeInclusive<Seq>) {
        let frames = seqs.map(|seq| Live { seq, frame: Bytes::from(format!("frame {seq};")) }).collect();
        self.post(DeliveryOp::Deliver { room, frames });
    }

    /// Sockets that sit in a room.
    async fn seat(&mut self, room: RoomId, sockets: usize) -> Vec<Peer> {
        let mut peers = vec![];
        for _ in 0..sockets {
            self.sockets += 1;
            let session = self.sockets;
            let (near, far) = Socket::pair(Domain::UNIX, Type::SEQPACKET, None).unwrap();
            near.set_nonblocking(true).unwrap();
            far.set_nonblocking(true).unwrap();
            let io = TcpStream::from_std(std::net::TcpStream::from(OwnedFd::from(near))).unwrap();
            io.writable().await.unwrap();
            registry(|registry| {
                registry.admit(session, session as i64, Rc::new(Outbox::new(io)));
                registry.expect(session, room, 1);
            });
            let (placed, when_placed) = oneshot::channel();
            self.post(DeliveryOp::Subscribe(Subscription {
                room,
                session,
                generation: 1,
                above: 0,
                frames: vec![],
                placed,
                next: None,
            }));
            when_placed.await.unwrap();
            peers.push(Peer(far));
        }
        peers
    }

    /// Waits until all that was posted is done.
    async fn settle(&self, last: &Peer) -> Vec<Vec<u8>> {
        loop {
            let writes = last.writes();
            if !writes.is_empty() {
                return writes;
            }
            yield_now().await;
        }
    }
}

#[actix::test]
async fn a_delivery_allocates_nothing() {
    let mut worker = Worker::start();
    let peers = worker.seat(1, 200).await;
    let last = peers.last().unwrap();
    worker.deliver(1, 1..=1);
    worker.settle(last).await;
    let before = ALLOCATIONS.get();
    for seq in 2..=51 {
        worker.deliver(1, seq..=seq);
        assert_eq!(worker.settle(last).await, [format!("frame {seq};").as_bytes()]);
    }
    let each = (ALLOCATIONS.get() - before) as f64 / (50.0 * 200.0);
    // What there is belongs to the message and to this test.
    assert!(each < 0.2, "{each} allocations for a delivery");
    assert!(peers.iter().all(|peer| peer.writes().len() == if std::ptr::eq(peer, last) { 0 } else { 51 }));
}

#[actix::test]
async fn frames_that_wait_together_go_out_in_one_write() {
    let mut worker = Worker::start();
    let peers = worker.seat(1, 50).await;
    for seq in 1..=8 {
        worker.deliver(1, seq..=seq);
    }
    let all: String = (1..=8).map(|seq| format!("frame {seq};")).collect();
    worker.settle(peers.last().unwrap()).await;
    for peer in &peers[..49] {
        assert_eq!(peer.writes(), [all.as_bytes()]);
    }
}

#[actix::test]
async fn what_is_said_between_frames_stays_between_them() {
    let mut worker = Worker::start();
    let peers = worker.seat(1, 3).await;
    worker.deliver(1, 1..=1);
    worker.post(DeliveryOp::Tell { room: 1, frame: Bytes::from("somebody types;"), except: None });
    worker.deliver(1, 2..=2);
    while peers[2].0.peek(&mut [MaybeUninit::uninit(); 1]).is_err() {
        yield_now().await;
    }
    for _ in 0..10 {
        yield_now().await;
    }
    for peer in &peers {
        assert_eq!(peer.writes().concat(), b"frame 1;somebody types;frame 2;");
    }
}

#[actix::test]
async fn a_small_room_waits_for_a_slice_of_a_large_one_and_not_for_all_of_it() {
    let mut worker = Worker::start();
    let large = worker.seat(1, 400).await;
    let small = worker.seat(2, 1).await;
    worker.deliver(1, 1..=1);
    worker.deliver(2, 1..=1);
    worker.settle(&small[0]).await;
    let came_before = large.iter().filter(|peer| peer.write().is_some()).count();
    assert!(came_before < 300, "{came_before} of 400 sockets came before another room");
    worker.settle(large.last().unwrap()).await;
}

#[actix::test]
async fn whoever_leaves_during_a_walk_costs_nobody_a_frame() {
    let mut worker = Worker::start();
    let peers = worker.seat(1, 400).await;
    worker.deliver(1, 1..=1);
    worker.settle(&peers[0]).await;
    // The first of the list go, between two slices.
    for session in 1..=100 {
        registry(|registry| registry.dismiss(session));
    }
    worker.settle(peers.last().unwrap()).await;
    worker.deliver(1, 2..=2);
    worker.settle(peers.last().unwrap()).await;
    for peer in &peers[100..399] {
        assert_eq!(peer.writes().concat(), b"frame 1;frame 2;");
    }
}
