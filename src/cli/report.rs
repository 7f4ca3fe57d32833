//! `layerlab report`: one page to show others.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, bail};

use super::costs::{measured, of_input};
use super::edits::edit;
use super::output::html::{EditRow, Move, Past, Ran, Report, Row, Side, Size, Trap};
use super::output::{self, words};
use super::project::Project;
use super::reorder::propose_for;
use super::weights::Weights;
use super::{BuildFlags, Ended, build};
use crate::cost::{Figure, Measured, StepCost};
use crate::dockerfile::{self, Dockerfile};
use crate::graph::Graph;
use crate::history::replay::{Common, DockerfileSource, Plan, Readings, Runner, Totals, walk};
use crate::history::{ContextOptions, Ignoring, Repository, Selection};
use crate::reorder::{Edit, Expected};
use crate::simulate::{BuildInput, Outcome, Simulator};
use crate::solver::Status;

/// Arguments of `layerlab report`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    flags: BuildFlags,
    /// Writes the page to FILE [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Edits that are tried, the most frequent first.
const TRIED: usize = 400;

/// Commits that the part on the past looks at.
const COMMITS: usize = 100;

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<Ended> {
    if args.output.is_none() && std::io::IsTerminal::is_terminal(&std::io::stdout()) {
        bail!(
            "the page is HTML; pass --output FILE (outside of the context, or it will be part of the build)"
        );
    }
    let project = Project::load(&args.flags)?;
    let page = report(&project)?.render();
    let Some(file) = &args.output else {
        output::print(&page)?;
        return Ok(Ended::Done);
    };
    std::fs::write(file, page).with_context(|| format!("cannot write {}", file.display()))?;
    let mut told = format!("wrote {}\n", file.display());
    if let Some(inside) = project.sources.in_context(file)
        && !project.sources.scan.ignore().is_ignored(&inside)
    {
        told.push_str("note: it lies in the build context, so a COPY of everything takes it along\n");
    }
    output::print(&output::safe_lines(&told))?;
    Ok(Ended::Done)
}

/// A Dockerfile with a builder in which the tree as it stands is built.
struct Built {
    input: BuildInput,
    simulator: Simulator,
    costs: Vec<StepCost>,
    now: Outcome,
}

impl Built {
    fn new(project: &Project, dockerfile: Arc<Dockerfile>, measured: &Measured) -> anyhow::Result<Self> {
        let input = BuildInput { dockerfile, ..project.input() };
        let mut simulator = Simulator::default();
        let now = simulator.build(&input).map_err(|d| project.sources.refuse(d))?;
        if let Some(error) = &now.prediction.error {
            return Err(project.sources.refuse(error.clone()).into());
        }
        let costs = of_input(&input, &now.graph, measured);
        Ok(Self { input, simulator, costs, now })
    }

    /// What an edit of the tree as it stands makes run.
    fn after(&mut self, edited: &Edit) -> Option<Outcome> {
        let mut input = self.input.clone();
        edited.paths.iter().for_each(|path| edit(&mut input.context, path));
        for name in &edited.build_args {
            input.options.build_args.insert(name.clone(), "another value".into());
        }
        self.simulator.predict(&input).ok()
    }

    fn ran(&self, outcome: &Outcome) -> Ran {
        let steps = &outcome.prediction.steps;
        let run = steps.iter().filter(|s| s.status == Status::Executed);
        let seconds = output::amount::sum(run.map(|s| self.costs[s.step].seconds));
        Ran { executed: outcome.prediction.count(Status::Executed), steps: steps.len(), seconds }
    }

    fn side(&self, title: &str, outcome: &Outcome) -> Side {
        let file = &self.input.dockerfile;
        let most = self.costs.iter().map(|c| c.seconds.value).fold(0.0, f64::max);
        let mut rows: Vec<Row> =
            file.text.lines().map(|text| Row { text: text.to_string(), ..Row::default() }).collect();
        for (at, said) in outcome.prediction.steps.iter().enumerate() {
            let step = &outcome.graph.steps[said.step];
            let Some(row) = rows.get_mut(step.line.wrapping_sub(1)) else { continue };
            let cost = self.costs[said.step].seconds;
            let runs = said.status == Status::Executed;
            row.runs = Some(row.runs.unwrap_or(false) || runs);
            row.certain = said.certain;
            row.seconds = Some(cost);
            row.share = if most > 0.0 { cost.value / most } else { 0.0 };
            row.why = outcome.explanations[at].causes.first().map(words::cause).unwrap_or_default();
        }
        Side { title: title.to_string(), rows, ran: self.ran(outcome) }
    }
}

/// Edits that make the same steps run on both sides.
struct Group {
    weight: f64,
    names: BTreeSet<String>,
    left: Outcome,
    right: Option<Outcome>,
}

fn report(project: &Project) -> anyhow::Result<Report> {
    let sources = &project.sources;
    let measured = measured(&sources.context);
    let mut left = Built::new(project, Arc::clone(&project.dockerfile), &measured)?;
    let proposal = propose_for(project).proposal;
    let mut right = match dockerfile::parse(&proposal.text) {
        Ok(file) if proposal.improves() => Some(Built::new(project, Arc::new(file), &measured)?),
        _ => None,
    };
    let ignore = sources.ignore_file.as_ref().map(|(_, text)| text.as_str().into());
    let weights = Weights::of(&sources.context, &project.dockerfile, sources.scan.tree(), ignore);
    let groups = groups(&mut left, right.as_mut(), &weights.edits, sources.scan.tree());
    let all: f64 = groups.iter().map(|g| g.weight).sum();
    let edits = groups
        .iter()
        .map(|group| EditRow {
            name: named(&group.names),
            share: if all > 0.0 { group.weight / all } else { 0.0 },
            left: left.ran(&group.left),
            right: right.as_ref().zip(group.right.as_ref()).map(|(side, outcome)| side.ran(outcome)),
        })
        .collect();
    let shown = groups.first();
    let sides = {
        let outcome = shown.map_or(&left.now, |g| &g.left);
        let mut sides = vec![left.side("as it is", outcome)];
        if let Some(right) = &right {
            sides.push(right.side("reordered", shown.and_then(|g| g.right.as_ref()).unwrap_or(&right.now)));
        }
        sides
    };
    let mut texts: Vec<Arc<str>> = vec![Arc::clone(&sources.text)];
    texts.extend(right.is_some().then(|| Arc::from(proposal.text.as_str())));
    let tree = sources.scan.tree();
    Ok(Report {
        project: project_name(project),
        dockerfile: sources.dockerfile_name.clone(),
        files: tree.len(),
        bytes: tree.bytes(),
        shown_edit: shown.map(|g| named(&g.names)),
        sides,
        edits,
        commits: weights.commits,
        expected: (proposal.expected_before, proposal.expected_after),
        moves: proposal
            .moves
            .iter()
            .map(|m| Move { name: m.name.clone(), why: m.why_safe.clone(), saves: m.saves })
            .collect(),
        sizes: sizes(&left),
        past: past(project, &texts, &measured),
        traps: build::traps(project, &left.now.graph)
            .into_iter()
            .map(|t| Trap { message: t.message, change: t.change })
            .collect(),
    })
}

/// Tries the likely edits and puts those together that make the same steps run; the weightiest first.
fn groups(
    left: &mut Built,
    mut right: Option<&mut Built>,
    edits: &Expected,
    tree: &crate::context::Tree,
) -> Vec<Group> {
    let mut edits: Vec<&Edit> = edits.iter().collect();
    edits.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    let mut found: BTreeMap<(Vec<usize>, Vec<usize>), Group> = BTreeMap::new();
    let ran = |outcome: &Outcome| -> Vec<usize> {
        let steps = outcome.prediction.steps.iter();
        steps.filter(|s| s.status == Status::Executed).map(|s| s.step).collect()
    };
    for edited in edits.into_iter().take(TRIED) {
        // History knows files that are gone by now.
        let paths: Vec<String> = edited.paths.iter().filter(|p| tree.contains(p)).cloned().collect();
        if paths.is_empty() && edited.build_args.is_empty() {
            continue;
        }
        let edited = Edit { paths, ..edited.clone() };
        let Some(outcome) = left.after(&edited) else { continue };
        let other = right.as_deref_mut().and_then(|side| side.after(&edited));
        let key = (ran(&outcome), other.as_ref().map(&ran).unwrap_or_default());
        let group = found.entry(key).or_insert_with(|| Group {
            weight: 0.0,
            names: BTreeSet::new(),
            left: outcome,
            right: other,
        });
        group.weight += edited.weight;
        group.names.extend(edited.paths);
        group.names.extend(edited.build_args.iter().map(|name| format!("ARG {name}")));
    }
    let mut groups: Vec<Group> = found.into_values().collect();
    groups.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    groups
}

/// `src/app.js, src/util.js and 41 others`.
fn named(names: &BTreeSet<String>) -> String {
    let shown: Vec<&str> = names.iter().take(2).map(String::as_str).collect();
    match names.len() - shown.len() {
        0 => shown.join(", "),
        1 => format!("{} and one other", shown.join(", ")),
        n => format!("{} and {n} others", shown.join(", ")),
    }
}

fn project_name(project: &Project) -> String {
    let context = &project.sources.context;
    let full = context.canonicalize().unwrap_or_else(|_| context.clone());
    full.file_name().map_or_else(|| full.display().to_string(), |n| n.to_string_lossy().into_owned())
}

/// What each step of the stage that is built last adds.
fn sizes(side: &Built) -> Vec<Size> {
    let graph = &side.now.graph;
    let of_target = graph.steps.iter().zip(&side.costs).filter(|(s, _)| s.stage == graph.target);
    of_target.map(|(step, cost)| Size { label: step.label.to_string(), bytes: cost.bytes }).collect()
}

/// What the last commits would have rerun, each built on the one before, with both Dockerfiles of today.
///
/// None where there is no history, or none that can be read: the page then says nothing of the past.
fn past(project: &Project, texts: &[Arc<str>], measured: &Measured) -> Option<Past> {
    let sources = &project.sources;
    let repo = Repository::open(&sources.context).ok()?;
    let series = repo.series(&Selection { limit: Some(COMMITS), ..Selection::default() }).ok()?;
    let ignore = sources.ignore_file.as_ref().map(|(_, text)| Arc::from(text.as_str()));
    let options = ContextOptions { ignoring: Ignoring::always(ignore), ..ContextOptions::of(&repo) };
    let (build_options, named) = (&sources.options, sources.named_trees());
    let cost = |file: &Dockerfile, graph: &Graph, tree: &crate::context::Tree| -> Vec<Figure> {
        let input = BuildInput {
            dockerfile: Arc::new(file.clone()),
            options: build_options.clone(),
            context: tree.clone(),
            named: named.clone(),
        };
        of_input(&input, graph, measured).into_iter().map(|c| c.seconds).collect()
    };
    let plan = |text: &Arc<str>| Plan {
        dockerfile: DockerfileSource::Fixed(Arc::clone(text)),
        ignoring: None,
        runner: Runner::Warm,
        reasons: true,
    };
    let common = Common { options: build_options.clone(), cost: &cost, readings: Readings::default() };
    let plans: Vec<Plan<'_>> = texts.iter().map(plan).collect();
    let walks = walk(&repo, &series, &options, &common, &plans, &mut |_, _| true).ok()?;
    let totals: Vec<Totals> = walks.iter().map(|walk| Totals::of(walk)).collect();
    let built = totals.first().filter(|t| t.builds > t.failed + t.without)?;
    Some(Past {
        commits: built.builds - built.without,
        failed: built.failed,
        seconds: totals.iter().map(|t| t.seconds).collect(),
        executed: totals.iter().map(|t| t.executed).collect(),
        files: built.files.iter().take(8).map(|f| (f.path.clone(), f.builds, f.seconds)).collect(),
    })
}
