//! From a Dockerfile to a proposal: which changes are made.

use std::ops::Range;
use std::rc::Rc;

use super::drops::Dropped;
use super::installs::{self, Split, local_copy};
use super::model::{Edits, Item, Model, Reach};
use super::offers::sheet::{Bound, Sheet};
use super::rewrite::{self, Draft, Rewrite};
use super::search::{apply, best_order, least_gain};
use super::tell::Teller;
use super::text::{Rendered, render};
use super::{Edit, Expected, MoveKind, Proposal, Refusal, ReorderInput, Taken};
use super::{ignoring, offers};
use crate::dockerfile::ast::{Dockerfile, Instruction, InstructionKind};
use crate::dockerfile::parse;

/// Proposes a better order for a Dockerfile.
///
/// Deterministic and pure. The proposal's text is the old one, byte for byte, where nothing is gained.
pub fn propose(dockerfile: &Dockerfile, input: &ReorderInput<'_>) -> Proposal {
    let (mut best, before, made) = search(dockerfile, input);
    let mut proposal = best.describe(dockerfile, before, &made);
    if input.options.moves_only {
        return proposal;
    }
    proposal.ignore = ignoring::find(&best);
    let rewrites = offers::rewrites(&best, dockerfile, &made, &proposal);
    proposal.offered.extend(rewrites);
    let saves = |offer: &super::Offer| offer.saves.unwrap_or(0.0);
    proposal.offered.sort_by(|a, b| saves(b).total_cmp(&saves(a)).then(a.lines.start.cmp(&b.lines.start)));
    proposal
}

/// As [`propose`], without what is offered by rewrites and for the ignore file.
pub(super) fn propose_bare(dockerfile: &Dockerfile, input: &ReorderInput<'_>) -> Proposal {
    let (mut best, before, made) = search(dockerfile, input);
    best.describe(dockerfile, before, &made)
}

/// Finds the best order after the best rewrites: the attempt, the seconds before, and the rewrites.
fn search<'a>(dockerfile: &Dockerfile, input: &'a ReorderInput<'a>) -> (Attempt<'a>, f64, Vec<Made>) {
    let draft = Draft::new(dockerfile, input);
    let original = Model::new(&draft, input);
    let mut best = Attempt::new(draft, original, input);
    let before = best.seconds_unordered();
    let least = least_gain(before);
    let mut made: Vec<Made> = Vec::new();
    while made.len() < MOST_REWRITES {
        let Some((rewrite, id, next)) = best_rewrite(&best, &made, input, least) else { break };
        made.push(Made::of(&rewrite, id, &best, &next));
        best = next;
    }
    (best, before, made)
}

/// The expected seconds of a rebuild of a Dockerfile as it stands, over the edits of the input.
pub fn expected_seconds(dockerfile: &Dockerfile, input: &ReorderInput<'_>) -> f64 {
    let mut model = Model::new(&Draft::new(dockerfile, input), input);
    let edits = Edits::new(&mut model);
    model.expected_seconds(&edits)
}

/// An edit of each kind, with the share of all of its kind: edits are alike if they change the same build arguments and
/// what the same COPYs take in, of all these Dockerfiles.
pub(super) fn kinds_of_edits<'a>(
    dockerfiles: [&Dockerfile; 2],
    input: &ReorderInput<'a>,
) -> Vec<(&'a Edit, f64)> {
    let reach = Rc::new(Reach::new(input.edits.clone(), input.tree));
    for dockerfile in dockerfiles {
        let mut model = Model::again(&Draft::new(dockerfile, input), input, Rc::clone(&reach));
        Edits::new(&mut model);
    }
    let kinds = reach.kinds().into_iter();
    kinds.filter_map(|(first, share)| Some((input.edits.iter().nth(first)?, share))).collect()
}

/// How many rewrites are made at most.
const MOST_REWRITES: usize = 8;

/// A rewrite that was made.
pub(super) struct Made {
    pub(super) id: String,
    pub(super) kind: MoveKind,
    pub(super) name: String,
    pub(super) why: String,
    /// It leaves the image as it is; else it was asked for.
    pub(super) proven: bool,
    /// Lines of the old text, from 1, the last excluded.
    pub(super) lines: Range<usize>,
    pub(super) saves: f64,
}

impl Made {
    fn of(rewrite: &Rewrite, id: String, before: &Attempt<'_>, after: &Attempt<'_>) -> Self {
        let replaced = before.draft.replaced(rewrite);
        let lines = replaced.iter().map(|own| before.draft.lines_of(own));
        let lines = lines.reduce(|a, b| a.start.min(b.start)..a.end.max(b.end)).unwrap_or(1..2);
        Self {
            id,
            kind: rewrite.kind,
            name: rewrite.name.clone(),
            why: rewrite.why.clone(),
            proven: rewrite.proven,
            lines,
            saves: (before.arranged.seconds - after.arranged.seconds).max(0.0),
        }
    }

    pub(super) fn taken(&self) -> Taken {
        Taken {
            id: self.id.clone(),
            name: self.name.clone(),
            kind: self.kind,
            lines: self.lines.clone(),
            changes: self.why.clone(),
            differs: Vec::new(),
            saves: self.saves,
        }
    }
}

/// The id of a rewrite that is not one of those made: a part of what was cut may be cut again.
pub(super) fn id_of(rewrite: &Rewrite, draft: &Draft, made: &[Made]) -> String {
    let own = draft.replaced(rewrite).first();
    let (line, part) = own.map_or((1, 1), |own| (draft.line(own.line), draft.part(own)));
    let mut ids = (part..).map(|part| rewrite.kind.id(line, part));
    let id = ids.find(|id| made.iter().all(|other| other.id != *id));
    id.unwrap_or_default()
}

/// Finds the rewrite that gains most once all is ordered, if one gains enough, with its id.
fn best_rewrite<'a>(
    best: &Attempt<'a>,
    made: &[Made],
    input: &'a ReorderInput<'a>,
    least: f64,
) -> Option<(Rewrite, String, Attempt<'a>)> {
    let mut found: Option<(Rewrite, String, Attempt<'a>)> = None;
    for rewrite in rewrite::find(&best.draft, &best.original, input) {
        let id = id_of(&rewrite, &best.draft, made);
        let wanted = rewrite.proven || input.options.takes(rewrite.kind, &id);
        if !wanted || input.options.skips(rewrite.kind, &id) {
            continue;
        }
        let Some(draft) = best.draft.rewritten(&rewrite) else { continue };
        let model = Model::again(&draft, input, Rc::clone(&best.original.reach));
        let attempt = Attempt::new(draft, model, input);
        if rewrite.always {
            return Some((rewrite, id, attempt));
        }
        let least_so_far =
            found.as_ref().map_or(best.arranged.seconds - least, |(_, _, other)| other.arranged.seconds);
        // One cut more has to be worth it.
        let margin = if rewrite.finer && found.is_some() { least / 10.0 } else { 1e-9 };
        if attempt.arranged.seconds < least_so_far - margin {
            found = Some((rewrite, id, attempt));
        }
    }
    found
}

/// A draft in its best order.
pub(super) struct Attempt<'a> {
    pub(super) draft: Draft,
    /// As it stands.
    pub(super) original: Model,
    pub(super) input: &'a ReorderInput<'a>,
    /// By stage.
    pub(super) splits: Vec<(usize, Split)>,
    refused: Vec<Refusal>,
    /// Which of the splits are made.
    pub(super) chosen: Vec<usize>,
    pub(super) arranged: Arranged,
}

/// A model in its best order, with what was left out.
pub(super) struct Arranged {
    pub(super) model: Model,
    pub(super) edits: Edits,
    pub(super) seconds: f64,
    /// COPYs that bring nothing new.
    pub(super) dropped: Vec<Dropped>,
}

impl<'a> Attempt<'a> {
    pub(super) fn new(draft: Draft, original: Model, input: &'a ReorderInput<'a>) -> Self {
        let model = Model::empty(Rc::clone(&original.reach));
        let nothing = Arranged { model, edits: Edits::default(), seconds: 0.0, dropped: Vec::new() };
        let (splits, refused, chosen) = (Vec::new(), Vec::new(), Vec::new());
        let mut attempt = Self { draft, original, input, splits, refused, chosen, arranged: nothing };
        attempt.find_splits();
        (attempt.chosen, attempt.arranged) = attempt.choose();
        attempt
    }

    /// The expected seconds of the new order over other edits than the input's.
    pub(super) fn seconds_over(&self, edits: Expected) -> f64 {
        let mut model = self.arranged.model.clone();
        let edits = Edits::reached(&Reach::new(edits, self.input.tree), &mut model);
        model.expected_seconds(&edits)
    }

    /// The expected seconds of the draft as it stands.
    fn seconds_unordered(&self) -> f64 {
        let mut model = self.original.clone();
        let edits = Edits::new(&mut model);
        model.expected_seconds(&edits)
    }
}

impl Attempt<'_> {
    pub(super) fn instruction(&self, stage: usize, index: usize) -> &Instruction {
        &self.draft.dockerfile.stages[stage].instructions[index]
    }

    pub(super) fn skips(&self, kind: MoveKind, instruction: &Instruction) -> bool {
        let options = self.input.options;
        !options.skip.is_empty() && options.skips(kind, &self.draft.id(kind, instruction))
    }

    fn find_splits(&mut self) {
        for stage in (0..self.original.stages.len()).filter(|stage| self.original.wanted[*stage]) {
            let model = &self.original.stages[stage];
            let (found, refused) = installs::splits(&self.draft.dockerfile, stage, model, self.input);
            for (index, why) in refused {
                let line = self.draft.line(self.instruction(stage, index).line);
                let what =
                    "copy the dependency manifests and install from them before the sources are copied"
                        .to_owned();
                self.refused.push(Refusal { line, what, why: why.to_string() });
            }
            let kept = found
                .into_iter()
                .filter(|split| !self.skips(MoveKind::ManifestsFirst, self.instruction(stage, split.run)));
            self.splits.extend(kept.map(|split| (stage, split)).collect::<Vec<_>>());
        }
    }

    /// Picks the splits that gain something: each must make the best order better than without it. Yields them, and
    /// the best order with them.
    fn choose(&self) -> (Vec<usize>, Arranged) {
        let mut chosen: Vec<usize> = (0..self.splits.len()).collect();
        let mut arranged = self.arrange(&chosen);
        for candidate in 0..self.splits.len() {
            let without: Vec<usize> = chosen.iter().copied().filter(|at| *at != candidate).collect();
            let alone = self.arrange(&without);
            if alone.seconds <= arranged.seconds + least_gain(alone.seconds) {
                (chosen, arranged) = (without, alone);
            }
        }
        (chosen, arranged)
    }

    pub(super) fn arrange(&self, chosen: &[usize]) -> Arranged {
        let mut model = self.original.clone();
        for at in chosen {
            let (stage, split) = &self.splits[*at];
            installs::apply(split, &mut model.stages[*stage]);
        }
        self.pin_skipped(&mut model);
        let edits = Edits::new(&mut model);
        for stage in 0..model.stages.len() {
            if model.wanted[stage] {
                let order = best_order(&model, stage, &edits);
                apply(&mut model, stage, &order);
            }
        }
        for at in chosen {
            let (stage, split) = &self.splits[*at];
            split.leave_out_needless(&mut model.stages[*stage].items);
        }
        forget_needless_destinations(&mut model, &self.draft.dockerfile);
        let dropped = if chosen.is_empty() { Vec::new() } else { self.drop_redundant(&mut model) };
        let seconds = model.expected_seconds(&edits);
        Arranged { model, edits, seconds, dropped }
    }

    fn pin_skipped(&self, model: &mut Model) {
        for (stage, model) in model.stages.iter_mut().enumerate() {
            for item in &mut model.items {
                let Some(index) = item.written() else { continue };
                let instruction = self.instruction(stage, index);
                item.pinned |= self.skips(MoveKind::StableEarlier, instruction);
                item.pinned |= self.skips(MoveKind::VolatileLater, instruction);
            }
        }
    }

    fn describe(&mut self, dockerfile: &Dockerfile, before: f64, made: &[Made]) -> Proposal {
        let mut proposal = Proposal::unchanged(dockerfile, before);
        let items: Vec<Vec<Item>> =
            self.arranged.model.stages.iter().map(|stage| stage.items.clone()).collect();
        let is_same = items
            .iter()
            .zip(&self.original.stages)
            .all(|(items, stage)| items.iter().map(Item::written).eq(stage.items.iter().map(Item::written)));
        proposal.refused = std::mem::take(&mut self.refused);
        let moves_only = self.input.options.moves_only;
        if !moves_only {
            proposal.refused.extend(rewrite::refused(&self.draft, &self.original, self.input));
        }
        if is_same && made.is_empty() {
            if moves_only {
                return proposal;
            }
            let sheet = Sheet::of(self.draft.clone(), self.original.clone(), Vec::new(), self.input);
            offers::complete(sheet, made, &mut proposal);
            return proposal;
        }
        let rendered = render(&self.draft.dockerfile, &items);
        for (stage, items) in items.iter().enumerate() {
            for (item, lines) in items.iter().zip(&rendered.lines[stage]) {
                // The lines of a block begin with its comments; the instruction is what ends it.
                let line = item.written().map_or(lines.end, |index| {
                    let own = self.instruction(stage, index);
                    lines.end - (own.end_line - own.line)
                });
                proposal.seconds.insert((stage, line), item.seconds);
            }
        }
        proposal.moves = Teller { work: self, items: &items, lines: &rendered.lines }.moves(made, before);
        proposal.expected_after = self.arranged.seconds;
        if !moves_only && let Some((draft, bound)) = self.written(&items, &rendered) {
            offers::complete(Sheet::new(draft, bound, self.input), made, &mut proposal);
        }
        // What was taken has changed the text already.
        if proposal.text == *dockerfile.text {
            proposal.text = rendered.text;
        }
        proposal
    }

    /// The new text as a draft of its own, with the COPYs that were added for an install.
    fn written(&self, items: &[Vec<Item>], rendered: &Rendered) -> Option<(Draft, Vec<Bound>)> {
        let dockerfile = parse(&rendered.text).ok()?;
        let mut old = vec![0; rendered.text.matches('\n').count() + 1];
        let (mut seconds, mut bound) = (Vec::new(), Vec::new());
        for (stage, items) in items.iter().enumerate() {
            let instructions = &dockerfile.stages[stage].instructions;
            if instructions.len() != items.len() {
                return None;
            }
            for (item, lines) in items.iter().zip(&rendered.lines[stage]) {
                let Some(own) = item.written().map(|index| self.instruction(stage, index)) else { continue };
                for (back, line) in (lines.start..=lines.end).rev().enumerate() {
                    old[line - 1] = self.draft.line(own.end_line.saturating_sub(back).max(1));
                }
            }
            seconds.push(items.iter().map(|item| item.seconds).collect());
            for at in &self.chosen {
                let (of, split) = &self.splits[*at];
                let place = items.iter().position(|item| item.written() == Some(split.run));
                let Some(run) = place.filter(|_| *of == stage && stage != self.original.target) else {
                    continue;
                };
                let copies: Vec<&Instruction> = (0..items.len())
                    .filter(|at| split.owns(&items[*at]))
                    .map(|at| &instructions[at])
                    .collect();
                let sources =
                    copies.iter().filter_map(|copy| local_copy(copy)).flat_map(|spec| &spec.sources);
                let files = sources.map(|source| (source.clone(), split.place(source).to_owned())).collect();
                let spans = copies.iter().map(|copy| copy.span.clone()).collect();
                bound.push(Bound { copies: spans, run: instructions[run].span.clone(), files });
            }
        }
        Some((Draft::written(dockerfile, old, seconds), bound))
    }
}

/// A relative destination stays as written where the same WORKDIRs stand before it as ever.
fn forget_needless_destinations(model: &mut Model, dockerfile: &Dockerfile) {
    for (stage, dockerfile) in model.stages.iter_mut().zip(&dockerfile.stages) {
        let order: Vec<Option<usize>> = stage.items.iter().map(Item::written).collect();
        for (place, item) in stage.items.iter_mut().enumerate() {
            let Some(index) = item.written() else { continue };
            let is_workdir =
                |at: &usize| matches!(dockerfile.instructions[*at].kind, InstructionKind::Workdir(_));
            let before = order[..place].iter().flatten().filter(|at| is_workdir(at));
            if before.eq((0..index).filter(is_workdir).collect::<Vec<_>>().iter()) {
                item.absolute = None;
            }
        }
    }
}
