//! The walk itself: commits in, builds out.

use std::collections::HashMap;
use std::sync::Arc;

use super::record::{Build, KEPT_PATHS, Mark, PathNumbers, SideWalk, Version, VersionStep, Why};
use super::rows::Rows;
use crate::context::{self, Tree, path};
use crate::cost::Figure;
use crate::dockerfile::ast::Dockerfile;
use crate::dockerfile::{Diagnostic, parse};
use crate::explain::{Cause, Explanation};
use crate::graph::{Graph, GraphOptions, Label, Op, Source};
use crate::history::{Commit, ContextOptions, Contexts, HistoryError, Repository, Series};
use crate::simulate::{BuildInput, Outcome, Simulator};
use crate::solver::Status;
use crate::solver::export::ExportMode;

/// How one side of a replay builds.
pub struct Plan<'a> {
    /// Which Dockerfile.
    pub dockerfile: DockerfileSource<'a>,
    /// Options of every build.
    pub options: GraphOptions,
    /// What its cache holds before a build.
    pub runner: Runner,
    /// What the steps of a Dockerfile cost.
    pub cost: CostOf<'a>,
}

/// Tells for each step of a graph how long it takes when it runs, given the context of its first build.
pub type CostOf<'a> = &'a dyn Fn(&Dockerfile, &Graph, &Tree) -> Vec<Figure>;

/// Makes another Dockerfile of a commit's: its text, the commit's context, a reader of the context's files.
pub type Rewrite<'a> = &'a dyn Fn(&Dockerfile, &Tree, &dyn Fn(&str) -> Option<String>) -> Arc<str>;

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

/// Is told after each commit how many are done of how many; answers whether to go on.
pub type Watcher<'a> = &'a mut dyn FnMut(usize, usize) -> bool;

/// Builds every commit of a series with each of some plans that share their contexts.
///
/// The parent of the first commit is built before, so that the cache is warm; it is not in the answer. A walk that
/// `watcher` ended holds the builds so far ([`SideWalk::is_partial`]).
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
    let mut contexts = Contexts::new(repo, options.clone());
    let mut sides: Vec<Side<'_, '_>> = plans.iter().map(Side::new).collect();
    let planned = series.commits.len();
    let commits = series.base.iter().map(|base| (base, false));
    for (done, (commit, counts)) in commits.chain(series.commits.iter().map(|c| (c, true))).enumerate() {
        let input = contexts.advance(commit)?;
        let place = Place { repo, commit };
        for side in &mut sides {
            let build = match &input.ignore_error {
                // Without a Dockerfile nobody reads the ignore file.
                Some(error) if side.builds(input.dockerfile.is_some()) => {
                    side.refused(format!("the ignore file, {error}"))
                }
                _ => side.build(&place, input.dockerfile.as_ref(), &input.tree),
            };
            if counts {
                side.kept.builds.push(build);
            }
        }
        if !watcher(done + usize::from(series.base.is_none()), planned) {
            break;
        }
    }
    Ok(sides.into_iter().map(|side| side.finish(planned)).collect())
}

/// Where the files of a build's context can be read.
struct Place<'r> {
    repo: &'r Repository,
    commit: &'r Commit,
}

impl Place<'_> {
    fn read(&self, at: &str) -> Option<String> {
        let blob = self.repo.blob_at(self.commit, &path::join(self.repo.context(), at)).ok()??;
        String::from_utf8(self.repo.bytes(blob.id).ok()?).ok()
    }
}

struct Side<'p, 'a> {
    plan: &'p Plan<'a>,
    simulator: Simulator,
    rows: Rows,
    paths: PathNumbers,
    kept: SideWalk,
    /// Dockerfiles by the text of the commit's.
    parsed: HashMap<Arc<str>, Result<Arc<Dockerfile>, Diagnostic>>,
    /// The one of the build before.
    current: Option<Current>,
    /// The context of the build before.
    tree: Option<Tree>,
    /// The build before, for runners that import what it exported.
    last: Option<Outcome>,
}

/// The Dockerfile that is being built.
struct Current {
    dockerfile: Arc<Dockerfile>,
    version: usize,
}

impl<'p, 'a> Side<'p, 'a> {
    fn new(plan: &'p Plan<'a>) -> Self {
        Self {
            plan,
            simulator: Simulator::default(),
            rows: Rows::default(),
            paths: PathNumbers::default(),
            kept: SideWalk::default(),
            parsed: HashMap::new(),
            current: None,
            tree: None,
            last: None,
        }
    }

    fn finish(self, planned: usize) -> SideWalk {
        SideWalk { rows: self.rows.list, paths: self.paths.list, planned, ..self.kept }
    }

    fn build(&mut self, place: &Place<'_>, of_commit: Option<&Arc<str>>, tree: &Tree) -> Build {
        let dockerfile = match self.dockerfile(place, of_commit, tree) {
            None => return Build::default(),
            Some(Err(error)) => return self.refused(said(&error)),
            Some(Ok(dockerfile)) => dockerfile,
        };
        let input = BuildInput {
            dockerfile: Arc::clone(&dockerfile),
            options: self.plan.options.clone(),
            context: tree.clone(),
            named: std::collections::BTreeMap::new(),
        };
        let outcome = match self.simulate(&input) {
            Ok(outcome) => outcome,
            Err(error) => return self.refused(said(&error)),
        };
        let version = self.version(&dockerfile, &outcome.graph, tree);
        let build = self.record(version, &outcome, tree);
        if outcome.prediction.error.is_none() {
            // What comes is compared with the last build that came to its end.
            self.tree = Some(tree.clone());
            self.last = (self.plan.runner != Runner::Warm).then_some(outcome);
        }
        build
    }

    /// Builds with what the runner's cache holds.
    fn simulate(&mut self, input: &BuildInput) -> Result<Outcome, Diagnostic> {
        let mode = match self.plan.runner {
            Runner::Warm => return self.simulator.build(input),
            Runner::Cold => None,
            Runner::Max => Some(ExportMode::Max),
            Runner::Min => Some(ExportMode::Min),
        };
        let mut fresh = Simulator::default();
        if let (Some(mode), Some(last)) = (mode, &self.last) {
            fresh.import(last.export(mode));
            fresh.compare_with(&last.input)?;
        }
        fresh.predict(input)
    }

    /// The Dockerfile of this build; none where the commit has none.
    fn dockerfile(
        &mut self,
        place: &Place<'_>,
        of_commit: Option<&Arc<str>>,
        tree: &Tree,
    ) -> Option<Result<Arc<Dockerfile>, Diagnostic>> {
        let text = match &self.plan.dockerfile {
            DockerfileSource::Fixed(text) => text,
            DockerfileSource::OfCommit | DockerfileSource::Rewritten(_) => of_commit?,
        };
        if let Some(known) = self.parsed.get(text) {
            return Some(known.clone());
        }
        let mut read = parse(text).map(Arc::new);
        if let (DockerfileSource::Rewritten(rewrite), Ok(dockerfile)) = (&self.plan.dockerfile, &read) {
            let rewritten = rewrite(dockerfile, tree, &|at| place.read(at));
            if rewritten != dockerfile.text {
                read = parse(&rewritten).map(Arc::new);
            }
        }
        self.parsed.insert(Arc::clone(text), read.clone());
        Some(read)
    }

    /// The version that builds this Dockerfile now: that of the build before, or a new one.
    fn version(&mut self, dockerfile: &Arc<Dockerfile>, graph: &Graph, tree: &Tree) -> usize {
        if let Some(current) = self.current.as_ref().filter(|c| Arc::ptr_eq(&c.dockerfile, dockerfile)) {
            return current.version;
        }
        let costs = (self.plan.cost)(dockerfile, graph, tree);
        let rows = self.rows.take(graph);
        let steps = graph.steps.iter().enumerate().map(|(number, step)| {
            let mut seconds = costs[number];
            // Of two steps with one vertex only the first runs.
            if graph.steps[..number].iter().any(|other| other.vertex == step.vertex) {
                seconds.value = 0.0;
            }
            VersionStep { row: rows[number], label: step.label.to_string(), line: step.line, seconds }
        });
        let version = Version { text: dockerfile.text.to_string(), steps: steps.collect(), error: None };
        self.kept.versions.push(version);
        let version = self.kept.versions.len() - 1;
        self.current = Some(Current { dockerfile: Arc::clone(dockerfile), version });
        version
    }

    /// Tells whether there is a Dockerfile to build.
    fn builds(&self, commit_has_one: bool) -> bool {
        commit_has_one || matches!(self.plan.dockerfile, DockerfileSource::Fixed(_))
    }

    /// A build that ends before its first step: of a version of its own, the same while it fails in the same way.
    fn refused(&mut self, error: String) -> Build {
        self.current = None;
        let same = self.kept.versions.last().is_some_and(|last| last.error.as_ref() == Some(&error));
        if !same {
            let error = Some(error.clone());
            self.kept.versions.push(Version { text: String::new(), steps: Vec::new(), error });
        }
        let version = Some(self.kept.versions.len() - 1);
        Build { version, error: Some(error), ..Build::default() }
    }

    fn record(&mut self, version: usize, outcome: &Outcome, tree: &Tree) -> Build {
        let mut build = Build {
            version: Some(version),
            error: outcome.prediction.error.as_ref().map(said),
            ..Build::default()
        };
        for (step, explanation) in outcome.prediction.steps.iter().zip(&outcome.explanations) {
            let free = explanation.causes.first() == Some(&Cause::Unanchored);
            let mark = match (step.status, explanation.root, step.certain) {
                (Status::Executed, ..) if free => Mark::Free,
                (Status::Cached, _, true) => Mark::Cached,
                (Status::Cached, _, false) => Mark::CachedAssumed,
                (Status::Executed, true, true) => Mark::Root,
                (Status::Executed, true, false) => Mark::RootAssumed,
                (Status::Executed, false, true) => Mark::Pulled,
                (Status::Executed, false, false) => Mark::PulledAssumed,
            };
            build.marks.push(mark);
            if mark.ran() {
                let reasons = self.reasons(outcome, step.step, explanation, tree);
                build.reasons.push((step.step, reasons));
            }
        }
        build
    }

    fn reasons(&mut self, outcome: &Outcome, step: usize, why: &Explanation, tree: &Tree) -> Vec<Why> {
        let graph = &outcome.graph;
        why.causes
            .iter()
            .filter_map(|cause| {
                Some(match cause {
                    Cause::New | Cause::NoCache => Why::New,
                    Cause::Missing => Why::Missing,
                    Cause::Unanchored => return None,
                    Cause::Content { changes, total, from: None } => {
                        let shown: Vec<&str> = changes.iter().map(|change| change.path.as_str()).collect();
                        self.files(graph, step, tree, &shown, *total)
                    }
                    Cause::Content { from: Some(from), .. } => {
                        Why::Elsewhere { what: from.clone(), by: None }
                    }
                    Cause::Output { step, path } => {
                        Why::Elsewhere { what: path.clone(), by: number_of(graph, step) }
                    }
                    Cause::Instruction { .. } => Why::Text { what: "instruction".into() },
                    Cause::Neighbour { .. } => Why::Neighbour,
                    Cause::Setting { name, .. } => Why::Text { what: name.clone() },
                    Cause::Environment { changes } => {
                        Why::Environment { names: changes.iter().map(|change| change.name.clone()).collect() }
                    }
                    Cause::Parent { step } => Why::Pulled { by: number_of(graph, step)? },
                    Cause::Base { image, .. } => Why::Base { image: image.clone() },
                })
            })
            .collect()
    }

    /// The files of the context that a step takes in and that changed; more than a cause names, where there are.
    fn files(&mut self, graph: &Graph, step: usize, tree: &Tree, shown: &[&str], total: usize) -> Why {
        let all =
            (total > shown.len()).then(|| self.changed(graph, step, tree)).filter(|all| all.len() == total);
        let mut number = |path: &str| self.paths.of(path);
        let p = match &all {
            Some(all) => all.iter().take(KEPT_PATHS).map(|path| number(path)).collect(),
            None => shown.iter().map(|path| number(path)).collect(),
        };
        Why::Files { p, n: total }
    }

    fn changed(&self, graph: &Graph, step: usize, tree: &Tree) -> Vec<String> {
        let Some(before) = &self.tree else { return Vec::new() };
        let vertex = &graph.vertices[graph.steps[step].vertex];
        let is_context = |input: &usize| {
            matches!(&graph.vertices[vertex.inputs[*input]].op, Op::Source(Source::Context { name: None }))
        };
        let inputs = (0..vertex.inputs.len()).filter(is_context);
        let selectors: Vec<context::Selector> = inputs
            .flat_map(|input| match &vertex.op {
                Op::Exec(exec) => exec
                    .mounts
                    .iter()
                    .filter(|mount| mount.input == Some(input))
                    .map(|mount| context::Selector::of_mount(&mount.selector))
                    .collect(),
                op => op.selectors(input).into_iter().map(selector).collect::<Vec<_>>(),
            })
            .collect();
        let mut paths: Vec<String> = selectors
            .iter()
            .flat_map(|selector| context::changed_paths(before, tree, selector))
            .map(|change| change.path)
            .collect();
        paths.sort_unstable();
        paths.dedup();
        paths
    }
}

fn selector(of: &crate::graph::PathSelector) -> context::Selector {
    context::Selector {
        path: path::clean(&of.path).into_owned(),
        wildcard: of.wildcard,
        follow_links: of.follow_links,
        include: of.include.clone(),
        exclude: of.exclude.clone(),
        required: None,
    }
}

fn number_of(graph: &Graph, label: &Label) -> Option<usize> {
    graph.steps.iter().position(|step| step.label == *label)
}

fn said(error: &Diagnostic) -> String {
    if error.line > 0 { format!("line {}: {}", error.line, error.message) } else { error.message.clone() }
}
