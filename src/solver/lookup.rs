//! The look-up: whether a stored record is that of a vertex (cache semantics, section 2).

use std::sync::Arc;

use super::Id;
use super::dependency::Dependency;
use super::key::ContentKey;
use super::level::Level;
use super::output::Taken;
use super::prediction::Assumption;
use super::solve::Solver;
use super::store::{InputKeys, Record};
use crate::context::{Digest, SelectError};
use crate::graph::{Op, Source, VertexId};

/// The outcome of a look-up.
pub(super) struct Match {
    pub(super) op: Digest,
    pub(super) found: Option<Arc<Record>>,
    pub(super) level: Level,
    pub(super) others: Vec<Id>,
    pub(super) assumption: Option<Assumption>,
    pub(super) ignore: bool,
    pub(super) content: Vec<Option<ContentKey>>,
    pub(super) keys: Vec<InputKeys>,
}

impl Solver<'_, '_> {
    /// The content key of one input, computed once.
    fn content(
        &mut self,
        at: VertexId,
        number: usize,
        dep: &Dependency,
        cache: &mut [Option<Option<Taken>>],
    ) -> Result<Option<ContentKey>, SelectError> {
        if cache[number].is_none() {
            let taken = match &dep.selectors {
                None => None,
                Some(selectors) => {
                    self.needed.insert(dep.vertex);
                    let taken = self.done[dep.vertex].output.take(selectors, self.memo)?;
                    if let Some(decides) = &taken.decides {
                        self.decides.insert((at, number), decides.clone());
                    }
                    Some(taken)
                }
            };
            cache[number] = Some(taken);
        }
        Ok(cache[number].as_ref().and_then(|t| t.as_ref().map(|t| t.key.clone())))
    }

    /// Looks for a record (section 2): the operation's digest, and for every input its definition or its content.
    pub(super) fn look_up(
        &mut self,
        at: VertexId,
        op: Digest,
        deps: &[Dependency],
        ignore: bool,
    ) -> Result<Match, SelectError> {
        let mut cache: Vec<Option<Option<Taken>>> = deps.iter().map(|_| None).collect();
        // A context has to be looked at in any case: nothing else can match, and what is missing is an error.
        for (n, dep) in deps.iter().enumerate() {
            if matches!(self.graph.vertices[dep.vertex].op, Op::Source(Source::Context { .. })) {
                self.content(at, n, dep, &mut cache)?;
            }
        }
        let store = self.store;
        let mut best: Option<(Level, u64, &Arc<Record>, Vec<Level>)> = None;
        let mut others = Vec::new();
        for record in store.of_op(op) {
            if record.inputs.len() != deps.len() {
                continue;
            }
            let mut levels = Vec::with_capacity(deps.len());
            for (n, dep) in deps.iter().enumerate() {
                levels.push(self.input_level(at, n, dep, &record.inputs[n], &mut cache)?);
            }
            let level = levels.iter().copied().min().unwrap_or(Level::Yes);
            if level == Level::AssumedNo {
                others.push(record.id);
            }
            if best.as_ref().is_none_or(|(l, made, ..)| (level, record.made) >= (*l, *made)) {
                best = Some((level, record.made, record, levels));
            }
        }
        let found =
            best.as_ref().filter(|(level, ..)| level.found()).map(|(.., record, _)| Arc::clone(record));
        let runs = ignore || found.is_none();
        if runs {
            for (n, dep) in deps.iter().enumerate() {
                self.content(at, n, dep, &mut cache)?;
            }
        }
        let level = best.as_ref().map_or(Level::No, |(l, ..)| *l);
        let doubtful = best.and_then(|(level, .., levels)| {
            (!level.certain()).then(|| levels.iter().position(|l| *l == level).unwrap_or(0))
        });
        let assumption = doubtful.and_then(|n| self.assumption(at, n, &deps[n], &cache[n], level));
        let content: Vec<Option<ContentKey>> =
            cache.into_iter().map(|c| c.flatten().map(|t| t.key)).collect();
        let keys = deps
            .iter()
            .zip(&content)
            .map(|(d, c)| InputKeys {
                definitions: vec![(self.done[d.vertex].id, d.selected)],
                contents: c.iter().cloned().collect(),
            })
            .collect();
        Ok(Match { op, found, level, others, assumption, ignore, content, keys })
    }

    /// How one input matches a record's keys for it.
    fn input_level(
        &mut self,
        at: VertexId,
        number: usize,
        dep: &Dependency,
        keys: &InputKeys,
        cache: &mut [Option<Option<Taken>>],
    ) -> Result<Level, SelectError> {
        let input = &self.done[dep.vertex];
        let is_context = matches!(self.graph.vertices[dep.vertex].op, Op::Source(Source::Context { .. }));
        let by_content = dep.selectors.is_some();
        let mut level = Level::No;
        // Content decides where there is any to compare and the input was made anew under an old identity.
        if !(is_context || by_content && input.remade) {
            let has = |id: Id| keys.definitions.iter().any(|&(i, s)| i == id && s == dep.selected);
            if has(input.id) {
                level = if input.certain { Level::Yes } else { Level::AssumedYes };
            } else if input.others.iter().any(|&o| has(o)) {
                level = Level::AssumedNo;
            }
        }
        if level < Level::Yes
            && by_content
            && let Some(now) = self.content(at, number, dep, cache)?
        {
            let best = keys.contents.iter().map(|stored| now.compare(stored)).max();
            level = level.max(best.unwrap_or(Level::No));
        }
        Ok(level)
    }

    /// What a doubtful match rests on.
    fn assumption(
        &self,
        at: VertexId,
        number: usize,
        dep: &Dependency,
        taken: &Option<Option<Taken>>,
        level: Level,
    ) -> Option<Assumption> {
        let input = &self.done[dep.vertex];
        if let Some(a @ Assumption::Upstream { .. }) = &input.assumption {
            return Some(a.clone());
        }
        if taken.as_ref().is_some_and(Option::is_some)
            && let Some((path, step)) = self.decides.get(&(at, number))
        {
            let assumed_changed = level == Level::AssumedNo;
            return Some(Assumption::Output { path: path.clone(), step: step.clone(), assumed_changed });
        }
        match &self.labels[dep.vertex] {
            Some(step) => Some(Assumption::Follows { step: step.clone() }),
            None => input.assumption.clone(),
        }
    }
}
