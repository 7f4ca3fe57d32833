//! What is said of each change.

mod gains;

use std::ops::Range;

use super::drops::Dropped;
use super::installs::Split;
use super::model::Item;
use super::moves::{Attempt, Made};
use super::{Move, MoveKind};
use crate::dockerfile::ast::{Instruction, InstructionKind};

/// Tells the moves between two arrangements.
pub(super) struct Teller<'a> {
    pub(super) work: &'a Attempt<'a>,
    pub(super) items: &'a [Vec<Item>],
    /// Lines of the new text, item by item.
    pub(super) lines: &'a [Vec<Range<usize>>],
}

impl Teller<'_> {
    /// Tells the moves and the rewrites that were made, where a rebuild was expected to take this long before.
    pub(super) fn moves(&self, made: &[Made], before: f64) -> Vec<Move> {
        let chosen = &self.work.chosen;
        let mut moves: Vec<Move> = chosen.iter().map(|at| self.split_move(*at)).collect();
        let told: Vec<(usize, usize)> =
            chosen.iter().map(|at| (self.work.splits[*at].0, self.work.splits[*at].1.run)).collect();
        for stage in 0..self.items.len() {
            let mut alone: Vec<(usize, Move)> = Vec::new();
            for index in self.moved(stage, &told) {
                match chosen.iter().position(|at| self.goes_along(*at, stage, index)) {
                    Some(at) => {
                        let lines = self.old_lines(stage, index);
                        if !moves[at].before.contains(&lines) {
                            moves[at].before.push(lines);
                        }
                    }
                    None => alone.push((index, self.plain_move(stage, index))),
                }
            }
            self.share(stage, &mut alone);
            moves.extend(alone.into_iter().map(|(_, made)| made));
        }
        moves.extend(self.work.arranged.dropped.iter().map(|dropped| self.drop_move(*dropped)));
        moves.extend(made.iter().filter(|made| made.proven).map(|made| self.rewrite_move(made)));
        gains::tell_once(&mut moves, before - self.work.arranged.seconds);
        moves.sort_by(|a, b| b.saves.total_cmp(&a.saves));
        moves
    }

    /// Tells whether an instruction moved only because the install step of a split needs it, as a WORKDIR between the
    /// COPY and the step does, or is a COPY that the step passed and nothing else but such settings did.
    fn goes_along(&self, split: usize, stage: usize, index: usize) -> bool {
        let (of, split) = &self.work.splits[split];
        let between = |index: usize| split.copies[0] < index && index < split.run;
        let is_passed = || {
            split.copies.contains(&index)
                && self
                    .passed(stage, index, false)
                    .iter()
                    .all(|other| self.is_setting(stage, *other) && between(*other))
        };
        *of == stage && (self.is_setting(stage, index) && between(index) || is_passed())
    }

    fn is_setting(&self, stage: usize, index: usize) -> bool {
        !matches!(
            self.work.instruction(stage, index).kind,
            InstructionKind::Run(_) | InstructionKind::Copy(_) | InstructionKind::Add(_)
        )
    }

    /// The splits of a stage whose install step passed this COPY.
    fn passed_by(&self, stage: usize, index: usize) -> impl Iterator<Item = &Split> {
        let chosen = self.work.chosen.iter().map(|at| &self.work.splits[*at]);
        chosen
            .filter(move |(of, split)| *of == stage && split.copies.contains(&index))
            .map(|(_, split)| split)
    }

    /// What an instruction changed places with, rising: what it went above, or what it went below. An install step
    /// that has been told to have passed it is left out.
    fn passed(&self, stage: usize, index: usize, earlier: bool) -> Vec<usize> {
        let order: Vec<usize> = self.items[stage].iter().filter_map(Item::written).collect();
        let at = order.iter().position(|known| *known == index).unwrap_or(0);
        let others = if earlier { &order[at..] } else { &order[..at] };
        let is_told = |other: usize| self.passed_by(stage, index).any(|split| split.run == other);
        let crossed = |other: &usize| if earlier { *other < index } else { *other > index };
        let mut passed: Vec<usize> =
            others.iter().copied().filter(|other| crossed(other) && !is_told(*other)).collect();
        passed.sort_unstable();
        passed
    }

    fn old_lines(&self, stage: usize, index: usize) -> Range<usize> {
        self.work.draft.lines_of(self.work.instruction(stage, index))
    }

    fn old_line(&self, stage: usize, index: usize) -> usize {
        self.work.draft.line(self.work.instruction(stage, index).line)
    }

    fn rewrite_move(&self, made: &Made) -> Move {
        let mut after = Vec::new();
        for stage in 0..self.items.len() {
            after.extend(self.new_lines(stage, |item| {
                item.written().is_some_and(|index| made.lines.contains(&self.old_line(stage, index)))
            }));
        }
        Move {
            id: made.id.clone(),
            name: made.name.clone(),
            kind: made.kind,
            before: vec![made.lines.clone()],
            after,
            why_safe: format!("{}.", made.why),
            saves: made.saves,
        }
    }

    fn new_lines(&self, stage: usize, wanted: impl Fn(&Item) -> bool) -> Vec<Range<usize>> {
        let places = self.items[stage].iter().zip(&self.lines[stage]);
        places.filter(|(item, _)| wanted(item)).map(|(_, lines)| lines.start..lines.end + 1).collect()
    }

    fn split_move(&self, at: usize) -> Move {
        let (stage, split) = &self.work.splits[at];
        let without: Vec<usize> = self.work.chosen.iter().copied().filter(|other| *other != at).collect();
        let saves = self.work.arrange(&without).seconds - self.work.arranged.seconds;
        let instruction = self.work.instruction(*stage, split.run);
        let added = self.items[*stage].iter().filter(|item| split.owns(item));
        let added: Vec<String> = added.flat_map(Item::added_sources).cloned().collect();
        let order: Vec<usize> = self.items[*stage].iter().filter_map(Item::written).collect();
        let place = |index: &usize| order.iter().position(|known| known == index);
        let is_passed = |copy: &usize| place(copy) > place(&split.run) || place(copy).is_none();
        let passed: Vec<usize> = split.copies.iter().copied().filter(is_passed).collect();
        let manifests = split.brought_by(&passed);
        let but = if manifests.is_empty() { String::new() } else { format!(" but {}", listed(&manifests)) };
        let install = installed(&split.ecosystem);
        let name = if added.is_empty() {
            format!("install {install} before the sources are copied")
        } else {
            format!("copy {} and install {install} before the sources are copied", listed(&added))
        };
        let why_safe = format!(
            "`{}` reads nothing of what {}{but}, runs no script that needs more, and writes none of those files; the same files, owners and modes are there when it runs.",
            short(instruction),
            self.copied_at(*stage, &passed),
        );
        Move {
            id: self.work.draft.id(MoveKind::ManifestsFirst, instruction),
            name,
            kind: MoveKind::ManifestsFirst,
            before: passed.iter().chain([&split.run]).map(|at| self.old_lines(*stage, *at)).collect(),
            after: self.new_lines(*stage, |item| split.owns(item) || item.written() == Some(split.run)),
            why_safe,
            saves,
        }
    }

    /// `line 3 copies`, `lines 3 and 5 copy`.
    fn copied_at(&self, stage: usize, copies: &[usize]) -> String {
        let lines: Vec<String> =
            copies.iter().map(|index| self.old_line(stage, *index).to_string()).collect();
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
        // Against what stayed: two that moved tell nothing of each other.
        let moved = self.moved(stage, &[]);
        let stayed = |other: &&usize| !moved.contains(other);
        let above = order[at..].iter().filter(stayed).filter(|later| **later < index).count();
        let below = order[..at].iter().filter(stayed).filter(|before| **before > index).count();
        let earlier = above > 0 || (below == 0 && order[at..].iter().any(|later| *later < index));
        let kind = if earlier { MoveKind::StableEarlier } else { MoveKind::VolatileLater };
        let mut lines: Vec<String> = self
            .passed(stage, index, earlier)
            .iter()
            .map(|other| self.old_line(stage, *other).to_string())
            .collect();
        lines.dedup();
        // What an install step gains above a COPY is told with the step.
        let is_told = self.passed_by(stage, index).any(|split| order[..at].contains(&split.run));
        let saves = if is_told { 0.0 } else { self.saves_alone(stage, index) };
        let direction = if earlier { "above" } else { "below" };
        let place = format!("line{} {}", if lines.len() == 1 { "" } else { "s" }, listed(&lines));
        Move {
            id: self.work.draft.id(kind, instruction),
            name: format!("move `{}` {direction} {place}", short(instruction)),
            kind,
            before: vec![self.old_lines(stage, index)],
            after: self.new_lines(stage, |item| item.written() == Some(index)),
            why_safe: format!(
                "`{}` and {place} have nothing in common: neither writes a path, sets a variable or changes a setting that the other uses.",
                short(instruction)
            ),
            saves,
        }
    }

    /// Shares what the moves of a kind save together: each of several ARGs would alone bring back all of it.
    fn share(&self, stage: usize, moves: &mut [(usize, Move)]) {
        for kind in [MoveKind::StableEarlier, MoveKind::VolatileLater] {
            let gains = |made: &Move| made.kind == kind && made.saves > 0.0;
            let own: Vec<usize> =
                moves.iter().filter(|(_, made)| gains(made)).map(|(index, _)| *index).collect();
            let sum: f64 = moves.iter().filter(|(_, made)| gains(made)).map(|(_, made)| made.saves).sum();
            if own.len() < 2 {
                continue;
            }
            let together = self.saves_together(stage, &own);
            for (_, made) in moves.iter_mut().filter(|(_, made)| gains(made)) {
                made.saves *= (together / sum).min(1.0);
            }
        }
    }

    /// What the move of one item saves: the cost if it alone went back between its old neighbours.
    fn saves_alone(&self, stage: usize, index: usize) -> f64 {
        self.saves_together(stage, &[index])
    }

    /// What the moves of items, rising, save: the cost if they went back between their old neighbours.
    fn saves_together(&self, stage: usize, own: &[usize]) -> f64 {
        let mut model = self.work.arranged.model.clone();
        let items = &mut model.stages[stage].items;
        let mut sorted = own.to_vec();
        sorted.sort_unstable();
        for index in sorted {
            let Some(at) = items.iter().position(|item| item.written() == Some(index)) else { return 0.0 };
            let item = items.remove(at);
            let home = items
                .iter()
                .position(|other| other.written().is_some_and(|known| known > index))
                .unwrap_or(items.len());
            items.insert(home, item);
        }
        (model.expected_seconds(&self.work.arranged.edits) - self.work.arranged.seconds).max(0.0)
    }

    fn drop_move(&self, dropped: Dropped) -> Move {
        let Dropped { stage, index, is_overwritten } = dropped;
        let instruction = self.work.instruction(stage, index);
        let why = if is_overwritten {
            "the COPY right after it puts the same files in the same place"
        } else {
            "an earlier COPY puts the same files in the same place, and nothing in between writes them"
        };
        Move {
            id: self.work.draft.id(MoveKind::DropRedundant, instruction),
            name: format!("leave out `{}`", short(instruction)),
            kind: MoveKind::DropRedundant,
            before: vec![self.old_lines(stage, index)],
            after: Vec::new(),
            why_safe: format!("{why}: `{}` adds nothing.", short(instruction)),
            saves: 0.0,
        }
    }
}

/// What an install step of an ecosystem installs.
fn installed(ecosystem: &str) -> String {
    match ecosystem {
        "Go modules" => ecosystem.to_owned(),
        "Maven" | "Gradle" => format!("{ecosystem}'s dependencies"),
        _ => format!("{ecosystem} packages"),
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
