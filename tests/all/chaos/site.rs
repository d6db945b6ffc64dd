//! Several instances on lasting ports, each with its own way to one Redis.

use super::words::Words;
use crate::common::chat::hears;
use crate::common::redis::Redis;
use crate::common::server::{lasting_port, run};
use crate::common::*;
use std::time::Duration;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::Instant;

/// How long an instance may take to start, with what it needs being away for a while.
const START: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub struct Site {
    // In this order they are dropped: first those who use the others.
    instances: Vec<Mutex<Server>>,
    pub addresses: Vec<String>,
    pub words: Vec<Words>,
    pub redis: Mutex<Redis>,
    database: String,
}

impl Site {
    pub async fn on(database: &str, instances: usize, adjust: impl Fn(Options) -> Options) -> Self {
        let redis = Redis::start().await;
        let (redis, database) = (Mutex::new(redis), database.to_owned());
        let mut site = Self { instances: vec![], addresses: vec![], words: vec![], redis, database };
        for _ in 0..instances {
            let words = Words::to(site.redis.lock().await.address()).await;
            let options = Options::sqlite()
                .option("--database-url", &site.database)
                .option("--redis-url", words.url())
                .option("--secret", "5e".repeat(64))
                .listen(format!("127.0.0.1:{}", lasting_port()));
            let instance = adjust(options).start().await;
            hears(&instance).await;
            site.addresses.push(instance.address.clone());
            site.instances.push(Mutex::new(instance));
            site.words.push(words);
        }
        site
    }

    /// Somebody who has just signed up, and owns the chat.
    pub async fn owner(&self, name: &str) -> Person {
        let person = self.instance(0).await.person(name).await;
        let folder = tempfile::tempdir().expect("a temporary directory");
        let words = ["user", "role", name, "owner", "--database-url", &self.database];
        let made = run(folder.path(), &words, &[]).await;
        assert!(made.status.success(), "{made:?}");
        person
    }

    pub async fn instance(&self, n: usize) -> MutexGuard<'_, Server> {
        self.instances[n].lock().await
    }
}

/// Starts an instance, which may run, with this place to end itself at; none where that is empty.
pub async fn start_again(instance: &mut Server, abort: &str) {
    let began = Instant::now();
    while !instance.try_restart("KLATCH_TEST_ABORT", abort).await {
        assert!(began.elapsed() < START, "an instance that starts: not within {START:?}");
    }
}
