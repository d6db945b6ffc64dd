//! The balancer as operators run it, in front of instances of a test's own.

use super::http::Http;
use super::server::{Server, bare_command, lasting_port};
use super::wait::{PATIENCE, eventually};
use std::process::Stdio;
use tokio::process::Child;

/// What `docker-compose.yml` has it read, too.
pub const CONFIGURATION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/haproxy.cfg");

/// Dropping it kills it.
#[derive(Debug)]
pub struct Haproxy {
    pub address: String,
    _process: Child,
}

impl Haproxy {
    /// In front of up to three instances; returns when it serves.
    pub async fn before(instances: &[Server]) -> Self {
        Self::before_all(instances.iter().map(|instance| instance.address.as_str())).await
    }

    /// As [`before`](Self::before), for whoever listens there.
    pub async fn before_all(instances: impl Iterator<Item = &str>) -> Self {
        let address = format!("127.0.0.1:{}", lasting_port());
        let words = ["haproxy", "-db", "-f", CONFIGURATION].map(str::to_owned);
        let mut command = bare_command(&words);
        command.env("BIND", &address).stdout(Stdio::null());
        // Nobody listens on port 1: an instance that is not there.
        let addresses = instances.chain(std::iter::repeat("127.0.0.1:1"));
        for (n, address) in (1..=3).zip(addresses) {
            command.env(format!("INSTANCE_{n}"), address);
        }
        let process = command.spawn().expect("haproxy, which scripts/test installs");
        let haproxy = Self { address, _process: process };
        let http = Http::new(&haproxy.url());
        let ready = async || http.request(reqwest::Method::GET, "page:/readyz").send().await.ok();
        let is_ready = async || ready().await.filter(|answer| answer.status() == 200).map(drop);
        eventually(PATIENCE, "the balancer", is_ready).await;
        haproxy
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}
