//! One side of a replay: a simulated builder that builds one commit after the other.

use std::collections::HashMap;
use std::sync::Arc;

use super::record::{SideWalk, Version, VersionStep};
use super::rewriting::{self, Rewrites, Rewriting};
use super::rows::Rows;
use super::teller::Made;
use super::walk::{Common, DockerfileSource, Plan, Runner};
use crate::context::{Tree, path};
use crate::cost::Figure;
use crate::dockerfile::ast::Dockerfile;
use crate::dockerfile::{Diagnostic, parse};
use crate::graph::Graph;
use crate::history::{BuildInput as ContextInput, Change, Commit, Repository};
use crate::simulate::{BuildInput, Outcome, Simulator};
use crate::solver::export::ExportMode;

/// A commit to build.
pub(super) struct Step {
    pub commit: Commit,
    /// It is in the answer.
    pub counts: bool,
    /// With the ignore file of the walk's contexts.
    pub first: ContextInput,
    /// With each of the other ignore files.
    pub others: Vec<ContextInput>,
    /// The commit's Dockerfile, read once for all sides.
    pub dockerfile: Option<Read>,
}

impl Step {
    /// What the build starts from with one of the ignore files: that of the walk's contexts, or one of the others.
    pub fn input(&self, view: Option<usize>) -> &ContextInput {
        view.map_or(&self.first, |view| &self.others[view])
    }
}

/// A Dockerfile, or what is wrong with it.
pub(super) type Read = Result<Arc<Known>, Diagnostic>;

/// A Dockerfile with what every side needs of it.
pub(super) struct Known {
    pub dockerfile: Arc<Dockerfile>,
    /// With the costs of its steps; none where the build would be refused.
    graph: Option<(Arc<Graph>, Vec<Figure>)>,
}

impl Known {
    /// Works it out; `tree` is the context of its first build.
    pub fn new(dockerfile: Arc<Dockerfile>, tree: &Tree, common: &Common<'_>) -> Arc<Self> {
        let graph = crate::graph::build(&dockerfile, &common.options).ok().map(|graph| {
            let costs = (common.cost)(&dockerfile, &graph, tree);
            (Arc::new(graph), costs)
        });
        Arc::new(Self { dockerfile, graph })
    }
}

/// The context of a build, and where its files can be read.
pub(super) struct Place<'r> {
    pub repo: &'r Repository,
    pub commit: &'r Commit,
    pub tree: &'r Tree,
}

impl Place<'_> {
    /// The text of a file of the context.
    pub fn read(&self, at: &str) -> Option<String> {
        let blob = self.repo.blob_at(self.commit, &path::join(self.repo.context(), at)).ok()??;
        String::from_utf8(self.repo.bytes(blob.id).ok()?).ok()
    }
}

/// One plan, followed from commit to commit.
pub(super) struct Side<'p, 'a> {
    plan: &'p Plan<'a>,
    common: &'p Common<'a>,
    rewrites: &'p Rewrites,
    simulator: Simulator,
    rows: Rows,
    versions: Vec<Version>,
    /// What was made of the commits' Dockerfiles, or of the one that is built on every commit, by how often what that
    /// rests on had changed, and by text.
    made: HashMap<rewriting::Version, Read>,
    /// How often a file had come or gone on which it rests.
    turns: usize,
    /// What was asked for last, most often what is asked for next: to hash a text takes its time.
    latest: Option<(rewriting::Version, Read)>,
    /// All that was made so far, by its own text.
    known: HashMap<Arc<str>, Arc<Known>>,
    /// The one of the build before.
    current: Option<Current>,
    /// The build before, for runners that import what it exported.
    last: Option<Outcome>,
}

/// The Dockerfile that is being built.
struct Current {
    known: Arc<Known>,
    version: usize,
}

impl<'p, 'a> Side<'p, 'a> {
    /// Starts with an empty cache.
    pub fn new(plan: &'p Plan<'a>, common: &'p Common<'a>, rewrites: &'p Rewrites) -> Self {
        Self {
            plan,
            common,
            rewrites,
            simulator: Simulator::default().silent(),
            rows: Rows::default(),
            versions: Vec::new(),
            made: HashMap::new(),
            turns: 0,
            latest: None,
            known: HashMap::new(),
            current: None,
            last: None,
        }
    }

    /// The walk of so many commits that were to be, without its builds.
    pub fn finish(self, planned: usize) -> SideWalk {
        SideWalk { versions: self.versions, rows: self.rows.list, planned, ..SideWalk::default() }
    }

    /// Tells whether what is built of a commit is the commit's own Dockerfile, or nothing.
    pub fn keeps(&mut self, repo: &Repository, step: &Step, view: Option<usize>) -> bool {
        let input = step.input(view);
        self.take_note(&input.changes);
        if input.ignore_error.is_some() {
            return true;
        }
        let place = Place { repo, commit: &step.commit, tree: &input.tree };
        let made = self.dockerfile(&place, step.dockerfile.as_ref());
        match (made, &step.dockerfile) {
            (None, _) | (Some(Err(_)), Some(Err(_))) => true,
            (Some(Ok(made)), Some(Ok(own))) => made.dockerfile.text == own.dockerfile.text,
            _ => false,
        }
    }

    /// Builds a commit; `view` says with which of the other ignore files.
    pub fn follow(&mut self, repo: &Repository, step: &Step, view: Option<usize>) -> Made {
        let input = step.input(view);
        self.take_note(&input.changes);
        match &input.ignore_error {
            // Without a Dockerfile nobody reads the ignore file.
            Some(error) if self.builds(input.dockerfile.is_some()) => {
                self.refused(format!("the ignore file, {error}"))
            }
            _ => {
                let place = Place { repo, commit: &step.commit, tree: &input.tree };
                self.build(&place, step.dockerfile.as_ref())
            }
        }
    }

    fn build(&mut self, place: &Place<'_>, of_commit: Option<&Read>) -> Made {
        let known = match self.dockerfile(place, of_commit) {
            None => return Made::Nothing,
            Some(Err(error)) => return self.refused(said(&error)),
            Some(Ok(known)) => known,
        };
        let input = BuildInput {
            dockerfile: Arc::clone(&known.dockerfile),
            options: self.common.options.clone(),
            context: place.tree.clone(),
            named: std::collections::BTreeMap::new(),
        };
        if let Some((graph, _)) = &known.graph {
            self.simulator.adopt(&input, graph);
        }
        let outcome = match self.simulate(&input) {
            Ok(outcome) => outcome,
            Err(error) => return self.refused(said(&error)),
        };
        let version = self.version(&known);
        if outcome.prediction.error.is_none() {
            // What comes is compared with the last build that came to its end.
            self.last = (self.plan.runner != Runner::Warm).then(|| outcome.clone());
        }
        Made::Built { version, outcome: Box::new(outcome) }
    }

    /// Builds with what the runner's cache holds.
    fn simulate(&mut self, input: &BuildInput) -> Result<Outcome, Diagnostic> {
        let mode = match self.plan.runner {
            Runner::Warm => return self.simulator.build(input),
            Runner::Cold => None,
            Runner::Max => Some(ExportMode::Max),
            Runner::Min => Some(ExportMode::Min),
        };
        self.simulator.forget();
        if let (Some(mode), Some(last)) = (mode, &self.last) {
            self.simulator.import(last.export(mode));
            self.simulator.compare_with(&last.input)?;
        }
        self.simulator.predict(input)
    }

    /// The Dockerfile of this build; none where the commit has none.
    fn dockerfile(&mut self, place: &Place<'_>, of_commit: Option<&Read>) -> Option<Read> {
        let (text, rewriting) = match &self.plan.dockerfile {
            DockerfileSource::OfCommit => return of_commit.cloned(),
            DockerfileSource::Fixed(text) => (text, None),
            DockerfileSource::Rewritten(rewriting) => match of_commit? {
                Ok(known) => (&known.dockerfile.text, Some((rewriting, known))),
                Err(error) => return Some(Err(error.clone())),
            },
        };
        let is_this = |(turns, of): &rewriting::Version| *turns == self.turns && Arc::ptr_eq(of, text);
        if let Some((_, known)) = self.latest.as_ref().filter(|(key, _)| is_this(key)) {
            return Some(known.clone());
        }
        let key = (self.turns, Arc::clone(text));
        if let Some(known) = self.made.get(&key) {
            self.latest = Some((key, known.clone()));
            return Some(known.clone());
        }
        let read = |text: &Arc<str>| match self.known.get(text) {
            Some(known) => Ok(Arc::clone(known)),
            None => Ok(Known::new(Arc::new(parse(text)?), place.tree, self.common)),
        };
        let made = match rewriting {
            None => read(text),
            Some((rewriting, own)) => {
                let rewritten = self.rewrites.of(&key, rewriting, &own.dockerfile, place);
                if rewritten == own.dockerfile.text { Ok(Arc::clone(own)) } else { read(&rewritten) }
            }
        };
        if let Ok(known) = &made {
            self.known.insert(Arc::clone(&known.dockerfile.text), Arc::clone(known));
        }
        self.made.insert(key.clone(), made.clone());
        self.latest = Some((key, made.clone()));
        Some(made)
    }

    /// The version that builds this Dockerfile now: that of the build before, or a new one.
    fn version(&mut self, known: &Arc<Known>) -> usize {
        if let Some(current) = self.current.as_ref().filter(|current| Arc::ptr_eq(&current.known, known)) {
            return current.version;
        }
        let steps = known.graph.iter().flat_map(|(graph, costs)| {
            let rows = self.rows.take(graph);
            graph.steps.iter().enumerate().map(move |(number, step)| {
                let mut seconds = costs[number];
                // Of two steps with one vertex only the first runs.
                if graph.steps[..number].iter().any(|other| other.vertex == step.vertex) {
                    seconds.value = 0.0;
                }
                VersionStep { row: rows[number], label: step.label.to_string(), line: step.line, seconds }
            })
        });
        let text = known.dockerfile.text.to_string();
        let version = Version { text, steps: steps.collect(), error: None };
        self.versions.push(version);
        let version = self.versions.len() - 1;
        self.current = Some(Current { known: Arc::clone(known), version });
        version
    }

    /// Goes back to before the first commit; nothing was built so far.
    pub fn restart(&mut self) {
        self.turns = 0;
    }

    /// Takes note of a file that comes or goes on which what is made of the commits' Dockerfiles rests.
    fn take_note(&mut self, changes: &[Change]) {
        self.turns += usize::from(Rewriting::of(self.plan).is_some_and(|it| it.is_anew(changes)));
    }

    /// Tells whether there is a Dockerfile to build.
    fn builds(&self, commit_has_one: bool) -> bool {
        commit_has_one || matches!(self.plan.dockerfile, DockerfileSource::Fixed(_))
    }

    /// A build that ends before its first step: of a version of its own, the same while it fails in the same way.
    fn refused(&mut self, error: String) -> Made {
        self.current = None;
        let same = self.versions.last().is_some_and(|last| last.error.as_ref() == Some(&error));
        if !same {
            let error = Some(error.clone());
            self.versions.push(Version { text: String::new(), steps: Vec::new(), error });
        }
        Made::Refused { version: self.versions.len() - 1, error }
    }
}

pub(super) fn said(error: &Diagnostic) -> String {
    if error.line > 0 { format!("line {}: {}", error.line, error.message) } else { error.message.clone() }
}
