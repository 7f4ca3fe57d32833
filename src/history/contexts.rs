//! Commits to build contexts: what each commit's ignore file leaves of its files.

use std::collections::BTreeMap;
use std::sync::Arc;

use gix::ObjectId;

use crate::context::ignore::{DirRules, Ignore, IgnoreError};
use crate::context::{Dir, Entry, Tree, path};

use super::files::Files;
use super::{Change, Commit, FormerName, HistoryError, Repository, Series};

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
    pub changes: Arc<[Change]>,
}

/// How commits become build contexts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextOptions {
    /// The Dockerfile's path from the root of the repository.
    pub dockerfile: String,
    /// Its path as of the commits in which it had another name, by their ids ([`Repository::former_names`]).
    pub formerly: BTreeMap<ObjectId, Arc<str>>,
    /// Which ignore file counts.
    pub ignoring: Ignoring,
    /// Fill in the files' sizes, which costs a look at every blob's header.
    pub sizes: bool,
    /// Put a `.git` directory that changes with every commit at the root, as every working tree has one.
    pub git_dir: bool,
}

impl ContextOptions {
    /// The Dockerfile's path from the root of the repository as of a commit.
    pub(super) fn dockerfile_at(&self, commit: &Commit) -> &str {
        self.formerly.get(&commit.id).map_or(&self.dockerfile, |path| path)
    }

    /// Says under which names the Dockerfile is found in the commits of a series ([`Repository::former_names`]).
    pub fn follow(&mut self, series: &Series, names: &[FormerName]) {
        for name in names {
            let path: Arc<str> = name.path.as_str().into();
            let before = series.base.iter().chain(&series.commits).take(name.commits);
            self.formerly.extend(before.map(|commit| (commit.id, Arc::clone(&path))));
        }
    }

    /// The usual ones: `Dockerfile` in the build context, a `.git` directory, no sizes.
    pub fn of(repo: &Repository) -> Self {
        let dockerfile = path::join(repo.context(), "Dockerfile");
        let formerly = BTreeMap::new();
        Self { dockerfile, formerly, ignoring: Ignoring::default(), sizes: false, git_dir: true }
    }
}

/// Which ignore file counts; by default each commit's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ignoring {
    /// A text (or no file at all) that counts on every commit instead of the commit's own.
    pub instead: Option<Option<Arc<str>>>,
    /// Lines that count as if they stood at the end of every commit's file.
    pub appended: Vec<String>,
}

impl Ignoring {
    /// The same text, or none, on every commit.
    pub fn always(text: Option<Arc<str>>) -> Self {
        Self { instead: Some(text), ..Self::default() }
    }
}

/// Follows commits one by one, each from where the last one left off.
///
/// What it costs to go to a commit depends on what changed since the last, not on the size of the tree: other
/// sub-trees of the repository are not opened, other directories of the context are shared. Only the
/// Dockerfile, the ignore file and the targets of symbolic links are read, each object once.
pub struct Contexts<'r> {
    files: Files<'r>,
    first: View,
    others: Vec<View>,
}

impl<'r> Contexts<'r> {
    /// Starts before any commit.
    pub fn new(repo: &'r Repository, options: ContextOptions) -> Self {
        Self::of_several(repo, options, Vec::new())
    }

    /// Starts before any commit, with further ignore files beside that of the options.
    pub fn of_several(repo: &'r Repository, options: ContextOptions, others: Vec<Ignoring>) -> Self {
        let first = View::new(options.ignoring.clone());
        let others = others.into_iter().map(View::new).collect();
        Self { files: Files::new(repo, options), first, others }
    }

    /// Goes to a commit, usually the child of the last one, and says what a build there starts from.
    pub fn advance(&mut self, commit: &Commit) -> Result<BuildInput, HistoryError> {
        let (input, _) = self.advance_all(commit)?;
        Ok(input)
    }

    /// Goes to a commit, and says what a build there starts from: with the ignore file of the options, and with each
    /// of the others.
    pub fn advance_all(&mut self, commit: &Commit) -> Result<(BuildInput, Vec<BuildInput>), HistoryError> {
        let before = self.files.whole().clone();
        let changes = self.files.advance(commit)?;
        let dockerfile = self.files.dockerfile(commit)?;
        let files = &mut self.files;
        let mut see = |view: &mut View| -> Result<BuildInput, HistoryError> {
            let (tree, ignore_error) = view.follow(files, commit, &before)?;
            let (dockerfile, ignore) = (dockerfile.clone(), view.text.clone());
            Ok(BuildInput { tree, dockerfile, ignore, ignore_error, changes: Arc::clone(&changes) })
        };
        let first = see(&mut self.first)?;
        let others = self.others.iter_mut().map(see).collect::<Result<_, _>>()?;
        Ok((first, others))
    }

    /// Every file of the commit, before the ignore file.
    pub fn whole(&self) -> &Tree {
        self.files.whole()
    }
}

/// What one ignore file leaves of the files.
struct View {
    ignoring: Ignoring,
    /// The text read last, and what it says; none before the first commit.
    text: Option<Arc<str>>,
    ignore: Option<Result<Ignore, IgnoreError>>,
    visible: Tree,
}

impl View {
    fn new(ignoring: Ignoring) -> Self {
        Self { ignoring, text: None, ignore: None, visible: Tree::default() }
    }

    /// Follows the files to a commit; `before` is what they were.
    fn follow(
        &mut self,
        files: &mut Files<'_>,
        commit: &Commit,
        before: &Tree,
    ) -> Result<(Tree, Option<IgnoreError>), HistoryError> {
        let text = self.text_at(files, commit)?;
        let known = self.ignore.take().filter(|_| text == self.text);
        let is_new = known.is_none();
        let ignore = known.unwrap_or_else(|| Ignore::parse(text.as_deref().unwrap_or_default()));
        let whole = files.whole();
        self.visible = match &ignore {
            Ok(ignore) if !ignore.is_empty() && is_new => Tree::from(visible(ignore, whole.root(), "", None)),
            Ok(ignore) if !ignore.is_empty() => {
                Tree::from(carried(ignore, [before.root(), whole.root()], self.visible.root(), "", None))
            }
            Ok(_) | Err(_) => whole.clone(),
        };
        self.text = text;
        let error = ignore.as_ref().err().cloned();
        self.ignore = Some(ignore);
        Ok((self.visible.clone(), error))
    }

    /// The ignore file that counts, with the lines to append.
    fn text_at(&self, files: &mut Files<'_>, commit: &Commit) -> Result<Option<Arc<str>>, HistoryError> {
        let text = match &self.ignoring.instead {
            Some(text) => text.clone(),
            None => files.ignore_file(commit)?,
        };
        if self.ignoring.appended.is_empty() {
            return Ok(text);
        }
        // A file may lack its last line break; an empty line says nothing.
        let lines = self.ignoring.appended.join("\n");
        Ok(Some(format!("{}\n{lines}\n", text.unwrap_or_default()).into()))
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
