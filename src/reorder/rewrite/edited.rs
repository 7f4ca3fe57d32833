//! A Dockerfile's text with edits made in place, and what its steps take then.

use super::Draft;
use crate::cost::StepSeconds;
use crate::dockerfile::ast::{Dockerfile, Span};
use crate::dockerfile::parse;

/// One edit of a draft's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::reorder) struct Edit {
    /// What is replaced; empty where something is put in.
    pub(in crate::reorder) span: Span,
    pub(in crate::reorder) text: String,
    /// Stage and number of the instruction whose work the new instructions do, if they do that of one.
    pub(in crate::reorder) of: Option<(usize, usize)>,
}

impl Edit {
    /// Puts text in at a place.
    pub(in crate::reorder) fn insert(at: usize, text: String) -> Self {
        Self { span: at..at, text, of: None }
    }

    /// Takes a span out.
    pub(in crate::reorder) fn remove(span: Span) -> Self {
        Self { span, text: String::new(), of: None }
    }
}

/// Where a place of the new text comes from.
enum Origin {
    /// A place of the old text.
    Kept(usize),
    /// The edit of this number.
    New(usize),
}

impl Draft {
    /// Makes edits, which rise and lie apart; `None` where the new text cannot be read.
    ///
    /// What a step takes is scaled as the words of the old and the new text would have it: a warm cache mount spares a
    /// measured step the share that it spares such steps.
    pub(in crate::reorder) fn edited(&self, edits: &[Edit]) -> Option<Self> {
        let mut draft = self.clone();
        for edit in edits.iter().rev() {
            let (text, mut lines) = draft.with_text(edit.span.clone(), &edit.text);
            if edit.span.is_empty() && edit.text.ends_with('\n') {
                // Whole lines put in stand for none of the old.
                let first = draft.dockerfile.text[..edit.span.start].matches('\n').count();
                lines[first..first + edit.text.matches('\n').count()].fill(0);
            }
            draft.dockerfile.text = text.into();
            draft.lines = lines;
        }
        draft.dockerfile = parse(&draft.dockerfile.text).ok()?;
        draft.seconds = self.seconds_of(&draft.dockerfile, edits);
        Some(draft)
    }

    fn seconds_of(&self, new: &Dockerfile, edits: &[Edit]) -> Vec<Vec<f64>> {
        let (before, after) = (StepSeconds::rough(&self.dockerfile), StepSeconds::rough(new));
        // How much longer than such steps the old ones take.
        let scale = |(stage, index): (usize, usize)| {
            let rough = before.get(stage, &self.dockerfile.stages[stage].instructions[index]);
            if rough > 0.0 { self.seconds[stage][index] / rough } else { 1.0 }
        };
        let of = |at: usize| {
            let (stage, all) = self.dockerfile.stages.iter().enumerate().find(|(_, stage)| {
                stage.instructions.last().is_some_and(|last| last.span.end >= at) && stage.span.start <= at
            })?;
            let index = all.instructions.iter().position(|own| own.span.contains(&at))?;
            Some((stage, index))
        };
        let stages = new.stages.iter().enumerate();
        stages
            .map(|(stage, all)| {
                let each = all.instructions.iter().map(|own| {
                    let origin = match origin(own.span.start, edits) {
                        Origin::Kept(at) => of(at),
                        Origin::New(edit) => edits[edit].of,
                    };
                    after.get(stage, own) * origin.map_or(1.0, scale)
                });
                each.collect()
            })
            .collect()
    }

    /// The place in the text after edits of a span that they leave as it is.
    pub(in crate::reorder) fn shifted(span: &Span, edits: &[Edit]) -> Option<Span> {
        let mut start = span.start;
        for edit in edits.iter().rev().filter(|edit| edit.span.start <= span.start) {
            if edit.span.end > span.start && !edit.span.is_empty() {
                return None;
            }
            start = start + edit.text.len() - edit.span.len();
        }
        let inner = edits.iter().filter(|edit| span.start < edit.span.start && edit.span.end <= span.end);
        let grown = inner.fold(span.len(), |length, edit| length + edit.text.len() - edit.span.len());
        Some(start..start + grown)
    }
}

fn origin(place: usize, edits: &[Edit]) -> Origin {
    let (mut grown, mut shrunk) = (0, 0);
    for (number, edit) in edits.iter().enumerate() {
        let start = edit.span.start + grown - shrunk;
        if place < start {
            break;
        }
        if place < start + edit.text.len() {
            return Origin::New(number);
        }
        grown += edit.text.len();
        shrunk += edit.span.len();
    }
    Origin::Kept(place + shrunk - grown)
}
