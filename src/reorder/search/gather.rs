//! An install stands right below the COPYs that were added for it, and both above the ARGs that neither uses.
//!
//! Over the edits that were looked at this may gain nothing. It is done all the same: an ARG has another value with
//! every build more often than a history tells, and what belongs together is read together.

use super::{Item, Orders, Source, keeps};

/// Gathers each install of an order with the COPYs that were added for it.
pub(super) fn installs(orders: &Orders<'_>, before: &[Vec<bool>], mut order: Vec<usize>) -> Vec<usize> {
    let items = &orders.model.stages[orders.stage].items;
    let mut runs: Vec<usize> = items.iter().filter_map(added_for).collect();
    runs.dedup();
    for run in runs {
        let Some(next) = one(items, before, &order, run) else { continue };
        if keeps(&next, before) && orders.seconds(&next) <= orders.seconds(&order) + 1e-9 {
            order = next;
        }
    }
    order
}

fn added_for(item: &Item) -> Option<usize> {
    match item.source {
        Source::Added { install, .. } => Some(install),
        Source::Written(_) => None,
    }
}

/// The order with one install gathered (`before[later][earlier]` marks what has to keep its order); `None` where its COPYs stand apart.
fn one(items: &[Item], before: &[Vec<bool>], order: &[usize], run: usize) -> Option<Vec<usize>> {
    let mut order = order.to_vec();
    let mut first = order.iter().position(|at| added_for(&items[*at]) == Some(run))?;
    let count = order.iter().filter(|at| added_for(&items[**at]) == Some(run)).count();
    if order[first..].iter().take(count).any(|at| added_for(&items[*at]) != Some(run)) {
        return None;
    }
    let mut own = order.iter().position(|at| items[*at].written() == Some(run))?;
    // A step that has no part in the manifests is not to run anew with them.
    while first + count < own {
        let next = order[first + count];
        let block = &order[first..first + count];
        if !items[next].is_run || block.iter().any(|copy| before[next][*copy]) {
            break;
        }
        order[first..=first + count].rotate_right(1);
        first += 1;
    }
    let passes = |argument: usize, later: &[usize]| {
        items[argument].is_argument() && !later.iter().any(|at| before[*at][argument])
    };
    while first + count < own && passes(order[own - 1], &order[own..=own]) {
        order.swap(own - 1, own);
        own -= 1;
    }
    while first > 0 && own == first + count && passes(order[first - 1], &order[first..=own]) {
        order[first - 1..=own].rotate_left(1);
        (first, own) = (first - 1, own - 1);
    }
    // An ARG that had gone up with the install goes home.
    for at in own + 1..order.len() {
        let mut place = at;
        while place > own + 1
            && order[place] < order[place - 1]
            && items[order[place - 1]].is_argument()
            && !before[order[place]][order[place - 1]]
        {
            order.swap(place - 1, place);
            place -= 1;
        }
    }
    Some(order)
}
