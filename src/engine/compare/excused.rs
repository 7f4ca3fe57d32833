//! Differences that follow from a build before, and say nothing new.

use std::collections::BTreeSet;

use super::super::progress::Status as RealStatus;
use super::{Row, Verdict};

/// Lets go of differences that only follow from guesses that did not come true in a build before: from then on
/// layerlab's cache and the engine's hold different results of those steps.
pub fn excuse(rows: &mut [Row], guessed_wrong: &mut BTreeSet<String>) {
    for row in rows.iter_mut() {
        let name = row.label.to_string();
        if row.verdict == Verdict::Different && row.real.is_some() && guessed_wrong.contains(&name) {
            row.verdict = Verdict::GuessedWrong;
            row.note = Some("follows from a wrong guess in a build before".to_owned());
        }
    }
    let wrong = rows.iter().filter(|r| r.verdict == Verdict::GuessedWrong);
    guessed_wrong.extend(wrong.map(|row| row.label.to_string()));
}

/// Takes down the steps of a build that failed: whether one that was under way beside the failing one was
/// finished and kept is a matter of time.
pub fn note_overtaken(rows: &[Row], overtaken: &mut BTreeSet<String>) {
    overtaken.extend(rows.iter().map(|row| row.label.to_string()));
}

/// Lets go of steps that are found now because they were finished in a build that failed.
pub fn excuse_overtaken(rows: &mut [Row], overtaken: &BTreeSet<String>) {
    for row in rows.iter_mut() {
        let is_found = row.real.is_some_and(|r| r.status == RealStatus::Cached);
        if row.verdict == Verdict::Different && is_found && overtaken.contains(&row.label.to_string()) {
            row.verdict = Verdict::FromBefore;
            row.note = Some("it was finished in the build before, while another step failed".to_owned());
        }
    }
}
