//! The cache: records of what was built, and the keys by which they are found.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::key::{ContentKey, Id};
use crate::context::Digest;

/// A cache of results. Nothing in it is ever overwritten, so that A, B, A finds A again (`history-aba-source`).
///
/// Cloning is cheap: records are shared.
#[derive(Debug, Clone, Default)]
pub struct Store {
    records: Vec<Arc<Record>>,
    by_op: ByDigest<Digest, OfOp>,
    /// Records by what one of their inputs has to be: see [`Hook`].
    by_hook: ByDigest<Hook, Numbers>,
    by_id: ByDigest<Id, usize>,
    sources: BTreeSet<Id>,
    /// Counts builds, so that the latest of several results is known.
    builds: u64,
}

/// One result, and everything by which it can be found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The operation's digest.
    pub op: Digest,
    /// Its identity.
    pub id: Id,
    /// What came out: another digest for every time that it ran.
    pub output: Digest,
    /// The build in which it ran last.
    pub made: u64,
    /// Whether its result is there: an export may have left it out.
    pub result: Kept,
    /// The keys of each input.
    pub inputs: Vec<InputKeys>,
}

/// Whether a record's result is there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// Only its keys are.
    No,
    /// It may be: an export keeps what happens to have been packed into a layer already.
    Perhaps,
    /// It is.
    #[default]
    Yes,
}

/// The keys by which a record is found through one of its inputs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InputKeys {
    /// Identity of the input, with the digest of the paths taken from it; in order.
    pub definitions: Vec<(Id, Digest)>,
    /// Content of the paths taken.
    pub contents: Vec<ContentKey>,
}

/// What is added to a store: a record with its keys, or more keys for one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Addition {
    /// A result of a build, with the keys of that build.
    Record(Arc<Record>),
    /// A source that was loaded: an image, a download.
    Source(Id),
}

/// One key of one input of an operation's records, drawn together to a number, as there are many. Two keys that fall
/// together lead to more records than they should; whoever follows one compares what it finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Hook(u64);

impl Hook {
    fn of(op: Digest, input: usize, key: HookKey) -> Self {
        let (kind, digest) = match key {
            HookKey::Definition(id) => (1, id.start()),
            HookKey::Exact(content) => (2, content.start()),
            HookKey::Guess(content) => (3, content.start()),
            HookKey::Open => (4, 0),
        };
        // Digests are spread evenly; these two numbers are not: they are multiplied by the golden ratio.
        let small = (8 * input as u64 + kind).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self(op.start().rotate_left(23) ^ digest ^ small)
    }
}

/// Numbers of records, rising; most often one.
#[derive(Debug, Clone)]
enum Numbers {
    One(usize),
    Several(Vec<usize>),
}

impl Numbers {
    fn list(&self) -> &[usize] {
        match self {
            Self::One(number) => std::slice::from_ref(number),
            Self::Several(numbers) => numbers,
        }
    }

    fn add(&mut self, number: usize) {
        if let Err(place) = self.list().binary_search(&number) {
            let mut numbers = match self {
                Self::One(one) => vec![*one],
                Self::Several(numbers) => std::mem::take(numbers),
            };
            numbers.insert(place, number);
            *self = Self::Several(numbers);
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum HookKey {
    /// Defined by this identity.
    Definition(Id),
    /// Content that is surely this.
    Exact(Digest),
    /// Content that is taken to be this.
    Guess(Digest),
    /// Content in which something unknown has a part.
    Open,
}

/// A map whose keys are digests, or hold one.
type ByDigest<K, V> = HashMap<K, V, BuildHasherDefault<DigestHasher>>;

/// Hashes what is spread evenly already: a digest's bytes are as good as any hash of them.
#[derive(Debug, Clone, Default)]
struct DigestHasher(u64);

impl Hasher for DigestHasher {
    fn write(&mut self, bytes: &[u8]) {
        let mut first = [0; 8];
        let length = bytes.len().min(8);
        first[..length].copy_from_slice(&bytes[..length]);
        self.write_u64(u64::from_le_bytes(first));
    }

    fn write_u64(&mut self, value: u64) {
        // Rotated, so that two digests of one key do not undo each other.
        self.0 = self.0.rotate_left(23) ^ value;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// An operation's records.
#[derive(Debug, Clone, Default)]
struct OfOp {
    /// Their numbers.
    list: Vec<usize>,
    /// Another one after every change to one of them: who keeps one knows by it that nothing changed.
    as_of: Arc<()>,
}

impl OfOp {
    fn changed(&mut self) {
        if Arc::strong_count(&self.as_of) > 1 {
            self.as_of = Arc::default();
        }
    }
}

/// What a store held of one operation at one time.
#[derive(Debug, Clone)]
pub(super) struct OpRecords(Arc<()>);

/// Records that one input may match, by their numbers.
pub(super) struct Candidates(Vec<usize>);

impl Candidates {
    /// How many there are at most.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl Store {
    /// Says whether an operation has any record.
    pub(super) fn knows_op(&self, op: Digest) -> bool {
        self.by_op.contains_key(&op)
    }

    /// What is held of an operation now, for [`Store::still_holds`]; none where there is no record of it.
    pub(super) fn of_op(&self, op: Digest) -> Option<OpRecords> {
        self.by_op.get(&op).map(|of| OpRecords(Arc::clone(&of.as_of)))
    }

    /// Says whether what is held of an operation is what was held then, in this store or in the one that it was
    /// cloned from.
    pub(super) fn still_holds(&self, op: Digest, then: &OpRecords) -> bool {
        self.by_op.get(&op).is_some_and(|now| Arc::ptr_eq(&now.as_of, &then.0))
    }

    /// The newest records of an operation, the newest last.
    pub(super) fn newest_of_op(&self, op: Digest, most: usize) -> impl Iterator<Item = &Arc<Record>> {
        let all = self.by_op.get(&op).map_or(&[][..], |of| of.list.as_slice());
        all[all.len().saturating_sub(most)..].iter().map(|&i| &self.records[i])
    }

    /// The records of which one input has this definition or this content, surely or as it is taken.
    pub(super) fn candidates(
        &self,
        op: Digest,
        input: usize,
        definition: Option<Id>,
        content: Option<&ContentKey>,
    ) -> Candidates {
        let keys = [
            definition.map(HookKey::Definition),
            content.map(|c| HookKey::Exact(c.exact)),
            content.map(|c| HookKey::Guess(c.guess)),
        ];
        let lists = keys.into_iter().flatten().filter_map(|key| self.by_hook.get(&Hook::of(op, input, key)));
        let numbers = lists.flat_map(Numbers::list).copied();
        let mut found: Vec<usize> = numbers.filter(|&at| self.records[at].op == op).collect();
        found.sort_unstable();
        found.dedup();
        Candidates(found)
    }

    /// The records of candidates, in the order in which they came.
    pub(super) fn records_of(&self, of: Candidates) -> impl Iterator<Item = &Arc<Record>> {
        of.0.into_iter().map(|i| &self.records[i])
    }

    /// Says whether a record of this operation holds content of this input in which something unknown has a part.
    pub(super) fn has_open(&self, op: Digest, input: usize) -> bool {
        self.by_hook.contains_key(&Hook::of(op, input, HookKey::Open))
    }

    /// Makes a record findable by its inputs' keys.
    fn hook(&mut self, at: usize, op: Digest, inputs: &[InputKeys]) {
        for (input, keys) in inputs.iter().enumerate() {
            let definitions = keys.definitions.iter().map(|&(id, _)| HookKey::Definition(id));
            let contents = keys.contents.iter().flat_map(|c| {
                let open = (c.open || c.shaky || c.known != c.exact).then_some(HookKey::Open);
                [Some(HookKey::Exact(c.exact)), Some(HookKey::Guess(c.guess)), open].into_iter().flatten()
            });
            for key in definitions.chain(contents) {
                let known = self.by_hook.entry(Hook::of(op, input, key));
                known.and_modify(|numbers| numbers.add(at)).or_insert(Numbers::One(at));
            }
        }
    }

    /// The record of an identity.
    pub fn record(&self, id: Id) -> Option<&Record> {
        self.by_id.get(&id).map(|&i| &*self.records[i])
    }

    /// Says whether a source was loaded before.
    pub(super) fn knows_source(&self, id: Id) -> bool {
        self.sources.contains(&id)
    }

    /// Builds counted so far.
    pub fn builds(&self) -> u64 {
        self.builds
    }

    /// How many results it holds.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether nothing was ever built.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty() && self.sources.is_empty()
    }

    /// Everything in it, as additions to an empty store.
    pub fn all(&self) -> impl Iterator<Item = Addition> {
        let records = self.records.iter().map(|r| Addition::Record(Arc::clone(r)));
        records.chain(self.sources.iter().copied().map(Addition::Source))
    }

    /// Adds the results of one build, or of a file.
    pub fn add(&mut self, additions: impl IntoIterator<Item = Addition>) {
        for addition in additions {
            match addition {
                Addition::Source(id) => {
                    self.sources.insert(id);
                }
                Addition::Record(new) => {
                    self.builds = self.builds.max(new.made);
                    match self.by_id.get(&new.id).copied() {
                        Some(at) if Arc::ptr_eq(&self.records[at], &new) || self.records[at].holds(&new) => {}
                        Some(at) => {
                            self.hook(at, new.op, &new.inputs);
                            Arc::make_mut(&mut self.records[at]).merge(&new);
                            self.by_op.entry(new.op).and_modify(OfOp::changed);
                        }
                        None => {
                            let new = in_order(new);
                            let at = self.records.len();
                            self.by_id.insert(new.id, at);
                            let of = self.by_op.entry(new.op).or_default();
                            of.list.push(at);
                            of.changed();
                            self.hook(at, new.op, &new.inputs);
                            self.records.push(new);
                        }
                    }
                }
            }
        }
    }
}

/// A record whose definitions are in order, as one from a file need not be.
fn in_order(record: Arc<Record>) -> Arc<Record> {
    if record.inputs.iter().all(|keys| keys.definitions.is_sorted()) {
        return record;
    }
    let mut record = Arc::unwrap_or_clone(record);
    record.inputs.iter_mut().for_each(|keys| keys.definitions.sort_unstable());
    Arc::new(record)
}

impl InputKeys {
    /// Says whether these paths of this input are a key.
    pub(super) fn defines(&self, id: Id, selected: Digest) -> bool {
        self.definitions.binary_search(&(id, selected)).is_ok()
    }

    /// Says whether these paths of one of several inputs, in order, are a key.
    pub(super) fn defines_any(&self, ids: &[Id], selected: Digest) -> bool {
        if ids.len() < self.definitions.len() {
            return ids.iter().any(|&id| self.defines(id, selected));
        }
        self.definitions.iter().any(|(id, of)| *of == selected && ids.binary_search(id).is_ok())
    }
}

impl Record {
    /// Says whether merging the same record's other keys would change nothing.
    fn holds(&self, other: &Self) -> bool {
        let newer = other.result > self.result || other.result == self.result && other.made >= self.made;
        let same = (self.output, self.made, self.result) == (other.output, other.made, other.result);
        (same || !newer)
            && self.inputs.len() == other.inputs.len()
            && self.inputs.iter().zip(&other.inputs).all(|(mine, theirs)| {
                theirs.definitions.iter().all(|&(id, selected)| mine.defines(id, selected))
                    && theirs.contents.iter().all(|c| mine.contents.contains(c))
            })
    }

    /// Takes over the keys of the same record, and its result where that is newer.
    fn merge(&mut self, other: &Self) {
        if other.result > self.result || other.result == self.result && other.made >= self.made {
            self.output = other.output;
            self.made = other.made;
            self.result = other.result;
        }
        for (mine, theirs) in self.inputs.iter_mut().zip(&other.inputs) {
            for d in &theirs.definitions {
                if let Err(place) = mine.definitions.binary_search(d) {
                    mine.definitions.insert(place, *d);
                }
            }
            for c in &theirs.contents {
                if !mine.contents.contains(c) {
                    mine.contents.push(c.clone());
                }
            }
        }
    }
}
