//! The project's tests: which files they are, and whether anything but them needs them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::sources::{is_imported, is_quoted};
use super::{IgnoreLine, blind};
use crate::context::path;
use crate::reorder::moves::Attempt;

/// Directories of tests at the root of a project.
const DIRECTORIES: [&str; 6] = ["tests", "test", "spec", "__tests__", "e2e", "cypress"];

/// How the reason of such a line begins.
pub(super) const WHY: &str = "tests, ";

/// How tests of scripts for the web end, before the language.
const WEB_ENDS: [&str; 2] = ["test", "spec"];
const WEB_LANGUAGES: [&str; 6] = ["ts", "tsx", "js", "jsx", "mjs", "cjs"];

/// Manifests by which a directory is a part of the build.
const PARTS: [&str; 10] = [
    "package.json",
    "Cargo.toml",
    "go.mod",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "pyproject.toml",
    "setup.py",
    "mix.exs",
    "composer.json",
];

/// Tells whether a text has a word of tests in it, as a word of its own.
pub(super) fn speaks_of_tests(text: &str) -> bool {
    const WORDS: [&str; 18] = [
        "test",
        "tests",
        "testing",
        "pytest",
        "vitest",
        "jest",
        "mocha",
        "rspec",
        "spec",
        "phpunit",
        "pest",
        "tox",
        "nox",
        "ctest",
        "cypress",
        "playwright",
        "lint",
        "coverage",
    ];
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.any(|word| WORDS.contains(&word.to_ascii_lowercase().as_str()))
}

/// Lines for the tests, where no step looks at them and nothing says that the image is there to run them.
///
/// Whether the program itself needs them is for [`uses`], which is only asked where a line would save something.
pub(super) fn candidates(attempt: &Attempt<'_>) -> Vec<IgnoreLine> {
    let edited: BTreeSet<&str> =
        attempt.input.edits.iter().flat_map(|edit| &edit.paths).map(String::as_str).collect();
    let mut patterns: BTreeSet<String> = BTreeSet::new();
    for path in &edited {
        patterns.extend(pattern_of(attempt, path));
    }
    // What a step is told to copy, or a COPY brings by its name, it needs.
    let commands = super::run_texts(attempt);
    let is_wanted = !patterns.is_empty()
        && !commands.lines().any(speaks_in_a_recipe)
        && blind::is_blind(&attempt.draft.dockerfile, &attempt.original, attempt.input)
        && !is_run_elsewhere(attempt);
    if !is_wanted {
        return Vec::new();
    }
    let why = |pattern: &str| {
        let what = if pattern.starts_with("**/*_test.go") {
            "which `go build` leaves out"
        } else {
            "which no step runs and nothing else names: keep them if you run them in a container of this image"
        };
        format!("{WHY}{what}")
    };
    patterns.into_iter().map(|pattern| IgnoreLine { why: why(&pattern), pattern }).collect()
}

/// The line that would take a path out, if it is a test.
fn pattern_of(attempt: &Attempt<'_>, file: &str) -> Option<String> {
    let tree = attempt.input.tree;
    let (dir, name) = path::split(file);
    let root = file.split('/').next().unwrap_or(file);
    if root != file && DIRECTORIES.contains(&root) {
        return is_of_tests(attempt, root).then(|| root.to_owned());
    }
    if name.ends_with("_test.go") && tree.contains("go.mod") {
        return Some("**/*_test.go".to_owned());
    }
    let is_jvm = ["pom.xml", "build.gradle", "build.gradle.kts"].iter().any(|name| tree.contains(name));
    if is_jvm && file.starts_with("src/test/") {
        return Some("src/test".to_owned());
    }
    if is_jvm && file.contains("/src/test/") {
        return Some("**/src/test".to_owned());
    }
    let mut parts = name.rsplit('.');
    let (language, end) = (parts.next()?, parts.next()?);
    // A page of this name is a page.
    let is_page = dir.split('/').any(|part| ["pages", "routes"].contains(&part));
    let is_web = WEB_LANGUAGES.contains(&language) && WEB_ENDS.contains(&end) && parts.next().is_some();
    (is_web && !is_page).then(|| format!("**/*.{end}.{language}"))
}

/// Tells whether a directory of the root is one of tests, and no part of the build.
fn is_of_tests(attempt: &Attempt<'_>, name: &str) -> bool {
    let Some(inner) = attempt.input.tree.subtree(name) else { return false };
    let names: Vec<String> =
        inner.iter().filter(|(_, entry)| !entry.is_dir()).map(|(path, _)| path).collect();
    let is_part = |file: &String| {
        let name = path::split(file).1;
        PARTS.contains(&name) || name.ends_with("proj") || name.ends_with(".gemspec")
    };
    // A `spec` may be what an interface is made from.
    let is_spec = || {
        names
            .iter()
            .any(|file| file.contains("_spec.") || file.contains("spec_helper") || file.contains(".spec."))
    };
    !names.iter().any(is_part) && (name != "spec" || is_spec())
}

/// Tells whether something beside the Dockerfile runs tests in the image, or another Dockerfile of this context has to do
/// with tests.
fn is_run_elsewhere(attempt: &Attempt<'_>) -> bool {
    const CALLS: [&str; 5] =
        ["docker run", "docker compose run", "docker-compose run", "compose exec", "docker exec"];
    let read = |path: &str| attempt.input.files.read(path).unwrap_or_default();
    let calls = |text: &str| {
        text.lines().any(|line| CALLS.iter().any(|call| line.contains(call)) && speaks_of_tests(line))
    };
    attempt.input.tree.iter().filter(|(_, entry)| !entry.is_dir()).any(|(file, _)| {
        let lower = path::split(&file).1.to_ascii_lowercase();
        let is_at_root = !file.contains('/');
        let is_near = is_at_root || ["docker/", ".docker/"].iter().any(|dir| file.starts_with(dir));
        let is_compose =
            (lower.starts_with("docker-compose") || lower.starts_with("compose.")) && lower.ends_with("ml");
        let is_recipe =
            lower == "dockerfile" || lower.starts_with("dockerfile.") || lower.ends_with(".dockerfile");
        let is_workflow = file.starts_with(".github/workflows/") || lower == ".gitlab-ci.yml";
        let is_list =
            is_at_root && ["makefile", "justfile", "taskfile.yml", "package.json"].contains(&lower.as_str());
        if is_compose && is_near {
            // `test:` of a health check.
            let is_apart =
                |line: &str| ["#", "test:"].iter().any(|start| line.trim_start().starts_with(start));
            read(&file).lines().any(|line| !is_apart(line) && speaks_of_tests(line))
        } else if is_recipe {
            read(&file).lines().any(speaks_in_a_recipe)
        } else {
            (is_workflow || is_list) && calls(&read(&file))
        }
    })
}

/// Tells whether a line of a Dockerfile has to do with tests, be it to bring them or to run them.
fn speaks_in_a_recipe(line: &str) -> bool {
    // Also those of packages: `BUNDLE_WITHOUT="development:test"`, `x.spec` of RPM.
    const SKIPS: [&str; 5] = ["maven.test.skip", "-x test", "WITHOUT", "without", ".spec"];
    !line.trim_start().starts_with('#')
        && !SKIPS.iter().any(|words| line.contains(words))
        && speaks_of_tests(line)
}

/// Tells whether a file needs the tests that a line takes out.
pub(super) fn uses(attempt: &Attempt<'_>, file: &str, text: &str, line: &str) -> bool {
    let name = path::split(file).1;
    if line == "**/*_test.go" {
        return file.ends_with(".go") && embeds_tests(attempt, file, text);
    }
    if let Some(end) = line.strip_prefix("**/*.") {
        let stem = end.rsplit_once('.').map_or(end, |(stem, _)| stem);
        let is_named = ["'", "\"", "`"].iter().any(|quote| text.contains(&format!(".{stem}{quote}")));
        // What takes in all that lies in a directory.
        let takes_all = text.contains("import.meta.glob") || text.contains("require.context");
        return is_code_for_the_web(file) && (is_named || takes_all);
    }
    if line.ends_with("src/test") {
        let is_named =
            text.contains("src/test") || text.contains("test-jar") || text.contains("testFixtures");
        return ["pom.xml", "build.gradle", "build.gradle.kts"].contains(&name) && is_named;
    }
    match name {
        "package.json" => package_names(text, line),
        "composer.json" => composer_names(text, line),
        "pyproject.toml" | "setup.cfg" => packaging_names(text, line),
        "Cargo.toml" => text.contains("[[test]]") && line == "tests" || is_quoted(text, line),
        // What checks types and style says where tests are.
        _ if name.starts_with("tsconfig") || name.ends_with(".json") => false,
        _ if is_for_tests_alone(name) => false,
        _ => is_imported(file, text, line),
    }
}

/// Tells whether a file is read by test runners only.
fn is_for_tests_alone(name: &str) -> bool {
    const STARTS: [&str; 8] =
        ["jest.", "vitest.", "playwright.", "cypress.", "karma.", "eslint.", ".eslintrc", "conftest"];
    STARTS.iter().any(|start| name.starts_with(start)) || ["noxfile.py", "Rakefile"].contains(&name)
}

fn is_code_for_the_web(file: &str) -> bool {
    [".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".vue", ".svelte"].iter().any(|end| file.ends_with(end))
}

/// Tells whether a file of Go embeds files of tests (`//go:embed *.go`, or a directory in which there are some).
fn embeds_tests(attempt: &Attempt<'_>, file: &str, text: &str) -> bool {
    let dir = path::split(file).0;
    let mut directives = text.lines().filter_map(|line| line.strip_prefix("//go:embed "));
    directives.any(|words| {
        words.split_whitespace().any(|word| {
            let word = word.trim_matches(['"', '`']).trim_start_matches("all:");
            let place = path::join(dir, word);
            let has_tests =
                |tree: crate::context::Tree| tree.iter().any(|(path, _)| path.ends_with("_test.go"));
            word.contains(".go") || word == "*" || attempt.input.tree.subtree(&place).is_some_and(has_tests)
        })
    })
}

/// Tells whether package.json names a directory otherwise than in scripts and settings of other tools.
fn package_names(text: &str, dir: &str) -> bool {
    let Ok(package) = serde_json::from_str::<Value>(text) else { return true };
    [
        "workspaces",
        "main",
        "module",
        "exports",
        "imports",
        "bin",
        "dependencies",
        "devDependencies",
        "directories",
    ]
    .iter()
    .filter_map(|key| package.get(key))
    .any(|value| {
        let text = value.to_string();
        text.contains(&format!("\"{dir}\"")) && !value.is_object() || is_inside(&text, dir)
    })
}

fn is_inside(text: &str, dir: &str) -> bool {
    ["\"", ":", "./"].iter().any(|start| text.contains(&format!("{start}{dir}/")))
}

/// Tells whether composer.json loads files of a directory: a namespace that is missing does no harm, a file does.
fn composer_names(text: &str, dir: &str) -> bool {
    let Ok(package) = serde_json::from_str::<Value>(text) else { return true };
    let own = package.get("autoload").is_some_and(|value| is_inside(&value.to_string(), dir));
    let for_tests = package.get("autoload-dev").is_some_and(|value| {
        ["classmap", "files"].iter().filter_map(|key| value.get(key)).any(|value| {
            let text = value.to_string();
            is_inside(&text, dir) || text.contains(&format!("\"{dir}\""))
        })
    });
    own || for_tests
}

/// Tells whether the packaging of a Python project names a directory, and does not leave it out.
fn packaging_names(text: &str, dir: &str) -> bool {
    const SECTIONS: [&str; 9] = [
        "[project",
        "[build-system",
        "[tool.setuptools",
        "[tool.hatch",
        "[tool.poetry",
        "[tool.flit",
        "[tool.pdm",
        "[options",
        "[tool.uv",
    ];
    let mut counts = true;
    text.lines().any(|line| {
        if line.starts_with('[') {
            counts = SECTIONS.iter().any(|section| line.starts_with(section));
        }
        counts && !line.contains("exclude") && (is_quoted(line, dir) || line.trim() == dir)
    })
}
