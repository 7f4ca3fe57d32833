//! Why a cache gets no mount, in words.

use super::Search;
use crate::dockerfile::ast::Instruction;
use crate::reorder::Refusal;
use crate::reorder::offers::sheet::Sheet;

pub(super) const BY_A_FILE: &str = "a file of the project moves the cache, or may";
pub(super) const BY_A_STEP: &str = "a step moves the cache, or empties it in a way that is not followed";
pub(super) const OFFLINE: &str = "a step builds without the network from what an earlier one fetched, and would fail where the mount is empty";
pub(super) const BY_A_SCRIPT: &str = "the install or a script of package.json removes the directory, which is not possible while it is mounted";
pub(super) const ALL_ANEW: &str = "the Makefile has all compiled anew (`go build -a`)";
pub(super) const SHIPPED: &str = "what it fetched becomes part of the image, and what runs there may need it";
pub(super) const TAKEN_OVER: &str = "another stage takes what lies there over";
pub(super) const NOT_PLAIN: &str = "the step is written in a way that is not taken apart";
const NAMED_BY_A_VARIABLE: &str =
    "it is not known who runs the step: the image, or the user, is named by a variable";
const NOBODY_KNOWN: &str = "it is not known who runs the step and where the tool then keeps it: neither the image nor its user is known";
const NO_PLACE: &str = "it is not known where the tool keeps it in this image";

/// A mount that was looked at and is not offered.
#[derive(Debug, Clone)]
pub(in crate::reorder::offers) struct Stop {
    /// Stage and number of the RUN that uses the cache and takes longest.
    pub(in crate::reorder::offers) at: (usize, usize),
    tool: &'static str,
    why: String,
}

impl Stop {
    /// The refusal as it is told, by the line of the Dockerfile as it was.
    pub(in crate::reorder::offers) fn told(&self, sheet: &Sheet<'_>) -> Refusal {
        let (stage, index) = self.at;
        Refusal {
            line: sheet.draft.line(sheet.instructions(stage)[index].line),
            what: format!("offer a cache mount for {}", self.tool),
            why: self.why.clone(),
        }
    }
}

impl Search<'_> {
    /// The refusal of a mount of which `first` is the first RUN.
    pub(super) fn stop(&self, first: usize, why: String) -> Stop {
        let each = &self.sheet.each[self.stage];
        let runs = self.sheet.runs(self.stage).map(|(index, ..)| index).filter(|index| *index >= first);
        let used = runs.filter(|index| self.uses(self.stage, *index));
        let dearest = used.max_by(|one, other| each[*one].total_cmp(&each[*other]).then(other.cmp(one)));
        Stop { at: (self.stage, dearest.unwrap_or(first)), tool: self.cache.tool, why }
    }

    /// What an instruction does that a mount does not allow, as far as it is told apart.
    pub(super) fn in_the_way(&self, own: &Instruction) -> String {
        let line = self.sheet.draft.line(own.line);
        format!(
            "line {line} is in its way: it removes what lies there or puts something there, has the tool keep it elsewhere, or runs as another user"
        )
    }

    /// What is missing for a place to be known.
    pub(super) fn why_no_place(&self, first: usize) -> &'static str {
        let is_named = |text: &str| !text.is_empty() && !text.contains('$');
        let user = self.user(self.stage, first);
        match self.owner(first) {
            None if !is_named(self.lowest_base()) || !user.is_none_or(is_named) => NAMED_BY_A_VARIABLE,
            None => NOBODY_KNOWN,
            Some(_) => NO_PLACE,
        }
    }

    /// Tells whether a RUN that uses the cache has it in a mount already.
    pub(super) fn is_mounted_already(&self) -> bool {
        let words: Vec<String> = self
            .cache
            .places
            .iter()
            .flat_map(|place| place.iter())
            .map(|place| place.trim_start_matches(['~', '.', '/']).to_ascii_lowercase())
            .filter(|place| !place.starts_with('$'))
            .collect();
        let tool = self.cache.tool.to_ascii_lowercase();
        self.sheet.runs(self.stage).filter(|(index, ..)| self.uses(self.stage, *index)).any(|(_, _, run)| {
            run.mounts.iter().any(|mount| {
                let value = mount.value.to_ascii_lowercase();
                // `go` is no part of `cargo`, nor `npm` of `pnpm`.
                let names_it = value.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| part == tool);
                let is_of_it = names_it || words.iter().any(|word| value.contains(word.as_str()));
                value.contains("type=cache") && is_of_it
            })
        })
    }
}
