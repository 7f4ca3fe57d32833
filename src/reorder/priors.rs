//! What to expect where no history tells it: which files are edited how often.

use super::Edit;
use super::model::names_in;
use crate::context::Tree;
use crate::dockerfile::ast::{Dockerfile, InstructionKind};
use crate::shell::names_the_build;

/// The edits to expect of a project without a history: mostly sources, seldom manifests, sometimes documents.
///
/// Each file is one edit; the files of a kind share the weight of the kind. A build argument whose name says that it
/// holds a version, a commit or a time changes with every other build.
pub fn likely_edits(dockerfile: &Dockerfile, tree: &Tree) -> Vec<Edit> {
    let mut edits = Vec::new();
    let files: Vec<String> = tree.iter().filter(|(_, entry)| !entry.is_dir()).map(|(path, _)| path).collect();
    for (kind, weight) in KINDS {
        let of_kind: Vec<&String> = files.iter().filter(|path| kind_of(path) == kind).collect();
        let share = weight / of_kind.len().max(1) as f64;
        edits.extend(of_kind.into_iter().map(|path| Edit {
            weight: share,
            paths: vec![path.clone()],
            build_args: Vec::new(),
        }));
    }
    edits.extend(volatile_args(dockerfile).into_iter().map(|name| of_argument(name, OF_ARGUMENT)));
    edits
}

/// The part of [`likely_edits`] that no history records, build arguments, where all edits of files together weigh 1.
pub fn likely_arguments(dockerfile: &Dockerfile, tree: &Tree) -> Vec<Edit> {
    let names = volatile_args(dockerfile);
    if names.is_empty() {
        return Vec::new();
    }
    let mut missing: Vec<(Kind, f64)> = KINDS.to_vec();
    for (path, _) in tree.iter().filter(|(_, entry)| !entry.is_dir()) {
        let kind = kind_of(&path);
        missing.retain(|(other, _)| *other != kind);
        if missing.is_empty() {
            break;
        }
    }
    let there = KINDS.iter().filter(|kind| !missing.contains(kind)).map(|(_, weight)| weight);
    let files = there.sum::<f64>().max(1.0);
    names.into_iter().map(|name| of_argument(name, OF_ARGUMENT / files)).collect()
}

/// What the edits of each kind of file weigh together.
const KINDS: [(Kind, f64); 4] =
    [(Kind::Source, 80.0), (Kind::Document, 10.0), (Kind::Manifest, 7.0), (Kind::Settings, 3.0)];

/// What the edits of one build argument weigh beside these.
const OF_ARGUMENT: f64 = 50.0;

fn of_argument(name: String, weight: f64) -> Edit {
    Edit { weight, paths: Vec::new(), build_args: vec![name] }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Source,
    Document,
    Manifest,
    Settings,
}

const MANIFESTS: [&str; 34] = [
    "package.json",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "bun.lockb",
    "pnpm-workspace.yaml",
    "requirements.txt",
    "pyproject.toml",
    "poetry.lock",
    "uv.lock",
    "Pipfile",
    "Pipfile.lock",
    "setup.cfg",
    "go.mod",
    "go.sum",
    "go.work",
    "Cargo.toml",
    "Cargo.lock",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "settings.gradle",
    "settings.gradle.kts",
    "Gemfile",
    "Gemfile.lock",
    "composer.json",
    "composer.lock",
    "Directory.Packages.props",
    "Directory.Build.props",
    "global.json",
    "nuget.config",
    "packages.lock.json",
];

/// Tells whether a file of this name says what a project depends on.
pub fn is_manifest(name: &str) -> bool {
    let ends = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
    MANIFESTS.contains(&name)
        || ends(&[".csproj", ".fsproj", ".sln", ".slnx"])
        || (name.starts_with("requirements") && ends(&[".txt"]))
}

fn kind_of(path: &str) -> Kind {
    let name = path.rsplit('/').next().unwrap_or(path);
    let ends = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
    let top = path.split('/').next().unwrap_or(path);
    if is_manifest(name) {
        Kind::Manifest
    } else if ends(&[".md", ".rst", ".txt", ".adoc"])
        || ["docs", "doc"].contains(&top)
        || name.starts_with("LICENSE")
    {
        Kind::Document
    } else if name.starts_with('.')
        || [".github", ".git", ".vscode", ".idea"].contains(&top)
        || name.starts_with("Dockerfile")
    {
        Kind::Settings
    } else {
        Kind::Source
    }
}

/// Build arguments that change from build to build: their names say that they tell one build from another, and no
/// default pins them to one value.
fn volatile_args(dockerfile: &Dockerfile) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let instructions =
        dockerfile.stages.iter().flat_map(|stage| &stage.instructions).chain(&dockerfile.global_args);
    let mut pinned: Vec<&str> = Vec::new();
    for instruction in instructions {
        let InstructionKind::Arg(declarations) = &instruction.kind else { continue };
        for arg in declarations {
            if arg.default.as_deref().is_some_and(is_pinned) {
                pinned.push(&arg.name);
            }
            if names_the_build(&arg.name) && !names.contains(&arg.name) && !is_in_base(dockerfile, &arg.name)
            {
                names.push(arg.name.clone());
            }
        }
    }
    names.retain(|name| !pinned.contains(&name.as_str()));
    names
}

/// Tells whether a default names one thing for good: a version number or a commit.
fn is_pinned(default: &str) -> bool {
    let text = default.trim_matches(['"', '\'']).trim_start_matches('v');
    let is_zero = text.chars().all(|c| matches!(c, '0' | '.'));
    let is_number = text.starts_with(|c: char| c.is_ascii_digit()) && !is_zero;
    let is_commit = text.len() >= 7 && text.chars().all(|c| c.is_ascii_hexdigit()) && !is_zero;
    is_number || is_commit
}

/// A version of the base image is not one of the project.
fn is_in_base(dockerfile: &Dockerfile, name: &str) -> bool {
    dockerfile.stages.iter().any(|stage| names_in(&stage.base).iter().any(|used| used == name))
}
