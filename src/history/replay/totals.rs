//! A walk added up: by step, by file, over all.

use std::collections::BTreeMap;

use super::record::{Build, SideWalk, Why};
use crate::cost::Basis;

/// A walk added up.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Totals {
    /// Commits that were built, failures included.
    pub builds: usize,
    /// Commits whose build ends in an error.
    pub failed: usize,
    /// Commits without a Dockerfile.
    pub without: usize,
    /// Builds in which any step ran.
    pub rebuilding: usize,
    /// Steps that ran.
    pub executed: usize,
    /// Steps in all builds.
    pub steps: usize,
    /// Steps whose status rests on what a RUN is taken to put out.
    pub assumed: usize,
    /// Seconds of all that ran.
    pub seconds: f64,
    /// The weakest basis of these seconds; none where nothing ran.
    pub basis: Option<Basis>,
    /// One a row of the walk, in its order.
    pub rows: Vec<RowTotal>,
    /// Files of the context that made steps run, the most expensive first.
    pub files: Vec<FileTotal>,
}

/// A step over all builds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RowTotal {
    /// Builds that have the step.
    pub builds: usize,
    /// Builds in which it ran.
    pub reran: usize,
    /// Builds in which it ran for a reason of its own.
    pub roots: usize,
    /// Seconds of these runs.
    pub seconds: f64,
    /// Files of the context that changed where it ran for a reason of its own: path, builds; the most first.
    pub files: Vec<(String, usize)>,
    /// Steps that pulled it along: row, builds; the most first.
    pub pulled_by: Vec<(usize, usize)>,
    /// Its other reasons in words: reason, builds; the most first.
    pub others: Vec<(String, usize)>,
}

/// A file over all builds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FileTotal {
    /// Its path in the context.
    pub path: String,
    /// Builds in which it is a reason for a step to run.
    pub builds: usize,
    /// Builds in which it is the only reason for anything to run.
    pub alone: usize,
    /// Its share of the seconds: each step's are split evenly among the first causes that led to it, and the part of
    /// files among the files.
    pub seconds: f64,
}

impl Totals {
    /// Adds up a walk.
    pub fn of(walk: &SideWalk) -> Self {
        let mut totals = Self { rows: vec![RowTotal::default(); walk.rows.len()], ..Self::default() };
        let mut files: BTreeMap<u32, FileTotal> = BTreeMap::new();
        let mut rows: Vec<RowCount> = vec![RowCount::default(); walk.rows.len()];
        for build in &walk.builds {
            totals.add(walk, build, &mut rows);
            add_files(walk, build, &mut files);
        }
        for (row, count) in totals.rows.iter_mut().zip(rows) {
            row.files = most_first(count.files.into_iter().map(|(p, n)| (walk.paths[p as usize].clone(), n)));
            row.pulled_by = most_first(count.pulled_by);
            row.others = most_first(count.others);
        }
        totals.files = files
            .into_iter()
            .map(|(path, total)| FileTotal { path: walk.paths[path as usize].clone(), ..total })
            .collect();
        totals.files.sort_by(|a, b| b.seconds.total_cmp(&a.seconds).then_with(|| a.path.cmp(&b.path)));
        totals
    }

    fn add(&mut self, walk: &SideWalk, build: &Build, counts: &mut [RowCount]) {
        let Some(version) = build.version else {
            self.without += 1;
            return;
        };
        self.builds += 1;
        self.failed += usize::from(build.error.is_some());
        self.rebuilding += usize::from(build.executed() > 0);
        self.executed += build.executed();
        self.steps += build.marks.len();
        self.assumed += build.marks.iter().filter(|mark| mark.is_assumed()).count();
        self.seconds += walk.seconds(build);
        let steps = &walk.versions[version].steps;
        let mut seen = vec![false; self.rows.len()];
        for (step, mark) in steps.iter().zip(&build.marks) {
            let row = &mut self.rows[step.row];
            // A build counts once for a row, even where two steps share it.
            if !std::mem::replace(&mut seen[step.row], true) {
                row.builds += 1;
            }
            if mark.ran() {
                row.reran += 1;
                row.roots += usize::from(mark.is_root());
                row.seconds += step.seconds.value;
                self.basis = Some(self.basis.map_or(step.seconds.basis, |b| b.min(step.seconds.basis)));
            }
        }
        for (at, reasons) in &build.reasons {
            let count = &mut counts[steps[*at].row];
            for why in reasons {
                count.add(why, |step| steps[step].row);
            }
        }
    }
}

/// Reasons of one row while they are counted.
#[derive(Debug, Clone, Default)]
struct RowCount {
    files: BTreeMap<u32, usize>,
    pulled_by: BTreeMap<usize, usize>,
    others: BTreeMap<String, usize>,
}

impl RowCount {
    fn add(&mut self, why: &Why, row_of: impl Fn(usize) -> usize) {
        let mut other = |text: String| *self.others.entry(text).or_default() += 1;
        match why {
            Why::Files { p, .. } => {
                for &path in p {
                    *self.files.entry(path).or_default() += 1;
                }
            }
            Why::Pulled { by } | Why::Elsewhere { by: Some(by), .. } => {
                *self.pulled_by.entry(row_of(*by)).or_default() += 1;
            }
            Why::Elsewhere { what, by: None } => other(format!("{what} changed")),
            Why::New => other("nothing like it was built before".into()),
            Why::Missing => other("the imported cache lacks its result".into()),
            Why::Text { what } => other(format!("its {what} changed")),
            Why::Neighbour => other("another step stands before it".into()),
            Why::Environment { names } => other(format!("{} changed", names.join(", "))),
            Why::Base { .. } => other("the base image changed".into()),
        }
    }
}

/// A reason that no other step's running explains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Origin {
    step: usize,
    reason: usize,
}

/// For each step that ran, in order: the first causes that led to it.
fn origins(build: &Build) -> Vec<(usize, Vec<Origin>)> {
    let mut found: Vec<(usize, Vec<Origin>)> = Vec::with_capacity(build.reasons.len());
    for (step, reasons) in &build.reasons {
        let mut of_step = Vec::new();
        for (reason, why) in reasons.iter().enumerate() {
            match why {
                Why::Pulled { by } | Why::Elsewhere { by: Some(by), .. } => {
                    // What it follows ran before it and is in the list, unless it was cached.
                    if let Some((_, theirs)) = found.iter().find(|(known, _)| known == by) {
                        of_step.extend(theirs.iter().copied());
                    }
                }
                _ => of_step.push(Origin { step: *step, reason }),
            }
        }
        of_step.sort_unstable();
        of_step.dedup();
        found.push((*step, of_step));
    }
    found
}

fn add_files(walk: &SideWalk, build: &Build, files: &mut BTreeMap<u32, FileTotal>) {
    let Some(version) = build.version else { return };
    let steps = &walk.versions[version].steps;
    let why = |origin: &Origin| &build.why(origin.step)[origin.reason];
    let origins = origins(build);
    let mut named: Vec<u32> = Vec::new();
    let mut only_files = true;
    for (step, of_step) in &origins {
        let share = steps[*step].seconds.value / of_step.len().max(1) as f64;
        only_files &= !of_step.is_empty();
        for origin in of_step {
            let Why::Files { p, n } = why(origin) else {
                only_files = false;
                continue;
            };
            only_files &= *n == p.len();
            for &path in p {
                files.entry(path).or_default().seconds += share / (*n).max(1) as f64;
            }
            // The list of a step is the same for all that it leads to.
            if origin.step == *step {
                named.extend(p);
            }
        }
    }
    named.sort_unstable();
    named.dedup();
    for path in &named {
        let file = files.entry(*path).or_default();
        file.builds += 1;
        file.alone += usize::from(only_files && named.len() == 1);
    }
}

fn most_first<T: Ord>(counts: impl IntoIterator<Item = (T, usize)>) -> Vec<(T, usize)> {
    let mut list: Vec<(T, usize)> = counts.into_iter().collect();
    list.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    list
}
