//! What lies where a step runs: a script of package.json, a manifest beside a Makefile.

use serde_json::Value;

use super::Search;
use crate::context::path;
use crate::reorder::footprint::placements;
use crate::reorder::installs::local_copy;
use crate::shell::{Call, join};

/// Programs whose operands may be scripts.
const CALLERS: [&str; 7] = ["npm", "yarn", "pnpm", "bun", "npm-run-all", "run-s", "run-p"];

/// Scripts that call others in turn are followed so far.
const DEPTH: usize = 4;

impl Search<'_> {
    /// The path of the context that a COPY of the stage has put at a place before an instruction.
    fn context_of(&self, stage: usize, index: usize, place: &str) -> Option<String> {
        let tree = self.sheet.input.tree;
        let mut at = Some((stage, index));
        while let Some((stage, index)) = at {
            let found = (0..index).rev().find_map(|index| {
                let spec = local_copy(&self.sheet.instructions(stage)[index])?;
                let placed = placements(spec, self.sheet.scope(stage, index), tree)?;
                placed.iter().find_map(|placement| {
                    let inner = place.strip_prefix(placement.dest.as_str())?;
                    let is_whole_name = inner.is_empty() || inner.starts_with('/');
                    let context = path::join(&placement.source, inner.trim_start_matches('/'));
                    let context = context.trim_end_matches('/').to_owned();
                    (is_whole_name && tree.contains(&context)).then_some(context)
                })
            });
            if found.is_some() {
                return found;
            }
            at = self.sheet.stage(stage).base.map(|base| (base, self.sheet.instructions(base).len()));
        }
        None
    }

    /// Tells whether the file that the cache is used beside lies where a program runs.
    pub(super) fn lies_beside(&self, stage: usize, index: usize, call: &Call) -> bool {
        let (Some(name), Some(cwd)) = (self.cache.beside, call.cwd.as_deref()) else { return false };
        self.context_of(stage, index, &join(cwd, name)).is_some()
    }

    /// Tells whether a Makefile that a stage builds with has all compiled anew (`go build -a`), whatever the cache holds.
    pub(super) fn compiles_all_anew(&self, stage: usize) -> bool {
        const NAMES: [&str; 3] = ["GNUmakefile", "makefile", "Makefile"];
        let is_anew = |line: &str| line.contains("build") && line.split_whitespace().any(|word| word == "-a");
        let mut calls = self
            .sheet
            .runs(stage)
            .flat_map(|(index, ..)| self.sheet.calls(stage, index).iter().map(move |call| (index, call)));
        calls.any(|(index, call)| {
            let Some(cwd) = call.cwd.as_deref() else { return false };
            let texts = NAMES.iter().filter_map(|name| {
                let path = self.context_of(stage, index, &join(cwd, name))?;
                self.sheet.input.files.read(&path)
            });
            call.program == "make"
                && self.lies_beside(stage, index, call)
                && texts.into_iter().any(|text| text.lines().any(is_anew))
        })
    }

    /// Tells whether a build cache is removed while it is mounted: by a script that the build runs, or by an install in the
    /// same RUN that empties node_modules first.
    pub(super) fn is_removed_by_a_script(&self) -> bool {
        if self.cache.script.is_empty() {
            return false;
        }
        let Some(place) = self.cache.places[0].first() else { return false };
        let dir = place.trim_start_matches("./").split('/').next().unwrap_or_default();
        let of_stage = |stage: usize| {
            let runs = self.sheet.runs(stage).filter(move |(index, ..)| self.uses(stage, *index));
            runs.flat_map(move |(index, ..)| {
                self.sheet.calls(stage, index).iter().map(move |call| (stage, index, call))
            })
        };
        self.sheet.family(self.stage).into_iter().flat_map(of_stage).any(|(stage, index, call)| {
            let verb = call.operands.first().map_or("", |word| word.text.as_str());
            let installs = dir == "node_modules" && ["ci", "clean-install"].contains(&verb);
            installs || self.scripts_of((stage, index), call).iter().any(|text| removes(text, dir))
        })
    }

    /// The package.json that lies where a call runs.
    fn manifest_of(&self, (stage, index): (usize, usize), call: &Call) -> Option<Value> {
        let place = join(call.cwd.as_deref()?, "package.json");
        let path = self.context_of(stage, index, &place)?;
        serde_json::from_str(&self.sheet.input.files.read(&path)?).ok()
    }

    /// The texts of the scripts that a call runs, with those around them.
    fn scripts_of(&self, at: (usize, usize), call: &Call) -> Vec<String> {
        let words: Vec<&str> = call.operands.iter().map(|word| word.text.as_str()).collect();
        let name = match words.as_slice() {
            ["run" | "run-script", name, ..] => *name,
            [name, ..] if ["yarn", "pnpm", "bun"].contains(&call.program.as_str()) => *name,
            _ => return Vec::new(),
        };
        let mut found = Vec::new();
        if let Some(package) = self.manifest_of(at, call) {
            reached(&package, name, DEPTH, &mut found);
        }
        found
    }

    /// The name of the package that a step builds, as far as it can stand in an id.
    pub(super) fn package(&self, used: &super::Use<'_>) -> Option<String> {
        let calls = self.sheet.calls(used.stage, used.index).iter();
        let package = calls.into_iter().find_map(|call| self.manifest_of((used.stage, used.index), call));
        let name = package.and_then(|package| Some(package.get("name")?.as_str()?.to_owned()))?;
        let name =
            name.trim_start_matches('@').replace(|c: char| !c.is_ascii_alphanumeric() && c != '.', "-");
        (!name.is_empty()).then_some(name)
    }

    /// Tells whether a call runs the words that use the cache, itself or by a script of package.json.
    pub(super) fn runs_script(&self, stage: usize, index: usize, call: &Call) -> bool {
        if call.operands.iter().any(|word| word.dynamic) {
            return false;
        }
        // `next build`, `npx next build`.
        let words: Vec<&str> = call.operands.iter().map(|word| word.text.as_str()).collect();
        let told = format!("{} {}", call.program, words.join(" "));
        is_said(&told, self.cache.script)
            || self.scripts_of((stage, index), call).iter().any(|text| is_said(text, self.cache.script))
    }
}

/// Collects the texts of a script, of those that npm runs around it, and of those that they call.
fn reached(package: &Value, name: &str, depth: usize, found: &mut Vec<String>) {
    let text_of = |name: &str| package.get("scripts").and_then(|all| all.get(name)).and_then(Value::as_str);
    for name in [format!("pre{name}"), name.to_owned(), format!("post{name}")] {
        let Some(text) = text_of(&name).filter(|_| depth > 0) else { continue };
        found.push(text.to_owned());
        for command in text.split(['&', ';', '|']) {
            let mut words = command.split_whitespace().skip_while(|word| word.contains('='));
            if words.next().is_some_and(|program| CALLERS.contains(&program)) {
                words.filter(|word| *word != name).for_each(|word| reached(package, word, depth - 1, found));
            }
        }
    }
}

/// Tells whether a script removes a directory, or may.
fn removes(script: &str, dir: &str) -> bool {
    const REMOVERS: [&str; 7] = ["rm", "rimraf", "del", "del-cli", "shx", "rmdir", "trash"];
    let mut commands = script.split(['&', ';', '|']);
    commands.any(|command| {
        let all: Vec<&str> = command.split_whitespace().collect();
        // Also `'{.next,out}'`, `*`, `**/.next`.
        let may_be_it = |word: &&str| word.contains(dir) || word.contains('*') && !word.contains('.');
        let removes = all.iter().any(|word| REMOVERS.contains(word)) && all.iter().any(may_be_it);
        removes || all.windows(2).any(|pair| pair == ["git", "clean"])
    })
}

/// Tells whether a text has words in it one after the other.
fn is_said(text: &str, words: &str) -> bool {
    let all: Vec<&str> = text.split_whitespace().collect();
    let wanted: Vec<&str> = words.split(' ').collect();
    all.windows(wanted.len()).any(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_followed() {
        let package = serde_json::json!({ "scripts": {
            "build": "pnpm build:next && pnpm build:server",
            "build:next": "NODE_ENV=production next build --turbo",
            "build:server": "tsc",
            "all": "run-s build",
            "loop": "npm run loop",
            "other": "next export",
            "ng": "ng build",
            "late": "NODE_ENV=production npm-run-all ng all",
            "around": "tsc",
            "postaround": "next build",
        }});
        for (name, expected) in [
            ("build", true),
            ("build:next", true),
            ("build:server", false),
            ("all", true),
            ("loop", false),
            ("other", false),
            ("ng", false),
            ("late", true),
            ("around", true),
            ("none", false),
        ] {
            let mut texts = Vec::new();
            reached(&package, name, DEPTH, &mut texts);
            assert_eq!(texts.iter().any(|text| is_said(text, "next build")), expected, "{name}");
        }
    }
}
