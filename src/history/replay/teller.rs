//! What is kept of each build of a side: a mark a step, and why it ran.

use super::record::{Build, KEPT_PATHS, Mark, PathNumbers, Why};
use super::side::said;
use crate::explain::{Cause, Explanation};
use crate::graph::{Graph, Label};
use crate::simulate::Outcome;
use crate::solver::Status;

/// What a side made of a commit.
pub(super) enum Made {
    /// The commit has no Dockerfile.
    Nothing,
    /// The build ended before its first step.
    Refused { version: usize, error: String },
    /// A build of a version.
    Built { version: usize, outcome: Box<Outcome> },
}

/// Writes down the builds of one side. Apart from the side, because one thread may tell why the steps of a build ran
/// while another does the next build.
pub(super) struct Teller {
    reasons: bool,
    builds: Vec<Build>,
    paths: PathNumbers,
}

/// All that was written down of a side.
#[derive(Default)]
pub(super) struct Told {
    pub builds: Vec<Build>,
    pub paths: Vec<String>,
}

impl Teller {
    /// Starts with nothing; `reasons` says whether anybody asks why.
    pub fn new(reasons: bool) -> Self {
        Self { reasons, builds: Vec::new(), paths: PathNumbers::default() }
    }

    /// Writes down a build.
    pub fn tell(&mut self, made: &Made) {
        let build = match made {
            Made::Nothing => Build::default(),
            Made::Refused { version, error } => {
                Build { version: Some(*version), error: Some(error.clone()), ..Build::default() }
            }
            Made::Built { version, outcome } => self.record(*version, outcome),
        };
        self.builds.push(build);
    }

    /// What was written down.
    pub fn finish(self) -> Told {
        Told { builds: self.builds, paths: self.paths.list }
    }

    fn record(&mut self, version: usize, outcome: &Outcome) -> Build {
        let explanations = if self.reasons { outcome.explain(KEPT_PATHS) } else { Vec::new() };
        let mut build = Build {
            version: Some(version),
            error: outcome.prediction.error.as_ref().map(said),
            ..Build::default()
        };
        for (number, step) in outcome.prediction.steps.iter().enumerate() {
            let vertex = outcome.graph.steps[step.step].vertex;
            let free = outcome.prediction.vertex(vertex).is_some_and(|vertex| vertex.unanchored);
            let explanation = explanations.get(number);
            let is_root = explanation.is_some_and(|explanation| explanation.root);
            let mark = match (step.status, is_root, step.certain) {
                (Status::Executed, ..) if free => Mark::Free,
                (Status::Cached, _, true) => Mark::Cached,
                (Status::Cached, _, false) => Mark::CachedAssumed,
                (Status::Executed, true, true) => Mark::Root,
                (Status::Executed, true, false) => Mark::RootAssumed,
                (Status::Executed, false, true) => Mark::Pulled,
                (Status::Executed, false, false) => Mark::PulledAssumed,
            };
            build.marks.push(mark);
            if mark.ran()
                && let Some(explanation) = explanation
            {
                let reasons = self.reasons(outcome, explanation);
                build.reasons.push((step.step, reasons));
            }
        }
        build
    }

    fn reasons(&mut self, outcome: &Outcome, why: &Explanation) -> Vec<Why> {
        let graph = &outcome.graph;
        why.causes
            .iter()
            .filter_map(|cause| {
                Some(match cause {
                    Cause::New | Cause::NoCache => Why::New,
                    Cause::Missing => Why::Missing,
                    Cause::Unanchored => return None,
                    Cause::Content { changes, total, from: None } => {
                        let p = changes.iter().map(|change| self.paths.of(&change.path)).collect();
                        Why::Files { p, n: *total }
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
}

fn number_of(graph: &Graph, label: &Label) -> Option<usize> {
    graph.steps.iter().position(|step| *step.label == *label)
}
