//! What would be better but changes more than the order: made where it is asked for, else offered; told in words where
//! it cannot be written whole.

mod advice;
mod binds;
mod caches;
mod chef;
mod flags;
mod links;
mod mounts;
pub(super) mod sheet;
mod taking;

use similar::{DiffTag, TextDiff};

use super::moves::Attempt;
use super::rewrite::{self, edited::Edit};
use super::search::least_gain;
use super::{Move, MoveKind, Offer, Refusal, Taken, TextEdit};
use crate::dockerfile::ast::InstructionKind;
use sheet::Sheet;

pub(super) use taking::{complete, rewrites};

/// The smallest share of the expected seconds that a step has to make for an advice to be worth reading.
const WORTH_READING: f64 = 0.05;

/// A change that could be made; an advice has no edits.
#[derive(Debug, Clone)]
struct Found {
    kind: MoveKind,
    /// Stage and number of the instruction that it is named by.
    at: (usize, usize),
    /// As a short imperative.
    name: String,
    changes: String,
    edits: Vec<Edit>,
    /// Paths of the image that may differ.
    differs: Vec<String>,
}

/// A change with what it would save.
struct Priced<'a> {
    found: Found,
    saves: Option<f64>,
    /// The Dockerfile with it; none for an advice.
    after: Option<Sheet<'a>>,
}

/// Finds what could be made in a Dockerfile, and what can be advised; with `must_gain` only what gains enough. Tells
/// besides what keeps steps that make a good part of a rebuild from a cache mount.
fn find<'a>(sheet: &Sheet<'a>, must_gain: bool) -> (Vec<Priced<'a>>, Vec<Refusal>) {
    let worth = worth(sheet);
    let (mut found, mut refused) = (Vec::new(), Vec::new());
    for stage in (0..sheet.model.stages.len()).filter(|stage| sheet.model.wanted[*stage]) {
        for mount in mounts::find(sheet, stage) {
            match mount {
                Ok(one) => found.extend(priced(sheet, one, must_gain)),
                Err(stop) if sheet.each[stop.at.0][stop.at.1] >= worth => refused.push(stop.told(sheet)),
                Err(_) => {}
            }
        }
        match chef::find(sheet, stage, worth) {
            Some(chef::Chef::Offer(one)) => found.extend(priced(sheet, one, must_gain)),
            Some(chef::Chef::Advice(one)) => found.push(Priced { found: one, saves: None, after: None }),
            None => {}
        }
        for index in 0..sheet.instructions(stage).len() {
            let link = links::find(sheet, stage, index);
            found.extend(link.and_then(|found| priced(sheet, found, must_gain)));
            if sheet.each[stage][index] >= worth {
                found.extend(advice::multi_stage(sheet, stage, index).map(advised));
                found.extend(advice::compiler_cache(sheet, stage, index).map(advised));
            }
            found.extend(advice::volatile_base(sheet, stage, index, worth).map(advised));
        }
        found.extend(advice::parallel_stage(sheet, stage).map(advised));
    }
    found.extend(binds::find(sheet).into_iter().filter_map(|found| priced(sheet, found, false)));
    (found, refused)
}

fn worth(sheet: &Sheet<'_>) -> f64 {
    (sheet.seconds * WORTH_READING).max(1.0)
}

fn advised<'a>((found, saves): advice::Advice) -> Priced<'a> {
    Priced { found, saves, after: None }
}

/// Works out what a change would save; `None` where it cannot be made, or `must_gain` and gains too little: a cache
/// mount saves little on average, as installs seldom run, and much when they do.
fn priced<'a>(sheet: &Sheet<'a>, found: Found, must_gain: bool) -> Option<Priced<'a>> {
    let after = sheet.with(&found.edits)?;
    // A flag in a step, and no more: whatever is taken out of it must not reach into the next one.
    if found.kind == MoveKind::CacheMount && kinds(&after) != kinds(sheet) {
        return None;
    }
    let saves = sheet.seconds - after.seconds;
    let least = least_gain(sheet.seconds);
    let enough = match found.kind {
        _ if !must_gain => true,
        MoveKind::CacheMount => saves >= least || (saves > 0.2 && sheet.takes(&found.edits) >= worth(sheet)),
        _ => saves >= least,
    };
    enough.then_some(Priced { found, saves: Some(saves.max(0.0)), after: Some(after) })
}

/// The instructions by their kinds, stage by stage.
fn kinds(sheet: &Sheet<'_>) -> Vec<Vec<std::mem::Discriminant<InstructionKind>>> {
    let stages = (0..sheet.model.stages.len()).map(|stage| sheet.instructions(stage));
    stages.map(|all| all.iter().map(|own| std::mem::discriminant(&own.kind)).collect()).collect()
}

/// The changes as they are told, each with an id of its own, which none of what is made and taken has.
fn named(sheet: &Sheet<'_>, all: &[Priced<'_>], moves: &[Move], taken: &[Taken]) -> Vec<Offer> {
    let mut offers: Vec<Offer> = Vec::new();
    for one in all {
        let (stage, index) = one.found.at;
        let own = &sheet.instructions(stage)[index];
        let (line, part) = (sheet.draft.line(own.line), sheet.draft.part(own));
        let mut ids = (part..).map(|part| one.found.kind.id(line, part));
        let is_free = |id: &String| {
            offers.iter().all(|other| other.id != *id)
                && moves.iter().all(|other| other.id != *id)
                && taken.iter().all(|other| other.id != *id)
        };
        let id = ids.find(is_free).unwrap_or_default();
        let old = &*sheet.draft.dockerfile.text;
        let text = one.after.as_ref().map(|after| new_lines(old, &after.draft.dockerfile.text));
        let edits = one.found.edits.iter();
        offers.push(Offer {
            id,
            name: one.found.name.clone(),
            kind: one.found.kind,
            lines: sheet.draft.lines_of(own),
            changes: one.found.changes.clone(),
            text: text.unwrap_or_default(),
            edits: edits.map(|edit| TextEdit { span: edit.span.clone(), text: edit.text.clone() }).collect(),
            differs: one.found.differs.clone(),
            saves: one.saves,
        });
    }
    offers
}

/// The lines of a text that the old one does not have, in their order.
fn new_lines(old: &str, new: &str) -> String {
    let lines = line_edits(old, new).into_iter().map(|edit| edit.text);
    lines.collect::<String>().trim_end().to_owned()
}

/// The edits that make a new text of an old one, line by line.
fn line_edits(old: &str, new: &str) -> Vec<TextEdit> {
    let diff = TextDiff::from_lines(old, new);
    let place = |text: &str, lines: std::ops::Range<usize>| {
        let ends: Vec<usize> = std::iter::once(0)
            .chain(text.split_inclusive('\n').scan(0, |at, line| {
                *at += line.len();
                Some(*at)
            }))
            .collect();
        ends[lines.start]..ends[lines.end]
    };
    let changed = diff.ops().iter().filter(|op| op.tag() != DiffTag::Equal);
    changed
        .map(|op| TextEdit {
            span: place(old, op.old_range()),
            text: new[place(new, op.new_range())].to_owned(),
        })
        .collect()
}

/// What a rewrite would gain once all is ordered, if it is enough.
fn gain(attempt: &Attempt<'_>, rewrite: &rewrite::Rewrite) -> Option<f64> {
    let draft = attempt.draft.rewritten(rewrite)?;
    let reach = std::rc::Rc::clone(&attempt.original.reach);
    let model = super::model::Model::again(&draft, attempt.input, reach);
    let other = Attempt::new(draft, model, attempt.input);
    let saves = attempt.arranged.seconds - other.arranged.seconds;
    (saves >= least_gain(attempt.arranged.seconds)).then_some(saves)
}
