//! `sent` means durable: kill -9 does not test that, since the kernel keeps what was written. So the system calls are
//! watched, and before each `sent` goes to the client the write-ahead log must have been synchronised.

use crate::common::*;

const STRACE: [&str; 9] =
    ["strace", "-D", "-f", "-q", "-y", "-s", "65536", "-e", "trace=fdatasync,fsync,write,writev,sendto,sendmsg"];

/// What a trace tells, in the order the calls returned.
#[derive(Debug, PartialEq)]
enum Call {
    WalSynced,
    /// A frame with this key was handed to the network.
    Shown(String),
}

#[tokio::test]
async fn the_log_is_synchronised_before_each_sent() {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let trace = trace.to_str().unwrap();
    let mut server = Options::sqlite().wrapper(&[&STRACE[..], &["-o", trace]].concat()).start().await;
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    let keys: Vec<_> = (0..20).map(|_| new_key()).collect();
    for key in &keys {
        // One after the other: each is answered before the next is sent, so none can share another's commit.
        socket.send("den", key, "durable").await;
    }
    // With -D the traced program is the child, and the tracer follows it to its end.
    assert_eq!(server.terminate().await.code(), Some(0));
    let ended = async || std::fs::read_to_string(trace).ok().filter(|text| text.contains("+++ exited with 0 +++"));
    let text = eventually(PATIENCE, "the end of the trace", ended).await;
    let calls = calls(&text, &keys);
    let mut synced = false;
    let mut shown = vec![];
    for call in calls {
        match call {
            Call::WalSynced => synced = true,
            Call::Shown(key) if shown.contains(&key) => {}
            Call::Shown(key) => {
                assert!(synced, "message {} was shown before its commit was durable", shown.len() + 1);
                shown.push(key);
                synced = false;
            }
        }
    }
    assert_eq!(shown, keys, "every message is found in the trace");
}

/// Reads a trace. A call that another thread interrupts is two lines, `<unfinished ...>` and `resumed>`: a
/// synchronisation counts from where it returned, a write from where it began.
fn calls(trace: &str, keys: &[String]) -> Vec<Call> {
    let mut synchronising = std::collections::HashSet::new();
    let mut calls = vec![];
    for line in trace.lines() {
        let (thread, call) = line.trim_start().split_once(' ').unwrap_or((line, ""));
        let call = call.trim_start();
        if call.starts_with("fdatasync(") || call.starts_with("fsync(") {
            if !call.contains("-wal>") {
                continue;
            }
            if call.ends_with("<unfinished ...>") {
                synchronising.insert(thread);
            } else if call.ends_with("= 0") {
                calls.push(Call::WalSynced);
            }
        } else if call.contains("sync resumed>") {
            if synchronising.remove(thread) && call.ends_with("= 0") {
                calls.push(Call::WalSynced);
            }
        } else if call.split_once('<').is_some_and(|(_, file)| file.starts_with("socket:") || file.starts_with("TCP:"))
        {
            calls.extend(keys.iter().filter(|key| call.contains(key.as_str())).cloned().map(Call::Shown));
        }
    }
    calls
}

#[test]
fn a_trace_is_read_in_the_order_calls_return() {
    let trace = "\
10 fdatasync(5</x/klatch.db-wal> <unfinished ...>
11 sendto(9<socket:[1]>, \"{key-a}\", 7, 0, NULL, 0) = 7
10 <... fdatasync resumed>) = 0
11 write(9<TCP:[127.0.0.1:1->127.0.0.1:2]>, \"{key-b}\", 7) = 7
11 write(3</x/log>, \"key-b\", 5) = 5
10 fdatasync(6</x/klatch.db>) = 0";
    let keys = ["key-a".to_owned(), "key-b".to_owned()];
    let [a, b] = keys.clone();
    assert_eq!(calls(trace, &keys), [Call::Shown(a), Call::WalSynced, Call::Shown(b)]);
}
