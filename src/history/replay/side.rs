//! One side of a replay: a simulated builder that builds one commit after the other.

use std::collections::HashMap;
use std::sync::Arc;

use super::record::{SideWalk, Version, VersionStep};
use super::rows::Rows;
use super::teller::{Made, Told};
use super::walk::{DockerfileSource, Plan, Runner};
use crate::context::{Tree, path};
use crate::dockerfile::ast::Dockerfile;
use crate::dockerfile::{Diagnostic, parse};
use crate::graph::Graph;
use crate::history::{BuildInput as ContextInput, Commit, Repository};
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

/// A Dockerfile, or what is wrong with it.
pub(super) type Read = Result<Arc<Dockerfile>, Diagnostic>;

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

/// One plan, followed from commit to commit.
pub(super) struct Side<'p, 'a> {
    plan: &'p Plan<'a>,
    simulator: Simulator,
    rows: Rows,
    versions: Vec<Version>,
    /// What was made of the commits' Dockerfiles, or of the one that is built on every commit, by text.
    made: HashMap<Arc<str>, Read>,
    /// The one of the build before.
    current: Option<Current>,
    /// The build before, for runners that import what it exported.
    last: Option<Outcome>,
}

/// The Dockerfile that is being built.
struct Current {
    dockerfile: Arc<Dockerfile>,
    version: usize,
}

impl<'p, 'a> Side<'p, 'a> {
    /// Starts with an empty cache.
    pub fn new(plan: &'p Plan<'a>) -> Self {
        Self {
            plan,
            simulator: Simulator::default().silent(),
            rows: Rows::default(),
            versions: Vec::new(),
            made: HashMap::new(),
            current: None,
            last: None,
        }
    }

    /// The walk, with the builds that were kept of it, of so many commits that were to be.
    pub fn finish(self, told: Told, planned: usize) -> SideWalk {
        let Told { builds, paths } = told;
        SideWalk { versions: self.versions, rows: self.rows.list, builds, paths, planned }
    }

    /// Builds a commit; `view` says with which of the other ignore files.
    pub fn follow(&mut self, repo: &Repository, step: &Step, view: Option<usize>) -> Made {
        let input = view.map_or(&step.first, |view| &step.others[view]);
        match &input.ignore_error {
            // Without a Dockerfile nobody reads the ignore file.
            Some(error) if self.builds(input.dockerfile.is_some()) => {
                self.refused(format!("the ignore file, {error}"))
            }
            _ => {
                let place = Place { repo, commit: &step.commit };
                self.build(&place, step.dockerfile.as_ref(), &input.tree)
            }
        }
    }

    fn build(&mut self, place: &Place<'_>, of_commit: Option<&Read>, tree: &Tree) -> Made {
        let dockerfile = match self.dockerfile(place, of_commit, tree) {
            None => return Made::Nothing,
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
    fn dockerfile(&mut self, place: &Place<'_>, of_commit: Option<&Read>, tree: &Tree) -> Option<Read> {
        let (text, rewrite) = match &self.plan.dockerfile {
            DockerfileSource::OfCommit => return of_commit.cloned(),
            DockerfileSource::Fixed(text) => (text, None),
            DockerfileSource::Rewritten(rewrite) => match of_commit? {
                Ok(dockerfile) => (&dockerfile.text, Some((rewrite, dockerfile))),
                Err(error) => return Some(Err(error.clone())),
            },
        };
        if let Some(known) = self.made.get(text) {
            return Some(known.clone());
        }
        let made = match rewrite {
            None => parse(text).map(Arc::new),
            Some((rewrite, dockerfile)) => {
                let rewritten = rewrite(dockerfile, tree, &|at| place.read(at));
                let is_same = rewritten == dockerfile.text;
                if is_same { Ok(Arc::clone(dockerfile)) } else { parse(&rewritten).map(Arc::new) }
            }
        };
        self.made.insert(Arc::clone(text), made.clone());
        Some(made)
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
        self.versions.push(version);
        let version = self.versions.len() - 1;
        self.current = Some(Current { dockerfile: Arc::clone(dockerfile), version });
        version
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
