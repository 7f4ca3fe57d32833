//! The walk itself: commits in, builds out.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Scope, ScopedJoinHandle};

use super::record::SideWalk;
use super::rewriting::{Ahead, Rewrites, Rewriting};
use super::side::{Known, Read, Side, Step};
use super::teller::{Made, Teller};
use crate::context::Tree;
use crate::cost::Figure;
use crate::dockerfile::ast::Dockerfile;
use crate::dockerfile::parse;
use crate::graph::{Graph, GraphOptions};
use crate::history::{ContextOptions, Contexts, HistoryError, Ignoring, Repository, Series};

/// What all sides of a walk share.
pub struct Common<'a> {
    /// Options of every build.
    pub options: GraphOptions,
    /// What the steps of a Dockerfile cost.
    pub cost: CostOf<'a>,
    /// The commits' Dockerfiles that were read before: by an earlier walk of the same commits, options and costs.
    pub readings: Readings,
}

/// Dockerfiles that were read, with their graphs and what their steps cost, by their texts. A clone shares them.
#[derive(Clone, Default)]
pub struct Readings(Arc<Mutex<HashMap<Arc<str>, Read>>>);

impl Readings {
    /// The Dockerfile of a text; `tree` is the context of its first build.
    fn read(&self, text: &Arc<str>, tree: &Tree, common: &Common<'_>) -> Read {
        // A thread that panicked with it leaves whole answers behind.
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(read) = known().get(text) {
            return read.clone();
        }
        let read = parse(text).map(|dockerfile| Known::new(Arc::new(dockerfile), tree, common));
        known().insert(Arc::clone(text), read.clone());
        read
    }
}

/// How one side of a replay builds.
pub struct Plan<'a> {
    /// Which Dockerfile.
    pub dockerfile: DockerfileSource<'a>,
    /// Which ignore file counts; none for that of the walk's contexts.
    pub ignoring: Option<Ignoring>,
    /// What its cache holds before a build.
    pub runner: Runner,
    /// Ask of every step why it ran: [`Build::reasons`] stays empty else, and no step counts as a root.
    pub reasons: bool,
}

/// Tells for each step of a graph how long it takes when it runs, given the context of its first build.
pub type CostOf<'a> = &'a (dyn Fn(&Dockerfile, &Graph, &Tree) -> Vec<Figure> + Sync);

/// Which Dockerfile a side builds.
#[derive(Clone)]
pub enum DockerfileSource<'a> {
    /// Each commit's own.
    OfCommit,
    /// The same for all.
    Fixed(Arc<str>),
    /// Made of each commit's own, once for each different text. While that changes nothing, the walk of a plan before
    /// it that is the same in everything else is taken over.
    Rewritten(Rewriting<'a>),
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

/// Builds every commit of a series with each of some plans; two plans that built the same may share a walk.
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
    common: &Common<'_>,
    plans: &[Plan<'_>],
    watcher: Watcher<'_>,
) -> Result<Vec<Arc<SideWalk>>, HistoryError> {
    let leaders: Vec<Option<usize>> = (0..plans.len()).map(|at| leader(plans, at)).collect();
    let mut others: Vec<Ignoring> = Vec::new();
    for ignoring in plans.iter().filter_map(|plan| plan.ignoring.as_ref()) {
        if *ignoring != options.ignoring && !others.contains(ignoring) {
            others.push(ignoring.clone());
        }
    }
    let view = |plan: &Plan<'_>| others.iter().position(|other| plan.ignoring.as_ref() == Some(other));
    let mut contexts = Contexts::of_several(repo, options.clone(), others.clone());
    let planned = series.commits.len();
    let rewrites: Vec<Rewrites> = plans.iter().map(|_| Rewrites::default()).collect();
    let mut ahead: Vec<Ahead<'_, '_>> =
        plans.iter().zip(&rewrites).filter_map(|(plan, made)| Ahead::of(plan, made, view(plan))).collect();
    std::thread::scope(|scope| {
        let mut builders = Vec::new();
        let sides = plans.iter().zip(&rewrites).zip(&leaders).map(|((plan, rewrites), leader)| Planned {
            plan,
            rewrites,
            view: view(plan),
            is_led: leader.is_some(),
        });
        for group in groups(sides.collect()) {
            let (sender, batches) = sync_channel::<Batch>(AHEAD);
            let repo = repo.clone();
            let builder = scope.spawn(move || build(scope, &group, common, &repo, batches, planned));
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
        let mut latest: Option<(Arc<str>, Read)> = None;
        let own = plans.iter().any(|plan| !matches!(plan.dockerfile, DockerfileSource::Fixed(_)));
        let commits = series.base.iter().map(|base| (base, false));
        let mut goes_on = true;
        for (done, (commit, counts)) in commits.chain(series.commits.iter().map(|c| (c, true))).enumerate() {
            let (first, others) = contexts.advance_all(commit)?;
            let dockerfile = first.dockerfile.as_ref().filter(|_| own).map(|text| {
                // The text of the commit before, most often: to hash it takes its time.
                if let Some((_, known)) = latest.as_ref().filter(|(before, _)| Arc::ptr_eq(before, text)) {
                    return known.clone();
                }
                let known = common.readings.read(text, &first.tree, common);
                latest = Some((Arc::clone(text), known.clone()));
                known
            });
            batch.push(Step { commit: commit.clone(), counts, first, others, dockerfile });
            ahead.iter_mut().zip(batch.last()).for_each(|(ahead, step)| ahead.note(step));
            if batch.len() == BATCH {
                send(&mut batch);
            }
            goes_on = watcher(done + usize::from(series.base.is_none()), planned);
            if !goes_on {
                break;
            }
        }
        send(&mut batch);
        // Goes while the last commits are built.
        drop(contexts);
        for ahead in ahead {
            ahead.make(repo, &mut || goes_on && watcher(planned, planned));
        }
        let mut walks: Vec<Arc<SideWalk>> = Vec::new();
        for (sender, builder) in builders {
            drop(sender);
            for walk in ended(builder) {
                // One that was held back to the end is its leader's, which stands before it.
                let led = leaders[walks.len()].map(|leader| &walks[leader]);
                let walk = walk.map(Arc::new).or_else(|| led.cloned()).unwrap_or_default();
                walks.push(walk);
            }
        }
        Ok(walks)
    })
}

/// Commits that go from one thread to the next at once: waking a thread costs as much as building many a commit.
type Batch = Arc<[Step]>;

/// How many commits make a batch.
const BATCH: usize = 16;

/// How many batches may be listed before they are built, and built before it is told why.
const AHEAD: usize = 12;

/// The plan before one whose walk it shares while its rewriting changes nothing.
fn leader(plans: &[Plan<'_>], at: usize) -> Option<usize> {
    let own = &plans[at];
    let shares = |other: &Plan<'_>| {
        matches!(other.dockerfile, DockerfileSource::OfCommit)
            && (&other.ignoring, other.runner, other.reasons) == (&own.ignoring, own.runner, own.reasons)
    };
    let is_rewritten = matches!(own.dockerfile, DockerfileSource::Rewritten(_));
    is_rewritten.then(|| plans[..at].iter().position(shares)).flatten()
}

/// A plan with what its side needs.
#[derive(Clone)]
struct Planned<'p, 'a> {
    plan: &'p Plan<'a>,
    rewrites: &'p Rewrites,
    /// The number of its ignore file among the other ones.
    view: Option<usize>,
    /// It has a leader.
    is_led: bool,
}

/// Builds all steps with each of some plans; none for one that its leader's walk is as good for.
fn build<'scope>(
    scope: &'scope Scope<'scope, '_>,
    plans: &[Planned<'_, '_>],
    common: &Common<'_>,
    repo: &Repository,
    batches: Receiver<Batch>,
    planned: usize,
) -> Vec<Option<SideWalk>> {
    let mut builders = Vec::new();
    for Planned { plan, rewrites, view, is_led } in plans {
        let (made, all) = sync_channel::<Vec<Made>>(AHEAD);
        let mut teller = Teller::new(plan.reasons);
        let told = scope.spawn(move || {
            for made in all.into_iter().flatten() {
                teller.tell(&made);
            }
            teller.finish()
        });
        let held = is_led.then(Vec::new);
        builders.push((Builder { side: Side::new(plan, common, rewrites), view: *view, held, made }, told));
    }
    for batch in batches {
        for (builder, _) in &mut builders {
            builder.take(repo, &batch);
        }
    }
    let mut walks = Vec::new();
    for (builder, told) in builders {
        let Builder { side, held, made, .. } = builder;
        drop(made);
        // What the side has in memory goes while the last builds are told.
        let walked = side.finish(planned);
        let told = ended(told);
        walks.push(held.is_none().then_some(SideWalk { builds: told.builds, paths: told.paths, ..walked }));
    }
    walks
}

/// One side at work.
struct Builder<'p, 'a> {
    side: Side<'p, 'a>,
    view: Option<usize>,
    /// What came, as long as the side would build just what its leader builds.
    held: Option<Vec<Batch>>,
    made: SyncSender<Vec<Made>>,
}

impl Builder<'_, '_> {
    fn take(&mut self, repo: &Repository, batch: &Batch) {
        let Some(held) = &mut self.held else { return self.build(repo, batch) };
        held.push(Arc::clone(batch));
        if batch.iter().all(|step| self.side.keeps(repo, step, self.view)) {
            return;
        }
        self.side.restart();
        for batch in self.held.take().into_iter().flatten() {
            self.build(repo, &batch);
        }
    }

    fn build(&mut self, repo: &Repository, batch: &Batch) {
        let made = batch.iter().map(|step| (step.counts, self.side.follow(repo, step, self.view)));
        let made = made.filter(|(counts, _)| *counts).map(|(_, made)| made).collect();
        // A teller that has ended did so by a panic, which is told when all are done.
        let _ = self.made.send(made);
    }
}

/// What a thread ended with; its panic goes on here.
fn ended<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// All in as many groups as there are processors at most, in their order.
fn groups<T: Clone>(all: Vec<T>) -> Vec<Vec<T>> {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    all.chunks(all.len().div_ceil(processors).max(1)).map(<[T]>::to_vec).collect()
}
