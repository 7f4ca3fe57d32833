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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;
    use crate::context::Tree;
    use crate::cost::rough_seconds;
    use crate::dockerfile::parse;
    use crate::reorder::rewrite::Draft;
    use crate::reorder::search::apply;
    use crate::reorder::{Edit, Expected, ReorderInput, ReorderOptions};

    const FILES: [(&str, &str); 3] = [("a", "1"), ("b", "1"), ("c/d", "1")];

    const LINES: [&str; 13] = [
        "ARG A",
        "ARG B=1",
        "ENV C=$A",
        "ENV D=1 E=$D",
        "LABEL l=$B",
        "WORKDIR /w",
        "COPY a /a",
        "COPY b /b/",
        "COPY . /all",
        "COPY --link c /c",
        "COPY --from=s0 /a /x",
        "RUN make one",
        "RUN echo $B > /two",
    ];

    fn dockerfile() -> impl Strategy<Value = String> {
        let lines = || prop::collection::vec(select(&LINES[..]), 1..7).prop_map(|lines| lines.join("\n"));
        (lines(), lines(), lines()).prop_map(|(zero, one, two)| {
            let zero = zero.replace("--from=s0 ", "");
            format!("ARG A=1\nFROM x AS s0\n{zero}\nFROM s0 AS s1\n{one}\nFROM y:$A\nCOPY --from=s1 / /s1\n{two}\n")
        })
    }

    fn edits() -> Expected {
        let edit = |weight, paths: &[&str], args: &[&str]| Edit {
            weight,
            paths: paths.iter().map(|path| (*path).to_owned()).collect(),
            build_args: args.iter().map(|name| (*name).to_owned()).collect(),
        };
        let files = vec![edit(3.0, &["a"], &[]), edit(2.0, &["b", "c/d"], &[]), edit(1.0, &["c/d"], &[])];
        Expected::new(files).with_arguments(vec![edit(0.5, &[], &["A"]), edit(0.25, &[], &["B"])])
    }

    proptest! {
        /// What an order is said to cost is what the model costs whose items stand in that order.
        #[test]
        fn an_order_costs_what_it_costs_when_it_is_made(text in dockerfile(), keys in prop::collection::vec(0_u8.., 7)) {
            let dockerfile = parse(&text).expect("it is valid");
            let tree = Tree::from_pairs(FILES);
            let (edits, options) = (edits(), ReorderOptions::default());
            let read = |_: &str| None;
            let input = ReorderInput { tree: &tree, files: &read, edits: &edits, seconds: &rough_seconds, options: &options };
            let mut model = Model::new(&Draft::new(&dockerfile, &input), &input);
            let edits = Edits::new(&mut model);
            for stage in 0..model.stages.len() {
                let mut order: Vec<usize> = (0..model.stages[stage].items.len()).collect();
                order.sort_by_key(|at| keys.get(*at));
                let mut made = model.clone();
                apply(&mut made, stage, &order);
                let orders = Orders::of(&model, stage, &edits);
                let (told, real) = (orders.seconds(&order), made.expected_seconds(&edits));
                prop_assert!((told - real).abs() < 1e-9, "{told} and {real} in stage {stage}");
                let as_it_is = model.expected_seconds(&edits);
                prop_assert!(!orders.are_equal() || (as_it_is - real).abs() < 1e-9, "{as_it_is} and {real}");
            }
        }
    }
}
