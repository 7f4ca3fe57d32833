//! Both Dockerfiles with their simulated builders, the context as it stands, and what was edited, pretended and
//! counted as built. Pure: trees and texts come in as values, pictures go out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::model::{Comparison, Edit, Impact, Problem, Side, Tally, Tone, say};
use super::picture;
use crate::context::{Digest, Entry, Tree, diff};
use crate::cost::compare::compare;
use crate::cost::view::SizesView;
use crate::cost::{Inputs, Measured, Sizes};
use crate::declare::Declarations;
use crate::dockerfile::Dockerfile;
use crate::explain::How;
use crate::graph::GraphOptions;
use crate::simulate::Outcome;

mod record;
mod version;

use record::Before;
use version::Version;

/// What all builds here have in common.
#[derive(Debug, Clone, Default)]
pub struct Setting {
    /// Options that enter the graph.
    pub options: GraphOptions,
    /// The `--build-context` folders by name.
    pub named: BTreeMap<String, Tree>,
    /// What was measured here.
    pub measured: Measured,
    /// Edits of a day.
    pub per_day: u32,
}

/// See the module.
#[derive(Debug, Clone)]
pub struct Workbench {
    setting: Setting,
    left: Version,
    right: Option<Version>,
    /// Said in the left side's place of a right one, where there is none.
    no_right: Option<String>,
    /// The context as it is on disk.
    tree: Tree,
    /// What counts as built.
    built: Tree,
    pretended: BTreeMap<String, u32>,
    edits: Vec<Edit>,
    dropped: usize,
    tally: Tally,
    undo: Vec<Before>,
    live: Arc<Comparison>,
    generation: u64,
    pretences: u32,
}

impl Workbench {
    /// Starts with a Dockerfile and a tree that counts as built.
    pub fn new(setting: Setting, file: &str, text: &str, tree: Tree) -> Self {
        let per_day = setting.per_day;
        let mut bench = Self {
            left: Version::new("as it is", file, text),
            right: None,
            no_right: None,
            built: tree.clone(),
            tree,
            pretended: BTreeMap::new(),
            edits: Vec::new(),
            dropped: 0,
            tally: Tally { per_day, ..Tally::default() },
            undo: Vec::new(),
            live: Arc::default(),
            generation: 0,
            pretences: 0,
            setting,
        };
        bench.left.start_over(&bench.setting, &bench.built);
        bench.predict();
        bench
    }

    /// What a build now would do.
    pub fn live(&self) -> &Arc<Comparison> {
        &self.live
    }

    /// Counts up with every prediction.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The edits so far, the oldest first.
    pub fn edits(&self) -> &[Edit] {
        &self.edits
    }

    /// The sums of the edits.
    pub fn tally(&self) -> Tally {
        Tally { both: self.tally.both.filter(|_| self.right.is_some()), ..self.tally }
    }

    /// The context on disk.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The Dockerfile on the left as it was last read, and the last text of it that could be.
    pub fn left(&self) -> (&Arc<str>, Option<&Arc<Dockerfile>>) {
        (&self.left.text, self.left.good.as_ref())
    }

    /// The text on the right.
    pub fn right_text(&self) -> Option<&Arc<str>> {
        self.right.as_ref().map(|right| &right.text)
    }

    /// The prediction on the left, for what else is told of it.
    pub fn left_outcome(&self) -> Option<&Outcome> {
        self.left.seen.as_ref().map(|(outcome, _)| outcome)
    }

    /// What the image on the left weighs, and what it would weigh another way.
    pub fn sizes(&self) -> Option<SizesView> {
        let outcome = self.left_outcome()?;
        let (declared, _) = Declarations::read(&outcome.input.dockerfile);
        let inputs = Inputs {
            context: &outcome.input.context,
            named: &outcome.input.named,
            measured: &self.setting.measured,
            declared: &declared,
        };
        let sizes = Sizes::of(&outcome.input.dockerfile, &outcome.graph, &inputs);
        let others = compare(&outcome.input.dockerfile, &outcome.graph, &sizes, &self.setting.measured);
        Some(SizesView::new(&sizes, &others))
    }

    /// There is something to take back.
    pub fn can_undo(&self) -> bool {
        !self.undo.is_empty()
    }

    /// Sets how many edits a day has.
    pub fn set_per_day(&mut self, per_day: u32) {
        self.tally.per_day = per_day;
    }

    /// Sets what was measured here.
    pub fn set_measured(&mut self, measured: Measured) {
        self.setting.measured = measured;
        self.predict();
    }

    /// The tree with the pretended edits in it.
    pub fn current(&self) -> Tree {
        with_edits(&self.tree, &self.pretended)
    }

    /// What differs on disk from what counts as built, and which pretended edits are not yet built.
    pub fn changes(&self) -> (Vec<(String, How)>, BTreeSet<String>) {
        let mut pretended = BTreeSet::new();
        let mut changes = Vec::new();
        for change in diff(&self.built, &self.current()) {
            if self.pretended.contains_key(&change.path) {
                pretended.insert(change.path);
            } else {
                changes.push((change.path, change.kind.into()));
            }
        }
        (changes, pretended)
    }

    /// Takes other text on the left, as it is on disk now.
    pub fn set_left(&mut self, text: &str) {
        let had_good = self.left.good.is_some();
        self.left.read(text);
        if !had_good {
            self.left.start_over(&self.setting, &self.built);
        }
    }

    /// Puts a Dockerfile on the right.
    ///
    /// `anew` says that it stands for another way to have written the left one from the start: its cache then
    /// holds what counts as built. Otherwise the text changed because the left one did, and is built on the cache
    /// that there is.
    pub fn set_right(&mut self, title: &str, file: &str, source: &str, anew: bool) {
        self.no_right = None;
        match &mut self.right {
            Some(right) if !anew && right.title == title => right.read(source),
            _ => {
                let mut right = Version::new(title, file, source);
                right.start_over(&self.setting, &self.built);
                // The edits since the last build were built here too, one by one.
                if let Some(input) = right.input(&self.setting, &self.current()) {
                    let _ = right.daily.build(&input);
                }
                self.right = Some(right);
            }
        }
    }

    /// Has nothing on the right, and says why.
    pub fn set_no_right(&mut self, why: impl Into<String>) {
        self.right = None;
        self.no_right = Some(why.into());
    }

    /// Takes the context as it is on disk now; pretended edits of files that were really edited are dropped.
    pub fn set_tree(&mut self, tree: Tree, really_edited: &[String]) {
        self.tree = tree;
        for path in really_edited {
            self.pretended.remove(path);
        }
    }

    /// Takes named contexts as they are now.
    pub fn set_named(&mut self, named: BTreeMap<String, Tree>) {
        self.setting.named = named;
    }

    /// What a change of each of these files would rebuild, left and right.
    pub fn impacts(&mut self, paths: &[String]) -> Vec<(String, Impact, Option<Impact>)> {
        let current = self.current();
        let mut out = Vec::with_capacity(paths.len());
        for path in paths {
            let edited = with_edits(&current, &BTreeMap::from([(path.clone(), u32::MAX)]));
            let left = self.left.impact(&self.setting, &edited);
            let right = self.right.as_mut().and_then(|right| right.impact(&self.setting, &edited));
            out.extend(left.map(|left| (path.clone(), left, right)));
        }
        out
    }

    /// Predicts both sides anew.
    pub fn predict(&mut self) {
        let tree = self.current();
        self.generation += 1;
        self.left.predict(&self.setting, &tree);
        if let Some(right) = &mut self.right {
            right.predict(&self.setting, &tree);
        }
        let mut live = match self.left.seen() {
            Some(left) => picture::compare(&left, self.right.as_ref().and_then(Version::seen).as_ref()),
            None => Comparison {
                left: Side { title: self.left.title.clone(), ..Side::default() },
                right: None,
                sentence: vec![say(Tone::Bad, "The Dockerfile cannot be read yet.")],
            },
        };
        live.left.problem.clone_from(&self.left.problem);
        if let (Some(side), Some(version)) = (&mut live.right, &self.right) {
            side.problem.clone_from(&version.problem);
        }
        live.left.note.clone_from(&self.no_right);
        let problems = [Some(&self.left), self.right.as_ref()].into_iter().flatten();
        let problems: Vec<&Problem> = problems.filter_map(|v| v.problem.as_ref()).collect();
        if let Some(problem) = problems.first() {
            live.sentence = words_of_problem(problem, self.left.seen.is_some());
        }
        picture::freshen(&mut live, &self.live);
        self.live = Arc::new(live);
    }
}

/// A tree in which some files were edited; each number makes another edit of the same file.
fn with_edits(tree: &Tree, edits: &BTreeMap<String, u32>) -> Tree {
    let mut edited = tree.clone();
    for (path, number) in edits {
        let at = match edited.resolve(path, true) {
            Ok(Some((at, Entry::File(_)))) => at,
            _ => path.clone(),
        };
        let entry = match edited.get(&at) {
            Some(Entry::File(mut file)) => {
                file.content = Digest::of_parts([&file.content.0[..], b"pretended", &number.to_le_bytes()]);
                Entry::File(file)
            }
            Some(Entry::Symlink(target)) => Entry::symlink(&format!("{target} ({number})")),
            _ => continue,
        };
        edited.insert(&at, entry);
    }
    edited
}

fn words_of_problem(problem: &Problem, predicted: bool) -> super::model::Words {
    let mut words = vec![say(Tone::Bad, format!("{} line {}: ", problem.file, problem.line))];
    words.push(say(Tone::Plain, problem.message.clone()));
    if predicted {
        words.push(say(Tone::Dim, " (above: the last prediction that could be made)"));
    }
    words
}

/// How long something took, and what came of it.
pub fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = std::time::Instant::now();
    let out = work();
    (start.elapsed(), out)
}

#[cfg(test)]
mod tests;
