//! An open lesson: where it is, what was answered, what the goals say of the learner's files.

use std::collections::BTreeSet;

use super::Files;
use crate::lesson::goal::{self, Verdict};
use crate::lesson::predict::Listed;
use crate::lesson::scenario::{self, Built, Run, merged};
use crate::lesson::{Kind, Lesson, Reveal, predict, prove, weigh};
use crate::tui::model::Comparison;
use crate::tui::picture::{Seen, compare};

/// An open lesson.
#[derive(Debug)]
pub struct Open {
    /// The lesson.
    pub lesson: Lesson,
    /// The step; one past the last at the end.
    pub step: usize,
    /// Lines of the text above the screen.
    pub scroll: usize,
    /// The text's lines that do not fit, as last drawn.
    pub more: usize,
    /// The row under the cursor.
    pub cursor: usize,
    /// Numbers of the marked steps, from 1.
    pub marks: BTreeSet<usize>,
    /// Labels to mark.
    pub rows: Vec<String>,
    /// The same within the Dockerfile's other instructions.
    pub listing: Vec<Listed>,
    /// The answer, once it was given.
    pub reveal: Option<Reveal>,
    /// The learner's files.
    pub files: Option<Files>,
    /// The goals on these files.
    pub verdicts: Vec<Verdict>,
    /// Two sides: as the step began, and the learner's.
    pub picture: Option<Comparison>,
    /// What the picture is of, or why there is none.
    pub caption: String,
    /// Hints shown.
    pub hints: usize,
    /// The solution is shown.
    pub solution: bool,
    /// The side that is shown where one has room: the learner's, or as it began.
    pub yours: bool,
}

impl Open {
    pub(super) fn new(lesson: Lesson, step: usize) -> Self {
        Self {
            lesson,
            step,
            scroll: 0,
            more: 0,
            cursor: 0,
            marks: BTreeSet::new(),
            rows: Vec::new(),
            listing: Vec::new(),
            reveal: None,
            files: None,
            verdicts: Vec::new(),
            picture: None,
            caption: String::new(),
            hints: 0,
            solution: false,
            yours: true,
        }
    }

    /// The kind of the step; none at the end.
    pub fn kind(&self) -> Option<Kind> {
        self.lesson.steps.get(self.step).map(|s| s.manifest.kind)
    }

    pub(super) fn id(&self) -> &str {
        self.lesson.steps.get(self.step).map_or("", |s| &s.manifest.id)
    }

    /// How many answers there are to choose from.
    pub fn choices(&self) -> usize {
        self.lesson.steps.get(self.step).map_or(0, |s| s.manifest.choices.len())
    }

    /// Rows of the list that has the cursor.
    pub(super) fn list_len(&self) -> usize {
        match self.kind() {
            Some(Kind::Predict) if self.rows.is_empty() => self.choices(),
            Some(Kind::Predict) => self.rows.len(),
            Some(Kind::Do | Kind::Repair) => self.verdicts.len(),
            _ => 0,
        }
    }

    pub(super) fn toggle(&mut self) {
        let n = self.cursor + 1;
        if !self.marks.remove(&n) && n <= self.rows.len() {
            self.marks.insert(n);
        }
    }

    /// All goals hold.
    pub fn solved(&self) -> bool {
        !self.verdicts.is_empty() && self.verdicts.iter().all(|v| v.holds)
    }

    /// What a step shows when it begins.
    pub(super) fn enter(&mut self) {
        match self.kind() {
            Some(Kind::Predict) => {
                self.listing = predict::listing(&self.lesson, self.step).unwrap_or_default();
                self.rows =
                    self.listing.iter().filter(|l| l.step.is_some()).map(|l| l.text.clone()).collect();
            }
            Some(Kind::Read) => {
                let project = self.lesson.start(self.step);
                let build = &self.lesson.manifest.build;
                if let Ok(run) = scenario::between(&project, &project, build, build) {
                    self.caption = "built a minute ago, nothing changed".into();
                    self.picture =
                        Some(compare(&seen("the Dockerfile", &run.after, &weigh::costs(&run.after)), None));
                }
            }
            _ => {}
        }
    }

    pub(super) fn judge(&mut self) {
        let Some(files) = &self.files else { return };
        if !matches!(self.kind(), Some(Kind::Do | Kind::Repair)) {
            return;
        }
        self.verdicts = prove::verdicts(&self.lesson, self.step, &files.project);
        self.cursor = self.cursor.min(self.verdicts.len().saturating_sub(1));
        self.paint();
    }

    /// Paints what the goal under the cursor is about: the same edit as the step began, and on the learner's files.
    pub(super) fn paint(&mut self) {
        let Some(files) = &self.files else { return };
        let m = &self.lesson.steps[self.step].manifest;
        let Some(goal) = m.goal.get(self.cursor) else { return };
        let build = merged(&self.lesson.manifest.build, &m.before);
        let start = if m.keep { self.lesson.kept(self.step) } else { self.lesson.start(self.step) };
        let from = (m.kind == Kind::Do).then_some(&start);
        let (left, right) =
            (goal::scene(goal, from, &start, &build), goal::scene(goal, from, &files.project, &build));
        self.caption = match &right {
            Ok(run) if run.changed.is_empty() && m.kind == Kind::Do => "nothing changed yet".into(),
            Ok(run) if run.changed.is_empty() => options_in_words(&goal.with),
            Ok(run) if m.kind == Kind::Do => format!("you changed {}", run.changed.join(", ")),
            Ok(run) => format!("after an edit of {}", run.changed.join(", ")),
            Err(e) => e.to_string(),
        };
        self.picture = two(left.ok().as_ref(), right.ok().as_ref());
    }
}

/// What is different about the second build, where no file is.
fn options_in_words(with: &crate::lesson::manifest::BuildOptions) -> String {
    let args: Vec<String> = with.build_args.iter().map(|(k, v)| format!("{k}={v}")).collect();
    if args.is_empty() {
        "built once more".into()
    } else {
        format!("built once more, with {}", args.join(", "))
    }
}

fn seen<'a>(title: &'a str, built: &'a Built, costs: &'a [crate::cost::StepCost]) -> Seen<'a> {
    Seen { title, dockerfile: &built.input.dockerfile, outcome: &built.outcome, costs }
}

fn two(left: Option<&Run>, right: Option<&Run>) -> Option<Comparison> {
    let costs = |run: Option<&Run>| run.map(|r| weigh::costs(&r.after)).unwrap_or_default();
    let (a, b) = (costs(left), costs(right));
    match (left, right) {
        (Some(l), Some(r)) => {
            Some(compare(&seen("as it began", &l.after, &a), Some(&seen("yours", &r.after, &b))))
        }
        (None, Some(r)) => Some(compare(&seen("yours", &r.after, &b), None)),
        (Some(l), None) => Some(compare(&seen("as it began", &l.after, &a), None)),
        (None, None) => None,
    }
}
