//! Whether the project's own files need what a line of the ignore file would take out.

use std::collections::BTreeSet;

use super::{IgnoreLine, git, testing};
use crate::context::{Ignore, path};
use crate::reorder::moves::Attempt;

/// How many files are looked into, and how large each may be. Where there are more it is not known what they name.
const MOST_FILES: usize = 2500;
const LARGEST: u64 = 128 << 10;

/// Directories of code of others, and of texts in many languages.
const APART: [&str; 8] =
    ["node_modules", "vendor", "third_party", "lang", "locales", "translations", "i18n", "migrations"];

/// Files of programs, and manifests and settings of them.
const PROGRAMS: [&str; 24] = [
    ".php", ".py", ".rb", ".rake", ".ru", ".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".vue", ".svelte",
    ".go", ".rs", ".java", ".kt", ".scala", ".cs", ".fs", ".ex", ".exs", ".dart", ".swift",
];
const SETTINGS: [&str; 6] = [".toml", ".json", ".xml", ".gradle", ".kts", ".cfg"];

/// Those of some lines that none of the project's files is seen to need, by their patterns.
///
/// Only asked for lines that would save something, as it reads the sources.
pub(super) fn free(attempt: &Attempt<'_>, lines: &[IgnoreLine]) -> BTreeSet<String> {
    let (asked, mut free): (Vec<&IgnoreLine>, Vec<&IgnoreLine>) =
        lines.iter().partition(|line| Question::of(line).is_some());
    let mut open: Vec<(&IgnoreLine, Question)> =
        asked.into_iter().filter_map(|line| Some((line, Question::of(line)?))).collect();
    let patterns: Vec<&str> = open.iter().map(|(line, _)| line.pattern.as_str()).collect();
    // A file that is taken out itself counts for nothing.
    let ignore = Ignore::parse(&patterns.join("\n")).ok();
    let is_one = |file: &str| {
        let ends = |list: &[&str]| list.iter().any(|end| file.ends_with(end));
        // Settings of a framework; those of services speak of tests without need.
        let is_setting = file.starts_with("config/") && ends(&[".yml", ".yaml"]);
        (ends(&PROGRAMS) || ends(&SETTINGS) || is_setting)
            && !file.ends_with("-lock.json")
            && !file.split('/').any(|part| APART.contains(&part))
            && !ignore.as_ref().is_some_and(|ignore| ignore.is_ignored(file))
    };
    let files = attempt
        .input
        .tree
        .iter()
        .filter(|(file, entry)| !entry.is_dir() && entry.weight().1 <= LARGEST && is_one(file));
    for (at, (file, _)) in files.enumerate() {
        if open.is_empty() {
            break;
        }
        if at == MOST_FILES {
            open.clear();
            break;
        }
        let Some(text) = attempt.input.files.read(&file) else { continue };
        open.retain(|(line, question)| !question.is_answered_by(attempt, &line.pattern, &file, &text));
    }
    free.extend(open.into_iter().map(|(line, _)| line));
    free.into_iter().map(|line| line.pattern.clone()).collect()
}

/// What is to be known of a line.
#[derive(Clone, Copy)]
enum Question {
    Git,
    Tests,
    /// Documents that a program may hold or import.
    Named,
}

impl Question {
    /// What to look for; `None` for what no program can need.
    fn of(line: &IgnoreLine) -> Option<Self> {
        if line.pattern == ".git" {
            Some(Self::Git)
        } else if line.why.starts_with(testing::WHY) {
            Some(Self::Tests)
        } else if super::DOCUMENTS.contains(&line.pattern.as_str()) || super::is_of_documents(&line.pattern) {
            Some(Self::Named)
        } else {
            None
        }
    }

    fn is_answered_by(self, attempt: &Attempt<'_>, pattern: &str, file: &str, text: &str) -> bool {
        let is_program = PROGRAMS.iter().any(|end| file.ends_with(end));
        match self {
            Self::Git => {
                is_program && git::is_asked_by(text) || is_of_the_build(file) && git::is_called_by_words(text)
            }
            Self::Tests => testing::uses(attempt, file, text, pattern),
            Self::Named if super::is_of_documents(pattern) => is_program && is_imported(file, text, pattern),
            // `include_str!("../README.md")`, `import '../CHANGELOG.md?raw'`.
            Self::Named => is_program && quoted(text).any(|part| part.contains(pattern)),
        }
    }
}

/// Tells whether a source is one that runs while the project is built.
fn is_of_the_build(file: &str) -> bool {
    path::split(file).1 == "build.rs" || file.contains("buildSrc/") || file.ends_with(".gradle.kts")
}

/// Tells whether a source needs what lies in a directory: by a path, or as a package.
pub(super) fn is_imported(file: &str, text: &str, dir: &str) -> bool {
    let imports = [format!("from {dir}."), format!("from {dir} import"), format!("import {dir}")];
    let is_module = file.ends_with(".py") && imports.iter().any(|words| text.contains(words));
    is_module || is_quoted(text, dir)
}

/// Tells whether a text has a path in quotes that leads into a directory of the root, or to it.
pub(super) fn is_quoted(text: &str, dir: &str) -> bool {
    let starts = ["\"", "'", "`", "./", "../", "}/"];
    let (inside, end) = (format!("/{dir}/"), format!("/{dir}"));
    starts.iter().any(|start| text.contains(&format!("{start}{dir}/")))
        // An import of Go: `example.com/x/tests/fixtures`.
        || quoted(text).any(|part| (part.contains(&inside) || part.ends_with(&end)) && !part.contains("://"))
        // `test` alone is the name of a way to run.
        || dir != "test" && ["\"", "'"].iter().any(|quote| text.contains(&format!("{quote}{dir}{quote}")))
}

/// What stands between quotes, without blanks in it.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split(['"', '\'', '`']).filter(|part| !part.contains(char::is_whitespace))
}
