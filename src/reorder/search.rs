//! The best order of a stage's items among those that keep every dependency.

use std::collections::HashMap;

use super::model::{Edits, Item, Model};

/// The share of the expected seconds, and the seconds, that a change has to gain: a Dockerfile is left alone for
/// next to nothing.
const LEAST_SHARE: f64 = 0.02;
const LEAST_SECONDS: f64 = 1.0;

/// Seconds that a change has to gain where a rebuild is expected to take this long.
pub(super) fn least_gain(expected: f64) -> f64 {
    (expected * LEAST_SHARE).max(LEAST_SECONDS)
}

/// How many sets of items are looked at before the search is bounded.
const MOST_STATES: usize = 4_000;

/// Finds the order (as places in the present one) with the least expected seconds.
///
/// Small stages are searched exactly, over the sets of items that can come first; larger ones by the best single
/// change at a time. Both are deterministic; among equals the one nearest to the present order wins.
pub(super) fn best_order(model: &Model, stage: usize, edits: &Edits) -> Vec<usize> {
    let items = &model.stages[stage].items;
    let before = predecessors(items);
    let start: Vec<usize> = (0..items.len()).collect();
    let climbed = climb(model, stage, edits, &before, start);
    settle(model, stage, edits, &before, climbed)
}

/// For each item, a mark for every earlier one that has to stay before it.
fn predecessors(items: &[Item]) -> Vec<Vec<bool>> {
    (0..items.len())
        .map(|later| {
            (0..items.len())
                .map(|earlier| {
                    earlier < later
                        && (items[earlier].pinned
                            || items[later].pinned
                            || items[earlier].holds(&items[later]).is_some())
                })
                .collect()
        })
        .collect()
}

/// Moves one item at a time to where it gains most, until nothing gains.
fn climb(
    model: &Model,
    stage: usize,
    edits: &Edits,
    before: &[Vec<bool>],
    mut order: Vec<usize>,
) -> Vec<usize> {
    let mut seen: HashMap<Vec<usize>, f64> = HashMap::new();
    let mut cost = price(model, stage, edits, &order, &mut seen);
    let least = least_gain(cost);
    loop {
        let mut best: Option<(f64, Vec<usize>)> = None;
        for candidate in neighbours(&order, before) {
            if seen.len() > MOST_STATES {
                break;
            }
            let price = price(model, stage, edits, &candidate, &mut seen);
            if price < best.as_ref().map_or(cost, |(least, _)| *least) - least {
                best = Some((price, candidate));
            }
        }
        match best {
            Some((price, candidate)) => (cost, order) = (price, candidate),
            None => return order,
        }
    }
}

/// All orders that differ by one run of items that jumps to another place, and keep every dependency.
fn neighbours(order: &[usize], before: &[Vec<bool>]) -> Vec<Vec<usize>> {
    let mut found = Vec::new();
    for from in 0..order.len() {
        for length in 1..=(order.len() - from).min(4) {
            let block = &order[from..from + length];
            for to in (0..from).rev() {
                if order[to..from].iter().any(|passed| {
                    block.iter().any(|moved| before[*moved][*passed] || before[*passed][*moved])
                }) {
                    break;
                }
                let mut next = order.to_vec();
                next[to..from + length].rotate_left(from - to);
                found.push(next);
            }
        }
    }
    found
}

/// Expected seconds of an order, with a little for every two items that changed places.
fn price(
    model: &Model,
    stage: usize,
    edits: &Edits,
    order: &[usize],
    seen: &mut HashMap<Vec<usize>, f64>,
) -> f64 {
    if let Some(known) = seen.get(order) {
        return *known;
    }
    let price = model.expected_seconds_with(edits, Some((stage, order)));
    seen.insert(order.to_vec(), price);
    price
}

/// Takes back every change of place that gains nothing.
fn settle(
    model: &Model,
    stage: usize,
    edits: &Edits,
    before: &[Vec<bool>],
    mut order: Vec<usize>,
) -> Vec<usize> {
    let mut seen = HashMap::new();
    let mut cost = price(model, stage, edits, &order, &mut seen);
    let least = least_gain(cost) / 10.0;
    let mut changed = true;
    while changed {
        changed = false;
        for at in 1..order.len() {
            let (left, right) = (order[at - 1], order[at]);
            if left < right || before[left][right] || before[right][left] {
                continue;
            }
            let mut next = order.clone();
            next.swap(at - 1, at);
            let price = price(model, stage, edits, &next, &mut seen);
            if price <= cost + least {
                (cost, order, changed) = (price, next, true);
            }
        }
    }
    order
}

/// Puts the items of a stage in another order.
pub(super) fn apply(model: &mut Model, stage: usize, order: &[usize]) {
    let items = std::mem::take(&mut model.stages[stage].items);
    model.stages[stage].items = order.iter().map(|at| items[*at].clone()).collect();
}
