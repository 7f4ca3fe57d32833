//! The look-up: whether a stored record is that of a vertex (cache semantics, section 2).

use std::sync::Arc;

use super::Id;
use super::dependency::Dependency;
use super::key::ContentKey;
use super::level::Level;
use super::output::Taken;
use super::prediction::Assumption;
use super::solve::Solver;
use super::store::{Candidates, InputKeys, Record};
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
    pub(super) taken: Arc<[Option<Taken>]>,
    pub(super) keys: Vec<InputKeys>,
}

/// What is known of an input's content in one look-up.
pub(super) enum Looked {
    /// Nobody has asked.
    NotYet,
    /// Its content does not count.
    Never,
    /// This.
    Found(Taken),
}

impl Looked {
    fn taken(&self) -> Option<&Taken> {
        if let Self::Found(taken) = self { Some(taken) } else { None }
    }
}

impl Solver<'_, '_> {
    /// The content key of one input, computed once.
    fn content(
        &mut self,
        at: VertexId,
        number: usize,
        dep: &Dependency,
        cache: &mut [Looked],
    ) -> Result<Option<ContentKey>, SelectError> {
        if matches!(cache[number], Looked::NotYet) {
            cache[number] = self.taken(at, number, dep)?.map_or(Looked::Never, Looked::Found);
        }
        Ok(cache[number].taken().map(|t| t.key.clone()))
    }

    /// What is taken from one input; none where only its definition counts.
    pub(super) fn taken(
        &mut self,
        at: VertexId,
        number: usize,
        dep: &Dependency,
    ) -> Result<Option<Taken>, SelectError> {
        let Some(selectors) = &dep.selectors else { return Ok(None) };
        let from = &self.done[dep.vertex].output;
        if let Some(taken) = self.recall.taken(at, number, from) {
            return Ok(Some(taken));
        }
        let taken = from.take(selectors, self.memo)?;
        self.recall.keep(at, number, from, &taken);
        Ok(Some(taken))
    }

    /// Looks for a record (section 2): the operation's digest, and for every input its definition or its content.
    pub(super) fn look_up(
        &mut self,
        at: VertexId,
        op: Digest,
        deps: &[Dependency],
        ignore: bool,
    ) -> Result<Match, SelectError> {
        let mut cache: Vec<Looked> = deps.iter().map(|_| Looked::NotYet).collect();
        // A context has to be looked at in any case: nothing else can match, and what is missing is an error.
        for (n, dep) in deps.iter().enumerate() {
            if matches!(self.graph.vertices[dep.vertex].op, Op::Source(Source::Context { .. })) {
                self.content(at, n, dep, &mut cache)?;
            }
        }
        let store = self.store;
        let mut best = Best::default();
        if let Some(candidates) = self.narrowest(op, deps, &cache) {
            for record in store.records_of(candidates) {
                best.take(record, self.levels(at, deps, record, &mut cache)?);
            }
        } else if let Some(dep) = deps.first() {
            // One input that may match by content, which is only looked at if no definition matches.
            let id = self.done[dep.vertex].id;
            let defined = store.candidates(op, 0, Some(id), None);
            for record in store.records_of(defined) {
                best.take(record, self.levels(at, deps, record, &mut cache)?);
            }
            if best.level() < Level::Yes && store.knows_op(op) {
                let content = self.content(at, 0, dep, &mut cache)?;
                let alike = store.candidates(op, 0, None, content.as_ref());
                for record in store.records_of(alike) {
                    best.take(record, self.levels(at, deps, record, &mut cache)?);
                }
            }
        } else {
            for record in store.newest_of_op(op, DOUBTED) {
                best.take(record, self.levels(at, deps, record, &mut cache)?);
            }
        }
        if !best.level().found() {
            for (n, dep) in deps.iter().enumerate() {
                self.content(at, n, dep, &mut cache)?;
            }
            // Nothing matches; what could, were it only known, is looked for among the latest.
            if self.may_doubt(op, deps, &cache) {
                for record in store.newest_of_op(op, DOUBTED) {
                    best.take(record, self.doubted(deps, record, &cache));
                }
            }
        }
        let others = best.others();
        let found = best.best.as_ref().filter(|best| best.level.found()).map(|best| Arc::clone(best.record));
        let runs = ignore || found.is_none();
        if runs {
            for (n, dep) in deps.iter().enumerate() {
                self.content(at, n, dep, &mut cache)?;
            }
        }
        let level = best.level();
        let doubtful = best.best.filter(|best| !best.level.certain()).map(|best| best.weakest);
        let assumption = doubtful.and_then(|n| self.assumption(&deps[n], &cache[n], level));
        let taken: Arc<[Option<Taken>]> = cache.iter().map(|c| c.taken().cloned()).collect();
        let keys = deps
            .iter()
            .zip(&*taken)
            .map(|(d, taken)| InputKeys {
                definitions: vec![(self.done[d.vertex].id, d.selected)],
                contents: taken.iter().map(|t| t.key.clone()).collect(),
            })
            .collect();
        Ok(Match { op, found, level, others, assumption, ignore, taken, keys })
    }

    /// How a record matches: by the input that matches worst; none where the record has other inputs.
    fn levels(
        &mut self,
        at: VertexId,
        deps: &[Dependency],
        record: &Record,
        cache: &mut [Looked],
    ) -> Result<Option<Weakest>, SelectError> {
        if record.inputs.len() != deps.len() {
            return Ok(None);
        }
        let mut weakest = Weakest::default();
        for (n, dep) in deps.iter().enumerate() {
            let keys = &record.inputs[n];
            let mut level = self.definition_level(dep, keys);
            if level < Level::Yes && dep.selectors.is_some() {
                self.content(at, n, dep, cache)?;
                level = level.max(content_level(&cache[n], keys));
            }
            weakest.take(n, level);
        }
        Ok(Some(weakest))
    }

    /// The same once all content is known; none where the record does not match for sure.
    fn doubted(&self, deps: &[Dependency], record: &Record, cache: &[Looked]) -> Option<Weakest> {
        if record.inputs.len() != deps.len() {
            return None;
        }
        let mut weakest = Weakest::default();
        for ((n, dep), keys) in deps.iter().enumerate().zip(&record.inputs) {
            let level = self.definition_level(dep, keys).max(content_level(&cache[n], keys));
            if level == Level::No {
                return None;
            }
            weakest.take(n, level);
        }
        Some(weakest)
    }

    /// The records that can match by the input that lets the fewest through, of those that match by their
    /// definition alone or by their content alone; none where there is no such input.
    fn narrowest(&self, op: Digest, deps: &[Dependency], cache: &[Looked]) -> Option<Candidates> {
        let of_input = |(n, dep): (usize, &Dependency)| {
            let is_context = matches!(self.graph.vertices[dep.vertex].op, Op::Source(Source::Context { .. }));
            match (&dep.selectors, cache[n].taken()) {
                (None, _) => Some(self.store.candidates(op, n, Some(self.done[dep.vertex].id), None)),
                (Some(_), Some(taken)) if is_context => {
                    Some(self.store.candidates(op, n, None, Some(&taken.key)))
                }
                _ => None,
            }
        };
        deps.iter().enumerate().filter_map(of_input).min_by_key(Candidates::len)
    }

    /// Says whether a record may match an input that is not known well enough to rule it out.
    fn may_doubt(&self, op: Digest, deps: &[Dependency], cache: &[Looked]) -> bool {
        !self.is_ruled_out(op, deps, cache)
            && deps.iter().enumerate().any(|(n, dep)| {
                let taken = cache[n].taken();
                !self.done[dep.vertex].others.is_empty()
                    || taken.is_some_and(|t| t.key.open || t.key.shaky || t.key.known != t.key.exact)
                    || self.store.has_open(op, n)
            })
    }

    /// Says whether one input rules all records out: files of a context, of which everything is known, that no record
    /// has, where all that is known of the records' own is known for sure, too.
    fn is_ruled_out(&self, op: Digest, deps: &[Dependency], cache: &[Looked]) -> bool {
        deps.iter().enumerate().any(|(n, dep)| {
            let is_context = matches!(self.graph.vertices[dep.vertex].op, Op::Source(Source::Context { .. }));
            is_context
                && cache[n].taken().is_some_and(|taken| {
                    !self.store.has_open(op, n)
                        && self.store.candidates(op, n, None, Some(&taken.key)).len() == 0
                })
        })
    }

    /// How the identity of one input matches a record's keys for it.
    fn definition_level(&self, dep: &Dependency, keys: &InputKeys) -> Level {
        let input = &self.done[dep.vertex];
        let is_context = matches!(self.graph.vertices[dep.vertex].op, Op::Source(Source::Context { .. }));
        // Content decides where there is any to compare and the input was made anew under an old identity.
        if is_context || dep.selectors.is_some() && input.remade {
            return Level::No;
        }
        if keys.defines(input.id, dep.selected) {
            return if input.certain { Level::Yes } else { Level::AssumedYes };
        }
        if keys.defines_any(&input.others, dep.selected) { Level::AssumedNo } else { Level::No }
    }

    /// What a doubtful match rests on.
    fn assumption(&self, dep: &Dependency, looked: &Looked, level: Level) -> Option<Assumption> {
        let input = &self.done[dep.vertex];
        if let Some(a @ Assumption::Upstream { .. }) = &input.assumption {
            return Some(a.clone());
        }
        if let Some(decides) = looked.taken().and_then(|taken| taken.decides.as_ref()) {
            let (path, step) = &**decides;
            let assumed_changed = level == Level::AssumedNo;
            let step = Arc::clone(step);
            return Some(Assumption::Output { path: path.clone(), step, assumed_changed });
        }
        match &self.prepared.vertices[dep.vertex].label {
            Some(step) => Some(Assumption::Follows { step: Arc::clone(step) }),
            None => input.assumption.clone(),
        }
    }
}

/// How many of an operation's records are looked at for what could match if more were known. More say no more: one
/// is enough to call a status an assumption.
const DOUBTED: usize = 64;

/// How the content of one input matches a record's keys for it, where it was looked at.
fn content_level(looked: &Looked, keys: &InputKeys) -> Level {
    let Some(now) = looked.taken() else { return Level::No };
    keys.contents.iter().map(|stored| now.key.compare(stored)).max().unwrap_or(Level::No)
}

/// How a record matches: as its input that matches worst, the first of several.
struct Weakest {
    level: Level,
    input: usize,
}

impl Default for Weakest {
    fn default() -> Self {
        Self { level: Level::Yes, input: 0 }
    }
}

impl Weakest {
    fn take(&mut self, input: usize, level: Level) {
        if level < self.level {
            *self = Self { level, input };
        }
    }
}

/// A record with how it matches.
struct Candidate<'s> {
    level: Level,
    record: &'s Arc<Record>,
    weakest: usize,
}

/// The best of the records looked at so far.
#[derive(Default)]
struct Best<'s> {
    best: Option<Candidate<'s>>,
    /// Identities of those that may match.
    others: Vec<Id>,
}

impl<'s> Best<'s> {
    fn level(&self) -> Level {
        self.best.as_ref().map_or(Level::No, |best| best.level)
    }

    /// Looks at one record; the later of equals is the better.
    fn take(&mut self, record: &'s Arc<Record>, weakest: Option<Weakest>) {
        let Some(Weakest { level, input }) = weakest else { return };
        if level == Level::AssumedNo {
            self.others.push(record.id);
        }
        let is_better = |best: &Candidate<'_>| (level, record.made) >= (best.level, best.record.made);
        if self.best.as_ref().is_none_or(is_better) {
            self.best = Some(Candidate { level, record, weakest: input });
        }
    }

    /// Identities of those that may match, in order.
    fn others(&mut self) -> Vec<Id> {
        let mut others = std::mem::take(&mut self.others);
        others.sort_unstable();
        others.dedup();
        others
    }
}
