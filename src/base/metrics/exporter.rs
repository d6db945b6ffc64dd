//! From the numbers to Prometheus' text format.

use std::time::Duration;

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use metrics_process::Collector;

use crate::base::metrics::{COMMIT_DURATION, COMMIT_WRITES, HTTP_DURATION, METRICS};

/// The upper bounds of buckets. A commit's end where nobody waits any longer, a batch's where it has no more.
const BUCKETS: [(&str, &[f64]); 3] = [
    (COMMIT_DURATION, &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0]),
    (COMMIT_WRITES, &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0]),
    (HTTP_DURATION, &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0]),
];

/// How often samples are put into their buckets: each takes memory until then.
const UPKEEP: Duration = Duration::from_secs(5);

/// What `/metrics` shows.
#[derive(Clone)]
pub struct Exporter {
    recorder: PrometheusHandle,
    process: Collector,
}

impl Exporter {
    /// Begins to count. To be called before anything touches [`METRICS`].
    ///
    /// # Errors
    /// This process counts already.
    pub fn install() -> Result<Self, BuildError> {
        let mut builder = PrometheusBuilder::new();
        for (name, bounds) in BUCKETS {
            builder = builder.set_buckets_for_metric(Matcher::Full(name.to_owned()), bounds)?;
        }
        let recorder = builder.install_recorder()?;
        let process = Collector::default();
        process.describe();
        METRICS.build_info.of(env!("CARGO_PKG_VERSION")).set(1);
        Ok(Self { recorder, process })
    }

    /// Puts samples into their buckets now and then, for as long as it is polled.
    pub async fn keep_up(self) {
        let mut ticks = tokio::time::interval(UPKEEP);
        loop {
            ticks.tick().await;
            self.recorder.run_upkeep();
        }
    }

    /// All numbers as text. Reads `/proc`, which takes a while where many files are open: not for a worker's thread.
    pub fn render(&self) -> String {
        self.process.collect();
        self.recorder.render()
    }
}
