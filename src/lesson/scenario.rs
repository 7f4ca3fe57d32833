//! Two builds with a change between them, done on the simulated builder.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::manifest::{BuildOptions, CacheKind, Op, Store};
use super::project::{ChangeError, Project};
use crate::context::Ignore;
use crate::dockerfile::{self, Diagnostic, InstructionKind};
use crate::graph::{GraphOptions, ImageStore, NoCache, StageBase};
use crate::simulate::{BuildInput, Outcome, Simulator};
use crate::solver::Status;
use crate::solver::export::ExportMode;

/// One simulated build and what it was made of.
#[derive(Debug, Clone)]
pub struct Built {
    /// What went in.
    pub input: BuildInput,
    /// What is predicted.
    pub outcome: Outcome,
}

/// Two builds, and what was changed between them.
#[derive(Debug, Clone)]
pub struct Run {
    /// The build that filled the cache.
    pub before: Built,
    /// The build that is asked about.
    pub after: Built,
    /// Paths that were changed.
    pub changed: Vec<String>,
}

/// Why there is no prediction.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// The Dockerfile, or a path that it copies.
    #[error("{}", dockerfile_trouble(.0))]
    Dockerfile(Diagnostic),
    /// The ignore file.
    #[error(".dockerignore:{0}")]
    Ignore(crate::context::IgnoreError),
    /// There is no Dockerfile.
    #[error("there is no {0} in the project")]
    NoDockerfile(String),
    /// A change of the lesson's does not fit the files as they are.
    #[error("{0}")]
    Change(#[from] ChangeError),
}

fn dockerfile_trouble(d: &Diagnostic) -> String {
    let place = if d.line > 0 { format!("Dockerfile:{}:{}: ", d.line, d.column) } else { String::new() };
    let help = d.help.as_ref().map_or(String::new(), |h| format!(" ({h})"));
    format!("{place}{}{help}", d.message)
}

/// Options laid over others: what the second says wins.
pub fn merged(base: &BuildOptions, over: &BuildOptions) -> BuildOptions {
    let mut out = base.clone();
    let BuildOptions { target, build_args, no_cache, no_cache_filter, image_store, images, cache } =
        over.clone();
    out.target = target.or(out.target);
    out.build_args.extend(build_args);
    out.no_cache = no_cache.or(out.no_cache);
    out.no_cache_filter = no_cache_filter.or(out.no_cache_filter);
    out.image_store = image_store.or(out.image_store);
    out.images.extend(images);
    out.cache = cache.or(out.cache);
    out
}

/// Makes a build of a project.
pub fn input(project: &Project, options: &BuildOptions) -> Result<BuildInput, Trouble> {
    let name = project.dockerfile();
    let text = project.text(name).ok_or_else(|| Trouble::NoDockerfile(name.to_string()))?;
    let dockerfile = dockerfile::parse(text).map_err(Trouble::Dockerfile)?;
    let ignore = [format!("{name}.dockerignore"), ".dockerignore".to_string()]
        .iter()
        .find_map(|p| project.text(p))
        .map_or_else(|| Ok(Ignore::default()), |t| Ignore::parse(t))
        .map_err(Trouble::Ignore)?;
    let mut graph = GraphOptions {
        target: options.target.clone(),
        build_args: options.build_args.clone(),
        no_cache: match (&options.no_cache_filter, options.no_cache) {
            (Some(stages), _) => NoCache::Stages(stages.clone()),
            (None, Some(true)) => NoCache::All,
            _ => NoCache::Off,
        },
        image_store: match options.image_store {
            Some(Store::Classic) => ImageStore::Classic,
            _ => ImageStore::Containerd,
        },
        ..GraphOptions::default()
    };
    for (image, digest) in &options.images {
        graph.set_image_digest(image, digest);
    }
    Ok(BuildInput {
        dockerfile: Arc::new(dockerfile),
        options: graph,
        context: project.context(&ignore),
        named: BTreeMap::new(),
    })
}

/// Builds a project from an empty cache.
pub fn first(project: &Project, options: &BuildOptions) -> Result<(Simulator, Built), Trouble> {
    let mut builder = Simulator::default();
    let input = input(project, options)?;
    let outcome = builder.build(&input).map_err(Trouble::Dockerfile)?;
    finished(&outcome)?;
    Ok((builder, Built { input, outcome }))
}

fn finished(outcome: &Outcome) -> Result<(), Trouble> {
    outcome.prediction.error.clone().map_or(Ok(()), |e| Err(Trouble::Dockerfile(e)))
}

/// Builds one project, then predicts another on the same builder, or on a fresh one as the options say.
pub fn between(
    old: &Project,
    new: &Project,
    before: &BuildOptions,
    after: &BuildOptions,
) -> Result<Run, Trouble> {
    let (mut builder, built) = first(old, before)?;
    match after.cache {
        None | Some(CacheKind::Warm) => {}
        Some(CacheKind::Cold) => builder = Simulator::default(),
        Some(CacheKind::Min) => builder = imported(&built, ExportMode::Min)?,
        Some(CacheKind::Max) => builder = imported(&built, ExportMode::Max)?,
    }
    let input = input(new, after)?;
    let outcome = builder.predict(&input).map_err(Trouble::Dockerfile)?;
    finished(&outcome)?;
    Ok(Run { before: built, after: Built { input, outcome }, changed: old.changed(new) })
}

/// A fresh builder that imports what the first exported.
fn imported(built: &Built, mode: ExportMode) -> Result<Simulator, Trouble> {
    let mut fresh = Simulator::default();
    fresh.import(built.outcome.export(mode));
    fresh.compare_with(&built.input).map_err(Trouble::Dockerfile)?;
    Ok(fresh)
}

/// Applies `given`, builds, applies `change`, and predicts.
pub fn changed(
    project: &Project,
    given: &[Op],
    change: &[Op],
    before: &BuildOptions,
    after: &BuildOptions,
) -> Result<Run, Trouble> {
    let mut old = project.clone();
    for op in given {
        old.apply(op)?;
    }
    let mut new = old.clone();
    for op in change {
        new.apply(op)?;
    }
    between(&old, &new, before, after)
}

impl Built {
    /// Number in the prediction, label text and status of each step.
    pub fn steps(&self) -> impl Iterator<Item = (usize, String, Status)> {
        self.outcome.prediction.steps.iter().enumerate().map(|(i, s)| (i, s.label.to_string(), s.status))
    }

    /// Steps whose label, or the text of a heredoc, has a text; `RUN ["npm", "ci"]` has `npm ci`.
    pub fn find(&self, text: &str) -> Vec<usize> {
        let has = |i: usize, label: &str| {
            label.contains(text) || without_json(label).contains(text) || self.heredocs_of(i).contains(text)
        };
        self.steps().filter(|(i, label, _)| has(*i, label)).map(|(i, _, _)| i).collect()
    }

    /// The heredocs of a step of the prediction.
    fn heredocs_of(&self, step: usize) -> String {
        let step = self.outcome.prediction.steps.get(step).and_then(|s| self.outcome.graph.steps.get(s.step));
        let found =
            step.and_then(|s| self.input.dockerfile.stages.get(s.stage)?.instructions.get(s.instruction?));
        found.map(|i| heredocs(&i.kind)).unwrap_or_default()
    }

    /// Steps that run.
    pub fn executed(&self) -> Vec<usize> {
        self.steps().filter(|(_, _, s)| *s == Status::Executed).map(|(i, _, _)| i).collect()
    }

    /// Stages that the target needs.
    pub fn stages(&self) -> Vec<usize> {
        let stages = &self.outcome.graph.stages;
        (0..stages.len()).filter(|&s| stages[s].reachable).collect()
    }

    /// The target's stage and those that it is built FROM, the target first.
    pub fn final_chain(&self) -> Vec<usize> {
        let graph = &self.outcome.graph;
        let mut chain = vec![graph.target];
        let mut at = graph.target;
        while let Some(StageBase::Stage(base)) = graph.stages.get(at).map(|s| &s.base) {
            at = *base;
            chain.push(at);
        }
        chain
    }

    /// The joined texts of the instructions of some stages, FROM included.
    pub fn instructions(&self, stages: &[usize]) -> Vec<String> {
        let file = &self.input.dockerfile;
        stages
            .iter()
            .filter_map(|&s| file.stages.get(s))
            .flat_map(|s| {
                let texts = s.instructions.iter().map(|i| i.original.clone() + &heredocs(&i.kind));
                std::iter::once(s.original.clone()).chain(texts)
            })
            .collect()
    }
}

/// The texts of a RUN's heredocs, each after a line break.
fn heredocs(kind: &InstructionKind) -> String {
    match kind {
        InstructionKind::Run(run) => run.heredocs.iter().fold(String::new(), |all, h| all + "\n" + &h.body),
        _ => String::new(),
    }
}

/// An instruction in JSON form as it would read without.
pub fn without_json(text: &str) -> String {
    text.replace("\", \"", " ").replace("\",\"", " ").replace("[\"", "").replace("\"]", "")
}
