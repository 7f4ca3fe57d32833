//! What a build reported, read from BuildKit's progress output.
//!
//! Two forms exist: `rawjson` (buildx 0.13 and later, buildctl), a stream of JSON values that may be spread
//! over lines, and `plain`, text for people, which is all that older clients have. Both end, when the build
//! fails, in free text. [`read`] tells them apart by itself.
//!
//! Only vertices with a step's label are kept (`[builder 2/4] COPY . .`). What the frontend does for itself
//! (`[internal] …`, `[context …] …`, exporting) is left out, except that a failure there is reported.

mod plain;
mod rawjson;
#[cfg(test)]
mod tests;

pub use crate::graph::Label;

/// A build as its progress output tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// The form it was read from; `plain` knows less.
    pub format: Format,
    /// The steps: stages in the order they first appear, steps of a stage by index.
    pub steps: Vec<RealStep>,
    /// Why the build failed, if it did.
    pub failure: Option<Failure>,
}

/// The form of a progress output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A stream of JSON values: every vertex by itself, with times.
    RawJson,
    /// Text: the copy and the merge of a COPY --link are one entry, which is cached only if both were.
    Plain,
}

/// One step of a real build.
#[derive(Debug, Clone, PartialEq)]
pub struct RealStep {
    /// The step's label.
    pub label: Label,
    /// What became of it; for a COPY --link, of its copy (in the plain form: of both parts together).
    pub status: Status,
    /// What became of the merge of a COPY --link. `None` for any other step, in the plain form, and where the
    /// engine makes a plain copy of it.
    pub merge: Option<Status>,
    /// Seconds from the first time stamp of the log to the step's start; unknown in the plain form.
    pub started: Option<f64>,
    /// Seconds it was worked on, pauses left out.
    pub seconds: Option<f64>,
    /// Digest of the vertex' definition, not of its result.
    pub digest: Option<String>,
    /// The error it ended with.
    pub error: Option<String>,
}

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Its result was found.
    Cached,
    /// It ran to its end.
    Executed,
    /// The build ended before it ran or while it ran.
    NotRun,
    /// It failed.
    Error,
}

/// Why a build failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Name of the vertex that failed, as printed; `None` when the build failed before any vertex did.
    pub vertex: Option<String>,
    /// The engine's words.
    pub message: String,
}

/// Reads a build's progress output, in either form, with whatever text stands before, between and after.
pub fn read(log: &str) -> Progress {
    rawjson::read(log).unwrap_or_else(|| plain::read(log))
}

/// Puts the steps in the order that [`Progress::steps`] promises.
fn in_order(steps: Vec<RealStep>) -> Vec<RealStep> {
    let mut stages: Vec<Option<String>> = Vec::new();
    let mut keyed: Vec<(usize, RealStep)> = Vec::with_capacity(steps.len());
    for step in steps {
        let stage = stages.iter().position(|s| *s == step.label.stage).unwrap_or_else(|| {
            stages.push(step.label.stage.clone());
            stages.len() - 1
        });
        keyed.push((stage, step));
    }
    keyed.sort_by_key(|(stage, step)| (*stage, step.label.index));
    keyed.into_iter().map(|(_, step)| step).collect()
}

/// Finds the failure in the free text that clients print last (`ERROR: failed to solve: …`).
fn failure_in_text(text: &str) -> Option<Failure> {
    let is_failure = |line: &str| {
        let line = line.strip_prefix("ERROR: ").or_else(|| line.strip_prefix("error: ")).unwrap_or(line);
        line.starts_with("failed to ") || line.starts_with("unable to ")
    };
    let line = text.lines().rev().map(str::trim_end).find(|line| is_failure(line))?;
    let message = line.trim_start_matches("ERROR: ").trim_start_matches("error: ").to_owned();
    Some(Failure { vertex: None, message })
}
