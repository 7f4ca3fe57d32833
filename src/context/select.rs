//! What a COPY, an ADD or a bind mount takes in from a tree, as BuildKit's content hash sees it.

use serde::{Deserialize, Serialize};

use super::glob;
use super::tree::{Entry, TooManyLinks, Tree};
use super::{Digest, path};

mod cover;
mod filtered;
mod landing;

pub use cover::{Cover, Places, changed_among, changed_paths, paths};
pub use filtered::Memo;
pub use landing::{Dress, Landed, Landing, landings};

/// Which paths of an input count: one source of a COPY, or the source of a bind mount.
///
/// The fields are those of BuildKit's `opsutils.Selector`; which instruction sets which is told in
/// `dockerfile2llb/convert_copy.go`, and [`Selector::of_source`] and [`Selector::of_parents`] follow it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Selector {
    /// Clean path from the root of the tree (`""` is all of it), a pattern if `wildcard`.
    pub path: String,
    /// The path is read as a pattern.
    #[serde(default)]
    pub wildcard: bool,
    /// A symbolic link that is itself what is selected is followed.
    #[serde(default)]
    pub follow_links: bool,
    /// Where there are any, only what matches one of these counts, below the path.
    #[serde(default)]
    pub include: Vec<String>,
    /// What matches one of these does not count, below the path; `!` brings back.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// With `include`: it is an error, in which this path is named, if nothing is selected.
    #[serde(default)]
    pub required: Option<String>,
}

/// What a selector takes in from a tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Selection {
    /// The content key: equal for what BuildKit's is equal for.
    pub digest: Digest,
    /// Files (anything but directories).
    pub files: usize,
    /// Bytes of the regular files.
    pub bytes: u64,
    /// A path whose absence fails the copy only when it runs: a plain source with --exclude has a key even
    /// though nothing is there.
    pub missing: Option<String>,
}

/// Why nothing can be selected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// A source is not there. Named as BuildKit names it, from the root: `/nothing.txt` (`copy-missing`).
    #[error("{path:?}: not found")]
    NotFound {
        /// The path, with a leading slash.
        path: String,
    },
    /// A wildcard, --exclude or --parents pattern cannot be read.
    #[error("malformed pattern {pattern:?}: {message}")]
    BadPattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        message: String,
    },
    /// A symbolic link leads in a circle.
    #[error(transparent)]
    TooManyLinks(#[from] TooManyLinks),
}

impl SelectError {
    fn not_found(path: &str) -> Self {
        Self::NotFound { path: format!("/{path}") }
    }
}

impl Selector {
    /// Selects one path, not followed: a heredoc's file.
    pub fn of_path(path: &str) -> Self {
        Self { path: path::clean(path).into_owned(), ..Self::default() }
    }

    /// Selects the source of a bind mount: a path, followed.
    pub fn of_mount(path: &str) -> Self {
        Self { follow_links: true, ..Self::of_path(path) }
    }

    /// Selects one source of a COPY or ADD without --parents.
    pub fn of_source(source: &str, exclude: &[String]) -> Self {
        let path = path::clean(source).into_owned();
        let wildcard = glob::has_wildcards(&path);
        Self { path, wildcard, follow_links: true, exclude: exclude.to_vec(), ..Self::default() }
    }

    /// Selects one source of a COPY --parents; `/./` in it is the pivot before which directories are dropped.
    pub fn of_parents(source: &str, exclude: &[String]) -> Self {
        let (base, pattern) = source.split_once("/./").unwrap_or(("", source));
        let (base, pattern) = (path::clean(base), path::clean(pattern));
        let plain = !glob::has_wildcards(&base) && !glob::has_wildcards(&pattern);
        Self {
            required: plain.then(|| path::clean(&format!("{base}/{pattern}")).into_owned()),
            include: vec![pattern.into_owned()],
            ..Self::of_source(&base, exclude)
        }
    }

    /// The path at and below which everything it takes in stands: a wildcard's fixed prefix, else its path.
    pub fn base(&self) -> &str {
        if self.wildcard { glob::split_wildcards(&self.path).0 } else { &self.path }
    }

    /// Tells whether it is more than one path: a wildcard, or patterns.
    pub fn is_filtered(&self) -> bool {
        self.wildcard || !self.include.is_empty() || !self.exclude.is_empty()
    }

    /// Combines the selectors that one operation has on one input, as `ops/file.go` does: plain paths once
    /// each and without those below another, then the filtered ones, all in the order of their paths.
    pub fn combine(selectors: &[Self]) -> Vec<Self> {
        let covers = |a: &Self, b: &Self| {
            a.follow_links == b.follow_links && a.path != b.path && path::is_within(&b.path, &a.path)
        };
        let mut plain: Vec<Self> = selectors.iter().filter(|s| !s.is_filtered()).cloned().collect();
        plain.sort();
        plain.dedup();
        let mut all: Vec<Self> =
            plain.iter().filter(|s| !plain.iter().any(|a| covers(a, s))).cloned().collect();
        all.extend(selectors.iter().filter(|s| s.is_filtered()).cloned());
        all.sort_by(|a, b| a.path.cmp(&b.path));
        all
    }
}

/// Selects from a tree (sections 3 and 5 of the cache semantics; BuildKit's `contenthash.Checksum`).
///
/// A plain path has the digest of what stands there, a directory that of all below. A wildcard, --exclude or
/// --parents has that of the list of matched paths with their digests, in which directories count by being
/// there. One match whose base name equals the path's counts as a plain path.
pub fn select(tree: &Tree, selector: &Selector) -> Result<Selection, SelectError> {
    select_memo(tree, selector, &mut Memo::default())
}

/// Selects from a tree, remembering the parts of filtered directories, so that the next selection from a
/// slightly changed tree costs no more than the change.
pub fn select_memo(tree: &Tree, selector: &Selector, memo: &mut Memo) -> Result<Selection, SelectError> {
    if selector.is_filtered() {
        return filtered::select(tree, selector, memo);
    }
    let entry = plain(tree, &selector.path, selector.follow_links)?;
    let (files, bytes) = entry.weight();
    Ok(Selection { digest: entry.digest(), files, bytes, missing: None })
}

/// Selects for one operation with all the selectors it has on one input; no selector means all of it.
pub fn select_all(tree: &Tree, selectors: &[Selector], memo: &mut Memo) -> Result<Selection, SelectError> {
    let mut combined = Selector::combine(selectors);
    if combined.is_empty() {
        combined.push(Selector::default());
    }
    let mut parts = Vec::with_capacity(combined.len());
    for selector in &combined {
        parts.push(select_memo(tree, selector, memo)?);
    }
    Ok(Selection {
        digest: Digest::of_parts(parts.iter().map(|p| p.digest.0.as_slice())),
        files: parts.iter().map(|p| p.files).sum(),
        bytes: parts.iter().map(|p| p.bytes).sum(),
        missing: parts.into_iter().find_map(|p| p.missing),
    })
}

fn plain(tree: &Tree, path: &str, follow: bool) -> Result<Entry, SelectError> {
    tree.resolve(path, follow)?.map(|(_, entry)| entry).ok_or_else(|| SelectError::not_found(path))
}

#[cfg(test)]
mod tests;
