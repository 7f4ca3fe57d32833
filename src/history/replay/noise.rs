//! Files that make steps rerun though no build should care: which, and the line that would ignore them.
//!
//! A name says what a file is for, not whether the build reads it. So a line is only a candidate here: whoever shows
//! it looks for files and commands that name it ([`Noise::used_by`]) and replays with the line put in.

use std::collections::BTreeMap;

use serde::Serialize;

use super::record::{SideWalk, Why};

/// What kind of file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoiseKind {
    /// `.git`, which changes with every commit.
    Git,
    /// READMEs, change logs, licences, `docs`.
    Documents,
    /// The Dockerfile itself, its ignore file, compose files.
    Dockerfile,
    /// Settings of CI, editors, bots and git.
    Settings,
    /// Tests.
    Tests,
}

/// A line for the ignore file, and what it would have kept out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Noise {
    /// The line.
    pub line: String,
    /// What it keeps out.
    pub kind: NoiseKind,
    /// Builds in which such a file was a reason for a step to run.
    pub builds: usize,
    /// Those of them in which a step had no other reason: only there does the line alone help.
    pub alone: usize,
    /// Paths that it keeps out, the most frequent first.
    pub paths: Vec<String>,
}

impl Noise {
    /// Finds the lines that would have kept changed files out of a walk's builds, the most frequent first.
    pub fn candidates(walk: &SideWalk) -> Vec<Self> {
        let kinds: Vec<Option<(NoiseKind, String)>> = walk.paths.iter().map(|path| kind_of(path)).collect();
        let mut found: BTreeMap<&str, Found> = BTreeMap::new();
        for build in &walk.builds {
            let files = build.reasons.iter().flat_map(|(_, reasons)| reasons).filter_map(|why| match why {
                Why::Files { p, .. } => Some(p),
                _ => None,
            });
            let mut paths: Vec<u32> = files.flatten().copied().collect();
            paths.sort_unstable();
            paths.dedup();
            let mut lines: Vec<&str> = Vec::new();
            for path in paths {
                let Some((kind, line)) = &kinds[path as usize] else { continue };
                let entry = found.entry(line).or_insert_with(|| Found::new(*kind));
                *entry.paths.entry(path).or_default() += 1;
                if !lines.contains(&line.as_str()) {
                    lines.push(line);
                    entry.builds += 1;
                }
            }
            let line_of = |path: u32| kinds[path as usize].as_ref().map(|(_, line)| line.as_str());
            let mut alone: Vec<&str> =
                build.reasons.iter().filter_map(|(_, reasons)| only_line(reasons, &line_of)).collect();
            alone.sort_unstable();
            alone.dedup();
            for line in alone {
                found.entry(line).and_modify(|entry| entry.alone += 1);
            }
        }
        let mut list: Vec<Self> = found
            .into_iter()
            .map(|(line, Found { kind, builds, alone, paths })| {
                let mut paths: Vec<(u32, usize)> = paths.into_iter().collect();
                paths.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
                let paths = paths.into_iter().map(|(path, _)| walk.paths[path as usize].clone()).collect();
                Self { line: line.to_owned(), kind, builds, alone, paths }
            })
            .collect();
        list.sort_by(|a, b| b.builds.cmp(&a.builds).then_with(|| a.line.cmp(&b.line)));
        list
    }

    /// Finds what suggests that the build reads these files after all.
    ///
    /// `texts` are what to look through: the instructions of the Dockerfile and the manifests of the project, each
    /// with the name to call it by. Yields a sentence's end: `pyproject.toml names README.md`.
    pub fn used_by<'a>(&self, texts: impl IntoIterator<Item = (&'a str, &'a str)>) -> Option<String> {
        let words = self.words();
        for (name, text) in texts {
            for (word, what) in &words {
                if has_word(text, word) {
                    return Some(format!("{name} {what}"));
                }
            }
        }
        None
    }

    /// Words that tell of a use, with what to say where one is found.
    fn words(&self) -> Vec<(String, String)> {
        let word = |word: &str, what: &str| (word.to_owned(), what.to_owned());
        match self.kind {
            // What asks git by other words is for the caller to know.
            NoiseKind::Git => vec![word(".git", "reads it (.git)")],
            NoiseKind::Tests => {
                let last = self.line.rsplit('/').next().unwrap_or(&self.line).trim_start_matches('*');
                let mut words: Vec<_> =
                    ["test", "tests", "pytest", "vitest", "jest", "rspec", "phpunit", "tox", "check"]
                        .into_iter()
                        .map(|text| word(text, &format!("may run them ({text})")))
                        .collect();
                words.push(word(last, &format!("names {last}")));
                words
            }
            _ => {
                let mut names: Vec<String> = vec![self.line.trim_start_matches("**/").to_owned()];
                names.extend(self.paths.iter().take(20).cloned());
                names.sort();
                names.dedup();
                names.into_iter().map(|name| (name.clone(), format!("names {name}"))).collect()
            }
        }
    }
}

/// What was found for a line.
struct Found {
    kind: NoiseKind,
    builds: usize,
    alone: usize,
    /// Numbers of paths, with the builds of each.
    paths: BTreeMap<u32, usize>,
}

impl Found {
    const fn new(kind: NoiseKind) -> Self {
        Self { kind, builds: 0, alone: 0, paths: BTreeMap::new() }
    }
}

/// The line that would keep out everything that made a step run, if one does. Of more files than are kept, those
/// that are not may be of any kind: the line is tried then.
fn only_line<'a>(reasons: &[Why], line_of: &dyn Fn(u32) -> Option<&'a str>) -> Option<&'a str> {
    let mut only = None;
    for why in reasons {
        let Why::Files { p, .. } = why else { return None };
        for path in p {
            let line = line_of(*path)?;
            if only.is_some_and(|other| other != line) {
                return None;
            }
            only = Some(line);
        }
    }
    only
}

/// Finds a word that no letter, digit or underscore touches.
fn has_word(text: &str, word: &str) -> bool {
    let inner = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, found)| {
        let before = text[..at].chars().next_back();
        let after = text[at + found.len()..].chars().next();
        // `.git` is no word of `.gitignore`, nor of `x.git` (an address).
        !before.is_some_and(inner) && !after.is_some_and(|c| inner(c) || (c == '-' && word.starts_with('.')))
    })
}

/// What a file is by its path, if no build should care, and the line that ignores its like.
fn kind_of(path: &str) -> Option<(NoiseKind, String)> {
    const DOCUMENTS: [&str; 17] = [
        "readme",
        "changelog",
        "changes",
        "contributing",
        "code_of_conduct",
        "security",
        "license",
        "licence",
        "copying",
        "authors",
        "contributors",
        "maintainers",
        "upgrading",
        "upgrade",
        "history",
        "news",
        "roadmap",
    ];
    const SETTINGS_DIRS: [&str; 11] = [
        ".github",
        ".gitlab",
        ".circleci",
        ".vscode",
        ".idea",
        ".devcontainer",
        ".forgejo",
        ".gitea",
        ".buildkite",
        ".woodpecker",
        ".zed",
    ];
    const SETTINGS: [&str; 25] = [
        ".gitignore",
        ".gitattributes",
        ".gitmodules",
        ".git-blame-ignore-revs",
        ".mailmap",
        ".editorconfig",
        ".gitlab-ci.yml",
        ".travis.yml",
        ".drone.yml",
        ".appveyor.yml",
        "appveyor.yml",
        "azure-pipelines.yml",
        "Jenkinsfile",
        "codecov.yml",
        ".codecov.yml",
        ".codeclimate.yml",
        ".pre-commit-config.yaml",
        "renovate.json",
        "renovate.json5",
        ".renovaterc",
        ".renovaterc.json",
        ".all-contributorsrc",
        ".coveragerc",
        ".yamllint",
        "CODEOWNERS",
    ];
    const TEST_DIRS: [&str; 8] =
        ["tests", "test", "__tests__", "spec", "e2e", "cypress", "playwright", "integration-tests"];
    let (top, below) = path.split_once('/').map_or((path, false), |(top, _)| (top, true));
    let name = path.rsplit('/').next().unwrap_or(path);
    let lower = name.to_lowercase();
    let stem = lower.split('.').next().unwrap_or(&lower);
    let plain =
        lower.rsplit_once('.').is_none_or(|(_, ending)| ["md", "rst", "txt", "adoc"].contains(&ending));
    let here = |kind| Some((kind, path.to_owned()));

    if top == ".git" {
        return Some((NoiseKind::Git, ".git".into()));
    }
    if below && SETTINGS_DIRS.contains(&top) {
        return Some((NoiseKind::Settings, top.to_owned()));
    }
    if below && ["docs", "doc"].contains(&top) {
        return Some((NoiseKind::Documents, top.to_owned()));
    }
    let is_dockerfile = name == "Dockerfile"
        || name.starts_with("Dockerfile.")
        || name.ends_with(".Dockerfile")
        || name.ends_with(".dockerignore");
    if is_dockerfile || ["docker-compose", "compose"].contains(&stem) && lower.ends_with("ml") {
        return here(NoiseKind::Dockerfile);
    }
    if SETTINGS.contains(&name) {
        return here(NoiseKind::Settings);
    }
    if DOCUMENTS.contains(&stem) && plain {
        return Some((NoiseKind::Documents, if below { format!("**/{name}") } else { path.to_owned() }));
    }
    if let Some(dir) = path.split('/').rev().skip(1).find(|dir| TEST_DIRS.contains(dir)) {
        return Some((NoiseKind::Tests, if top == dir { dir.to_owned() } else { format!("**/{dir}") }));
    }
    if name.ends_with("_test.go") {
        return Some((NoiseKind::Tests, "**/*_test.go".into()));
    }
    let ending = name.rsplit('.').next().unwrap_or_default();
    let middle = name.rsplit('.').nth(1).unwrap_or_default();
    if ["test", "spec"].contains(&middle) && ["js", "jsx", "ts", "tsx", "mjs"].contains(&ending) {
        return Some((NoiseKind::Tests, format!("**/*.{middle}.*")));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Ignore;
    use crate::history::replay::Build;

    #[test]
    fn what_a_path_is_and_the_line_that_ignores_it() {
        for (path, line) in [
            (".git/index", ".git"),
            ("README.md", "README.md"),
            ("packages/a/README.md", "**/README.md"),
            ("CHANGELOG", "CHANGELOG"),
            ("docs/img/a.png", "docs"),
            ("src/docs/a.md", ""),
            (".github/workflows/ci.yml", ".github"),
            (".github", ""),
            ("Dockerfile", "Dockerfile"),
            ("docker/app.Dockerfile", "docker/app.Dockerfile"),
            (".dockerignore", ".dockerignore"),
            ("docker-compose.yml", "docker-compose.yml"),
            ("compose.prod.yaml", "compose.prod.yaml"),
            ("src/compose.ts", ""),
            ("tests/a/b.py", "tests"),
            ("src/a/__tests__/b.js", "**/__tests__"),
            ("internal/a_test.go", "**/*_test.go"),
            ("src/a.spec.ts", "**/*.spec.*"),
            ("src/readme.rs", ""),
            ("src/history.ts", ""),
            ("package.json", ""),
            ("src/main.rs", ""),
        ] {
            let found = kind_of(path).map(|(_, line)| line).unwrap_or_default();
            assert_eq!(found, line, "{path}");
            if !line.is_empty() {
                assert!(Ignore::parse(line).expect("a line").is_ignored(path), "{line} ignores {path}");
            }
        }
    }

    #[test]
    fn a_line_helps_alone_where_a_step_had_no_other_reason() {
        let paths = ["README.md", "docs/a.md", "docs/b.md", "src/a.rs"].map(str::to_owned).to_vec();
        let files = |p: &[u32]| Why::Files { p: p.to_vec(), n: p.len() };
        let text = Why::Text { what: "instruction".into() };
        let build = |reasons: Vec<Vec<Why>>| Build {
            version: Some(0),
            reasons: reasons.into_iter().enumerate().collect(),
            ..Build::default()
        };
        let builds = vec![
            // The README with a source, then by itself, then with a document, then where the instruction changed.
            build(vec![vec![files(&[0, 3])], vec![Why::Pulled { by: 0 }]]),
            build(vec![vec![files(&[0])], vec![files(&[0, 3])]]),
            build(vec![vec![files(&[0, 1])]]),
            build(vec![vec![files(&[0]), text]]),
            build(vec![vec![files(&[1, 2])]]),
            // More files than are kept, all of them documents so far.
            build(vec![vec![Why::Files { p: vec![1], n: 900 }]]),
        ];
        let walk = SideWalk { builds, paths, ..SideWalk::default() };
        let found = Noise::candidates(&walk).into_iter().map(|noise| (noise.line, noise.builds, noise.alone));
        assert_eq!(found.collect::<Vec<_>>(), [("README.md".into(), 4, 1), ("docs".into(), 3, 2)]);
    }

    #[test]
    fn what_names_a_file_speaks_against_the_line() {
        let noise = |line: &str, kind| Noise {
            line: line.into(),
            kind,
            builds: 1,
            alone: 1,
            paths: vec![line.into()],
        };
        let readme = noise("README.md", NoiseKind::Documents);
        let used = |noise: &Noise, text: &str| noise.used_by([("pyproject.toml", text)]);
        assert_eq!(
            used(&readme, "readme = \"README.md\"").as_deref(),
            Some("pyproject.toml names README.md")
        );
        assert_eq!(used(&readme, "COPY . ."), None);
        let git = noise(".git", NoiseKind::Git);
        assert!(used(&git, "cat .git/HEAD").is_some());
        assert_eq!(used(&git, "COPY .gitignore x.github.com/a.git"), None);
        let tests = noise("tests", NoiseKind::Tests);
        assert!(used(&tests, "RUN npm test").is_some());
        assert_eq!(used(&tests, "RUN npm run build latest"), None);
    }
}
