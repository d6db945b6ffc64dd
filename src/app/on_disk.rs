//! What is made of files that debug builds read from disk, kept until one of the files changes.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

use rust_embed::RustEmbed;

/// A change is seen after so long: there are hundreds of files, and a page asks for dozens of them at once.
const LOOKED: Duration = Duration::from_millis(300);

/// Files by name, each with the time of its last change; empty in a release build, whose files never change.
pub type Versions = Vec<(Cow<'static, str>, Option<SystemTime>)>;

/// The versions of all files in `folder`, a path from the root of the repository.
pub fn versions<Folder: RustEmbed>(folder: &str) -> Versions {
    if !cfg!(debug_assertions) {
        return Vec::new();
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    Folder::iter()
        .map(|name| {
            let changed = folder.join(&*name).metadata().and_then(|file| file.modified());
            (name, changed.ok())
        })
        .collect()
}

/// A value made of files; in a debug build it is made again after one of them has changed.
pub struct MadeOfFiles<T> {
    versions: fn() -> Versions,
    make: fn() -> T,
    first: T,
    last: Mutex<Last<T>>,
}

struct Last<T> {
    looked_at: Instant,
    versions: Versions,
    value: T,
}

impl<T: Clone> MadeOfFiles<T> {
    pub fn new(versions: fn() -> Versions, make: fn() -> T) -> Self {
        let (seen, first) = (versions(), make());
        let last = Last { looked_at: Instant::now(), versions: seen, value: first.clone() };
        Self { versions, make, first, last: Mutex::new(last) }
    }

    /// As of the present files, or those of [`LOOKED`] ago.
    pub fn get(&self) -> T {
        if !cfg!(debug_assertions) {
            return self.first.clone();
        }
        // Whoever panicked while holding the lock has left the last complete value.
        let mut last = self.last.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if last.looked_at.elapsed() >= LOOKED {
            let present = (self.versions)();
            if last.versions != present {
                last.value = (self.make)();
                last.versions = present;
            }
            last.looked_at = Instant::now();
        }
        last.value.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn a_value_is_made_again_after_a_file_has_changed_and_only_then() {
        static TIMES_MADE: AtomicU32 = AtomicU32::new(1);
        static VERSION: AtomicU32 = AtomicU32::new(1);
        let versions = || vec![(VERSION.load(Ordering::Relaxed).to_string().into(), None)];
        let made = MadeOfFiles::new(versions, || TIMES_MADE.fetch_add(1, Ordering::Relaxed));
        assert_eq!((made.get(), made.get()), (1, 1));
        VERSION.store(2, Ordering::Relaxed);
        std::thread::sleep(LOOKED);
        assert_eq!((made.get(), made.get()), (2, 2));
    }

    #[test]
    fn each_file_of_a_folder_has_the_time_of_its_last_change() {
        #[derive(RustEmbed)]
        #[folder = "templates/"]
        struct Folder;
        let versions = versions::<Folder>("templates");
        assert!(!versions.is_empty());
        assert!(versions.iter().all(|(_, changed)| changed.is_some()), "{versions:?}");
    }
}
