//! A vertex: what is done, to which inputs.

use serde::{Deserialize, Serialize};

use super::options::Platform;
use super::path;
use crate::context::Digest;

/// Number of a vertex in [`super::Graph::vertices`].
pub type VertexId = usize;

/// One vertex of the graph.
#[derive(Debug, Clone)]
pub struct Vertex {
    /// What it does.
    pub op: Op,
    /// What it works on; each input once, however often it is used.
    pub inputs: Vec<VertexId>,
    /// Runs without a look-up (`--no-cache`).
    pub ignore_cache: bool,
    /// Digest of the operation, its inputs' definitions included: equal definitions are one vertex.
    pub definition: Digest,
}

/// An operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Op {
    /// Something from outside of the build.
    Source(Source),
    /// A command in a container.
    Exec(Exec),
    /// Copies and directories made by the builder itself.
    File(FileOp),
    /// The LINK merge of a COPY --link: its inputs on top of each other.
    Merge,
}

/// Where files come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// An image: matched by the digests of its layers (cache semantics, section 4).
    Image {
        /// Canonical name with tag, as in the label.
        name: String,
        /// What it resolves to, or its name where that is not known.
        digest: String,
        /// The platform of it that is taken.
        platform: Platform,
    },
    /// The build context, or a named one; its definition key never repeats (section 2).
    Context {
        /// Name given with `--build-context`; none for the main context.
        name: Option<String>,
    },
    /// ADD of a URL.
    Http {
        /// The address.
        url: String,
        /// `--checksum`.
        checksum: Option<String>,
        /// Name of the file made of it.
        filename: String,
    },
    /// ADD of a git repository.
    Git {
        /// The address, all ways to write the same as one: `remote#reference:folder`.
        reference: String,
        /// `--checksum`.
        checksum: Option<String>,
        /// `--keep-git-dir`.
        keep_git_dir: bool,
    },
}

/// A command in a container: what its digest holds (section 4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exec {
    /// The argument list.
    pub args: Vec<String>,
    /// The environment in order.
    pub env: Vec<(String, String)>,
    /// Working directory as written.
    pub cwd: String,
    /// User, or empty for root.
    pub user: String,
    /// `--network`, where not the default.
    pub network: Option<String>,
    /// `--security`, where not the default.
    pub security: Option<String>,
    /// `--device`.
    pub devices: Vec<String>,
    /// Name of the machine, where the build argument `BUILDKIT_SANDBOX_HOSTNAME` sets one.
    #[serde(default)]
    pub hostname: String,
    /// Mounts in the order of their targets, the root first.
    pub mounts: Vec<Mount>,
    /// Secrets and ssh agents: kind, target and options that count; never values.
    pub secrets: Vec<String>,
    /// Platform it runs on.
    pub platform: Platform,
}

/// A mount of a RUN.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// Its kind.
    pub kind: MountKind,
    /// Where it stands in the container.
    pub target: String,
    /// Number in the vertex's inputs; none for an empty one.
    pub input: Option<usize>,
    /// Path within the input; not part of the operation digest.
    pub selector: String,
    /// Not written to.
    pub readonly: bool,
    /// Written files become the step's output (the root alone).
    pub output: bool,
}

/// Kinds of mounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum MountKind {
    /// The root, and `type=bind`.
    Bind,
    /// `type=cache`: an id or sharing other than the default counts as "not the default" only.
    Cache {
        /// Neither id nor sharing is given, or both are what they would be anyway.
        default: bool,
        /// The id with its namespace, where that is the default; empty where not, since then it does not count.
        #[serde(default)]
        id: String,
    },
    /// `type=tmpfs`, with its size.
    Tmpfs {
        /// Bytes, 0 where not given.
        size: i64,
    },
}

/// Copies and directories made by the builder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileOp {
    /// In the order written; each works on the one before.
    pub actions: Vec<Action>,
    /// Number in the vertex's inputs of what is written to; none for an empty base.
    pub base: Option<usize>,
}

/// One action of a file operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// Copies from an input.
    Copy(CopyAction),
    /// WORKDIR: a directory with its parents.
    Mkdir {
        /// Absolute path.
        path: String,
        /// Permission bits.
        mode: u32,
        /// Owner, where USER was set.
        owner: Option<Owner>,
        /// Time of creation, where SOURCE_DATE_EPOCH sets one.
        created: Option<String>,
    },
    /// A heredoc's file.
    Mkfile {
        /// Absolute path.
        path: String,
        /// Permission bits.
        mode: u32,
        /// Its text.
        content: String,
    },
}

/// An owner: `user` or `user:group`, names or numbers, `root` as the number that it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner(pub String);

impl Owner {
    /// Reads an owner as written (`llb.WithUser`): a part that is empty or `root` is 0, numbers lose what does not
    /// change them.
    pub fn read(text: &str) -> Self {
        let part = |part: &str| match part {
            "" | "root" => "0".to_string(),
            other => other.parse::<i32>().map_or_else(|_| other.to_string(), |n| (n as u32).to_string()),
        };
        Self(match text.split_once(':') {
            Some((user, group)) => format!("{}:{}", part(user), part(group)),
            None => part(text),
        })
    }
}

/// One source of a COPY or ADD.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyAction {
    /// Number in the vertex's inputs; none where the source is an empty file system.
    pub input: Option<usize>,
    /// What is taken.
    pub selector: PathSelector,
    /// Absolute destination, its trailing slash kept.
    pub dest: String,
    /// `--chown`.
    pub owner: Option<Owner>,
    /// `--chmod`: octal without leading zeros, or symbolic as written.
    pub mode: Option<String>,
    /// Copies what a directory holds instead of the directory.
    pub contents_only: bool,
    /// Unpacks archives (ADD).
    pub unpack: bool,
    /// A pattern that matches nothing is fine.
    pub allow_empty_wildcard: bool,
}

/// The paths of a source that a COPY takes in (BuildKit's contenthash selector).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PathSelector {
    /// Absolute, clean path or pattern.
    pub path: String,
    /// The path is a pattern.
    pub wildcard: bool,
    /// A symlink at the path itself is followed.
    pub follow_links: bool,
    /// Patterns of --parents.
    pub include: Vec<String>,
    /// Patterns of --exclude.
    pub exclude: Vec<String>,
    /// Paths that have to exist (--parents without wildcards).
    pub required: Vec<String>,
}

impl Op {
    /// The digest that cache look-ups use: what section 4 of the cache semantics says counts, no more.
    ///
    /// Sources of COPY count by base name alone, bind mounts without their source paths.
    pub fn cache_digest(&self) -> Digest {
        let reduced = match self {
            Self::Exec(e) => {
                let mut e = e.clone();
                for m in &mut e.mounts {
                    m.selector.clear();
                }
                Self::Exec(e)
            }
            Self::File(f) => {
                let mut f = f.clone();
                for a in &mut f.actions {
                    if let Action::Copy(c) = a {
                        // Of an empty source there is nothing to select, and the path counts in full.
                        if c.input.is_some() {
                            c.selector.path = path::base_name(&c.selector.path).to_string();
                        }
                        // The operation says "may be a pattern"; whether it is one is seen in its text.
                        c.selector.wildcard = false;
                    }
                }
                Self::File(f)
            }
            other => other.clone(),
        };
        reduced.full_digest()
    }

    /// Digest of everything in the operation.
    pub(crate) fn full_digest(&self) -> Digest {
        // Serializing plain data with string keys cannot fail; an empty text would only make keys equal.
        Digest::of(serde_json::to_string(self).unwrap_or_default().as_bytes())
    }

    /// The selectors a file operation applies to one of its inputs.
    pub fn selectors(&self, input: usize) -> Vec<&PathSelector> {
        match self {
            Self::File(f) => f
                .actions
                .iter()
                .filter_map(|a| match a {
                    Action::Copy(c) if c.input == Some(input) => Some(&c.selector),
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        }
    }
}
