//! Files of other builds, from the database. A page asks for all it needs at the address of the build that made it,
//! whichever instance it reaches: so it is never made of two builds' parts.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;

use crate::app::assets;
use crate::app::assets::Asset;
use crate::app::assets::stored;
use crate::db::Store;
use crate::wire::refusal::Refusal;

/// Builds whose files are kept in memory, some hundred KB each.
const MAX_BUILDS: u64 = 8;
/// Which builds there are is asked at most so often, whatever addresses are asked for.
const LISTED_FOR: Duration = Duration::from_millis(100);
/// How often it is written down that this build runs.
const SEEN: Duration = Duration::from_secs(24 * 60 * 60);

type Files = HashMap<String, Asset>;

/// What instances of other builds have stored.
pub struct Builds {
    store: Store,
    listed: Cache<(), Arc<HashSet<String>>>,
    files: Cache<String, Arc<Files>>,
}

impl Builds {
    pub fn new(store: Store) -> Self {
        let listed = Cache::builder().max_capacity(1).time_to_live(LISTED_FOR).build();
        Self { store, listed, files: Cache::new(MAX_BUILDS) }
    }

    /// A file of another build; `None` where there is no such build or file.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn find(&self, build: &str, path: &str) -> Result<Option<Asset>, Refusal> {
        if let Some(files) = self.files.get(build).await {
            return Ok(files.get(path).cloned());
        }
        let listed = self.listed.try_get_with((), self.list()).await.map_err(|refusal| (*refusal).clone())?;
        if !listed.contains(build) {
            return Ok(None);
        }
        let files = self.files.try_get_with(build.to_owned(), self.load(build.to_owned()));
        Ok(files.await.map_err(|refusal| (*refusal).clone())?.get(path).cloned())
    }

    async fn list(&self) -> Result<Arc<HashSet<String>>, Refusal> {
        self.store.read(stored::builds).await.map(Arc::new)
    }

    async fn load(&self, build: String) -> Result<Arc<Files>, Refusal> {
        let files = self.store.read(move |connection| stored::of_build(connection, &build)).await?;
        let assets = files.into_iter().map(|(path, content)| (path, Asset::from(content)));
        Ok(Arc::new(assets.collect()))
    }
}

/// Stores the files of this build for instances of others: before the first page is made.
///
/// # Errors
/// The database does not answer.
pub async fn keep_own(store: &Store) -> Result<(), Refusal> {
    let (build, files) = assets::own_files();
    store.write(move |connection| stored::keep(connection, &build, &files)).await
}

/// Keeps them from being forgotten while this instance runs.
pub async fn keep_up(store: Store) {
    loop {
        tokio::time::sleep(SEEN).await;
        // A failure is logged where it happens; there is a month for the next attempt.
        let _ = keep_own(&store).await;
    }
}
