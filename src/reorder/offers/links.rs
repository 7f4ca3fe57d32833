//! COPY --link: a COPY that is made again only because a step before it was.

use super::Found;
use super::sheet::Sheet;
use crate::dockerfile::ast::InstructionKind;
use crate::reorder::MoveKind;
use crate::reorder::rewrite::edited::Edit;
use crate::shell::PathPattern;

/// Directories that are symbolic links in common images: a linked COPY would put a directory in their place.
const LINKS: [&str; 8] = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/var/run", "/var/lock"];

/// Finds whether a COPY could be linked.
pub(super) fn find(sheet: &Sheet<'_>, stage: usize, index: usize) -> Option<Found> {
    let own = &sheet.instructions(stage)[index];
    let InstructionKind::Copy(copy) = &own.kind else { return None };
    let spec = &copy.spec;
    let is_numeric = |owner: &String| owner.chars().all(|c| c.is_ascii_digit() || c == ':');
    let is_plain = !spec.link
        && spec.chmod.is_none()
        && spec.chown.as_ref().is_none_or(is_numeric)
        && spec.dest.starts_with('/')
        && !copy.parents;
    if !is_plain || stage != sheet.model.target || !sheet.knows((1, 4)) {
        return None;
    }
    let dest = sheet.scope(stage, index).path(&spec.dest)?;
    let is_linked = LINKS.iter().any(|link| crate::context::path::is_within(&dest, link));
    if dest == "/" || is_linked || makes_links(sheet, stage, index, &dest) {
        return None;
    }
    Some(Found {
        kind: MoveKind::LinkCopy,
        at: (stage, index),
        name: "let the COPY not depend on what stands before it".to_owned(),
        changes: "with --link the destination is made anew: a symbolic link on the way to it is not followed, and a directory that is there gets the mode and owner of the copied one. Needs BuildKit of Docker 23 or later, or `# syntax=docker/dockerfile:1` at the top".to_owned(),
        edits: vec![Edit::insert(own.span.start + "COPY".len(), " --link".to_owned())],
        differs: Vec::new(),
    })
}

/// Tells whether a step before may have put a symbolic link on the way to a place.
fn makes_links(sheet: &Sheet<'_>, stage: usize, index: usize, dest: &str) -> bool {
    let mut at = Some(stage);
    let mut end = index;
    while let Some(own) = at {
        let makes = sheet.runs(own).filter(|(index, ..)| *index < end).any(|(index, ..)| {
            let way = PathPattern::tree(format!("/{}", dest.split('/').nth(1).unwrap_or_default()));
            let calls = sheet.calls(own, index);
            let links = calls.iter().filter(|call| call.program == "ln");
            links.map(|call| sheet.writes_of(own, index, call)).any(|writes| {
                writes.patterns().is_empty() || writes.patterns().iter().any(|pattern| pattern.overlaps(&way))
            })
        });
        if makes {
            return true;
        }
        at = sheet.stage(own).base;
        end = usize::MAX;
    }
    false
}
