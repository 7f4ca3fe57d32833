//! The best order of a stage's items among those that keep every dependency.

mod gather;

use std::collections::HashMap;

use super::model::{Edits, Item, Model, Orders, Source};

/// The share of the expected seconds, and the seconds, that a change has to gain: a Dockerfile is left alone for
/// next to nothing.
const LEAST_SHARE: f64 = 0.02;
const LEAST_SECONDS: f64 = 1.0;

/// Seconds that a change has to gain where a rebuild is expected to take this long.
pub(super) fn least_gain(expected: f64) -> f64 {
    (expected * LEAST_SHARE).max(LEAST_SECONDS)
}

/// How many sets of items are looked at before the search is bounded.
const MOST_STATES: usize = 1_500;

/// Finds the order (as places in the present one) with the least expected seconds.
///
/// Where few orders keep every dependency all are looked at; else the best single change at a time is made. Both are deterministic; among equals the one nearest to the present order wins.
pub(super) fn best_order(model: &Model, stage: usize, edits: &Edits) -> Vec<usize> {
    let items = &model.stages[stage].items;
    let start: Vec<usize> = (0..items.len()).collect();
    let orders = Orders::of(model, stage, edits);
    if orders.are_equal() {
        return start;
    }
    let before = predecessors(items);
    let best = match all_orders(&before) {
        Some(all) => cheapest(&orders, all),
        None => climb(&orders, &before, start),
    };
    let settled = settle(&orders, &before, best);
    gather::installs(&orders, &before, settled)
}

/// How many orders are looked at one by one.
const MOST_ORDERS: usize = 360;

/// All orders that keep every dependency, the present one first; `None` where they are too many.
fn all_orders(before: &[Vec<bool>]) -> Option<Vec<Vec<usize>>> {
    /// `placed` has a bit for every item of the order so far, and `before` for those that have to stand before one.
    fn extend(before: &[u128], placed: u128, order: &mut Vec<usize>, found: &mut Vec<Vec<usize>>) -> bool {
        if order.len() == before.len() {
            found.push(order.clone());
            return found.len() <= MOST_ORDERS;
        }
        for (next, before_it) in before.iter().enumerate() {
            let own = 1 << next;
            if placed & own == 0 && before_it & !placed == 0 {
                order.push(next);
                let within = extend(before, placed | own, order, found);
                order.pop();
                if !within {
                    return false;
                }
            }
        }
        true
    }
    if before.len() > u128::BITS as usize {
        return None;
    }
    let bits = |marks: &Vec<bool>| {
        marks.iter().enumerate().filter(|(_, mark)| **mark).fold(0, |bits, (at, _)| bits | 1_u128 << at)
    };
    let before: Vec<u128> = before.iter().map(bits).collect();
    let mut found = Vec::new();
    extend(&before, 0, &mut Vec::new(), &mut found).then_some(found)
}

/// The order of the least expected seconds; the first of equals.
fn cheapest(orders: &Orders<'_>, all: Vec<Vec<usize>>) -> Vec<usize> {
    let mut best: Option<(f64, Vec<usize>)> = None;
    for order in all {
        let price = orders.seconds(&order);
        if best.as_ref().is_none_or(|(least, _)| price < least - 1e-9) {
            best = Some((price, order));
        }
    }
    best.map(|(_, order)| order).unwrap_or_default()
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
                            || are_of_one_install(&items[earlier], &items[later])
                            || items[earlier].holds(&items[later]).is_some())
                })
                .collect()
        })
        .collect()
}

/// Tells whether two COPYs were added for the same install step: their order among each other gains nothing.
fn are_of_one_install(a: &Item, b: &Item) -> bool {
    match (&a.source, &b.source) {
        (Source::Added { install: one, .. }, Source::Added { install: other, .. }) => one == other,
        _ => false,
    }
}

/// Moves one item at a time to where it gains most, until nothing gains.
fn climb(orders: &Orders<'_>, before: &[Vec<bool>], mut order: Vec<usize>) -> Vec<usize> {
    let mut seen: HashMap<Vec<usize>, f64> = HashMap::new();
    let mut cost = price(orders, &order, &mut seen);
    // Small steps lead to the place where a thing belongs; what gains too little is taken back at the end.
    let least = least_gain(cost) / 20.0;
    loop {
        let mut best: Option<(f64, Vec<usize>)> = None;
        for candidate in neighbours(&order, before, &orders.model.stages[orders.stage].items) {
            if seen.len() > MOST_STATES {
                break;
            }
            let price = price(orders, &candidate, &mut seen);
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

/// All orders that differ by one run of items that jumps to an earlier place, and keep every dependency.
fn neighbours(order: &[usize], before: &[Vec<bool>], items: &[Item]) -> Vec<Vec<usize>> {
    let mut found = Vec::new();
    // What takes longest first: the bound may end the search before all were looked at.
    let mut places: Vec<usize> = (0..order.len()).collect();
    places.sort_by(|a, b| items[order[*b]].seconds.total_cmp(&items[order[*a]].seconds));
    for from in places {
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
fn price(orders: &Orders<'_>, order: &[usize], seen: &mut HashMap<Vec<usize>, f64>) -> f64 {
    if let Some(known) = seen.get(order) {
        return *known;
    }
    let price = orders.seconds(order);
    seen.insert(order.to_vec(), price);
    price
}

/// Takes back what gains too little: neighbours that could as well stand as before, items that could go home, and
/// at last the whole.
fn settle(orders: &Orders<'_>, before: &[Vec<bool>], best: Vec<usize>) -> Vec<usize> {
    let mut seen = HashMap::new();
    let start: Vec<usize> = (0..best.len()).collect();
    let original = price(orders, &start, &mut seen);
    let least = least_gain(original);
    let mut order = best;
    let mut cost = price(orders, &order, &mut seen);
    loop {
        let swaps = (1..order.len()).map(|at| (swapped(&order, at), least / 10.0));
        let homes = (0..order.len()).map(|item| (sent_home(&order, item), least));
        let calmer = swaps
            .chain(homes)
            .filter(|(next, _)| inversions(next) < inversions(&order) && keeps(next, before))
            .find_map(|(next, worth)| {
                let price = price(orders, &next, &mut seen);
                (price <= cost + worth).then_some((price, next))
            });
        match calmer {
            Some((price, next)) => (cost, order) = (price, next),
            None => return if original - cost < least { start } else { order },
        }
    }
}

fn swapped(order: &[usize], at: usize) -> Vec<usize> {
    let mut next = order.to_vec();
    next.swap(at - 1, at);
    next
}

/// Puts one item before the first that stood after it at first.
fn sent_home(order: &[usize], item: usize) -> Vec<usize> {
    let mut next: Vec<usize> = order.iter().copied().filter(|other| *other != item).collect();
    let home = next.iter().position(|other| *other > item).unwrap_or(next.len());
    next.insert(home, item);
    next
}

fn inversions(order: &[usize]) -> usize {
    (1..order.len()).map(|at| order[..at].iter().filter(|left| **left > order[at]).count()).sum()
}

fn keeps(order: &[usize], before: &[Vec<bool>]) -> bool {
    (1..order.len()).all(|at| order[..at].iter().all(|left| !before[*left][order[at]]))
}

/// Puts the items of a stage in another order.
pub(super) fn apply(model: &mut Model, stage: usize, order: &[usize]) {
    let items = std::mem::take(&mut model.stages[stage].items);
    model.stages[stage].items = order.iter().map(|at| items[*at].clone()).collect();
}
