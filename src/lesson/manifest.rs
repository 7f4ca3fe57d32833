//! `lesson.toml`: what a lesson's manifest may say, and nothing else.
//!
//! Unknown fields are errors, with line and column. Texts live in `lesson.md` ([`super::text`]); whether the
//! parts fit together is judged in [`super::load`].

use std::collections::BTreeMap;

use serde::Deserialize;

/// The version of the format that this program reads.
pub const FORMAT: u32 = 1;

/// A whole manifest.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: u32,
    /// Title, a few words.
    pub title: String,
    /// Minutes that a newcomer needs.
    pub minutes: u32,
    /// Lessons that should come before.
    #[serde(default)]
    pub after: Vec<String>,
    /// Numbers of the beliefs that it answers (`lessons/beliefs.toml`).
    #[serde(default)]
    pub beliefs: Vec<u32>,
    /// Where its claims come from: `case:<id>` for a recorded build, an address, or `moby/buildkit: file`.
    #[serde(default)]
    pub sources: Vec<String>,
    /// What to remember, in three lines.
    pub remember: Vec<String>,
    /// Runs on the learner's own project instead of files of the lesson's.
    #[serde(default)]
    pub own_project: bool,
    /// Modes and sizes of project files that a text file cannot say.
    #[serde(default)]
    pub file: Vec<FileManifest>,
    /// Options of every build.
    #[serde(default)]
    pub build: BuildOptions,
    /// What stands in for commands that a busybox image cannot run, when the lesson is checked on an engine.
    #[serde(default)]
    pub engine: EngineManifest,
    /// The steps, in order.
    pub step: Vec<StepManifest>,
}

/// Attributes of one project file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileManifest {
    /// The overlay that the file is in, as `variants/good`; without, the project.
    #[serde(rename = "in")]
    pub overlay: Option<String>,
    /// Path in the project.
    pub path: String,
    /// Permission bits in octal; 0644 without.
    pub mode: Option<String>,
    /// Makes a file of this size, for weight alone: `3 MB`.
    pub size: Option<String>,
}

/// Stand-ins for checks on a real engine.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EngineManifest {
    /// Says why the lesson's builds cannot be done on an engine without a network.
    pub skip: Option<String>,
    /// Commands and what is run in their place; others become a command that does nothing.
    #[serde(default)]
    pub stand_in: Vec<StandIn>,
}

/// One stand-in.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StandIn {
    /// Text that the RUN has.
    pub run: String,
    /// The whole command in its place.
    #[serde(rename = "as")]
    pub with: String,
}

/// Kinds of steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Text to read.
    Read,
    /// The learner commits to an answer before it is shown.
    Predict,
    /// The learner makes an edit.
    Do,
    /// The learner changes the Dockerfile or .dockerignore until the goal holds.
    Repair,
}

impl Kind {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Predict => "predict",
            Self::Do => "do",
            Self::Repair => "repair",
        }
    }
}

/// One step.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepManifest {
    /// Short name, which `lesson.md` and `solutions/` use.
    pub id: String,
    /// Its kind.
    pub kind: Kind,
    /// The question or the task, one sentence.
    pub ask: Option<String>,
    /// A folder of the lesson laid over the project for this step: `variants/good`.
    #[serde(rename = "use")]
    pub overlay: Option<String>,
    /// A repair that goes on with the files as the step before left them.
    #[serde(default)]
    pub keep: bool,
    /// Changes before the first build, in memory alone.
    #[serde(default)]
    pub given: Vec<Op>,
    /// What is changed between the two builds.
    #[serde(default)]
    pub change: Vec<Op>,
    /// Options of the first build, over the lesson's.
    #[serde(default)]
    pub before: BuildOptions,
    /// Options of the second build, over the first's.
    #[serde(default)]
    pub with: BuildOptions,
    /// Prediction by marks: a text of each step that rebuilds, as its label has it.
    pub rebuilds: Option<Vec<String>>,
    /// Prediction by choice: the answers to choose from.
    #[serde(default)]
    pub choices: Vec<String>,
    /// Number of the right choice, from 1.
    pub answer: Option<usize>,
    /// What proves the right choice.
    #[serde(default)]
    pub proof: Vec<Goal>,
    /// A choice that no simulation can prove: where it is written.
    pub proof_source: Option<String>,
    /// What must hold, all of it.
    #[serde(default)]
    pub goal: Vec<Goal>,
}

/// One assertion; every part that is given must hold.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Goal {
    /// The assertion in one sentence, for the learner.
    pub say: String,
    /// Changes before the first build, in memory alone.
    #[serde(default)]
    pub given: Vec<Op>,
    /// Changes between the builds; with a pattern in `edit`, each file in a build of its own.
    #[serde(default)]
    pub after: Vec<Op>,
    /// Options of the first build.
    #[serde(default)]
    pub before: BuildOptions,
    /// Options of the second build.
    #[serde(default)]
    pub with: BuildOptions,
    /// Texts: there are steps that have it, and all of them are cached.
    #[serde(default)]
    pub cached: Vec<String>,
    /// Texts: there are steps that have it, and all of them run.
    #[serde(default)]
    pub rebuilds: Vec<String>,
    /// No more steps than this run.
    pub at_most: Option<usize>,
    /// Something runs: the change reaches the image.
    #[serde(default)]
    pub noticed: bool,
    /// What runs takes less than this many seconds.
    pub seconds_under: Option<f64>,
    /// The final image is smaller: `20 MB`.
    pub image_under: Option<String>,
    /// The final image is at least so big.
    pub image_over: Option<String>,
    /// The final image holds a shell, or none.
    pub shell: Option<bool>,
    /// Texts that some instruction of a stage that is built has.
    #[serde(default)]
    pub has: Vec<String>,
    /// Texts that stand together in one instruction of a stage that is built.
    #[serde(default)]
    pub together: Vec<String>,
    /// The final image does not run as root.
    #[serde(default)]
    pub nonroot: bool,
    /// Texts that no instruction of a stage that is built has.
    #[serde(default)]
    pub lacks: Vec<String>,
    /// Texts that some instruction of the final stage, or of one that it is built FROM, has.
    #[serde(default)]
    pub final_has: Vec<String>,
    /// Paths that take part in the context.
    #[serde(default)]
    pub context_has: Vec<String>,
    /// Paths that take no part in the context.
    #[serde(default)]
    pub context_lacks: Vec<String>,
    /// The context is smaller: `100 kB`.
    pub context_under: Option<String>,
    /// A `do` step: files that the learner's edit has to touch, as a pattern.
    pub touches: Option<String>,
    /// The reason of a step: `{ step = "COPY . .", kind = "content", path = "src/app.js" }`.
    pub because: Option<Because>,
    /// The status of a step rests on an assumption (`certain` is false).
    #[serde(default)]
    pub assumed: Vec<String>,
}

/// A reason that a step has to have.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Because {
    /// Text of the step.
    pub step: String,
    /// Kind of the cause, as in `plan --format json`.
    pub kind: String,
    /// A path that the cause names.
    pub path: Option<String>,
    /// What changed of that path: `content`, `mode`, `added`, `removed`.
    pub how: Option<String>,
}

/// Options of a build.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BuildOptions {
    /// `--target`.
    pub target: Option<String>,
    /// `--build-arg`.
    #[serde(default)]
    pub build_args: BTreeMap<String, String>,
    /// `--no-cache`.
    pub no_cache: Option<bool>,
    /// `--no-cache-filter`.
    pub no_cache_filter: Option<Vec<String>>,
    /// `containerd` or `classic`.
    pub image_store: Option<Store>,
    /// What images resolve to, by any two words: `{ "node:20" = "new" }`.
    #[serde(default)]
    pub images: BTreeMap<String, String>,
    /// The cache that the second build finds.
    pub cache: Option<CacheKind>,
}

/// Image stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Store {
    /// The containerd image store.
    Containerd,
    /// dockerd's older one.
    Classic,
}

/// The cache that a second build finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CacheKind {
    /// The same builder.
    Warm,
    /// A fresh builder without any cache.
    Cold,
    /// A fresh builder that imports a `mode=min` export of the first build.
    Min,
    /// A fresh builder that imports a `mode=max` export of the first build.
    Max,
}

/// One change: exactly one verb, and what it needs.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Op {
    /// Appends a line to each file that matches, one build each.
    pub edit: Option<String>,
    /// Writes `text` as the whole file.
    pub write: Option<String>,
    /// Appends `text`.
    pub append: Option<String>,
    /// Replaces the first `old` by `new`.
    pub replace: Option<String>,
    /// Deletes a file or folder.
    pub delete: Option<String>,
    /// Renames to `to`.
    pub rename: Option<String>,
    /// Sets the permission bits to `mode`.
    pub chmod: Option<String>,
    /// Changes the modification time alone.
    pub touch: Option<String>,
    /// For `write` and `append`.
    pub text: Option<String>,
    /// For `replace`.
    pub old: Option<String>,
    /// For `replace`.
    pub new: Option<String>,
    /// For `rename`.
    pub to: Option<String>,
    /// For `chmod`, in octal.
    pub mode: Option<String>,
}
