//! One Dockerfile with its simulated builders.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Setting;
use crate::context::Tree;
use crate::cost::{self, Inputs, StepCost};
use crate::declare::Declarations;
use crate::dockerfile::{self, Dockerfile};
use crate::graph::NoCache;
use crate::simulate::{BuildInput, Outcome, Simulator};
use crate::solver::Status;
use crate::tui::model::{Impact, Problem};
use crate::tui::picture::{self, Seen};

/// One Dockerfile with its builders.
#[derive(Debug, Clone)]
pub(super) struct Version {
    pub(super) title: String,
    pub(super) file: String,
    pub(super) text: Arc<str>,
    /// The last text that could be read.
    pub(super) good: Option<Arc<Dockerfile>>,
    pub(super) problem: Option<Problem>,
    /// What `b` builds on.
    pub(super) builder: Simulator,
    /// Builds after every edit: for the tally, and for what an edit alone does.
    pub(super) daily: Simulator,
    pub(super) seen: Option<(Outcome, Arc<Vec<StepCost>>)>,
}

impl Version {
    pub(super) fn new(title: &str, file: &str, text: &str) -> Self {
        let mut version = Self {
            title: title.to_string(),
            file: file.to_string(),
            text: "".into(),
            good: None,
            problem: None,
            builder: Simulator::default(),
            daily: Simulator::default(),
            seen: None,
        };
        version.read(text);
        version
    }

    /// Takes another text; what cannot be read is told, and the last good text stays.
    pub(super) fn read(&mut self, text: &str) {
        self.text = text.into();
        match dockerfile::parse(text) {
            Ok(good) => {
                self.good = Some(Arc::new(good));
                self.problem = None;
            }
            Err(diagnostic) => self.problem = Some(picture::problem(&self.file, text, &diagnostic)),
        }
    }

    pub(super) fn input(&self, setting: &Setting, tree: &Tree) -> Option<BuildInput> {
        Some(BuildInput {
            dockerfile: Arc::clone(self.good.as_ref()?),
            options: setting.options.clone(),
            context: tree.clone(),
            named: setting.named.clone(),
        })
    }

    /// Starts over with a cache that holds a build of this tree.
    pub(super) fn start_over(&mut self, setting: &Setting, built: &Tree) {
        self.builder = Simulator::default();
        if let Some(mut input) = self.input(setting, built) {
            // --no-cache is asked of what comes after.
            input.options.no_cache = NoCache::Off;
            // What cannot be built leaves an empty cache, and is told by the prediction.
            let _ = self.builder.build(&input);
        }
        self.daily = self.builder.clone();
    }

    pub(super) fn predict(&mut self, setting: &Setting, tree: &Tree) {
        let Some(input) = self.input(setting, tree) else { return };
        match self.builder.predict(&input) {
            Ok(outcome) => self.keep(setting, outcome),
            Err(diagnostic) => {
                self.problem = Some(picture::problem(&self.file, &self.text, &diagnostic));
            }
        }
    }

    fn keep(&mut self, setting: &Setting, outcome: Outcome) {
        let (declared, _) = Declarations::read(&outcome.input.dockerfile);
        let inputs = Inputs {
            context: &outcome.input.context,
            named: &outcome.input.named,
            measured: &setting.measured,
            declared: &declared,
        };
        let costs = cost::estimate(&outcome.graph, &inputs);
        // A problem of the text that is on disk now goes before one of the build.
        let unread = self.good.as_ref().is_none_or(|good| good.text != self.text);
        if !unread {
            let error = outcome.prediction.error.as_ref();
            self.problem = error.map(|d| picture::problem(&self.file, &self.text, d));
        }
        self.seen = Some((outcome, Arc::new(costs)));
    }

    pub(super) fn seen(&self) -> Option<Seen<'_>> {
        let (outcome, costs) = self.seen.as_ref()?;
        Some(Seen { title: &self.title, dockerfile: &outcome.input.dockerfile, outcome, costs })
    }

    /// What an edit of one file would rebuild after all edits so far were built.
    pub(super) fn impact(&mut self, setting: &Setting, edited: &Tree) -> Option<Impact> {
        let input = self.input(setting, edited)?;
        let outcome = self.daily.predict(&input).ok()?;
        let costs = self.seen.as_ref().map(|(_, costs)| Arc::clone(costs))?;
        let one_stage = outcome.graph.steps.iter().all(|s| s.label.stage.is_none());
        let mut impact = Impact { certain: true, ..Impact::default() };
        let mut counted = BTreeSet::new();
        for p in outcome.prediction.steps.iter().filter(|p| p.status == Status::Executed) {
            let step = &outcome.graph.steps[p.step];
            impact.steps += 1;
            impact.certain &= p.certain;
            if one_stage {
                impact.numbers.push(step.label.index);
            }
            if counted.insert(step.vertex) {
                impact.seconds += costs.get(p.step).map_or(0.0, |c| c.seconds.value);
            }
        }
        Some(impact)
    }

    /// Builds after an edit; yields the picture's part of it.
    pub(super) fn build_daily(
        &mut self,
        setting: &Setting,
        tree: &Tree,
    ) -> Option<(Outcome, Arc<Vec<StepCost>>)> {
        let input = self.input(setting, tree)?;
        let outcome = self.daily.build(&input).ok()?;
        let costs = self.seen.as_ref().map(|(_, costs)| Arc::clone(costs))?;
        Some((outcome, costs))
    }
}
