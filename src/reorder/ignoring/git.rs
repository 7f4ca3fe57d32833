//! Whether a build, or the program that it makes, asks git for anything.

/// Tools that ask git for the version or the commit of what they build, in small letters.
pub(super) const ASK_GIT: [&str; 44] = [
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
    "git show",
    "git tag",
    "git branch",
    "git rev-list",
    "git config",
    "git archive",
    // CMake
    "git_describe",
    "find_package(git",
];

/// What asks git for the files that it knows, or whether they are as it knows them, in small letters: where one that it
/// knows is missing, the answer is another.
pub(super) const COMPARE_WITH_GIT: [&str; 6] =
    ["--dirty", "git diff", "git status", "diff-index", "ls-files", "git ls-tree"];

/// The word by which a manifest, a script or a command asks git for something, in small letters.
pub fn asks_git(text: &str) -> Option<&'static str> {
    let small = text.to_ascii_lowercase();
    ASK_GIT.iter().chain(&COMPARE_WITH_GIT).copied().find(|word| small.contains(word))
}

/// What git is told to do, as its first word; `apk add git make` is no call.
const GIT_VERBS: [&str; 26] = [
    "add",
    "archive",
    "branch",
    "cat-file",
    "checkout",
    "clone",
    "commit",
    "config",
    "describe",
    "diff",
    "fetch",
    "init",
    "lfs",
    "log",
    "ls-files",
    "ls-tree",
    "name-rev",
    "pull",
    "reset",
    "rev-list",
    "rev-parse",
    "show",
    "status",
    "submodule",
    "symbolic-ref",
    "tag",
];

/// Tells whether a text calls git.
pub(super) fn calls_git(commands: &str) -> bool {
    let words: Vec<&str> = commands.split_whitespace().filter(|word| *word != "\\").collect();
    words.windows(2).any(|pair| {
        let program =
            pair[0].rsplit(['/', '(', '`', '"', '\'', ';', '&', '|', '=']).next().unwrap_or_default();
        let verb = pair[1].trim_end_matches([')', '`', '"', '\'', ';']);
        program == "git" && (verb.starts_with(['-', '$', '"', '\'']) || GIT_VERBS.contains(&verb))
    })
}

/// Tells whether a source reads files of git, to show of what commit it is, or has git called for that.
pub(super) fn is_asked_by(text: &str) -> bool {
    const VERBS: [&str; 6] = ["rev-parse", "describe", "rev-list", "name-rev", "symbolic-ref", "ls-files"];
    let reads = [".git/HEAD", ".git/refs", ".git/logs"].iter().any(|word| text.contains(word));
    let asks = |verb: &&str| ["\"", "'"].iter().any(|quote| text.contains(&format!("{quote}{verb}{quote}")));
    reads || is_called_by_words(text) && VERBS.iter().any(asks)
}

/// Tells whether git stands in quotes in a text, as where a program calls it with a list of words
/// (`Command::new("git")`, `spawnSync('git', [`, `commandLine "git", "rev-parse"`).
pub(super) fn is_called_by_words(text: &str) -> bool {
    let is_call = |(at, word): (usize, &str)| {
        // `"type": "git"` of package.json is a value.
        let before = text[..at].trim_end();
        let after = text[at + word.len()..].trim_start();
        !before.ends_with(':') && after.starts_with([',', ')', ']'])
    };
    ["\"git\"", "'git'"].iter().any(|word| text.match_indices(word).any(is_call))
}
