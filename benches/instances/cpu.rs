//! Processor time of everything that stores and delivers.

use std::fs;
use std::ops::Sub;
use std::process::Command;
use std::time::Duration;

use crate::common::Chat;
use crate::common::process::cpu_time;

/// By now, or in some time.
#[derive(Clone, Copy)]
pub struct Used {
    pub redis: Duration,
    pub postgres: Duration,
    /// All of them together.
    pub instances: Duration,
}

impl Used {
    pub fn by(chat: &Chat) -> Self {
        let instances = chat.instances.iter().map(cpu_time).sum();
        Self { redis: of_family(chat.redis.pid()), postgres: of_family(postmaster(&chat.database().url)), instances }
    }
}

impl Sub for Used {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            redis: self.redis.saturating_sub(before.redis),
            postgres: self.postgres.saturating_sub(before.postgres),
            instances: self.instances.saturating_sub(before.instances),
        }
    }
}

/// Asked of the database itself; its user may read the server's files.
fn postmaster(url: &str) -> u32 {
    let asked =
        Command::new("psql").args(["-X", "-At", "-d", url, "-c", "SELECT pg_read_file('postmaster.pid')"]).output();
    let answer = asked.expect("psql").stdout;
    let first = answer.split(|byte| *byte == b'\n').next().and_then(|line| str::from_utf8(line).ok());
    first.and_then(|line| line.parse().ok()).expect("the number of a process")
}

/// A process, its children, and those of them that have ended.
fn of_family(pid: u32) -> Duration {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    // user and system time are the 14th and 15th field, those of ended children the two behind (man 5 proc_pid_stat).
    let living: u64 = children.split_whitespace().map(|child| ticks(child, 2)).sum();
    let all = ticks(&pid.to_string(), 4) + living;
    // SAFETY: asks for a constant of the system.
    let ticks_a_second = unsafe { libc::sysconf(libc::_SC_CLK_TCK) };
    Duration::from_millis(all * 1_000 / u64::try_from(ticks_a_second).expect("a rate"))
}

/// The sum of so many fields of a process from the 14th on; 0 where it has just ended.
fn ticks(pid: &str, fields: usize) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name, which may hold anything, is the second field.
    let rest = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    rest.split(' ').skip(11).take(fields).filter_map(|ticks| ticks.parse::<u64>().ok()).sum()
}
