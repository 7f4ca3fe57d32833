//! A script: its simple commands in the order written, with what is known of their words and places.

use std::collections::{BTreeMap, BTreeSet};

use super::parse::{Connector, Node, RawCommand, RawRedirect, parse};
use super::paths::join;
use super::words::{Part, RawWord};

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
        let tree = parse(text);
        let mut walk = Walk {
            scene: *scene,
            heredocs: &tree.heredocs,
            script: Self { understood: tree.whole, ..Self::default() },
            values: BTreeMap::new(),
            cwd: Some(scene.cwd.to_owned()),
            conditional: false,
            piped: false,
        };
        walk.list(&tree.nodes);
        walk.script
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

/// How many turns of loops are followed one by one, in all.
const MOST_COMMANDS: usize = 2_000;

/// A walk over the tree in the order of execution.
struct Walk<'a> {
    scene: Scene<'a>,
    heredocs: &'a [RawWord],
    script: Script,
    /// Variables set by the script; `None` where the value is not known.
    values: BTreeMap<String, Option<String>>,
    cwd: Option<String>,
    conditional: bool,
    piped: bool,
}

impl Walk<'_> {
    fn list(&mut self, nodes: &[Node]) {
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
    fn aside(&mut self, part: impl FnOnce(&mut Self)) {
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

    /// Expands a word that does not split: an assignment's value, a redirection's target, a heredoc.
    fn single(&mut self, raw: &RawWord) -> Word {
        let mut fields = Fields::new(false);
        self.expand(raw, &mut fields, true);
        fields.finish().into_iter().next().unwrap_or_default()
    }

    /// Expands a word into the words that the command gets.
    fn fields(&mut self, raw: &RawWord) -> Vec<Word> {
        let mut fields = Fields::new(self.scene.shell == ShellKind::Bash);
        self.expand(raw, &mut fields, false);
        fields.finish()
    }

    fn expand(&mut self, raw: &RawWord, fields: &mut Fields, whole: bool) {
        for (at, part) in raw.parts.iter().enumerate() {
            match part {
                Part::Literal { text, quoted: false }
                    if at == 0 && (text == "~" || text.starts_with("~/")) =>
                {
                    match self.value("HOME") {
                        Some(home) => fields.push(&home, true),
                        None => fields.unknown(),
                    }
                    fields.push(&text[1..], false);
                }
                Part::Literal { text, quoted } => fields.push(text, *quoted),
                Part::Variable { name, default, quoted } => {
                    let value = self.value(name).filter(|value| !(value.is_empty() && default.is_some()));
                    match (value, default) {
                        (Some(value), _) if *quoted || whole => fields.push(&value, true),
                        (Some(value), _) => fields.split(&value),
                        (None, Some(default)) if self.surely_unset(name) => {
                            self.expand(default, fields, whole);
                        }
                        (None, _) => fields.unknown(),
                    }
                }
                Part::Commands { body, .. } => {
                    let here = self.cwd.clone().filter(|_| is_pwd(body));
                    self.aside(|walk| walk.list(body));
                    match here {
                        Some(cwd) => fields.push(&cwd, true),
                        None => fields.unknown(),
                    }
                }
                Part::Unknown { names } => {
                    for name in names {
                        self.note(name);
                    }
                    fields.unknown();
                }
            }
        }
    }

    fn note(&mut self, name: &str) {
        if !self.values.contains_key(name) {
            self.script.variables.insert(name.to_owned());
        }
    }

    fn value(&mut self, name: &str) -> Option<String> {
        self.note(name);
        match self.values.get(name) {
            Some(value) => value.clone(),
            None if name == "PWD" => self.cwd.clone(),
            None => (self.scene.env)(name),
        }
    }

    /// Tells whether the script itself left a variable empty, so that its default stands.
    fn surely_unset(&self, name: &str) -> bool {
        self.values.get(name).is_some_and(|value| value.as_deref() == Some(""))
            || (!self.values.contains_key(name) && (self.scene.env)(name).as_deref() == Some(""))
    }
}

fn is_pwd(body: &[Node]) -> bool {
    matches!(body, [Node::Simple(RawCommand { words, assigns, redirects })]
        if assigns.is_empty() && redirects.is_empty()
            && matches!(words.as_slice(), [word] if word.bare() == Some("pwd")))
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

/// Words in the making.
struct Fields {
    done: Vec<Word>,
    current: Option<Word>,
    braces: bool,
    has_braces: bool,
}

impl Fields {
    fn new(braces: bool) -> Self {
        Self { done: Vec::new(), current: None, braces, has_braces: false }
    }

    fn push(&mut self, text: &str, quoted: bool) {
        let word = self.current.get_or_insert_default();
        if !quoted {
            word.glob |= text.contains(['*', '?', '[']);
            self.has_braces |= text.contains('{') && text.contains(',');
        }
        if !word.dynamic {
            word.text.push_str(text);
        }
    }

    fn unknown(&mut self) {
        self.current.get_or_insert_default().dynamic = true;
    }

    /// Adds a value that the shell splits at blanks.
    fn split(&mut self, value: &str) {
        if value.starts_with(char::is_whitespace) {
            self.close();
        }
        for (at, text) in value.split_whitespace().enumerate() {
            if at > 0 {
                self.close();
            }
            self.push(text, false);
        }
        if value.ends_with(char::is_whitespace) {
            self.close();
        }
    }

    fn close(&mut self) {
        self.done.extend(self.current.take());
    }

    fn finish(mut self) -> Vec<Word> {
        self.close();
        if !(self.braces && self.has_braces) {
            return self.done;
        }
        self.done.iter().flat_map(expand_braces).collect()
    }
}

/// Expands the first `{a,b}` of a word; a word that would become very many stays as it is, marked dynamic.
fn expand_braces(word: &Word) -> Vec<Word> {
    let mut ready = Vec::new();
    let mut open = vec![word.text.clone()];
    while let Some(text) = open.pop() {
        let found = text.find('}').and_then(|end| text[..end].rfind('{').map(|start| (start, end)));
        match found {
            Some((start, end)) if text[start..end].contains(',') => {
                for choice in text[start + 1..end].split(',').rev() {
                    open.push(format!("{}{choice}{}", &text[..start], &text[end + 1..]));
                }
            }
            _ => ready.push(Word { text, ..word.clone() }),
        }
        if open.len() + ready.len() > 256 {
            return vec![Word { dynamic: true, ..word.clone() }];
        }
    }
    ready
}
