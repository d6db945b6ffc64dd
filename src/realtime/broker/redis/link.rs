//! A connection to Redis, or to a Redis Cluster, where channels belong to shards.
//!
//! Whatever fails, the whole link is given up and another one made: words may have been missed then, and that is found out
//! in one way only. So nothing here relies on what the client library repairs by itself.

use std::collections::HashMap;

use futures_util::future::try_join_all;
use futures_util::stream::{self, TryStreamExt};
use redis::aio::{AsyncPushSender, MultiplexedConnection};
use redis::cluster::ClusterClientBuilder;
use redis::cluster_async::ClusterConnection;
use redis::{
    AsyncConnectionConfig, ConnectionInfo, ErrorKind, IntoConnectionInfo, Pipeline, ProtocolVersion, RedisError,
    RedisResult, cmd, pipe,
};

use crate::base::start_error::StartError;
use crate::realtime::broker::redis::TIMEOUT;

/// (Un)subscriptions under way at once in a cluster, where each channel has a command of its own.
const CONCURRENT: usize = 64;

/// Where Redis is.
pub struct Client {
    info: ConnectionInfo,
    client: redis::Client,
}

/// # Errors
/// An address that is none.
pub fn client(url: &str) -> Result<Client, StartError> {
    let client = url.into_connection_info().and_then(|info| {
        let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        let info = info.set_redis_settings(settings);
        Ok(Client { client: redis::Client::open(info.clone())?, info })
    });
    client.map_err(|error| StartError::option("redis-url", error))
}

impl Client {
    /// What Redis sends by itself goes to `push`.
    pub async fn connect(&self, push: impl AsyncPushSender + Clone) -> RedisResult<Link> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(TIMEOUT))
            .set_response_timeout(Some(TIMEOUT))
            .set_push_sender(push.clone());
        let mut single = self.client.get_multiplexed_async_connection_with_config(&config).await?;
        // The one command that everybody may use and that tells it.
        let hello: HashMap<String, redis::Value> = cmd("HELLO").query_async(&mut single).await?;
        let is_cluster = matches!(hello.get("mode"), Some(redis::Value::BulkString(mode)) if mode == b"cluster");
        if is_cluster { self.connect_cluster(push).await.map(Link::Cluster) } else { Ok(Link::Single(single)) }
    }

    async fn connect_cluster(&self, push: impl AsyncPushSender) -> RedisResult<ClusterConnection> {
        let client = ClusterClientBuilder::new([self.info.clone()])
            .use_protocol(ProtocolVersion::RESP3)
            .connection_timeout(TIMEOUT)
            .response_timeout(TIMEOUT)
            .overall_response_timeout(Some(TIMEOUT))
            .push_sender(push)
            .build()?;
        let connected = tokio::time::timeout(TIMEOUT * 2, client.get_async_connection());
        connected.await.unwrap_or_else(|_| Err(failed("the cluster does not answer")))
    }

    /// What went wrong, as a line for the log: without the password, which servers may repeat.
    pub fn explain(&self, error: &RedisError) -> String {
        if error.kind() == ErrorKind::RESP3NotSupported {
            return "Redis 6 or later is needed".into();
        }
        match self.info.redis_settings().password() {
            Some(password) if !password.is_empty() => error.to_string().replace(password, "***"),
            _ => error.to_string(),
        }
    }
}

#[derive(Clone)]
pub enum Link {
    Single(MultiplexedConnection),
    /// With sharded channels.
    Cluster(ClusterConnection),
}

impl Link {
    /// Words of one channel keep their order.
    pub async fn publish(&mut self, letters: impl Iterator<Item = (String, Vec<u8>)>) -> RedisResult<()> {
        match self {
            Self::Single(connection) => {
                let mut all = pipe();
                for (channel, payload) in letters {
                    all.cmd("PUBLISH").arg(channel).arg(payload).ignore();
                }
                all.exec_async(connection).await
            }
            Self::Cluster(connection) => {
                let mut by_channel: HashMap<String, Pipeline> = HashMap::new();
                for (channel, payload) in letters {
                    let of_channel = by_channel.entry(channel.clone()).or_default();
                    of_channel.cmd("SPUBLISH").arg(channel).arg(payload).ignore();
                }
                let publish = |of_channel: Pipeline| {
                    let mut connection = connection.clone();
                    async move { of_channel.exec_async(&mut connection).await }
                };
                try_join_all(by_channel.into_values().map(publish)).await.map(drop)
            }
        }
    }

    pub async fn subscribe(&mut self, channels: &[String]) -> RedisResult<()> {
        match self {
            Self::Single(connection) => connection.subscribe(channels).await,
            Self::Cluster(connection) => {
                let subscribe = |channel| {
                    let mut connection = connection.clone();
                    async move { connection.ssubscribe(channel).await }
                };
                stream::iter(channels.iter().map(Ok)).try_for_each_concurrent(CONCURRENT, subscribe).await
            }
        }
    }

    pub async fn unsubscribe(&mut self, channels: &[String]) -> RedisResult<()> {
        match self {
            Self::Single(connection) => connection.unsubscribe(channels).await,
            Self::Cluster(connection) => {
                let unsubscribe = |channel| {
                    let mut connection = connection.clone();
                    async move { connection.sunsubscribe(channel).await }
                };
                stream::iter(channels.iter().map(Ok)).try_for_each_concurrent(CONCURRENT, unsubscribe).await
            }
        }
    }

    /// Asks every shard.
    pub async fn ping(&mut self) -> RedisResult<()> {
        match self {
            Self::Single(connection) => cmd("PING").exec_async(connection).await,
            Self::Cluster(connection) => cmd("PING").exec_async(connection).await,
        }
    }
}

pub fn failed(why: &'static str) -> RedisError {
    RedisError::from((ErrorKind::Io, why))
}
