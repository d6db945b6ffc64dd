//! Instances that hear of each other through a Redis Cluster, where each channel belongs to a shard.

use crate::common::redis::Redis;
use crate::common::server::{bare_command, lasting_port};
use crate::common::*;

/// Three shards of one node each.
struct Cluster {
    nodes: Vec<Redis>,
}

impl Cluster {
    async fn start() -> Self {
        let mut nodes = vec![];
        for _ in 0..3 {
            // Redis would take a port 10,000 above its own, which a connection of somebody else may have.
            let bus = lasting_port().to_string();
            let options = ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--cluster-port", &bus];
            nodes.push(Redis::with(&options).await);
        }
        let mut words = vec!["redis-cli".to_owned(), "--cluster".to_owned(), "create".to_owned()];
        words.extend(nodes.iter().map(Redis::address));
        words.extend(["--cluster-replicas", "0", "--cluster-yes"].map(str::to_owned));
        let created = bare_command(&words).output().await.expect("redis-cli");
        assert!(created.status.success(), "{}", String::from_utf8_lossy(&created.stdout));
        let cluster = Self { nodes };
        for node in &cluster.nodes {
            // The first line of an answer in several parts has its length alone; a write to any slot needs all of them.
            let whole = async || {
                let answer = node.command("SET some-key 1").await?;
                (answer == "+OK" || answer.starts_with("-MOVED")).then_some(())
            };
            eventually(PATIENCE * 2, "a cluster that serves", whole).await;
        }
        cluster
    }
}

#[tokio::test]
async fn rooms_on_all_shards_are_heard_and_a_shard_that_was_away_is_again_by_itself() {
    let mut cluster = Cluster::start().await;
    let mut chat = Chat::of(0).await;
    for _ in 0..2 {
        let instance = chat.options().option("--redis-url", cluster.nodes[0].url()).start().await;
        chat::hears(&instance).await;
        chat.instances.push(instance);
    }
    let [ann, bob] = chat.instances[0].people(["ann", "bob"]).await;
    let rooms: Vec<_> = (0..12).map(|n| format!("room-{n}")).collect();
    let mut here = ann.socket().await;
    let mut there = bob.at(&chat.instances[1]).socket().await;
    for room in &rooms {
        ann.makes_room(room).await;
        here.join(room).await;
        there.join(room).await;
    }
    for node in &cluster.nodes {
        let used = async || (node.command("PUBSUB SHARDCHANNELS").await? != "*0").then_some(());
        eventually(PATIENCE, "channels on every shard", used).await;
    }
    // What comes by Redis comes to all rooms well before the poll that is made anyway.
    let mut talk = async |word: &str| {
        for room in &rooms {
            here.say(room, word).await;
        }
        for room in &rooms {
            let shown = there.messages_up_to(room, word).await;
            assert_eq!(bodies_of(&shown), [word], "{room}");
        }
    };
    talk("all well").await;
    let heard = chat.instances[1].metric("klatch_words_heard_total").await;
    assert!(heard >= 12.0, "{heard} words came through Redis");
    cluster.nodes[2].kill().await;
    is_well(&chat, false).await;
    talk("a shard is away").await;
    cluster.nodes[2].run().await;
    is_well(&chat, true).await;
    let before = chat.instances[1].metric("klatch_words_heard_total").await;
    talk("all well again").await;
    let after = chat.instances[1].metric("klatch_words_heard_total").await;
    assert!(after - before >= 12.0, "{} words came through Redis", after - before);
}

fn bodies_of(messages: &[Value]) -> Vec<&str> {
    messages.iter().map(|message| message["body"].as_str().expect("a body")).collect()
}

async fn is_well(chat: &Chat, well: bool) {
    for instance in &chat.instances {
        let told = async || ((instance.metric("klatch_redis_well").await == 1.0) == well).then_some(());
        eventually(PATIENCE * 3, "what the instance thinks of Redis", told).await;
    }
}
