//! Signals: those that ask for an end, and those that would kill a program which doesn't see to them.

use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::base::start_error::StartError;

/// A second one ends at once: none after it matters.
const WAITING: usize = 2;

/// The signals that ask for an end.
pub struct Signals(mpsc::Receiver<()>);

impl Signals {
    /// Sees to all signals from now on; SIGHUP does what it is told.
    ///
    /// # Errors
    /// The system lets nobody see to one of them.
    pub fn new(on_hangup: impl Fn() + Send + Sync + 'static) -> Result<Self, StartError> {
        let failed = |error| StartError(format!("signals: {error}"));
        let (ends, asked) = mpsc::channel(WAITING);
        for kind in [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::quit()] {
            let mut signals = signal(kind).map_err(failed)?;
            let ends = ends.clone();
            actix_rt::spawn(async move {
                while signals.recv().await.is_some() {
                    // Where two wait already, the server ends at once.
                    let _ = ends.try_send(());
                }
            });
        }
        let mut hangups = signal(SignalKind::hangup()).map_err(failed)?;
        let on_hangup = Arc::new(on_hangup);
        actix_rt::spawn(async move {
            while hangups.recv().await.is_some() {
                let on_hangup = Arc::clone(&on_hangup);
                // It may read a file.
                let _ = tokio::task::spawn_blocking(move || on_hangup()).await;
            }
        });
        for kind in without_effect() {
            // What tokio has once seen to never has the system's effect again.
            drop(signal(kind).map_err(failed)?);
        }
        Ok(Self(asked))
    }

    pub async fn next(&mut self) {
        self.0.recv().await;
    }
}

/// Signals by which others mean something that klatch doesn't know, and which would end it.
fn without_effect() -> impl Iterator<Item = SignalKind> {
    let named = [libc::SIGUSR1, libc::SIGUSR2, libc::SIGALRM, libc::SIGVTALRM, libc::SIGPROF, libc::SIGIO];
    named.into_iter().chain(other_signals()).map(SignalKind::from_raw)
}

#[cfg(target_os = "linux")]
fn other_signals() -> impl Iterator<Item = i32> {
    [libc::SIGPWR, libc::SIGSTKFLT].into_iter().chain(libc::SIGRTMIN()..=libc::SIGRTMAX())
}

#[cfg(not(target_os = "linux"))]
fn other_signals() -> impl Iterator<Item = i32> {
    std::iter::empty()
}
