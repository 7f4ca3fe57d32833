//! The JSON of build and plan, exactly as the contract names it; what it adds is marked so.

use serde::Serialize;

use super::amount::sum;
use super::words;
use crate::context::Trap;
use crate::cost::{Figure, StepCost};
use crate::dockerfile::{Diagnostic, DiagnosticKind};
use crate::explain::{Cause, Explanation, Finding, PathChange};
use crate::solver::{Assumption, Prediction, Status, StepPrediction};

/// Version of this form.
const SCHEMA: u32 = 1;

/// The answer of one build or plan.
#[derive(Debug, Clone, Serialize)]
pub struct Answer {
    schema: u32,
    /// The context as the user named it.
    pub context: String,
    /// The Dockerfile as the user knows it.
    pub dockerfile: String,
    /// `--target`.
    pub target: Option<String>,
    /// Every step, as far as the build comes.
    pub steps: Vec<Step>,
    /// Counts and seconds.
    pub totals: Totals,
    /// What ended the build.
    pub error: Option<Problem>,
    /// Added: what a plan was asked to take as edited.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<String>,
    /// Added: what about the context will surprise.
    pub traps: Vec<TrapFound>,
    /// Added: remarks that change no step.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// One step.
#[derive(Debug, Clone, Serialize)]
pub struct Step {
    /// Stage as in the label; none where BuildKit prints none.
    pub stage: Option<String>,
    /// Number in its stage.
    pub index: u32,
    /// Steps in its stage.
    pub of: u32,
    /// Text of the label.
    pub instruction: String,
    /// Line in the Dockerfile.
    pub line: usize,
    /// Cached or executed.
    pub status: Status,
    /// False where the status is an assumption.
    pub certain: bool,
    /// Status of the LINK merge of a COPY --link.
    pub merge: Option<Status>,
    /// Hex of the step's identity.
    pub key: String,
    /// Why it is executed.
    pub cause: Option<CauseTold>,
    /// What it takes when it runs.
    pub seconds: Figure,
    /// What it adds to the image.
    pub bytes: Figure,
    /// Added: what the status rests on, where it is not certain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assumption: Option<AssumptionTold>,
}

/// Why a step is executed.
#[derive(Debug, Clone, Serialize)]
pub struct CauseTold {
    /// The contract's word for it.
    pub kind: &'static str,
    /// In words.
    pub message: String,
    /// Of `content`: the first paths.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paths: Option<Vec<String>>,
    /// Of `parent`: the label of the step that pulled it along.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// Added: it runs for a reason of its own.
    pub root: bool,
    /// Added: numbers in `steps` of those that run only because it does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub drags: Vec<usize>,
    /// Added: all causes with their data.
    pub all: Vec<Cause>,
}

/// What a status rests on.
#[derive(Debug, Clone, Serialize)]
pub struct AssumptionTold {
    /// Its data.
    #[serde(flatten)]
    pub what: Assumption,
    /// In words.
    pub message: String,
}

/// Counts and seconds of a whole build.
#[derive(Debug, Clone, Serialize)]
pub struct Totals {
    /// Steps that run.
    pub executed: usize,
    /// Steps that do not.
    pub cached: usize,
    /// Seconds of those that run.
    pub seconds: f64,
    /// Added: steps whose status is an assumption.
    pub uncertain: usize,
}

/// What ended a build.
#[derive(Debug, Clone, Serialize)]
pub struct Problem {
    /// The contract's word for it; `input` where nothing could be read at all.
    pub kind: &'static str,
    /// The path, where one is missing.
    pub path: Option<String>,
    /// Line in the Dockerfile, if it has one.
    pub line: Option<usize>,
    /// In words.
    pub message: String,
    /// Added: column in characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// Added: what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// A trap with its words.
#[derive(Debug, Clone, Serialize)]
pub struct TrapFound {
    /// Its data.
    #[serde(flatten)]
    pub trap: Surprise,
    /// In words.
    pub message: String,
    /// What to change.
    pub change: String,
}

/// What a trap is about.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Surprise {
    /// The context.
    Context(Trap),
    /// A line of the Dockerfile.
    Dockerfile(Finding),
}

impl Answer {
    /// Makes the answer for a predicted build; `costs` has one entry a step of the graph.
    pub fn new(
        context: String,
        dockerfile: String,
        prediction: &Prediction,
        explanations: &[Explanation],
        costs: &[StepCost],
    ) -> Self {
        let steps: Vec<Step> = prediction
            .steps
            .iter()
            .enumerate()
            .map(|(at, step)| (at, step, costs[step.step].seconds))
            .map(|(at, step, seconds)| Step {
                stage: step.label.stage.clone(),
                index: step.label.index,
                of: step.label.of,
                instruction: step.label.instruction.clone(),
                line: prediction.graph.steps[step.step].line,
                status: step.status,
                certain: step.certain,
                merge: step.merge,
                key: step.key.to_string(),
                cause: told(step, &explanations[at]),
                seconds: Figure { value: round(seconds.value), ..seconds },
                bytes: costs[step.step].bytes,
                assumption: step
                    .assumption
                    .as_ref()
                    .map(|a| AssumptionTold { what: a.clone(), message: words::assumption(a, step.status) }),
            })
            .collect();
        let totals = Totals {
            executed: prediction.count(Status::Executed),
            cached: prediction.count(Status::Cached),
            seconds: round(
                sum(steps.iter().filter(|s| s.status == Status::Executed).map(|s| s.seconds)).value,
            ),
            uncertain: steps.iter().filter(|s| !s.certain).count(),
        };
        let error = prediction.error.as_ref().map(Problem::of);
        Self { steps, totals, error, ..Self::empty(context, dockerfile) }
    }

    /// Makes the answer where there is no prediction.
    pub fn failed(context: String, dockerfile: String, error: Problem) -> Self {
        Self { error: Some(error), ..Self::empty(context, dockerfile) }
    }

    fn empty(context: String, dockerfile: String) -> Self {
        Self {
            schema: SCHEMA,
            context,
            dockerfile,
            target: None,
            steps: Vec::new(),
            totals: Totals { executed: 0, cached: 0, seconds: 0.0, uncertain: 0 },
            error: None,
            edits: Vec::new(),
            traps: Vec::new(),
            notes: Vec::new(),
        }
    }
}

/// To the millisecond: what is beyond is noise of adding up.
fn round(seconds: f64) -> f64 {
    (seconds * 1e3).round() / 1e3
}

fn told(step: &StepPrediction, explanation: &Explanation) -> Option<CauseTold> {
    if step.status == Status::Cached {
        return None;
    }
    let Explanation { causes, root, drags } = explanation;
    let first = causes.first().unwrap_or(&Cause::New);
    let mut message = words::cause(first);
    if let Some(assumption) = &step.assumption {
        message = format!("{message}; {}", words::assumption(assumption, step.status));
    }
    Some(CauseTold {
        kind: first.contract_kind(),
        message,
        paths: match first {
            Cause::Content { changes, .. } => {
                Some(changes.iter().map(|c: &PathChange| c.path.clone()).collect())
            }
            Cause::Output { path, .. } => Some(vec![path.clone()]),
            _ => None,
        },
        step: match first {
            Cause::Parent { step } => Some(step.to_string()),
            _ => None,
        },
        root: *root,
        drags: drags.clone(),
        all: causes.clone(),
    })
}

impl Problem {
    /// What is wrong in a text.
    pub fn of(diagnostic: &Diagnostic) -> Self {
        Self {
            kind: match diagnostic.kind {
                DiagnosticKind::Parse => "parse",
                DiagnosticKind::StageNotFound => "stage_not_found",
                DiagnosticKind::SourceNotFound => "source_not_found",
                DiagnosticKind::Unsupported => "unsupported",
            },
            path: diagnostic.path.clone(),
            line: (diagnostic.line > 0).then_some(diagnostic.line),
            message: diagnostic.message.clone(),
            column: (diagnostic.column > 0).then_some(diagnostic.column),
            help: diagnostic.help.clone(),
        }
    }

    /// What is wrong before any text was read.
    pub fn input(error: &anyhow::Error) -> Self {
        match error.downcast_ref::<super::Refused>() {
            Some(refused) => Self::of(&refused.diagnostic),
            None => Self {
                kind: "input",
                path: None,
                line: None,
                message: format!("{error:#}"),
                column: None,
                help: None,
            },
        }
    }
}
