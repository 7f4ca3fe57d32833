//! Shell text to a tree of commands (POSIX Shell Command Language, section 2.10), with the bash forms that RUN
//! lines use: `[[ … ]]`, `&>`, `<<<`, `<( … )`.

use super::words::RawWord;

mod commands;
mod reader;
mod redirects;

pub(super) use reader::Reader;

/// A command or a way to put commands together.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    /// A command with its words.
    Simple(RawCommand),
    /// Commands joined by `|`.
    Pipeline(Vec<Node>),
    /// Commands joined by `&&` and `||`; the first one's connector means nothing.
    Chain(Vec<(Connector, Node)>),
    /// `( … )`.
    Subshell(Vec<Node>, Vec<RawRedirect>),
    /// `{ …; }`.
    Group(Vec<Node>, Vec<RawRedirect>),
    /// `if`, `while`, `until`, `case`: what is always run first, and what may be run; words that are looked at.
    Branch { always: Vec<Node>, maybe: Vec<Vec<Node>>, words: Vec<RawWord>, redirects: Vec<RawRedirect> },
    /// `for NAME in WORDS`.
    For { name: String, words: Option<Vec<RawWord>>, body: Vec<Node>, redirects: Vec<RawRedirect> },
    /// `NAME() …`.
    Function { body: Box<Node> },
}

/// What stands between two commands of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Connector {
    And,
    Or,
}

/// A simple command as written.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct RawCommand {
    pub(super) assigns: Vec<(String, RawWord)>,
    pub(super) words: Vec<RawWord>,
    pub(super) redirects: Vec<RawRedirect>,
}

/// A redirection as written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum RawRedirect {
    /// `<`.
    Read(RawWord),
    /// `>`, `>>`, `>|`, `&>`, `<>`.
    Write(RawWord),
    /// `<<`: the place of its body in [`Tree::heredocs`].
    Heredoc(usize),
    /// `<<<`.
    Here(RawWord),
    /// `2>&1`: joins descriptors, touches no file.
    Join,
}

/// Parsed text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
    pub(super) heredocs: Vec<RawWord>,
    /// False where something did not follow the grammar; the nodes are then what came before it.
    pub(super) whole: bool,
}

/// Reads shell text.
pub(super) fn parse(text: &str) -> Tree {
    let mut reader = Reader::new(text, 0);
    let nodes = reader.list();
    let whole = reader.at_end() && !reader.broken;
    Tree { nodes, heredocs: reader.heredocs, whole }
}
