//! What is kept of a walk: plain data, small, and the same after it was stored and read back.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::cost::Figure;

/// A series of commits built with one plan.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SideWalk {
    /// The Dockerfiles that were built, in the order of their first build.
    pub versions: Vec<Version>,
    /// Steps, tracked while their labels moved.
    pub rows: Vec<Row>,
    /// One a commit; fewer where the walk was stopped.
    pub builds: Vec<Build>,
    /// Paths that [`Why::Files`] names.
    pub paths: Vec<String>,
    /// Commits that the walk was to build.
    pub planned: usize,
}

/// One Dockerfile and what its steps are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Version {
    /// Its text.
    pub text: String,
    /// Its steps in the order printed; empty where it cannot be built.
    pub steps: Vec<VersionStep>,
    /// Why it cannot be built.
    pub error: Option<String>,
}

/// A step of one Dockerfile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VersionStep {
    /// Number in [`SideWalk::rows`].
    pub row: usize,
    /// BuildKit's label.
    pub label: String,
    /// Line in the Dockerfile, from 1.
    pub line: usize,
    /// Seconds that it takes when it runs.
    pub seconds: Figure,
}

/// A step over time.
///
/// One row goes on while its stage and its text stay; a changed text at the same place continues it too, and the
/// older texts are kept. See [`super::rows`] for the rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The stage's name, or `stage N` where it has none.
    pub stage: String,
    /// The instruction as it reads last, variables expanded.
    pub instruction: String,
    /// How it read before, the latest last.
    pub formerly: Vec<String>,
}

/// The build of one commit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Build {
    /// The Dockerfile built, in [`SideWalk::versions`]; none where the commit has none.
    pub version: Option<usize>,
    /// One a step of the version; fewer where an error ended the build.
    #[serde(with = "letters")]
    pub marks: Vec<Mark>,
    /// For each step that ran: its number in the version, and why.
    pub reasons: Vec<(usize, Vec<Why>)>,
    /// What ended the build.
    pub error: Option<String>,
}

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mark {
    /// Found in the cache.
    Cached,
    /// The same, if a RUN put out what it is taken to.
    CachedAssumed,
    /// Ran for a reason of its own.
    Root,
    /// The same, if a RUN put out what it is taken to.
    RootAssumed,
    /// Ran because a step before it did.
    Pulled,
    /// The same, if a RUN put out what it is taken to.
    PulledAssumed,
    /// Reported as run although it costs nothing and leads to nothing ([`crate::explain::Cause::Unanchored`]).
    Free,
}

/// Marks as one letter each: `c`, `r`, `p`, `f`; in upper case where assumed.
mod letters {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    use super::Mark;

    const LETTERS: [(Mark, char); 7] = [
        (Mark::Cached, 'c'),
        (Mark::CachedAssumed, 'C'),
        (Mark::Root, 'r'),
        (Mark::RootAssumed, 'R'),
        (Mark::Pulled, 'p'),
        (Mark::PulledAssumed, 'P'),
        (Mark::Free, 'f'),
    ];

    pub fn serialize<S: Serializer>(marks: &[Mark], serializer: S) -> Result<S::Ok, S::Error> {
        let letter = |mark: &Mark| LETTERS.iter().find(|(known, _)| known == mark).map(|(_, letter)| letter);
        serializer.collect_str(&marks.iter().filter_map(letter).collect::<String>())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Mark>, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let mark = |letter| LETTERS.iter().find(|(_, known)| *known == letter).map(|(mark, _)| *mark);
        let unknown = |letter| D::Error::custom(format!("no mark is written {letter:?}"));
        text.chars().map(|letter| mark(letter).ok_or_else(|| unknown(letter))).collect()
    }
}

/// How many paths of one reason are kept.
pub const KEPT_PATHS: usize = 200;

/// Why a step ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "k", rename_all = "snake_case")]
pub enum Why {
    /// Nothing like it was in the cache.
    New,
    /// It was built before, but what the cache was imported from left its result out.
    Missing,
    /// Files of the build context that it takes in changed.
    Files {
        /// Numbers of the first [`KEPT_PATHS`] in [`SideWalk::paths`].
        p: Vec<u32>,
        /// How many changed.
        n: usize,
    },
    /// Files of a stage, an image or a named context changed.
    Elsewhere {
        /// The path in a stage, or the name of the image or context.
        what: String,
        /// The number in the version of the step that made them, where it is known.
        by: Option<usize>,
    },
    /// Its own text, or a setting that counts in it, reads differently.
    Text {
        /// What changed: `instruction`, `working directory`, `user`, …
        what: String,
    },
    /// It stands on another step than before.
    Neighbour,
    /// Variables of its environment changed.
    Environment {
        /// Their names.
        names: Vec<String>,
    },
    /// The base image was named differently.
    Base {
        /// The image now.
        image: String,
    },
    /// A step ran before it.
    Pulled {
        /// That step's number in the version.
        by: usize,
    },
}

impl Mark {
    /// Tells whether the step ran, and not only by name.
    pub fn ran(self) -> bool {
        !matches!(self, Self::Cached | Self::CachedAssumed | Self::Free)
    }

    /// Tells whether it ran for a reason of its own.
    pub fn is_root(self) -> bool {
        matches!(self, Self::Root | Self::RootAssumed)
    }

    /// Tells whether it rests on what a RUN is taken to put out.
    pub fn is_assumed(self) -> bool {
        matches!(self, Self::CachedAssumed | Self::RootAssumed | Self::PulledAssumed)
    }
}

impl SideWalk {
    /// Tells whether the walk was stopped before its end.
    pub fn is_partial(&self) -> bool {
        self.builds.len() < self.planned
    }

    /// Steps of a build that ran, with their numbers in the version.
    pub fn ran<'a>(&'a self, build: &'a Build) -> impl Iterator<Item = (usize, &'a VersionStep)> {
        let steps = build.version.map_or(&[][..], |version| &self.versions[version].steps[..]);
        steps.iter().enumerate().zip(&build.marks).filter(|(_, mark)| mark.ran()).map(|(step, _)| step)
    }

    /// Seconds that a build takes, steps added up as if none ran beside another.
    pub fn seconds(&self, build: &Build) -> f64 {
        self.ran(build).map(|(_, step)| step.seconds.value).sum()
    }
}

impl Build {
    /// How many steps ran.
    pub fn executed(&self) -> usize {
        self.marks.iter().filter(|mark| mark.ran()).count()
    }

    /// Why a step ran; nothing for a cached one.
    pub fn why(&self, step: usize) -> &[Why] {
        self.reasons.iter().find(|(at, _)| *at == step).map_or(&[], |(_, why)| why)
    }
}

/// Numbers for paths, given once each.
#[derive(Debug, Default)]
pub(super) struct PathNumbers {
    known: HashMap<String, u32>,
    pub list: Vec<String>,
}

impl PathNumbers {
    pub fn of(&mut self, path: &str) -> u32 {
        if let Some(&number) = self.known.get(path) {
            return number;
        }
        let number = self.list.len() as u32;
        self.known.insert(path.to_owned(), number);
        self.list.push(path.to_owned());
        number
    }
}
