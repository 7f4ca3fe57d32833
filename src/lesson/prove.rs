//! Proof that a lesson keeps what it says, as far as the model goes.
//!
//! Every predicted answer agrees with the model, the start fails its goal, the solution passes, links lead
//! somewhere. That hints and solutions exist is checked when a lesson is read ([`super::load`]).

use super::goal::{self, Verdict};
use super::load::Lesson;
use super::manifest::Kind;
use super::scenario::merged;
use super::{markdown, own, predict};
use crate::solver::Status;

/// One thing that was checked.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// Lesson and step: `02-order/guess-app`.
    pub at: String,
    /// What was checked, in a few words.
    pub what: String,
    /// It holds.
    pub holds: bool,
    /// What is wrong, where it does not.
    pub why: Vec<String>,
}

/// Proves a lesson; `others` are the ids of the course's lessons.
pub fn prove(lesson: &Lesson, others: &[&str]) -> Vec<Finding> {
    // A lesson about the learner's own project is proved on its sample.
    let sample = lesson.manifest.own_project.then(|| own::on(lesson, lesson.project.clone()));
    let lesson = sample.as_ref().unwrap_or(lesson);
    let mut findings = Vec::new();
    for (i, step) in lesson.steps.iter().enumerate() {
        let at = format!("{}/{}", lesson.id, step.manifest.id);
        let mut found = |what: &str, why: Vec<String>| {
            findings.push(Finding { at: at.clone(), what: what.into(), holds: why.is_empty(), why });
        };
        match step.manifest.kind {
            Kind::Read => {}
            Kind::Predict if step.manifest.rebuilds.is_some() => {
                found("the answer agrees with the model", marks(lesson, i));
            }
            Kind::Predict => found("the right choice is proved", choice(lesson, i)),
            Kind::Do | Kind::Repair => {
                found("the start fails the goal", start_fails(lesson, i));
                found("the solution passes", solution_passes(lesson, i));
            }
        }
        let texts = [&step.text.body, &step.text.after, &step.text.solution, &step.text.notes];
        let links = texts.into_iter().chain(&step.text.hints).flat_map(|t| markdown::links(t));
        let dead: Vec<String> =
            links.filter(|l| !resolves(l, others)).map(|l| format!("{l} leads nowhere")).collect();
        if !dead.is_empty() {
            found("links resolve", dead);
        }
    }
    let missing: Vec<String> = lesson
        .manifest
        .after
        .iter()
        .filter(|a| !others.contains(&a.as_str()))
        .map(|a| format!("it comes after {a:?}, and there is no such lesson"))
        .collect();
    findings.push(Finding {
        at: lesson.id.clone(),
        what: "the lessons before it exist".into(),
        holds: missing.is_empty(),
        why: missing,
    });
    findings
}

/// A link leads to a lesson of the course (`../03-changes`), or reads like a web address.
fn resolves(link: &str, others: &[&str]) -> bool {
    match link.strip_prefix("../") {
        Some(id) => others.contains(&id.trim_end_matches('/')),
        None => {
            link.strip_prefix("https://").is_some_and(|r| r.contains('.') && !r.contains(char::is_whitespace))
        }
    }
}

fn marks(lesson: &Lesson, step: usize) -> Vec<String> {
    let run = match predict::run(lesson, step) {
        Ok(run) => run,
        Err(e) => return vec![e.to_string()],
    };
    let mut why = Vec::new();
    let mut claimed = Vec::new();
    for text in lesson.steps[step].manifest.rebuilds.iter().flatten() {
        match run.after.find(text)[..] {
            [one] => claimed.push(one),
            [] => why.push(format!("no step's label has {text:?}")),
            [..] => why.push(format!(
                "more than one step's label has {text:?}; write the label as far as it is needed"
            )),
        }
    }
    for (i, label, status) in run.after.steps() {
        match (status == Status::Executed, claimed.contains(&i)) {
            (true, false) => why.push(format!("{label} rebuilds, and the lesson says that it does not")),
            (false, true) => why.push(format!("{label} stays cached, and the lesson says that it rebuilds")),
            _ => {}
        }
    }
    why
}

fn choice(lesson: &Lesson, step: usize) -> Vec<String> {
    let m = &lesson.steps[step].manifest;
    let build = merged(&lesson.manifest.build, &m.before);
    let start = lesson.start(step);
    failed(m.proof.iter().map(|g| goal::judge(g, None, &start, &build)))
}

fn start_fails(lesson: &Lesson, step: usize) -> Vec<String> {
    let m = &lesson.steps[step].manifest;
    let start = if m.keep { lesson.kept(step) } else { lesson.start(step) };
    if verdicts(lesson, step, &start).iter().all(|v| v.holds) {
        return vec!["the goal holds before anything is done".into()];
    }
    Vec::new()
}

fn solution_passes(lesson: &Lesson, step: usize) -> Vec<String> {
    match lesson.solution(step) {
        Some(solution) => failed(verdicts(lesson, step, &solution).into_iter()),
        None => vec!["there is no solution".into()],
    }
}

/// Judges a do or repair step on some files.
pub fn verdicts(lesson: &Lesson, step: usize, now: &super::Project) -> Vec<Verdict> {
    let m = &lesson.steps[step].manifest;
    let build = merged(&lesson.manifest.build, &m.before);
    let start = lesson.start(step);
    let from = (m.kind == Kind::Do).then_some(&start);
    m.goal.iter().map(|g| goal::judge(g, from, now, &build)).collect()
}

fn failed(verdicts: impl Iterator<Item = Verdict>) -> Vec<String> {
    verdicts.filter(|v| !v.holds).map(|v| format!("{:?}: {}", v.say, v.why.join(" "))).collect()
}
