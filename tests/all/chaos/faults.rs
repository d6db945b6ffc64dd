//! What goes wrong, chosen at random; each fault ends by itself.

use super::network::Network;
use super::site::{Site, start_again};
use super::words::Weather;
use crate::common::postgres::Cluster;
use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use std::fmt::Arguments;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

#[derive(Clone, Copy, Debug)]
enum Fault {
    /// An instance is killed with -9 and started again.
    Kill,
    /// An instance ends itself between a commit and its publication.
    CrashAfterCommit,
    /// An instance is told to end, does so, and is started again.
    Roll,
    FreezeRedis,
    /// Redis is killed with -9 and started again, empty.
    RestartRedis,
    FreezePostgres,
    RestartPostgres,
    CutSockets,
    HalfOpenSockets,
    /// Words between an instance and Redis are lost, repeated, late, out of order.
    Storm,
    CutFromRedis,
    SilenceFromRedis,
}

/// How often each happens, in proportion.
const FAULTS: [(Fault, u32); 12] = [
    (Fault::Kill, 3),
    (Fault::CrashAfterCommit, 3),
    (Fault::Roll, 2),
    (Fault::FreezeRedis, 2),
    (Fault::RestartRedis, 2),
    (Fault::FreezePostgres, 1),
    (Fault::RestartPostgres, 1),
    (Fault::CutSockets, 2),
    (Fault::HalfOpenSockets, 2),
    (Fault::Storm, 3),
    (Fault::CutFromRedis, 1),
    (Fault::SilenceFromRedis, 1),
];

/// What can fail.
pub struct Parts {
    pub site: Site,
    pub cluster: Mutex<Cluster>,
    pub network: Network,
    pub began: Instant,
}

impl Parts {
    /// Causes one fault after another until that time; two at once overlap.
    pub async fn fail_until(&self, end: Instant, mut rng: StdRng) {
        while Instant::now() < end {
            let (fault, _) = *FAULTS.choose_weighted(&mut rng, |(_, weight)| *weight).expect("weights");
            self.fail(fault, &mut rng).await;
            sleep(millis(&mut rng, 100, 2_000)).await;
        }
    }

    /// The last fault is a death: its ghosts are the last to go.
    pub async fn end_with_a_death(&self, mut rng: StdRng) {
        self.fail(Fault::Kill, &mut rng).await;
    }

    fn tell(&self, what: Arguments<'_>) {
        eprintln!("{:7.2} s  {what}", self.began.elapsed().as_secs_f64());
    }

    async fn fail(&self, fault: Fault, rng: &mut StdRng) {
        let n = rng.random_range(0..self.site.addresses.len());
        match fault {
            Fault::Kill => {
                let mut instance = self.site.instance(n).await;
                self.tell(format_args!("instance {n}: kill -9"));
                instance.kill().await;
                sleep(millis(rng, 0, 1_500)).await;
                start_again(&mut instance, "").await;
                self.tell(format_args!("instance {n}: started"));
            }
            Fault::CrashAfterCommit => {
                let mut instance = self.site.instance(n).await;
                let commits = rng.random_range(1..30);
                self.tell(format_args!("instance {n}: started to end after commit {commits}"));
                start_again(&mut instance, &format!("journal:{commits}")).await;
                let ended = instance.ends_within(Duration::from_secs(8)).await;
                self.tell(format_args!("instance {n}: {}", if ended { "has ended" } else { "did not come so far" }));
                start_again(&mut instance, "").await;
            }
            Fault::Roll => {
                let mut instance = self.site.instance(n).await;
                self.tell(format_args!("instance {n}: SIGTERM"));
                instance.signal(libc::SIGTERM);
                let ended = instance.ends_within(Duration::from_secs(20)).await;
                self.tell(format_args!("instance {n}: {}", if ended { "has drained" } else { "did not end" }));
                start_again(&mut instance, "").await;
            }
            Fault::FreezeRedis => {
                let redis = self.site.redis.lock().await;
                self.tell(format_args!("Redis: SIGSTOP"));
                redis.freeze();
                sleep(millis(rng, 300, 4_000)).await;
                redis.thaw();
                self.tell(format_args!("Redis: SIGCONT"));
            }
            Fault::RestartRedis => {
                let mut redis = self.site.redis.lock().await;
                self.tell(format_args!("Redis: kill -9"));
                redis.kill().await;
                sleep(millis(rng, 0, 3_000)).await;
                redis.run().await;
                self.tell(format_args!("Redis: started, empty"));
            }
            Fault::FreezePostgres => {
                let mut cluster = self.cluster.lock().await;
                self.cause(&mut cluster, "freeze");
                sleep(millis(rng, 300, 4_000)).await;
                self.cause(&mut cluster, "thaw");
            }
            Fault::RestartPostgres => {
                let mut cluster = self.cluster.lock().await;
                self.cause(&mut cluster, "stop");
                sleep(millis(rng, 0, 1_000)).await;
                self.cause(&mut cluster, "start");
            }
            Fault::CutSockets => {
                self.tell(format_args!("sockets: a third is cut"));
                self.network.cut(1.0 / 3.0);
            }
            Fault::HalfOpenSockets => {
                self.tell(format_args!("sockets: a fifth is half open"));
                self.network.half_open(0.2);
            }
            Fault::Storm => {
                let weather = Weather {
                    loses: rng.random_range(0.0..0.5),
                    repeats: rng.random_range(0.0..0.5),
                    holds_back: rng.random_range(0.0..0.5),
                    for_millis: rng.random_range(5..500),
                };
                self.tell(format_args!("instance {n} and Redis: {weather:?}"));
                self.site.words[n].set(weather);
                sleep(millis(rng, 1_000, 5_000)).await;
                self.site.words[n].set(Weather::default());
                self.tell(format_args!("instance {n} and Redis: fair weather"));
            }
            Fault::CutFromRedis | Fault::SilenceFromRedis => {
                self.tell(format_args!("instance {n} and Redis: {fault:?}"));
                let words = &self.site.words[n];
                if matches!(fault, Fault::CutFromRedis) {
                    words.cut();
                } else {
                    words.silence();
                }
                sleep(millis(rng, 300, 4_000)).await;
                words.mend();
                self.tell(format_args!("instance {n} and Redis: mended"));
            }
        }
    }

    fn cause(&self, cluster: &mut Cluster, fault: &str) {
        self.tell(format_args!("Postgres: {fault}"));
        tokio::task::block_in_place(|| cluster.cause(fault));
    }
}

fn millis(rng: &mut StdRng, from: u64, to: u64) -> Duration {
    Duration::from_millis(rng.random_range(from..to))
}
