//! Between instances that share a Redis: one channel for each room, and one for what concerns all.
//!
//! A thread of its own keeps the connection. It publishes what is queued, keeps the subscriptions as the [`Listeners`]
//! want them, and passes on what comes. A Redis that does not answer within [`TIMEOUT`] is away: then words are dropped, not
//! kept, and when it is back everybody is told to ask the database.

mod channel;
mod inbox;
mod link;
mod outbox;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix::prelude::*;
use redis::{PushInfo, PushKind, RedisResult, Value};
use serde::{Deserialize, Serialize};

use crate::base::metrics::METRICS;
use crate::chat::events::Event;
use crate::realtime::broker::listeners::{ListenerId, Listeners, Listening};
use crate::realtime::broker::receiver::Receiver;
use crate::realtime::broker::redis::channel::{Channel, channel_of};
use crate::realtime::broker::redis::inbox::Inbox;
use crate::realtime::broker::redis::link::Link;
pub use crate::realtime::broker::redis::link::{Client, client};
use crate::realtime::broker::redis::outbox::{Outbox, Outgoing};
use crate::realtime::broker::{Broker, Inbound, RoomInbound, RoomMessage};
use crate::wire::RoomId;

/// Words published at once.
const MAX_BATCH: usize = 256;
/// Channels in one (un)subscription.
const MAX_CHANNELS: usize = 512;
/// How long an answer of Redis is waited for.
pub(crate) const TIMEOUT: Duration = Duration::from_millis(1_000);
/// How often Redis is asked whether it is there.
const PING: Duration = Duration::from_millis(500);
const FIRST_BACKOFF: Duration = Duration::from_millis(50);
const LAST_BACKOFF: Duration = Duration::from_secs(2);
/// How long a missing number may still be on its way while Redis is well.
const PATIENCE: Duration = Duration::from_millis(30);

/// The broker of an instance among others.
pub struct Redis {
    outbox: Outbox,
    listeners: Arc<Listeners>,
    shared: Arc<Shared>,
}

struct Shared {
    /// The name of this run of the server: what it hears from itself is passed over.
    instance: String,
    epoch: Mutex<String>,
    /// Redis answers, and everything that is wanted is listened to.
    well: AtomicBool,
}

/// A word with its sender.
#[derive(Serialize, Deserialize)]
struct Envelope<T> {
    from: String,
    content: T,
}

impl Redis {
    /// Starts the broker's thread, which ends when the broker is dropped. Redis need not answer yet.
    pub fn start(client: Client, instance: &str, epoch: &str, hub: Recipient<Inbound>) -> Self {
        let (outbox, queue) = outbox::new();
        let shared = Arc::new(Shared {
            instance: instance.to_owned(),
            epoch: Mutex::new(epoch.to_owned()),
            well: AtomicBool::new(false),
        });
        let listeners = Arc::<Listeners>::default();
        let courier = RedisTask {
            client,
            hub: Receiver::new(hub, Inbound::Missed),
            listeners: Arc::clone(&listeners),
            shared: Arc::clone(&shared),
            leaving: AtomicUsize::new(0),
        };
        Arbiter::new().spawn(async {
            courier.run(queue).await;
            Arbiter::current().stop();
        });
        Self { outbox, listeners, shared }
    }

    fn send(&self, channel: Channel, content: impl Serialize) {
        if !self.is_healthy() {
            METRICS.words_dropped.of("away").increment(1);
            return;
        }
        let letter = Envelope { from: self.shared.instance.clone(), content };
        match serde_json::to_vec(&letter) {
            Ok(payload) => self.outbox.put(channel.name(&self.shared.epoch()), payload),
            Err(error) => tracing::error!(%error, "a word can't be written"),
        }
    }
}

impl Shared {
    fn epoch(&self) -> String {
        self.epoch.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Broker for Redis {
    fn publish(&self, event: &Event) {
        self.send(Channel::Control, event);
    }

    fn tell(&self, room: RoomId, word: &RoomMessage) {
        self.send(Channel::Room(room), word);
    }

    fn listen(&self, room: RoomId, to: Recipient<RoomInbound>) -> Listening {
        self.listeners.listen(room, to)
    }

    fn is_healthy(&self) -> bool {
        self.shared.well.load(Ordering::Relaxed)
    }

    fn patience(&self) -> Duration {
        if self.is_healthy() { PATIENCE } else { Duration::ZERO }
    }

    fn set_epoch(&self, epoch: &str) {
        let mut followed = self.shared.epoch.lock().unwrap_or_else(PoisonError::into_inner);
        if *followed != epoch {
            epoch.clone_into(&mut followed);
            drop(followed);
            self.listeners.changed.notify_one();
        }
    }
}

/// Carries words to Redis and from there.
struct RedisTask {
    client: Client,
    hub: Receiver<Inbound>,
    listeners: Arc<Listeners>,
    shared: Arc<Shared>,
    /// Channels that are being unsubscribed from. Redis says so of each; should it say so of another, that was taken away,
    /// as when a cluster moves channels to another shard.
    leaving: AtomicUsize,
}

impl RedisTask {
    /// Connects again and again, until the broker is gone.
    async fn run(self, mut queue: outbox::Queue) {
        let mut backoff = FIRST_BACKOFF;
        // What was logged since Redis was well: each kind of failure once.
        let mut logged = Vec::new();
        while !queue.is_closed() {
            let Err(error) = self.serve(&mut queue).await else { break };
            if self.shared.well.swap(false, Ordering::Relaxed) {
                backoff = FIRST_BACKOFF;
                logged.clear();
            }
            METRICS.redis_well.set(0);
            METRICS.redis_subscriptions.set(0);
            if !logged.contains(&error.kind()) {
                logged.push(error.kind());
                tracing::warn!(error = self.client.explain(&error), "Redis is away");
            }
            // What was queued for a Redis that is away is old news when it is back.
            while queue.try_recv().is_ok() {
                METRICS.words_dropped.of("away").increment(1);
            }
            tokio::time::sleep(backoff.mul_f64(rand::random_range(0.5..1.0))).await;
            backoff = (backoff * 2).min(LAST_BACKOFF);
        }
    }

    /// Connects, and serves until Redis fails, or the broker is gone.
    async fn serve(&self, queue: &mut outbox::Queue) -> RedisResult<()> {
        let (push, mut inbox) = inbox::new();
        let link = self.client.connect(push).await?;
        METRICS.redis_connections.increment(1);
        self.leaving.store(0, Ordering::Relaxed);
        tokio::select! {
            ended = publish(link.clone(), queue) => ended,
            ended = self.subscribe(link.clone()) => ended,
            ended = check(link) => ended,
            ended = self.pass_on(&mut inbox) => ended,
        }
    }

    /// Subscribes to what is wanted, and unsubscribes from what is not any more.
    async fn subscribe(&self, mut link: Link) -> RedisResult<()> {
        let mut epoch = self.shared.epoch();
        // The rooms subscribed to, with the listener that was told so.
        let mut told: HashMap<RoomId, ListenerId> = HashMap::new();
        let mut is_controlled = false;
        loop {
            let current = self.shared.epoch();
            if current != epoch {
                let old = told.drain().map(|(room, _)| Channel::Room(room)).chain([Channel::Control]).collect();
                self.unsubscribe(&mut link, old, &epoch).await?;
                epoch = current;
                is_controlled = false;
            }
            let wanted = self.listeners.wanted();
            let new: Vec<RoomId> = wanted.keys().filter(|room| !told.contains_key(room)).copied().collect();
            for rooms in new.chunks(MAX_CHANNELS) {
                let names: Vec<_> = rooms.iter().map(|room| Channel::Room(*room).name(&epoch)).collect();
                link.subscribe(&names).await?;
            }
            if !is_controlled {
                link.subscribe(&[Channel::Control.name(&epoch)]).await?;
                is_controlled = true;
                self.answers();
            }
            for (&room, listener) in &wanted {
                if told.get(&room) != Some(listener) {
                    self.listeners.hear(room, RoomInbound::Listening);
                }
            }
            let old = told.keys().filter(|room| !wanted.contains_key(room)).map(|room| Channel::Room(*room)).collect();
            self.unsubscribe(&mut link, old, &epoch).await?;
            told = wanted;
            METRICS.redis_subscriptions.set(told.len() as f64 + 1.0);
            self.listeners.changed.notified().await;
        }
    }

    async fn unsubscribe(&self, link: &mut Link, channels: Vec<Channel>, epoch: &str) -> RedisResult<()> {
        for channels in channels.chunks(MAX_CHANNELS) {
            let names: Vec<_> = channels.iter().map(|channel| channel.name(epoch)).collect();
            self.leaving.fetch_add(names.len(), Ordering::Relaxed);
            link.unsubscribe(&names).await?;
        }
        Ok(())
    }

    /// What was said until now may have been missed.
    fn answers(&self) {
        if !self.shared.well.swap(true, Ordering::Relaxed) {
            METRICS.redis_well.set(1);
            tracing::info!("Redis answers");
        }
        self.hub.miss();
    }

    async fn pass_on(&self, inbox: &mut Inbox) -> RedisResult<()> {
        while let Some(push) = inbox.next().await {
            match push.kind {
                PushKind::Message | PushKind::SMessage => self.read(&push),
                PushKind::Unsubscribe | PushKind::SUnsubscribe => {
                    let one_less = |leaving: usize| leaving.checked_sub(1);
                    if self.leaving.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_err() {
                        return Err(link::failed("a subscription was taken away"));
                    }
                }
                PushKind::Disconnection => break,
                _ => {}
            }
            if inbox.has_dropped() {
                self.hub.miss();
            }
        }
        Err(link::failed("the connection is closed"))
    }

    /// What can't be read is from another version: it is passed over. What was said in an epoch that is not followed any
    /// more, too.
    fn read(&self, push: &PushInfo) {
        let [Value::BulkString(name), Value::BulkString(payload)] = push.data.as_slice() else { return };
        match channel_of(name, &self.shared.epoch()) {
            Some(Channel::Control) => {
                if let Some(event) = self.open(payload) {
                    self.hub.hear(Inbound::Event(event));
                }
            }
            Some(Channel::Room(room)) => {
                if let Some(word) = self.open(payload) {
                    self.listeners.hear(room, RoomInbound::RoomMessage(word));
                }
            }
            None => {}
        }
    }

    /// What somebody else says.
    fn open<T: for<'a> Deserialize<'a>>(&self, payload: &[u8]) -> Option<T> {
        let letter = serde_json::from_slice::<Envelope<T>>(payload);
        let letter = letter.inspect_err(|error| tracing::debug!(%error, "a word that is not understood")).ok()?;
        (letter.from != self.shared.instance).then(|| {
            METRICS.words_heard.increment(1);
            letter.content
        })
    }
}

async fn publish(mut link: Link, queue: &mut outbox::Queue) -> RedisResult<()> {
    let mut batch: Vec<Outgoing> = Vec::new();
    while queue.recv_many(&mut batch, MAX_BATCH).await > 0 {
        let words = batch.len() as u64;
        // What of them waits is let go when they are published.
        let (letters, _waiting): (Vec<_>, Vec<_>) = batch.drain(..).map(Outgoing::into_parts).unzip();
        link.publish(letters.into_iter()).await?;
        METRICS.words_published.increment(words);
    }
    Ok(())
}

/// Ends when Redis stops answering, though nobody says anything.
async fn check(mut link: Link) -> RedisResult<()> {
    loop {
        tokio::time::sleep(PING).await;
        link.ping().await?;
    }
}
