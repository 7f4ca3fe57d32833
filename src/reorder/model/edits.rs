//! The edits to expect, those that reach the same items taken together.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Item, Model};
use crate::context::Tree;
use crate::reorder::Expected;
use crate::reorder::footprint::Intake;

/// Edits, those that touch the same COPYs taken together.
#[derive(Debug, Clone, Default)]
pub(in crate::reorder) struct Edits {
    pub(super) kinds: Vec<EditKind>,
}

/// A kind of edit: its share among all, the items whose files it changes, the build arguments that change.
#[derive(Debug, Clone)]
pub(super) struct EditKind {
    pub(super) weight: f64,
    /// Numbers of items, rising.
    touched: Vec<usize>,
    pub(super) args: Vec<String>,
}

impl EditKind {
    pub(super) fn touches(&self, item: &Item) -> bool {
        self.touched.binary_search(&item.id).is_ok()
    }
}

impl Edits {
    /// Groups the edits of the input by which items of a model they touch; the items get numbers to be told apart by.
    pub(in crate::reorder) fn new(model: &mut Model) -> Self {
        let reach = std::rc::Rc::clone(&model.reach);
        Self::reached(&reach, model)
    }

    /// As [`Edits::new`], for other edits.
    pub(in crate::reorder) fn reached(reach: &Reach, model: &mut Model) -> Self {
        model.numbered = model.stages.iter().map(|stage| stage.items.len()).sum();
        let items = model.stages.iter_mut().flat_map(|stage| &mut stage.items);
        items.enumerate().for_each(|(id, item)| item.id = id);
        find_feeds(model);
        let takers = model.stages.iter().flat_map(|stage| &stage.items);
        let takers = takers.filter(|item| !item.footprint.context.is_empty());
        let takers: Vec<(usize, usize)> =
            takers.map(|item| (item.id, reach.number(&item.footprint.context))).collect();
        let classes = reach.classes.borrow();
        let mut groups: BTreeMap<(Vec<usize>, &[String]), f64> = BTreeMap::new();
        for class in classes.iter() {
            let touched = takers.iter().filter(|(_, intake)| class.taken[*intake]).map(|(id, _)| *id);
            *groups.entry((touched.collect(), &class.args)).or_default() += class.weight;
        }
        let kinds = groups.into_iter().map(|((touched, args), weight)| {
            let args = args.to_vec();
            EditKind { weight, touched, args }
        });
        Self { kinds: kinds.collect() }
    }
}

/// Which edits change what an intake takes in: asked once for each, so that the drafts of a proposal share it.
#[derive(Debug)]
pub(in crate::reorder) struct Reach {
    tree: Tree,
    edits: Expected,
    /// For each path of the edits, whether it is a file of the tree.
    files: Arc<[bool]>,
    numbers: RefCell<BTreeMap<Intake, usize>>,
    classes: RefCell<Vec<Class>>,
}

/// Edits that change the same of all intakes that were asked for.
#[derive(Debug)]
struct Class {
    /// Their share among all edits.
    weight: f64,
    args: Vec<String>,
    /// For each intake, by its number, whether they change what it takes in.
    taken: Vec<bool>,
    /// Numbers of the edits, with the share of each.
    members: Vec<(usize, f64)>,
}

impl Reach {
    pub(in crate::reorder) fn new(edits: Expected, tree: &Tree) -> Self {
        let total: f64 = edits.iter().map(|edit| edit.weight).sum();
        let mut classes: BTreeMap<&[String], Class> = BTreeMap::new();
        for (number, edit) in edits.iter().enumerate().filter(|(_, edit)| edit.weight > 0.0) {
            let class = classes.entry(&edit.build_args).or_insert_with(|| Class {
                weight: 0.0,
                args: edit.build_args.clone(),
                taken: Vec::new(),
                members: Vec::new(),
            });
            class.weight += edit.weight / total;
            class.members.push((number, edit.weight / total));
        }
        let classes = RefCell::new(classes.into_values().collect());
        let files = edits.files_of(tree);
        Self { tree: tree.clone(), edits, files, numbers: RefCell::default(), classes }
    }

    /// Kinds of edits: alike are those that change the same of all intakes that were asked for, and the same build
    /// arguments. The number of the first edit of each, and the share of all of its kind.
    pub(in crate::reorder) fn kinds(&self) -> Vec<(usize, f64)> {
        let classes = self.classes.borrow();
        let first = |class: &Class| class.members.iter().map(|(edit, _)| *edit).min();
        let mut kinds: Vec<(usize, f64)> =
            classes.iter().filter_map(|class| Some((first(class)?, class.weight))).collect();
        kinds.sort_unstable_by_key(|(first, _)| *first);
        kinds
    }

    /// The number of an intake; a new one parts the classes.
    fn number(&self, intake: &Intake) -> usize {
        if let Some(known) = self.numbers.borrow().get(intake) {
            return *known;
        }
        let number = self.numbers.borrow().len();
        self.numbers.borrow_mut().insert(intake.clone(), number);
        let all = self.edits.taken_by(intake, &self.tree);
        let taken: Vec<bool> =
            all.iter().zip(&*self.files).map(|(taken, is_file)| *taken && *is_file).collect();
        let mut classes = self.classes.borrow_mut();
        let mut parted = Vec::with_capacity(classes.len());
        for class in classes.drain(..) {
            let (args, known) = (class.args, class.taken);
            let is_taken =
                |(edit, _): &(usize, f64)| self.edits.numbers(*edit).iter().any(|path| taken[*path]);
            let (with, without): (Vec<_>, Vec<_>) = class.members.into_iter().partition(is_taken);
            for (members, is_taken) in [(with, true), (without, false)] {
                if !members.is_empty() {
                    let weight = members.iter().map(|(_, weight)| weight).sum();
                    let taken = known.iter().copied().chain([is_taken]).collect();
                    parted.push(Class { weight, args: args.clone(), taken, members });
                }
            }
        }
        *classes = parted;
        number
    }
}

/// Finds, for each item that takes from other stages, the items there that may make it.
fn find_feeds(model: &mut Model) {
    let mut found: Vec<(usize, usize, Vec<usize>)> = Vec::new();
    for (stage, own) in model.stages.iter().enumerate() {
        for (place, item) in own.items.iter().enumerate().filter(|(_, item)| !item.from.is_empty()) {
            let mut feeds = Vec::new();
            for (from, path) in &item.from {
                let mut at = Some(*from);
                while let Some(source) = at {
                    let makers = model.stages[source].items.iter().filter(|maker| maker.is_step);
                    feeds.extend(
                        makers.filter(|maker| maker.footprint.told.touches(path)).map(|maker| maker.id),
                    );
                    at = model.stages[source].base;
                }
            }
            feeds.sort_unstable();
            feeds.dedup();
            found.push((stage, place, feeds));
        }
    }
    for (stage, place, feeds) in found {
        model.stages[stage].items[place].feeds = feeds;
    }
}
