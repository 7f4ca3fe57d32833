//! A Dockerfile that had another name before.

use similar::TextDiff;

use super::{Change, Commit, HistoryError, Repository, Series};
use crate::context::path;

/// A name that a file had before a commit of a series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormerName {
    /// The path from the root of the repository.
    pub path: String,
    /// The commit that gave it its next name.
    pub until: Commit,
    /// How many commits of the series, its base among them, have this name or an earlier one.
    pub commits: usize,
}

/// How much of a Dockerfile's lines may differ after it was renamed; git pairs files that are half alike as well.
const ALIKE: f32 = 0.5;

impl Repository {
    /// Finds the names that a Dockerfile had in a series before its name of today, the latest first.
    ///
    /// A commit that adds it and takes another file away has renamed it, if both have the same bytes, or are
    /// Dockerfiles by their names and half alike by their lines.
    ///
    /// # Errors
    /// Git objects that cannot be read.
    pub fn former_names(&self, series: &Series, dockerfile: &str) -> Result<Vec<FormerName>, HistoryError> {
        let chain: Vec<&Commit> = series.base.iter().chain(&series.commits).collect();
        let Some(oldest) = chain.first() else { return Ok(Vec::new()) };
        let mut found: Vec<FormerName> = Vec::new();
        let mut name = dockerfile.to_owned();
        if self.blob_at(oldest, &name)?.is_some() {
            return Ok(found);
        }
        // It may lie, and have lain, outside of the context.
        let whole = self.clone().with_context("");
        for at in (1..chain.len()).rev() {
            let changes = whole.changes(Some(chain[at - 1]), chain[at])?;
            let Some(before) = whole.renamed_from(&changes, &name)? else { continue };
            found.push(FormerName { path: before.clone(), until: chain[at].clone(), commits: at });
            name = before;
        }
        Ok(found)
    }

    /// The file that a commit with these changes made a new one of.
    fn renamed_from(&self, changes: &[Change], name: &str) -> Result<Option<String>, HistoryError> {
        let added = changes.iter().find(|change| &*change.path == name && change.old.is_none());
        let Some(new) = added.and_then(|change| change.new) else { return Ok(None) };
        let gone = || changes.iter().filter(|change| change.new.is_none());
        let same = gone().find(|change| change.old.is_some_and(|old| old.id == new.id));
        if let Some(same) = same {
            return Ok(Some(same.path.to_string()));
        }
        let text = |id| self.bytes(id).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let now = text(new.id)?;
        let mut best: Option<(f32, &Change)> = None;
        for change in gone().filter(|change| is_dockerfile(&change.path)) {
            let Some(old) = change.old else { continue };
            let alike = TextDiff::from_lines(&text(old.id)?, &now).ratio();
            if alike >= best.map_or(ALIKE, |(most, _)| most) {
                best = Some((alike, change));
            }
        }
        Ok(best.map(|(_, change)| change.path.to_string()))
    }
}

/// Tells by its name whether a file is a Dockerfile.
fn is_dockerfile(whole: &str) -> bool {
    let name = path::split(whole).1.to_lowercase();
    ["dockerfile", "containerfile"].iter().any(|word| name.contains(word)) && !name.ends_with("ignore")
}
