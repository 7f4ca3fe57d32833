//! Polling of the files that lie outside of what a sweep of the context sees.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::index::Stat;

/// Files and their last stats.
pub(super) struct Beside(Vec<(PathBuf, Option<Stat>)>);

impl Beside {
    pub fn new(files: Vec<PathBuf>) -> Self {
        Self(files.into_iter().map(|f| (f.clone(), stat(&f))).collect())
    }

    /// Names the files that changed since last asked.
    pub fn changed(&mut self) -> Vec<PathBuf> {
        let mut changed = Vec::new();
        for (file, last) in &mut self.0 {
            let now = stat(file);
            if now != *last {
                *last = now;
                changed.push(file.clone());
            }
        }
        changed
    }
}

fn stat(file: &Path) -> Option<Stat> {
    fs::metadata(file).ok().map(|m| Stat::of(&m))
}
