//! A replay for programs.

use serde::Serialize;

use super::answer::{Answer, SideAnswer};
use super::gate::{Gate, Later};
use super::noise::Checked;
use crate::cost::Basis;
use crate::history::SeriesEnd;
use crate::history::replay::{Build, Runner, Why};

/// What `--format json` prints.
#[derive(Serialize)]
pub struct Report<'a> {
    schema: u32,
    context: &'a str,
    dockerfile: &'a str,
    runner: Runner,
    /// Commits that were to be built.
    planned: usize,
    /// It was stopped: there are fewer builds than that, or not all lines for the ignore file were tried.
    partial: bool,
    /// Why there is no commit before the first.
    end: SeriesEnd,
    builds_per_day: f64,
    commits: Vec<CommitReport<'a>>,
    left: SideReport<'a>,
    right: Option<SideReport<'a>>,
    saved: Option<f64>,
    ignore: &'a [Checked],
    gate: Option<GateReport<'a>>,
    notes: &'a [String],
}

#[derive(Serialize)]
struct CommitReport<'a> {
    id: String,
    committed: i64,
    author: &'a str,
    subject: &'a str,
    left: Option<BuildReport<'a>>,
    right: Option<BuildReport<'a>>,
}

#[derive(Serialize)]
struct BuildReport<'a> {
    executed: usize,
    cached: usize,
    seconds: f64,
    error: Option<&'a str>,
    /// Steps that ran, with the reasons.
    steps: Vec<StepReport<'a>>,
}

#[derive(Serialize)]
struct StepReport<'a> {
    step: &'a str,
    certain: bool,
    seconds: f64,
    causes: Vec<CauseReport<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum CauseReport<'a> {
    New,
    Content { paths: Vec<&'a str>, total: usize },
    Output { path: &'a str, step: Option<&'a str> },
    Instruction { what: &'a str },
    Environment { names: &'a [String] },
    Base { image: &'a str },
    Parent { step: &'a str },
}

#[derive(Serialize)]
struct SideReport<'a> {
    title: &'a str,
    what: &'a str,
    dockerfiles: usize,
    builds: usize,
    rebuilding: usize,
    failed: usize,
    without_dockerfile: usize,
    executed: usize,
    steps: usize,
    assumed: usize,
    seconds: f64,
    basis: Option<Basis>,
    rows: Vec<RowReport<'a>>,
    files: Vec<FileReport<'a>>,
}

#[derive(Serialize)]
struct RowReport<'a> {
    stage: &'a str,
    instruction: &'a str,
    formerly: &'a [String],
    label: &'a str,
    builds: usize,
    executed: usize,
    /// Of these, for a reason of its own.
    roots: usize,
    seconds: f64,
    files: Vec<Counted<'a>>,
    pulled_by: Vec<Counted<'a>>,
    others: Vec<Counted<'a>>,
}

#[derive(Serialize)]
struct Counted<'a> {
    what: &'a str,
    builds: usize,
}

#[derive(Serialize)]
struct FileReport<'a> {
    path: &'a str,
    builds: usize,
    alone: usize,
    seconds: f64,
}

#[derive(Serialize)]
struct GateReport<'a> {
    base: Option<&'a str>,
    head: &'a str,
    executed: usize,
    seconds: f64,
    files: Vec<FileReport<'a>>,
    steps: Vec<StepReport<'a>>,
    later: Option<Later>,
    later_seconds: f64,
    limits: Vec<LimitReport>,
    passes: bool,
}

#[derive(Serialize)]
struct LimitReport {
    limit: String,
    holds: bool,
}

/// Puts a replay into its form for programs.
pub fn report(answer: &Answer) -> Report<'_> {
    let commits = answer.commits.iter().enumerate().map(|(at, commit)| CommitReport {
        id: commit.id.to_string(),
        committed: commit.committed,
        author: &commit.author,
        subject: &commit.subject,
        left: build_report(&answer.left, at),
        right: answer.right.as_ref().and_then(|right| build_report(right, at)),
    });
    Report {
        schema: 1,
        context: &answer.context,
        dockerfile: &answer.dockerfile,
        runner: answer.runner,
        planned: answer.planned,
        partial: answer.partial,
        end: answer.end,
        builds_per_day: answer.per_day(),
        commits: commits.collect(),
        left: side_report(&answer.left),
        right: answer.right.as_ref().map(side_report),
        saved: answer.saved(),
        ignore: &answer.noise,
        gate: answer.gate.as_ref().map(gate_report),
        notes: &answer.notes,
    }
}

fn build_report(side: &SideAnswer, at: usize) -> Option<BuildReport<'_>> {
    let build = side.walk.builds.get(at)?;
    build.version?;
    Some(BuildReport {
        executed: build.executed(),
        cached: build.marks.len() - build.executed(),
        seconds: side.walk.seconds(build),
        error: build.error.as_deref(),
        steps: step_reports(side, build),
    })
}

fn step_reports<'a>(side: &'a SideAnswer, build: &'a Build) -> Vec<StepReport<'a>> {
    let label = |step: usize| {
        build.version.map_or("", |version| side.walk.versions[version].steps[step].label.as_str())
    };
    let causes = |step: usize| {
        build.why(step).iter().map(|why| match why {
            Why::New | Why::Missing => CauseReport::New,
            Why::Files { p, n } => CauseReport::Content {
                paths: p.iter().map(|&path| side.walk.paths[path as usize].as_str()).collect(),
                total: *n,
            },
            Why::Elsewhere { what, by } => CauseReport::Output { path: what, step: by.map(label) },
            Why::Text { what } => CauseReport::Instruction { what },
            Why::Neighbour => CauseReport::Instruction { what: "step before it" },
            Why::Environment { names } => CauseReport::Environment { names },
            Why::Base { image } => CauseReport::Base { image },
            Why::Pulled { by } => CauseReport::Parent { step: label(*by) },
        })
    };
    side.walk
        .ran(build)
        .map(|(at, step)| StepReport {
            step: &step.label,
            certain: !build.marks[at].is_assumed(),
            seconds: step.seconds.value,
            causes: causes(at).collect(),
        })
        .collect()
}

fn side_report(side: &SideAnswer) -> SideReport<'_> {
    let totals = &side.totals;
    let rows = side.walk.rows.iter().zip(&totals.rows).enumerate().map(|(at, (row, total))| RowReport {
        stage: &row.stage,
        instruction: &row.instruction,
        formerly: &row.formerly,
        label: side.label(at),
        builds: total.builds,
        executed: total.reran,
        roots: total.roots,
        seconds: total.seconds,
        files: total.files.iter().map(|(what, builds)| Counted { what, builds: *builds }).collect(),
        pulled_by: total
            .pulled_by
            .iter()
            .map(|(by, builds)| Counted { what: side.label(*by), builds: *builds })
            .collect(),
        others: total.others.iter().map(|(what, builds)| Counted { what, builds: *builds }).collect(),
    });
    SideReport {
        title: &side.title,
        what: &side.what,
        dockerfiles: side.walk.versions.len(),
        builds: totals.builds,
        rebuilding: totals.rebuilding,
        failed: totals.failed,
        without_dockerfile: totals.without,
        executed: totals.executed,
        steps: totals.steps,
        assumed: totals.assumed,
        seconds: totals.seconds,
        basis: totals.basis,
        rows: rows.collect(),
        files: file_reports(side),
    }
}

fn file_reports(side: &SideAnswer) -> Vec<FileReport<'_>> {
    side.totals
        .files
        .iter()
        .map(|file| FileReport {
            path: &file.path,
            builds: file.builds,
            alone: file.alone,
            seconds: file.seconds,
        })
        .collect()
}

fn gate_report(gate: &Gate) -> GateReport<'_> {
    let steps = gate.change.walk.builds.first().map(|build| step_reports(&gate.change, build));
    GateReport {
        base: gate.base.as_deref(),
        head: &gate.head,
        executed: gate.reran(),
        seconds: gate.seconds(),
        files: file_reports(&gate.change),
        steps: steps.unwrap_or_default(),
        later: gate.later,
        later_seconds: gate.later_seconds(),
        limits: gate
            .limits
            .iter()
            .map(|&limit| LimitReport { limit: limit.to_string(), holds: gate.holds(limit) })
            .collect(),
        passes: gate.passes(),
    }
}
