//! The proof for several instances: whatever fails, nobody loses, repeats or reorders a message. `scripts/chaos` runs it for
//! longer, with another seed.

mod balancer;
mod deliberate;
mod faults;
mod keeper;
mod network;
mod remover;
mod resp;
mod site;
mod words;

use crate::common::postgres::Cluster;
use crate::common::process::memory;
use crate::common::scale::hastened;
use crate::common::*;
use crate::crash::client::Habits;
use crate::crash::talk::{LOG, Talk, judge};
use balancer::Balancer;
use faults::Parts;
use keeper::{Duties, Keeper, Member};
use network::Network;
use rand::SeedableRng;
use rand::rngs::StdRng;
use remover::{Remover, passers};
use site::Site;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

const CLIENTS: usize = 50;
const INSTANCES: usize = 3;
const PUBLIC: [&str; 3] = [LOG, "den", "attic"];
const PRIVATE: [&str; 2] = ["cellar", "vault"];
const ROOMS: [&str; 5] = [LOG, "den", "attic", "cellar", "vault"];
/// What the clients do in all, roughly: more would only make the judge's work longer.
const ACTS: u64 = 15_000;
/// Until the last answer, after the last fault.
const LIMIT: Duration = Duration::from_secs(90);
/// After so long everybody is seen where they are: 18 s and 6 s at most in which an instance that has died is believed, in
/// haste, and some for a busy machine.
fn presence() -> Duration {
    hastened(Duration::from_secs(24)) + Duration::from_secs(6)
}
/// A new process is given so much, whatever it was before. Bytes.
const ROOM_TO_GROW: u64 = 64 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_fails_nobody_loses_repeats_or_reorders_a_message() {
    let (seed, seconds) =
        (setting("KLATCH_CHAOS_SEED", 20_260_101), setting("KLATCH_CHAOS_SECONDS", scale().chaos_secs));
    eprintln!("KLATCH_CHAOS_SEED={seed} KLATCH_CHAOS_SECONDS={seconds}");
    let cluster = Cluster::start();
    let adjust = |options: Options| options.in_haste().heartbeat_secs(3).option("--drain-secs", 1);
    let site = Site::on(&cluster.url, INSTANCES, adjust).await;
    let balancer = Balancer::before(&site.addresses).await;
    let network = Network::to(balancer.address.clone()).await;

    let moderator = site.owner("moderator").await;
    let people = people(&site, &moderator, &network, seconds).await;
    let passers: Vec<Person> = passers(&*site.instance(0).await).await;
    let members = PRIVATE.map(|room| members(&people, room));
    let mut talk = Talk::among(moderator.through(&balancer.address), &ROOMS, people, seed);
    let keeper = |(n, members)| {
        let (moderator, recorder) = (moderator.through(&network.address), talk.recorder().clone());
        let (room, deeds) = (PRIVATE[n], &keeper::ALL);
        Keeper::begins(Duties { room, moderator, members, deeds, pauses: 100..1_500, recorder }, seed + n as u64)
    };
    let keepers: Vec<Keeper> = members.into_iter().enumerate().map(keeper).collect();

    let passers = passers.iter().map(|passer| passer.through(&network.address)).collect();
    let by = moderator.through(&network.address);
    let remover = Remover::begins(by, passers, Duration::from_secs(seconds));

    let parts = Parts { site, cluster: Mutex::new(cluster), network, began: Instant::now() };
    let end = parts.began + Duration::from_secs(seconds);
    let warm = parts.began + Duration::from_secs((seconds / 2).min(60));
    let sizes = async {
        sleep_until(warm).await;
        all_memory(&parts.site).await
    };
    let lane = |n: u64| parts.fail_until(end, StdRng::seed_from_u64(seed ^ (n << 32)));
    let (sizes, (), ()) = tokio::join!(sizes, lane(1), lane(2));
    parts.end_with_a_death(StdRng::seed_from_u64(seed)).await;
    let last_fault = Instant::now();
    eprintln!("{:7.2} s  all is mended", parts.began.elapsed().as_secs_f64());
    parts.network.mend();
    for keeper in keepers {
        keeper.ends().await;
    }

    let settled = talk.settles(LIMIT).await;
    eprintln!(
        "{:7.2} s  {}",
        parts.began.elapsed().as_secs_f64(),
        if settled { "all is read" } else { "not all is read" }
    );
    sleep_until(last_fault + presence()).await;
    remover.ends(&*parts.cluster.lock().await).await;
    let history = talk.part().await;
    let waiting = what_waits(&parts.site).await;
    let grown = all_memory(&parts.site).await;
    // On failure the judgement is all that is shown, not what the instances logged.
    drop(parts);
    judge(&history);
    assert!(settled, "not everything was answered and read within {LIMIT:?}");
    assert!(history.rooms.values().all(|room| room.messages.len() > CLIENTS / 2), "there was a load");
    assert_eq!(waiting, [""; INSTANCES], "what waits at each instance");
    eprintln!("memory of the instances: {sizes:?}, in the end {grown:?}");
    let most = sizes.into_iter().max().expect("instances");
    assert!(grown.iter().all(|size| *size < 2 * most + ROOM_TO_GROW), "memory grew");
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().expect("a number"))
}

/// Everybody, with the rooms made and the private ones' members in them.
async fn people(site: &Site, moderator: &Person, network: &Network, seconds: u64) -> Vec<(Person, Habits)> {
    for room in PUBLIC {
        moderator.makes_room(room).await;
    }
    for room in PRIVATE {
        moderator.makes_private_room(room).await;
    }
    // Two acts in a turn; a busy machine takes so many at once.
    let pause = (seconds * 1_000 * 2 * CLIENTS as u64 / ACTS).max(1_000);
    let names: Vec<String> = (0..CLIENTS).map(|n| format!("client-{n}")).collect();
    let mut people = vec![];
    for (n, name) in names.iter().enumerate() {
        let person = site.instance(n % INSTANCES).await.person(name).await;
        let (public, private) = (PUBLIC[1 + n % 2], PRIVATE[n / 2 % 2]);
        moderator.adds(name, private).await;
        let habits = Habits {
            rooms: vec![LOG, public, private],
            pauses: pause / 2..pause * 3 / 2,
            others: names.clone(),
            leaves: vec![LOG, public],
            may_be_removed: vec![private],
            gives_up: Some(Duration::from_secs(10)),
            goes_home: n % 10 == 0,
            ..Habits::default()
        };
        people.push((person.through(&network.address), habits));
    }
    people
}

fn members(people: &[(Person, Habits)], room: &str) -> Vec<Member> {
    let members = people.iter().filter(|(_, habits)| habits.may_be_removed.contains(&room));
    members.map(|(person, habits)| Member { name: person.name.clone(), rooms: habits.rooms.clone() }).collect()
}

async fn all_memory(site: &Site) -> Vec<u64> {
    let mut sizes = vec![];
    for n in 0..INSTANCES {
        sizes.push(memory(&*site.instance(n).await));
    }
    sizes
}

/// What waits at each instance although nobody asks for anything: nothing, after a moment.
async fn what_waits(site: &Site) -> Vec<String> {
    let mut all = vec![];
    for n in 0..INSTANCES {
        let stranger = site.instance(n).await.stranger();
        let end = Instant::now() + PATIENCE;
        let waiting = loop {
            let metrics = stranger.get("page:/metrics").await.text;
            let lines: Vec<&str> = metrics.lines().filter(|line| tells_of_waiting(line)).collect();
            if lines.is_empty() || Instant::now() > end {
                break lines.join("; ");
            }
        };
        all.push(waiting);
    }
    all
}

fn tells_of_waiting(line: &str) -> bool {
    let (name, value) = line.rsplit_once(' ').unwrap_or_default();
    let is_gauge = name.contains("_waiting") || name.split('{').next() == Some("klatch_database_queries");
    is_gauge && !line.starts_with('#') && value != "0"
}
