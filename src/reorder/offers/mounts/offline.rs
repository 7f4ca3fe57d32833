//! Steps that work from what an earlier one fetched, and may not fetch it again: with a mount that is empty, as that of a
//! new builder is while the earlier step is found in an imported cache, they would fail.

use super::Search;
use crate::shell::Call;

impl Search<'_> {
    /// Tells whether a step is kept from fetching what the mount lacks: by a flag, by a variable, or by having no network.
    pub(super) fn works_offline(&self, family: &[usize]) -> bool {
        let (variables, flags): (Vec<&str>, Vec<&str>) =
            self.cache.offline.iter().partition(|word| word.starts_with('$'));
        let is_told = |call: &Call| self.cache.programs.contains(&call.program.as_str()) && call.has(&flags);
        if self.restores_otherwise(family) || self.installs_for_later(family) {
            return true;
        }
        family.iter().any(|stage| {
            self.sheet.runs(*stage).any(|(index, _, run)| {
                let scope = self.sheet.scope(*stage, index);
                let is_set = |word: &&str| {
                    let (name, value) = word[1..].split_once('=').unwrap_or((&word[1..], ""));
                    let of_call = |call: &Call| {
                        let mut own = call.assigns.iter().filter(|(assigned, _)| assigned == name);
                        own.any(|(_, word)| value.is_empty() || word.text == value)
                    };
                    // An ARG without a value is any, and hardly that one.
                    let of_scope = scope
                        .vars
                        .get(name)
                        .is_some_and(|own| value.is_empty() || own.as_deref() == Some(value));
                    of_scope || self.sheet.calls(*stage, index).iter().any(of_call)
                };
                let has_no_network = self.cache.whole && run.network.as_deref() == Some("none");
                let calls = self.sheet.calls(*stage, index);
                let uses = calls.iter().any(|call| self.cache.programs.contains(&call.program.as_str()));
                uses && (has_no_network || calls.iter().any(is_told) || variables.iter().any(is_set))
            })
        })
    }

    /// Tells whether a restore is told more than the build after it would tell it, when it restored by itself.
    fn restores_otherwise(&self, family: &[usize]) -> bool {
        const SAME: [&str; 8] = [
            "-v",
            "--verbosity",
            "--disable-parallel",
            "--nologo",
            "-nologo",
            "--ignore-failed-sources",
            "-r",
            "--runtime",
        ];
        let Some(flag) = self.cache.without.filter(|flag| *flag == "--no-restore") else { return false };
        let runtime = |call: &Call| call.value(&["-r", "--runtime"]).map(|word| word.text.clone());
        let calls = self.calls_of(family);
        let builds: Vec<&&Call> = calls.iter().filter(|call| call.has(&[flag])).collect();
        let mut restores = calls.iter().filter(|call| call.after("restore").is_some());
        restores.any(|restore| {
            let is_same = restore.flags.iter().all(|(name, _)| SAME.contains(&name.as_str()));
            let agree = builds.iter().all(|build| runtime(build) == runtime(restore));
            !(builds.is_empty() || is_same && agree)
        })
    }

    /// Tells whether Maven installs modules that it builds, and is called once more after that, which may need them.
    fn installs_for_later(&self, family: &[usize]) -> bool {
        let tree = self.sheet.input.tree;
        let poms = tree.iter().filter(|(path, _)| path.rsplit('/').next() == Some("pom.xml"));
        if poms.take(2).count() < 2 {
            return false;
        }
        let mut calls = self.calls_of(family).into_iter();
        let installs = |call: &Call| call.operands.iter().any(|word| word.text == "install");
        self.cache.tool == "Maven" && calls.any(installs) && calls.next().is_some()
    }

    fn calls_of(&self, family: &[usize]) -> Vec<&Call> {
        let of_stage = |stage: &usize| {
            let stage = *stage;
            self.sheet.runs(stage).flat_map(move |(index, ..)| self.sheet.calls(stage, index))
        };
        let of_tool = |call: &&Call| self.cache.programs.contains(&call.program.as_str());
        family.iter().flat_map(of_stage).filter(of_tool).collect()
    }
}
