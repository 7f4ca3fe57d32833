//! The files of an image as a list.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde::Serialize;

use crate::context::Digest;

/// Every path of a file system with what is compared of it. Times are not: no build repeats them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    nodes: BTreeMap<String, Node>,
}

/// One path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Permission bits with setuid, setgid and sticky.
    pub mode: u32,
    /// Owner.
    pub uid: u64,
    /// Group.
    pub gid: u64,
    /// Extended attributes: digest of each value.
    pub attributes: BTreeMap<String, Digest>,
}

/// What a path is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeKind {
    /// A regular file; each name of a hard-linked one counts as a file.
    File {
        /// Its length.
        bytes: u64,
        /// Digest of what it holds.
        content: Digest,
    },
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink {
        /// Its target text.
        target: String,
    },
    /// A device.
    Device {
        /// `c` or `b`.
        kind: char,
        /// Major number.
        major: u64,
        /// Minor number.
        minor: u64,
    },
    /// A named pipe.
    Fifo,
}

/// One difference of two file systems.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileDifference {
    /// The path, without a slash in front.
    pub path: String,
    /// What differs.
    #[serde(flatten)]
    pub kind: FileDifferenceKind,
    /// Why it may differ from build to build whatever the Dockerfile says; none where it counts.
    pub noise: Option<&'static str>,
}

/// Ways in which a path differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FileDifferenceKind {
    /// Only the first has it.
    Missing,
    /// Only the second has it.
    Added,
    /// A file's bytes.
    Content {
        /// Length in the first.
        before: u64,
        /// Length in the second.
        after: u64,
    },
    /// Permission bits, as octal digits.
    Mode {
        /// In the first.
        before: String,
        /// In the second.
        after: String,
    },
    /// Owner and group, as `uid:gid`.
    Owner {
        /// In the first.
        before: String,
        /// In the second.
        after: String,
    },
    /// Another kind of thing, another link target, another device.
    Nature {
        /// In the first.
        before: String,
        /// In the second.
        after: String,
    },
    /// Extended attributes.
    Attributes,
}

impl Listing {
    /// Reads a tar, as `docker export`, `--output type=tar` and image layers are.
    ///
    /// # Errors
    /// What the reader fails with; `InvalidData` where it is no tar.
    pub fn from_tar(from: impl io::Read) -> io::Result<Self> {
        super::tar::read(from)
    }

    /// Looks up a path.
    pub fn get(&self, path: &str) -> Option<&Node> {
        self.nodes.get(path)
    }

    /// Sets a path.
    pub fn insert(&mut self, path: String, node: Node) {
        self.nodes.insert(path, node);
    }

    /// Iterates over the paths in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.nodes.iter().map(|(path, node)| (path.as_str(), node))
    }

    /// Counts the paths.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Says whether there are none.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Adds up the bytes of its files.
    pub fn bytes(&self) -> u64 {
        self.nodes
            .values()
            .map(|n| match n.kind {
                NodeKind::File { bytes, .. } => bytes,
                _ => 0,
            })
            .sum()
    }

    /// Lists what differs from `self` to `other`, in the order of the paths.
    ///
    /// `varies` are paths that came out differently when one and the same Dockerfile was built twice (see
    /// [`Listing::varying`]); they are listed as noise, as are paths that package managers are known to fill
    /// with times.
    pub fn differences(&self, other: &Self, varies: &BTreeSet<String>) -> Vec<FileDifference> {
        let mut out = Vec::new();
        let paths: BTreeSet<&String> = self.nodes.keys().chain(other.nodes.keys()).collect();
        for path in paths {
            let noise = || {
                let measured =
                    varies.contains(path).then_some("it differs between two builds of one Dockerfile");
                measured.or_else(|| super::noise::reason(path))
            };
            let mut say = |kind| out.push(FileDifference { path: path.clone(), kind, noise: noise() });
            match (self.nodes.get(path), other.nodes.get(path)) {
                (Some(_), None) => say(FileDifferenceKind::Missing),
                (None, Some(_)) => say(FileDifferenceKind::Added),
                (Some(before), Some(after)) => before.differences(after).into_iter().for_each(say),
                (None, None) => {}
            }
        }
        out
    }

    /// The paths that differ in any way.
    pub fn varying(&self, other: &Self) -> BTreeSet<String> {
        self.differences(other, &BTreeSet::new()).into_iter().map(|d| d.path).collect()
    }
}

impl Node {
    fn differences(&self, other: &Self) -> Vec<FileDifferenceKind> {
        let mut out = Vec::new();
        match (&self.kind, &other.kind) {
            (a, b) if a == b => {}
            (NodeKind::File { bytes: before, .. }, NodeKind::File { bytes: after, .. }) => {
                out.push(FileDifferenceKind::Content { before: *before, after: *after });
            }
            (a, b) => out.push(FileDifferenceKind::Nature { before: a.to_string(), after: b.to_string() }),
        }
        // A symbolic link has no permission bits of its own.
        if self.mode != other.mode && !matches!(self.kind, NodeKind::Symlink { .. }) {
            let octal = |mode| format!("{mode:04o}");
            out.push(FileDifferenceKind::Mode { before: octal(self.mode), after: octal(other.mode) });
        }
        if (self.uid, self.gid) != (other.uid, other.gid) {
            let pair = |n: &Self| format!("{}:{}", n.uid, n.gid);
            out.push(FileDifferenceKind::Owner { before: pair(self), after: pair(other) });
        }
        if self.attributes != other.attributes {
            out.push(FileDifferenceKind::Attributes);
        }
        out
    }
}

impl std::fmt::Display for NodeKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File { .. } => f.write_str("a file"),
            Self::Directory => f.write_str("a directory"),
            Self::Symlink { target } => write!(f, "a link to {target}"),
            Self::Device { kind, major, minor } => write!(f, "a device {kind} {major}:{minor}"),
            Self::Fifo => f.write_str("a named pipe"),
        }
    }
}

impl std::fmt::Display for FileDifference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path = &self.path;
        match &self.kind {
            FileDifferenceKind::Missing => write!(f, "/{path} is missing"),
            FileDifferenceKind::Added => write!(f, "/{path} is added"),
            FileDifferenceKind::Content { before, after } if before == after => {
                write!(f, "/{path} holds other bytes ({before} bytes in both)")
            }
            FileDifferenceKind::Content { before, after } => {
                write!(f, "/{path} holds other bytes ({before} bytes before, {after} after)")
            }
            FileDifferenceKind::Mode { before, after } => {
                write!(f, "/{path} has mode {after} instead of {before}")
            }
            FileDifferenceKind::Owner { before, after } => {
                write!(f, "/{path} belongs to {after} instead of {before}")
            }
            FileDifferenceKind::Nature { before, after } => {
                write!(f, "/{path} is {after} instead of {before}")
            }
            FileDifferenceKind::Attributes => write!(f, "/{path} has other extended attributes"),
        }?;
        self.noise.map_or(Ok(()), |reason| write!(f, " ({reason})"))
    }
}
