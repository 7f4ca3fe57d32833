//! Commits to build contexts: one tree listed whole, then only what each commit changed.

use std::collections::HashMap;
use std::sync::Arc;

use gix::ObjectId;

use crate::context::ignore::{DirRules, Ignore, IgnoreError};
use crate::context::{Digest, Dir, Entry, File, Tree, path};

use super::{Blob, BlobKind, Change, Commit, HistoryError, Repository};

/// What a build of a commit starts from.
#[derive(Debug, Clone)]
pub struct BuildInput {
    /// The build context after the ignore file, as a checkout of the commit alone would give it.
    ///
    /// A file's content digest stands for its object id, so it equals another's of the same repository when
    /// the bytes do, and never one of a file read from disk. Sizes are 0 unless [`ContextOptions::sizes`].
    pub tree: Tree,
    /// Text of the Dockerfile; `None` where the commit has none.
    pub dockerfile: Option<Arc<str>>,
    /// Text of the ignore file that counts; `None` where there is none.
    pub ignore: Option<Arc<str>>,
    /// What is wrong with the ignore file; the build fails for it, and `tree` is the whole one.
    pub ignore_error: Option<IgnoreError>,
    /// What the commit changed in the context before the ignore file, in git's order.
    pub changes: Vec<Change>,
}

/// How commits become build contexts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextOptions {
    /// The Dockerfile's path from the root of the repository.
    pub dockerfile: String,
    /// An ignore file's text (or none at all) that counts on every commit instead of the commit's own.
    pub ignore: Option<Option<Arc<str>>>,
    /// Lines that count as if they stood at the end of every commit's ignore file.
    pub appended: Vec<String>,
    /// Fill in the files' sizes, which costs a look at every blob's header.
    pub sizes: bool,
    /// Put a `.git` directory that changes with every commit at the root, as every working tree has one.
    pub git_dir: bool,
}

impl ContextOptions {
    /// The usual ones: `Dockerfile` in the build context, a `.git` directory, no sizes.
    pub fn of(repo: &Repository) -> Self {
        let dockerfile = path::join(repo.context(), "Dockerfile");
        Self { dockerfile, ignore: None, appended: Vec::new(), sizes: false, git_dir: true }
    }
}

/// Follows commits one by one, each from where the last one left off.
///
/// What it costs to go to a commit depends on what changed since the last, not on the size of the tree: other
/// sub-trees of the repository are not opened, other directories of the context are shared. Only the
/// Dockerfile, the ignore file and the targets of symbolic links are read, each object once.
pub struct Contexts<'r> {
    repo: &'r Repository,
    options: ContextOptions,
    at: Option<Commit>,
    /// Every file of the commit.
    whole: Tree,
    /// Those that the ignore file leaves.
    visible: Tree,
    ignore_text: Option<Arc<str>>,
    ignore: Result<Ignore, IgnoreError>,
    texts: HashMap<ObjectId, Arc<str>>,
}

impl<'r> Contexts<'r> {
    /// Starts before any commit.
    pub fn new(repo: &'r Repository, options: ContextOptions) -> Self {
        Self {
            repo,
            options,
            at: None,
            whole: Tree::default(),
            visible: Tree::default(),
            ignore_text: None,
            ignore: Ok(Ignore::default()),
            texts: HashMap::new(),
        }
    }

    /// Goes to a commit, usually the child of the last one, and says what a build there starts from.
    pub fn advance(&mut self, commit: &Commit) -> Result<BuildInput, HistoryError> {
        let changes = self.repo.changes(self.at.as_ref(), commit)?;
        let updates = self.updates(commit, &changes)?;
        let before = self.whole.clone();
        let mut edits: Vec<_> = updates.iter().map(|(path, entry)| (path.as_str(), entry.clone())).collect();
        self.whole.edit(&mut edits);
        let dockerfile = self.text_at(commit, &self.options.dockerfile.clone())?;
        let ignore = self.ignore_at(commit)?;
        if self.at.is_none() || ignore != self.ignore_text {
            self.ignore = Ignore::parse(ignore.as_deref().unwrap_or_default());
            self.ignore_text.clone_from(&ignore);
            self.visible = self.filtered();
        } else {
            self.carry_over(&before);
        }
        self.at = Some(commit.clone());
        let (tree, ignore_error) = (self.visible.clone(), self.ignore.clone().err());
        Ok(BuildInput { tree, dockerfile, ignore, ignore_error, changes })
    }

    /// Every file of the commit, before the ignore file.
    pub fn whole(&self) -> &Tree {
        &self.whole
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
            updates.extend(git_dir(commit));
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

    /// Text of the file at a path from the repository's root, through symbolic links.
    fn text_at(&mut self, commit: &Commit, path: &str) -> Result<Option<Arc<str>>, HistoryError> {
        /// As many links as Linux follows.
        const MAX_LINKS: usize = 40;
        let mut path = path.to_owned();
        for _ in 0..=MAX_LINKS {
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

    /// The ignore file that counts, with the lines to append.
    fn ignore_at(&mut self, commit: &Commit) -> Result<Option<Arc<str>>, HistoryError> {
        let text = match &self.options.ignore {
            Some(pinned) => pinned.clone(),
            None => self.ignore_of(commit)?,
        };
        if self.options.appended.is_empty() {
            return Ok(text);
        }
        // A file may lack its last line break; an empty line says nothing.
        Ok(Some(format!("{}\n{}\n", text.unwrap_or_default(), self.options.appended.join("\n")).into()))
    }

    /// The commit's own: the Dockerfile's, else the context's (section 6 of the cache semantics).
    fn ignore_of(&mut self, commit: &Commit) -> Result<Option<Arc<str>>, HistoryError> {
        let own = format!("{}.dockerignore", self.options.dockerfile);
        match self.text_at(commit, &own)? {
            Some(text) => Ok(Some(text)),
            None => self.text_at(commit, &path::join(self.repo.context(), ".dockerignore")),
        }
    }

    /// Applies the ignore file to the whole tree.
    fn filtered(&self) -> Tree {
        match &self.ignore {
            Ok(ignore) if !ignore.is_empty() => Tree::from(visible(ignore, self.whole.root(), "", None)),
            Ok(_) | Err(_) => self.whole.clone(),
        }
    }

    /// Carries what changed of the whole tree over to the visible one.
    fn carry_over(&mut self, before: &Tree) {
        self.visible = match &self.ignore {
            Ok(ignore) if !ignore.is_empty() => {
                let whole = [before.root(), self.whole.root()];
                Tree::from(carried(ignore, whole, self.visible.root(), "", None))
            }
            Ok(_) | Err(_) => self.whole.clone(),
        };
    }
}

/// What an ignore file leaves of a directory: the very same one where that is all of it.
fn visible(ignore: &Ignore, dir: &Arc<Dir>, at: &str, rules: Option<&DirRules>) -> Arc<Dir> {
    let mut hidden: Vec<(&str, Option<Entry>)> = Vec::new();
    for (name, entry) in dir.iter() {
        let left = shown(ignore, entry, &path::join(at, name), rules);
        if !left.as_ref().is_some_and(|left| is_same(left, entry)) {
            hidden.push((name, left));
        }
    }
    if hidden.is_empty() { Arc::clone(dir) } else { Arc::new(dir.edited(hidden)) }
}

/// What an ignore file leaves of an entry: an ignored directory stays where something in it is brought back.
fn shown(ignore: &Ignore, entry: &Entry, path: &str, rules: Option<&DirRules>) -> Option<Entry> {
    let verdict = ignore.judge(path, rules);
    match entry {
        Entry::Dir(_) if verdict.ignored && ignore.can_prune(path) => None,
        Entry::Dir(dir) => {
            let left = visible(ignore, dir, path, Some(&verdict.rules));
            (!verdict.ignored || !left.is_empty()).then_some(Entry::Dir(left))
        }
        _ => (!verdict.ignored).then(|| entry.clone()),
    }
}

/// What an ignore file leaves of the second of two directories, given what it left of the first: only what differs is
/// judged anew.
fn carried(
    ignore: &Ignore,
    [before, now]: [&Arc<Dir>; 2],
    left: &Arc<Dir>,
    at: &str,
    rules: Option<&DirRules>,
) -> Arc<Dir> {
    let mut edits: Vec<(&str, Option<Entry>)> = Vec::new();
    // Where nothing was hidden and nothing is, both are one.
    let mut nothing_hidden = Arc::ptr_eq(before, left);
    before.compare_shared(now, |name, old, new| {
        let Some(new) = new else { return edits.push((name, None)) };
        if old.is_some_and(|old| is_same(old, new)) {
            return;
        }
        let path = path::join(at, name);
        let entry = match (old, new, left.get(name)) {
            (Some(Entry::Dir(old)), Entry::Dir(new), Some(Entry::Dir(left))) => {
                let verdict = ignore.judge(&path, rules);
                let left = carried(ignore, [old, new], left, &path, Some(&verdict.rules));
                (!verdict.ignored || !left.is_empty()).then_some(Entry::Dir(left))
            }
            _ => shown(ignore, new, &path, rules),
        };
        nothing_hidden &= entry.as_ref().is_some_and(|entry| is_same(entry, new));
        edits.push((name, entry));
    });
    if nothing_hidden { Arc::clone(now) } else { Arc::new(left.edited(edits)) }
}

/// Tells whether two entries are surely equal, without hashing them.
fn is_same(a: &Entry, b: &Entry) -> bool {
    match (a, b) {
        (Entry::Dir(a), Entry::Dir(b)) => Arc::ptr_eq(a, b),
        (Entry::File(a), Entry::File(b)) => a == b,
        (Entry::Symlink(a), Entry::Symlink(b)) => a == b,
        _ => false,
    }
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

/// What a working tree's `.git` holds, as far as a build can tell one commit's from another's.
fn git_dir(commit: &Commit) -> impl Iterator<Item = (String, Option<Entry>)> {
    let constant = [("HEAD", "ref: refs/heads/main\n"), ("config", "[core]\n\tbare = false\n")];
    let constant = constant.map(|(name, text)| (name, Entry::file(0o644, text.as_bytes())));
    let moving = ["index", "logs/HEAD", "refs/heads/main"]
        .map(|name| (name, Entry::File(File { mode: 0o644, size: 0, content: content_of(commit.id) })));
    constant.into_iter().chain(moving).map(|(name, entry)| (format!(".git/{name}"), Some(entry)))
}
