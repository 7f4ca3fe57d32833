//! Stages while they are converted, and what is told of them afterwards.

use std::sync::Arc;

use serde::Serialize;

use super::options::{ImageConfig, Platform};
use super::vertex::VertexId;
use crate::dockerfile::ast::{Instruction, Span};

/// The environment, in BuildKit's order: by the last assignment of each name (BuildKit's `llb.EnvList`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Env(Vec<(String, String)>);

impl Env {
    /// Sets a variable; its place is then the last.
    pub fn set(&mut self, name: &str, value: &str) {
        self.0.retain(|(n, _)| n != name);
        self.0.push((name.to_string(), value.to_string()));
    }

    /// Removes a variable.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(n, _)| n != name);
    }

    /// Looks a variable up.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The pairs in order.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.0
    }
}

/// What an instruction finds: environment, working directory, user, shell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StageState {
    /// Environment of RUN: ENV and ARG alike.
    pub env: Arc<Env>,
    /// Working directory as written; empty for the root.
    pub workdir: String,
    /// User; empty for root.
    pub user: String,
    /// SHELL; empty for `/bin/sh -c`.
    pub shell: Vec<String>,
}

/// A stage as the graph tells of it.
#[derive(Debug, Clone)]
pub struct StageInfo {
    /// Name given with AS.
    pub name: Option<String>,
    /// Name printed in labels; `stage-0` for a nameless one, none where labels have none.
    pub shown: Option<String>,
    /// What it is built on.
    pub base: StageBase,
    /// The target needs it.
    pub reachable: bool,
    /// Its last vertex; none for an empty one or one that is not built.
    pub result: Option<VertexId>,
    /// Line of its FROM.
    pub line: usize,
    /// Place of its FROM.
    pub span: Span,
    /// Environment, directory, user and shell at its end.
    pub state: StageState,
    /// Stages it needs, by number.
    pub needs: Vec<usize>,
}

/// What a stage is built on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StageBase {
    /// An empty file system.
    Scratch,
    /// Another stage, by number.
    Stage(usize),
    /// An image, by canonical name.
    Image(String),
    /// A named context.
    Context(String),
}

/// A command of a stage, with what its `--from` and mounts name.
#[derive(Debug, Clone)]
pub(super) struct Command {
    pub instruction: Arc<Instruction>,
    /// Its number in the stage's own instructions.
    pub index: Option<usize>,
    pub onbuild: bool,
    /// Of COPY: the one source; of RUN: one a mount.
    pub sources: Vec<usize>,
}

/// A stage, or an image that a `--from` names (BuildKit's `dispatchState`).
#[derive(Debug, Clone, Default)]
pub(super) struct Draft {
    pub name: Option<String>,
    pub shown: String,
    pub base_name: String,
    pub base: Option<usize>,
    pub named_context: Option<String>,
    pub platform: Option<Platform>,
    pub commands: Vec<Command>,
    pub total: u32,
    /// The total as it is when the FROM is named: before the triggers of its image count.
    pub from_total: u32,
    /// How often its FROM was named until it was found to be needed.
    pub rounds: u32,
    pub resolved: bool,
    pub unregistered: bool,
    pub ignore_cache: bool,
    pub onbuild_done: bool,
    pub dispatched: bool,
    pub counter: u32,
    pub line: usize,
    pub span: Span,
    /// Where its base is named: in its FROM, or in the instruction that names an image.
    pub base_span: Span,
    pub from_original: String,
    /// A named context stands for the stage itself: its own commands are not run.
    pub replaced: bool,
    // What it has become:
    pub vertex: Option<VertexId>,
    pub state: StageState,
    pub config: Config,
}

/// The image config as far as it comes back into the build.
#[derive(Debug, Clone, Default)]
pub(super) struct Config {
    pub env: Vec<(String, String)>,
    pub workdir: String,
    pub user: String,
    pub shell: Vec<String>,
    pub onbuild: Vec<String>,
}

impl From<&ImageConfig> for Config {
    fn from(c: &ImageConfig) -> Self {
        Self {
            env: c.env.clone(),
            workdir: c.workdir.clone(),
            user: c.user.clone(),
            shell: c.shell.clone(),
            onbuild: c.onbuild.clone(),
        }
    }
}

impl Config {
    /// Sets a variable of the config, in place where it is there already.
    pub fn set_env(&mut self, name: &str, value: &str) {
        match self.env.iter_mut().find(|(n, _)| n == name) {
            Some((_, v)) => *v = value.to_string(),
            None => self.env.push((name.to_string(), value.to_string())),
        }
    }
}

impl StageState {
    /// Looks a variable up, as label texts and words do.
    pub fn lookup(&self, name: &str) -> Option<String> {
        self.env.get(name).map(str::to_string)
    }

    pub(super) fn set_env(&mut self, name: &str, value: &str) {
        Arc::make_mut(&mut self.env).set(name, value);
    }
}
