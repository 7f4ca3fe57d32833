//! What an edit reruns, and what that takes.

use std::collections::BTreeSet;

use super::edits::EditKind;
use super::{Edits, Item, Model, StageModel};

/// What an edit has rerun of the stages up to one.
#[derive(Debug, Clone, Default)]
struct Reran {
    /// For each stage, whether anything of it ran.
    stages: Vec<bool>,
    /// Items, by number, that ran and may have made something else.
    changed: Vec<bool>,
    /// Variables of each stage with another value, as the stages built on it have them (ENV).
    handed_on: Vec<BTreeSet<String>>,
    seconds: f64,
}

impl Reran {
    /// The variables with another value that a stage has from the one it is built on.
    fn inherited(&self, stage: &StageModel) -> BTreeSet<&str> {
        let names = stage.base.and_then(|base| self.handed_on.get(base));
        names.into_iter().flatten().map(String::as_str).collect()
    }
}

impl Model {
    /// The expected seconds of a rebuild after one edit, over all kinds of edits by their weights.
    pub(in crate::reorder) fn expected_seconds(&self, edits: &Edits) -> f64 {
        edits.kinds.iter().map(|kind| kind.weight * self.all_of(kind).seconds).sum()
    }

    /// The expected seconds of each item, stage by stage: how often it reruns, times what it takes.
    pub(in crate::reorder) fn expected_each(&self, edits: &Edits) -> Vec<Vec<f64>> {
        let mut each: Vec<Vec<f64>> = self.stages.iter().map(|stage| vec![0.0; stage.items.len()]).collect();
        for kind in &edits.kinds {
            let mut reran = self.nothing();
            for (at, each) in each.iter_mut().enumerate() {
                self.rerun(kind, at, None, &mut reran, |place| {
                    each[place] += kind.weight * self.stages[at].items[place].seconds;
                });
            }
        }
        each
    }

    fn nothing(&self) -> Reran {
        let stages = Vec::with_capacity(self.stages.len());
        Reran { stages, changed: vec![false; self.numbered], handed_on: Vec::new(), seconds: 0.0 }
    }

    fn all_of(&self, edit: &EditKind) -> Reran {
        let mut reran = self.nothing();
        (0..self.stages.len()).for_each(|at| self.rerun(edit, at, None, &mut reran, |_| ()));
        reran
    }

    /// Tells whether an edit reruns all of a stage, given what it reran of those before.
    fn is_broken(&self, edit: &EditKind, at: usize, reran: &Reran) -> bool {
        let stage = &self.stages[at];
        stage.base.is_some_and(|base| reran.stages[base])
            || stage.base_uses.iter().any(|name| edit.args.contains(name))
    }

    /// Goes through a stage, in another order than its own if one is given, and calls `each` with the number in it of
    /// every item that reruns after an edit.
    fn rerun(
        &self,
        edit: &EditKind,
        at: usize,
        order: Option<&[usize]>,
        reran: &mut Reran,
        mut each: impl FnMut(usize),
    ) {
        let stage = &self.stages[at];
        let mut broken = self.is_broken(edit, at, reran);
        let inherited = reran.inherited(stage).into_iter().map(str::to_owned).collect::<BTreeSet<String>>();
        let mut handed_on = inherited.clone();
        if self.wanted[at] {
            let mut tainted: BTreeSet<&str> = inherited.iter().map(String::as_str).collect();
            for place in 0..stage.items.len() {
                let number = order.map_or(place, |order| order[place]);
                let item = &stage.items[number];
                let own = is_touched(item, edit, &tainted, &reran.changed);
                let sets = if edit.args.is_empty() { &[][..] } else { &item.sets };
                for (name, uses) in sets {
                    if uses.iter().any(|used| edit.args.contains(used) || tainted.contains(used.as_str())) {
                        tainted.insert(name);
                        if item.is_env {
                            handed_on.insert(name.clone());
                        }
                    }
                }
                if !item.is_step {
                    continue;
                }
                broken |= own;
                if if item.is_linked { own } else { broken } {
                    reran.seconds += item.seconds;
                    each(number);
                }
                // A RUN that ran anew may have made something else; a COPY only if what it copies changed.
                reran.changed[item.id] = own || (broken && item.is_run && !item.is_recipe);
            }
        }
        reran.stages.push(broken);
        reran.handed_on.push(handed_on);
    }
}

/// Tells whether an edit reruns an item for a reason of its own: a variable, a file of the context, or something
/// taken from another stage, where `changed` marks the items that ran and may have made something else.
fn is_touched(item: &Item, edit: &EditKind, tainted: &BTreeSet<&str>, changed: &[bool]) -> bool {
    let variable = if item.is_run {
        !tainted.is_empty()
    } else {
        tainted.iter().any(|name| item.footprint.uses.names.iter().any(|used| used == name))
    };
    variable || edit.touches(item) || item.feeds.iter().any(|id| changed[*id])
}

/// The orders of one stage, to be told what each costs.
pub(in crate::reorder) struct Orders<'a> {
    pub(in crate::reorder) model: &'a Model,
    pub(in crate::reorder) stage: usize,
    kinds: Vec<Kind<'a>>,
}

struct Kind<'a> {
    edit: &'a EditKind,
    cost: Cost,
}

enum Cost {
    /// The same in every order, in seconds.
    Fixed(f64),
    /// What depends on the order follows on what was rerun of the stages before.
    From(Reran),
}

impl<'a> Orders<'a> {
    pub(in crate::reorder) fn of(model: &'a Model, stage: usize, edits: &'a Edits) -> Self {
        let cost = |edit: &EditKind| {
            let mut reran = model.nothing();
            (0..stage).for_each(|at| model.rerun(edit, at, None, &mut reran, |_| ()));
            if depends_on_order(model, stage, edit, &reran) {
                return Cost::From(reran);
            }
            (stage..model.stages.len()).for_each(|at| model.rerun(edit, at, None, &mut reran, |_| ()));
            Cost::Fixed(reran.seconds)
        };
        let kinds = edits.kinds.iter().map(|edit| Kind { edit, cost: cost(edit) });
        Self { model, stage, kinds: kinds.collect() }
    }

    /// Tells whether all orders cost the same.
    pub(in crate::reorder) fn are_equal(&self) -> bool {
        self.kinds.iter().all(|kind| matches!(kind.cost, Cost::Fixed(_)))
    }

    /// The expected seconds of a rebuild with the items of the stage in this order.
    pub(in crate::reorder) fn seconds(&self, order: &[usize]) -> f64 {
        let Self { model, stage, .. } = *self;
        let mut reran = Reran::default();
        let mut of_kind = |kind: &Kind<'_>| match &kind.cost {
            Cost::Fixed(seconds) => *seconds,
            Cost::From(before) => {
                // Keeps the memory that it has.
                reran.stages.clone_from(&before.stages);
                reran.changed.clone_from(&before.changed);
                reran.handed_on.clone_from(&before.handed_on);
                reran.seconds = before.seconds;
                for at in stage..model.stages.len() {
                    let order = (at == stage).then_some(order);
                    model.rerun(kind.edit, at, order, &mut reran, |_| ());
                }
                reran.seconds
            }
        };
        self.kinds.iter().map(|kind| kind.edit.weight * of_kind(kind)).sum()
    }
}

/// Tells whether what an edit reruns may depend on the order of a stage.
///
/// It does not where all of the stage reruns from its base on, nor where no item of it reruns for a reason of its own;
/// unless a variable changes, which holds from where it is set.
fn depends_on_order(model: &Model, stage: usize, edit: &EditKind, before: &Reran) -> bool {
    if !model.wanted[stage] {
        return false;
    }
    let items = &model.stages[stage].items;
    let inherited = before.inherited(&model.stages[stage]);
    let is_used = |name: &String| edit.args.contains(name) || inherited.contains(name.as_str());
    if items.iter().any(|item| item.sets.iter().any(|(_, uses)| uses.iter().any(is_used))) {
        return true;
    }
    let has_own = items.iter().any(|item| is_touched(item, edit, &inherited, &before.changed));
    has_own && !model.is_broken(edit, stage, before)
}
