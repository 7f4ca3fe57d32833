//! From two predictions to what the panes show: lines, marks, sums, the sentence. Pure.

use std::collections::HashSet;

use super::model::{Comparison, Heading, Line, Mark, Problem, Row, Side, Sign, Totals, Words, say};
use super::model::{Tone, Why};
use super::{align, text, words};
use crate::cost::{Basis, StepCost};
use crate::dockerfile::ast::{Dockerfile, Instruction, InstructionKind};
use crate::simulate::Outcome;
use crate::solver::Status;

/// One side before it is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// `as it is`, `reordered`, or a file's name.
    pub title: &'a str,
    /// The Dockerfile that the prediction is of.
    pub dockerfile: &'a Dockerfile,
    /// The prediction.
    pub outcome: &'a Outcome,
    /// What each step of the graph costs.
    pub costs: &'a [StepCost],
}

/// Makes the picture of one or two predictions.
pub fn compare(left: &Seen<'_>, right: Option<&Seen<'_>>) -> Comparison {
    let whole = [Some(left), right].into_iter().flatten().map(from_nothing).fold(0.0, f64::max);
    let mut left_side = side(left, whole, right);
    let mut right_side = right.map(|right| side(right, whole, Some(left)));
    if let Some(right_side) = &mut right_side {
        align::align(&mut left_side.lines, &mut right_side.lines);
    }
    let sentence = sentence(&left_side, right_side.as_ref(), right.map(|r| r.title));
    Comparison { left: left_side, right: right_side, sentence }
}

/// Seconds of a build from nothing.
fn from_nothing(seen: &Seen<'_>) -> f64 {
    counted_once(seen).map(|step| seconds(seen, step).0).sum()
}

/// Steps of different vertices: two steps of one vertex run once.
fn counted_once<'a>(seen: &'a Seen<'_>) -> impl Iterator<Item = usize> + 'a {
    let mut met = HashSet::new();
    seen.outcome.graph.steps.iter().enumerate().filter(move |(_, s)| met.insert(s.vertex)).map(|(at, _)| at)
}

fn seconds(seen: &Seen<'_>, step: usize) -> (f64, Basis) {
    seen.costs.get(step).map_or((0.0, Basis::Measured), |c| (c.seconds.value, c.seconds.basis))
}

fn side(seen: &Seen<'_>, whole: f64, other: Option<&Seen<'_>>) -> Side {
    let mut lines = Vec::new();
    let dockerfile = seen.dockerfile;
    let heads = dockerfile.stages.len() > 1;
    let row = |text: &str, line: usize, step: Option<usize>, built: bool| {
        Line::Row(Box::new(make_row(seen, text, line, step, built, whole, other)))
    };
    for arg in &dockerfile.global_args {
        lines.push(row(&arg.original, arg.line, None, true));
    }
    let steps = &seen.outcome.graph.steps;
    for (number, stage) in dockerfile.stages.iter().enumerate() {
        let built = seen.outcome.graph.stages.get(number).is_none_or(|s| s.reachable);
        if heads {
            lines.push(Line::Heading(heading(seen, number, built)));
        }
        let of_stage = |at: &usize| steps[*at].stage == number;
        let find = |wanted: Option<usize>| {
            (0..steps.len())
                .filter(of_stage)
                .find(|at| steps[*at].instruction == wanted && !steps[*at].onbuild)
        };
        lines.push(row(&stage.original, stage.line, find(None), built));
        for at in (0..steps.len()).filter(of_stage).filter(|at| steps[*at].onbuild) {
            lines.push(row(&steps[at].label.instruction, stage.line, Some(at), built));
        }
        for (index, instruction) in stage.instructions.iter().enumerate() {
            lines.push(row(&written(instruction), instruction.line, find(Some(index)), built));
        }
    }
    Side { title: seen.title.to_string(), lines, totals: totals(seen), note: None, problem: None }
}

/// An instruction on one line, with the beginning of its heredoc.
fn written(instruction: &Instruction) -> String {
    let heredoc = match &instruction.kind {
        InstructionKind::Run(run) => run.heredocs.first(),
        InstructionKind::Copy(copy) => copy.spec.heredocs.first(),
        InstructionKind::Add(add) => add.spec.heredocs.first(),
        _ => None,
    };
    let one_line = instruction.original.split_whitespace().collect::<Vec<_>>().join(" ");
    match heredoc.and_then(|h| h.body.lines().find(|l| !l.trim().is_empty())) {
        Some(first) => format!("{one_line} ({}…)", first.trim()),
        None => one_line,
    }
}

fn heading(seen: &Seen<'_>, number: usize, built: bool) -> Heading {
    let graph = &seen.outcome.graph;
    let name = seen.dockerfile.stages[number].name.clone().unwrap_or_else(|| format!("stage-{number}"));
    let remark = if !built {
        "not built"
    } else if graph.target == number {
        "final image"
    } else {
        ""
    };
    Heading { name: text::safe(&name).into_owned(), remark: remark.into(), built }
}

fn make_row(
    seen: &Seen<'_>,
    original: &str,
    line: usize,
    step: Option<usize>,
    built: bool,
    whole: f64,
    other: Option<&Seen<'_>>,
) -> Row {
    let graph = &seen.outcome.graph;
    let mark = match step {
        _ if !built => Mark::NotBuilt,
        None => Mark::None,
        Some(step) => mark(seen.outcome, step),
    };
    let text = text::safe(original).into_owned();
    let why = match step.filter(|_| built) {
        Some(step) => words::why(seen, step, other),
        None => {
            Why { title: format!("line {line}"), says: words::no_step(seen, &text, built), ..Why::default() }
        }
    };
    Row {
        number: step.map(|s| graph.steps[s].label.index),
        line,
        sign: Sign::Same,
        mark,
        root: step.and_then(|s| seen.outcome.explanations.get(s)).is_some_and(|e| e.root),
        cost: step.and_then(|s| seen.costs.get(s).copied()),
        share: step.map_or(0.0, |s| if whole > 0.0 { seconds(seen, s).0 / whole } else { 0.0 }),
        fresh: false,
        dimmed: !built,
        text,
        why,
    }
}

/// What is predicted of a step of the graph.
pub fn mark(outcome: &Outcome, step: usize) -> Mark {
    match outcome.prediction.steps.iter().find(|p| p.step == step) {
        None => Mark::NotReached,
        Some(p) if p.status == Status::Cached => Mark::Cached { certain: p.certain },
        Some(p) => Mark::Rebuilds { certain: p.certain },
    }
}

/// Sums what runs.
pub fn totals(seen: &Seen<'_>) -> Totals {
    let mut totals = Totals { steps: seen.outcome.graph.steps.len(), ..Totals::default() };
    let once: HashSet<usize> = counted_once(seen).collect();
    for p in &seen.outcome.prediction.steps {
        if p.status == Status::Executed {
            totals.rebuilt += 1;
            if once.contains(&p.step) {
                let (value, basis) = seconds(seen, p.step);
                totals.seconds += value;
                // What hardly counts does not make the sum an estimate.
                if value >= 0.05 {
                    totals.basis = totals.basis.min(basis);
                }
            }
        }
        totals.certain &= p.certain;
    }
    totals
}

/// Says in one sentence what the edit costs on both sides.
fn sentence(left: &Side, right: Option<&Side>, right_name: Option<&str>) -> Words {
    let (a, b) = (&left.totals, right.map(|r| &r.totals));
    let cost = |t: &Totals, tone: Tone| say(tone, text::figure_seconds(t.figure()));
    let nothing = |t: &Totals| t.rebuilt == 0;
    let assumed = say(Tone::Maybe, " (? rests on what a RUN puts out)");
    let Some(b) = b else {
        let mut words = match a.rebuilt {
            0 => vec![say(Tone::Good, "Nothing to rebuild: "), say(Tone::Plain, "every step is cached.")],
            _ => vec![say(Tone::Plain, "This edit costs "), cost(a, Tone::Bad), say(Tone::Plain, ".")],
        };
        if !a.certain {
            words.push(assumed);
        }
        return words;
    };
    let reordered = match right_name {
        Some("reordered") | None => "reordered".to_string(),
        Some(name) => format!("with {name}"),
    };
    if nothing(a) && nothing(b) {
        return vec![
            say(Tone::Good, "Nothing to rebuild: "),
            say(Tone::Plain, "every step is cached, as it is and "),
            say(Tone::Plain, format!("{reordered}.")),
        ];
    }
    let (worse, better) = (Tone::Bad, Tone::Good);
    let tones = if a.seconds >= b.seconds { (worse, better) } else { (better, worse) };
    let (shown_a, shown_b) = (text::seconds(a.seconds), text::seconds(b.seconds));
    if shown_a == shown_b && a.rebuilt > 0 && b.rebuilt > 0 {
        return vec![
            say(Tone::Plain, "This edit costs the same in both: "),
            cost(a, Tone::Strong),
            say(Tone::Plain, "."),
        ];
    }
    let mut words = vec![say(Tone::Plain, "This edit costs ")];
    let amount = |t: &Totals, tone| if nothing(t) { say(tone, "nothing") } else { cost(t, tone) };
    words.push(amount(a, tones.0));
    words.push(say(Tone::Plain, " as it is, "));
    words.push(amount(b, tones.1));
    words.push(say(Tone::Plain, format!(" {reordered}")));
    let (more, less) = (a.seconds.max(b.seconds), a.seconds.min(b.seconds));
    if let Some(times) = text::times_less(more, less) {
        let times = if a.seconds >= b.seconds { times } else { times.replace("less", "more") };
        words.push(say(Tone::Plain, ": "));
        words.push(say(tones.1, times));
    } else if less > 0.0 {
        let word = if a.seconds >= b.seconds { "less" } else { "more" };
        words.push(say(Tone::Plain, ": "));
        words.push(say(tones.1, format!("{} {word}", text::seconds(more - less))));
    }
    words.push(say(Tone::Plain, "."));
    if !(a.certain && b.certain) {
        words.push(assumed);
    }
    words
}

/// Marks the rows whose mark is another than in the picture before.
pub fn freshen(now: &mut Comparison, before: &Comparison) {
    freshen_side(&mut now.left, &before.left);
    if let (Some(now), Some(before)) = (&mut now.right, &before.right) {
        freshen_side(now, before);
    }
}

fn freshen_side(now: &mut Side, before: &Side) {
    let was = |row: &Row| {
        before.lines.iter().find_map(|l| match l {
            Line::Row(old) if old.text == row.text => Some(old.mark),
            _ => None,
        })
    };
    for line in &mut now.lines {
        if let Line::Row(row) = line {
            row.fresh = was(row).is_some_and(|mark| mark != row.mark);
        }
    }
}

/// A problem with its line, for the screen.
pub fn problem(file: &str, source: &str, diagnostic: &crate::dockerfile::Diagnostic) -> Problem {
    let line = source.lines().nth(diagnostic.line.saturating_sub(1)).unwrap_or_default();
    let line = line.trim_start_matches('\u{feff}');
    let start = diagnostic.column.saturating_sub(1);
    // Tabs and control characters take other room on the screen than in the text.
    let before: String = line.chars().take(start).collect();
    let column = text::width(&shown(&before));
    let span = diagnostic.span.clone().unwrap_or(0..0);
    let marked: String = source.get(span).unwrap_or_default().lines().next().unwrap_or_default().to_string();
    Problem {
        file: text::safe(file).into_owned(),
        line: diagnostic.line,
        column: diagnostic.column,
        message: text::safe(&diagnostic.message).into_owned(),
        help: diagnostic.help.as_deref().map(|h| text::safe(h).into_owned()),
        source: if diagnostic.line == 0 { String::new() } else { shown(line) },
        caret: column..column + text::width(&shown(&marked)).max(1),
    }
}

fn shown(line: &str) -> String {
    text::safe(&line.replace('\t', "    ")).into_owned()
}
