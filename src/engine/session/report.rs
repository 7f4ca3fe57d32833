//! One build, predicted and real, and what is learned from it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::engine::compare::{Ending, Row, Verdict};
use crate::engine::progress::Status as RealStatus;
use crate::engine::store::StoredImage;
use crate::graph::StageBase;
use crate::simulate::Outcome;

/// One build, predicted and real.
#[derive(Debug, Clone, Serialize)]
pub struct BuildReport {
    /// What it is: the baseline, an edit, a step of a scenario.
    pub name: String,
    /// The steps that the prediction or the engine has.
    pub steps: Vec<Row>,
    /// How it ended.
    pub ending: Ending,
    /// Seconds that the engine took.
    pub seconds: f64,
    /// Bytes of layers of the final image, by number in `steps`; only where weighed.
    #[serde(skip)]
    pub layers: BTreeMap<usize, u64>,
    /// Everything the engine printed.
    #[serde(skip)]
    pub log: String,
}

impl BuildReport {
    /// Counts steps of a verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.steps.iter().filter(|s| s.verdict == verdict).count()
    }

    /// Says whether layerlab was wrong where it was certain.
    pub fn is_different(&self) -> bool {
        self.ending.is_different() || self.count(Verdict::Different) > 0
    }

    /// Says whether what follows on the same cache can be compared.
    pub fn can_go_on(&self) -> bool {
        matches!(self.ending, Ending::Built | Ending::FailedAsPredicted { .. })
    }
}

/// Finds the layers of the final image's own steps in its history: the last ones that such instructions made.
pub(super) fn layers(outcome: &Outcome, rows: &[Row], image: &StoredImage) -> BTreeMap<usize, u64> {
    let graph = &outcome.graph;
    // The stages that the target is built on, the lowest first.
    let mut chain = vec![graph.target];
    while let StageBase::Stage(below) = graph.stages[chain[0]].base {
        chain.insert(0, below);
    }
    let steps = chain.iter().flat_map(|stage| graph.stage_steps(*stage)).filter(|s| !s.label.is_from());
    let numbers: Vec<usize> =
        steps.filter_map(|step| rows.iter().position(|row| row.label == *step.label)).collect();
    let keyword = |text: &str| text.split(' ').next().unwrap_or_default().to_owned();
    let made: Vec<_> = image
        .layers
        .iter()
        .filter(|l| matches!(keyword(&l.created_by).as_str(), "RUN" | "COPY" | "ADD" | "WORKDIR"))
        .collect();
    let Some(first) = made.len().checked_sub(numbers.len()) else { return BTreeMap::new() };
    let pairs: Vec<_> = numbers.into_iter().zip(&made[first..]).collect();
    let fits = pairs.iter().all(|(number, layer)| {
        let instruction = rows[*number].label.instruction.trim_start_matches("ONBUILD ");
        keyword(instruction) == keyword(&layer.created_by)
    });
    if fits {
        pairs.into_iter().map(|(number, layer)| (number, layer.bytes)).collect()
    } else {
        BTreeMap::new()
    }
}

/// The steps of a report that ran, with their seconds and bytes: what is learned from it.
pub fn learned(report: &BuildReport) -> impl Iterator<Item = (&Row, Option<u64>)> {
    report.steps.iter().enumerate().filter_map(|(number, row)| {
        let ran = row.real.is_some_and(|r| r.status == RealStatus::Executed);
        (ran && row.operation.is_some()).then(|| (row, report.layers.get(&number).copied()))
    })
}
