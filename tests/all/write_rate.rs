//! How fast somebody may change what is no message, how much of it they may make in a day, and how many accounts come from
//! one address.

use crate::common::*;
use futures_util::future::join_all;
use reqwest::Method;

/// The status of an answer that must be a success or `rate_limited`, and then says when to come again.
#[track_caller]
fn allowed(reply: &Reply) -> bool {
    if reply.status != 429 {
        assert!(reply.status < 400, "{} {}", reply.status, reply.text);
        return true;
    }
    assert_eq!(reply.error(), (429, "rate_limited"));
    assert!(reply.json["error"]["retry_after_ms"].as_u64().is_some_and(|wait| wait > 0), "{}", reply.text);
    assert!(reply.header("retry-after").parse::<u64>().is_ok_and(|wait| wait > 0), "{}", reply.text);
    false
}

/// Every call and form that changes something beside messages takes from one bucket.
async fn every_other_change_is_limited(options: Options) {
    let server = options.option("--write-rate", 1).start().await;
    let admin = server.person_as("root", "owner").await;
    let message = admin.http.post("/rooms", json!({"slug": "den"})).await.ok(201);
    drop(message);
    let id = admin.posts("den", "hello").await["id"].clone();
    for name in ["bob", "eve"] {
        server.person(name).await;
    }
    let calls = [
        (Method::POST, "/rooms".to_owned(), json!({"slug": "attic"})),
        (Method::PATCH, "/rooms/den".into(), json!({"topic": "x"})),
        (Method::DELETE, "/rooms/nowhere".into(), json!({"confirm": "nowhere"})),
        (Method::PUT, "/rooms/den/members/bob".into(), Value::Null),
        (Method::PATCH, "/rooms/den/members/root".into(), json!({"role": "moderator"})),
        (Method::DELETE, "/rooms/den/members/bob".into(), Value::Null),
        (Method::PUT, "/rooms/den/mutes/bob".into(), json!({})),
        (Method::DELETE, "/rooms/den/mutes/bob".into(), Value::Null),
        (Method::PUT, "/rooms/den/bans/bob".into(), json!({})),
        (Method::DELETE, "/rooms/den/bans/bob".into(), Value::Null),
        (Method::PUT, "/rooms/den/notify".into(), json!({"notify": "all"})),
        (Method::PUT, "/rooms/den/star".into(), Value::Null),
        (Method::DELETE, "/rooms/den/star".into(), Value::Null),
        (Method::POST, "/rooms/den/unread".into(), json!({"from": 1})),
        (Method::POST, "/read".into(), json!({})),
        (Method::POST, format!("/rooms/den/messages/{id}/reports"), json!({})),
        (Method::POST, "/direct".into(), json!({"users": ["bob"]})),
        (Method::POST, "/invitations".into(), json!({})),
        (Method::DELETE, "/invitations/1".into(), Value::Null),
        (Method::PATCH, "/me".into(), json!({"about": "x"})),
        (Method::PUT, "/me/status".into(), json!({"text": "x"})),
        (Method::DELETE, "/me/status".into(), Value::Null),
        (Method::POST, "/me/password".into(), json!({"old": PASSWORD, "new": PASSWORD})),
        (Method::GET, "/me/export".into(), Value::Null),
        (Method::PATCH, "/users/bob".into(), json!({"role": "guest"})),
        (Method::PUT, "/users/bob/ban".into(), json!({})),
        (Method::DELETE, "/users/bob/ban".into(), Value::Null),
        (Method::POST, "/users/bob/wipe".into(), Value::Null),
    ];
    // More at once than the bucket holds and is refilled by meanwhile.
    let burst = join_all((0..40).map(|n| admin.http.put_json("/rooms/den/notify", notify(n)))).await;
    let passed = burst.iter().filter(|reply| allowed(reply)).count();
    assert!((1..=20).contains(&passed), "{passed} of 40");
    for (method, path, body) in calls {
        let mut limited = false;
        for _ in 0..10 {
            // Whatever the clock has put back meanwhile is taken first, unless the machine is slow.
            join_all((0..12).map(|n| admin.http.put_json("/rooms/den/notify", notify(n)))).await;
            let reply = admin.http.try_call(method.clone(), &path, &body).await.expect("an answer");
            limited = reply.status == 429 && !allowed(&reply);
            if limited {
                break;
            }
        }
        assert!(limited, "{method} {path}");
    }
    // Forms as well, and messages not at all.
    let mut statuses = vec![];
    while statuses.last() != Some(&429) && statuses.len() < 10 {
        join_all((0..12).map(|n| admin.http.put_json("/rooms/den/notify", notify(n)))).await;
        let form = admin.http.request(Method::POST, "page:/rooms").header("Origin", server.url());
        statuses.push(Reply::of(form.form(&[("slug", "cellar")])).await.status);
    }
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
    admin.posts("den", "still here").await;
    server.person("carl").await.http.put("/rooms/den/members/me").await.ok(204);
}

fn notify(n: usize) -> Value {
    json!({"notify": if n.is_multiple_of(2) { "all" } else { "mentions" }})
}

/// A frame that makes somebody a member is such a change too.
async fn joining_new_rooms_by_the_socket_is_limited(options: Options) {
    let server = options.option("--write-rate", 1).start().await;
    let [ann, bob] = server.people(["ann", "bob"]).await;
    for n in 0..30 {
        server.execute(&format!(
            "INSERT INTO rooms (slug, title, topic, kind, created_at) SELECT 'r{n}', '', '', 'public', created_at \
             FROM users WHERE username = 'ann'"
        ));
    }
    drop(ann);
    let mut socket = bob.socket().await;
    let mut refused = 0;
    for n in 0..30 {
        let answer = socket.ask(json!({"type": "join", "room": format!("r{n}")})).await;
        if answer["type"] == "error" {
            assert_eq!(answer["code"], "rate_limited", "{answer}");
            assert!(answer["retry_after_ms"].as_u64().is_some_and(|wait| wait > 0), "{answer}");
            refused += 1;
        }
    }
    assert!(refused > 0, "30 rooms within {} s", 20);
    // Coming back to where one is takes nothing.
    for _ in 0..30 {
        socket.join("r0").await;
    }
}

/// So many that the next is refused, whichever way it is made. The count of the day is set just below the cap.
async fn what_somebody_makes_in_a_day_has_a_cap(options: Options) {
    let server = options.option("--write-rate", 1000).start().await;
    let [ann, bob, _carl, _dora] = server.people(["ann", "bob", "carl", "dora"]).await;
    server.execute("UPDATE users SET role = 'admin' WHERE username = 'ann'");
    ann.makes_room("den").await;
    ann.adds("bob", "den").await;
    let ids = [ann.posts("den", "one").await["id"].clone(), ann.posts("den", "two").await["id"].clone()];
    let (ids, others) = (&ids, ["carl", "dora"]);
    let tries = async |kind: &str, n: usize| match kind {
        "rooms" => ann.http.post("/rooms", json!({"slug": format!("room{n}")})).await,
        "direct" => ann.http.post("/direct", json!({"users": [others[n]]})).await,
        "invitations" => ann.http.post("/invitations", json!({})).await,
        "reports" => ann.http.post(&format!("/rooms/den/messages/{}/reports", ids[n]), json!({})).await,
        _ => ann.http.put(&format!("/rooms/den/members/{}", others[n])).await,
    };
    for (kind, most) in [("rooms", 100), ("direct", 200), ("invitations", 100), ("reports", 50), ("additions", 500)] {
        server.execute(&format!("DELETE FROM daily_counts WHERE kind = '{kind}'"));
        let today = match server.test_database() {
            Some(_) => "(now() AT TIME ZONE 'UTC')::date",
            None => "date('now')",
        };
        server.execute(&format!(
            "INSERT INTO daily_counts (user_id, kind, day, count) \
             SELECT id, '{kind}', {today}, {} FROM users WHERE username = 'ann'",
            most - 1
        ));
        assert!(allowed(&tries(kind, 0).await), "{kind}");
        let refused = tries(kind, 1).await;
        assert!(!allowed(&refused), "{kind}");
        let wait = refused.json["error"]["retry_after_ms"].as_u64();
        assert!(wait.is_some_and(|wait| wait <= 86_400_000), "{kind}: until tomorrow");
        // Yesterday's do not count.
        server.execute(&format!("UPDATE daily_counts SET day = '2020-01-01' WHERE kind = '{kind}'"));
        assert!(allowed(&tries(kind, 1).await), "{kind}, the next day");
    }
    // What is there already, and what is one's own, is none of it.
    server.execute("UPDATE daily_counts SET count = 100000");
    ann.http.post("/direct", json!({"users": ["carl"]})).await.ok(200);
    bob.http.delete("/rooms/den/members/me").await.ok(204);
    server.execute("UPDATE daily_counts SET count = 100000");
    bob.http.put("/rooms/den/members/me").await.ok(204);
}

/// The caps by their real numbers, as somebody would meet them who makes one thing after the other.
async fn the_hundred_and_first_room_of_a_day_is_refused(options: Options) {
    let server = options.option("--write-rate", 10_000).start().await;
    let ann = server.person("ann").await;
    let mut made = 0;
    while made < 100 {
        assert!(allowed(&ann.http.post("/rooms", json!({"slug": format!("room{made}")})).await), "{made}");
        made += 1;
    }
    assert!(!allowed(&ann.http.post("/rooms", json!({"slug": "another"})).await));
    server.person("bob").await.makes_room("another").await;
}

#[tokio::test]
async fn the_caps_of_a_day_hold_over_instances() {
    let chat = Chat::with(2, |options| options.option("--write-rate", 10_000)).await;
    let ann = chat.person("ann").await;
    let there = ann.at(&chat.instances[1]);
    let makes = |n: usize| {
        let http = if n.is_multiple_of(2) { ann.http.clone() } else { there.http.clone() };
        async move { allowed(&http.post("/rooms", json!({"slug": format!("room{n}")})).await) }
    };
    let mut made = 0;
    for n in (0..120).step_by(4) {
        made += join_all((n..n + 4).map(makes)).await.into_iter().filter(|made| *made).count();
    }
    assert_eq!(made, 100);
}

#[tokio::test]
async fn no_rate_and_no_cap_where_the_operator_wants_none() {
    let server = Server::start(Options::sqlite()).await;
    let ann = server.person("ann").await;
    for n in 0..110 {
        ann.makes_room(&format!("room{n}")).await;
    }
}

async fn sign_up_from(server: &Server, name: &str, address: &str) -> Reply {
    let request = server.stranger().request(Method::POST, "/signup").header("X-Forwarded-For", address);
    Reply::of(request.json(&json!({"username": name, "password": PASSWORD}))).await
}

#[tokio::test]
async fn sign_ups_of_one_address_are_limited_and_others_are_not() {
    let server = Options::sqlite().without("--signup-rate").option("--trusted-proxies", "127.0.0.1").start().await;
    for n in 0..20 {
        let address = format!("2001:db8::{n:x}");
        assert!(allowed(&sign_up_from(&server, &format!("p{n}"), &address).await), "one network: {n}");
    }
    let refused = sign_up_from(&server, "one-more", "2001:db8::ffff").await;
    assert!(!allowed(&refused));
    assert!(allowed(&sign_up_from(&server, "one-more", "192.0.2.1").await));
    let page = server.stranger().request(Method::POST, "page:/signup").header("X-Forwarded-For", "2001:db8::1");
    let form = page.form(&[("username", "by-form"), ("password", PASSWORD)]);
    assert_eq!(Reply::of(form).await.status, 429);
}

/// A flood of new names, from as many addresses as you like, keeps nobody with an account from signing in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_sign_ups_keeps_nobody_from_signing_in() {
    process::allow_open_files(1_000);
    let server = Options::sqlite().with_real_passwords().option("--trusted-proxies", "127.0.0.1").start().await;
    let ann = server.person("ann").await;
    let server = std::sync::Arc::new(server);
    let flood: Vec<_> = (0..90)
        .map(|n| {
            let server = server.clone();
            tokio::spawn(async move {
                for round in 0.. {
                    let address = format!("198.51.{}.{}", n / 256, n % 256);
                    sign_up_from(&server, &format!("n{n}-{round}"), &address).await;
                }
            })
        })
        .collect();
    eventually(PATIENCE, "the first of them", async || (server.number("SELECT count(*) FROM users") > 2).then_some(()))
        .await;
    for _ in 0..5 {
        ann.elsewhere().await;
    }
    flood.iter().for_each(tokio::task::JoinHandle::abort);
}

on_both_databases![
    every_other_change_is_limited,
    joining_new_rooms_by_the_socket_is_limited,
    what_somebody_makes_in_a_day_has_a_cap,
    the_hundred_and_first_room_of_a_day_is_refused,
];
