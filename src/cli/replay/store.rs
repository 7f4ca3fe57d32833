//! Walks that earlier runs kept, in the user's cache folder.
//!
//! One file a walk, named after everything that the walk depends on, so that nothing in it can be out of date.

use std::cell::RefCell;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use crate::cli::project::user_cache;
use crate::context::Digest;
use crate::history::replay::SideWalk;

/// How many walks are kept; the ones not used for longest go.
const KEPT: usize = 64;

/// The folder of kept walks; without one nothing is kept.
pub struct Store {
    folder: Option<PathBuf>,
    /// Threads that write: nobody has to wait for them but the end of the command.
    writing: RefCell<Vec<JoinHandle<()>>>,
}

impl Store {
    /// The user's.
    pub fn open() -> Self {
        Self { folder: user_cache().map(|cache| cache.join("replay")), writing: RefCell::default() }
    }

    /// Finds a walk.
    pub fn find(&self, key: Digest) -> Option<SideWalk> {
        let file = file(self.folder.as_ref()?, key);
        let walk = serde_json::from_slice(&std::fs::read(&file).ok()?).ok()?;
        // Marks it as used; where that fails it is forgotten earlier, no more.
        let _ = std::fs::File::options()
            .append(true)
            .open(&file)
            .and_then(|file| file.set_modified(std::time::SystemTime::now()));
        Some(walk)
    }

    /// Waits until all is written.
    pub fn wait(&self) {
        for writing in self.writing.take() {
            // One that panicked has kept nothing.
            let _ = writing.join();
        }
    }

    /// Keeps whole walks. Where that fails the next run takes longer, no more.
    pub fn keep(&self, walks: Vec<(Digest, Arc<SideWalk>)>) {
        let Some(folder) = self.folder.clone() else { return };
        let writing = std::thread::spawn(move || {
            let mut written: Option<(Arc<SideWalk>, Vec<u8>)> = None;
            for (key, walk) in walks.into_iter().filter(|(_, walk)| !walk.is_partial()) {
                // One that shares the walk of another shares its bytes.
                if written.as_ref().is_none_or(|(last, _)| !Arc::ptr_eq(last, &walk)) {
                    written = serde_json::to_vec(&*walk).ok().map(|bytes| (walk, bytes));
                }
                let _ = written.as_ref().and_then(|(_, bytes)| write(&folder, key, bytes));
            }
            let _ = forget_old(&folder);
        });
        self.writing.borrow_mut().push(writing);
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.wait();
    }
}

fn file(folder: &Path, key: Digest) -> PathBuf {
    folder.join(format!("{key}.json"))
}

fn write(folder: &Path, key: Digest, bytes: &[u8]) -> Option<()> {
    std::fs::create_dir_all(folder).ok()?;
    let mut new = tempfile::NamedTempFile::new_in(folder).ok()?;
    new.write_all(bytes).ok()?;
    new.persist(file(folder, key)).ok()?;
    Some(())
}

fn forget_old(folder: &Path) -> Option<()> {
    let files = std::fs::read_dir(folder).ok()?.flatten();
    let mut files: Vec<_> =
        files.filter_map(|file| Some((file.metadata().ok()?.modified().ok()?, file.path()))).collect();
    files.sort();
    let surplus = files.len().saturating_sub(KEPT);
    for (_, file) in files.drain(..surplus) {
        let _ = std::fs::remove_file(file);
    }
    Some(())
}
