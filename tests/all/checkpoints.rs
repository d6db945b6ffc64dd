//! SQLite's write-ahead log is copied into the database beside the commits, and begins anew once it is long.

use crate::common::*;
use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use std::collections::BTreeSet;

const STRACE: [&str; 9] = ["strace", "-D", "-f", "-q", "-y", "-s", "512", "-e", "trace=pwrite64,write,writev,sendto"];
/// Pages after which SQLite itself copies its log, on the commit that comes next.
const SQLITES_OWN: usize = 1_000;
/// Pages after which klatch begins it anew.
const LONG: f64 = 16_384.0;
const PAGES: &str = "klatch_database_log_pages";

#[tokio::test]
async fn no_thread_that_commits_copies_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let mut server = Options::sqlite().wrapper(&[&STRACE[..], &["-o", trace.to_str().unwrap()]].concat()).start().await;
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    let (first, last) = (new_key(), new_key());
    socket.send("den", &first, "before").await;
    for _ in 0..200 {
        socket.say("den", &"long ".repeat(800)).await;
    }
    eventually(PATIENCE, "a look at the log", async || (server.metric(PAGES).await > 0.0).then_some(())).await;
    socket.send("den", &last, "after").await;
    server.kill().await;
    let ended = async || std::fs::read_to_string(&trace).ok().filter(|text| text.contains("+++ killed"));
    let text = eventually(PATIENCE, "the end of the trace", ended).await;

    let between = text.lines().skip_while(|line| !line.contains(&first)).take_while(|line| !line.contains(&last));
    let (mut pages, mut commit, mut copy) = (0, BTreeSet::new(), BTreeSet::new());
    for line in between.filter(|line| line.contains("pwrite64(")) {
        let thread = line.split_whitespace().next().expect("a thread");
        if line.contains("klatch.db-wal>") {
            pages += 1;
            commit.insert(thread);
        } else if line.contains("klatch.db>") {
            copy.insert(thread);
        }
    }
    assert!(pages > 2 * SQLITES_OWN, "{pages} writes to the log");
    assert!(!copy.is_empty(), "somebody copies it");
    assert!(copy.is_disjoint(&commit), "{copy:?} copy, {commit:?} commit");
}

#[tokio::test]
async fn a_long_log_begins_anew_once_nobody_reads_it() {
    let server = Options::sqlite().start().await;
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let (mut anns, mut bobs) = (ann.socket_in("den").await, bob.socket_in("den").await);
    let path = server.data_dir().join("klatch.db");
    let mut reader = SqliteConnection::establish(&path.to_string_lossy()).expect("a database that can be opened");
    reader.batch_execute("BEGIN; SELECT count(*) FROM messages").expect("a read that lasts");
    server.execute("CREATE TABLE filling AS SELECT zeroblob(80 << 20) AS bytes");
    eventually(PATIENCE, "a long log", async || (server.metric(PAGES).await > LONG).then_some(())).await;
    // As long as somebody reads it, it only grows; nobody waits for them.
    anns.say("den", "meanwhile").await;
    assert_eq!(bobs.message().await["body"], "meanwhile");
    reader.batch_execute("ROLLBACK").expect("an end");
    eventually(PATIENCE, "a log begun anew", async || (server.metric(PAGES).await == 0.0).then_some(())).await;
    anns.say("den", "afterwards").await;
    let begun = async || Some(server.metric(PAGES).await).filter(|pages| *pages > 0.0);
    let pages = eventually(PATIENCE, "what is written since", begun).await;
    assert!(pages < LONG, "{pages}");
    bobs.messages_up_to("den", "afterwards").await;
}
