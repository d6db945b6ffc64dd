//! Who is in a room: people, not sockets; at most one frame a second; names up to 200 people.

use crate::common::*;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

async fn presence(socket: &mut Socket, count: u64) -> Value {
    let what = format!("presence of {count}");
    socket.expect_where(&what, |f| f["type"] == "presence" && f["count"] == count).await
}

#[tokio::test]
async fn who_comes_and_goes_is_named() {
    let server = Server::start(Options::sqlite()).await;
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    let mut bobs = bob.socket().await;
    let joined = bobs.join("den").await;
    assert_eq!(joined["people"]["count"], 2);
    let users = joined["people"]["users"].as_array().unwrap();
    assert!(users.len() == 2 && [&ann, &bob].iter().all(|one| users.contains(&one.with_state("online"))), "{users:?}");
    let came = presence(&mut socket, 2).await;
    assert_eq!(came["room"], "den");
    assert!(came["joined"].as_array().unwrap().contains(&bob.with_state("online")), "{came}");
    assert_eq!(came["left"], json!([]));
    bobs.leave("den").await;
    // Ann's own coming may be told by itself, and counts one as well.
    let gone = |f: &Value| f["type"] == "presence" && f["left"] == json!([bob.user]);
    let went = socket.expect_where("bob's leaving", gone).await;
    assert_eq!((&went["joined"], &went["count"]), (&json!([]), &json!(1)));
}

#[tokio::test]
async fn a_closed_socket_is_gone() {
    let server = Server::start(Options::sqlite()).await;
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    let bobs = bob.socket_in("den").await;
    presence(&mut socket, 2).await;
    drop(bobs);
    // Ann's own coming may be told as late as that, and counts one as well.
    let gone = |f: &Value| f["type"] == "presence" && f["left"] == json!([bob.user]);
    assert_eq!(socket.expect_where("bob's leaving", gone).await["count"], 1);
}

#[tokio::test]
async fn two_sockets_are_one_person_until_the_last_closes() {
    let server = Server::start(Options::sqlite()).await;
    let [ann, bob, cleo] = server.people(["ann", "bob", "cleo"]).await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    let one = bob.socket_in("den").await;
    presence(&mut socket, 2).await;
    let mut two = bob.socket().await;
    assert_eq!(two.join("den").await["people"]["count"], 2);
    drop(one);
    // Cleo's coming is the marker: with bob's first socket counted as a leave, it would not make three.
    let _cleos = cleo.socket_in("den").await;
    let frames =
        socket.up_to("cleo's coming", |f| f["type"] == "presence" && f["joined"][0]["id"] == cleo.user["id"]).await;
    assert_eq!(frames.last().unwrap()["count"], 3);
    drop(two);
    assert_eq!(presence(&mut socket, 2).await["left"], json!([bob.user]));
}

#[tokio::test]
async fn presence_comes_at_most_once_a_second_in_a_room() {
    let server = Server::start(Options::sqlite()).await;
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut crowd = vec![];
    for n in 0..10 {
        crowd.push(server.person(&format!("person-{n}")).await);
    }
    let mut socket = ann.socket_in("den").await;
    let joining = tokio::spawn(async move {
        let mut sockets = vec![];
        for person in &crowd {
            sockets.push(person.socket_in("den").await);
            tokio::time::sleep(Duration::from_millis(150)).await; // spread over more than a second
        }
        sockets
    });
    let mut times = vec![];
    let mut named = BTreeSet::new();
    loop {
        let frame = socket.expect("presence").await;
        times.push(Instant::now());
        let joined = frame["joined"].as_array().unwrap();
        named.extend(joined.iter().filter(|user| user["id"] != ann.user["id"]).map(Value::to_string));
        if frame["count"] == 11 {
            break;
        }
    }
    assert_eq!(named.len(), 10, "each is named");
    let first = times[0];
    for (n, time) in times.iter().enumerate() {
        let least = Duration::from_secs(n as u64).saturating_sub(Duration::from_millis(300));
        assert!(*time - first >= least, "{n} more after {:?}", *time - first);
    }
    drop(joining.await);
}

/// A coming and going within the second between two frames.
#[tokio::test]
async fn people_and_frames_agree_after_a_flutter() {
    let server = Server::start(Options::sqlite()).await;
    let [ann, bob, cleo] = server.people(["ann", "bob", "cleo"]).await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    let mut bobs = bob.socket().await;
    for _ in 0..5 {
        bobs.join("den").await;
        bobs.leave("den").await;
    }
    bobs.join("den").await;
    let _cleos = cleo.socket_in("den").await;
    let names =
        |users: &Value| users.as_array().unwrap().iter().map(|user| user["username"].to_string()).collect::<Vec<_>>();
    let mut here = BTreeSet::from([ann.user["username"].to_string()]);
    while here.len() < 3 {
        let frame = socket.expect("presence").await;
        for name in names(&frame["left"]) {
            here.remove(&name);
        }
        here.extend(names(&frame["joined"]));
        assert_eq!(frame["count"], here.len(), "{frame} makes {here:?}");
    }
}

#[tokio::test]
async fn above_200_people_only_counts_are_told() {
    // Ann does not read while the crowd comes, and so answers no pings.
    let server = Options::sqlite().heartbeat_secs(3600).start().await;
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    let mut crowd = vec![];
    for n in 0..199 {
        let person = server.person(&format!("person-{n}")).await;
        crowd.push(person.socket_in("den").await);
    }
    presence(&mut socket, 200).await;
    let [bob, cleo] = server.people(["bob", "cleo"]).await;
    let mut bobs = bob.socket().await;
    let joined = bobs.join("den").await;
    assert_eq!(joined["people"]["count"], 201);
    assert!(joined["people"]["users"].as_array().unwrap().len() <= 200);
    let frame = presence(&mut socket, 201).await;
    assert_eq!((&frame["joined"], &frame["left"]), (&json!([]), &json!([])));
    let mut cleos = cleo.socket_in("den").await;
    presence(&mut socket, 202).await;
    cleos.leave("den").await;
    let frame = presence(&mut socket, 201).await;
    assert_eq!((&frame["joined"], &frame["left"]), (&json!([]), &json!([])));
}

/// Whoever follows the frames: above 200 people the names are forgotten, and the first frame after that names everyone.
#[tokio::test]
async fn back_at_200_people_everyone_is_named_again() {
    // Ann does not read while the crowd comes, and so answers no pings.
    let server = Options::sqlite().heartbeat_secs(3600).start().await;
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut follower = Follower::of(ann.socket().await).await;
    let mut crowd = vec![];
    for n in 0..202 {
        let person = server.person(&format!("person-{n}")).await;
        let socket = person.socket().await;
        crowd.push((person.name, socket));
    }
    for (_, socket) in &mut crowd[..199] {
        socket.join("den").await;
    }
    follower.up_to(200).await;
    for (_, socket) in &mut crowd[199..] {
        socket.join("den").await;
    }
    follower.up_to(203).await;
    assert_eq!(follower.names, None);
    for n in [0, 100, 200, 201] {
        crowd[n].1.leave("den").await;
    }
    follower.up_to(199).await;
    let gone = ["person-0", "person-100", "person-200", "person-201"];
    let mut here: BTreeSet<_> = crowd.iter().map(|(name, _)| name.clone()).collect();
    here.retain(|name| !gone.contains(&name.as_str()));
    here.insert("ann".to_owned());
    assert_eq!(follower.names, Some(here.clone()));
    // And from here on by differences again.
    crowd[0].1.join("den").await;
    crowd[1].1.leave("den").await;
    here.insert("person-0".to_owned());
    here.remove("person-1");
    while follower.names.as_ref() != Some(&here) {
        follower.follow().await;
    }
}

/// Within one second above 200 and back, so that no frame need tell of more.
#[tokio::test]
async fn a_moment_above_200_people_loses_nobody() {
    let server = Options::sqlite().heartbeat_secs(3600).start().await;
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut follower = Follower::of(ann.socket().await).await;
    let mut crowd = vec![];
    for n in 0..202 {
        crowd.push(server.person(&format!("person-{n}")).await.socket().await);
    }
    for socket in &mut crowd[..199] {
        socket.join("den").await;
    }
    follower.up_to(200).await;
    for _ in 0..3 {
        for socket in &mut crowd[199..] {
            socket.join("den").await;
        }
        for n in [199, 200, 201, 0] {
            crowd[n].leave("den").await;
        }
        follower.up_to(199).await;
        crowd[0].join("den").await;
        follower.up_to(200).await;
    }
    let here: BTreeSet<_> = (0..199).map(|n| format!("person-{n}")).chain(["ann".to_owned()]).collect();
    assert_eq!(follower.names, Some(here));
}

/// A client that holds who is present in the den, by the frames alone.
struct Follower {
    socket: Socket,
    /// `None` above 200 people.
    names: Option<BTreeSet<String>>,
}

impl Follower {
    async fn of(mut socket: Socket) -> Self {
        let joined = socket.join("den").await;
        Self { socket, names: Some(usernames(&joined["people"]["users"]).collect()) }
    }

    /// Takes the next frame; gives its count.
    async fn follow(&mut self) -> usize {
        let frame = self.socket.expect("presence").await;
        let count = frame["count"].as_u64().expect("a count") as usize;
        if count > 200 {
            self.names = None;
            return count;
        }
        let names = self.names.get_or_insert_default();
        for name in usernames(&frame["left"]) {
            names.remove(&name);
        }
        names.extend(usernames(&frame["joined"]));
        assert_eq!(names.len(), count, "{frame}");
        count
    }

    async fn up_to(&mut self, count: usize) {
        while self.follow().await != count {}
    }
}

fn usernames(users: &Value) -> impl Iterator<Item = String> {
    users.as_array().expect("users").iter().map(|user| user["username"].as_str().expect("a name").to_owned())
}
