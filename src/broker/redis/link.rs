//! A connection to Redis, or to a Redis Cluster, where channels belong to shards.

use redis::aio::{AsyncPushSender, MultiplexedConnection};
use redis::{
    AsyncConnectionConfig, ErrorKind, IntoConnectionInfo, ProtocolVersion, RedisError, RedisResult, cmd, pipe,
};

use super::TIMEOUT;
use crate::error::StartError;

/// Where Redis is.
pub struct Client(redis::Client);

/// # Errors
/// An address that is none.
pub fn client(url: &str) -> Result<Client, StartError> {
    let client = url.into_connection_info().and_then(|info| {
        let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        redis::Client::open(info.set_redis_settings(settings))
    });
    client.map(Client).map_err(|error| StartError::option("redis-url", error))
}

impl Client {
    /// What Redis sends by itself goes to `push`.
    pub async fn connect(&self, push: impl AsyncPushSender) -> RedisResult<Link> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(TIMEOUT))
            .set_response_timeout(Some(TIMEOUT))
            .set_push_sender(push);
        Ok(Link(self.0.get_multiplexed_async_connection_with_config(&config).await?))
    }
}

#[derive(Clone)]
pub struct Link(MultiplexedConnection);

impl Link {
    pub async fn publish(&mut self, letters: impl Iterator<Item = (String, Vec<u8>)>) -> RedisResult<()> {
        let mut pipe = pipe();
        for (channel, payload) in letters {
            pipe.cmd("PUBLISH").arg(channel).arg(payload).ignore();
        }
        pipe.exec_async(&mut self.0).await
    }

    pub async fn subscribe(&mut self, channels: &[String]) -> RedisResult<()> {
        if channels.is_empty() { Ok(()) } else { self.0.subscribe(channels).await }
    }

    pub async fn unsubscribe(&mut self, channels: &[String]) -> RedisResult<()> {
        if channels.is_empty() { Ok(()) } else { self.0.unsubscribe(channels).await }
    }

    pub async fn ping(&mut self) -> RedisResult<()> {
        cmd("PING").exec_async(&mut self.0).await
    }
}

pub fn closed() -> RedisError {
    RedisError::from((ErrorKind::Io, "the connection is closed"))
}
