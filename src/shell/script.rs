//! A script: its simple commands in the order written, with what is known of their words and places.

use std::collections::BTreeSet;

use super::memory::{Memory, recall};
use super::parse::parse;

mod expand;
mod fields;
mod walk;

/// Which shell reads the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ShellKind {
    /// A POSIX shell: dash, busybox ash, ksh.
    #[default]
    Posix,
    /// bash or zsh: braces expand (`{a,b}`).
    Bash,
    /// Another one (cmd, PowerShell): its text is not understood.
    Other,
}

impl ShellKind {
    /// Tells the shell from the words of a SHELL instruction (`["/bin/bash", "-o", "pipefail", "-c"]`).
    pub fn of(words: &[impl AsRef<str>]) -> Self {
        let program = words.first().map_or("sh", |word| word.as_ref());
        match program.rsplit('/').next().unwrap_or(program) {
            "sh" | "dash" | "ash" | "ksh" => Self::Posix,
            "bash" | "zsh" => Self::Bash,
            _ => Self::Other,
        }
    }
}

/// Where a script runs.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// Working directory: absolute and clean.
    pub cwd: &'a str,
    /// Values of environment variables; `None` for what is not known, which need not mean unset.
    pub env: &'a dyn Fn(&str) -> Option<String>,
    /// Who reads the text.
    pub shell: ShellKind,
}

thread_local! {
    static KNOWN: Memory<Script> = Memory::default();
}

/// The simple commands of a script.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Script {
    /// In the order written; those of substitutions come before the command that they are part of, the turns of
    /// a loop over known words one after the other.
    pub commands: Vec<Command>,
    /// False where part of the text did not follow the grammar or does what words alone do not show (functions).
    /// The commands are then not all.
    pub understood: bool,
    /// Names of variables that the text takes from its environment.
    pub variables: BTreeSet<String>,
}

/// One simple command.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Command {
    /// The program and its arguments, expanded as far as known; empty for assignments or redirections alone.
    pub words: Vec<Word>,
    /// Assignments before the program.
    pub assigns: Vec<(String, Word)>,
    /// Redirections to and from files, and heredocs.
    pub redirects: Vec<Redirect>,
    /// Working directory, where it is known.
    pub cwd: Option<String>,
    /// Whether the script may succeed without having run it to its end.
    pub conditional: bool,
    /// Whether its input comes from a pipe.
    pub piped: bool,
}

/// An expanded word.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Word {
    /// The text; where `dynamic`, the part that is known before the first unknown one.
    pub text: String,
    /// Whether a part of it is not known.
    pub dynamic: bool,
    /// Whether it holds wildcards for the shell.
    pub glob: bool,
}

/// A redirection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redirect {
    /// From a file.
    Read(Word),
    /// To a file, replacing or appending.
    Write(Word),
    /// From text in the script.
    Text(Word),
}

impl Word {
    /// Makes a word of known text.
    pub fn known(text: impl Into<String>) -> Self {
        Self { text: text.into(), dynamic: false, glob: false }
    }
}

impl Script {
    /// Reads shell text.
    pub fn read(text: &str, scene: &Scene<'_>) -> Self {
        if scene.shell == ShellKind::Other {
            return Self::default();
        }
        recall(&KNOWN, text, scene, |scene| walk::walk(&parse(text), scene))
    }

    /// Makes the script of an exec form: its words as one command, which no shell reads.
    pub fn of_words(words: &[impl AsRef<str>], cwd: &str) -> Self {
        let words = words.iter().map(|word| Word::known(word.as_ref())).collect();
        let command = Command { words, cwd: Some(cwd.to_owned()), ..Command::default() };
        Self { commands: vec![command], understood: true, variables: BTreeSet::new() }
    }
}

/// Puts the command of a RUN and its heredocs (name and body) together as the text that the shell gets.
///
/// A command that is a heredoc alone (`RUN <<EOF`) is the heredoc's body (cases `text-heredoc-*`).
pub fn run_text<'a>(command: &str, heredocs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let heredocs: Vec<_> = heredocs.into_iter().collect();
    let rest =
        command.trim().strip_prefix("<<").map(|rest| rest.trim_start_matches('-').trim_matches(['"', '\'']));
    if let [(name, body)] = heredocs.as_slice()
        && rest == Some(name)
    {
        return (*body).to_owned();
    }
    let mut text = command.to_owned();
    for (name, body) in heredocs {
        text.push('\n');
        text.push_str(body);
        text.push_str(name);
    }
    text
}
