//! A Redis that is reached over TLS, whose certificate must be one that the machine trusts.

use crate::common::redis::Redis;
use crate::common::server::{bare_command, lasting_port};
use crate::common::*;
use std::path::PathBuf;
use tempfile::TempDir;

/// A Redis with a certificate for 127.0.0.1 that it signed itself.
struct TlsRedis {
    _redis: Redis,
    url: String,
    folder: TempDir,
}

impl TlsRedis {
    async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let file = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        let (key, certificate) = (file("key.pem"), file("certificate.pem"));
        let request =
            "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=redis -addext subjectAltName=IP:127.0.0.1";
        let mut words: Vec<String> = request.split(' ').map(str::to_owned).collect();
        words.extend(["-keyout", &key, "-out", &certificate].map(str::to_owned));
        let made = bare_command(&words).output().await.expect("openssl, which scripts/test installs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let port = lasting_port();
        let tls_port = port.to_string();
        let mut options = vec!["--tls-port", &tls_port, "--tls-auth-clients", "no"];
        options.extend(["--tls-cert-file", &certificate, "--tls-key-file", &key, "--tls-ca-cert-file", &certificate]);
        let redis = Redis::with(&options).await;
        Self { _redis: redis, url: format!("rediss://127.0.0.1:{port}"), folder }
    }

    fn certificate(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }
}

#[tokio::test]
async fn instances_hear_of_each_other_over_tls() {
    let redis = TlsRedis::start().await;
    let mut chat = Chat::of(0).await;
    for _ in 0..2 {
        let options = chat.options().option("--redis-url", &redis.url);
        let instance = options.environment("SSL_CERT_FILE", &redis.certificate().to_string_lossy()).start().await;
        chat::hears(&instance).await;
        chat.instances.push(instance);
    }
    let [ann, bob] = chat.instances[0].people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let mut writer = ann.socket_in("den").await;
    let mut reader = bob.at(&chat.instances[1]).socket_in("den").await;
    // Who types is told by Redis alone.
    writer.send_json(json!({"type": "typing", "room": "den"})).await;
    reader.expect_where("ann typing", |f| f["type"] == "typing" && f["user"] == ann.user).await;
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused_and_the_log_says_so() {
    let redis = TlsRedis::start().await;
    let instance = Chat::of(0).await.options().option("--redis-url", &redis.url).start().await;
    let told = async || instance.stderr().contains("certificate verify failed").then_some(());
    eventually(PATIENCE, "the reason", told).await;
    assert!(!instance.stderr().contains("Redis answers"));
}
