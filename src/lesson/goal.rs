//! Goals: assertions over predictions and sizes, so that every right answer passes.

use super::manifest::{Because, BuildOptions, Goal};
use super::project::{Project, expand, matcher};
use super::scenario::{self, Built, Run, Trouble, merged};
use super::size::{parse_size, show_size};
use super::{weigh, words};
use crate::explain::Cause;
use crate::graph::StageBase;
use crate::solver::Status;

/// What became of one goal.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Verdict {
    /// The goal in the lesson's words.
    pub say: String,
    /// It holds.
    pub holds: bool,
    /// Why not, one sentence each; a note where it holds.
    pub why: Vec<String>,
}

/// Judges a goal.
///
/// `from` is what the learner started from, for a `do` step: then the builds are those two. Otherwise the goal's
/// own changes are made to the learner's files.
pub fn judge(goal: &Goal, from: Option<&Project>, now: &Project, lesson: &BuildOptions) -> Verdict {
    let why = failures(goal, from, now, lesson)
        .unwrap_or_else(|trouble| vec![format!("It does not build: {trouble}.")]);
    Verdict { say: goal.say.clone(), holds: why.is_empty(), why }
}

/// The two builds that a goal is about, on some files: with a pattern, those of the first file that matches.
pub fn scene(
    goal: &Goal,
    from: Option<&Project>,
    now: &Project,
    lesson: &BuildOptions,
) -> Result<Run, Trouble> {
    let before = merged(lesson, &goal.before);
    let after = merged(&before, &goal.with);
    if let (Some(from), true) = (from, goal.after.is_empty() && goal.given.is_empty()) {
        return scenario::between(from, now, &before, &after);
    }
    let mut given = now.clone();
    for op in &goal.given {
        given.apply(op)?;
    }
    let ops = expand(&given, &goal.after)?.into_iter().next().unwrap_or_default();
    scenario::changed(&given, &[], &ops, &before, &after)
}

fn failures(
    goal: &Goal,
    from: Option<&Project>,
    now: &Project,
    lesson: &BuildOptions,
) -> Result<Vec<String>, Trouble> {
    let before = merged(lesson, &goal.before);
    let after = merged(&before, &goal.with);
    let mut why = Vec::new();
    if let (Some(pattern), Some(from)) = (&goal.touches, from) {
        let matches = matcher(pattern)?;
        let changed = from.changed(now);
        if !changed.iter().any(|p| matches.is_ignored(p)) {
            why.push(if changed.is_empty() {
                format!("Nothing is changed yet: {pattern} is as it was.")
            } else {
                format!("Changed so far: {}. The task is about {pattern}.", changed.join(", "))
            });
        }
    }
    let own_scenario = !goal.after.is_empty() || !goal.given.is_empty();
    if let (Some(from), false) = (from, own_scenario) {
        let run = scenario::between(from, now, &before, &after)?;
        static_checks(goal, &run.after, &mut why);
        dynamic_checks(goal, &run, "", &mut why);
        return Ok(why);
    }
    let mut given = now.clone();
    for op in &goal.given {
        given.apply(op)?;
    }
    static_checks(goal, &scenario::first(&given, &before)?.1, &mut why);
    let runs = expand(&given, &goal.after)?;
    let many = runs.len() > 1;
    for ops in runs {
        let run = scenario::changed(&given, &[], &ops, &before, &after)?;
        let place =
            if many { format!("After an edit of {}: ", run.changed.join(", ")) } else { String::new() };
        let mut found = Vec::new();
        dynamic_checks(goal, &run, &place, &mut found);
        if !found.is_empty() {
            // One file that breaks it says enough.
            why.append(&mut found);
            break;
        }
    }
    Ok(why)
}

/// What can be said of one build.
fn static_checks(goal: &Goal, built: &Built, why: &mut Vec<String>) {
    let all = built.instructions(&built.stages());
    let last = built.instructions(&built.final_chain());
    for text in &goal.has {
        if !all.iter().any(|i| contains(i, text)) {
            why.push(format!("No instruction that is built says \"{text}\" any more."));
        }
    }
    for text in &goal.lacks {
        if let Some(i) = all.iter().find(|i| contains(i, text)) {
            why.push(format!("\"{}\" still says \"{text}\".", cut(i)));
        }
    }
    if !goal.together.is_empty() && !all.iter().any(|i| goal.together.iter().all(|t| contains(i, t))) {
        why.push(format!("No single instruction says all of: {}.", goal.together.join(", ")));
    }
    if goal.nonroot && !is_nonroot(built) {
        why.push("The final image runs as root: no USER in its stage names another one.".into());
    }
    for text in &goal.final_has {
        if !last.iter().any(|i| contains(i, text)) {
            why.push(format!("The final stage does not say \"{text}\"."));
        }
    }
    let context = &built.input.context;
    for path in &goal.context_has {
        if !context.contains(path) {
            why.push(format!("{path} is not in the build context: it is ignored, or it is gone."));
        }
    }
    for path in &goal.context_lacks {
        if context.contains(path) {
            why.push(format!("{path} is still in the build context."));
        }
    }
    if let Some(limit) = goal.context_under.as_deref().and_then(parse_size)
        && context.bytes() >= limit
    {
        why.push(format!(
            "The context is {}, and should be under {}.",
            show_size(context.bytes() as f64),
            show_size(limit as f64)
        ));
    }
    image_checks(goal, built, why);
}

fn image_checks(goal: &Goal, built: &Built, why: &mut Vec<String>) {
    if goal.image_under.is_some() || goal.image_over.is_some() {
        match weigh::image_bytes(built) {
            Ok(bytes) => {
                if let Some(limit) = goal.image_under.as_deref().and_then(parse_size)
                    && bytes >= limit as f64
                {
                    why.push(format!(
                        "The final image is about {}, and should be under {}.",
                        show_size(bytes),
                        show_size(limit as f64)
                    ));
                }
                if let Some(limit) = goal.image_over.as_deref().and_then(parse_size)
                    && bytes < limit as f64
                {
                    why.push(format!(
                        "The final image is about {}, which is less than {}.",
                        show_size(bytes),
                        show_size(limit as f64)
                    ));
                }
            }
            Err(unknown) => why.push(unknown),
        }
    }
    if let Some(wanted) = goal.shell {
        match (weigh::has_shell(built), wanted) {
            (Some(true), false) => why.push("The final image holds a shell.".into()),
            (Some(false), true) => why.push("The final image holds no shell.".into()),
            (None, _) => why.push("Whether the final image's base holds a shell is not known here.".into()),
            _ => {}
        }
    }
}

/// What can be said of the second of two builds.
fn dynamic_checks(goal: &Goal, run: &Run, place: &str, why: &mut Vec<String>) {
    let prediction = &run.after.outcome.prediction;
    for (texts, wanted) in [(&goal.cached, Status::Cached), (&goal.rebuilds, Status::Executed)] {
        for text in texts {
            let found = run.after.find(text);
            if found.is_empty() {
                why.push(format!("No step says \"{text}\": it is gone, or nothing needs its stage."));
            }
            for i in found.into_iter().filter(|&i| prediction.steps[i].status != wanted) {
                let label = &prediction.steps[i].label;
                why.push(match wanted {
                    Status::Cached => format!(
                        "{place}{} rebuilds. {}",
                        words::short(label),
                        run.after
                            .outcome
                            .explanations
                            .get(i)
                            .map(words::reasons)
                            .unwrap_or_default()
                            .join(" ")
                    ),
                    Status::Executed => format!("{place}{} stays cached.", words::short(label)),
                });
            }
        }
    }
    let executed = run.after.executed();
    if let Some(most) = goal.at_most
        && executed.len() > most
    {
        let names: Vec<String> = executed.iter().map(|&i| words::short(&prediction.steps[i].label)).collect();
        let steps = if most == 1 { "step" } else { "steps" };
        why.push(format!(
            "{place}{} steps rebuild, and {most} {steps} may: {}.",
            executed.len(),
            names.join("; ")
        ));
    }
    if goal.noticed && executed.is_empty() {
        why.push(format!("{place}nothing rebuilds: the change never reaches the image."));
    }
    if let Some(limit) = goal.seconds_under {
        let seconds = weigh::seconds(&run.after, &executed);
        if seconds >= limit {
            why.push(format!(
                "{place}the rebuild takes about {seconds:.0} s, and should take under {limit:.0} s."
            ));
        }
    }
    if let Some(because) = &goal.because {
        let explanations = &run.after.outcome.explanations;
        let holds = run.after.find(&because.step).iter().any(|&i| {
            explanations.get(i).is_some_and(|e| {
                e.causes.iter().any(|c| c.contract_kind() == because.kind && names(c, because))
            })
        });
        if !holds {
            why.push(format!("{place}{} does not rebuild for that reason.", because.step));
        }
    }
    for text in &goal.assumed {
        if !run.after.find(text).iter().any(|&i| !prediction.steps[i].certain) {
            why.push(format!("{place}{text} rests on no assumption."));
        }
    }
}

/// Whether a cause names the path, and what changed of it, that a goal asks for.
fn names(cause: &Cause, wanted: &Because) -> bool {
    let Some(path) = wanted.path.as_deref() else { return true };
    match cause {
        Cause::Content { changes, .. } => changes.iter().any(|c| {
            let how = serde_json::to_value(c.how).ok();
            c.path == path && wanted.how.as_ref().is_none_or(|w| how == Some(w.as_str().into()))
        }),
        Cause::Output { path: p, .. } => p == path,
        _ => false,
    }
}

/// Whether an instruction says a text, blanks counted once.
fn contains(instruction: &str, text: &str) -> bool {
    let squeeze = |s: &str| s.split_whitespace().collect::<Vec<_>>().join(" ");
    let (written, text) = (squeeze(instruction).to_lowercase(), squeeze(text).to_lowercase());
    written.contains(&text) || scenario::without_json(&written).contains(&text)
}

/// Whether the last USER of the final stage is another than root, or the base says so in its name.
fn is_nonroot(built: &Built) -> bool {
    let graph = &built.outcome.graph;
    let user = graph.stages[graph.target].state.user.as_str();
    let is_root = |u: &str| matches!(u.split(':').next(), Some("root" | "0"));
    if !user.is_empty() {
        return !is_root(user);
    }
    let base = built.final_chain().last().map(|&s| graph.stages[s].base.clone());
    matches!(base, Some(StageBase::Image(name)) if name.contains("nonroot"))
}

fn cut(text: &str) -> String {
    let short: String = text.chars().take(60).collect();
    if short.len() < text.len() { format!("{short}…") } else { short }
}
