//! Changes of the text itself that make room for a better order: a RUN in two, a step that fetches put in front.
//!
//! Each is one edit of the Dockerfile's text, after which the text is read again and ordered as any other; so what
//! it gains is known only then. Where the new lines come from in the old text is kept line by line.

mod declared;
pub(super) mod edited;
mod fetch;
mod merge;
mod narrow;
mod segments;
mod split_run;

use std::collections::BTreeMap;
use std::ops::Range;

pub(super) use segments::{as_shell_text, chain, head_and_command};

use super::model::Model;
use super::{MoveKind, Refusal, ReorderInput};
use crate::cost::rough_seconds_of;
use crate::dockerfile::ast::{Comment, Dockerfile, Instruction, InstructionKind, Span};
use crate::dockerfile::parse;

/// A Dockerfile with some rewrites made.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) dockerfile: Dockerfile,
    /// For each line of its text (from 0) the line of the old text that it stands for, from 1.
    lines: Vec<usize>,
    /// Seconds of each instruction of each stage.
    pub(super) seconds: Vec<Vec<f64>>,
}

/// One rewrite that could be made: instructions of one stage replaced by others.
#[derive(Debug, Clone)]
pub(super) struct Rewrite {
    pub(super) kind: MoveKind,
    /// Number of the stage.
    stage: usize,
    /// Numbers of the instructions that are replaced.
    replaced: Range<usize>,
    /// What they are replaced by.
    text: String,
    /// As a short imperative.
    pub(super) name: String,
    /// Why the image stays the same; of one that is only offered, what it changes.
    pub(super) why: String,
    /// It leaves the image as it is; else it can only be offered.
    pub(super) proven: bool,
    /// It is made without any gain in seconds, because it prevents a mistake.
    pub(super) always: bool,
    /// Makes more parts of its instruction than another rewrite that is found does.
    pub(super) finer: bool,
}

impl Draft {
    /// Starts from a Dockerfile as it stands.
    pub(super) fn new(dockerfile: &Dockerfile, input: &ReorderInput<'_>) -> Self {
        let seconds = dockerfile
            .stages
            .iter()
            .enumerate()
            .map(|(at, stage)| stage.instructions.iter().map(|own| (input.seconds)(at, own)).collect())
            .collect();
        let lines = (1..=dockerfile.text.matches('\n').count() + 1).collect();
        Self { dockerfile: dockerfile.clone(), lines, seconds }
    }

    /// A draft that is written out: for each line of its text the old line that it stands for (0 for none), and the
    /// seconds of its instructions.
    pub(super) fn written(dockerfile: Dockerfile, lines: Vec<usize>, seconds: Vec<Vec<f64>>) -> Self {
        Self { dockerfile, lines, seconds }
    }

    /// Seconds of the instructions by stage and line.
    pub(super) fn by_line(&self) -> BTreeMap<(usize, usize), f64> {
        let stages = self.dockerfile.stages.iter().zip(&self.seconds).enumerate();
        stages
            .flat_map(|(at, (stage, seconds))| {
                stage.instructions.iter().zip(seconds).map(move |(own, value)| ((at, own.line), *value))
            })
            .collect()
    }

    /// The line of the old text that a line of this one stands for, both from 1.
    pub(super) fn line(&self, line: usize) -> usize {
        self.lines.get(line.saturating_sub(1)).or(self.lines.last()).copied().unwrap_or(line)
    }

    /// The lines of the old text that an instruction stands for, the last excluded.
    pub(super) fn lines_of(&self, instruction: &Instruction) -> Range<usize> {
        self.line(instruction.line)..self.line(instruction.end_line) + 1
    }

    /// The number of an instruction, from 1, among those that stand for the same old line.
    pub(super) fn part(&self, instruction: &Instruction) -> usize {
        let line = self.line(instruction.line);
        let all = self.dockerfile.stages.iter().flat_map(|stage| &stage.instructions);
        let before = all.filter(|own| own.line < instruction.line && self.line(own.line) == line);
        before.count() + 1
    }

    /// Names a move of a kind at an instruction.
    pub(super) fn id(&self, kind: MoveKind, instruction: &Instruction) -> String {
        kind.id(self.line(instruction.line), self.part(instruction))
    }

    /// The instructions that a rewrite replaces.
    pub(super) fn replaced(&self, rewrite: &Rewrite) -> &[Instruction] {
        &self.dockerfile.stages[rewrite.stage].instructions[rewrite.replaced.clone()]
    }

    /// Makes a rewrite; `None` where the new text cannot be read as it was meant.
    pub(super) fn rewritten(&self, rewrite: &Rewrite) -> Option<Self> {
        let replaced = self.replaced(rewrite);
        let first = replaced.first()?;
        let span = first.span.start..replaced.last()?.span.end;
        let (text, lines) = match self.above_comments(rewrite, first) {
            Some(put_in) => put_in,
            None => self.with_text(span, &rewrite.text),
        };
        let dockerfile = parse(&text).ok()?;
        if dockerfile.stages.len() != self.dockerfile.stages.len() {
            return None;
        }
        let now = &dockerfile.stages[rewrite.stage].instructions;
        let was = self.dockerfile.stages[rewrite.stage].instructions.len();
        let count = (now.len() + rewrite.replaced.len()).checked_sub(was)?;
        let parts = rewrite.replaced.start..rewrite.replaced.start + count;
        let mut seconds = self.seconds.clone();
        let total: f64 = seconds[rewrite.stage][rewrite.replaced.clone()].iter().sum();
        let guesses = rough_seconds_of(now.get(parts.clone())?);
        let sum: f64 = guesses.iter().sum();
        // What was measured or declared of the whole is kept, and shared as the guesses would share it.
        let shared: Vec<f64> = guesses
            .iter()
            .map(|guess| if sum > 0.0 { total * guess / sum } else { total / guesses.len() as f64 })
            .collect();
        // What was declared of it stands in the text, and is shared there in the same way.
        let own = self.seconds[rewrite.stage][rewrite.replaced.start];
        let shares: Vec<f64> = shared.iter().map(|part| if own > 0.0 { part / own } else { 0.0 }).collect();
        let newline = newline(&self.dockerfile);
        let edits = declared::share(&self.dockerfile.text, first, now.get(parts)?, &shares, newline)?;
        seconds[rewrite.stage].splice(rewrite.replaced.clone(), shared);
        let mut draft = Self { dockerfile, lines, seconds };
        for (span, text) in edits.into_iter().rev() {
            let (text, lines) = draft.with_text(span, &text);
            draft.dockerfile = parse(&text).ok()?;
            draft.lines = lines;
        }
        Some(draft)
    }

    /// The text with a fetch put above the comments of the step that it goes before, which describe that step, and
    /// which old line each line of it stands for. `None` where there are no comments, or figures are declared in them.
    fn above_comments(&self, rewrite: &Rewrite, first: &Instruction) -> Option<(String, Vec<usize>)> {
        let old = &*self.dockerfile.text;
        let declares = |comment: &Comment| old[comment.span.clone()].contains("layerlab:");
        if rewrite.kind != MoveKind::FetchFirst || first.comments.iter().any(declares) {
            return None;
        }
        let at = old[..first.comments.first()?.span.start].rfind('\n').map_or(0, |end| end + 1);
        let newline = newline(&self.dockerfile);
        let mut step = format!("{}{newline}", rewrite.text.split(newline).next()?);
        // Set off from the comments as these were from what stands above them.
        if old[..at].ends_with(&newline.repeat(2)) {
            step += newline;
        }
        let above = old[..at].matches('\n').count();
        let mut lines = self.lines.clone();
        let own = self.line(first.line);
        lines.splice(above..above, step.matches('\n').map(|_| own));
        Some((format!("{}{step}{}", &old[..at], &old[at..]), lines))
    }

    /// The text with a span replaced, and which old line each line of it stands for.
    fn with_text(&self, span: Span, new: &str) -> (String, Vec<usize>) {
        let old = &*self.dockerfile.text;
        let text = format!("{}{new}{}", &old[..span.start], &old[span.end..]);
        let first = old[..span.start].matches('\n').count();
        let last = old[..span.end].matches('\n').count();
        let added = new.matches('\n').count() + 1;
        // A line of the new text stands for the same line of the replaced one, as far as it reaches.
        let mut middle: Vec<usize> =
            (0..added).map(|at| self.lines[(first + at * (last - first + 1) / added).min(last)]).collect();
        if new.is_empty() || new.ends_with('\n') {
            // What is left of the last line stands for itself.
            middle[added - 1] = self.lines[last];
        }
        let lines =
            self.lines[..first].iter().copied().chain(middle).chain(self.lines[last + 1..].iter().copied());
        let lines = lines.collect();
        (text, lines)
    }
}

impl Rewrite {
    /// One instruction replaced by another text; only to be offered.
    pub(super) fn of_one(kind: MoveKind, stage: usize, index: usize, text: String) -> Self {
        let (name, why) = (String::new(), String::new());
        Self {
            kind,
            stage,
            replaced: index..index + 1,
            text,
            name,
            why,
            proven: false,
            always: false,
            finer: false,
        }
    }
}

/// Finds the rewrites that a Dockerfile as drafted so far could have; the caller finds out what each gains.
pub(super) fn find(draft: &Draft, model: &Model, input: &ReorderInput<'_>) -> Vec<Rewrite> {
    let mut found = Vec::new();
    for (stage, model_of_stage) in model.stages.iter().enumerate().filter(|(stage, _)| model.wanted[*stage]) {
        for (index, instruction) in draft.dockerfile.stages[stage].instructions.iter().enumerate() {
            let InstructionKind::Run(run) = &instruction.kind else {
                found.extend(narrow::find(draft, model, stage, index, input));
                continue;
            };
            let site = Site { draft, model, stage, model_of_stage, index, instruction, run, input };
            found.extend(merge::find(&site));
            found.extend(split_run::find(&site));
            found.extend(fetch::find(&site));
        }
    }
    found
}

/// Finds the fetches that are not put before a RUN because of what else stands in it.
pub(super) fn refused(draft: &Draft, model: &Model, input: &ReorderInput<'_>) -> Vec<Refusal> {
    let mut found = Vec::new();
    for (stage, model_of_stage) in model.stages.iter().enumerate().filter(|(stage, _)| model.wanted[*stage]) {
        for (index, instruction) in draft.dockerfile.stages[stage].instructions.iter().enumerate() {
            let InstructionKind::Run(run) = &instruction.kind else { continue };
            let site = Site { draft, model, stage, model_of_stage, index, instruction, run, input };
            found.extend(fetch::refused(&site).into_iter().chain(split_run::refused(&site)).map(|refused| {
                Refusal { line: draft.line(instruction.line), what: refused.what, why: refused.why }
            }));
        }
    }
    found
}

/// A RUN in its place.
struct Site<'a> {
    draft: &'a Draft,
    model: &'a Model,
    stage: usize,
    model_of_stage: &'a super::model::StageModel,
    index: usize,
    instruction: &'a Instruction,
    run: &'a crate::dockerfile::ast::Run,
    input: &'a ReorderInput<'a>,
}

impl Site<'_> {
    fn instructions(&self) -> &[Instruction] {
        &self.draft.dockerfile.stages[self.stage].instructions
    }

    fn scope(&self) -> &super::scope::Scope {
        &self.model_of_stage.scopes[self.index]
    }

    /// The RUN as written: the keyword with its flags, and the command after them.
    fn written(&self) -> Option<(&str, &str)> {
        if self.draft.dockerfile.escape != '\\' || !self.run.heredocs.is_empty() {
            return None;
        }
        let text = &self.draft.dockerfile.text[self.instruction.span.clone()];
        segments::head_and_command(text)
    }

    /// Line breaks as the Dockerfile has them.
    fn newline(&self) -> &'static str {
        newline(&self.draft.dockerfile)
    }
}

/// Line breaks as a Dockerfile has them.
fn newline(dockerfile: &Dockerfile) -> &'static str {
    if dockerfile.text.contains("\r\n") { "\r\n" } else { "\n" }
}
