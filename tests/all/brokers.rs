//! What instances tell each other: the same claims on both kinds of broker.

use crate::common::redis::Redis;
use crate::common::wait::within;
use crate::common::*;
use actix::prelude::*;
use klatch::chat::events::Event;
use klatch::realtime::broker::{BrokerConfig, Bus, Inbound, Listening, RoomInbound, RoomMessage, SharedBroker};
use klatch::wire::{Extras, User};
use std::sync::Arc;
use tokio::sync::{Notify, mpsc};

#[derive(Clone, Copy)]
enum Kind {
    Memory,
    Redis,
}

/// Makes two tests of each claim, an `async fn` that takes a [`Kind`].
macro_rules! on_both_brokers {
    ($($claim:ident),+ $(,)?) => {$(
        mod $claim {
            #[actix::test]
            async fn in_memory() {
                super::$claim(super::Kind::Memory).await;
            }

            #[actix::test]
            async fn through_redis() {
                super::$claim(super::Kind::Redis).await;
            }
        }
    )+};
}

/// Writes down what it hears, once its gate is open.
struct Ear<M> {
    heard: mpsc::UnboundedSender<M>,
    gate: Option<Arc<Notify>>,
}

/// What an ear can keep waiting: much, or little where it has a gate.
const MAILBOX: usize = 4_096;
const SMALL_MAILBOX: usize = 4;

impl<M: Unpin + 'static> Actor for Ear<M> {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        if let Some(gate) = self.gate.take() {
            ctx.wait(async move { gate.notified().await }.into_actor(self));
        }
    }
}

impl<M: Message<Result = ()> + Unpin + 'static> Handler<M> for Ear<M> {
    type Result = ();

    fn handle(&mut self, heard: M, _: &mut Self::Context) {
        let _ = self.heard.send(heard);
    }
}

fn ear<M>(gate: Option<Arc<Notify>>) -> (Recipient<M>, mpsc::UnboundedReceiver<M>)
where
    M: Message<Result = ()> + Unpin + Send + 'static,
{
    let (heard, hears) = mpsc::unbounded_channel();
    let ear = Ear::create(|ctx| {
        ctx.set_mailbox_capacity(if gate.is_some() { SMALL_MAILBOX } else { MAILBOX });
        Ear { heard, gate }
    });
    (ear.recipient(), hears)
}

/// What connects the instances of a test.
struct Way {
    bus: Bus,
    redis: Option<Redis>,
}

struct Instance {
    broker: SharedBroker,
    hub: mpsc::UnboundedReceiver<Inbound>,
}

impl Way {
    async fn of(kind: Kind) -> Self {
        let redis = match kind {
            Kind::Memory => None,
            Kind::Redis => Some(Redis::start().await),
        };
        Self { bus: Bus::default(), redis }
    }

    async fn instance(&self, name: &str, epoch: &str) -> Instance {
        let (to, hub) = ear(None);
        let broker = match &self.redis {
            None => self.bus.join(epoch, to),
            Some(redis) => BrokerConfig::of(Some(&redis.url())).expect("an address").connect(name, epoch, to),
        };
        eventually(PATIENCE, "a broker that is well", async || broker.is_healthy().then_some(())).await;
        Instance { broker, hub }
    }

    async fn instances<const N: usize>(&self, names: [&str; N]) -> [Instance; N] {
        let mut instances = vec![];
        for name in names {
            instances.push(self.instance(name, "e").await);
        }
        instances.try_into().ok().expect("as many as there are names")
    }
}

impl Instance {
    fn publish(&self, number: i64) {
        self.broker.publish(&Event::Tell { user: number, frame: String::new() });
    }

    /// The number of the next event.
    async fn event(&mut self) -> i64 {
        loop {
            match within(PATIENCE, "an event", self.hub.recv()).await.expect("a hub") {
                Inbound::Event(Event::Tell { user, .. }) => return user,
                Inbound::Event(other) => panic!("{other:?}"),
                Inbound::Missed => {}
            }
        }
    }

    fn tell(&self, room: i64, number: i64) {
        let user = User { id: number, username: "ann".into(), display_name: "Ann".into(), extras: Extras::default() };
        self.broker.tell(room, &RoomMessage::Typing { user });
    }

    async fn listen(&self, room: i64) -> Listener {
        let (to, hears) = ear(None);
        let mut listener = Listener { _listening: self.broker.listen(room, to), hears };
        assert_eq!(listener.next().await, RoomInbound::Listening);
        listener
    }
}

struct Listener {
    _listening: Listening,
    hears: mpsc::UnboundedReceiver<RoomInbound>,
}

impl Listener {
    async fn next(&mut self) -> RoomInbound {
        within(PATIENCE, "a word", self.hears.recv()).await.expect("a room")
    }

    /// The number of the next word.
    async fn word(&mut self) -> i64 {
        match self.next().await {
            RoomInbound::RoomMessage(RoomMessage::Typing { user }) => user.id,
            other => panic!("{other:?}"),
        }
    }
}

on_both_brokers!(
    what_is_published_is_heard_by_the_others_once_in_order_and_not_by_oneself,
    a_rooms_words_reach_only_those_who_listen_to_it,
    after_listening_nothing_is_missed,
    of_a_listener_that_goes_and_one_that_comes_the_newer_wins,
    a_full_receiver_is_told_to_read_again,
    two_epochs_do_not_hear_each_other,
    dropping_an_instance_leaves_nothing_and_the_others_go_on,
);

async fn what_is_published_is_heard_by_the_others_once_in_order_and_not_by_oneself(kind: Kind) {
    let way = Way::of(kind).await;
    let [mut one, mut two, mut three] = way.instances(["one", "two", "three"]).await;
    (0..500).for_each(|n| one.publish(n));
    for other in [&mut two, &mut three] {
        for n in 0..500 {
            assert_eq!(other.event().await, n);
        }
    }
    two.publish(-1);
    assert_eq!(one.event().await, -1);
    assert_eq!(three.event().await, -1);
}

async fn a_rooms_words_reach_only_those_who_listen_to_it(kind: Kind) {
    let way = Way::of(kind).await;
    let [one, two, three] = way.instances(["one", "two", "three"]).await;
    let (mut own, mut two, mut three) = (one.listen(1).await, two.listen(1).await, three.listen(2).await);
    for n in 0..100 {
        one.tell(1 + n % 2, n);
    }
    for n in 0..100 {
        let hears = if n % 2 == 0 { &mut two } else { &mut three };
        assert_eq!(hears.word().await, n);
    }
    // Nothing else came before the last of them.
    assert!(two.hears.is_empty() && three.hears.is_empty());
    assert!(own.hears.try_recv().is_err(), "one's own words");
}

async fn after_listening_nothing_is_missed(kind: Kind) {
    let way = Way::of(kind).await;
    let [one, two] = way.instances(["one", "two"]).await;
    for room in 0..20 {
        let (to, mut hears) = ear(None);
        let listening = two.broker.listen(room, to);
        let mut said = 0;
        // Somebody talks all the while, at a pace that fills no queue.
        let first = loop {
            one.tell(room, said);
            said += 1;
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            if hears.try_recv() == Ok(RoomInbound::Listening) {
                break said;
            }
        };
        let mut listener = Listener { _listening: listening, hears };
        for n in first..first + 50 {
            one.tell(room, n);
        }
        // What was on its way is heard or not; from here on it is dense.
        while listener.word().await < first {}
        for n in first + 1..first + 50 {
            assert_eq!(listener.word().await, n);
        }
    }
}

async fn of_a_listener_that_goes_and_one_that_comes_the_newer_wins(kind: Kind) {
    let way = Way::of(kind).await;
    let [one, two] = way.instances(["one", "two"]).await;
    let mut listener = two.listen(1).await;
    for n in 0..60 {
        let (to, hears) = ear(None);
        let (old, new) = match n % 3 {
            // The new one comes first, the old one goes first, or there is a moment between.
            0 => (Some(listener), two.broker.listen(1, to)),
            1 => {
                drop(listener);
                (None, two.broker.listen(1, to))
            }
            _ => {
                drop(listener);
                tokio::task::yield_now().await;
                (None, two.broker.listen(1, to))
            }
        };
        drop(old);
        listener = Listener { _listening: new, hears };
        assert_eq!(listener.next().await, RoomInbound::Listening, "round {n}");
        one.tell(1, n);
        assert_eq!(listener.word().await, n);
    }
}

async fn a_full_receiver_is_told_to_read_again(kind: Kind) {
    let way = Way::of(kind).await;
    let [one, two] = way.instances(["one", "two"]).await;
    let gate = Arc::new(Notify::new());
    let (to, hears) = ear(Some(Arc::clone(&gate)));
    let mut listener = Listener { _listening: two.broker.listen(1, to), hears };
    let mut marker = two.listen(2).await;
    (0..100).for_each(|n| one.tell(1, n));
    one.tell(2, -1);
    assert_eq!(marker.word().await, -1);
    gate.notify_one();
    // What found a place, and then that there was more.
    assert_eq!(listener.next().await, RoomInbound::Listening);
    let mut heard = 0;
    while listener.next().await != RoomInbound::Listening {
        heard += 1;
    }
    assert!(heard < 100, "nothing was dropped");
    // And once is enough for all of it, or twice where the first was on its way.
    one.tell(1, 100);
    let mut more = 0;
    while listener.next().await == RoomInbound::Listening {
        more += 1;
    }
    assert!(more <= 1, "told {more} times more");
}

async fn two_epochs_do_not_hear_each_other(kind: Kind) {
    let way = Way::of(kind).await;
    let (mut one, two) = (way.instance("one", "e1").await, way.instance("two", "e2").await);
    let mut witness = way.instance("three", "e2").await;
    let (mut listener, mut witness_listens) = (one.listen(1).await, witness.listen(1).await);
    two.tell(1, 1);
    two.publish(1);
    assert_eq!((witness_listens.word().await, witness.event().await), (1, 1));
    // Until it follows the other run of numbers; then it is told that something may have been missed.
    one.broker.set_epoch("e2");
    if matches!(kind, Kind::Redis) {
        assert_eq!(listener.next().await, RoomInbound::Listening);
    }
    two.tell(1, 2);
    two.publish(2);
    assert_eq!(listener.word().await, 2);
    assert_eq!(one.event().await, 2);
}

async fn dropping_an_instance_leaves_nothing_and_the_others_go_on(kind: Kind) {
    let way = Way::of(kind).await;
    let [one, mut two, three] = way.instances(["one", "two", "three"]).await;
    let Instance { broker, mut hub } = three;
    let (to, mut room) = ear(None);
    let listening = broker.listen(1, to);
    drop((broker, listening));
    // Its ears end when nobody can tell them anything any more.
    within(PATIENCE, "the end of the hub", async { while hub.recv().await.is_some() {} }).await;
    within(PATIENCE, "the end of the room", async { while room.recv().await.is_some() {} }).await;
    one.publish(1);
    assert_eq!(two.event().await, 1);
    drop((one, two));
    if let Some(redis) = &way.redis {
        let alone = async || (redis.command("PUBSUB CHANNELS").await? == "*0").then_some(());
        eventually(PATIENCE, "the end of all subscriptions", alone).await;
    }
}
