//! Every file of a commit: one tree listed whole, then only what each commit changed.

use std::collections::HashMap;
use std::sync::Arc;

use gix::ObjectId;

use crate::context::{Digest, Entry, File, Tree, path};

use super::{Blob, BlobKind, Change, Commit, ContextOptions, HistoryError, Repository};

/// Follows commits one by one, each from where the last one left off; nothing is ignored here.
pub(super) struct Files<'r> {
    repo: &'r Repository,
    options: ContextOptions,
    at: Option<Commit>,
    whole: Tree,
    /// Texts of blobs, each read once.
    texts: HashMap<ObjectId, Arc<str>>,
    /// Texts of files as of this commit, by path from the repository's root.
    known: HashMap<String, Known>,
}

/// The text of a file, and all paths that were looked at for it.
struct Known {
    text: Option<Arc<str>>,
    paths: Vec<String>,
}

impl<'r> Files<'r> {
    /// Starts before any commit.
    pub fn new(repo: &'r Repository, options: ContextOptions) -> Self {
        let (texts, known) = (HashMap::new(), HashMap::new());
        Self { repo, options, at: None, whole: Tree::default(), texts, known }
    }

    /// Every file of the commit.
    pub fn whole(&self) -> &Tree {
        &self.whole
    }

    /// Goes to a commit, and says what it changed.
    pub fn advance(&mut self, commit: &Commit) -> Result<Arc<[Change]>, HistoryError> {
        let changes = self.repo.changes(self.at.as_ref(), commit)?;
        let updates = self.updates(commit, &changes)?;
        let mut edits: Vec<_> = updates.iter().map(|(path, entry)| (path.as_str(), entry.clone())).collect();
        self.whole.edit(&mut edits);
        let context = self.repo.context();
        self.known.retain(|_, known| known.paths.iter().all(|path| is_unchanged(path, context, &changes)));
        self.at = Some(commit.clone());
        Ok(changes)
    }

    /// Text of the Dockerfile.
    pub fn dockerfile(&mut self, commit: &Commit) -> Result<Option<Arc<str>>, HistoryError> {
        let path = self.options.dockerfile_at(commit).to_owned();
        self.text_at(commit, path)
    }

    /// Text of the ignore file: the Dockerfile's own, else the context's (section 6 of the cache semantics).
    pub fn ignore_file(&mut self, commit: &Commit) -> Result<Option<Arc<str>>, HistoryError> {
        let own = format!("{}.dockerignore", self.options.dockerfile_at(commit));
        match self.text_at(commit, own)? {
            Some(text) => Ok(Some(text)),
            None => self.text_at(commit, path::join(self.repo.context(), ".dockerignore")),
        }
    }

    /// Turns changes into entries of the tree: removals first, because a file may take a directory's place.
    fn updates(
        &mut self,
        commit: &Commit,
        changes: &[Change],
    ) -> Result<Vec<(String, Option<Entry>)>, HistoryError> {
        let submodule = |blob: Option<Blob>| blob.is_some_and(|blob| blob.kind == BlobKind::Submodule);
        let mut updates: Vec<_> = changes
            .iter()
            .filter(|change| change.new.is_none() || submodule(change.old))
            .map(|change| (change.path.to_string(), None))
            .collect();
        for change in changes {
            match change.new {
                Some(new) if new.kind == BlobKind::Submodule => updates.push(pinned(&change.path, new.id)),
                Some(new) => updates.push((change.path.to_string(), Some(self.entry(new)?))),
                None => {}
            }
        }
        if self.options.git_dir && self.repo.context().is_empty() {
            if self.at.is_none() {
                updates.extend(git_settings());
            }
            updates.extend(git_state(commit));
        }
        Ok(updates)
    }

    fn entry(&mut self, blob: Blob) -> Result<Entry, HistoryError> {
        let mode = match blob.kind {
            BlobKind::Symlink => return Ok(Entry::Symlink(self.text(blob.id)?)),
            BlobKind::Executable => 0o755,
            BlobKind::File | BlobKind::Submodule => 0o644,
        };
        let size = if self.options.sizes { self.repo.size(blob.id)? } else { 0 };
        Ok(Entry::File(File { mode, size, content: content_of(blob.id) }))
    }

    /// Text of a blob, read once; bytes that are not UTF-8 as replacement characters.
    fn text(&mut self, id: ObjectId) -> Result<Arc<str>, HistoryError> {
        if let Some(text) = self.texts.get(&id) {
            return Ok(Arc::clone(text));
        }
        let text: Arc<str> = String::from_utf8_lossy(&self.repo.bytes(id)?).into();
        self.texts.insert(id, Arc::clone(&text));
        Ok(text)
    }

    /// Text of the file at a path from the repository's root.
    fn text_at(&mut self, commit: &Commit, path: String) -> Result<Option<Arc<str>>, HistoryError> {
        if let Some(known) = self.known.get(&path) {
            return Ok(known.text.clone());
        }
        let mut paths = Vec::new();
        let text = self.look_up(commit, &path, &mut paths)?;
        self.known.insert(path, Known { text: text.clone(), paths });
        Ok(text)
    }

    /// Reads a file through symbolic links, and notes where it looked.
    fn look_up(
        &mut self,
        commit: &Commit,
        path: &str,
        looked: &mut Vec<String>,
    ) -> Result<Option<Arc<str>>, HistoryError> {
        /// As many links as Linux follows.
        const MAX_LINKS: usize = 40;
        let mut path = path.to_owned();
        for _ in 0..=MAX_LINKS {
            looked.push(path.clone());
            let Some(blob) = self.repo.blob_at(commit, &path)? else { return Ok(None) };
            match blob.kind {
                BlobKind::File | BlobKind::Executable => return self.text(blob.id).map(Some),
                BlobKind::Submodule => return Ok(None),
                BlobKind::Symlink => {
                    let target = self.text(blob.id)?;
                    path = path::clean(&path::join(path::split(&path).0, &target)).into_owned();
                }
            }
        }
        Ok(None)
    }
}

/// Tells whether a path from the repository's root surely stands as it stood before these changes in the context.
fn is_unchanged(path: &str, context: &str, changes: &[Change]) -> bool {
    // Of what lies outside of the context nobody says whether it changed.
    let below = match context {
        "" => Some(path),
        context => path.strip_prefix(context).and_then(|rest| rest.strip_prefix('/')),
    };
    below.is_some_and(|below| changes.iter().all(|change| &*change.path != below))
}

/// Digest that stands for the bytes of a git object.
fn content_of(id: ObjectId) -> Digest {
    Digest::of_parts([b"git-blob".as_slice(), id.as_bytes()])
}

/// A submodule, whose files are in another repository: a directory that changes with the commit it is pinned
/// to, as it does where submodules are checked out too.
fn pinned(path: &str, id: ObjectId) -> (String, Option<Entry>) {
    (
        path::join(path, &format!("@{id}")),
        Some(Entry::File(File { mode: 0o644, size: 0, content: content_of(id) })),
    )
}

/// What a working tree's `.git` holds on every commit.
fn git_settings() -> impl Iterator<Item = (String, Option<Entry>)> {
    [("HEAD", "ref: refs/heads/main\n"), ("config", "[core]\n\tbare = false\n")]
        .into_iter()
        .map(|(name, text)| (format!(".git/{name}"), Some(Entry::file(0o644, text.as_bytes()))))
}

/// What it holds besides, as far as a build can tell one commit's from another's.
fn git_state(commit: &Commit) -> impl Iterator<Item = (String, Option<Entry>)> {
    let content = content_of(commit.id);
    ["index", "logs/HEAD", "refs/heads/main"]
        .into_iter()
        .map(move |name| (format!(".git/{name}"), Some(Entry::File(File { mode: 0o644, size: 0, content }))))
}
