//! What the system tells of a process.

use std::fs;

/// CPU time of all threads of these processes so far, user and system, in seconds. It is what /proc/PID/stat tells in
/// ticks, with the time of threads that have ended, and to the nanosecond.
pub fn cpu_seconds(pids: &[u32]) -> f64 {
    pids.iter().map(|pid| of_process(*pid)).sum()
}

fn of_process(pid: u32) -> f64 {
    let mut clock = 0;
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: plain system calls that fill values of our own.
    let failed = unsafe {
        match libc::clock_getcpuclockid(pid as libc::pid_t, &mut clock) {
            0 => libc::clock_gettime(clock, &mut time),
            failed => failed,
        }
    };
    assert_eq!(failed, 0, "process {pid} has ended");
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Resident memory of these processes, in bytes.
pub fn resident_bytes(pids: &[u32]) -> u64 {
    pids.iter().map(|&pid| kilobytes(pid, "VmRSS:") * 1024).sum()
}

fn kilobytes(pid: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).expect("a process that runs")
}

/// Lets this process, and those it starts, open as many files as it may.
pub fn allow_many_files() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).expect("a limit that may be raised");
}
