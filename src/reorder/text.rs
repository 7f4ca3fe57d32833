//! A stage's items back to Dockerfile text: what does not move keeps every byte.

use std::ops::Range;

use super::installs::copy_text;
use super::model::{Item, Source};
use crate::dockerfile::ast::{Dockerfile, Instruction, Stage};

/// The text of a Dockerfile with its stages in new orders, and where each item came to stand.
pub(super) struct Rendered {
    pub(super) text: String,
    /// For each stage and each of its items, in their order: lines from 1, the last one included.
    pub(super) lines: Vec<Vec<Range<usize>>>,
}

/// The lines of an instruction: what stands above it since the one before, and itself with its comments.
struct Block<'a> {
    gap: &'a str,
    body: &'a str,
}

/// Writes a Dockerfile whose stages hold these items.
pub(super) fn render(dockerfile: &Dockerfile, stages: &[Vec<Item>]) -> Rendered {
    let text = &*dockerfile.text;
    let mut out = String::new();
    let mut lines = Vec::new();
    let mut at = 0;
    for (stage, items) in dockerfile.stages.iter().zip(stages) {
        let start = line_end(text, stage.span.end);
        out.push_str(&text[at..start]);
        at = stage.instructions.last().map_or(start, |last| line_end(text, last.span.end));
        lines.push(write_stage(&mut out, text, stage, items, start));
    }
    out.push_str(&text[at..]);
    Rendered { text: out, lines }
}

fn write_stage(
    out: &mut String,
    text: &str,
    stage: &Stage,
    items: &[Item],
    start: usize,
) -> Vec<Range<usize>> {
    let blocks = blocks(text, stage, start);
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut lines = Vec::new();
    let mut takes_gap = true;
    for (at, item) in items.iter().enumerate() {
        if !out.is_empty() && !out.ends_with('\n') {
            out.push_str(newline);
        }
        match &item.source {
            Source::Written(index) => {
                let block = &blocks[*index];
                // An install stands right below the manifests that were added for it, unless comments stand between.
                let is_set_off = takes_gap || block.body.trim_start().starts_with('#');
                if takes_gap && block.gap.is_empty() {
                    out.push_str(gap_left_behind(&items[..at], *index, &blocks));
                } else if is_set_off || !block.gap.trim().is_empty() {
                    out.push_str(block.gap);
                }
                takes_gap = true;
                let instruction = &stage.instructions[*index];
                match item
                    .absolute
                    .as_deref()
                    .and_then(|dest| with_destination(block.body, instruction, dest))
                {
                    Some(body) => lines.push(write(out, &body)),
                    None => lines.push(write(out, block.body)),
                }
            }
            Source::Added { spec, .. } => {
                // The first of added lines takes the blank lines of what it is put before; an install step that
                // follows stands right below them.
                let displaced = items[at..].iter().filter_map(Item::written).min();
                let gap = displaced.map_or("", |index| blocks[index].gap);
                if takes_gap && gap.trim().is_empty() {
                    out.push_str(gap);
                }
                takes_gap = false;
                lines.push(write(out, &format!("{}{newline}", copy_text(spec))));
            }
        }
    }
    lines
}

/// The blank lines that set an instruction off without any of its own: those above what stood between it and the one
/// that it follows as it did before, if all of that has moved away, and those above the one that has passed it.
fn gap_left_behind<'a>(before: &[Item], index: usize, blocks: &[Block<'a>]) -> &'a str {
    let follows = before.iter().rev().find_map(Item::written);
    let first = follows.map_or(0, |known| known + 1);
    let stays = |known: usize| before.iter().any(|item| item.written() == Some(known));
    let gap = if first > index {
        follows.map(|passed| blocks[passed].gap)
    } else if (first..index).any(stays) {
        None
    } else {
        blocks[first..index].iter().map(|block| block.gap).find(|gap| !gap.is_empty())
    };
    gap.filter(|gap| gap.trim().is_empty()).unwrap_or("")
}

/// Puts another destination into a COPY: its last word.
fn with_destination(body: &str, instruction: &Instruction, dest: &str) -> Option<String> {
    let spec = super::installs::local_copy(instruction)?;
    let end = body.trim_end().len();
    let start = body[..end].strip_suffix(spec.dest.as_str())?.len();
    body[..start].ends_with(char::is_whitespace).then(|| format!("{}{dest}{}", &body[..start], &body[end..]))
}

fn write(out: &mut String, body: &str) -> Range<usize> {
    let first = out.matches('\n').count() + 1;
    out.push_str(body);
    first..first + body.trim_end_matches(['\r', '\n']).matches('\n').count()
}

/// Cuts a stage's text after its FROM into blocks, one an instruction.
fn blocks<'a>(text: &'a str, stage: &Stage, start: usize) -> Vec<Block<'a>> {
    let mut at = start;
    stage
        .instructions
        .iter()
        .map(|instruction| {
            let first =
                instruction.comments.first().map_or(instruction.span.start, |comment| comment.span.start);
            let first = text[..first].rfind('\n').map_or(0, |end| end + 1).max(at);
            let end = line_end(text, instruction.span.end);
            let block = Block { gap: &text[at..first], body: &text[first..end] };
            at = end;
            block
        })
        .collect()
}

/// The end of the line that holds a place, its line break included.
fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |end| at + end + 1)
}
