//! What the outcome of a walk depends on, as one digest.

use super::walk::{DockerfileSource, Plan};
use crate::context::Digest;
use crate::graph::GraphOptions;
use crate::history::{ContextOptions, Repository, Series};

/// Changes with the form or the meaning of what is stored.
const FORM: &str = "2";

/// Names a walk: equal keys have equal answers.
///
/// Everything counts that the answer depends on: this version of layerlab, the commits and the one before them, the
/// context's place, the Dockerfile's place and text, the ignore file, the options, the runner. `rest` names what the
/// caller's own functions depend on: how Dockerfiles are rewritten, where costs come from.
pub fn walk_key(
    repo: &Repository,
    series: &Series,
    options: &ContextOptions,
    builds: &GraphOptions,
    plan: &Plan<'_>,
    rest: &str,
) -> Digest {
    let ignoring = plan.ignoring.clone().unwrap_or_else(|| options.ignoring.clone());
    let options = ContextOptions { ignoring, ..options.clone() };
    let dockerfile = match &plan.dockerfile {
        DockerfileSource::OfCommit => "of commit".to_owned(),
        DockerfileSource::Fixed(text) => format!("fixed {text}"),
        DockerfileSource::Rewritten(_) => "rewritten".to_owned(),
    };
    let parts = [
        FORM.to_owned(),
        env!("CARGO_PKG_VERSION").to_owned(),
        repo.context().to_owned(),
        // Plain data: its debug form holds all of it.
        format!("{options:?}"),
        format!("{builds:?} {:?} {}", plan.runner, plan.reasons),
        dockerfile,
        rest.to_owned(),
        series.base.as_ref().map_or_else(String::new, |base| base.id.to_string()),
    ];
    let commits = series.commits.iter().map(|commit| commit.id.as_bytes());
    Digest::of_parts(parts.iter().map(String::as_bytes).chain(commits))
}
