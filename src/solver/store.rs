//! The cache: records of what was built, and the keys by which they are found.

use std::collections::{BTreeSet, HashMap};
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
    by_op: HashMap<Digest, Vec<usize>>,
    by_id: HashMap<Id, usize>,
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
    /// Identity of the input, with the digest of the paths taken from it.
    pub definitions: Vec<(Id, Digest)>,
    /// Content of the paths taken.
    pub contents: Vec<ContentKey>,
}

/// What is added to a store: a record with its keys, or more keys for one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Addition {
    /// A result of a build, with the keys of that build.
    Record(Record),
    /// A source that was loaded: an image, a download.
    Source(Id),
}

impl Store {
    /// Records of an operation.
    pub(super) fn of_op(&self, op: Digest) -> impl Iterator<Item = &Arc<Record>> {
        self.by_op.get(&op).into_iter().flatten().map(|&i| &self.records[i])
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
        let records = self.records.iter().map(|r| Addition::Record((**r).clone()));
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
                    match self.by_id.get(&new.id) {
                        Some(&at) => Arc::make_mut(&mut self.records[at]).merge(new),
                        None => {
                            let at = self.records.len();
                            self.by_id.insert(new.id, at);
                            self.by_op.entry(new.op).or_default().push(at);
                            self.records.push(Arc::new(new));
                        }
                    }
                }
            }
        }
    }
}

impl Record {
    /// Takes over the keys of the same record, and its result where that is newer.
    fn merge(&mut self, other: Self) {
        if other.result > self.result || other.result == self.result && other.made >= self.made {
            self.output = other.output;
            self.made = other.made;
            self.result = other.result;
        }
        for (mine, theirs) in self.inputs.iter_mut().zip(other.inputs) {
            for d in theirs.definitions {
                if !mine.definitions.contains(&d) {
                    mine.definitions.push(d);
                }
            }
            for c in theirs.contents {
                if !mine.contents.contains(&c) {
                    mine.contents.push(c);
                }
            }
        }
    }
}
