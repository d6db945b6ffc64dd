//! Between instances that share a Redis: one channel for each room, and one for what concerns all.
//!
//! A thread of its own keeps the connection. It publishes what is queued, keeps the subscriptions as the [`Listeners`]
//! want them, and passes on what comes. A Redis that does not answer within [`TIMEOUT`] is away: then words are dropped, not
//! kept, and when it is back everybody is told to ask the database.

mod channel;
mod link;

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix::prelude::*;
use redis::{PushInfo, PushKind, Value};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{self, Receiver, Sender, error::TrySendError};

use self::channel::{Channel, channel_of};
use self::link::Link;
pub use self::link::{Client, client};
use super::listeners::{Listeners, Listening};
use super::{Broker, Event, Heard, RoomHeard, Word};
use crate::mailbox::see_off;
use crate::protocol::RoomId;

/// Words that wait to be published; one more is dropped.
const MAX_OUTGOING: usize = 4_096;
/// Words published at once.
const MAX_BATCH: usize = 256;
/// Words that came and are not passed on yet; one more is dropped, and everybody asks the database.
const MAX_INCOMING: usize = 8_192;
/// Channels in one (un)subscription.
const MAX_CHANNELS: usize = 512;
/// How long an answer of Redis is waited for.
pub(super) const TIMEOUT: Duration = Duration::from_millis(1_000);
/// How often Redis is asked whether it is there.
const PING: Duration = Duration::from_millis(500);
const FIRST_BACKOFF: Duration = Duration::from_millis(50);
const LAST_BACKOFF: Duration = Duration::from_secs(2);
/// How long a missing number may still be on its way while Redis is well.
const PATIENCE: Duration = Duration::from_millis(30);

/// The broker of an instance among others.
pub struct Redis {
    outgoing: Sender<Outgoing>,
    listeners: Arc<Listeners>,
    shared: Arc<Shared>,
}

struct Shared {
    /// The name of this run of the server: what it hears from itself is passed over.
    instance: String,
    epoch: Mutex<String>,
    well: AtomicBool,
    /// A word that came was dropped.
    overflowed: AtomicBool,
}

struct Outgoing {
    channel: Channel,
    payload: Vec<u8>,
}

/// A word with its sender.
#[derive(Serialize, Deserialize)]
struct Letter<T> {
    from: String,
    content: T,
}

impl Redis {
    /// Starts the broker's thread. Redis need not answer yet.
    pub fn start(client: Client, instance: &str, epoch: &str, hub: Recipient<Heard>) -> Self {
        let (outgoing, queue) = mpsc::channel(MAX_OUTGOING);
        let shared = Arc::new(Shared {
            instance: instance.to_owned(),
            epoch: Mutex::new(epoch.to_owned()),
            well: AtomicBool::new(false),
            overflowed: AtomicBool::new(false),
        });
        let listeners = Arc::<Listeners>::default();
        let courier = Courier { client, hub, listeners: Arc::clone(&listeners), shared: Arc::clone(&shared) };
        Arbiter::new().spawn(courier.run(queue));
        Self { outgoing, listeners, shared }
    }

    fn send(&self, channel: Channel, content: impl Serialize) {
        if !self.is_well() {
            return;
        }
        let letter = Letter { from: self.shared.instance.clone(), content };
        match serde_json::to_vec(&letter) {
            // A full queue is that of a Redis that is slow: the others ask the database.
            Ok(payload) => drop(self.outgoing.try_send(Outgoing { channel, payload })),
            Err(error) => tracing::error!(%error, "a word can't be written"),
        }
    }
}

impl Broker for Redis {
    fn publish(&self, event: &Event) {
        self.send(Channel::Control, event);
    }

    fn tell(&self, room: RoomId, word: &Word) {
        self.send(Channel::Room(room), word);
    }

    fn listen(&self, room: RoomId, to: Recipient<RoomHeard>) -> Listening {
        self.listeners.listen(room, to)
    }

    fn is_well(&self) -> bool {
        self.shared.well.load(Ordering::Relaxed)
    }

    fn patience(&self) -> Duration {
        if self.is_well() { PATIENCE } else { Duration::ZERO }
    }

    fn follow(&self, epoch: &str) {
        let mut followed = self.shared.epoch.lock().unwrap_or_else(PoisonError::into_inner);
        if *followed != epoch {
            epoch.clone_into(&mut followed);
            drop(followed);
            self.listeners.changed.notify_one();
        }
    }
}

/// Carries words to Redis and from there.
struct Courier {
    client: Client,
    hub: Recipient<Heard>,
    listeners: Arc<Listeners>,
    shared: Arc<Shared>,
}

impl Courier {
    /// Connects again and again, until the broker is gone.
    async fn run(self, mut queue: Receiver<Outgoing>) {
        let mut backoff = FIRST_BACKOFF;
        while !queue.is_closed() {
            let (push, mut pushed) = mpsc::channel(MAX_INCOMING);
            match self.connect(push).await {
                Ok(link) => {
                    backoff = FIRST_BACKOFF;
                    let Err(error) = self.serve(link, &mut queue, &mut pushed).await else { return };
                    self.shared.well.store(false, Ordering::Relaxed);
                    tracing::warn!(%error, "Redis is away");
                }
                Err(error) => tracing::debug!(%error, "Redis does not answer"),
            }
            // What was queued for a Redis that is away is old news when it is back.
            while queue.try_recv().is_ok() {}
            tokio::time::sleep(backoff.mul_f64(rand::random_range(0.5..1.0))).await;
            backoff = (backoff * 2).min(LAST_BACKOFF);
        }
    }

    async fn connect(&self, push: Sender<PushInfo>) -> redis::RedisResult<Link> {
        let shared = Arc::clone(&self.shared);
        // Called while the connection reads: what finds no place is dropped, and noted.
        let take = move |info: PushInfo| match push.try_send(info) {
            Err(TrySendError::Full(_)) => {
                shared.overflowed.store(true, Ordering::Relaxed);
                Ok(())
            }
            taken => taken,
        };
        self.client.connect(take).await
    }

    /// Serves until Redis fails, or the broker is gone.
    async fn serve(
        &self,
        link: Link,
        queue: &mut Receiver<Outgoing>,
        pushed: &mut Receiver<PushInfo>,
    ) -> redis::RedisResult<()> {
        tokio::select! {
            ended = self.publish(link.clone(), queue) => ended,
            ended = self.subscribe(link.clone()) => ended,
            ended = check(link) => ended,
            ended = self.pass_on(pushed) => ended,
        }
    }

    async fn publish(&self, mut link: Link, queue: &mut Receiver<Outgoing>) -> redis::RedisResult<()> {
        let mut batch = Vec::new();
        while queue.recv_many(&mut batch, MAX_BATCH).await > 0 {
            let epoch = self.epoch();
            let letters = batch.drain(..).map(|letter| (letter.channel.name(&epoch), letter.payload));
            link.publish(letters).await?;
        }
        Ok(())
    }

    /// Subscribes to what is wanted, and unsubscribes from what is not any more.
    async fn subscribe(&self, mut link: Link) -> redis::RedisResult<()> {
        let mut epoch = String::new();
        let mut subscribed: HashSet<Channel> = HashSet::new();
        loop {
            let current = self.epoch();
            if current != epoch {
                let names: Vec<_> = subscribed.drain().map(|channel| channel.name(&epoch)).collect();
                link.unsubscribe(&names).await?;
                epoch = current;
            }
            let mut wanted: HashSet<Channel> = self.listeners.rooms().into_iter().map(Channel::Room).collect();
            wanted.insert(Channel::Control);
            let new: Vec<Channel> = wanted.difference(&subscribed).copied().collect();
            for channels in new.chunks(MAX_CHANNELS) {
                let names: Vec<_> = channels.iter().map(|channel| channel.name(&epoch)).collect();
                link.subscribe(&names).await?;
                for channel in channels {
                    match channel {
                        Channel::Room(room) => self.listeners.hear(*room, RoomHeard::Listening),
                        Channel::Control => self.answers(),
                    }
                }
            }
            let old: Vec<Channel> = subscribed.difference(&wanted).copied().collect();
            for channels in old.chunks(MAX_CHANNELS) {
                let names: Vec<_> = channels.iter().map(|channel| channel.name(&epoch)).collect();
                link.unsubscribe(&names).await?;
            }
            subscribed = wanted;
            self.listeners.changed.notified().await;
        }
    }

    /// What was said until now may have been missed.
    fn answers(&self) {
        if !self.shared.well.swap(true, Ordering::Relaxed) {
            tracing::info!("Redis answers");
        }
        see_off(self.hub.send(Heard::Missed));
    }

    async fn pass_on(&self, pushed: &mut Receiver<PushInfo>) -> redis::RedisResult<()> {
        while let Some(push) = pushed.recv().await {
            match push.kind {
                PushKind::Message | PushKind::SMessage => self.read(&push.data),
                PushKind::Disconnection => break,
                _ => {}
            }
            if pushed.is_empty() && self.shared.overflowed.swap(false, Ordering::Relaxed) {
                see_off(self.hub.send(Heard::Missed));
            }
        }
        Err(link::closed())
    }

    /// What can't be read is from another version: it is passed over.
    fn read(&self, data: &[Value]) {
        let [Value::BulkString(name), Value::BulkString(payload)] = data else { return };
        match channel_of(name) {
            Some(Channel::Control) => match serde_json::from_slice::<Letter<Event>>(payload) {
                Ok(letter) if letter.from == self.shared.instance => {}
                Ok(letter) => self.hear(letter.content),
                Err(error) => tracing::debug!(%error, "an event that is not understood"),
            },
            Some(Channel::Room(room)) => match serde_json::from_slice::<Letter<Word>>(payload) {
                Ok(letter) if letter.from == self.shared.instance => {}
                Ok(letter) => self.listeners.hear(room, RoomHeard::Word(letter.content)),
                Err(error) => tracing::debug!(%error, "a word that is not understood"),
            },
            None => {}
        }
    }

    fn hear(&self, event: Event) {
        if let Err(SendError::Full(_)) = self.hub.try_send(Heard::Event(event)) {
            self.shared.overflowed.store(true, Ordering::Relaxed);
        }
    }

    fn epoch(&self) -> String {
        self.shared.epoch.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Ends when Redis stops answering, though nobody says anything.
async fn check(mut link: Link) -> redis::RedisResult<()> {
    loop {
        tokio::time::sleep(PING).await;
        link.ping().await?;
    }
}
