//! What stands before an instruction of a stage, as far as it tells what lies where.

use super::Item;
use crate::dockerfile::ast::{CommandLine, Instruction, InstructionKind};
use crate::reorder::ReorderInput;
use crate::reorder::footprint::{placements, shell_text};
use crate::reorder::installs::{files_of, local_copy};
use crate::reorder::manifests;
use crate::reorder::scope::Scope;
use crate::shell::Script;

/// The instructions of a stage before one, with the state before each and what each touches.
pub(super) struct Before<'a> {
    pub(super) instructions: &'a [Instruction],
    pub(super) scopes: &'a [Scope],
    pub(super) items: &'a [Item],
}

impl Before<'_> {
    /// The places of the lists of packages that a RUN reads. `None` where it may install what lies in a directory of
    /// the stage, as a list with `-e .` does.
    pub(super) fn lists_read(
        &self,
        kind: &InstructionKind,
        scope: &Scope,
        input: &ReorderInput<'_>,
    ) -> Option<Vec<String>> {
        let InstructionKind::Run(run) = kind else { return Some(Vec::new()) };
        let cwd = scope.workdir.clone().unwrap_or_else(|| "/".to_owned());
        let script = match &run.command {
            CommandLine::Shell(text) if may_install(text) || !run.heredocs.is_empty() => {
                scope.with_scene(&cwd, |scene| Script::read(&shell_text(run, text), scene))
            }
            CommandLine::Exec(words) => Script::of_words(words, &cwd),
            CommandLine::Shell(_) => return Some(Vec::new()),
        };
        let source_of = |place: &str| self.source_of(place, input);
        let of_one = |command: &crate::shell::Command| {
            if manifests::installs_from_path(&command.words) {
                return None;
            }
            manifests::lists_read(&command.words, command.cwd.as_deref(), &source_of, input.files)
        };
        let all: Option<Vec<Vec<String>>> = script.commands.iter().map(of_one).collect();
        all.map(|lists| lists.concat())
    }

    /// The file of the context that lies at a place, if a COPY put it there and no step is known to have changed it.
    fn source_of(&self, place: &str, input: &ReorderInput<'_>) -> Option<String> {
        for (index, instruction) in self.instructions.iter().enumerate().rev() {
            if let Some(spec) = local_copy(instruction) {
                let placed = placements(spec, &self.scopes[index], input.tree)?;
                let file = files_of(&placed, input).into_iter().find(|file| file.dest == place);
                if let Some(file) = file {
                    return Some(file.source);
                }
            } else if self.items[index].footprint.told.touches(place) {
                return None;
            }
        }
        None
    }
}

/// Tells whether the text of a RUN may hold a command that is looked into.
fn may_install(text: &str) -> bool {
    ["pip", "npm", "yarn", "bun", "gem", "dotnet"].iter().any(|program| text.contains(program))
}
