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
use crate::graph::{Label, Op, Source, VertexId};

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
            cache[number] = match &dep.selectors {
                None => Looked::Never,
                Some(selectors) => {
                    self.needed.insert(dep.vertex);
                    let from = &self.done[dep.vertex].output;
                    let taken = match self.recall.taken(at, number, from) {
                        Some(taken) => taken,
                        None => {
                            let taken = from.take(selectors, self.memo)?;
                            self.recall.keep(at, number, from, &taken);
                            taken
                        }
                    };
                    if let Some(decides) = &taken.decides {
                        self.decides.insert((at, number), decides.clone());
                    }
                    Looked::Found(taken)
                }
            };
        }
        Ok(cache[number].taken().map(|t| t.key.clone()))
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
                    best.take(record, self.levels(at, deps, record, &mut cache)?);
                }
            }
        }
        let Best { best, others } = best;
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
            cache.iter().map(|c| c.taken().map(|t| t.key.clone())).collect();
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

    /// How each input matches a record's keys for it; none where the record has other inputs.
    fn levels(
        &mut self,
        at: VertexId,
        deps: &[Dependency],
        record: &Record,
        cache: &mut [Looked],
    ) -> Result<Option<Vec<Level>>, SelectError> {
        if record.inputs.len() != deps.len() {
            return Ok(None);
        }
        let mut levels = Vec::with_capacity(deps.len());
        for (n, dep) in deps.iter().enumerate() {
            levels.push(self.input_level(at, n, dep, &record.inputs[n], cache)?);
        }
        Ok(Some(levels))
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
        deps.iter().enumerate().any(|(n, dep)| {
            let taken = cache[n].taken();
            !self.done[dep.vertex].others.is_empty()
                || taken.is_some_and(|t| t.key.open || t.key.shaky || t.key.known != t.key.exact)
                || self.store.has_open(op, n)
        })
    }

    /// How one input matches a record's keys for it.
    fn input_level(
        &mut self,
        at: VertexId,
        number: usize,
        dep: &Dependency,
        keys: &InputKeys,
        cache: &mut [Looked],
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
        taken: &Looked,
        level: Level,
    ) -> Option<Assumption> {
        let input = &self.done[dep.vertex];
        if let Some(a @ Assumption::Upstream { .. }) = &input.assumption {
            return Some(a.clone());
        }
        if taken.taken().is_some()
            && let Some(decides) = self.decides.get(&(at, number))
        {
            let (path, step) = &**decides;
            let assumed_changed = level == Level::AssumedNo;
            let step = Label::clone(step);
            return Some(Assumption::Output { path: path.clone(), step, assumed_changed });
        }
        match &self.prepared.vertices[dep.vertex].label {
            Some(step) => Some(Assumption::Follows { step: Label::clone(step) }),
            None => input.assumption.clone(),
        }
    }
}

/// How many of an operation's records are looked at for what could match if more were known. More say no more: one
/// is enough to call a status an assumption.
const DOUBTED: usize = 64;

/// A record with how it matches, when it was made, and how each input matches.
type Candidate<'s> = (Level, u64, &'s Arc<Record>, Vec<Level>);

/// The best of the records looked at so far.
#[derive(Default)]
struct Best<'s> {
    best: Option<Candidate<'s>>,
    /// Identities of those that may match.
    others: Vec<Id>,
}

impl<'s> Best<'s> {
    fn level(&self) -> Level {
        self.best.as_ref().map_or(Level::No, |(level, ..)| *level)
    }

    /// Looks at one record; the later of equals is the better.
    fn take(&mut self, record: &'s Arc<Record>, levels: Option<Vec<Level>>) {
        let Some(levels) = levels else { return };
        let level = levels.iter().copied().min().unwrap_or(Level::Yes);
        if level == Level::AssumedNo && !self.others.contains(&record.id) {
            self.others.push(record.id);
        }
        if self.best.as_ref().is_none_or(|(l, made, ..)| (level, record.made) >= (*l, *made)) {
            self.best = Some((level, record.made, record, levels));
        }
    }
}
