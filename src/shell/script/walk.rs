//! A walk over parsed commands in the order of execution, which follows what the shell itself comes to.

use std::collections::BTreeMap;

use super::super::parse::{Connector, Node, RawCommand, RawRedirect, Tree};
use super::super::paths::join;
use super::super::words::RawWord;
use super::{Command, Redirect, Scene, Script, Word};

/// How many turns of loops are followed one by one, in all.
const MOST_COMMANDS: usize = 2_000;

/// Walks over a text's tree, and yields its commands.
pub(super) fn walk(tree: &Tree, scene: &Scene<'_>) -> Script {
    let mut walk = Walk {
        scene: *scene,
        heredocs: &tree.heredocs,
        script: Script { understood: tree.whole, ..Script::default() },
        values: BTreeMap::new(),
        cwd: Some(scene.cwd.to_owned()),
        conditional: false,
        piped: false,
    };
    walk.list(&tree.nodes);
    walk.script
}

/// A walk over the tree in the order of execution.
pub(super) struct Walk<'a> {
    pub(super) scene: Scene<'a>,
    heredocs: &'a [RawWord],
    pub(super) script: Script,
    /// Variables set by the script; `None` where the value is not known.
    pub(super) values: BTreeMap<String, Option<String>>,
    pub(super) cwd: Option<String>,
    conditional: bool,
    piped: bool,
}

impl Walk<'_> {
    pub(super) fn list(&mut self, nodes: &[Node]) {
        for (at, node) in nodes.iter().enumerate() {
            self.node(node, at + 1 == nodes.len());
        }
    }

    fn node(&mut self, node: &Node, last: bool) {
        match node {
            Node::Simple(raw) => self.simple(raw),
            Node::Pipeline(parts) => {
                for (at, part) in parts.iter().enumerate() {
                    let conditional = self.conditional || at + 1 < parts.len();
                    self.aside(|walk| {
                        walk.conditional = conditional;
                        walk.piped = at > 0 || walk.piped;
                        walk.node(part, true);
                    });
                }
            }
            Node::Chain(links) => self.chain(links, last),
            Node::Subshell(body, redirects) => {
                self.loose_redirects(redirects);
                self.aside(|walk| walk.list(body));
            }
            Node::Group(body, redirects) => {
                self.loose_redirects(redirects);
                self.list(body);
            }
            Node::Branch { always, maybe, words, redirects } => {
                self.loose_redirects(redirects);
                for word in words {
                    self.fields(word);
                }
                self.forgetting(|walk| walk.list(always));
                for body in maybe {
                    self.maybe(|walk| walk.list(body));
                }
            }
            Node::For { name, words, body, redirects } => {
                self.loose_redirects(redirects);
                self.for_loop(name, words.as_deref(), body);
            }
            Node::Function { body } => {
                self.script.understood = false;
                self.maybe(|walk| walk.node(body, true));
            }
        }
    }

    /// Runs a part that has its own working directory and variables, as a subshell has.
    pub(super) fn aside(&mut self, part: impl FnOnce(&mut Self)) {
        let kept = (self.cwd.clone(), self.values.clone(), self.conditional, self.piped);
        part(self);
        (self.cwd, self.values, self.conditional, self.piped) = kept;
    }

    /// Runs a part that may not be run: what it changes is not known afterwards.
    fn maybe(&mut self, part: impl FnOnce(&mut Self)) {
        let conditional = std::mem::replace(&mut self.conditional, true);
        self.forgetting(part);
        self.conditional = conditional;
    }

    /// Runs a part that may stop in its middle: what it changes is not known afterwards.
    fn forgetting(&mut self, part: impl FnOnce(&mut Self)) {
        let (cwd, values) = (self.cwd.clone(), self.values.clone());
        part(self);
        if self.cwd != cwd {
            self.cwd = None;
        }
        for (name, value) in &mut self.values {
            if values.get(name) != Some(value) {
                *value = None;
            }
        }
    }

    fn chain(&mut self, links: &[(Connector, Node)], last: bool) {
        let must_succeed = last && !links.iter().any(|(connector, _)| *connector == Connector::Or);
        let start = self.cwd.clone();
        // Whether the script may go on without the directory changes made here.
        let mut unsure = false;
        for (at, (connector, node)) in links.iter().enumerate() {
            let before = self.cwd.clone();
            if *connector == Connector::Or {
                // The left side failed somewhere: perhaps before it changed the directory.
                if self.cwd != start {
                    self.cwd = None;
                }
                self.maybe(|walk| walk.node(node, true));
                if ends_script(node) {
                    self.cwd = before;
                } else {
                    unsure = true;
                }
            } else if at == 0 || must_succeed {
                self.node(node, true);
            } else {
                let conditional = std::mem::replace(&mut self.conditional, true);
                self.node(node, true);
                self.conditional = conditional;
                unsure |= self.cwd != before;
            }
        }
        if unsure && self.cwd != start {
            self.cwd = None;
        }
    }

    fn for_loop(&mut self, name: &str, words: Option<&[RawWord]>, body: &[Node]) {
        let turns: Vec<Word> = words.unwrap_or_default().iter().flat_map(|word| self.fields(word)).collect();
        let known = words.is_some() && turns.iter().all(|word| !word.dynamic && !word.glob);
        if known && self.script.commands.len() + turns.len() < MOST_COMMANDS && turns.len() < 64 {
            for turn in turns {
                self.values.insert(name.to_owned(), Some(turn.text));
                self.list(body);
            }
        } else {
            self.values.insert(name.to_owned(), None);
            self.maybe(|walk| walk.list(body));
        }
    }

    /// Records redirections of a compound command as a command without words.
    fn loose_redirects(&mut self, redirects: &[RawRedirect]) {
        if !redirects.is_empty() {
            self.simple(&RawCommand { redirects: redirects.to_vec(), ..RawCommand::default() });
        }
    }

    fn simple(&mut self, raw: &RawCommand) {
        let words: Vec<Word> = raw.words.iter().flat_map(|word| self.fields(word)).collect();
        let assigns: Vec<_> =
            raw.assigns.iter().map(|(name, value)| (name.clone(), self.single(value))).collect();
        let redirects = raw.redirects.iter().filter_map(|redirect| self.redirect(redirect)).collect();
        if self.script.commands.len() >= MOST_COMMANDS {
            self.script.understood = false;
            return;
        }
        let (conditional, piped) = (self.conditional, self.piped);
        let command = Command { words, assigns, redirects, cwd: self.cwd.clone(), conditional, piped };
        self.note_state(&command);
        self.script.commands.push(command);
    }

    fn redirect(&mut self, redirect: &RawRedirect) -> Option<Redirect> {
        Some(match redirect {
            RawRedirect::Join => return None,
            RawRedirect::Read(word) => Redirect::Read(self.single(word)),
            RawRedirect::Write(word) => Redirect::Write(self.single(word)),
            RawRedirect::Here(word) => Redirect::Text(self.single(word)),
            RawRedirect::Heredoc(index) => {
                // A heredoc that the text ends without has an empty body.
                let body = self.heredocs.get(*index).cloned().unwrap_or_default();
                Redirect::Text(self.single(&body))
            }
        })
    }

    /// Follows what a command does to the shell itself: its working directory and its variables.
    fn note_state(&mut self, command: &Command) {
        let Some(program) = command.words.first().filter(|word| !word.dynamic) else {
            if command.words.is_empty() {
                for (name, value) in &command.assigns {
                    self.set(name, value);
                }
            }
            return;
        };
        let operands: Vec<&Word> =
            command.words[1..].iter().filter(|word| !word.text.starts_with('-')).collect();
        match program.text.as_str() {
            "cd" | "pushd" | "chdir" => {
                self.cwd = match operands.as_slice() {
                    [word] if word.dynamic || word.glob || word.text == "-" => None,
                    [word] if word.text.starts_with('/') => Some(join("/", &word.text)),
                    [word] => self.cwd.as_deref().map(|cwd| join(cwd, &word.text)),
                    _ => None,
                };
            }
            "popd" => self.cwd = None,
            "export" | "readonly" | "local" | "declare" | "typeset" => {
                for word in operands {
                    if let Some((name, value)) = word.text.split_once('=') {
                        self.set(name, &Word { text: value.to_owned(), ..word.clone() });
                    }
                }
            }
            "read" | "unset" | "getopts" => {
                for word in operands {
                    self.values.insert(word.text.clone(), None);
                }
            }
            "eval" | "." | "source" => {
                self.cwd = None;
                self.values.values_mut().for_each(|value| *value = None);
            }
            _ => {}
        }
    }

    fn set(&mut self, name: &str, value: &Word) {
        let value = (!value.dynamic).then(|| value.text.clone());
        self.values.insert(name.to_owned(), value);
    }
}

/// Tells whether a command never lets the script go on.
fn ends_script(node: &Node) -> bool {
    match node {
        Node::Simple(raw) => {
            matches!(raw.words.first().and_then(RawWord::bare), Some("exit" | "return" | "false"))
        }
        Node::Group(body, _) => body.last().is_some_and(ends_script),
        _ => false,
    }
}
