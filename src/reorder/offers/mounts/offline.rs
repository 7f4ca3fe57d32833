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
        if self.restores_from_elsewhere(family) {
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
                    let of_scope = scope
                        .vars
                        .get(name)
                        .is_some_and(|own| value.is_empty() || own.as_ref().is_none_or(|own| own == value));
                    of_scope || self.sheet.calls(*stage, index).iter().any(of_call)
                };
                let has_no_network = self.cache.whole && run.network.as_deref() == Some("none");
                let calls = self.sheet.calls(*stage, index);
                let uses = calls.iter().any(|call| self.cache.programs.contains(&call.program.as_str()));
                uses && (has_no_network || calls.iter().any(is_told) || variables.iter().any(is_set))
            })
        })
    }

    /// Tells whether a restore is told where to look, and a build after it would not know when it restored by itself.
    fn restores_from_elsewhere(&self, family: &[usize]) -> bool {
        let Some(flag) = self.cache.without.filter(|flag| *flag == "--no-restore") else { return false };
        let of_stage = |stage: &usize| {
            let runs = self.sheet.runs(*stage);
            runs.flat_map(|(index, ..)| self.sheet.calls(*stage, index)).collect::<Vec<_>>()
        };
        let calls: Vec<&Call> = family.iter().flat_map(of_stage).collect();
        let has = |flags: &[&str]| calls.iter().any(|call| call.program == "dotnet" && call.has(flags));
        has(&[flag]) && has(&["-s", "--source", "--configfile"])
    }
}
