//! Scenario files: builds with edits between them, as data.
//!
//! Two forms of the same thing: TOML, one scenario a file, and JSONL, one scenario a line, in which recorded
//! builds are kept. A scenario that gives a `dockerfile` (or a `context` that has one) brings its own context;
//! any other edits a copy of the project.
//!
//! ```toml
//! id = "lockfile"
//! about = "a new dependency reinstalls, a source file does not"
//!
//! [[steps]]
//! edit = [{ op = "append", path = "src/app.js", content = "// more\n" }]
//!
//! [[steps]]
//! edit = [{ op = "replace", path = "package.json", old = "1.0.0", new = "1.0.1" }]
//! options = { build_args = { MODE = "dev" } }
//! ```

use std::collections::BTreeMap;

use serde::Deserialize;

/// Builds with edits between them.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Its name.
    #[serde(default)]
    pub id: String,
    /// What it is about, for people.
    #[serde(default, alias = "pins")]
    pub about: String,
    /// A word that recorded scenarios are grouped by.
    #[serde(default)]
    pub area: String,
    /// The Dockerfile's text.
    #[serde(default)]
    pub dockerfile: Option<String>,
    /// Its own context: path to what stands there.
    #[serde(default)]
    pub context: BTreeMap<String, Content>,
    /// Options of every build.
    #[serde(default)]
    pub options: Options,
    /// The first build.
    #[serde(default)]
    pub first: Step,
    /// Then, one after the other on the same cache.
    #[serde(default)]
    pub steps: Vec<Step>,
}

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Content {
    /// A file's text.
    Text(String),
    /// Anything else.
    Node(Node),
}

/// A file with more than a text, a directory, a symbolic link.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// A file's text.
    #[serde(default)]
    pub content: String,
    /// How often the text is repeated.
    #[serde(default)]
    pub repeat: Option<usize>,
    /// Permission bits in octal digits; 0644 for files, 0755 for directories.
    #[serde(default)]
    pub mode: Option<String>,
    /// It is a directory.
    #[serde(default)]
    pub dir: bool,
    /// It is a symbolic link with this target.
    #[serde(default)]
    pub symlink: Option<String>,
}

/// Edits, and the build after them.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What is edited before the build.
    #[serde(default)]
    pub edit: Vec<Edit>,
    /// Options of this build, over those of the scenario.
    #[serde(default)]
    pub options: Options,
    /// What a recording says of this build; not looked at, the engine is the judge.
    #[serde(default)]
    pub expect: Vec<serde::de::IgnoredAny>,
    /// The error that a recording has; not looked at either.
    #[serde(default)]
    pub error: Option<serde::de::IgnoredAny>,
}

/// One edit of a context.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum Edit {
    /// Nothing.
    None {},
    /// Writes a file; its mode stays, or is 0644 for a new one.
    Write {
        /// Where.
        path: String,
        /// Its text.
        #[serde(default)]
        content: String,
        /// How often the text is repeated.
        #[serde(default)]
        repeat: Option<usize>,
        /// Permission bits in octal digits.
        #[serde(default)]
        mode: Option<String>,
    },
    /// Adds to the end of a file.
    Append {
        /// Where.
        path: String,
        /// What.
        content: String,
    },
    /// Replaces the first occurrence of a text.
    Replace {
        /// Where.
        path: String,
        /// The text that is there.
        old: String,
        /// The text that takes its place.
        new: String,
    },
    /// Removes a file or a folder.
    Delete {
        /// Which.
        path: String,
    },
    /// Moves.
    Rename {
        /// From.
        path: String,
        /// To; folders on the way are made.
        to: String,
    },
    /// Sets permission bits.
    Chmod {
        /// Of what.
        path: String,
        /// Octal digits.
        mode: String,
    },
    /// Sets the modification time.
    Touch {
        /// Of what.
        path: String,
        /// Seconds since 1970; 1,000,000,000 where not given.
        #[serde(default)]
        mtime: Option<f64>,
    },
    /// Makes a folder.
    Mkdir {
        /// Where.
        path: String,
        /// Octal digits.
        #[serde(default)]
        mode: Option<String>,
    },
    /// Makes a symbolic link, in place of what is there.
    Symlink {
        /// Where.
        path: String,
        /// What it points to.
        target: String,
    },
    /// Writes a file and puts its modification time back.
    WriteKeepMtime {
        /// Where.
        path: String,
        /// Its text.
        content: String,
    },
}

/// Options of a build; what is not given is as in the scenario's, and there as on the command line.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// `--target`.
    #[serde(default)]
    pub target: Option<String>,
    /// `--build-arg` values.
    #[serde(default)]
    pub build_args: Option<BTreeMap<String, String>>,
    /// Name of the Dockerfile in the context.
    #[serde(default)]
    pub file: Option<String>,
    /// `--no-cache`.
    #[serde(default)]
    pub no_cache: Option<bool>,
    /// `--no-cache-filter`.
    #[serde(default)]
    pub no_cache_filter: Option<Vec<String>>,
    /// `--build-context`: name to a folder in the context.
    #[serde(default)]
    pub named_contexts: Option<BTreeMap<String, String>>,
    /// What images stand for: name to the name of an image on the engine. Recordings have `a` and `b` for two
    /// bases of different digest, here `layerlab-base:a` and `layerlab-base:b`.
    #[serde(default)]
    pub images: Option<BTreeMap<String, String>>,
    /// `--secret`: id to value.
    #[serde(default)]
    pub secrets: Option<BTreeMap<String, String>>,
    /// Which store a recording was made with; the engine's own counts here.
    #[serde(default)]
    pub image_store: Option<String>,
    /// Exports the cache: not done on an engine.
    #[serde(default)]
    pub cache_to: Option<String>,
    /// Imports the cache: not done on an engine.
    #[serde(default)]
    pub cache_from: Option<bool>,
    /// Starts from an empty store: not done on an engine.
    #[serde(default)]
    pub fresh: Option<bool>,
}

impl Scenario {
    /// Reads a scenario file: JSONL where a line begins with `{`, TOML otherwise.
    ///
    /// # Errors
    /// A sentence with the line.
    pub fn read(text: &str) -> Result<Vec<Self>, String> {
        if !text.trim_start().starts_with('{') {
            return toml::from_str(text).map(|scenario| vec![scenario]).map_err(|e| e.to_string());
        }
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        lines
            .map(|(at, line)| serde_json::from_str(line).map_err(|e| format!("line {}: {e}", at + 1)))
            .collect()
    }

    /// Says whether it brings its own context.
    pub fn has_context(&self) -> bool {
        self.dockerfile.is_some() || !self.context.is_empty()
    }

    /// Iterates over its builds: the first, then the steps.
    pub fn builds(&self) -> impl Iterator<Item = &Step> {
        std::iter::once(&self.first).chain(&self.steps)
    }

    /// Why it cannot be done on an engine; none where it can.
    pub fn undoable(&self) -> Option<&'static str> {
        let all = || std::iter::once(&self.options).chain(self.builds().map(|s| &s.options));
        let exports = all().any(|o| o.cache_to.is_some() || o.cache_from.is_some() || o.fresh.is_some());
        exports.then_some("exported caches and empty stores need an engine of their own")
    }
}

impl Options {
    /// Lays these options over others.
    #[must_use]
    pub fn over(&self, under: &Self) -> Self {
        fn pick<T: Clone>(over: Option<&T>, under: Option<&T>) -> Option<T> {
            over.or(under).cloned()
        }
        Self {
            target: pick(self.target.as_ref(), under.target.as_ref()),
            build_args: pick(self.build_args.as_ref(), under.build_args.as_ref()),
            file: pick(self.file.as_ref(), under.file.as_ref()),
            no_cache: pick(self.no_cache.as_ref(), under.no_cache.as_ref()),
            no_cache_filter: pick(self.no_cache_filter.as_ref(), under.no_cache_filter.as_ref()),
            named_contexts: pick(self.named_contexts.as_ref(), under.named_contexts.as_ref()),
            images: pick(self.images.as_ref(), under.images.as_ref()),
            secrets: pick(self.secrets.as_ref(), under.secrets.as_ref()),
            image_store: pick(self.image_store.as_ref(), under.image_store.as_ref()),
            cache_to: pick(self.cache_to.as_ref(), under.cache_to.as_ref()),
            cache_from: pick(self.cache_from.as_ref(), under.cache_from.as_ref()),
            fresh: pick(self.fresh.as_ref(), under.fresh.as_ref()),
        }
    }
}

impl std::fmt::Display for Edit {
    /// What was done, in a few words.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::None {} => f.write_str("nothing edited"),
            Self::Write { path, .. } => write!(f, "write {path}"),
            Self::Append { path, .. } => write!(f, "append to {path}"),
            Self::Replace { path, .. } => write!(f, "edit {path}"),
            Self::Delete { path } => write!(f, "delete {path}"),
            Self::Rename { path, to } => write!(f, "rename {path} to {to}"),
            Self::Chmod { path, mode } => write!(f, "chmod {mode} {path}"),
            Self::Touch { path, .. } => write!(f, "touch {path}"),
            Self::Mkdir { path, .. } => write!(f, "make the folder {path}"),
            Self::Symlink { path, target } => write!(f, "link {path} to {target}"),
            Self::WriteKeepMtime { path, .. } => write!(f, "write {path} and keep its time"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_say_the_same() {
        let toml = r#"
            id = "x"
            dockerfile = "FROM alpine\n"
            [context]
            "a.txt" = "one"
            bin = { content = "x", repeat = 3, mode = "0755" }
            [options]
            target = "t"
            [[steps]]
            edit = [{ op = "append", path = "a.txt", content = "two" }, { op = "none" }]
            options = { no_cache = true }
        "#;
        let json = r#"{"id": "x", "dockerfile": "FROM alpine\n", "context": {"a.txt": "one",
            "bin": {"content": "x", "repeat": 3, "mode": "0755"}}, "options": {"target": "t"}, "steps": [{"edit":
            [{"op": "append", "path": "a.txt", "content": "two"}, {"op": "none"}], "options": {"no_cache": true},
            "expect": [{"stage": null}]}]}"#;
        let from_toml = Scenario::read(toml).expect("TOML");
        let mut from_json = Scenario::read(&json.replace('\n', " ")).expect("JSON");
        assert_eq!(from_json[0].steps[0].expect.len(), 1);
        from_json[0].steps[0].expect.clear();
        assert_eq!(from_toml, from_json);
        let scenario = &from_toml[0];
        assert!(scenario.has_context() && scenario.undoable().is_none());
        let options = scenario.steps[0].options.over(&scenario.options);
        assert_eq!((options.target.as_deref(), options.no_cache), (Some("t"), Some(true)));
        let said: Vec<_> = scenario.steps[0].edit.iter().map(ToString::to_string).collect();
        assert_eq!(said, ["append to a.txt", "nothing edited"]);
    }

    #[test]
    fn every_recorded_case_is_a_scenario() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/cases");
        let mut read = 0;
        for file in std::fs::read_dir(folder).expect("recorded cases are in the tree").flatten() {
            let text = std::fs::read_to_string(file.path()).expect("text");
            let scenarios =
                Scenario::read(&text).unwrap_or_else(|e| panic!("{}: {e}", file.path().display()));
            let exported = scenarios.iter().filter(|s| s.undoable().is_some()).count();
            let all = if file.file_name() == "ci.jsonl" { scenarios.len() } else { 0 };
            assert_eq!(exported, all, "{}", file.path().display());
            assert!(scenarios.iter().all(Scenario::has_context));
            read += scenarios.len();
        }
        assert!(read > 80, "{read}");
    }

    #[test]
    fn slips_are_said_with_their_place() {
        let table = [
            ("id = 1", "line 1"),
            ("[[steps]]\nedits = []", "unknown field `edits`"),
            ("{\"id\": \"a\"}\n\n{\"oops\": 1}", "line 3: unknown field `oops`"),
            ("[[steps]]\nedit = [{ op = \"explode\", path = \"a\" }]", "unknown variant `explode`"),
            ("[[steps]]\nedit = [{ op = \"append\", path = \"a\" }]", "missing field `content`"),
        ];
        for (text, part) in table {
            let error = Scenario::read(text).expect_err(text);
            assert!(error.contains(part), "{error}");
        }
    }
}
