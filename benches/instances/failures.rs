//! A Redis that is away, and an instance that is killed.

use std::time::{Duration, Instant};

use crate::common::{Chat, Haproxy, Person, Server, Socket, eventually};
use crate::seats::{Seats, milliseconds};

/// How long Redis is away.
pub const AWAY: Duration = Duration::from_secs(10);
/// Messages a second meanwhile, from a second before until some seconds after.
const RATE: u64 = 100;
const BEFORE: Duration = Duration::from_secs(1);
const LENGTH: Duration = Duration::from_secs(14);
/// A delivery that took longer was delayed.
const LATE: Duration = Duration::from_millis(100);

const SOCKETS: usize = 60;
const ROOM: &str = "hall";
const RETURN: Duration = Duration::from_secs(60);
/// How soon somebody who is not let in tries again.
const AGAIN: Duration = Duration::from_millis(20);

/// What an outage of Redis did.
pub struct Outage {
    pub deliveries: u64,
    pub late: u64,
    /// Milliseconds.
    pub latest: f64,
    pub lost: u64,
}

pub async fn outage(chat: &mut Chat, seats: &Seats) -> Outage {
    let redis = &mut chat.redis;
    let away = async {
        tokio::time::sleep(BEFORE).await;
        redis.kill().await;
        tokio::time::sleep(AWAY).await;
        redis.run().await;
    };
    let (heard, ()) = tokio::join!(seats.hear(RATE, LENGTH), away);
    let all = || heard.inside.iter().chain(&heard.across);
    Outage {
        deliveries: all().count() as u64,
        late: all().filter(|latency| **latency > LATE).count() as u64,
        latest: milliseconds(&heard.inside, 1.0).max(milliseconds(&heard.across, 1.0)),
        lost: heard.lost,
    }
}

/// How long those at a killed instance were cut off, in milliseconds from the kill.
pub struct Return {
    pub sockets: usize,
    pub half: f64,
    pub all: f64,
}

/// Somebody with many sockets, who comes through the balancer.
pub async fn visitor(balancer: &Haproxy) -> Person {
    let person = Person::sign_up_at(&balancer.address, "visitor").await;
    person.makes_room(ROOM).await;
    person
}

/// Kills an instance, waits until its clients have joined their room behind their cursor somewhere else, and has it serve
/// again.
pub async fn kill(instance: &mut Server, visitor: &Person) -> Return {
    let name = instance_of(&visitor.at(instance).socket().await);
    // An instance that has just come back is given its part a moment later.
    let spread = async || {
        let mut sockets = Vec::with_capacity(SOCKETS);
        while sockets.len() < SOCKETS {
            sockets.push(visitor.socket_in(ROOM).await);
        }
        let (there, elsewhere) = sockets.into_iter().partition::<Vec<_>, _>(|socket| instance_of(socket) == name);
        (there.len() >= SOCKETS / 6).then_some((there, elsewhere))
    };
    let (mut there, _elsewhere) = eventually(RETURN, "the balancer to spread sockets", spread).await;
    let epoch = there[0].join(ROOM).await["epoch"].clone();
    let sockets = there.len();
    let killed = Instant::now();
    let returning: Vec<_> = there
        .into_iter()
        .map(|mut socket| {
            let (person, epoch) = (visitor.clone(), epoch.clone());
            tokio::spawn(async move {
                socket.ended_within(RETURN).await;
                loop {
                    if let Some(mut socket) = Socket::try_open(&person).await {
                        socket.join_after(ROOM, 0, &epoch).await;
                        return killed.elapsed();
                    }
                    tokio::time::sleep(AGAIN).await;
                }
            })
        })
        .collect();
    instance.kill().await;
    let mut times = Vec::with_capacity(sockets);
    for client in returning {
        times.push(client.await.expect("a client that came back"));
    }
    times.sort_unstable();
    instance.restart().await;
    Return { sockets, half: milliseconds(&times, 0.5), all: milliseconds(&times, 1.0) }
}

fn instance_of(socket: &Socket) -> String {
    socket.welcome["instance"].as_str().expect("a name").to_owned()
}
