//! Every socket is an open file: how many may be, and what they are kept for.

use crate::base::config::Config;
use crate::base::start_error::StartError;

/// Open files that are kept for what is no connection: the listener, databases, pages, and each worker's event loop.
pub fn own_files(workers: usize) -> usize {
    96 + 4 * workers
}

/// Connections that are kept for pages and API calls when as many sockets are open as may be.
const PLAIN_CONNECTIONS: usize = 152;

impl Config {
    /// Sockets in all, as given or as the open-file limit allows by now.
    pub fn max_sockets(&self) -> usize {
        match self.most_sockets {
            Some(most) => most.get(),
            None => open_file_limit().saturating_sub(self.other_files()).max(1),
        }
    }

    fn other_files(&self) -> usize {
        PLAIN_CONNECTIONS + own_files(self.workers())
    }

    /// That as many sockets as were asked for can be open at once.
    ///
    /// # Errors
    /// One line that names the option and the limit.
    pub fn check_open_files(&self) -> Result<(), StartError> {
        let (limit, others) = (open_file_limit(), self.other_files());
        match self.most_sockets {
            Some(most) if most.get().saturating_add(others) > limit => Err(StartError::option(
                "max-sockets",
                format!("{most} sockets and {others} other files are more than the open-file limit, {limit}"),
            )),
            _ => Ok(()),
        }
    }
}

/// The open-file limit in force now.
pub fn open_file_limit() -> usize {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: getrlimit writes into the struct that the pointer names, which lives until the call returns.
    let failed = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) } != 0;
    if failed { 1024 } else { usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX) }
}

/// Raises it as far as the system lets this process.
pub fn raise_open_file_limit() {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: both calls only read or write the struct they are given.
    unsafe {
        if libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) == 0 && limit.rlim_cur < limit.rlim_max {
            limit.rlim_cur = limit.rlim_max;
            libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit);
        }
    }
}
