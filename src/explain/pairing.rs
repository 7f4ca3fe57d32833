//! Which step of the build before is this step.

use similar::{Algorithm, capture_diff_slices};

use crate::graph::{Graph, StageInfo};

/// For each step of `now`, the step of `before` that it was, by number.
///
/// Stages are paired by name, nameless ones by their place; steps within a stage by their text where it is the
/// same, and what is left between two of those in order, if the keyword is the same: an edited line.
pub(super) fn pair(before: &Graph, now: &Graph) -> Vec<Option<usize>> {
    let mut out = vec![None; now.steps.len()];
    for (at, stage) in now.stages.iter().enumerate() {
        let Some(old) = paired_stage(before, now, at, stage) else { continue };
        let theirs = numbers(before, old);
        let mine = numbers(now, at);
        let text = |g: &Graph, n: usize| g.steps[n].label.instruction.clone();
        let a: Vec<String> = theirs.iter().map(|&n| text(before, n)).collect();
        let b: Vec<String> = mine.iter().map(|&n| text(now, n)).collect();
        let keyword = |t: &str| t.split(' ').next().unwrap_or_default().to_string();
        for op in capture_diff_slices(Algorithm::Patience, &a, &b) {
            let (_, left, right) = op.as_tag_tuple();
            if a[left.clone()] == b[right.clone()] {
                for (l, r) in left.zip(right) {
                    out[mine[r]] = Some(theirs[l]);
                }
                continue;
            }
            let mut free = left;
            for r in right {
                if let Some(l) = free.clone().find(|&l| keyword(&a[l]) == keyword(&b[r])) {
                    out[mine[r]] = Some(theirs[l]);
                    free = l + 1..free.end;
                }
            }
        }
    }
    out
}

fn numbers(graph: &Graph, stage: usize) -> Vec<usize> {
    (0..graph.steps.len()).filter(|&n| graph.steps[n].stage == stage).collect()
}

fn paired_stage(before: &Graph, now: &Graph, at: usize, stage: &StageInfo) -> Option<usize> {
    if let Some(name) = &stage.name
        && let Some(found) = before.stages.iter().rposition(|s| s.name.as_ref() == Some(name))
    {
        return Some(found);
    }
    // The last stage is the last stage, whatever it is called.
    if at + 1 == now.stages.len() {
        return before.stages.len().checked_sub(1);
    }
    before.stages.get(at).filter(|s| s.name.is_none() || stage.name.is_none()).map(|_| at)
}
