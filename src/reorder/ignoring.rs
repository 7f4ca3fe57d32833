//! What the ignore file should name: paths that are edited, that no step can be seen to need, and that a broad COPY
//! takes along.

mod blind;
mod git;
mod make;
mod sources;
mod testing;

use std::collections::{BTreeMap, HashSet};

use super::moves::Attempt;
use super::search::least_gain;
use super::{Edit, Expected, IgnoreLine, IgnoreProposal};
use crate::context::Ignore;
use crate::dockerfile::ast::InstructionKind;
pub use git::asks_git;
use git::{ASK_GIT, COMPARE_WITH_GIT, calls_git, is_called_by_words};

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

/// Manifests and build scripts that may name a file of the project.
const MANIFESTS: [&str; 32] = [
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
    "makefile",
    "GNUmakefile",
    "CMakeLists.txt",
    "meson.build",
    "Rakefile",
    "Justfile",
    "justfile",
    "Taskfile.yml",
    "Taskfile.yaml",
    "magefile.go",
    "noxfile.py",
    "tasks.py",
    "gulpfile.js",
];

/// How the names of scripts end, which something that is built may run.
const SCRIPTS: [&str; 10] = [".sh", ".bash", ".py", ".rb", ".js", ".mjs", ".cjs", ".ts", ".pl", ".ps1"];

/// Finds the lines that would save something.
pub(super) fn find(attempt: &Attempt<'_>) -> Option<IgnoreProposal> {
    let tree = attempt.input.tree;
    let commands = run_texts(attempt);
    let texts = texts_of_the_build(attempt, &commands);
    // `mkdocs` needs docs, but `x.github.io` no .github.
    let names = |text: &str, word: &str| {
        if word.starts_with('.') { names(text, word) } else { text.contains(word) }
    };
    let named = |word: &str| names(&commands, word) || texts.iter().any(|text| names(text, word));
    let mut candidates: Vec<IgnoreLine> = Vec::new();
    let mut add = |pattern: String, why: &str| candidates.push(IgnoreLine { pattern, why: why.to_owned() });
    let says = |words: &[&str]| {
        let says = |text: &str| {
            let small = text.to_ascii_lowercase();
            words.iter().any(|word| small.contains(word))
        };
        says(&commands) || texts.iter().any(|text| says(text))
    };
    let has_git = tree.contains(".git");
    if has_git && says(&COMPARE_WITH_GIT) {
        return None;
    }
    let calls_it = || calls_git(&commands) || texts.iter().any(|text| is_called_by_words(text));
    let asks_git = || calls_it() || says(&ASK_GIT) || tree.contains(".gitmodules");
    if tree.get(".git").is_some_and(|entry| entry.is_dir()) && !asks_git() {
        let calls = |names: &[&str]| names.iter().any(|name| commands.contains(name));
        let mut why = "every commit changes it; no step calls git".to_owned();
        if calls(&["go build", "go install", "make"]) && tree.contains("go.mod") {
            why += ". `go build` then leaves the commit out of `go version -m`";
        } else if calls(&["composer"]) {
            why += ". Composer then leaves the commit of the project out of vendor/composer/installed.php";
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
        } else if DOCUMENTS.contains(&name) && !entry.is_dir() && !named(name) {
            add(name.to_owned(), "for people; no manifest and no step names it");
        } else if SERVICES.contains(&name) && !named(name) {
            add(name.to_owned(), "for services and editors; no step names it");
        } else if is_of_documents(name) && entry.is_dir() && !named(name) && !holds_programs(attempt, name) {
            add(name.to_owned(), "documents; no manifest and no step names them");
        }
    }
    candidates.extend(testing::candidates(attempt));
    let found = gaining(attempt, candidates).and_then(|found| {
        // Sources are looked into last, and only where a line is worth it.
        let free = sources::free(attempt, &found.add);
        if found.add.iter().all(|line| free.contains(&line.pattern)) {
            return Some(found);
        }
        gaining(attempt, found.add.into_iter().filter(|line| free.contains(&line.pattern)).collect())
    });
    with_packages(attempt, found)
}

/// Adds lines for directories of packages that an install makes above a COPY of the sources, where a working copy may
/// have them as well: the COPY would put them over what was installed.
fn with_packages(attempt: &Attempt<'_>, found: Option<IgnoreProposal>) -> Option<IgnoreProposal> {
    let Some(ignore) = attempt.input.options.ignore_file.as_deref().and_then(|text| Ignore::parse(text).ok())
    else {
        return found;
    };
    let made = attempt.chosen.iter().flat_map(|at| &attempt.splits[*at].1.made);
    let open: Vec<IgnoreLine> = made
        .filter(|dir| !ignore.is_ignored(dir) && !attempt.input.tree.contains(dir))
        .map(|dir| IgnoreLine {
            pattern: dir.clone(),
            why: "one that lies in a working copy would be copied over what is installed before it"
                .to_owned(),
        })
        .collect();
    if open.is_empty() {
        return found;
    }
    let mut all = found.unwrap_or(IgnoreProposal { add: Vec::new(), saves: 0.0 });
    for line in open {
        if all.add.iter().all(|other| other.pattern != line.pattern) {
            all.add.push(line);
        }
    }
    Some(all)
}

/// Tells whether a directory is one of documents.
fn is_of_documents(name: &str) -> bool {
    ["docs", "doc"].contains(&name)
}

/// Tells whether a directory of documents holds what can be imported (`docs/docs.go`, as swag writes it).
fn holds_programs(attempt: &Attempt<'_>, dir: &str) -> bool {
    const ENDS: [&str; 6] = [".go", ".py", ".php", ".rb", ".rs", ".ex"];
    attempt.input.tree.subtree(dir).is_some_and(|inner| {
        inner.iter().any(|(file, entry)| !entry.is_dir() && ENDS.iter().any(|end| file.ends_with(end)))
    })
}

/// How many manifests and scripts are looked into.
const MOST_TEXTS: usize = 300;

/// Tells whether a text names a file or directory: the word, and not as a part of a longer one (`x.github.io`).
fn names(text: &str, word: &str) -> bool {
    let goes_on = |next: Option<char>| next.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '-');
    text.match_indices(word).any(|(at, _)| {
        !goes_on(text[..at].chars().next_back()) && !goes_on(text[at + word.len()..].chars().next())
    })
}

/// The texts of the manifests and build scripts of the context, wherever they are, and of the scripts that these or
/// RUNs name.
fn texts_of_the_build(attempt: &Attempt<'_>, commands: &str) -> Vec<String> {
    let name_of = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    let is_one = |path: &str| {
        let name = name_of(path);
        let is_msbuild = ["proj", ".props", ".targets"].iter().any(|end| name.ends_with(end));
        // `vite.config.ts` and the like may run anything.
        let is_config = name.contains(".config.") && name.ends_with('s');
        let is_include = [".mk", ".cmake", ".gemspec"].iter().any(|end| name.ends_with(end));
        // `//go:embed README.md` of the package at the root makes a document part of the program.
        let may_embed = name == path && name.ends_with(".go");
        MANIFESTS.contains(&name.as_str()) || is_include || is_msbuild || is_config || may_embed
    };
    let files = || attempt.input.tree.iter().filter(|(_, entry)| !entry.is_dir());
    let read = |path: &str| attempt.input.files.read(path);
    let manifests = files().filter(|(path, _)| is_one(path)).take(MOST_TEXTS);
    let mut texts: Vec<String> = manifests.filter_map(|(path, _)| read(&path)).collect();
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let words = texts.iter().map(String::as_str).chain([commands]);
    let words: HashSet<&str> = words
        .flat_map(|text| text.split(|c| !is_part(c)))
        .map(|word| word.trim_end_matches('.'))
        .filter(|word| SCRIPTS.iter().any(|end| word.ends_with(end)))
        .collect();
    let is_script = |path: &str| !is_one(path) && words.contains(name_of(path).as_str());
    let scripts: Vec<String> = files()
        .filter(|(path, _)| is_script(path))
        .take(MOST_TEXTS)
        .filter_map(|(path, _)| read(&path))
        .collect();
    texts.extend(scripts);
    texts
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
    let ignore = Ignore::parse(&patterns.join("\n")).ok();
    for edit in attempt.input.edits.iter() {
        let is_left = |path: &&String| !ignore.as_ref().is_some_and(|ignore| ignore.is_ignored(path));
        let paths: Vec<String> = edit.paths.iter().filter(is_left).cloned().collect();
        *merged.entry((paths, edit.build_args.clone())).or_default() += edit.weight;
    }
    let edits: Vec<Edit> =
        merged.into_iter().map(|((paths, build_args), weight)| Edit { weight, paths, build_args }).collect();
    attempt.seconds_over(Expected::new(edits))
}
