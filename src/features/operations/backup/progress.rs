//! How far a copy is, for whoever waits for it at a terminal.

use std::fs;
use std::io::{IsTerminal, stderr};
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

const INTERVAL: Duration = Duration::from_secs(2);
const MEGABYTE: u64 = 1_000_000;

/// Does the work, and, where that is wanted and standard error is a terminal, tells meanwhile how large the file has become that it writes, and of how many bytes where that is known.
pub fn told<T>(wanted: bool, file: &Path, of: Option<u64>, work: impl FnOnce() -> T) -> T {
    if !wanted || !stderr().is_terminal() {
        return work();
    }
    let whole = of.map(|bytes| format!(" of {}", bytes / MEGABYTE)).unwrap_or_default();
    let (ended, end) = channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            loop {
                let copied = fs::metadata(file).map_or(0, |file| file.len()) / MEGABYTE;
                eprintln!("# {copied}{whole} MB copied");
                if end.recv_timeout(INTERVAL) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
            }
        });
        let outcome = work();
        drop(ended);
        outcome
    })
}
