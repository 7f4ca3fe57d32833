//! Manifests bound into an install step in place of the COPYs that were added for it.

use super::Found;
use super::flags::put_flags;
use super::sheet::{Bound, Sheet};
use crate::dockerfile::ast::InstructionKind;
use crate::reorder::MoveKind;
use crate::reorder::manifests::is_frozen;
use crate::reorder::rewrite::edited::Edit;

/// Most manifests that are bound: more are easier to read in COPYs.
const MOST: usize = 8;

/// Finds the install steps whose manifests could be bound.
pub(super) fn find(sheet: &Sheet<'_>) -> Vec<Found> {
    if sheet.draft.dockerfile.escape != '\\' || !sheet.knows((1, 2)) {
        return Vec::new();
    }
    sheet.bound.iter().filter_map(|bound| one(sheet, bound)).collect()
}

fn one(sheet: &Sheet<'_>, bound: &Bound) -> Option<Found> {
    let stages = sheet.draft.dockerfile.stages.iter().enumerate();
    let (stage, index, own) = stages
        .flat_map(|(stage, all)| {
            all.instructions.iter().enumerate().map(move |(index, own)| (stage, index, own))
        })
        .find(|(_, _, own)| own.span == bound.run)?;
    let InstructionKind::Run(run) = &own.kind else { return None };
    let is_file = |path: &String| sheet.input.tree.get(path).is_some_and(|entry| !entry.is_dir());
    let is_plain = |path: &String| {
        !path.is_empty() && !path.contains(|c: char| c.is_whitespace() || ",\"'$\\".contains(c))
    };
    let all_fit = bound.files.iter().all(|(from, to)| is_file(from) && is_plain(from) && is_plain(to));
    // What is bound cannot be written to: only a command that promises not to.
    let script = sheet.script(stage, index, run);
    let writes_none = script.commands.iter().all(|command| is_frozen(&command.words));
    let is_root = sheet.scope(stage, index).user.is_none();
    if !all_fit || !writes_none || !is_root || bound.files.is_empty() || bound.files.len() > MOST {
        return None;
    }
    let flags = bound.files.iter().map(|(from, to)| format!("--mount=type=bind,source={from},target={to}"));
    let mut edits: Vec<Edit> = bound
        .copies
        .iter()
        .map(|copy| Edit::remove(whole_lines(&sheet.draft.dockerfile.text, copy)))
        .collect();
    let flags: Vec<String> = flags.collect();
    edits.push(put_flags(own, sheet.text(own), &flags, &sheet.draft));
    edits.sort_by_key(|edit| edit.span.start);
    Some(Found {
        kind: MoveKind::BindMount,
        at: (stage, index),
        name: "bind the manifests into the install step in place of copying them".to_owned(),
        changes: "the layers of those COPYs are not made; the manifests can only be read while the step runs, with the modes that they have in the context".to_owned(),
        edits,
        differs: Vec::new(),
    })
}

/// A span with the line break after it.
fn whole_lines(text: &str, span: &std::ops::Range<usize>) -> std::ops::Range<usize> {
    let end = text[span.end..].find('\n').map_or(text.len(), |end| span.end + end + 1);
    span.start..end
}
