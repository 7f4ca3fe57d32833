//! What was edited, pretended and counted as built, kept so that it can be looked at again and taken back.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Workbench;
use super::version::Version;
use crate::context::Tree;
use crate::cost;
use crate::simulate::Simulator;
use crate::tui::model::{Edit, Tally};
use crate::tui::picture::{self, Seen};
use crate::tui::text;

/// Past edits that are kept with their pictures.
const KEPT: usize = 100;

/// What `u` goes back to.
#[derive(Debug, Clone)]
pub(super) struct Before {
    built: Tree,
    pretended: BTreeMap<String, u32>,
    builders: [Option<(Simulator, Simulator)>; 2],
    edits: usize,
    tally: Tally,
}

impl Workbench {
    /// Counts an edit of these paths, and predicts.
    pub fn edited(&mut self, what: &[String], pretended: bool) {
        self.predict();
        // A text that cannot be read is no build.
        if self.left.good.as_ref().is_some_and(|good| good.text == self.left.text) {
            self.record(what, pretended);
        }
    }

    /// Pretends edits of files of the context.
    pub fn pretend(&mut self, paths: &[String]) {
        self.remember();
        for path in paths.iter().filter(|path| self.tree.contains(path)) {
            self.pretences += 1;
            self.pretended.insert(path.clone(), self.pretences);
        }
        self.edited(paths, true);
    }

    /// Takes back the last pretended edit or build; yields whether there was one.
    pub fn undo(&mut self) -> bool {
        let Some(before) = self.undo.pop() else { return false };
        self.built = before.built;
        self.pretended = before.pretended;
        let [left, right] = before.builders;
        if let Some((builder, daily)) = left {
            (self.left.builder, self.left.daily) = (builder, daily);
        }
        if let (Some(version), Some((builder, daily))) = (&mut self.right, right) {
            (version.builder, version.daily) = (builder, daily);
        }
        self.edits.truncate(before.edits.saturating_sub(self.dropped));
        self.tally = before.tally;
        self.predict();
        true
    }

    /// Counts the present state as built on both sides.
    pub fn build(&mut self) {
        self.remember();
        for version in [Some(&mut self.left), self.right.as_mut()].into_iter().flatten() {
            if let Some((outcome, _)) = &version.seen {
                version.builder.commit(outcome);
            }
        }
        self.built = self.current();
        self.predict();
    }

    /// Builds after an edit on both sides, for the tally and the list of edits.
    fn record(&mut self, what: &[String], pretended: bool) {
        let tree = self.current();
        let left = self.left.build_daily(&self.setting, &tree);
        let right = self.right.as_mut().and_then(|right| right.build_daily(&self.setting, &tree));
        let Some((outcome, costs)) = &left else { return };
        let seen_left =
            Seen { title: &self.left.title, dockerfile: &outcome.input.dockerfile, outcome, costs };
        let seen_right = match (&self.right, &right) {
            (Some(version), Some((outcome, costs))) => {
                Some(Seen { title: &version.title, dockerfile: &outcome.input.dockerfile, outcome, costs })
            }
            _ => None,
        };
        let picture = picture::compare(&seen_left, seen_right.as_ref());
        let tally = &mut self.tally;
        tally.edits += 1;
        tally.pretended += usize::from(pretended);
        tally.left += picture.left.totals.seconds;
        if let Some(right) = &picture.right {
            let both = tally.both.get_or_insert_default();
            both.edits += 1;
            both.left += picture.left.totals.seconds;
            both.right += right.totals.seconds;
        }
        tally.estimated |= picture.left.totals.basis == cost::Basis::Estimated;
        let path = what.first().cloned();
        self.edits.push(Edit { what: named(what), path, pretended, picture: Arc::new(picture) });
        if self.edits.len() > KEPT {
            self.edits.remove(0);
            self.dropped += 1;
        }
    }

    fn remember(&mut self) {
        let of = |version: &Version| (version.builder.clone(), version.daily.clone());
        self.undo.push(Before {
            built: self.built.clone(),
            pretended: self.pretended.clone(),
            builders: [Some(of(&self.left)), self.right.as_ref().map(of)],
            edits: self.edits.len() + self.dropped,
            tally: self.tally,
        });
        if self.undo.len() > KEPT {
            self.undo.remove(0);
        }
    }
}

fn named(what: &[String]) -> String {
    match what {
        [] => "nothing".into(),
        [one] => text::safe(one).into_owned(),
        [first, rest @ ..] => format!("{} and {} more", text::safe(first), rest.len()),
    }
}
