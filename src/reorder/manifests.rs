//! Install steps: which files of the project one needs, and whether that can be known.
//!
//! The tables are in `assets/manifests.toml`; what needs looking into a manifest is in the rooms below.

mod calls;
mod dotnet;
mod jvm;
mod maven;
mod mix;
mod node;
mod others;
mod python;
mod why;
mod xml;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::Deserialize;

pub use why::Why;

pub(super) use calls::{behind_sudo, led_by_pnpm};
pub(super) use maven::{modules_need_each_other, takes_value as takes_value_in_maven};
pub(super) use mix::tasks as tasks_of_mix;

use crate::context::Tree;
use crate::shell::Word;

/// Reads files of the build context, for the manifests in it.
pub trait ManifestView {
    /// The text of a file by its path in the context; `None` where there is none, or none that is text.
    fn read(&self, path: &str) -> Option<String>;
}

impl<F: Fn(&str) -> Option<String>> ManifestView for F {
    fn read(&self, path: &str) -> Option<String> {
        self(path)
    }
}

/// What an install step needs of the project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// Name of the ecosystem.
    pub(super) ecosystem: String,
    /// Context paths of files and folders, in the order in which they are to be named.
    pub(super) needs: Vec<String>,
    /// Context paths that it makes or changes, if the project lay at the context's root.
    pub(super) writes: BTreeSet<String>,
    /// Context paths that it looks at whether they are there or not.
    pub(super) looks_at: BTreeSet<String>,
    /// Its manifests are code of the project, which may look at any variable.
    pub(super) runs_code: bool,
}

impl Plan {
    /// Adds a context path to what is needed.
    pub(super) fn need(&mut self, path: String) {
        if !self.needs.contains(&path) {
            self.needs.push(path);
        }
    }
}

/// An install command in its place.
pub(super) struct Install<'a> {
    pub(super) ecosystem: &'static Ecosystem,
    /// Its words, the program first.
    pub(super) words: &'a [String],
    /// Directory of the context that lies where the command runs; `""` is the root.
    pub(super) dir: &'a str,
    pub(super) tree: &'a Tree,
    pub(super) files: &'a dyn ManifestView,
    /// The value of a variable where it runs: `None` where it is not set, or not known.
    pub(super) env: &'a dyn Fn(&str) -> Option<String>,
}

/// What the table says of an ecosystem.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ecosystem {
    pub(super) name: String,
    commands: Vec<String>,
    #[serde(default)]
    required: Vec<String>,
    #[serde(default)]
    files: Vec<String>,
    #[serde(default)]
    folders: Vec<String>,
    #[serde(default)]
    writes: Vec<String>,
    #[serde(default)]
    pub(super) locks: Vec<String>,
    /// Lock files of other managers, which it reads where none of its own is there.
    #[serde(default)]
    foreign: Vec<String>,
    #[serde(default)]
    frozen: Vec<String>,
    /// Flags that lead it to another directory or file, and variables that do.
    #[serde(default)]
    elsewhere: Vec<String>,
    rule: Rule,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Rule {
    Node,
    Pip,
    Poetry,
    Uv,
    Pipenv,
    Go,
    Cargo,
    Maven,
    Gradle,
    Bundler,
    Composer,
    Dotnet,
    Mix,
}

/// A script of package.json that is known.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct KnownScript {
    words: String,
    #[serde(default)]
    files: Vec<String>,
    #[serde(default)]
    folders: Vec<String>,
    /// A path whose presence makes it unknown after all.
    unless: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    workdirs: std::collections::BTreeMap<String, String>,
    ecosystem: Vec<Ecosystem>,
    script: Vec<KnownScript>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    // The table is part of the binary and tests read it, so it cannot be malformed here.
    toml::from_str(include_str!("../../assets/manifests.toml")).expect("manifests.toml is valid")
});

/// The working directory that a base image starts in, where it is known to set one.
pub(super) fn base_workdir(image: &str) -> &'static str {
    let name = image.split(['@', ':']).next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
    TABLE.workdirs.get(name).map_or("/", String::as_str)
}

/// Finds the ecosystem whose install command these words are.
pub(super) fn ecosystem_of(words: &[Word]) -> Option<&'static Ecosystem> {
    let words = calls::behind_sudo(words);
    let program = words.first().filter(|word| !word.dynamic)?;
    let is_maven = program.text.ends_with("mvn") || program.text.ends_with("mvnw");
    let mut plain = vec![program.text.rsplit('/').next().unwrap_or(&program.text)];
    let after = |at: usize| words[at - 1].text.as_str();
    // `python -m pip`: the module is part of the command's name.
    plain.extend(
        (1..words.len())
            .filter(|at| !words[*at].text.starts_with('-') || words[*at].text == "-m")
            .filter(|at| !VALUE_FLAGS.contains(&after(*at)))
            .filter(|at| !is_maven || !maven::VALUES.contains(&after(*at)))
            .map(|at| words[at].text.as_str())
            .map(|word| if is_maven { maven::goal(word) } else { word }),
    );
    TABLE.ecosystem.iter().find(|ecosystem| ecosystem.commands.iter().any(|command| begins(&plain, command)))
}

/// Tells whether a command installs a program for all from a path: a directory of the stage, or an archive.
pub(super) fn installs_from_path(words: &[Word]) -> bool {
    const VALUES: [&str; 4] = ["--prefix", "--python", "--cache", "--registry"];
    let Some((program, rest)) = words.split_first() else { return false };
    let has = |known: &[&str]| rest.iter().any(|word| known.contains(&word.text.as_str()));
    let is_one = match program.text.rsplit('/').next().unwrap_or(&program.text) {
        "npm" | "yarn" | "pnpm" | "bun" => has(&["-g", "--global", "--location=global", "global"]),
        "gem" | "pipx" => has(&["install", "inject"]),
        "dotnet" => has(&["tool"]) && has(&["--add-source"]),
        _ => false,
    };
    let is_path = |at: usize| {
        let text = rest[at].text.as_str();
        let is_value = at > 0 && VALUES.contains(&rest[at - 1].text.as_str());
        let starts = ["./", "../", "/", "file:", "link:"].iter().any(|start| text.starts_with(start));
        let ends = [".gem", ".tgz", ".tar.gz", ".whl"].iter().any(|end| text.ends_with(end));
        let is_unknown = rest[at].dynamic && text.is_empty() || rest[at].glob;
        !is_value && (text == "." || text == ".." || starts || ends || is_unknown)
    };
    // `gem install -g` takes what a file lists.
    let is_list = program.text.ends_with("gem") && has(&["-g", "--file"]);
    is_one && (is_list || (0..rest.len()).any(is_path))
}

/// The places in the stage of the lists of packages that a command of pip reads, those that they include among them;
/// none for other commands. `source_of` tells which file of the context lies at a place.
///
/// `None` where a list names a directory or a file to install, or is not known and may name one.
pub(super) fn lists_read(
    words: &[Word],
    cwd: Option<&str>,
    source_of: &dyn Fn(&str) -> Option<String>,
    files: &dyn ManifestView,
) -> Option<Vec<String>> {
    let Some(words) = python::words_of_pip(calls::behind_sudo(words)) else { return Some(Vec::new()) };
    let is_url = |name: &str| name.contains("://");
    let mut left: Vec<String> = Vec::new();
    for list in python::lists(words)?.into_iter().filter(|list| !is_url(list)) {
        left.push(crate::shell::join(cwd?, list));
    }
    let mut found: Vec<String> = Vec::new();
    while let Some(list) = left.pop() {
        if found.contains(&list) {
            continue;
        }
        let included = python::included(&files.read(&source_of(&list)?)?)?;
        let dir = list.rsplit_once('/').map_or("", |(dir, _)| dir);
        let places = included.iter().filter(|name| !is_url(name));
        left.extend(places.map(|name| crate::shell::join(&format!("{dir}/"), name)));
        found.push(list);
    }
    Some(found)
}

/// Tells whether a command installs and promises to write none of its manifests.
pub(super) fn is_frozen(words: &[Word]) -> bool {
    ecosystem_of(words).is_some_and(|ecosystem| {
        matches!(ecosystem.rule, Rule::Pip) || words.iter().any(|word| ecosystem.frozen.contains(&word.text))
    })
}

/// Flags of install commands whose next word is their value.
const VALUE_FLAGS: [&str; 21] = [
    "--dir",
    "--prefix",
    "--cwd",
    "-C",
    "--registry",
    "--cache",
    "--cache-folder",
    "--loglevel",
    "--network-timeout",
    "--network-concurrency",
    "--mutex",
    "--jobs",
    "--retry",
    "--store-dir",
    "--only",
    "--with",
    "--without",
    "--omit",
    "--include",
    "--extras",
    "--group",
];

fn begins(words: &[&str], command: &str) -> bool {
    let (command, alone) = match command.strip_suffix(" $") {
        Some(command) => (command, true),
        None => (command, false),
    };
    let wanted: Vec<&str> = command.split(' ').collect();
    words.len() >= wanted.len()
        && wanted.iter().zip(words).all(|(a, b)| a == b)
        // Values of flags look like operands: a number is one, any other word a subcommand or a package.
        && (!alone || words[wanted.len()..].iter().all(|word| word.parse::<f64>().is_ok()))
}

impl Ecosystem {
    /// The flag, or the variable of those that are `set`, that leads the command elsewhere.
    pub(super) fn leads_elsewhere(&self, words: &[Word], set: impl Fn(&str) -> bool) -> Option<String> {
        let is_given = |known: &&String| match known.strip_prefix('$') {
            Some(name) => set(name),
            None => words.iter().any(|word| {
                word.text == **known
                    || (known.starts_with("--")
                        && word.text.split_once('=').is_some_and(|(flag, _)| flag == *known))
                    || (known.len() == 2 && word.text.starts_with(known.as_str()))
            }),
        };
        self.elsewhere.iter().find(is_given).map(|known| known.trim_start_matches('$').to_owned())
    }

    /// Refuses a command whose options come from a variable that leads it elsewhere. `value` tells a variable's, and
    /// `None` in it where it is set to what is not known.
    pub(super) fn check_options(&self, value: impl Fn(&str) -> Option<Option<String>>) -> Result<(), Why> {
        match (self.rule, value(maven::OPTIONS)) {
            (Rule::Maven, Some(options)) => maven::check_options(options.as_deref()),
            _ => Ok(()),
        }
    }

    /// Tells whether a file at this place in the stage holds settings that the command looks at.
    pub(super) fn has_settings_at(&self, place: &str) -> bool {
        matches!(self.rule, Rule::Maven) && maven::is_settings(place)
    }
}

impl Install<'_> {
    /// Refuses settings outside of the project, a file of the context, that lead the command elsewhere.
    pub(super) fn check_settings(&self, context: &str) -> Result<(), Why> {
        let text = self.files.read(context).ok_or_else(|| Why::Unreadable(context.to_owned()))?;
        maven::check_settings(&text, context)
    }

    /// Works out what the command needs.
    pub(super) fn plan(&self) -> Result<Plan, Why> {
        let mut plan = Plan { ecosystem: self.ecosystem.name.clone(), ..Plan::default() };
        let required = &self.ecosystem.required;
        if !required.is_empty() && !required.iter().any(|name| self.has(name)) {
            return Err(self.no_manifest(&required[0]));
        }
        for name in self.ecosystem.files.iter().chain(&self.ecosystem.folders) {
            self.need(name, &mut plan);
        }
        for name in self.ecosystem.files.iter().chain(&self.ecosystem.folders).chain(required) {
            plan.looks_at.insert(self.path(name));
        }
        for name in &self.ecosystem.writes {
            plan.writes.insert(self.path(name));
        }
        match self.ecosystem.rule {
            Rule::Node => node::check(self, &mut plan),
            Rule::Pip => python::pip(self, &mut plan),
            Rule::Poetry => python::poetry(self),
            Rule::Uv => python::uv(self),
            Rule::Pipenv => python::pipenv(self),
            Rule::Go => others::go(self, &mut plan),
            Rule::Cargo => others::cargo(self),
            Rule::Maven => jvm::maven(self, &mut plan),
            Rule::Gradle => jvm::gradle(self, &mut plan),
            Rule::Bundler => others::bundler(self, &mut plan),
            Rule::Composer => others::composer(self),
            Rule::Dotnet => dotnet::check(self, &mut plan),
            Rule::Mix => mix::check(self, &mut plan),
        }?;
        self.nothing_installed_yet(&plan)?;
        Ok(plan)
    }

    /// What the install makes must not be in the context, else COPY would overwrite it.
    fn nothing_installed_yet(&self, plan: &Plan) -> Result<(), Why> {
        match plan.writes.iter().find(|path| self.tree.contains(path)) {
            Some(path) => Err(Why::InContext(path.clone())),
            None => Ok(()),
        }
    }

    /// The context path of a path relative to the project.
    pub(super) fn path(&self, name: &str) -> String {
        crate::context::path::clean(&crate::context::path::join(self.dir, name)).into_owned()
    }

    pub(super) fn no_manifest(&self, name: &str) -> Why {
        Why::NoManifest { name: name.to_owned(), dir: self.dir.to_owned() }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.tree.contains(&self.path(name))
    }

    /// Adds a file or folder to what is needed, if it is there.
    pub(super) fn need(&self, name: &str, plan: &mut Plan) {
        let path = self.path(name);
        if self.tree.contains(&path) {
            plan.need(path);
        }
    }

    /// Reads a file of the project.
    pub(super) fn read(&self, name: &str) -> Result<String, Why> {
        let path = self.path(name);
        self.files.read(&path).ok_or(Why::Unreadable(path))
    }

    pub(super) fn has_word(&self, words: &[&str]) -> bool {
        self.words.iter().any(|word| words.contains(&word.as_str()))
    }

    /// Tells whether the command promises to leave lock files alone.
    pub(super) fn is_frozen(&self) -> bool {
        self.words.iter().any(|word| self.ecosystem.frozen.contains(word))
    }

    /// The lock file that is there, if the command may rewrite it.
    pub(super) fn loose_lock(&self) -> Option<&str> {
        if self.is_frozen() {
            return None;
        }
        self.ecosystem.locks.iter().map(String::as_str).find(|name| self.has(name))
    }
}
