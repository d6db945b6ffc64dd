//! What people notice of a Redis that fails: what comes from other instances comes a little later, and nothing else.

use crate::browser::wire::Wire;
use crate::common::chat::hears;
use crate::common::process::memory;
use crate::common::scale::hastened;
use crate::common::*;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Redis is found to be away, two polls pass, and a busy machine has time for it.
const LATE: Duration = Duration::from_secs(8);

async fn well(instances: &[Server], is_well: bool) {
    for instance in instances {
        eventually(PATIENCE, "what the instance thinks of Redis", async || {
            ((instance.metric("klatch_redis_well").await == 1.0) == is_well).then_some(())
        })
        .await;
    }
}

fn is_presence_of(count: usize) -> impl Fn(&Value) -> bool {
    move |frame| frame["type"] == "presence" && frame["count"] == count
}

/// How long the slowest of most deliveries took.
fn p99(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() * 99 / 100]
}

#[tokio::test]
async fn a_redis_that_freezes_delays_nothing_inside_an_instance_and_grows_no_queue() {
    let chat = Chat::of(2).await;
    let [ann, bob, cleo] = chat.instances[0].people(["ann", "bob", "cleo"]).await;
    ann.makes_room("den").await;
    ann.makes_room("hall").await;
    let mut writer = ann.socket_in("den").await;
    let mut here = bob.socket_in("den").await;
    let mut there = bob.at(&chat.instances[1]).socket_in("den").await;
    // Somebody writes much, all the while: what a queue would grow by.
    let mut flood = cleo.socket_in("hall").await;
    let (stop, mut stopped) = tokio::sync::watch::channel(false);
    let flooding = tokio::spawn(async move {
        let mut bytes = 0;
        while !*stopped.borrow_and_update() {
            let body = "x".repeat(4_000);
            bytes += body.len();
            flood.say("hall", &body).await;
            flood.message().await;
        }
        bytes
    });
    let mut said = 0;
    let mut talk = async |over: Duration| {
        let (began, mut times) = (Instant::now(), vec![]);
        while began.elapsed() < over {
            let at = Instant::now();
            writer.say("den", &said.to_string()).await;
            assert_eq!(here.message().await["body"], said.to_string());
            times.push(at.elapsed());
            said += 1;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        (times, said - 1)
    };
    let frozen = Duration::from_secs(scale().frozen_secs);
    let (control, last) = talk(frozen / 4).await;
    there.messages_up_to("den", &last.to_string()).await;
    let before = memory(&chat.instances[0]);
    chat.redis.freeze();
    let (first, last) = talk(Duration::from_secs(3)).await;
    // Late by polls, not by the freeze.
    let at = Instant::now();
    there.messages_up_to("den", &last.to_string()).await;
    assert!(at.elapsed() < LATE, "{:?}", at.elapsed());
    let (second, last) = talk(frozen - Duration::from_secs(3)).await;
    let waiting = chat.instances[0].metric("klatch_words_outgoing").await;
    let dropped = chat.instances[0].metric("klatch_words_dropped_total{reason=\"away\"}").await;
    let after = memory(&chat.instances[0]);
    chat.redis.thaw();
    there.messages_up_to("den", &last.to_string()).await;
    well(&chat.instances, true).await;
    let (_, last) = talk(Duration::from_secs(1)).await;
    there.messages_up_to("den", &last.to_string()).await;
    stop.send_replace(true);
    let bytes = flooding.await.expect("a flood");
    let frozen = p99([first, second].concat());
    let control = p99(control);
    assert!(frozen < control * 5 + Duration::from_millis(250), "{frozen:?} instead of {control:?}");
    assert!(dropped > 0.0 && waiting == 0.0, "dropped {dropped}, waiting {waiting}");
    let grown = after.saturating_sub(before);
    assert!(grown < 32 << 20, "{} MiB more after {} MiB were written", grown >> 20, bytes >> 20);
    eprintln!("p99 {control:?} before, {frozen:?} frozen; memory {before} before, {after} after, {bytes} written");
}

/// Longer than any instance believes another without hearing of it.
#[tokio::test]
async fn a_redis_that_is_away_for_long_and_comes_back_empty_empties_no_room() {
    let mut chat = Chat::with(2, Options::in_haste).await;
    let [ann, bob] = chat.instances[0].people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let mut here = ann.socket_in("den").await;
    let mut there = bob.at(&chat.instances[1]).socket_in("den").await;
    here.expect_where("bob's coming", is_presence_of(2)).await;
    there.say("den", "both are here").await;
    here.messages_up_to("den", "both are here").await;
    chat.redis.kill().await;
    let away = Instant::now();
    let mut said = 0;
    while away.elapsed() < hastened(Duration::from_secs(27)) {
        said += 1;
        here.say("den", &said.to_string()).await;
        there.messages_up_to("den", &said.to_string()).await;
    }
    let joined = ann.socket().await.join("den").await;
    assert_eq!(joined["people"]["count"], 2);
    chat.redis.run().await;
    well(&chat.instances, true).await;
    // And each hears of the other again: somebody else's coming is told, at the instance where they are not.
    let cleo = chat.person("cleo").await;
    let _cleos = cleo.at(&chat.instances[1]).socket_in("den").await;
    let frames = here.up_to("cleo's coming", is_presence_of(3)).await;
    let presence = frames.iter().filter(|frame| frame["type"] == "presence");
    assert!(presence.clone().all(|frame| frame["left"] == json!([])), "{:?}", presence.collect::<Vec<_>>());
}

#[tokio::test]
async fn a_redis_that_comes_up_after_the_instances_is_found() {
    let mut chat = Chat::of(0).await;
    chat.redis.kill().await;
    for _ in 0..2 {
        let instance = chat.options().start().await;
        chat.instances.push(instance);
    }
    let [ann, bob] = chat.instances[0].people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let mut here = ann.socket_in("den").await;
    let mut there = bob.at(&chat.instances[1]).socket_in("den").await;
    here.say("den", "without").await;
    there.messages_up_to("den", "without").await;
    chat.redis.run().await;
    for instance in &chat.instances {
        hears(instance).await;
        assert_eq!(instance.stderr().matches("Redis is away").count(), 1, "{}", instance.stderr());
    }
    here.expect_where("bob, who has been there for long", is_presence_of(2)).await;
}

#[tokio::test]
async fn connections_that_are_cut_lose_and_repeat_nothing() {
    let mut chat = Chat::of(0).await;
    let wire = Wire::to(&chat.redis.address()).await;
    for _ in 0..2 {
        let instance = chat.options().option("--redis-url", wire.url().replace("http", "redis")).start().await;
        hears(&instance).await;
        chat.instances.push(instance);
    }
    let [ann, bob] = chat.instances[0].people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let mut here = ann.socket_in("den").await;
    let mut there = bob.at(&chat.instances[1]).socket_in("den").await;
    for round in 0..8 {
        for n in 0..10 {
            here.say("den", &(round * 10 + n).to_string()).await;
            match n {
                3 => wire.cut(),
                6 => wire.mend(),
                _ => {}
            }
        }
        well(&chat.instances, true).await;
    }
    let shown = there.messages_up_to("den", "79").await;
    assert_eq!(numbers(&shown, "seq"), (1..=80).collect::<Vec<_>>());
}

/// How long a logout and a removal at one instance take to act at another.
async fn control(chat: &Chat, round: usize) -> (Duration, Duration) {
    let [here, there] = [&chat.instances[0], &chat.instances[1]];
    let (ann, bob) = (here.person(&format!("ann-{round}")).await, here.person(&format!("bob-{round}")).await);
    let room = format!("den-{round}");
    ann.makes_private_room(&room).await;
    ann.adds(&bob.name, &room).await;
    let mut removed = bob.at(there).socket_in(&room).await;
    ann.removes(&bob.name, &room).await;
    let at = Instant::now();
    removed.expect("left").await;
    let removal = at.elapsed();
    bob.http.post("/logout", Value::Null).await.ok(204);
    let at = Instant::now();
    assert_eq!(removed.closed().await.0, 4401);
    (removal, at.elapsed())
}

#[tokio::test]
async fn logouts_and_removals_act_everywhere_within_a_second_and_within_two_polls_without_redis() {
    let mut chat = Chat::of(2).await;
    for round in 0..4 {
        let (removal, logout) = control(&chat, round).await;
        // A second, and another for a busy machine: the poll that is made anyway would take up to five.
        assert!(removal.max(logout) < Duration::from_secs(2), "{removal:?}, {logout:?}");
    }
    chat.redis.kill().await;
    well(&chat.instances, false).await;
    for round in 4..6 {
        let (removal, logout) = control(&chat, round).await;
        assert!(removal.max(logout) < Duration::from_secs(2 + 2), "{removal:?}, {logout:?}");
    }
}

#[tokio::test]
async fn who_was_at_an_instance_that_is_killed_is_gone_within_30_seconds_unless_they_are_elsewhere_too() {
    let mut chat = Chat::with(2, Options::in_haste).await;
    let [ann, bob, cleo] = chat.instances[0].people(["ann", "bob", "cleo"]).await;
    ann.makes_room("den").await;
    let mut here = ann.socket_in("den").await;
    let _bobs = bob.at(&chat.instances[1]).socket_in("den").await;
    let _cleos = [cleo.socket_in("den").await, cleo.at(&chat.instances[1]).socket_in("den").await];
    here.expect_where("everybody", is_presence_of(3)).await;
    chat.instances[1].kill().await;
    let killed = Instant::now();
    // 18 s and 6 s at most, and some for a busy machine.
    let within = hastened(Duration::from_secs(24)) + Duration::from_secs(6);
    let left = eventually(within, "bob's leaving", async || {
        match tokio::time::timeout(Duration::from_millis(500), here.read_or_end()).await {
            Ok(frame) => frame.ok().filter(|frame| frame["type"] == "presence"),
            Err(_) => None,
        }
    })
    .await;
    assert_eq!((&left["count"], &left["left"]), (&json!(2), &json!([bob.user])), "after {:?}", killed.elapsed());
}

#[tokio::test]
async fn presence_comes_at_most_once_a_second_however_many_instances_people_come_to() {
    let chat = Chat::of(2).await;
    let mut people = vec![];
    for n in 0..6 {
        people.push(chat.person(&format!("person-{n}")).await);
    }
    people[0].makes_room("den").await;
    let mut watches = vec![];
    for instance in &chat.instances {
        watches.push(people[0].at(instance).socket_in("den").await);
    }
    let instances: Vec<_> = people.iter().skip(1).zip(chat.instances.iter().cycle()).collect();
    let mut sockets = vec![];
    for (person, instance) in instances {
        sockets.push(person.at(instance).socket().await);
    }
    let began = Instant::now();
    let churn = async {
        while began.elapsed() < Duration::from_secs(5) {
            for socket in &mut sockets {
                socket.join("den").await;
                tokio::time::sleep(Duration::from_millis(30)).await; // spread over the seconds
                socket.leave("den").await;
            }
        }
    };
    let watch = async |mut socket: Socket| {
        let mut times = vec![];
        while began.elapsed() < Duration::from_secs(5) {
            if let Ok(Ok(frame)) = tokio::time::timeout(Duration::from_millis(100), socket.read_or_end()).await
                && frame["type"] == "presence"
            {
                times.push(Instant::now());
            }
        }
        times
    };
    let second = watches.pop().expect("two");
    let first = watches.pop().expect("two");
    let ((), first, second) = tokio::join!(churn, watch(first), watch(second));
    for times in [first, second] {
        assert!(times.len() > 2, "people came and went");
        for (n, time) in times.iter().enumerate() {
            let least = Duration::from_secs(n as u64).saturating_sub(Duration::from_millis(500));
            assert!(*time - times[0] >= least, "{n} more after {:?}", *time - times[0]);
        }
    }
}

#[tokio::test]
async fn above_200_people_at_two_instances_there_are_no_names_and_at_200_all_of_them_again() {
    let chat = Chat::with(2, |options| options.heartbeat_secs(3600)).await;
    let ann = chat.person("ann").await;
    ann.makes_room("den").await;
    let mut watch = ann.socket_in("den").await;
    let mut crowd = vec![];
    for n in 0..201 {
        let person = chat.person(&format!("person-{n}")).await;
        crowd.push(person.at(&chat.instances[n % 2]).socket_in("den").await);
    }
    let above = watch.expect_where("202 people", is_presence_of(202)).await;
    assert_eq!((&above["joined"], &above["left"]), (&json!([]), &json!([])));
    let joined = ann.at(&chat.instances[1]).socket().await.join("den").await;
    assert_eq!((&joined["people"]["count"], &joined["people"]["users"]), (&json!(202), &json!([])));
    crowd.truncate(199);
    // On the way up 200 may have been told too, with those who had just come.
    let all = |f: &Value| is_presence_of(200)(f) && f["joined"].as_array().is_some_and(|users| users.len() == 200);
    let below = watch.expect_where("200 people by name", all).await;
    let names: BTreeSet<_> =
        below["joined"].as_array().expect("users").iter().map(|user| user["id"].as_i64()).collect();
    assert_eq!(names.len(), 200, "{below}");
}

#[tokio::test]
async fn a_redis_with_users_is_spoken_to_as_the_url_says_and_the_log_has_no_password() {
    let mut chat = Chat::of(0).await;
    let user = "ACL SETUSER chat on >hush-hush &* +@all";
    assert_eq!(chat.redis.command(user).await.as_deref(), Some("+OK"));
    let url = |password: &str| format!("redis://chat:{password}@{}/3", chat.redis.address());
    let good = chat.options().option("--redis-url", url("hush-hush")).start().await;
    let bad = chat.options().option("--redis-url", url("hush-hash")).start().await;
    hears(&good).await;
    eventually(PATIENCE, "why not", async || bad.stderr().contains("Redis is away").then_some(())).await;
    for instance in [&good, &bad] {
        assert!(!instance.stderr().contains("hush"), "{}", instance.stderr());
    }
    chat.instances.extend([good, bad]);
}

/// An old one repeats the password in its error.
#[tokio::test]
async fn a_redis_that_is_too_old_is_told_so_and_the_log_has_no_password() {
    let chat = Chat::of(0).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("redis://:hush-hush@{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut buffer = [0; 4_096];
                while let Ok(length @ 1..) = client.read(&mut buffer).await {
                    // One for each command.
                    let commands = buffer[..length].iter().filter(|byte| **byte == b'*').count();
                    let error =
                        "-ERR unknown command `HELLO`, with args beginning with: `3`, `AUTH`, `hush-hush`, \r\n";
                    let _ = client.write_all(error.repeat(commands).as_bytes()).await;
                }
            });
        }
    });
    let instance = chat.options().option("--redis-url", url).start().await;
    eventually(PATIENCE, "why not", async || instance.stderr().contains("Redis 6 or later is needed").then_some(()))
        .await;
    assert!(!instance.stderr().contains("hush"), "{}", instance.stderr());
    drop(instance);
}
