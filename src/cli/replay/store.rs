//! Walks that earlier runs kept, in the user's cache folder.
//!
//! One file a walk, named after everything that the walk depends on, so that nothing in it can be out of date.

use std::io::Write as _;
use std::path::PathBuf;

use crate::cli::project::user_cache;
use crate::context::Digest;
use crate::history::replay::SideWalk;

/// How many walks are kept; the ones not used for longest go.
const KEPT: usize = 64;

/// The folder of kept walks; without one nothing is kept.
pub struct Store {
    folder: Option<PathBuf>,
}

impl Store {
    /// The user's; one that keeps nothing where `fresh`, but for the next run.
    pub fn open() -> Self {
        Self { folder: user_cache().map(|cache| cache.join("replay")) }
    }

    fn file(&self, key: Digest) -> Option<PathBuf> {
        Some(self.folder.as_ref()?.join(format!("{key}.json")))
    }

    /// Finds a walk.
    pub fn find(&self, key: Digest) -> Option<SideWalk> {
        let file = self.file(key)?;
        let walk = serde_json::from_slice(&std::fs::read(&file).ok()?).ok()?;
        // Marks it as used; where that fails it is forgotten earlier, no more.
        let _ = std::fs::File::options()
            .append(true)
            .open(&file)
            .and_then(|file| file.set_modified(std::time::SystemTime::now()));
        Some(walk)
    }

    /// Keeps a whole walk. Where that fails the next run takes longer, no more.
    pub fn keep(&self, key: Digest, walk: &SideWalk) {
        if walk.is_partial() {
            return;
        }
        let _ = self.write(key, walk);
    }

    fn write(&self, key: Digest, walk: &SideWalk) -> Option<()> {
        let (folder, file) = (self.folder.as_ref()?, self.file(key)?);
        std::fs::create_dir_all(folder).ok()?;
        let mut new = tempfile::NamedTempFile::new_in(folder).ok()?;
        new.write_all(&serde_json::to_vec(walk).ok()?).ok()?;
        new.persist(file).ok()?;
        self.forget_old()
    }

    fn forget_old(&self) -> Option<()> {
        let files = std::fs::read_dir(self.folder.as_ref()?).ok()?.flatten();
        let mut files: Vec<_> =
            files.filter_map(|file| Some((file.metadata().ok()?.modified().ok()?, file.path()))).collect();
        files.sort();
        let surplus = files.len().saturating_sub(KEPT);
        for (_, file) in files.drain(..surplus) {
            let _ = std::fs::remove_file(file);
        }
        Some(())
    }
}
