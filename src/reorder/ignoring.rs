//! What the ignore file should name: paths that are edited, that no step can be seen to need, and that a broad COPY
//! takes along.

use std::collections::BTreeMap;

use super::moves::Attempt;
use super::search::least_gain;
use super::{Edit, Expected, IgnoreLine, IgnoreProposal};
use crate::context::path;
use crate::dockerfile::ast::InstructionKind;

/// Names of files that describe a project to people.
const DOCUMENTS: [&str; 9] = [
    "README.md",
    "README.rst",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "CODE_OF_CONDUCT.md",
    "SECURITY.md",
    "AUTHORS",
    "NEWS.md",
    "HISTORY.md",
];

/// Files and directories of services and editors that no build reads.
const SERVICES: [&str; 14] = [
    ".github",
    ".gitlab",
    ".gitlab-ci.yml",
    ".circleci",
    ".travis.yml",
    ".vscode",
    ".idea",
    ".devcontainer",
    ".gitattributes",
    ".pre-commit-config.yaml",
    "renovate.json",
    ".renovaterc.json",
    "Jenkinsfile",
    "azure-pipelines.yml",
];

/// Manifests that may name a file of the project.
const MANIFESTS: [&str; 19] = [
    "build.rs",
    "settings.gradle",
    "settings.gradle.kts",
    "libs.versions.toml",
    "extensions.xml",
    "version.json",
    ".goreleaser.yml",
    "package.json",
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "MANIFEST.in",
    "Cargo.toml",
    "composer.json",
    "mix.exs",
    "build.gradle",
    "build.gradle.kts",
    "pom.xml",
    "Makefile",
];

/// Tools that ask git for the version or the commit of what they build, in small letters.
const ASK_GIT: [&str; 36] = [
    // Python
    "setuptools_scm",
    "setuptools-scm",
    "hatch-vcs",
    "versioneer",
    "versioningit",
    "dunamai",
    "poetry-dynamic-versioning",
    "uv-dynamic-versioning",
    "\"pbr",
    "pbr=",
    // Rust
    "vergen",
    "git-version",
    "git_version",
    "shadow-rs",
    "build-info",
    // Maven and Gradle
    "git-commit-id",
    "buildnumber-maven",
    "jgitver",
    "maven-git-versioning",
    "gitversion",
    "git-properties",
    "axion-release",
    "nebula.release",
    "grgit",
    "org.eclipse.jgit",
    "reckon",
    // .NET
    "minver",
    "nerdbank.gitversioning",
    "sourcelink",
    // Node, and scripts of all kinds
    "git-rev",
    "git-revision",
    "simple-git",
    "isomorphic-git",
    "git describe",
    "git rev-parse",
    "git log",
];

/// Finds the lines that would save something.
pub(super) fn find(attempt: &Attempt<'_>) -> Option<IgnoreProposal> {
    let tree = attempt.input.tree;
    let texts = manifest_texts(attempt);
    let commands = run_texts(attempt);
    let named = |word: &str| commands.contains(word) || texts.iter().any(|text| text.contains(word));
    // `include_str!("../README.md")` makes a document part of a crate.
    let is_rust = tree.contains("Cargo.toml");
    let mut candidates: Vec<IgnoreLine> = Vec::new();
    let mut add = |pattern: String, why: &str| candidates.push(IgnoreLine { pattern, why: why.to_owned() });
    let asks = |text: &str| {
        let small = text.to_ascii_lowercase();
        ASK_GIT.iter().any(|word| small.contains(word))
    };
    let asks_git = || {
        commands.contains("git ")
            || asks(&commands)
            || texts.iter().any(|text| asks(text))
            || tree.contains(".gitmodules")
    };
    if tree.get(".git").is_some_and(|entry| entry.is_dir()) && !asks_git() {
        let calls = |names: &[&str]| names.iter().any(|name| commands.contains(name));
        let mut why = "every commit changes it; no step calls git".to_owned();
        if calls(&["go build", "go install", "make"]) && tree.contains("go.mod") {
            why += ". `go build` then leaves the commit out of `go version -m`";
        } else if calls(&["dotnet "]) {
            why += ". The .NET SDK then leaves the commit out of the assemblies' informational version";
        }
        add(".git".to_owned(), &why);
    }
    for (name, entry) in tree.root().iter() {
        let lower = name.to_ascii_lowercase();
        let is_recipe = lower == "dockerfile"
            || lower.starts_with("dockerfile.")
            || lower.ends_with(".dockerfile")
            || lower == ".dockerignore";
        let is_compose =
            (lower.starts_with("docker-compose") || lower.starts_with("compose.")) && lower.ends_with("ml");
        if !entry.is_dir() && (is_recipe || is_compose) && !named(name) {
            add(name.to_owned(), "it says how to build and run, and is read from outside of the context");
        } else if DOCUMENTS.contains(&name) && !entry.is_dir() && !is_rust && !named(name) {
            add(name.to_owned(), "for people; no manifest and no step names it");
        } else if SERVICES.contains(&name) && !named(name) {
            add(name.to_owned(), "for services and editors; no step names it");
        } else if ["docs", "doc"].contains(&name) && entry.is_dir() && !is_rust && !named(name) {
            add(name.to_owned(), "documents; no manifest and no step names them");
        }
    }
    gaining(attempt, candidates)
}

/// How many manifests are looked into.
const MOST_TEXTS: usize = 300;

/// The texts of the manifests and build scripts of the context, wherever they are.
fn manifest_texts(attempt: &Attempt<'_>) -> Vec<String> {
    let is_one = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        let is_msbuild = ["proj", ".props", ".targets"].iter().any(|end| name.ends_with(end));
        // `vite.config.ts` and the like may run anything.
        let is_config = name.contains(".config.") && name.ends_with('s');
        MANIFESTS.contains(&name) || name.ends_with(".gemspec") || is_msbuild || is_config
    };
    let files = attempt.input.tree.iter().filter(|(path, entry)| !entry.is_dir() && is_one(path));
    files.take(MOST_TEXTS).filter_map(|(path, _)| attempt.input.files.read(&path)).collect()
}

/// All that RUNs say, and what COPYs name.
fn run_texts(attempt: &Attempt<'_>) -> String {
    let instructions = attempt.draft.dockerfile.stages.iter().flat_map(|stage| &stage.instructions);
    let mut all = String::new();
    for instruction in instructions {
        match &instruction.kind {
            InstructionKind::Run(run) => {
                all.push_str(&instruction.original);
                run.heredocs.iter().for_each(|heredoc| all.push_str(&heredoc.body));
            }
            InstructionKind::Copy(copy) => all.push_str(&copy.spec.sources.join(" ")),
            InstructionKind::Add(add) => all.push_str(&add.spec.sources.join(" ")),
            _ => {}
        }
        all.push('\n');
    }
    all
}

/// Keeps the lines without which an expected rebuild would take longer.
fn gaining(attempt: &Attempt<'_>, candidates: Vec<IgnoreLine>) -> Option<IgnoreProposal> {
    let all: Vec<&str> = candidates.iter().map(|line| line.pattern.as_str()).collect();
    let now = attempt.arranged.seconds;
    let with_all = seconds_without(attempt, &all);
    if now - with_all < least_gain(now) / 2.0 {
        return None;
    }
    // A line counts if the others without it leave something to save.
    let mut kept = candidates.clone();
    for line in &candidates {
        let others: Vec<&str> =
            kept.iter().filter(|other| *other != line).map(|other| other.pattern.as_str()).collect();
        if seconds_without(attempt, &others) - with_all < 1e-6 {
            kept.retain(|other| other != line);
        }
    }
    (!kept.is_empty()).then_some(IgnoreProposal { add: kept, saves: now - with_all })
}

/// Expected seconds of the new order if these paths were ignored.
fn seconds_without(attempt: &Attempt<'_>, patterns: &[&str]) -> f64 {
    let mut merged: BTreeMap<(Vec<String>, Vec<String>), f64> = BTreeMap::new();
    for edit in attempt.input.edits.iter() {
        let is_left = |path: &&String| !patterns.iter().any(|pattern| path::is_within(path, pattern));
        let paths: Vec<String> = edit.paths.iter().filter(is_left).cloned().collect();
        *merged.entry((paths, edit.build_args.clone())).or_default() += edit.weight;
    }
    let edits: Vec<Edit> =
        merged.into_iter().map(|((paths, build_args), weight)| Edit { weight, paths, build_args }).collect();
    attempt.seconds_over(Expected::new(edits))
}
