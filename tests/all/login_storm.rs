//! Hashing passwords is slow by design, and happens beside everything else.

use crate::common::*;

/// Enough that hashing them one after another takes longer than a handful of messages ever should.
const LOGINS: usize = 60;

#[tokio::test]
async fn a_login_storm_does_not_delay_a_message() {
    let server = Options::sqlite().option("--login-rate", 0).start().await;
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    let storm: Vec<_> = (0..LOGINS)
        .map(|_| {
            let stranger = server.stranger();
            tokio::spawn(async move {
                stranger.post("/login", json!({"username": "ann", "password": "wrong password"})).await.status
            })
        })
        .collect();
    // All of them are in; the first has been refused, so hashing is under way.
    eventually(PATIENCE, "the first answer", async || storm.iter().any(|login| login.is_finished()).then_some(()))
        .await;
    for n in 0..5 {
        socket.say("den", &format!("message {n}")).await;
    }
    let waiting = storm.iter().filter(|login| !login.is_finished()).count();
    assert!(waiting > 0, "five messages took longer than {LOGINS} logins");
    for login in storm {
        assert_eq!(login.await.expect("a login"), 401);
    }
}
