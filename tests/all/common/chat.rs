//! Several instances of one chat: one Postgres, one Redis.

use super::database::Database;
use super::people::Person;
use super::postgres::TestDatabase;
use super::redis::Redis;
use super::server::{Options, Server};
use super::wait::{PATIENCE, eventually};

#[derive(Debug)]
pub struct Chat {
    // In this order they are dropped: first those who use the others.
    pub instances: Vec<Server>,
    pub redis: Redis,
    database: TestDatabase,
}

impl Chat {
    /// So many instances, which hear of each other.
    pub async fn of(instances: usize) -> Self {
        Self::with(instances, |options| options).await
    }

    pub async fn with(instances: usize, adjust: impl Fn(Options) -> Options) -> Self {
        let database = Database::Postgres.create().expect("a Postgres database");
        let mut chat = Self { instances: vec![], redis: Redis::start().await, database };
        for _ in 0..instances {
            let instance = adjust(chat.options()).start().await;
            chat.instances.push(instance);
        }
        for instance in &chat.instances {
            hears(instance).await;
        }
        chat
    }

    /// How another instance is started.
    pub fn options(&self) -> Options {
        Options::sqlite()
            .option("--database-url", &self.database.url)
            .option("--redis-url", self.redis.url())
            .option("--secret", "5e".repeat(64))
    }

    pub fn database(&self) -> &TestDatabase {
        &self.database
    }

    /// Somebody who has just signed up, at the first instance.
    pub async fn person(&self, name: &str) -> Person {
        self.instances[0].person(name).await
    }
}

/// Waits until an instance hears of the others.
pub async fn hears(instance: &Server) {
    eventually(PATIENCE, "an instance that hears of others", async || {
        instance.stderr().contains("Redis answers").then_some(())
    })
    .await;
}
