//! What the log says at start that an idle socket costs, held against the process itself.

use crate::common::process::memory;
use crate::common::*;
use crate::limits::start_line;

const PEOPLE: usize = 4;
const WARM: usize = 100;
const MEASURED: usize = 1_000;

#[tokio::test]
async fn an_idle_socket_costs_what_the_log_says_within_a_factor_of_two() {
    let server = Options::sqlite()
        .option("--sockets-per-user", 0)
        .option("--log-format", "json")
        // Otherwise what signing up took, tens of megabytes, is given back to the system over the next ten seconds.
        .environment("_RJEM_MALLOC_CONF", "dirty_decay_ms:0,muzzy_decay_ms:0")
        .start()
        .await;
    let told = start_line(&server)["bytes_per_idle_socket"].as_u64().expect("bytes") as f64;
    let people: [Person; PEOPLE] = server.people(["ann", "bob", "cid", "dee"]).await;
    people[0].makes_room("den").await;
    // The first sockets pay for what all share: threads' stacks, the allocator's arenas, the database's cache.
    let mut sockets = vec![];
    for n in 0..WARM {
        sockets.push(people[n % PEOPLE].socket_in("den").await);
    }
    let before = memory(&server) as f64;
    for n in 0..MEASURED {
        sockets.push(people[n % PEOPLE].socket_in("den").await);
    }
    let each = (memory(&server) as f64 - before) / MEASURED as f64;
    let found = format!("an idle socket costs {each:.0} bytes, the log says {told}");
    eprintln!("{found}");
    assert!((0.5..=2.0).contains(&(each / told)), "{found}");
}
