//! From a Dockerfile to a proposal: which changes are made, and what is said of each.

use std::ops::Range;

use super::footprint::placements;
use super::installs::{self, Split, local_copy};
use super::model::{Edits, Item, Model};
use super::search::{apply, best_order, least_gain};
use super::text::render;
use super::{Move, MoveKind, Proposal, Refusal, ReorderInput};
use crate::dockerfile::ast::{Dockerfile, Instruction, InstructionKind};

/// Proposes a better order for a Dockerfile.
///
/// Deterministic and pure. The proposal's text is the old one, byte for byte, where nothing is gained.
pub fn propose(dockerfile: &Dockerfile, input: &ReorderInput<'_>) -> Proposal {
    let original = Model::new(dockerfile, input);
    let mut work = Work { dockerfile, input, splits: Vec::new(), refused: Vec::new() };
    work.find_splits(&original);
    let chosen = work.choose(&original);
    let arranged = work.arrange(&original, &chosen);
    work.describe(&original, arranged, &chosen)
}

/// The expected seconds of a rebuild of a Dockerfile as it stands, over the edits of the input.
pub fn expected_seconds(dockerfile: &Dockerfile, input: &ReorderInput<'_>) -> f64 {
    let mut model = Model::new(dockerfile, input);
    let edits = Edits::new(input.edits, &mut model);
    model.expected_seconds(&edits)
}

struct Work<'a> {
    dockerfile: &'a Dockerfile,
    input: &'a ReorderInput<'a>,
    /// By stage.
    splits: Vec<(usize, Split)>,
    refused: Vec<Refusal>,
}

/// A model in its best order, with what was left out.
struct Arranged {
    model: Model,
    edits: Edits,
    seconds: f64,
    /// Stage and instruction of COPYs that bring nothing new.
    dropped: Vec<(usize, usize)>,
}

impl Work<'_> {
    fn instruction(&self, stage: usize, index: usize) -> &Instruction {
        &self.dockerfile.stages[stage].instructions[index]
    }

    fn skips(&self, kind: MoveKind, instruction: &Instruction) -> bool {
        self.input.options.skips(kind, instruction.line)
    }

    fn find_splits(&mut self, original: &Model) {
        for (stage, model) in original.stages.iter().enumerate().filter(|(stage, _)| original.wanted[*stage])
        {
            let (found, refused) = installs::splits(self.dockerfile, stage, model, self.input);
            for (index, why) in refused {
                let line = self.instruction(stage, index).line;
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

    /// Picks the splits that gain something: each must make the best order better than without it.
    fn choose(&self, original: &Model) -> Vec<usize> {
        let mut chosen: Vec<usize> = (0..self.splits.len()).collect();
        let mut seconds = self.arrange(original, &chosen).seconds;
        for candidate in 0..self.splits.len() {
            let without: Vec<usize> = chosen.iter().copied().filter(|at| *at != candidate).collect();
            let alone = self.arrange(original, &without).seconds;
            if alone <= seconds + least_gain(alone) {
                (chosen, seconds) = (without, alone);
            }
        }
        chosen
    }

    fn arrange(&self, original: &Model, chosen: &[usize]) -> Arranged {
        let mut model = original.clone();
        for at in chosen {
            let (stage, split) = &self.splits[*at];
            installs::apply(split, &mut model.stages[*stage]);
        }
        self.pin_skipped(&mut model);
        let edits = Edits::new(self.input.edits, &mut model);
        for stage in 0..model.stages.len() {
            if model.wanted[stage] {
                let order = best_order(&model, stage, &edits);
                apply(&mut model, stage, &order);
            }
        }
        forget_needless_destinations(&mut model, self.dockerfile);
        let dropped = if chosen.is_empty() { Vec::new() } else { self.drop_redundant(original, &mut model) };
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

    /// Leaves out a COPY whose files an earlier COPY has just put there, with nothing in between that writes them.
    fn drop_redundant(&self, original: &Model, model: &mut Model) -> Vec<(usize, usize)> {
        let mut dropped = Vec::new();
        for (stage, model) in model.stages.iter_mut().enumerate() {
            while let Some(at) =
                (0..model.items.len()).find(|at| self.is_redundant(original, stage, &model.items, *at))
            {
                let item = model.items.remove(at);
                dropped.extend(item.written().map(|index| (stage, index)));
            }
        }
        dropped
    }

    fn is_redundant(&self, original: &Model, stage: usize, items: &[Item], at: usize) -> bool {
        let Some(index) = items[at].written() else { return false };
        let instruction = self.instruction(stage, index);
        if self.skips(MoveKind::DropRedundant, instruction) {
            return false;
        }
        let placed = |index: usize| {
            let spec = local_copy(self.instruction(stage, index))?;
            let plain = spec.exclude.is_empty() && spec.heredocs.is_empty();
            let scope = &original.stages[stage].scopes[index];
            plain.then(|| placements(spec, scope, self.input.tree).map(|placed| (spec, placed))).flatten()
        };
        let Some((spec, own)) = placed(index) else { return false };
        // The nearest item that touches the same paths decides.
        let meets = |item: &Item| item.footprint.writes.overlaps(&items[at].footprint.writes);
        let Some(earlier) = items[..at].iter().rev().find(|item| meets(item)).and_then(Item::written) else {
            return false;
        };
        let Some((other, all)) = placed(earlier) else { return false };
        let same_manner = spec.chown == other.chown && spec.chmod == other.chmod && spec.link == other.link;
        let covers = |file: &super::footprint::Placement| {
            all.iter().any(|known| {
                let inner = file
                    .source
                    .strip_prefix(&known.source)
                    .filter(|rest| rest.is_empty() || rest.starts_with('/'));
                inner.is_some_and(|rest| format!("{}{rest}", known.dest) == file.dest)
            })
        };
        same_manner && !own.is_empty() && own.iter().all(covers)
    }

    fn describe(mut self, original: &Model, arranged: Arranged, chosen: &[usize]) -> Proposal {
        let mut numbered = original.clone();
        let edits = Edits::new(self.input.edits, &mut numbered);
        let before = numbered.expected_seconds(&edits);
        let mut proposal = Proposal::unchanged(self.dockerfile, before);
        let items: Vec<Vec<Item>> = arranged.model.stages.iter().map(|stage| stage.items.clone()).collect();
        let is_same = items
            .iter()
            .zip(&original.stages)
            .all(|(items, stage)| items.iter().map(Item::written).eq(stage.items.iter().map(Item::written)));
        proposal.refused = std::mem::take(&mut self.refused);
        if is_same {
            return proposal;
        }
        let rendered = render(self.dockerfile, &items);
        let teller =
            Teller { work: &self, original, arranged: &arranged, items: &items, lines: &rendered.lines };
        proposal.moves = teller.moves(chosen);
        proposal.text = rendered.text;
        proposal.expected_after = arranged.seconds;
        proposal
    }
}

/// Tells the moves between two arrangements.
struct Teller<'a> {
    work: &'a Work<'a>,
    original: &'a Model,
    arranged: &'a Arranged,
    items: &'a [Vec<Item>],
    lines: &'a [Vec<Range<usize>>],
}

impl Teller<'_> {
    fn moves(&self, chosen: &[usize]) -> Vec<Move> {
        let mut moves: Vec<Move> = chosen.iter().map(|at| self.split_move(*at, chosen)).collect();
        let told: Vec<(usize, usize)> =
            chosen.iter().map(|at| (self.work.splits[*at].0, self.work.splits[*at].1.run)).collect();
        for stage in 0..self.items.len() {
            for index in self.moved(stage, &told) {
                match chosen.iter().position(|at| self.goes_along(*at, stage, index)) {
                    Some(at) => {
                        let lines = self.old_lines(stage, index);
                        moves[at].before.push(lines);
                    }
                    None => moves.push(self.plain_move(stage, index)),
                }
            }
        }
        for (stage, index) in &self.arranged.dropped {
            moves.push(self.drop_move(*stage, *index));
        }
        moves.sort_by(|a, b| b.saves.total_cmp(&a.saves));
        moves
    }

    /// Tells whether an instruction moved only because the install step of a split needs it: a WORKDIR between the
    /// COPY and the step.
    fn goes_along(&self, split: usize, stage: usize, index: usize) -> bool {
        let (of, split) = &self.work.splits[split];
        let is_setting = !matches!(
            self.work.instruction(stage, index).kind,
            InstructionKind::Run(_) | InstructionKind::Copy(_) | InstructionKind::Add(_)
        );
        *of == stage && is_setting && split.copies[0] < index && index < split.run
    }

    fn old_lines(&self, stage: usize, index: usize) -> Range<usize> {
        let instruction = self.work.instruction(stage, index);
        instruction.line..instruction.end_line + 1
    }

    fn new_lines(&self, stage: usize, wanted: impl Fn(&Item) -> bool) -> Vec<Range<usize>> {
        let places = self.items[stage].iter().zip(&self.lines[stage]);
        places.filter(|(item, _)| wanted(item)).map(|(_, lines)| lines.start..lines.end + 1).collect()
    }

    fn split_move(&self, at: usize, chosen: &[usize]) -> Move {
        let (stage, split) = &self.work.splits[at];
        let without: Vec<usize> = chosen.iter().copied().filter(|other| *other != at).collect();
        let saves = self.work.arrange(self.original, &without).seconds - self.arranged.seconds;
        let instruction = self.work.instruction(*stage, split.run);
        let manifests = listed(&split.manifests);
        let but = if split.manifests.is_empty() { String::new() } else { format!(" but {manifests}") };
        let name = if split.manifests.is_empty() {
            format!("install {} packages before the sources are copied", split.ecosystem)
        } else {
            format!("copy {manifests} and install {} packages before the sources are copied", split.ecosystem)
        };
        let why_safe = format!(
            "`{}` reads nothing of what {}{but}, runs no script that needs more, and writes none of those files; the same files, owners and modes are there when it runs.",
            short(instruction),
            self.copied_at(*stage, &split.copies),
        );
        Move {
            id: MoveKind::ManifestsFirst.id(instruction.line),
            name,
            kind: MoveKind::ManifestsFirst,
            before: split.copies.iter().chain([&split.run]).map(|at| self.old_lines(*stage, *at)).collect(),
            after: self.new_lines(*stage, |item| split.owns(item) || item.written() == Some(split.run)),
            why_safe,
            saves,
        }
    }

    /// `line 3 copies`, `lines 3 and 5 copy`.
    fn copied_at(&self, stage: usize, copies: &[usize]) -> String {
        let lines: Vec<String> =
            copies.iter().map(|index| self.work.instruction(stage, *index).line.to_string()).collect();
        if lines.len() == 1 {
            format!("line {} copies", lines[0])
        } else {
            format!("lines {} copy", listed(&lines))
        }
    }

    /// The fewest instructions whose moving makes the new order of the old; installs already told of are left out.
    fn moved(&self, stage: usize, told: &[(usize, usize)]) -> Vec<usize> {
        let order: Vec<usize> = self.items[stage]
            .iter()
            .filter_map(Item::written)
            .filter(|index| !told.contains(&(stage, *index)))
            .collect();
        let stays = heaviest_rising(&order, |index| self.staying_weight(stage, index));
        order.into_iter().filter(|index| !stays.contains(index)).collect()
    }

    /// Which of two instructions that changed places is said to have stayed: a COPY rather than a RUN, a RUN
    /// rather than an ARG.
    fn staying_weight(&self, stage: usize, index: usize) -> usize {
        100 + match self.work.instruction(stage, index).kind {
            InstructionKind::Copy(_) | InstructionKind::Add(_) => 2,
            InstructionKind::Run(_) => 1,
            _ => 0,
        }
    }

    fn plain_move(&self, stage: usize, index: usize) -> Move {
        let instruction = self.work.instruction(stage, index);
        let order: Vec<usize> = self.items[stage].iter().filter_map(Item::written).collect();
        let at = order.iter().position(|known| *known == index).unwrap_or(0);
        let earlier = order[at..].iter().any(|later| *later < index);
        let kind = if earlier { MoveKind::StableEarlier } else { MoveKind::VolatileLater };
        let mut passed: Vec<usize> = if earlier {
            order[at..].iter().copied().filter(|other| *other < index).collect()
        } else {
            order[..at].iter().copied().filter(|other| *other > index).collect()
        };
        passed.sort_unstable();
        let lines: Vec<String> =
            passed.iter().map(|other| self.work.instruction(stage, *other).line.to_string()).collect();
        let direction = if earlier { "above" } else { "below" };
        let place = format!("line{} {}", if lines.len() == 1 { "" } else { "s" }, listed(&lines));
        Move {
            id: kind.id(instruction.line),
            name: format!("move `{}` {direction} {place}", short(instruction)),
            kind,
            before: vec![self.old_lines(stage, index)],
            after: self.new_lines(stage, |item| item.written() == Some(index)),
            why_safe: format!(
                "`{}` and {place} have nothing in common: neither writes a path, sets a variable or changes a setting that the other uses.",
                short(instruction)
            ),
            saves: self.saves_alone(stage, index),
        }
    }

    /// What the move of one item saves: the cost if it alone went back between its old neighbours.
    fn saves_alone(&self, stage: usize, index: usize) -> f64 {
        let mut model = self.arranged.model.clone();
        let items = &mut model.stages[stage].items;
        let Some(at) = items.iter().position(|item| item.written() == Some(index)) else { return 0.0 };
        let item = items.remove(at);
        let home = items
            .iter()
            .position(|other| other.written().is_some_and(|known| known > index))
            .unwrap_or(items.len());
        items.insert(home, item);
        (model.expected_seconds(&self.arranged.edits) - self.arranged.seconds).max(0.0)
    }

    fn drop_move(&self, stage: usize, index: usize) -> Move {
        let instruction = self.work.instruction(stage, index);
        Move {
            id: MoveKind::DropRedundant.id(instruction.line),
            name: format!("leave out `{}`", short(instruction)),
            kind: MoveKind::DropRedundant,
            before: vec![self.old_lines(stage, index)],
            after: Vec::new(),
            why_safe: format!(
                "an earlier COPY puts the same files in the same place, and nothing in between writes them: `{}` adds nothing.",
                short(instruction)
            ),
            saves: 0.0,
        }
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

/// The instruction's first words.
fn short(instruction: &Instruction) -> String {
    let text: String = instruction.original.chars().take(48).collect();
    if text.len() < instruction.original.len() { format!("{}…", text.trim_end()) } else { text }
}

/// `a, b and c`, with a count where there are many.
fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [names @ .., last] if names.len() < 4 => format!("{} and {last}", names.join(", ")),
        [first, second, third, rest @ ..] => format!("{first}, {second}, {third} and {} more", rest.len()),
        [..] => String::new(),
    }
}

/// The heaviest rising part of an order; among equals the one that ends earliest.
fn heaviest_rising(order: &[usize], weight: impl Fn(usize) -> usize) -> Vec<usize> {
    let mut best: Vec<(usize, Option<usize>)> = Vec::new();
    for (at, value) in order.iter().enumerate() {
        let before = (0..at)
            .filter(|left| order[*left] < *value)
            .max_by_key(|left| (best[*left].0, std::cmp::Reverse(*left)));
        best.push((before.map_or(0, |left| best[left].0) + weight(*value), before));
    }
    let mut at = (0..order.len()).max_by_key(|at| (best[*at].0, std::cmp::Reverse(*at)));
    let mut rising = Vec::new();
    while let Some(place) = at {
        rising.push(order[place]);
        at = best[place].1;
    }
    rising
}
