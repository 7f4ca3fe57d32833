//! What a verification found, as the JSON says it.

use std::path::PathBuf;

use serde::Serialize;

use crate::engine::compare::{Ending, Verdict};
use crate::engine::session::BuildReport;
use crate::engine::{Client, Engine};
use crate::graph::ImageStore;

/// Everything that was found; serializes as the JSON of `--format json`.
#[derive(Debug, Default)]
pub struct Report {
    /// The engine.
    pub engine: Option<EngineInfo>,
    /// The project's builds, then those of each scenario.
    pub series: Vec<Series>,
    /// Where measured figures went.
    pub learned: Learned,
    /// Remarks.
    pub notes: Vec<String>,
    /// Why it ended early.
    pub error: Option<String>,
}

/// What is to be known of the engine in a bug report.
#[derive(Debug, Clone, Serialize)]
pub struct EngineInfo {
    /// In words.
    pub name: String,
    client: Client,
    version: String,
    driver: Option<String>,
    image_store: ImageStore,
    progress: &'static str,
    platform: String,
}

impl From<&Engine> for EngineInfo {
    fn from(engine: &Engine) -> Self {
        Self {
            name: engine.describe(),
            client: engine.client,
            version: engine.version.clone(),
            driver: engine.driver.clone(),
            image_store: engine.store,
            progress: if engine.raw_json { "rawjson" } else { "plain" },
            platform: engine.platform.clone(),
        }
    }
}

/// Builds one after the other on one cache.
#[derive(Debug, Serialize)]
pub struct Series {
    /// `project`, or the scenario's name.
    pub id: String,
    /// What it is about.
    pub about: String,
    /// Why it was left out.
    pub skipped: Option<String>,
    /// Its builds.
    pub builds: Vec<BuildReport>,
}

/// Where measured figures went.
#[derive(Debug, Default, Serialize)]
pub struct Learned {
    /// Steps that ran and were measured.
    pub steps: usize,
    /// The file; none where nothing was kept.
    pub file: Option<PathBuf>,
}

/// Counts of verdicts.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Builds done.
    pub builds: usize,
    /// Steps that could be compared.
    pub steps: usize,
    /// As predicted.
    pub same: usize,
    /// Not as predicted, errors included.
    pub different: usize,
    /// Uncertain, and as guessed.
    pub guessed_right: usize,
    /// Uncertain, and not as guessed.
    pub guessed_wrong: usize,
    /// Known differences of this engine.
    pub known_difference: usize,
    /// Found by the engine from before.
    pub from_before: usize,
}

impl Report {
    fn builds(&self) -> impl Iterator<Item = &BuildReport> {
        self.series.iter().flat_map(|s| &s.builds)
    }

    /// Counts everything.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for build in self.builds() {
            totals.builds += 1;
            totals.same += build.count(Verdict::Same);
            totals.different += build.count(Verdict::Different) + usize::from(build.ending.is_different());
            totals.guessed_right += build.count(Verdict::GuessedRight);
            totals.guessed_wrong += build.count(Verdict::GuessedWrong);
            totals.known_difference += build.count(Verdict::KnownDifference);
            totals.from_before += build.count(Verdict::FromBefore);
            let compared = |v| !matches!(v, Verdict::NotReached | Verdict::FromBefore);
            totals.steps += build.steps.iter().filter(|s| compared(s.verdict)).count();
        }
        totals
    }

    /// Says whether layerlab was wrong anywhere.
    pub fn is_different(&self) -> bool {
        self.builds().any(BuildReport::is_different)
    }

    /// A build that failed for reasons of its own, so that nothing could be compared from there on.
    pub fn failure(&self) -> Option<String> {
        self.builds().find_map(|build| match &build.ending {
            Ending::Failed { real } => {
                Some(format!("the build fails on this engine ({}): {real}", build.name))
            }
            _ => None,
        })
    }
}

impl Serialize for Report {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Form<'a> {
            schema: u32,
            engine: Option<&'a EngineInfo>,
            series: &'a [Series],
            totals: Totals,
            learned: &'a Learned,
            notes: &'a [String],
            error: Option<&'a str>,
        }
        Form {
            schema: 1,
            engine: self.engine.as_ref(),
            series: &self.series,
            totals: self.totals(),
            learned: &self.learned,
            notes: &self.notes,
            error: self.error.as_deref(),
        }
        .serialize(serializer)
    }
}
