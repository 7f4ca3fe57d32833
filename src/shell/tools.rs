//! What is known of well-known commands: `assets/tools.toml` as a table.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// What is known of a command.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tool {
    /// The names it goes by.
    pub(super) names: Vec<String>,
    /// Flags whose value is the next word.
    #[serde(default)]
    pub(super) value_flags: Vec<String>,
    /// Flags whose value is the directory to work in.
    #[serde(default)]
    pub(super) base_flags: Vec<String>,
    /// Words with one dash are long flags (`go build -ldflags`).
    #[serde(default)]
    pub(super) long_dash: bool,
    /// Flags end at the first operand.
    #[serde(default)]
    pub(super) stops: bool,
    /// Looks for its settings and manifests in the directories above as well.
    #[serde(default)]
    pub(super) climbs: bool,
    /// A shell has it built in: no program of the system is run.
    #[serde(default)]
    pub(super) builtin: bool,
    /// The name means this tool even where it stands in the project (`./mvnw`).
    #[serde(default)]
    pub(super) wrapper: bool,
    /// The rule in code that looks at its arguments first.
    #[serde(default)]
    pub(super) rule: Option<Rule>,
    /// Variables that it takes from its environment, a star at the end standing for any rest.
    #[serde(default)]
    pub(super) env: Vec<String>,
    /// Ways to use it; the first that fits counts, and where none fits it is opaque.
    #[serde(default, rename = "use")]
    pub(super) uses: Vec<Usage>,
}

/// One way to use a command. Paths are templates; see the head of the table.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Usage {
    /// Subcommands, one of which the operands begin with; `""` means no operand at all. None: any.
    #[serde(default)]
    pub(super) sub: Vec<String>,
    /// Flags, one of which is given. None: any.
    #[serde(default)]
    pub(super) flags: Vec<String>,
    /// What it depends on.
    #[serde(default)]
    pub(super) reads: Vec<String>,
    /// What it makes or changes.
    #[serde(default)]
    pub(super) writes: Vec<String>,
    /// What it removes.
    #[serde(default)]
    pub(super) deletes: Vec<String>,
    /// May use the network.
    #[serde(default)]
    pub(super) network: bool,
    /// Runs code that cannot be known: may read and write anything.
    #[serde(default)]
    pub(super) opaque: bool,
    /// May run code of packages that are no part of the project (install scripts, native builds).
    #[serde(default)]
    pub(super) packages: bool,
    /// May run code of the project or of its dependencies, which works below the working directory.
    #[serde(default)]
    pub(super) project: bool,
    /// Overrides the rule that what needs no network and is not opaque is deterministic.
    #[serde(default)]
    pub(super) deterministic: Option<bool>,
    /// Runs its operands from this one on as a command.
    #[serde(default)]
    pub(super) wraps: Option<usize>,
}

/// Rules that a table cannot express.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Rule {
    /// The text after `-c`, or from its input, is a script.
    Shell,
    /// `-m MODULE` is a command of its own.
    Python,
    /// Conditions and actions, some of which delete or run commands.
    Find,
    /// The first operand is a script, unless flags give it.
    Sed,
    /// A program that may write files and run commands.
    Awk,
    /// Runs a command with operands from its input.
    Xargs,
    /// Runs its arguments as script text.
    Eval,
    /// `do TASK, TASK + TASK` runs the tasks one after the other.
    Tasks,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    common_env: Vec<String>,
    network_env: Vec<String>,
    tool: Vec<Tool>,
}

struct Index {
    table: Table,
    by_name: HashMap<String, usize>,
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    // The table is part of the binary and a test reads it, so it cannot be malformed here.
    let table: Table = toml::from_str(include_str!("../../assets/tools.toml")).expect("tools.toml is valid");
    let names =
        table.tool.iter().enumerate().flat_map(|(at, tool)| tool.names.iter().map(move |n| (n.clone(), at)));
    let by_name = names.collect();
    Index { table, by_name }
});

/// Directories that hold programs of the system; a program found elsewhere belongs to the project.
const PROGRAM_DIRECTORIES: [&str; 8] = [
    "/bin",
    "/sbin",
    "/usr/bin",
    "/usr/sbin",
    "/usr/local/bin",
    "/usr/local/sbin",
    "node_modules/.bin",
    "vendor/bin",
];

/// Finds what is known of a program, by the word it is called by.
pub(super) fn find(program: &str) -> Option<&'static Tool> {
    let (directory, name) = match program.rsplit_once('/') {
        Some((directory, name)) => (Some(directory), name),
        None => (None, program),
    };
    let tool = &INDEX.table.tool[*INDEX.by_name.get(name)?];
    let known_place = directory.is_none_or(|directory| {
        let directory = directory.trim_start_matches("./");
        PROGRAM_DIRECTORIES.contains(&directory) || is_python_environment(tool, directory)
    });
    (known_place || tool.wrapper).then_some(tool)
}

/// Python's tools are called by their path in a virtual environment, wherever that is.
fn is_python_environment(tool: &Tool, directory: &str) -> bool {
    directory.ends_with("/bin") && tool.names.iter().any(|name| name == "pip" || name == "python")
}

/// Variables that any program may take from its environment.
pub(super) fn common_env() -> &'static [String] {
    &INDEX.table.common_env
}

/// Variables that any program that uses the network may take from its environment.
pub(super) fn network_env() -> &'static [String] {
    &INDEX.table.network_env
}

impl Tool {
    /// Tells whether a flag takes the next word as its value.
    pub(super) fn takes_value(&self, flag: &str) -> bool {
        self.value_flags.iter().chain(&self.base_flags).any(|known| known == flag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_given_once() {
        let total: usize = INDEX.table.tool.iter().map(|tool| tool.names.len()).sum();
        assert_eq!(total, INDEX.by_name.len());
    }

    #[test]
    fn a_program_of_the_project_is_not_a_tool_of_the_system() {
        assert!(find("/usr/bin/cp").is_some());
        assert!(find("./cp").is_none());
        assert!(find("./mvnw").is_some());
        assert!(find("/opt/venv/bin/pip").is_some());
        assert!(find("/opt/venv/bin/cp").is_none());
    }
}
