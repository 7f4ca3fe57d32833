//! Why each step runs.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::cause::{Cause, Explanation, PathChange};
use super::compare::operations;
use super::pairing::pair;
use crate::context::select::{Memo, changed_among};
use crate::context::{Change, Selector, Tree, diff};
use crate::graph::{Action, Graph, Label, Op, Source, Vertex, VertexId};
use crate::solver::{Contexts, Output, Prediction, Status, Taken, VertexPrediction, selector};

/// A build that was predicted, with what it was predicted from.
#[derive(Debug, Clone, Copy)]
pub struct Build<'a> {
    /// Its graph.
    pub graph: &'a Graph,
    /// Its contexts.
    pub contexts: &'a Contexts,
    /// What was predicted of each vertex.
    pub vertices: &'a [Option<VertexPrediction>],
    /// What each vertex put out, as far as it is known.
    pub outputs: &'a [Option<Output>],
}

/// Says why each step of a prediction runs, compared with the build before; one explanation a step, in which a cause
/// lists at most so many paths.
pub fn explain(
    prediction: &Prediction,
    now: Build<'_>,
    before: Option<Build<'_>>,
    most_paths: usize,
) -> Vec<Explanation> {
    let steps = now.graph.steps.len();
    let pairs = match before {
        None => vec![None; steps],
        Some(before) if std::ptr::eq(before.graph, now.graph) => (0..steps).map(Some).collect(),
        Some(before) => pair(before.graph, now.graph),
    };
    let trace = Trace { prediction, now, before, pairs, main_changes: OnceCell::new(), most_paths };
    let mut out: Vec<Explanation> = (0..prediction.steps.len()).map(|n| trace.step(n)).collect();
    trace.drags(&mut out);
    out
}

impl Build<'_> {
    /// What a vertex took from one input, where the solve looked at it.
    fn taken(&self, v: VertexId, number: usize) -> Option<Taken> {
        self.vertices.get(v)?.as_ref()?.taken.get(number)?.clone()
    }
}

struct Trace<'a> {
    prediction: &'a Prediction,
    now: Build<'a>,
    before: Option<Build<'a>>,
    pairs: Vec<Option<usize>>,
    /// What changed between the main contexts: compared once for all steps.
    main_changes: OnceCell<Vec<Change>>,
    most_paths: usize,
}

/// A cause, and whether it is a reason of the step's own.
struct Found {
    cause: Cause,
    own: bool,
}

impl Trace<'_> {
    fn status(&self, v: VertexId) -> Option<Status> {
        self.prediction.vertex(v).map(|p| p.status)
    }

    fn runs(&self, step: usize) -> bool {
        let s = &self.prediction.steps[step];
        s.status == Status::Executed || s.merge == Some(Status::Executed)
    }

    fn step(&self, number: usize) -> Explanation {
        if !self.runs(number) {
            return Explanation { causes: Vec::new(), root: false, drags: Vec::new() };
        }
        let step = &self.now.graph.steps[number];
        let mut found = Vec::new();
        for v in [Some(step.vertex), step.merge].into_iter().flatten() {
            if self.status(v) == Some(Status::Executed) {
                found.extend(self.vertex(number, v));
            }
        }
        let mut causes: Vec<Cause> = Vec::new();
        // Reasons of its own come first, and nothing is told twice.
        let root = found.iter().any(|f| f.own);
        let (own, pulled): (Vec<Found>, Vec<Found>) = found.into_iter().partition(|f| f.own);
        for f in own.into_iter().chain(pulled) {
            if !causes.contains(&f.cause) {
                causes.push(f.cause);
            }
        }
        Explanation { causes, root, drags: Vec::new() }
    }

    fn vertex(&self, number: usize, v: VertexId) -> Vec<Found> {
        let own = |cause| Found { cause, own: true };
        let vertex = &self.now.graph.vertices[v];
        if self.prediction.vertex(v).is_some_and(|p| p.ignored_cache) {
            return vec![own(Cause::NoCache)];
        }
        if self.prediction.vertex(v).is_some_and(|p| p.unanchored) {
            return vec![own(Cause::Unanchored)];
        }
        let step = &self.now.graph.steps[number];
        let (Some(before), Some(old)) = (self.before, self.pairs[number]) else {
            return vec![own(Cause::New)];
        };
        let old_step = &before.graph.steps[old];
        let old_vertex = if v == step.vertex { Some(old_step.vertex) } else { old_step.merge };
        let Some(old) = old_vertex else { return vec![own(Cause::New)] };
        let old_vertex = &before.graph.vertices[old];
        if let (Op::Source(b), Op::Source(a)) = (&old_vertex.op, &vertex.op) {
            return vec![own(base_cause(b, a))];
        }
        let mut found: Vec<Found> = if std::ptr::eq(old_vertex, vertex) {
            Vec::new()
        } else {
            operations((&old_vertex.op, old_step), (&vertex.op, step)).into_iter().map(own).collect()
        };
        for number in 0..vertex.inputs.len() {
            found.extend(self.input(number, v, old, before));
        }
        if found.is_empty() {
            // The same step with the same inputs was built, but its result is not in this cache.
            found.push(own(Cause::Missing));
        }
        found
    }

    /// What of one input made the step run.
    fn input(&self, number: usize, v: VertexId, old: VertexId, before: Build<'_>) -> Vec<Found> {
        let (vertex, old_vertex) = (&self.now.graph.vertices[v], &before.graph.vertices[old]);
        let input = vertex.inputs[number];
        let old_input = old_vertex.inputs.get(number).copied();
        let Some(selectors) = selectors(vertex, number) else {
            return self.parent(input, old_input, before);
        };
        if let Op::Source(Source::Context { name }) = &self.now.graph.vertices[input].op {
            let then = context(before.contexts, name.as_deref());
            let now = context(self.now.contexts, name.as_deref());
            let empty = Tree::default();
            let (then, now) = (then.unwrap_or(&empty), now.unwrap_or(&empty));
            let found = match name {
                None => {
                    let changes = self.main_changes.get_or_init(|| diff(then, now));
                    self.content(&selectors, changes, then, now, None)
                }
                Some(name) => self.content(&selectors, &diff(then, now), then, now, Some(name.clone())),
            };
            return found.map(|cause| Found { cause, own: true }).into_iter().collect();
        }
        // From a stage: what came out of it differs, or is taken to, because a step of it ran.
        let then = old_input.and_then(|o| before.outputs[o].as_ref());
        let now = self.now.outputs.get(input).and_then(Option::as_ref);
        let (Some(then), Some(now)) = (then, now) else { return self.parent(input, old_input, before) };
        let taken = self.now.taken(v, number);
        let taken = taken.or_else(|| now.take(&selectors, &mut Memo::default()).ok());
        // Another selection than its own is asked of the old one where the instruction changed.
        let same = self::selectors(old_vertex, number).is_some_and(|theirs| theirs == selectors);
        let theirs = if same { before.taken(old, number) } else { None };
        let theirs = theirs.or_else(|| then.take(&selectors, &mut Memo::default()).ok());
        if let (Some(taken), Some(theirs)) = (&taken, &theirs)
            && taken.key.compare(&theirs.key).found()
        {
            return Vec::new();
        }
        let mut found: Vec<Found> = Vec::new();
        found.extend(
            self.content(
                &selectors,
                &diff(then.known(), now.known()),
                then.known(),
                now.known(),
                self.stage_of(input),
            )
            .map(|cause| Found { cause, own: false }),
        );
        let decides = taken.and_then(|t| t.decides).map(|decides| {
            let (path, step) = &*decides;
            Cause::Output { step: Arc::clone(step), path: path.clone() }
        });
        let nearest = || {
            let path = selectors.first().map_or_else(String::new, |s| format!("/{}", s.path));
            self.last_run_in(input).map(|n| Cause::Output { step: self.label(n), path })
        };
        match decides.or_else(nearest) {
            Some(cause) => found.push(Found { cause, own: false }),
            None if found.is_empty() => return self.parent(input, old_input, before),
            None => {}
        }
        found
    }

    /// What changed of what some selectors take.
    fn content(
        &self,
        selectors: &[Selector],
        all: &[Change],
        before: &Tree,
        after: &Tree,
        from: Option<String>,
    ) -> Option<Cause> {
        let mut changes: Vec<Change> = Vec::new();
        for s in selectors {
            changes.extend(changed_among(all, before, after, s));
        }
        changes.sort();
        changes.dedup();
        if changes.is_empty() {
            return None;
        }
        let total = changes.len();
        let changes = changes
            .into_iter()
            .take(self.most_paths)
            .map(|c| PathChange { path: c.path, how: c.kind.into() })
            .collect();
        Some(Cause::Content { changes, total, from })
    }

    /// The step before it ran, or is another than it was.
    fn parent(&self, input: VertexId, old: Option<VertexId>, before: Build<'_>) -> Vec<Found> {
        let step = self.step_of(input);
        if self.status(input) == Some(Status::Executed)
            && let Some(step) = step
        {
            return vec![Found { cause: Cause::Parent { step: self.label(step) }, own: false }];
        }
        let then =
            old.and_then(|o| step_of(before.graph, o)).map(|s| before.graph.steps[s].label.to_string());
        let now = step.map(|s| self.label(s).to_string());
        let same = old.is_some_and(|o| {
            before.graph.vertices[o].definition == self.now.graph.vertices[input].definition
        });
        if same || then == now {
            return Vec::new();
        }
        let text = |t: Option<String>| t.unwrap_or_else(|| "nothing".into());
        let cause = Cause::Neighbour { before: text(then), after: text(now) };
        vec![Found { cause, own: true }]
    }

    fn label(&self, step: usize) -> Arc<Label> {
        Arc::clone(&self.now.graph.steps[step].label)
    }

    fn step_of(&self, v: VertexId) -> Option<usize> {
        step_of(self.now.graph, v)
    }

    fn stage_of(&self, v: VertexId) -> Option<String> {
        let stage = self.now.graph.steps.get(self.step_of(v)?)?.stage;
        let info = &self.now.graph.stages[stage];
        Some(info.name.clone().or_else(|| info.shown.clone()).unwrap_or_else(|| stage.to_string()))
    }

    /// The step nearest to a vertex, among it and what it is built on, that ran.
    fn last_run_in(&self, v: VertexId) -> Option<usize> {
        let mut seen = BTreeSet::new();
        let mut todo = BTreeSet::from([v]);
        while let Some(v) = todo.pop_last() {
            if !seen.insert(v) || self.status(v) != Some(Status::Executed) {
                continue;
            }
            if let Some(step) = self.step_of(v) {
                return Some(step);
            }
            todo.extend(&self.now.graph.vertices[v].inputs);
        }
        None
    }

    /// Which steps run only because one root does: those that no other root reaches.
    fn drags(&self, out: &mut [Explanation]) {
        let roots: Vec<usize> = (0..out.len()).filter(|&n| out[n].root).collect();
        let mut reached: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); out.len()];
        for n in 0..out.len() {
            if out[n].root {
                reached[n].insert(n);
            }
            let pulls: BTreeSet<usize> = out[n]
                .causes
                .iter()
                .filter_map(|c| match c {
                    Cause::Parent { step } | Cause::Output { step, .. } => {
                        self.now.graph.steps.iter().position(|s| s.label == *step)
                    }
                    _ => None,
                })
                .filter(|&s| s < n)
                .collect();
            for s in pulls {
                let theirs = reached[s].clone();
                reached[n].extend(theirs);
            }
        }
        for root in roots {
            out[root].drags = (0..out.len())
                .filter(|&n| n != root && !out[n].root && reached[n].len() == 1 && reached[n].contains(&root))
                .collect();
        }
    }
}

fn step_of(graph: &Graph, v: VertexId) -> Option<usize> {
    graph.steps.iter().position(|s| s.merge == Some(v) || s.vertex == v)
}

fn context<'a>(contexts: &'a Contexts, name: Option<&str>) -> Option<&'a Tree> {
    match name {
        None => Some(&contexts.main),
        Some(n) => contexts.named.get(n),
    }
}

fn base_cause(before: &Source, after: &Source) -> Cause {
    match (before, after) {
        (Source::Image { digest: b, .. }, Source::Image { name, digest: a, .. }) if b != a => {
            Cause::Base { image: name.clone(), before: b.clone(), after: a.clone() }
        }
        _ => Cause::New,
    }
}

/// The paths that a vertex takes from one input, where their content counts.
fn selectors(vertex: &Vertex, number: usize) -> Option<Vec<Selector>> {
    match &vertex.op {
        Op::File(f) if f.base != Some(number) => {
            let of = f.actions.iter().filter_map(|a| match a {
                Action::Copy(c) if c.input == Some(number) => Some(selector(c)),
                _ => None,
            });
            Some(of.collect())
        }
        Op::Exec(e) => {
            let mounts: Vec<_> = e.mounts.iter().filter(|m| m.input == Some(number)).collect();
            let content = mounts.last().is_some_and(|m| !m.output);
            content.then(|| mounts.iter().map(|m| Selector::of_mount(&m.selector)).collect())
        }
        _ => None,
    }
}
