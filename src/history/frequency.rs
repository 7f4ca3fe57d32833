//! How often files change: the weights of what a better order would save.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Change, Commit};

/// How many commits of a series touched each path of the build context.
///
/// Directories count too: a commit that touches ten files of a directory counts once for it. The root, `""`,
/// counts the commits that touched anything.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Frequencies {
    /// Commits looked at.
    pub commits: usize,
    /// Days between the first and the last of them.
    pub days: f64,
    /// Commits that touched each file and directory, by path.
    pub touched: BTreeMap<String, usize>,
}

/// Counts changes commit by commit.
#[derive(Debug, Default)]
pub struct FrequencyCount {
    counted: Frequencies,
    span: Option<(i64, i64)>,
}

impl FrequencyCount {
    /// Counts one commit.
    pub fn add(&mut self, commit: &Commit, changes: &[Change]) {
        self.counted.commits += 1;
        let (first, last) = self.span.unwrap_or((commit.committed, commit.committed));
        self.span = Some((first.min(commit.committed), last.max(commit.committed)));
        let mut paths: Vec<&str> = changes.iter().flat_map(|change| path_and_dirs(&change.path)).collect();
        paths.sort_unstable();
        paths.dedup();
        for path in paths {
            if let Some(count) = self.counted.touched.get_mut(path) {
                *count += 1;
            } else {
                self.counted.touched.insert(path.to_owned(), 1);
            }
        }
    }

    /// Ends the count.
    pub fn finish(mut self) -> Frequencies {
        let seconds = self.span.map_or(0, |(first, last)| last - first);
        self.counted.days = seconds as f64 / 86_400.0;
        self.counted
    }
}

impl Frequencies {
    /// Share of the commits that touched a path, from 0 to 1.
    pub fn share(&self, path: &str) -> f64 {
        let touched = self.touched.get(path).copied().unwrap_or_default();
        if self.commits == 0 { 0.0 } else { touched as f64 / self.commits as f64 }
    }

    /// Commits a day; of a series within one day, as if it had taken the whole day.
    pub fn commits_per_day(&self) -> f64 {
        self.commits as f64 / self.days.max(1.0)
    }

    /// Commits a day that touch a path.
    pub fn per_day(&self, path: &str) -> f64 {
        self.share(path) * self.commits_per_day()
    }
}

/// A path, the directories above it, and the root.
fn path_and_dirs(path: &str) -> impl Iterator<Item = &str> {
    let dirs = path.match_indices('/').map(|(end, _)| &path[..end]);
    [path, ""].into_iter().chain(dirs)
}

#[cfg(test)]
mod tests {
    use gix::ObjectId;

    use super::*;

    #[test]
    fn counts_commits_not_files() {
        let id = ObjectId::null(gix::hash::Kind::Sha1);
        let commit = |committed| Commit {
            id,
            tree: id,
            parents: Vec::new(),
            authored: 0,
            committed,
            author: String::new(),
            subject: String::new(),
        };
        let change = |path: &str| Change { path: path.into(), old: None, new: None };
        let mut count = FrequencyCount::default();
        count.add(&commit(86_400 * 4), &[change("src/a"), change("src/b"), change("README")]);
        count.add(&commit(86_400 * 2), &[change("src/a")]);
        count.add(&commit(86_400 * 3), &[]);
        count.add(&commit(86_400 * 3), &[change("src/deep/x")]);
        let counted = count.finish();
        let rows: Vec<(&str, usize)> = counted.touched.iter().map(|(path, n)| (path.as_str(), *n)).collect();
        let expected = [
            ("", 3),
            ("README", 1),
            ("src", 3),
            ("src/a", 2),
            ("src/b", 1),
            ("src/deep", 1),
            ("src/deep/x", 1),
        ];
        assert_eq!(rows, expected);
        assert_eq!((counted.commits, counted.days), (4, 2.0));
        assert_eq!((counted.share("src"), counted.share("nowhere")), (0.75, 0.0));
        assert_eq!((counted.commits_per_day(), counted.per_day("src/a")), (2.0, 1.0));
    }

    #[test]
    fn an_empty_series_has_no_rates() {
        let counted = FrequencyCount::default().finish();
        assert_eq!((counted.share(""), counted.per_day("")), (0.0, 0.0));
    }
}
