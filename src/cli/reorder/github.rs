//! A proposal as workflow commands, which GitHub shows beside the lines of a pull request.
//!
//! The form is that of "Workflow commands for GitHub Actions": `::warning file=…,line=…,endLine=…,title=…::text`,
//! with `%`, line breaks and, in properties, `:` and `,` escaped.

use std::fmt::Write as _;

use crate::cli::output::safe;
use crate::reorder::Proposal;

/// One warning a change, one notice an offer.
pub(super) fn render(proposal: &Proposal, name: &str) -> String {
    let mut out = String::new();
    let mut say = |level: &str, lines: (usize, usize), title: &str, text: &str| {
        let (first, last) = lines;
        let _ = writeln!(
            out,
            "::{level} file={},line={first},endLine={last},title={}::{}",
            property(name),
            property(&format!("layerlab: {title}")),
            data(text)
        );
    };
    for made in &proposal.moves {
        let lines = made.before.last().map_or((1, 1), |lines| (lines.start, lines.end.max(2) - 1));
        let saves = if made.saves > 0.05 {
            format!("Saves {:.1} s of an expected rebuild. ", made.saves)
        } else {
            String::new()
        };
        let text = format!("{saves}{} (layerlab reorder --write makes it, id {})", made.why_safe, made.id);
        say("warning", lines, &made.name, &text);
    }
    for taken in &proposal.taken {
        let lines = (taken.lines.start, taken.lines.end.max(2) - 1);
        let text = format!("{} (layerlab reorder --take {} --write makes it)", taken.changes, taken.id);
        say("warning", lines, &taken.name, &text);
    }
    for offer in &proposal.offered {
        let lines = (offer.lines.start, offer.lines.end.max(2) - 1);
        let how = format!("{} (layerlab reorder --take {} --write makes it)", offer.changes, offer.id);
        say("notice", lines, &offer.name, if offer.is_whole() { &how } else { &offer.changes });
    }
    if let Some(ignore) = &proposal.ignore {
        let patterns: Vec<&str> = ignore.add.iter().map(|line| line.pattern.as_str()).collect();
        say("notice", (1, 1), "add lines to the ignore file", &patterns.join(", "));
    }
    out
}

fn data(text: &str) -> String {
    safe(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
