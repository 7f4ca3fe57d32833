//! Checks that the parts of a lesson fit together.

use std::collections::{BTreeMap, BTreeSet};

use super::super::manifest::{FORMAT, Goal, Kind, Manifest, Op, StepManifest};
use super::super::project::{Project, matcher, verb};
use super::super::size::parse_size;
use super::super::text::StepText;
use super::read::Reader;

impl Reader<'_> {
    pub(super) fn general(&mut self, manifest: &Manifest, project: &Project) {
        if manifest.format != FORMAT {
            let message =
                format!("format {} is not known here; this program reads format {FORMAT}", manifest.format);
            let line = self.line_of("format");
            self.error("lesson.toml", line, 1, message);
        }
        if manifest.remember.len() != 3 {
            let line = self.line_of("remember");
            self.error("lesson.toml", line, 1, "remember has three lines, no more and no less");
        }
        if manifest.step.is_empty() {
            self.error("lesson.toml", 1, 1, "a lesson without a step");
        }
        if !(1..=90).contains(&manifest.minutes) {
            let line = self.line_of("minutes");
            self.error("lesson.toml", line, 1, "minutes is between 1 and 90");
        }
        if project.get("Dockerfile").is_none() {
            self.error("project/Dockerfile", 0, 0, "is missing: every lesson's project has a Dockerfile");
        }
        for number in &manifest.beliefs {
            if !(1..=20).contains(number) {
                let line = self.line_of("beliefs");
                self.error(
                    "lesson.toml",
                    line,
                    1,
                    format!("there is no belief {number}: beliefs.toml has 1 to 20"),
                );
            }
        }
    }

    pub(super) fn step(
        &mut self,
        step: &StepManifest,
        text: &StepText,
        overlays: &BTreeMap<String, Project>,
    ) {
        let line = self.line_of_step(&step.id);
        let mut wrong = Needs::default();
        wrong.needs(!text.body.is_empty(), "has no text in lesson.md (<!-- step … -->)");
        if step.kind != Kind::Read {
            wrong.needs(step.ask.is_some(), "needs ask: the question or the task in one sentence");
        }
        wrong.prediction(step, text);
        wrong.work(step, text, overlays);
        wrong.goals(step);
        for message in wrong.0 {
            self.error("lesson.toml", line, 1, format!("step {:?} {message}", step.id));
        }
    }

    pub(super) fn ids(
        &mut self,
        manifest: &Manifest,
        texts: &BTreeMap<String, StepText>,
        overlays: &BTreeMap<String, Project>,
    ) {
        let mut seen = BTreeSet::new();
        for step in &manifest.step {
            if !seen.insert(step.id.as_str()) {
                let line = self.line_of_step(&step.id);
                self.error("lesson.toml", line, 1, format!("two steps have the id {:?}", step.id));
            }
        }
        for (id, text) in texts {
            if !seen.contains(id.as_str()) {
                self.error(
                    "lesson.md",
                    text.line,
                    1,
                    format!("a part for {id:?}, and lesson.toml has no such step"),
                );
            }
        }
        for over in overlays.keys() {
            if let Some(id) = over.strip_prefix("solutions/")
                && !seen.contains(id)
            {
                self.error(over, 0, 0, format!("a solution for {id:?}, and lesson.toml has no such step"));
            }
        }
    }
}

/// What is wrong with a step, in words that go on from its name.
#[derive(Default)]
struct Needs(Vec<String>);

impl Needs {
    fn needs(&mut self, ok: bool, says: &str) {
        if !ok {
            self.0.push(says.to_string());
        }
    }

    /// Marks or choices, and what belongs to either.
    fn prediction(&mut self, step: &StepManifest, text: &StepText) {
        if step.kind == Kind::Predict {
            self.needs(
                step.rebuilds.is_some() == step.choices.is_empty(),
                "needs either rebuilds (marks) or choices (one is right)",
            );
            if step.choices.is_empty() {
                self.needs(
                    step.answer.is_none() && step.proof.is_empty(),
                    "answer and proof belong to choices",
                );
            } else {
                let right = step.answer.is_some_and(|a| (1..=step.choices.len()).contains(&a));
                self.needs(right, "needs answer, the number of the right choice, from 1");
                self.needs((2..=6).contains(&step.choices.len()), "has two to six choices");
                self.needs(
                    !step.proof.is_empty() || step.proof_source.is_some(),
                    "needs proof (assertions) or proof_source (where it is written)",
                );
            }
            self.needs(!text.after.is_empty(), "needs <!-- after … -->: what to learn from the answer");
        } else {
            self.needs(
                step.rebuilds.is_none() && step.choices.is_empty(),
                "only predict has rebuilds or choices",
            );
            self.needs(
                step.change.is_empty() && step.given.is_empty(),
                "change and given belong to predict; in a goal they are called after and given",
            );
        }
    }

    /// The goals of what is done by hand, its hints and its solution.
    fn work(&mut self, step: &StepManifest, text: &StepText, overlays: &BTreeMap<String, Project>) {
        if matches!(step.kind, Kind::Do | Kind::Repair) {
            self.needs(!step.goal.is_empty(), "needs a goal");
            self.needs(!text.hints.is_empty(), "needs a hint at least (<!-- hint … -->)");
            self.needs(!text.solution.is_empty(), "needs <!-- solution … -->: why the solution is one");
            let solution = overlays.contains_key(&format!("solutions/{}", step.id));
            self.needs(solution, "needs the folder solutions/<id>, or files in it by [[file]]");
        } else {
            self.needs(step.goal.is_empty(), "only do and repair have a goal");
        }
        self.needs(!step.keep || step.kind == Kind::Repair, "keep is for repair");
        self.needs(!(step.keep && step.overlay.is_some()), "keep and use exclude each other");
        if let Some(over) = &step.overlay {
            self.needs(overlays.contains_key(over), &format!("uses {over:?}, and there is no such folder"));
        }
    }

    /// That goals and proofs assert something, and changes can be read.
    fn goals(&mut self, step: &StepManifest) {
        for goal in step.goal.iter().chain(&step.proof) {
            self.needs(!goal.say.trim().is_empty(), "has a goal without say");
            self.needs(asserts_something(goal), &format!("has a goal that asserts nothing: {:?}", goal.say));
        }
        let sizes = step
            .goal
            .iter()
            .chain(&step.proof)
            .flat_map(|g| [&g.image_under, &g.image_over, &g.context_under]);
        for size in sizes.flatten() {
            self.needs(
                parse_size(size).is_some(),
                &format!("has a size that reads {size:?}; write for example 20 MB"),
            );
        }
        let ops = step.given.iter().chain(&step.change);
        let goal_ops = step.goal.iter().chain(&step.proof).flat_map(|g| g.given.iter().chain(&g.after));
        for op in ops.chain(goal_ops) {
            if let Err(e) = check_op(op) {
                self.needs(false, &e);
            }
        }
    }
}

fn check_op(op: &Op) -> Result<(), String> {
    let (verb, path) = verb(op).map_err(|e| e.to_string())?;
    if verb == "edit" {
        matcher(path).map_err(|e| e.to_string())?;
    }
    Ok(())
}

fn asserts_something(g: &Goal) -> bool {
    let lists = [
        &g.cached,
        &g.rebuilds,
        &g.has,
        &g.lacks,
        &g.final_has,
        &g.context_has,
        &g.context_lacks,
        &g.assumed,
        &g.together,
    ];
    lists.iter().any(|l| !l.is_empty())
        || g.at_most.is_some()
        || g.noticed
        || g.nonroot
        || g.seconds_under.is_some()
        || g.image_under.is_some()
        || g.image_over.is_some()
        || g.context_under.is_some()
        || g.shell.is_some()
        || g.touches.is_some()
        || g.because.is_some()
}
