//! What a RUN may have put out.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use super::key::ContentKey;
use super::output::Output;
use crate::context::{Digest, Selector, select};
use crate::graph::{Exec, Label};
use crate::shell::{Chance, Effects, PathPattern, PathSet, Scene, ShellKind, effects, effects_of_exec};

/// The output of one RUN.
#[derive(Debug)]
pub(super) struct RunOutput {
    /// Equal only for one and the same run of it, unless the user declared more.
    pub output: Digest,
    /// It is not certain whether it ran.
    pub shaky: bool,
    /// What it does.
    pub run: Arc<Run>,
    /// The file system it ran in.
    pub below: Output,
    /// What its mounts hold, as far as it counts.
    pub mounts: Digest,
    pub guess: OnceLock<Digest>,
}

/// What a RUN does: the same at every run of it.
#[derive(Debug)]
pub(super) struct Run {
    /// Its step.
    pub label: Arc<Label>,
    /// The operation.
    pub exec: Exec,
    /// The text of a script heredoc that it runs.
    pub script: Option<String>,
    /// What the user says of it.
    pub declared: Declared,
    pub effects: OnceLock<Effects>,
    /// What [`Run::chance`] answered: the same paths are asked for at every build.
    pub chances: RwLock<HashMap<String, Chance>>,
    pub reads: OnceLock<Option<Reads>>,
}

/// What decides what a RUN puts out, as far as its text tells.
#[derive(Debug)]
pub(super) struct Reads {
    /// Its text and its variables.
    text: Vec<u8>,
    /// What it reads.
    selectors: Vec<Selector>,
}

/// What a user says of a RUN, with a comment directive or in layerlab.toml.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Declared {
    /// All that it reads.
    pub reads: Option<Vec<String>>,
    /// All that it writes.
    pub writes: Option<Vec<String>>,
    /// What it writes depends on nothing but what it reads and its text.
    pub deterministic: Option<bool>,
}

impl Run {
    /// How likely it wrote at or below a path (relative, clean).
    pub fn chance(&self, at: &str) -> Chance {
        if let Some(&known) = self.chances.read().unwrap_or_else(PoisonError::into_inner).get(at) {
            return known;
        }
        let chance = self.work_out_chance(at);
        self.chances.write().unwrap_or_else(PoisonError::into_inner).insert(at.to_owned(), chance);
        chance
    }

    fn work_out_chance(&self, at: &str) -> Chance {
        let at = format!("/{at}");
        let inside = |target: &str| {
            let target = target.trim_end_matches('/');
            !target.is_empty() && at.strip_prefix(target).is_some_and(|r| r.is_empty() || r.starts_with('/'))
        };
        // What is written into a mount is not part of the result.
        if self.exec.mounts.iter().any(|m| !m.output && inside(&m.target)) {
            return Chance::No;
        }
        self.effects().may_write(&at)
    }

    /// What the text tells it does, or the user says.
    pub fn effects(&self) -> &Effects {
        self.effects.get_or_init(|| {
            let mut found = self.effects_of_text();
            let set = |paths: &[String]| {
                PathSet::Paths(
                    paths
                        .iter()
                        .map(|p| {
                            let full = crate::shell::join(&self.exec.cwd, p);
                            let glob = p.contains(['*', '?', '[']);
                            PathPattern { text: full, glob, exact: false }
                        })
                        .collect(),
                )
            };
            if let Some(reads) = &self.declared.reads {
                found.reads.named = set(reads);
                found.reads.possible = PathSet::nothing();
            }
            if let Some(writes) = &self.declared.writes {
                found.writes.named = set(writes);
                found.writes.possible = PathSet::nothing();
                found.deletes = PathSet::nothing();
            }
            if let Some(d) = self.declared.deterministic {
                found.deterministic = d;
            }
            found
        })
    }

    /// What it reads; none where that is not known.
    fn reads(&self) -> Option<&Reads> {
        let read = || {
            let PathSet::Paths(reads) = self.effects().reads.all() else { return None };
            let selectors = reads.into_iter().map(|read| Selector {
                path: read.text.trim_start_matches('/').to_string(),
                wildcard: read.glob,
                follow_links: true,
                ..Selector::default()
            });
            // Plain data with string keys always serializes.
            let text = serde_json::to_vec(&(&self.exec.args, &self.exec.env, &self.exec.cwd));
            Some(Reads { text: text.unwrap_or_default(), selectors: selectors.collect() })
        };
        self.reads.get_or_init(read).as_ref()
    }

    /// Says whether another is the same RUN, of which all that was found out holds for this one.
    pub fn is_same(&self, other: &Self) -> bool {
        (&self.label, &self.exec, &self.script, &self.declared)
            == (&other.label, &other.exec, &other.script, &other.declared)
    }

    fn effects_of_text(&self) -> Effects {
        let exec = &self.exec;
        let env = |name: &str| exec.env.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
        let shell = ShellKind::of(&exec.args[..exec.args.len().min(1)]);
        let scene = Scene { cwd: &exec.cwd, env: &env, shell };
        if let Some(text) = &self.script {
            return effects(text, &Scene { shell: ShellKind::Posix, ..scene });
        }
        match exec.args.as_slice() {
            [.., flag, text] if exec.args.len() > 2 && flag.starts_with('-') && flag.ends_with('c') => {
                // A body that begins with `#!` was handled above; here it is only a comment.
                crate::shell::effects_of_script(&crate::shell::Script::read(text, &scene), &scene)
            }
            words => effects_of_exec(words, &scene),
        }
    }
}

impl RunOutput {
    /// Equal for outputs that are taken to be equal: those of a RUN whose text, variables and files that it
    /// reads are the same, where its commands make the same of the same.
    pub fn guess(&self) -> Digest {
        *self.guess.get_or_init(|| {
            let deterministic = self.run.effects().deterministic;
            deterministic.then(|| self.of_reads(|key| key.guess)).flatten().unwrap_or(self.output)
        })
    }

    /// What counts as surely equal, and whether it rests on something uncertain: the output itself, or what
    /// decides it where the user declared both what it reads and that nothing else matters.
    pub fn exact(&self) -> (Digest, bool) {
        if self.run.declared.deterministic == Some(true)
            && self.run.declared.reads.is_some()
            && let Some(digest) = self.of_reads(|key| key.exact)
        {
            return (digest, false);
        }
        (self.output, self.shaky)
    }

    /// Digest of the text, the variables and one view of the files that it reads; none where they are unknown.
    fn of_reads(&self, view: impl Fn(&ContentKey) -> Digest) -> Option<Digest> {
        let reads = self.run.reads()?;
        let mut parts: Vec<Digest> = vec![self.mounts];
        for selector in &reads.selectors {
            let taken = self.below.take(std::slice::from_ref(selector), &mut select::Memo::default());
            parts.push(taken.map_or_else(|_| Digest::default(), |t| view(&t.key)));
        }
        Some(Digest::of_parts([&reads.text[..]].into_iter().chain(parts.iter().map(|d| &d.0[..]))))
    }
}
