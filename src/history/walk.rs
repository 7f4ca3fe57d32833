//! Which commits are replayed, and in which order.

use std::collections::{BinaryHeap, HashMap, HashSet};

use gix::ObjectId;
use gix::objs::CommitRef;

use super::{HistoryError, Repository};

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its object id.
    pub id: ObjectId,
    /// Object id of the repository's root directory.
    pub tree: ObjectId,
    /// Parents; the first is the branch that was merged into.
    pub parents: Vec<ObjectId>,
    /// When it was written, in seconds since 1970, UTC.
    pub authored: i64,
    /// When it was committed, in seconds since 1970, UTC.
    pub committed: i64,
    /// Who wrote it.
    pub author: String,
    /// First paragraph of its message, on one line.
    pub subject: String,
}

impl Commit {
    /// First ten hex digits of the id.
    pub fn short(&self) -> String {
        self.id.to_hex_with_len(10).to_string()
    }

    pub(super) fn decode(id: ObjectId, bytes: &[u8]) -> Result<Self, HistoryError> {
        let commit = CommitRef::from_bytes(bytes, gix::hash::Kind::Sha1)?;
        let committed = commit.time()?.seconds;
        let author = commit.author()?;
        Ok(Self {
            id,
            tree: commit.tree(),
            parents: commit.parents().collect(),
            // A signature with a broken date is old history's; the committer's stands in.
            authored: author.time().map_or(committed, |time| time.seconds),
            committed,
            author: author.name.to_string(),
            subject: commit.message().summary().to_string(),
        })
    }
}

/// Which commits to take, as asked on a command line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// `A..B`, or a revision alone for all that leads to it; `HEAD` where absent.
    pub range: Option<String>,
    /// At most this many, the newest.
    pub limit: Option<usize>,
    /// Only those committed at or after this time (seconds since 1970).
    pub since: Option<i64>,
}

/// Commits along first parents, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// The first parent of the oldest: what the cache is warm with before the first commit is built. `None`
    /// where history begins or the clone ends.
    pub base: Option<Commit>,
    /// The commits selected.
    pub commits: Vec<Commit>,
    /// Why there is none before the oldest.
    pub end: SeriesEnd,
}

/// Why a series does not reach further back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SeriesEnd {
    /// As many as were asked for.
    Limit,
    /// The range begins here.
    Range,
    /// The one before is older than asked for.
    Since,
    /// The repository's first commit.
    Root,
    /// A shallow clone has no more.
    Shallow,
}

impl Repository {
    /// Names the commits of a selection, along first parents, as `git log --first-parent` does.
    ///
    /// `A..B` leaves out whatever can be reached from A by any parent. `A...B` is read as the pull request it
    /// usually means: from the merge base of A and B to B, which for first parents leaves out the same commits.
    pub fn series(&self, selection: &Selection) -> Result<Series, HistoryError> {
        let spec = selection.range.as_deref().unwrap_or("HEAD");
        let (from, to) = match spec.split_once("...").or_else(|| spec.split_once("..")) {
            Some((from, to)) => (Some(from), to),
            None => (None, spec),
        };
        let or_head = |spec: &str| self.commit(if spec.is_empty() { "HEAD" } else { spec });
        let tip = or_head(to)?;
        let hidden = match from {
            Some(from) => self.reached_by_both([&tip, &or_head(from)?])?,
            None => HashSet::new(),
        };
        let limit = selection.limit.unwrap_or(usize::MAX);

        let mut commits: Vec<Commit> = Vec::new();
        let mut next = Some(tip);
        let end = loop {
            let Some(commit) = next.as_ref() else {
                // The parent that is missing is one that a shallow clone left out; without one it is the root.
                let root = commits.last().is_none_or(|oldest| oldest.parents.is_empty());
                break if root { SeriesEnd::Root } else { SeriesEnd::Shallow };
            };
            if hidden.contains(&commit.id) {
                break SeriesEnd::Range;
            }
            if commits.len() >= limit {
                break SeriesEnd::Limit;
            }
            if selection.since.is_some_and(|since| commit.committed < since) {
                break SeriesEnd::Since;
            }
            let parent = self.first_parent(commit)?;
            commits.extend(std::mem::replace(&mut next, parent));
        };
        commits.reverse();
        // Nothing selected: there is nothing to be warm for.
        let base = if commits.is_empty() { None } else { next };
        Ok(Series { base, commits, end })
    }

    /// The first parent; `None` for a root commit and at the edge of a shallow clone.
    fn first_parent(&self, commit: &Commit) -> Result<Option<Commit>, HistoryError> {
        let Some(&parent) = commit.parents.first() else { return Ok(None) };
        self.unless_cut_off(commit, parent)
    }

    /// Reads a parent; `None` where a shallow clone ends at `commit`.
    fn unless_cut_off(&self, commit: &Commit, parent: ObjectId) -> Result<Option<Commit>, HistoryError> {
        let cut = self.git.shallow_commits()?.is_some_and(|edge| edge.contains(&commit.id));
        if cut { Ok(None) } else { self.read_commit(parent).map(Some) }
    }

    /// Finds the newest commits that both tips reach, by any parent.
    ///
    /// Paints what each reaches, newest first, until all that is left to visit is reached by both.
    fn reached_by_both(&self, tips: [&Commit; 2]) -> Result<HashSet<ObjectId>, HistoryError> {
        const BOTH: u8 = 0b11;
        let mut reached_by: HashMap<ObjectId, u8> = HashMap::new();
        let mut queue = BinaryHeap::new();
        let mut reach = |commit: &Commit, by: u8, queue: &mut BinaryHeap<_>| {
            let known = reached_by.entry(commit.id).or_default();
            if *known | by != *known {
                *known |= by;
                queue.push((commit.committed, *known, commit.id));
            }
        };
        for (tip, by) in tips.into_iter().zip([0b01, 0b10]) {
            reach(tip, by, &mut queue);
        }
        while queue.iter().any(|&(_, by, _)| by != BOTH) {
            let Some((_, by, id)) = queue.pop() else { break };
            let commit = self.read_commit(id)?;
            for &parent in &commit.parents {
                if let Some(parent) = self.unless_cut_off(&commit, parent)? {
                    reach(&parent, by, &mut queue);
                }
            }
        }
        Ok(reached_by.into_iter().filter(|&(_, by)| by == BOTH).map(|(id, _)| id).collect())
    }
}
