//! The Autobahn suite's cases, run by kosoku, against the code that serves every socket.

use crate::common::*;
use serde_json::Map;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

/// Groups 1 to 7 whole; of group 9, which is about large messages, those of at most 64 KiB. Groups 12 and 13 are about
/// compression, which is not offered.
const CASES: [&str; 12] = ["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "9.1.1", "9.2.1", "9.7.*", "9.8.*", "10.*"];
const LIMIT: Duration = Duration::from_secs(180);

#[tokio::test]
async fn no_case_of_the_autobahn_suite_fails() {
    let server = Options::sqlite().environment("KLATCH_TEST_ECHO", "1").start().await;
    let outcomes = run_kosoku(&server.address, server.data.path()).await;
    // NON-STRICT: invalid UTF-8 refused at the end of its message instead of at its first wrong byte.
    let held = |outcome: &Value| ["OK", "NON-STRICT", "INFORMATIONAL"].iter().any(|good| outcome == good);
    let failed: Vec<_> = outcomes
        .iter()
        .filter(|(_, outcome)| !held(&outcome["behavior"]) || !held(&outcome["behaviorClose"]))
        .collect();
    assert!(failed.is_empty(), "{failed:?}");
    assert_eq!(outcomes.len(), 261, "cases");
}

/// What became of each case.
async fn run_kosoku(address: &str, folder: &Path) -> Map<String, Value> {
    let tools = std::env::var("KLATCH_TEST_TOOLS").expect("scripts/test installs kosoku and names its folder");
    let report = folder.join("report");
    let mut command = Command::new(format!("{tools}/kosoku"));
    command.args(CASES.iter().flat_map(|case| ["--include", case])).arg("--outdir").arg(&report).arg(address);
    let run = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let done = wait::within(LIMIT, "the end of the suite", run).await.expect("a suite that runs");
    let index = std::fs::read_to_string(report.join("index.json"));
    let index = index.unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&done.stderr)));
    let index: Value = serde_json::from_str(&index).expect("JSON");
    index[address].as_object().expect("a report on this server").clone()
}
