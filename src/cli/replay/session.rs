//! Does the walks of a replay: both sides, with progress and Ctrl-C, kept for the next run.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::answer::{Answer, SideAnswer};
use super::edits::Edits;
use super::gate::{self, Gate, Limit};
use super::progress::Progress;
use super::project::Project;
use super::store::Store;
use super::{Args, noise};
use crate::cli::costs;
use crate::context::{Digest, Tree, path};
use crate::cost::{Figure, Inputs, Measured, StepSeconds, estimate};
use crate::declare::Declarations;
use crate::dockerfile::ast::{Dockerfile, Instruction};
use crate::dockerfile::parse;
use crate::graph::{Graph, GraphOptions};
use crate::history::replay::{
    Common, DockerfileSource, Plan, Readings, Rewriting, Runner, SideWalk, walk, walk_key,
};
use crate::history::{ContextOptions, Contexts, Ignoring, Series, SeriesEnd};
use crate::reorder::{
    Expected, ReorderInput, ReorderOptions, is_manifest, likely_arguments, propose_checked,
};
use crate::simulate::BuildInput;

/// A replay being made.
pub struct Session<'p> {
    pub project: &'p Project,
    pub options: GraphOptions,
    pub runner: Runner,
    /// How many commits a gate looks at for the builds that follow.
    pub commits: usize,
    store: Store,
    fresh: bool,
    stop: Arc<AtomicBool>,
    measured: Measured,
    edits: Edits<'p>,
    readings: Readings,
}

/// One side to walk.
pub struct Wanted<'a> {
    /// Which Dockerfile.
    pub dockerfile: DockerfileSource<'a>,
    /// Which ignore file; none for that of the contexts.
    pub ignoring: Option<Ignoring>,
    /// Ask of every step why it ran.
    pub reasons: bool,
}

impl<'a> Wanted<'a> {
    /// With the ignore file of the contexts, and with reasons.
    pub fn new(dockerfile: DockerfileSource<'a>) -> Self {
        Self { dockerfile, ignoring: None, reasons: true }
    }
}

impl<'p> Session<'p> {
    /// Makes Ctrl-C end walks instead of the program; a second one ends it.
    ///
    /// # Errors
    /// A signal that cannot be caught.
    pub fn new(project: &'p Project, args: &Args) -> anyhow::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let signal = signal_hook::consts::SIGINT;
        // In this order: the first Ctrl-C sets the flag, the next finds it set.
        signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&stop))?;
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
        Ok(Self {
            project,
            options: args.options(),
            runner: args.runner(),
            commits: args.commits,
            store: Store::open(),
            fresh: args.fresh,
            stop,
            measured: costs::measured(&args.context),
            edits: Edits::of(project),
            readings: Readings::default(),
        })
    }

    /// Replays both sides and looks into what they found.
    ///
    /// # Errors
    /// Git objects that cannot be read.
    pub fn replay(&self) -> anyhow::Result<Answer> {
        let project = self.project;
        let (edits, build) = (&self.edits, &self.options);
        let rewrite = |dockerfile: &Arc<Dockerfile>,
                       tree: &Tree,
                       read: &dyn Fn(&str) -> Option<String>|
         -> Arc<str> { reordered(dockerfile, tree, read, edits.counted(), build) };
        // Those of vendored projects are copied with all that lies beside them.
        let rests_on = |file: &str| is_manifest(path::split(file).1) && !noise::is_vendored(file);
        let left = Wanted::new(project.dockerfile());
        let right = match (&project.against, &project.pinned) {
            (Some((_, text, ignore)), _) => Wanted {
                ignoring: ignore.clone().map(|text| Ignoring::always(Some(text))),
                ..Wanted::new(DockerfileSource::Fixed(Arc::clone(text)))
            },
            (None, Some((text, _))) => Wanted::new(DockerfileSource::Fixed(self.reordered_today(text)?)),
            // The edits that it is made for follow from the commits and the ignore file.
            (None, None) => {
                Wanted::new(DockerfileSource::Rewritten(Rewriting { rewrite: &rewrite, rests_on: &rests_on }))
            }
        };
        let mut walks = self.walks(&project.series, &project.options, vec![left, right])?.into_iter();
        let (left, right) = (walks.next().unwrap_or_default(), walks.next().unwrap_or_default());
        self.answer(left, right)
    }

    /// Waits until all walks are kept.
    pub fn wait(&self) {
        self.store.wait();
    }

    /// Today's Dockerfile as layerlab would order it in the newest commit's context.
    fn reordered_today(&self, text: &Arc<str>) -> anyhow::Result<Arc<str>> {
        let (repo, options) = (&self.project.repo, &self.project.options);
        let newest = self.project.series.commits.last();
        let (Some(newest), Ok(dockerfile)) = (newest, parse(text)) else { return Ok(Arc::clone(text)) };
        let context = Contexts::new(repo, options.clone()).advance(newest)?;
        let read = |at: &str| {
            let blob = repo.blob_at(newest, &path::join(repo.context(), at)).ok()??;
            String::from_utf8(repo.bytes(blob.id).ok()?).ok()
        };
        Ok(reordered(&Arc::new(dockerfile), &context.tree, &read, self.edits.counted(), &self.options))
    }

    /// Walks one side.
    ///
    /// # Errors
    /// Git objects that cannot be read.
    pub fn one(
        &self,
        series: &Series,
        options: &ContextOptions,
        wanted: Wanted<'_>,
    ) -> anyhow::Result<Arc<SideWalk>> {
        Ok(self.walks(series, options, vec![wanted])?.into_iter().next().unwrap_or_default())
    }

    /// Walks sides that share their files; those that an earlier run kept are not walked.
    ///
    /// # Errors
    /// Git objects that cannot be read.
    pub fn walks<'a>(
        &self,
        series: &Series,
        options: &ContextOptions,
        wanted: Vec<Wanted<'a>>,
    ) -> anyhow::Result<Vec<Arc<SideWalk>>> {
        let measured = &self.measured;
        let cost =
            |dockerfile: &Dockerfile, graph: &Graph, tree: &Tree| cost(dockerfile, graph, tree, measured);
        // Costs follow from the context of the first build, too: other commits may have other ones.
        let is_own = std::ptr::eq(series, &raw const self.project.series);
        let readings = if is_own { self.readings.clone() } else { Readings::default() };
        let common = Common { options: self.options.clone(), cost: &cost, readings };
        let plan = |side: Wanted<'a>| Plan {
            dockerfile: side.dockerfile,
            ignoring: side.ignoring,
            runner: self.runner,
            reasons: side.reasons,
        };
        let mut plans: Vec<Plan<'_>> = wanted.into_iter().map(plan).collect();
        let measured = serde_json::to_string(&self.measured)?;
        let key = |plan| walk_key(&self.project.repo, series, options, &common.options, plan, &measured);
        let keys: Vec<_> = plans.iter().map(key).collect();
        let find = |key: &Digest| if self.fresh { None } else { self.store.find(*key).map(Arc::new) };
        let mut walks: Vec<Option<Arc<SideWalk>>> = keys.iter().map(find).collect();
        let missing: Vec<usize> = (0..walks.len()).filter(|&at| walks[at].is_none()).collect();
        if !missing.is_empty() {
            let mut at = 0;
            plans.retain(|_| {
                at += 1;
                missing.contains(&(at - 1))
            });
            let mut progress = Progress::new(&self.stop);
            let made = walk(&self.project.repo, series, options, &common, &plans, &mut |done, of| {
                progress.tell(done, of)
            })?;
            drop(progress);
            self.store.keep(missing.iter().map(|&at| keys[at]).zip(made.iter().cloned()).collect());
            for (at, made) in missing.into_iter().zip(made) {
                walks[at] = Some(made);
            }
        }
        Ok(walks.into_iter().flatten().collect())
    }

    fn answer(&self, left: Arc<SideWalk>, right: Arc<SideWalk>) -> anyhow::Result<Answer> {
        let project = self.project;
        let built = left.builds.len().min(right.builds.len());
        let commits = project.series.commits[..built].to_vec();
        let partial = left.is_partial() || right.is_partial();
        let (title, what) = match &project.pinned {
            Some((_, from)) => ("as it is", format!("{from} Dockerfile and ignore file on every commit")),
            None => ("as it was", format!("each commit's own{}", versions(&left))),
        };
        let reordering = project.against.is_none();
        let differs =
            !reordering || left.versions.iter().map(|v| &v.text).ne(right.versions.iter().map(|v| &v.text));
        let right = differs.then(|| match &project.against {
            Some((name, _, _)) => SideAnswer::new("against", format!("{name} on every commit"), right),
            None => SideAnswer::new("reordered", "the same, reordered by layerlab".into(), right),
        });
        let left = SideAnswer::new(title, what, left);
        if left.totals.builds == 0 {
            anyhow::bail!("none of these commits has {}", project.options.dockerfile);
        }
        let mut answer = Answer {
            context: if project.repo.context().is_empty() {
                ".".into()
            } else {
                project.repo.context().into()
            },
            dockerfile: project.options.dockerfile.clone(),
            selected: project.selected.clone(),
            planned: project.series.commits.len(),
            commits,
            partial,
            end: project.series.end,
            runner: self.runner,
            left,
            right,
            notes: Vec::new(),
            noise: Vec::new(),
            noise_together: None,
            gate: None,
        };
        answer.notes = self.notes(&answer)?;
        if !partial && self.runner != Runner::Cold {
            (answer.noise, answer.noise_together) = noise::check(self, &answer)?;
        }
        // A line that was being tried when Ctrl-C came was not tried.
        answer.partial |= self.stop.load(Ordering::Relaxed);
        Ok(answer)
    }

    /// What a reader has to know of this history.
    fn notes(&self, answer: &Answer) -> anyhow::Result<Vec<String>> {
        let (repo, series) = (&self.project.repo, &self.project.series);
        let mut notes = Vec::new();
        if series.end == SeriesEnd::Shallow {
            let oldest = series.commits.first().map(crate::history::Commit::short).unwrap_or_default();
            notes.push(format!(
                "The clone is shallow and ends at {oldest}, which is built on an empty cache; `git fetch --unshallow` brings the rest."
            ));
        } else if series.base.is_none() {
            notes.push("The oldest commit is the repository's first: it is built on an empty cache.".into());
        }
        for name in &self.project.formerly {
            let until = &name.until;
            notes.push(format!(
                "Before {} the Dockerfile was {}, and is followed.",
                until.short(),
                name.path
            ));
        }
        let totals = &answer.left.totals;
        if totals.without > 0 {
            notes.push(format!("{} have no {}.", counted(totals.without, "commit"), answer.dockerfile));
        }
        for (side, answer) in answer.sides() {
            let failed: Vec<&str> =
                answer.walk.builds.iter().filter_map(|build| build.error.as_deref()).collect();
            if let Some(first) = failed.first() {
                let side = if side == "left" { "" } else { " on the other side" };
                notes.push(format!(
                    "{} would fail{side}, and what ran of {} is counted; the first one says: {first}.",
                    counted(failed.len(), "build"),
                    if failed.len() == 1 { "it" } else { "them" },
                ));
            }
        }
        if totals.assumed > 0 {
            notes.push(format!(
                "{} of {} steps rest on what a RUN is taken to put out; `layerlab plan` says which.",
                totals.assumed, totals.steps
            ));
        }
        let newest = series.commits.last();
        let submodules: Vec<String> = match newest {
            Some(newest) => repo
                .changes(None, newest)?
                .iter()
                .filter(|change| {
                    change.new.is_some_and(|new| new.kind == crate::history::BlobKind::Submodule)
                })
                .map(|change| change.path.to_string())
                .collect(),
            None => Vec::new(),
        };
        if let Some(first) = submodules.first() {
            let more = if submodules.len() > 1 {
                format!(" and {} more", submodules.len() - 1)
            } else {
                String::new()
            };
            notes.push(format!(
                "{first}{more}: submodules change when the commit they are pinned to does; their files are in other repositories."
            ));
        }
        if let Some(newest) = newest
            && let Some(blob) = repo.blob_at(newest, ".gitattributes")?
            && String::from_utf8_lossy(&repo.bytes(blob.id)?).contains("filter=lfs")
        {
            notes.push("Files under Git LFS change when their pointers do, and weigh what these say.".into());
        }
        if !repo.context().is_empty() {
            let outside = (0..answer.commits.len()).filter(|&at| self.is_outside(at)).count();
            notes.push(format!(
                "The context is {}: {} nothing in it.",
                repo.context(),
                if outside == 1 { "1 commit changes".into() } else { format!("{outside} commits change") }
            ));
        }
        Ok(notes)
    }

    /// Tells whether a commit leaves the context as it was.
    fn is_outside(&self, at: usize) -> bool {
        let series = &self.project.series;
        let before = if at == 0 { series.base.as_ref() } else { Some(&series.commits[at - 1]) };
        let tree = |commit| self.project.repo.context_tree(commit).ok().flatten();
        before.is_some_and(|before| tree(before) == tree(&series.commits[at]))
    }

    /// Weighs the series as one change.
    ///
    /// # Errors
    /// Git objects that cannot be read.
    pub fn gate(&self, answer: &Answer, limits: &[Limit]) -> anyhow::Result<Gate> {
        gate::weigh(self, answer, limits)
    }
}

/// Seconds of each step of a Dockerfile.
fn cost(dockerfile: &Dockerfile, graph: &Graph, tree: &Tree, measured: &Measured) -> Vec<Figure> {
    let (declared, _) = Declarations::read(dockerfile);
    let named = BTreeMap::new();
    let inputs = Inputs { context: tree, named: &named, measured, declared: &declared };
    estimate(graph, &inputs).into_iter().map(|cost| cost.seconds).collect()
}

/// What layerlab would have made of a commit's Dockerfile.
fn reordered(
    dockerfile: &Arc<Dockerfile>,
    tree: &Tree,
    read: &dyn Fn(&str) -> Option<String>,
    edits: &Expected,
    build: &GraphOptions,
) -> Arc<str> {
    let edits = edits.with_arguments(likely_arguments(dockerfile, tree));
    let options = ReorderOptions {
        target: build.target.clone(),
        build_args: build.build_args.clone(),
        moves_only: true,
        ..ReorderOptions::default()
    };
    let known = StepSeconds::rough(dockerfile);
    let seconds = |stage: usize, own: &Instruction| known.get(stage, own);
    let input = ReorderInput { tree, files: &read, edits: &edits, seconds: &seconds, options: &options };
    let build = BuildInput {
        dockerfile: Arc::clone(dockerfile),
        options: build.clone(),
        context: tree.clone(),
        named: BTreeMap::new(),
    };
    propose_checked(dockerfile, &input, &build).text.into()
}

fn versions(walk: &SideWalk) -> String {
    match walk.versions.len() {
        0 | 1 => String::new(),
        n => format!(" ({n} versions)"),
    }
}

/// `1 commit`, `3 commits`.
pub fn counted(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}
