//! Passwords: hashed and verified off the workers, a few at once, with a bounded number waiting.

pub mod common;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use crate::base::failpoints;
use crate::base::folding::compatible;
use crate::base::metrics::METRICS;
use crate::wire::refusal::Refusal;

/// OWASP's parameters for argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// The hash of nobody's password: what is verified when a name is unknown, so that it takes the same time.
const NOBODYS: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$a2xhdGNoLW5vYm9keS1zYWx0$2wk5tJfO8bYy0xQm4o1n2eJm0h5lG6g2l9q8pVt3r0Y";

/// Logins and sign-ups that may wait for their turn.
const MAX_WAITING: usize = 256;
/// Sign-ups among them; they wait in a line of their own.
const MAX_NEWCOMERS: usize = 64;
/// How long one waits.
const MAX_WAIT: Duration = Duration::from_secs(10);
/// When to try again if there are more, or it takes longer.
const RETRY_AFTER: Duration = Duration::from_millis(2_000);

/// The way to argon2id, shared by all workers.
#[derive(Clone)]
pub struct Passwords {
    /// As many as may run at the same time; each takes 19 MiB and a core.
    turns: Arc<Semaphore>,
    /// Those that run and those that wait.
    places: Arc<Semaphore>,
    /// Of sign-ups: one at a time joins those who wait for a turn, so that a flood of them keeps nobody from signing in.
    newcomer: Arc<Semaphore>,
    newcomers: Arc<Semaphore>,
    /// How many `turns` there are.
    at_once: usize,
}

impl Passwords {
    /// At most half of the cores, so that a storm of logins leaves the rest to messages.
    pub fn new(cores: usize) -> Self {
        give_back_large_blocks();
        let at_once = (cores / 2).max(1);
        let places = Arc::new(Semaphore::new(at_once + MAX_WAITING));
        let (newcomer, newcomers) = (Arc::new(Semaphore::new(1)), Arc::new(Semaphore::new(MAX_NEWCOMERS)));
        Self { turns: Arc::new(Semaphore::new(at_once)), places, newcomer, newcomers, at_once }
    }

    /// Tells the metrics what runs and waits just now.
    pub fn observe(&self) {
        let running = self.at_once - self.turns.available_permits();
        let in_all = self.at_once + MAX_WAITING - self.places.available_permits();
        METRICS.passwords.of("running").set(running as f64);
        // The two are not read at the same moment.
        METRICS.passwords.of("waiting").set(in_all.saturating_sub(running) as f64);
    }

    /// The hash to store, with a salt of its own, as a PHC string.
    ///
    /// # Errors
    /// `rate_limited` when too many wait already, or its turn does not come within [`MAX_WAIT`].
    pub async fn hash(&self, password: String) -> Result<String, Refusal> {
        self.in_turn(move || hash_now(&password)).await?
    }

    /// As [`Self::hash`], for somebody who has no account yet: those who have one go first.
    ///
    /// # Errors
    /// As for [`Self::hash`].
    pub async fn hash_of_newcomer(&self, password: String) -> Result<String, Refusal> {
        let until = Instant::now() + MAX_WAIT;
        let _place = self.newcomers.clone().try_acquire_owned().map_err(|_| busy())?;
        let turn = tokio::time::timeout_at(until.into(), self.newcomer.clone().acquire_owned()).await;
        // The semaphore is never closed.
        let turn = turn.map_err(|_| busy())?.map_err(|_| Refusal::internal())?;
        self.in_turn_by(until, move || {
            let _held = turn;
            hash_now(&password)
        })
        .await?
    }

    /// Whether the password is the one that was hashed, in whatever form of Unicode it was typed. Without a hash (nobody has
    /// that name) the answer is no, after the same time.
    ///
    /// # Errors
    /// As for [`Self::hash`].
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<Verdict, Refusal> {
        self.in_turn(move || {
            let known = hash.is_some();
            let hash = hash.as_deref().unwrap_or(NOBODYS);
            let fits = |password: &str| argon2().verify_password(password.as_bytes(), hash).is_ok() && known;
            let normal = normal_form(&password);
            if fits(&normal) {
                return Ok(Verdict::Fits);
            }
            // Hashed as it was typed, before there was one form.
            if normal != password && fits(&password) {
                return Ok(Verdict::FitsAsTyped { hash: hash_now(&password)? });
            }
            Ok(Verdict::Wrong)
        })
        .await?
    }

    async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Refusal> {
        self.in_turn_by(Instant::now() + MAX_WAIT, work).await
    }

    async fn in_turn_by<T: Send + 'static>(
        &self,
        until: Instant,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let place = self.places.clone().try_acquire_owned().map_err(|_| busy())?;
        let turn =
            tokio::time::timeout_at(until.into(), self.turns.clone().acquire_owned()).await.map_err(|_| busy())?;
        // Neither semaphore is ever closed.
        let turn = turn.map_err(|_| Refusal::internal())?;
        // The permits go with the work: it runs to its end even if whoever asked has gone.
        let done = tokio::task::spawn_blocking(move || {
            let _held = (turn, place);
            work()
        });
        done.await.map_err(|error| {
            tracing::error!(%error, "password work was lost");
            Refusal::internal()
        })
    }
}

/// What a password came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    Wrong,
    Fits,
    /// It was hashed as it had been typed: this hash, of its one form, is to take the place of that one.
    FitsAsTyped {
        hash: String,
    },
}

/// The one form of a password: keyboards write the same letter as one character or as two. As RFC 8265 (OpaqueString), but
/// with NFKC, so that full-width letters are letters too.
fn normal_form(password: &str) -> Cow<'_, str> {
    compatible(password)
}

fn busy() -> Refusal {
    METRICS.logins_refused.of("busy").increment(1);
    Refusal::rate_limited("too many people are signing in, try again in a moment", RETRY_AFTER)
}

/// As [`Passwords::hash`], on this thread and at once: for the command line.
///
/// # Errors
/// `unavailable`: it can't be hashed; the log says why.
pub fn hash_now(password: &str) -> Result<String, Refusal> {
    match argon2().hash_password(normal_form(password).as_bytes()) {
        Ok(hash) => Ok(hash.to_string()),
        Err(error) => {
            tracing::error!(%error, "a password could not be hashed");
            Err(Refusal::internal())
        }
    }
}

/// Has the allocator give each freed block of a megabyte and more back to the system. By default glibc learns from the
/// first such block to keep the next ones, in a heap for each thread that hashes: half a gigabyte after a storm of logins.
fn give_back_large_blocks() {
    // SAFETY: sets a number of the allocator's, under its own lock.
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 1 << 20);
    }
}

fn argon2() -> Argon2<'static> {
    const PARAMS: Params = match Params::new(MEMORY_KIB, PASSES, LANES, None) {
        Ok(params) => params,
        Err(_) => panic!("parameters out of range"), // while compiling
    };
    let params = if failpoints::hashes_quickly() { Params::new(Params::MIN_M_COST, 1, 1, None) } else { Ok(PARAMS) };
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params.unwrap_or(PARAMS))
}

#[cfg(test)]
mod tests {
    use argon2::password_hash::phc::PasswordHash;

    use super::*;

    #[test]
    fn nobodys_hash_costs_what_others_do() {
        let made = argon2().hash_password(b"correct horse").unwrap().to_string();
        let (made, nobodys) = (PasswordHash::new(&made).unwrap(), PasswordHash::new(NOBODYS).unwrap());
        assert_eq!(Params::try_from(&made).unwrap(), Params::try_from(&nobodys).unwrap());
        assert_eq!((made.algorithm, made.version), (nobodys.algorithm, nobodys.version));
    }

    #[tokio::test]
    async fn only_the_password_that_was_hashed_fits() {
        let passwords = Passwords::new(1);
        let hash = passwords.hash("correct horse".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        for (password, hash, verdict) in [
            ("correct horse", Some(hash.clone()), Verdict::Fits),
            ("ｃｏｒｒｅｃｔ\u{3000}horse", Some(hash.clone()), Verdict::Fits),
            ("correct horsf", Some(hash), Verdict::Wrong),
            ("correct horse", None, Verdict::Wrong),
        ] {
            assert_eq!(passwords.verify(password.into(), hash).await.unwrap(), verdict, "{password}");
        }
    }

    #[tokio::test]
    async fn a_password_that_was_hashed_as_it_was_typed_fits_and_is_hashed_anew() {
        let passwords = Passwords::new(1);
        let (typed, composed) = ("pa\u{308}sswort-1", "p\u{e4}sswort-1");
        let old = argon2().hash_password(typed.as_bytes()).unwrap().to_string();
        let verdict = passwords.verify(typed.into(), Some(old.clone())).await.unwrap();
        let Verdict::FitsAsTyped { hash } = verdict else { panic!("{verdict:?}") };
        for password in [typed, composed] {
            assert_eq!(passwords.verify(password.into(), Some(hash.clone())).await.unwrap(), Verdict::Fits);
        }
        assert_eq!(passwords.verify(composed.into(), Some(old)).await.unwrap(), Verdict::Wrong);
    }
}
