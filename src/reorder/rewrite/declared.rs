//! Figures that a comment declares of a RUN (`# layerlab: seconds=40 bytes=12MB`), shared among the parts it becomes.

use crate::declare::{Declaration, read};
use crate::dockerfile::ast::{Instruction, Span};

/// The edits, rising, after which each part declares its share of what the first of the replaced instructions
/// declares; none where nothing is declared. `None` where that cannot be: what a RUN reads and writes as a whole says
/// nothing of its parts.
///
/// The comments stand above the first part and are at the same place in both texts.
pub(super) fn share(
    text: &str,
    first: &Instruction,
    parts: &[Instruction],
    shares: &[f64],
    newline: &str,
) -> Option<Vec<(Span, String)>> {
    let Ok(Some(declared)) = read(text, &first.comments) else { return Some(Vec::new()) };
    let Declaration { seconds, bytes, .. } = declared;
    let of_whole = declared.reads.is_some() || declared.writes.is_some() || declared.deterministic.is_some();
    if of_whole && parts.len() > 1 {
        return None;
    }
    let mut edits = Vec::new();
    let figures = |share: f64| {
        let seconds = seconds.map(|whole| ("seconds", rounded(whole * share, 10.0)));
        let bytes = bytes.map(|whole| ("bytes", rounded(whole as f64 * share, 1.0)));
        seconds.into_iter().chain(bytes).collect::<Vec<_>>()
    };
    for comment in &first.comments {
        let line = text.get(comment.span.clone())?;
        for (key, value) in figures(*shares.first()?) {
            let mark = format!("{key}=");
            let Some(at) = line.contains("layerlab:").then(|| line.find(&mark)).flatten() else { continue };
            let start = comment.span.start + at + mark.len();
            let rest = &text[start..comment.span.end];
            let end = start + rest.find(char::is_whitespace).unwrap_or(rest.len());
            edits.push((start..end, value));
        }
    }
    edits.sort_by_key(|(span, _)| span.start);
    for (part, share) in parts.iter().zip(shares).skip(1) {
        let pairs: Vec<String> =
            figures(*share).iter().map(|(key, value)| format!("{key}={value}")).collect();
        if !pairs.is_empty() {
            edits.push((
                part.span.start..part.span.start,
                format!("# layerlab: {}{newline}", pairs.join(" ")),
            ));
        }
    }
    Some(edits)
}

/// A figure rounded to a part of one, without needless zeros.
fn rounded(value: f64, parts: f64) -> String {
    ((value * parts).round() / parts).to_string()
}
