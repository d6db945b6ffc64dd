//! A HAProxy of one test's own before several instances.

use crate::common::server::{bare_command, lasting_port};
use crate::common::*;
use std::fmt::Write;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::Child;

/// Dropping it kills it.
#[derive(Debug)]
pub struct Balancer {
    pub address: String,
    _process: Child,
    _folder: TempDir,
}

impl Balancer {
    /// Before these addresses; whoever is not ready is passed over.
    pub async fn before(instances: &[String]) -> Self {
        let address = format!("127.0.0.1:{}", lasting_port());
        let mut configuration = format!(
            "defaults\n mode http\n option redispatch\n retries 3\n timeout connect 1s\n timeout client 1m\n \
             timeout server 1m\n timeout tunnel 1h\n\
             frontend chat\n bind {address}\n default_backend instances\n\
             backend instances\n option httpchk GET /readyz\n default-server check inter 250ms fall 1 rise 1\n"
        );
        for (n, instance) in instances.iter().enumerate() {
            writeln!(configuration, " server klatch-{n} {instance}").expect("a string");
        }
        let folder = tempfile::tempdir().expect("a temporary directory");
        let file = folder.path().join("haproxy.cfg");
        std::fs::write(&file, configuration).expect("a file");
        let words = ["haproxy", "-q", "-db", "-f", &file.to_string_lossy()].map(str::to_owned);
        let process = bare_command(&words).spawn().expect("haproxy, which scripts/test installs");
        eventually(PATIENCE, "HAProxy", async || TcpStream::connect(&address).await.ok().map(drop)).await;
        Self { address, _process: process, _folder: folder }
    }
}
