//! The door to a git repository on disk.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gix::ObjectId;
use gix::objs::Find;

use super::decoded::DecodedEntries;
use super::diff::{self, Blob, Change, Found, TreeDiff};
use super::{Commit, HistoryError};

/// Memory for decoded pack entries, in bytes.
const DECODED_ENTRIES: usize = 32 << 20;

/// A git repository opened for reading, and the directory in it that is the build context.
///
/// A clone is for another thread: both read the same objects, each with a memory of its own of what it decoded.
#[derive(Clone)]
pub struct Repository {
    pub(super) git: gix::Repository,
    context: String,
    /// What lies between two trees, for all who ask again, clones among them: the weights of edits, a replay, another
    /// replay.
    known: Arc<Mutex<HashMap<Between, Arc<[Change]>>>>,
    /// Memory to read objects into.
    buffers: RefCell<Vec<Vec<u8>>>,
}

/// The trees that are compared.
type Between = (Option<ObjectId>, Option<ObjectId>);

impl Repository {
    /// Opens the repository that holds `path`: a working tree or a directory below it, a linked worktree, a
    /// submodule's directory, or a bare repository.
    ///
    /// A directory below the root of the working tree becomes the build context.
    pub fn open(path: &Path) -> Result<Self, HistoryError> {
        let not_one = |reason: String| HistoryError::NotARepository { path: path.to_owned(), reason };
        let mut git = gix::discover(path).map_err(|error| not_one(error.to_string()))?;
        git.objects.set_pack_cache(|| Box::new(DecodedEntries::new(DECODED_ENTRIES)));
        let context = match git.workdir() {
            Some(root) => {
                let real = |path: &Path| path.canonicalize().map_err(|error| not_one(error.to_string()));
                let (root, path, dot_git) = (real(root)?, real(path)?, real(git.common_dir())?);
                let below = path.strip_prefix(&root).ok().filter(|_| !path.starts_with(&dot_git));
                below.map(slashed).unwrap_or_default()
            }
            None => String::new(),
        };
        Ok(Self { git, context, known: Arc::default(), buffers: RefCell::default() })
    }

    /// Makes another directory the build context: a path from the repository's root, `""` for the root.
    pub fn with_context(mut self, path: &str) -> Self {
        self.context = path.split('/').filter(|p| !p.is_empty() && *p != ".").collect::<Vec<_>>().join("/");
        self
    }

    /// Path of the build context from the repository's root, `""` for the root itself.
    pub fn context(&self) -> &str {
        &self.context
    }

    /// Says whether the clone is shallow, so that history ends before it began.
    pub fn is_shallow(&self) -> bool {
        self.git.is_shallow().unwrap_or(false)
    }

    /// Root of the working tree; `None` where the repository is bare.
    pub fn working_tree(&self) -> Option<PathBuf> {
        self.git.workdir().map(Path::to_owned)
    }

    /// Lists what `new` changed in the build context against `old`, or all of it against nothing.
    ///
    /// Paths are relative to the build context. Costs as much as the directories with a change are long, and nothing
    /// when it is asked again.
    pub fn changes(&self, old: Option<&Commit>, new: &Commit) -> Result<Arc<[Change]>, HistoryError> {
        let old = old.map(|commit| self.context_tree(commit)).transpose()?.flatten();
        let between = (old, self.context_tree(new)?);
        if let Some(known) = self.known().get(&between) {
            return Ok(Arc::clone(known));
        }
        let mut diff = TreeDiff::new(&self.git.objects, self.buffers.take());
        let changes: Arc<[Change]> = diff.between(between.0, between.1)?.into();
        self.buffers.replace(diff.into_buffers());
        self.known().insert(between, Arc::clone(&changes));
        Ok(changes)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Between, Arc<[Change]>>> {
        // A thread that panicked with it leaves whole answers behind.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Object id of the build context's directory as of a commit; `None` where it was not there.
    pub fn context_tree(&self, commit: &Commit) -> Result<Option<ObjectId>, HistoryError> {
        Ok(match diff::entry_at(&self.git.objects, commit.tree, &self.context)? {
            Some(Found::Tree(id)) => Some(id),
            Some(Found::Blob(_)) | None => None,
        })
    }

    /// Finds a file, link or submodule as of a commit, by its path from the repository's root.
    pub fn blob_at(&self, commit: &Commit, path: &str) -> Result<Option<Blob>, HistoryError> {
        Ok(match diff::entry_at(&self.git.objects, commit.tree, path)? {
            Some(Found::Blob(blob)) => Some(blob),
            Some(Found::Tree(_)) | None => None,
        })
    }

    /// Reads a blob's bytes as git stores them: no filter, no change of line ends.
    pub fn bytes(&self, id: ObjectId) -> Result<Vec<u8>, HistoryError> {
        self.with_object(id, |bytes| Ok(bytes.to_vec()))
    }

    /// Size of a blob in bytes, read from its header; a Git LFS pointer answers for the file it stands for.
    pub fn size(&self, id: ObjectId) -> Result<u64, HistoryError> {
        let header = self.git.try_find_header(id)?.ok_or(HistoryError::MissingObject { id })?;
        if header.size() >= super::LfsPointer::LONGEST {
            return Ok(header.size());
        }
        let pointer = super::LfsPointer::read(&self.bytes(id)?);
        Ok(pointer.map_or(header.size(), |pointer| pointer.size))
    }

    /// Resolves a revision (`HEAD~3`, a branch, a tag, an id or its beginning) to a commit.
    pub fn commit(&self, spec: &str) -> Result<Commit, HistoryError> {
        let bad = |reason: String| HistoryError::Revision { spec: spec.to_owned(), reason };
        let id = self.git.rev_parse_single(spec).map_err(|error| bad(error.to_string()))?;
        let peeled = id
            .object()
            .and_then(|object| object.peel_to_kind(gix::objs::Kind::Commit))
            .map_err(|error| bad(error.to_string()))?;
        self.read_commit(peeled.id)
    }

    pub(super) fn read_commit(&self, id: ObjectId) -> Result<Commit, HistoryError> {
        self.with_object(id, |bytes| Commit::decode(id, bytes))
    }

    /// Reads an object and does something with its bytes.
    fn with_object<T>(
        &self,
        id: ObjectId,
        call: impl FnOnce(&[u8]) -> Result<T, HistoryError>,
    ) -> Result<T, HistoryError> {
        let mut buffer = self.buffers.borrow_mut().pop().unwrap_or_default();
        let outcome = match self.git.objects.try_find(&id, &mut buffer)? {
            Some(object) => call(object.data),
            None => Err(HistoryError::MissingObject { id }),
        };
        self.buffers.borrow_mut().push(buffer);
        outcome
    }
}

/// A relative path with `/` between its parts on every platform.
fn slashed(path: &Path) -> String {
    path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}
