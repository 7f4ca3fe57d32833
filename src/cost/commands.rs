//! What well-known commands take and put out: `assets/costs.toml` as a table.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::context::path;
use crate::shell::Call;

/// What a call of a command costs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Work {
    /// Seconds it takes.
    pub seconds: f64,
    /// What it leaves.
    pub outputs: Vec<Output>,
    /// Paths that it removes, without a leading slash.
    pub removes: Vec<String>,
    /// Calls of one group that may or may not run stand for each other: one of them runs.
    pub group: Option<&'static str>,
    /// Seconds that it is spared where what it would fetch or compile is there already.
    pub spared: Vec<Spared>,
    /// Where the figures come from.
    pub source: &'static str,
}

/// Seconds that a command is spared.
#[derive(Debug, Clone, PartialEq)]
pub struct Spared {
    /// How many.
    pub seconds: f64,
    /// Path without a leading slash where it looks for what it needs.
    pub at: String,
    /// A word in the target of a cache mount that holds it; with none a mount around `at` does.
    pub mount: Option<&'static str>,
    /// It may lie in a layer below as well; else only a cache mount spares it.
    pub in_layers: bool,
}

/// Something that a command leaves.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// Path without a leading slash; all below it.
    pub at: String,
    /// Bytes.
    pub bytes: f64,
    /// Files.
    pub files: f64,
    /// Where below the path is not known.
    pub diffuse: bool,
    /// Not where there is some already.
    pub once: bool,
    /// What the build is for: a program, a jar.
    pub artifact: bool,
    /// What it is, where nothing that runs needs it: `apt's package lists`, with what to write to be rid of it.
    pub leftover: Option<(&'static str, &'static str)>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    command: Vec<Entry>,
    leftover: Vec<Leftover>,
    /// Megabytes by system and package.
    packages: HashMap<String, HashMap<String, f64>>,
}

/// One way to use a command.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    names: Vec<String>,
    #[serde(default)]
    sub: Vec<String>,
    #[serde(default)]
    flags: Vec<String>,
    #[serde(default)]
    seconds: f64,
    #[serde(default)]
    each_seconds: f64,
    #[serde(default)]
    outputs: Vec<Template>,
    #[serde(default)]
    removes: Vec<String>,
    #[serde(default)]
    group: Option<String>,
    #[serde(default)]
    after: Vec<After>,
    #[serde(default)]
    cached: Vec<Cached>,
    source: String,
}

/// Seconds that a command is spared where a path is there already.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct After {
    has: String,
    seconds: f64,
}

/// Seconds that a command is spared by a warm cache mount.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cached {
    mount: String,
    seconds: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Template {
    to: String,
    #[serde(default)]
    mb: f64,
    #[serde(default)]
    each_mb: f64,
    #[serde(default)]
    packages: Option<String>,
    #[serde(default)]
    files: f64,
    #[serde(default)]
    diffuse: bool,
    #[serde(default)]
    once: bool,
    #[serde(default)]
    artifact: bool,
    #[serde(default)]
    leftover: Option<String>,
    #[serde(default)]
    unless: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Leftover {
    name: String,
    what: String,
    fix: String,
}

struct Index {
    table: Table,
    by_name: HashMap<String, Vec<usize>>,
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    // The table is part of the binary and a test reads it, so it cannot be malformed here.
    let table: Table = toml::from_str(include_str!("../../assets/costs.toml")).expect("costs.toml is valid");
    let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, entry) in table.command.iter().enumerate() {
        for name in &entry.names {
            by_name.entry(name.clone()).or_default().push(at);
        }
    }
    Index { table, by_name }
});

/// Where a command runs.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Working directory of the step, where the call's own is not known.
    pub cwd: &'a str,
    /// Home directory of the user.
    pub home: &'a str,
    /// The directory of Python's virtual environment that is switched on, if one is.
    pub venv: Option<&'a str>,
}

/// Looks a call up; what is not in the table gets the figures of the entry `*` of its kind.
pub fn work(call: &Call, place: Place<'_>) -> Work {
    let entries = INDEX.by_name.get(&call.program).map_or(&[][..], Vec::as_slice);
    let fitting = entries.iter().map(|&at| &INDEX.table.command[at]).find_map(|entry| {
        let taken = entry.taken(call)?;
        Some((entry, taken))
    });
    match fitting {
        Some((entry, rest)) => entry.work(call, rest, place),
        None => unknown(call, place),
    }
}

/// A program that the table does not hold: slow where a word of it says that it makes something.
fn unknown(call: &Call, place: Place<'_>) -> Work {
    const MAKERS: [&str; 9] =
        ["build", "compile", "install", "download", "bundle", "setup", "bootstrap", "package", "restore"];
    let mut words =
        std::iter::once(call.program.as_str()).chain(call.operands.iter().map(|w| w.text.as_str()));
    let makes = words.any(|word| MAKERS.iter().any(|maker| word.contains(maker)));
    let kind = if makes { "*build*" } else { "*" };
    // A test sees to it that the table holds both.
    let entry = INDEX.by_name.get(kind).and_then(|at| at.first()).map(|&at| &INDEX.table.command[at]);
    entry.map(|entry| entry.work(call, &[], place)).unwrap_or_default()
}

impl Entry {
    /// The operands that are left after the subcommand, where the entry fits the call.
    fn taken<'c>(&self, call: &'c Call) -> Option<&'c [crate::shell::Word]> {
        if !self.flags.is_empty() && !call.has(&self.flags) {
            return None;
        }
        if self.sub.is_empty() {
            return Some(&call.operands);
        }
        self.sub.iter().find_map(|sub| {
            if sub.is_empty() { call.operands.is_empty().then_some(&[][..]) } else { call.after(sub) }
        })
    }

    fn work(&'static self, call: &Call, rest: &[crate::shell::Word], place: Place<'_>) -> Work {
        let given = || rest.iter().filter(|word| !word.text.starts_with('-'));
        let each = given().count() as f64;
        let leftover = |name: &String| {
            INDEX.table.leftover.iter().find(|l| l.name == *name).map(|l| (l.what.as_str(), l.fix.as_str()))
        };
        let outputs = self
            .outputs
            .iter()
            .filter(|template| template.unless.is_empty() || !call.has(&template.unless))
            .map(|template| Output {
                at: resolve(&template.to, call, rest, place),
                bytes: (template.mb + given().map(|word| template.each(word)).sum::<f64>()) * 1e6,
                files: template.files.max(1.0),
                diffuse: template.diffuse,
                once: template.once,
                artifact: template.artifact,
                leftover: template.leftover.as_ref().and_then(leftover),
            });
        Work {
            seconds: self.seconds + self.each_seconds * each,
            outputs: outputs.collect(),
            removes: self.removes.iter().map(|to| resolve(to, call, rest, place)).collect(),
            group: self.group.as_deref(),
            spared: self.spared(call, rest, place),
            source: &self.source,
        }
    }

    fn spared(&'static self, call: &Call, rest: &[crate::shell::Word], place: Place<'_>) -> Vec<Spared> {
        let after = self.after.iter().map(|after| Spared {
            seconds: after.seconds,
            at: resolve(&after.has, call, rest, place),
            mount: None,
            in_layers: true,
        });
        let cached = self.cached.iter().map(|cached| Spared {
            seconds: cached.seconds,
            at: String::new(),
            mount: Some(&cached.mount),
            in_layers: false,
        });
        after.chain(cached).collect()
    }
}

impl Template {
    /// Megabytes that one operand adds: a package's own where they are known.
    fn each(&self, word: &crate::shell::Word) -> f64 {
        let name = word.text.split(['=', '/', ':', '<', '>', '~']).next().unwrap_or_default();
        let known = self.packages.as_ref().and_then(|system| INDEX.table.packages.get(system)?.get(name));
        known.copied().unwrap_or(self.each_mb)
    }
}

/// Fills a place template in: the first of its alternatives (`a|b`) that gives a path.
fn resolve(template: &str, call: &Call, rest: &[crate::shell::Word], place: Place<'_>) -> String {
    let cwd = call.cwd.as_deref().unwrap_or(place.cwd);
    template
        .split('|')
        .find_map(|option| {
            let option = option.trim();
            let text = match option.strip_prefix('{').and_then(|o| o.strip_suffix('}')) {
                Some("last") => rest.last().filter(|word| !word.dynamic)?.text.clone(),
                Some("first") => rest.first().filter(|word| !word.dynamic)?.text.clone(),
                Some("redirect") => call.writes.first().filter(|word| !word.dynamic)?.text.clone(),
                Some("python") => python_home(call, place),
                Some(flags) => {
                    let names: Vec<&str> = flags.split(',').collect();
                    call.value(&names).filter(|word| !word.dynamic)?.text.clone()
                }
                None => option.to_string(),
            };
            Some(absolute(&text, cwd, place.home))
        })
        .unwrap_or_else(|| absolute(".", cwd, place.home))
}

/// Where pip and its like put packages.
fn python_home(call: &Call, place: Place<'_>) -> String {
    let told = call.value(&["-t", "--target", "--prefix", "--root"]).filter(|word| !word.dynamic);
    if let Some(told) = told {
        return told.text.clone();
    }
    if call.has(&["--user"]) {
        return "~/.local".to_string();
    }
    let own = call.path.rsplit_once("/bin/").map(|(venv, _)| venv).filter(|venv| !venv.starts_with("/usr"));
    own.or(place.venv).unwrap_or("/usr/local/lib").to_string()
}

/// Makes a path absolute, without its leading slash.
pub fn absolute(text: &str, cwd: &str, home: &str) -> String {
    let text = match text.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("{home}{rest}"),
        _ => text.to_string(),
    };
    let text = if text.starts_with('/') { text } else { format!("{cwd}/{text}") };
    path::clean(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::{Scene, Script, ShellKind, calls};

    fn works(text: &str) -> Vec<Work> {
        let scene = Scene { cwd: "/app", env: &|_| None, shell: ShellKind::Posix };
        let place = Place { cwd: "/app", home: "/root", venv: None };
        calls(&Script::read(text, &scene), &scene).iter().map(|call| work(call, place)).collect()
    }

    #[test]
    fn every_entry_says_where_its_figures_come_from() {
        for entry in &INDEX.table.command {
            assert!(!entry.source.is_empty(), "{:?}", entry.names);
            for template in &entry.outputs {
                if let Some(name) = &template.leftover {
                    assert!(INDEX.table.leftover.iter().any(|l| l.name == *name), "{name} is explained");
                }
            }
        }
        assert!(INDEX.by_name.contains_key("*") && INDEX.by_name.contains_key("*build*"));
    }

    #[test]
    fn outputs_go_where_the_command_is_told_to_put_them() {
        let places = |text: &str| -> Vec<String> {
            works(text).into_iter().flat_map(|work| work.outputs).map(|output| output.at).collect()
        };
        assert_eq!(places("go build -o /out/server ./cmd")[0], "out/server");
        assert_eq!(places("cd web && npm ci"), ["app/web/node_modules", "root/.npm"]);
        assert_eq!(places("/opt/venv/bin/pip install --no-cache-dir -r r.txt"), ["opt/venv"]);
        assert_eq!(places("pip install --no-cache-dir --prefix=/install flask"), ["install"]);
        assert_eq!(places("curl -fsSL https://x.test/a.tgz -o /tmp/a.tgz"), ["tmp/a.tgz"]);
    }

    #[test]
    fn more_packages_cost_more() {
        let [one, three] = ["apk add curl", "apk add curl git bash"].map(|text| works(text).remove(0));
        assert!(three.seconds > one.seconds);
        assert!(three.outputs[0].bytes > one.outputs[0].bytes);
    }

    #[test]
    fn well_known_packages_have_sizes_of_their_own() {
        let bytes = |text: &str| works(text)[0].outputs[0].bytes;
        assert_eq!(bytes("apt-get install -y build-essential=12.9 tini"), 275.7e6);
        assert_eq!(bytes("apt-get install -y libfoo"), 11e6);
        for system in ["debian", "alpine"] {
            assert!(INDEX.table.packages.contains_key(system), "{system}");
        }
    }

    #[test]
    fn unknown_programs_are_slow_only_where_they_seem_to_make_something() {
        let [plain, makes] = ["frobnicate", "./scripts/build.sh"].map(|text| works(text).remove(0));
        assert!(plain.seconds < makes.seconds);
    }
}
