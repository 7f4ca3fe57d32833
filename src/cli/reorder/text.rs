//! A proposal for people.

use std::fmt::Write as _;

use similar::TextDiff;

use super::Proposed;
use crate::cli::output::{safe, safe_lines};
use crate::reorder::{IgnoreProposal, Move, MoveKind, Offer, Proposal, Taken};

/// The change as a unified diff; empty where nothing changes.
pub(super) fn diff(old: &str, new: &str, name: &str) -> String {
    let title = |side: &str| format!("{name}{side}");
    TextDiff::from_lines(old, new)
        .unified_diff()
        .context_radius(3)
        .header(&title(""), &title(" (reordered)"))
        .to_string()
}

/// The whole answer: the verdict, the diff, each change with its reason and gain, offers, what was left alone.
pub(super) fn render(proposed: &Proposed, old: &str, name: &str) -> String {
    let proposal = &proposed.proposal;
    let mut out = verdict(proposed, name);
    if proposal.improves() {
        out.push('\n');
        out.push_str(&coloured(&safe_lines(&diff(old, &proposal.text, &safe(name)))));
    }
    if !proposal.moves.is_empty() {
        let _ = writeln!(out, "\n\x1b[1m{}\x1b[0m", count(proposal));
        for (at, made) in proposal.moves.iter().enumerate() {
            out.push_str(&one_move(at + 1, made));
        }
    }
    if !proposal.taken.is_empty() {
        let _ = writeln!(out, "\n\x1b[1mTaken, as asked for\x1b[0m: these change more than the order.");
        proposal.taken.iter().for_each(|taken| out.push_str(&one_taken(taken)));
    }
    if let Some(ignore) = &proposal.ignore {
        out.push_str(&ignore_lines(ignore));
    }
    if !proposal.offered.is_empty() {
        let how = if proposal.offered.iter().any(Offer::is_whole) { " --take ID makes one." } else { "" };
        let _ = writeln!(out, "\n\x1b[1mOffered, not made\x1b[0m: these change more than the order.{how}");
        proposal.offered.iter().for_each(|offer| out.push_str(&one_offer(offer)));
    }
    if !proposal.refused.is_empty() {
        let _ = writeln!(out, "\n\x1b[1mLeft alone\x1b[0m");
        for refused in &proposal.refused {
            let (what, why) = (safe(&refused.what), safe(&refused.why));
            let _ = writeln!(out, "- line {}: did not {what}: {why}.", refused.line);
        }
    }
    out
}

fn verdict(proposed: &Proposed, name: &str) -> String {
    let proposal = &proposed.proposal;
    let (name, before) = (safe(name), seconds(proposal.expected_before));
    let basis = match proposed.commits {
        Some(commits) => format!("over the edits of the last {commits} commits that touch it"),
        None => "over guessed edits, as git has too few commits that touch it".to_owned(),
    };
    if proposal.improves() {
        let after = seconds(proposal.expected_after);
        let share = (proposal.saved_share() * 100.0).round();
        let saved = proposal.expected_before - proposal.expected_after;
        if saved < 0.05 {
            format!("{name}: an expected rebuild still takes {before} ({basis})\n")
        } else {
            format!(
                "{name}: an expected rebuild takes {after} instead of {before}, {share:.0}% less ({basis})\n"
            )
        }
    } else {
        format!(
            "{name}: nothing to improve that can be shown to be safe; an expected rebuild takes {before} ({basis})\n"
        )
    }
}

fn count(proposal: &Proposal) -> String {
    match proposal.moves.len() {
        1 => "One change, which leaves the image's files and settings as they are:".to_owned(),
        many => format!("{many} changes, all of which leave the image's files and settings as they are:"),
    }
}

fn one_move(number: usize, made: &Move) -> String {
    let mut out = format!("{number}. {} [{}]\n", safe(&made.name), made.id);
    if made.saves > 0.05 {
        let _ = writeln!(out, "   saves {} of an expected rebuild", seconds(made.saves));
    } else if matches!(made.kind, MoveKind::FetchFirst | MoveKind::SplitRun) {
        out.push_str("   saves what is told with the change that it makes room for\n");
    }
    let _ = writeln!(out, "   safe: {}", safe(&made.why_safe));
    out
}

fn one_taken(taken: &Taken) -> String {
    let mut out = format!("- {} [{}]\n", safe(&taken.name), taken.id);
    if taken.saves > 0.05 {
        let _ = writeln!(out, "  saves {} of an expected rebuild", seconds(taken.saves));
    }
    let _ = writeln!(out, "  changes: {}", safe(&taken.changes));
    out
}

fn one_offer(offer: &Offer) -> String {
    let mut out = format!("- {} [{}]\n", safe(&offer.name), offer.id);
    if let Some(saves) = offer.saves.filter(|saves| *saves > 0.05) {
        let _ = writeln!(out, "  would save {} of an expected rebuild", seconds(saves));
    }
    let what = if offer.is_whole() { "changes" } else { "advice" };
    let _ = writeln!(out, "  {what}: {}", safe(&offer.changes));
    for line in safe_lines(&offer.text).lines() {
        let _ = writeln!(out, "      {line}");
    }
    out
}

fn ignore_lines(ignore: &IgnoreProposal) -> String {
    let mut out = "\n\x1b[1mFor the ignore file\x1b[0m".to_owned();
    if ignore.saves > 0.05 {
        let saves = seconds(ignore.saves);
        let _ = write!(out, ", so that edits of these rebuild nothing (saves another {saves})");
    }
    out.push_str(":\n");
    let width = ignore.add.iter().map(|line| line.pattern.chars().count()).max().unwrap_or(0);
    for line in &ignore.add {
        let _ = writeln!(out, "      {:width$}  # {}", safe(&line.pattern), safe(&line.why));
    }
    out
}

/// Seconds for a headline.
fn seconds(value: f64) -> String {
    if value >= 100.0 { format!("{value:.0} s") } else { format!("{value:.1} s") }
}

/// Colours for the lines of a diff; standard output takes them out where they are not wanted.
fn coloured(diff: &str) -> String {
    let mut out = String::new();
    for line in diff.lines() {
        let colour = match line.as_bytes().first() {
            Some(b'+') => "\x1b[32m",
            Some(b'-') => "\x1b[31m",
            Some(b'@') => "\x1b[36m",
            _ => "",
        };
        let end = if colour.is_empty() { "" } else { "\x1b[0m" };
        let _ = writeln!(out, "{colour}{line}{end}");
    }
    out
}
