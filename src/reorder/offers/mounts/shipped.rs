//! A stage that becomes the image, whose caches are part of the work: whether what runs in the image does without them.

use super::{BUILDERS, Search};
use crate::dockerfile::ast::{CommandLine, InstructionKind};

/// Programs that start another and wait for it.
const INITS: [&str; 4] = ["tini", "dumb-init", "catatonit", "exec"];

/// Programs that compile what changes, and debuggers.
const WATCHERS: [&str; 16] = [
    "air",
    "bacon",
    "cargo-watch",
    "CompileDaemon",
    "dlv",
    "entr",
    "fresh",
    "gin",
    "gow",
    "modd",
    "nodemon",
    "realize",
    "reflex",
    "trunk",
    "watchexec",
    "wgo",
];

impl Search<'_> {
    /// Tells whether all that the stages are there to run is a program that was built in them, or Java with an archive,
    /// so that it looks for nothing that the tool fetched.
    ///
    /// A script of the project may call the tool, and so may a shell: both are refused, as is a stage that becomes the
    /// image and says nothing of what runs in it. So is .NET, whose programs find packages in the cache unless they
    /// were published.
    pub(super) fn runs_only_what_was_built(&self, family: &[usize]) -> bool {
        let of_stage = |stage: &usize| {
            let each = self.sheet.instructions(*stage).iter();
            each.filter_map(|own| match &own.kind {
                InstructionKind::Cmd(command) | InstructionKind::Entrypoint(command) => Some(command),
                _ => None,
            })
        };
        let mut all = family.iter().flat_map(of_stage).peekable();
        all.peek().is_some() && self.cache.tool != "NuGet" && all.all(|command| self.is_built(command))
    }

    /// Tells whether a command runs what was built.
    fn is_built(&self, command: &CommandLine) -> bool {
        let words: Vec<&str> = match command {
            CommandLine::Shell(text) => text.split_whitespace().collect(),
            CommandLine::Exec(words) => words.iter().map(String::as_str).collect(),
        };
        let name = |word: &str| word.rsplit('/').next().unwrap_or(word).to_owned();
        let is_simple = words.iter().all(|word| !word.contains(['`', ';', '|', '&', '<', '>', '(']));
        let mut named = words.iter().skip_while(|word| {
            word.starts_with('-') || word.contains('=') || INITS.contains(&name(word).as_str())
        });
        // Operands alone, for an ENTRYPOINT.
        let Some(program) = named.next() else { return true };
        let program = name(program);
        let calls_tool = words.iter().any(|word| {
            let name = name(word);
            let name = name.as_str();
            self.cache.programs.contains(&name) || BUILDERS.contains(&name) || WATCHERS.contains(&name)
        });
        let is_shell = ["sh", "bash", "ash", "dash", "zsh", "env", "nohup"].contains(&program.as_str());
        is_simple
            && !calls_tool
            && !is_shell
            && !program.contains('$')
            && !self.is_file_of_the_project(&program)
    }

    fn is_file_of_the_project(&self, name: &str) -> bool {
        self.sheet
            .input
            .tree
            .iter()
            .any(|(path, entry)| !entry.is_dir() && path.rsplit('/').next().is_some_and(|own| own == name))
    }
}
