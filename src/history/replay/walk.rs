//! The walk itself: commits in, builds out.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{Scope, ScopedJoinHandle};

use super::record::SideWalk;
use super::side::{Read, Side, Step};
use super::teller::{Made, Teller};
use crate::context::Tree;
use crate::cost::Figure;
use crate::dockerfile::ast::Dockerfile;
use crate::dockerfile::parse;
use crate::graph::{Graph, GraphOptions};
use crate::history::{ContextOptions, Contexts, HistoryError, Ignoring, Repository, Series};

/// How one side of a replay builds.
pub struct Plan<'a> {
    /// Which Dockerfile.
    pub dockerfile: DockerfileSource<'a>,
    /// Options of every build.
    pub options: GraphOptions,
    /// Which ignore file counts; none for that of the walk's contexts.
    pub ignoring: Option<Ignoring>,
    /// What its cache holds before a build.
    pub runner: Runner,
    /// What the steps of a Dockerfile cost.
    pub cost: CostOf<'a>,
    /// Ask of every step why it ran: [`Build::reasons`] stays empty else, and no step counts as a root.
    pub reasons: bool,
}

/// Tells for each step of a graph how long it takes when it runs, given the context of its first build.
pub type CostOf<'a> = &'a (dyn Fn(&Dockerfile, &Graph, &Tree) -> Vec<Figure> + Sync);

/// Makes another Dockerfile of a commit's: its text, the commit's context, a reader of the context's files.
pub type Rewrite<'a> = &'a (dyn Fn(&Dockerfile, &Tree, &dyn Fn(&str) -> Option<String>) -> Arc<str> + Sync);

/// Which Dockerfile a side builds.
#[derive(Clone)]
pub enum DockerfileSource<'a> {
    /// Each commit's own.
    OfCommit,
    /// The same for all.
    Fixed(Arc<str>),
    /// Made of each commit's own, once for each different text.
    Rewritten(Rewrite<'a>),
}

/// What the cache holds before a build.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Runner {
    /// Everything that was ever built: one machine that is kept.
    #[default]
    Warm,
    /// Nothing: a fresh machine for every build.
    Cold,
    /// What the build before exported with `mode=max`: every step of it.
    Max,
    /// What the build before exported with `mode=min`: the steps of the final image.
    Min,
}

/// Is told after each commit how many are listed of how many; answers whether to go on.
pub type Watcher<'a> = &'a mut dyn FnMut(usize, usize) -> bool;

/// Builds every commit of a series with each of some plans that share their files.
///
/// The parent of the first commit is built before, so that the cache is warm; it is not in the answer. A walk that
/// `watcher` ended holds the builds so far ([`SideWalk::is_partial`]). This thread lists what the commits changed,
/// others build.
///
/// # Errors
/// A git object that cannot be read. A commit that cannot be built is an answer, no error ([`Build::error`]).
pub fn walk(
    repo: &Repository,
    series: &Series,
    options: &ContextOptions,
    plans: &[Plan<'_>],
    watcher: Watcher<'_>,
) -> Result<Vec<SideWalk>, HistoryError> {
    let mut others: Vec<Ignoring> = Vec::new();
    for ignoring in plans.iter().filter_map(|plan| plan.ignoring.as_ref()) {
        if *ignoring != options.ignoring && !others.contains(ignoring) {
            others.push(ignoring.clone());
        }
    }
    let view = |plan: &Plan<'_>| others.iter().position(|other| plan.ignoring.as_ref() == Some(other));
    let mut contexts = Contexts::of_several(repo, options.clone(), others.clone());
    let planned = series.commits.len();
    std::thread::scope(|scope| {
        let mut builders = Vec::new();
        for group in groups(plans) {
            let (sender, steps) = sync_channel::<Batch>(AHEAD);
            let repo = repo.clone();
            let views: Vec<Option<usize>> = group.iter().map(view).collect();
            let builder = scope.spawn(move || build(scope, group, &views, &repo, steps, planned));
            builders.push((sender, builder));
        }
        let send = |batch: &mut Vec<Step>| {
            let batch: Batch = std::mem::take(batch).into();
            for (sender, _) in &builders {
                // One that has ended did so by a panic, which is told below.
                let _ = sender.send(Arc::clone(&batch));
            }
        };
        let mut batch = Vec::new();
        let mut parsed: HashMap<Arc<str>, Read> = HashMap::new();
        let commits = series.base.iter().map(|base| (base, false));
        for (done, (commit, counts)) in commits.chain(series.commits.iter().map(|c| (c, true))).enumerate() {
            let (first, others) = contexts.advance_all(commit)?;
            let dockerfile = first.dockerfile.as_ref().map(|text| {
                let read = parsed.entry(Arc::clone(text)).or_insert_with(|| parse(text).map(Arc::new));
                read.clone()
            });
            batch.push(Step { commit: commit.clone(), counts, first, others, dockerfile });
            if batch.len() == BATCH {
                send(&mut batch);
            }
            if !watcher(done + usize::from(series.base.is_none()), planned) {
                break;
            }
        }
        send(&mut batch);
        let mut walks = Vec::new();
        for (sender, builder) in builders {
            drop(sender);
            walks.extend(ended(builder));
        }
        Ok(walks)
    })
}

/// Commits that go from one thread to the next at once: waking a thread costs as much as building many a commit.
type Batch = Arc<[Step]>;

/// How many commits make a batch.
const BATCH: usize = 16;

/// How many batches may be listed before they are built, and built before it is told why.
const AHEAD: usize = 4;

/// Builds all steps with each of some plans; `views` says with which of the other ignore files.
fn build<'scope>(
    scope: &'scope Scope<'scope, '_>,
    plans: &[Plan<'_>],
    views: &[Option<usize>],
    repo: &Repository,
    batches: Receiver<Batch>,
    planned: usize,
) -> Vec<SideWalk> {
    let mut sides = Vec::new();
    for plan in plans {
        let (sender, all) = sync_channel::<Vec<Made>>(AHEAD);
        let mut teller = Teller::new(plan.reasons);
        let told = scope.spawn(move || {
            for made in all.into_iter().flatten() {
                teller.tell(&made);
            }
            teller.finish()
        });
        sides.push((Side::new(plan), sender, told));
    }
    for batch in batches {
        for ((side, sender, _), view) in sides.iter_mut().zip(views) {
            let made = batch.iter().map(|step| (step.counts, side.follow(repo, step, *view)));
            let made = made.filter(|(counts, _)| *counts).map(|(_, made)| made).collect();
            // As above: a panic is told when all are done.
            let _ = sender.send(made);
        }
    }
    let mut walks = Vec::new();
    for (side, sender, told) in sides {
        drop(sender);
        walks.push(side.finish(ended(told), planned));
    }
    walks
}

/// What a thread ended with; its panic goes on here.
fn ended<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// The plans in as many groups as there are processors at most, in their order.
fn groups<'p, 'a>(plans: &'p [Plan<'a>]) -> impl Iterator<Item = &'p [Plan<'a>]> {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    plans.chunks(plans.len().div_ceil(processors).max(1))
}
