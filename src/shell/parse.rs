//! Shell text to a tree of commands (POSIX Shell Command Language, section 2.10), with the bash forms that RUN
//! lines use: `[[ … ]]`, `&>`, `<<<`, `<( … )`.

use super::words::{RawWord, is_name};

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

/// A heredoc whose body is yet to come.
struct Pending {
    index: usize,
    end: String,
    strips_tabs: bool,
    expands: bool,
}

/// A place in shell text.
pub(super) struct Reader {
    chars: Vec<char>,
    pub(super) at: usize,
    /// Something was not closed, or nested too deep.
    pub(super) broken: bool,
    depth: usize,
    pending: Vec<Pending>,
    heredocs: Vec<RawWord>,
}

/// How deep commands may nest before the text counts as not understood; the reader recurses.
const DEEPEST: usize = 16;

const ENDS: [&str; 9] = ["then", "fi", "do", "done", "else", "elif", "esac", "}", "]]"];

impl Reader {
    fn new(text: &str, depth: usize) -> Self {
        let chars = text.chars().collect();
        Self { chars, at: 0, broken: false, depth, pending: Vec::new(), heredocs: Vec::new() }
    }

    /// Tells whether all was read, and nothing in it refers to heredocs of its own, whose places would be taken for
    /// places in the outer text.
    pub(super) fn whole(&self) -> bool {
        self.at_end() && !self.broken && self.heredocs.is_empty()
    }

    /// Makes a reader of a text found within this one.
    pub(super) fn inner(&self, text: &str) -> Self {
        let mut inner = Self::new(text, self.depth + 1);
        if inner.depth > DEEPEST {
            inner.at = inner.chars.len();
            inner.broken = true;
        }
        inner
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    pub(super) fn at_end(&self) -> bool {
        self.at >= self.chars.len()
    }

    pub(super) fn looking_at(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(ahead, c)| self.peek_at(ahead) == Some(c))
    }

    pub(super) fn text(&self, from: usize, to: usize) -> String {
        let end = self.chars.len();
        self.chars[from.min(end)..to.min(end)].iter().collect()
    }

    pub(super) fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let start = self.at;
        while self.peek().is_some_and(&wanted) {
            self.at += 1;
        }
        self.text(start, self.at)
    }

    /// Passes over a text if it stands here.
    fn eat(&mut self, text: &str) -> bool {
        let found = self.looking_at(text);
        if found {
            self.at += text.chars().count();
        }
        found
    }

    /// Passes over blanks, joined lines and a comment, staying on the line.
    fn blanks(&mut self) {
        loop {
            match self.peek() {
                Some(' ' | '\t' | '\r') => self.at += 1,
                Some('\\') if self.peek_at(1) == Some('\n') => self.at += 2,
                Some('\\') if self.peek_at(1) == Some('\r') && self.peek_at(2) == Some('\n') => self.at += 3,
                Some('#')
                    if self.at == 0 || self.chars[self.at - 1].is_whitespace() || self.after_separator() =>
                {
                    while self.peek().is_some_and(|c| c != '\n') {
                        self.at += 1;
                    }
                }
                _ => return,
            }
        }
    }

    fn after_separator(&self) -> bool {
        matches!(self.chars.get(self.at.wrapping_sub(1)), Some(';' | '&' | '|' | '(' | ')'))
    }

    /// Passes over blanks and line ends; heredoc bodies are taken at the line end before them.
    fn lines(&mut self) {
        loop {
            self.blanks();
            if self.peek() != Some('\n') {
                return;
            }
            self.at += 1;
            self.heredoc_bodies();
        }
    }

    fn heredoc_bodies(&mut self) {
        for pending in std::mem::take(&mut self.pending) {
            let mut body = String::new();
            while !self.at_end() {
                let line = self.take_while(|c| c != '\n');
                self.at += 1;
                let line = if pending.strips_tabs { line.trim_start_matches('\t') } else { &line };
                if line.trim_end_matches('\r') == pending.end {
                    break;
                }
                body.push_str(line);
                body.push('\n');
            }
            let mut word = RawWord::default();
            if pending.expands {
                let mut inner = self.inner(&body);
                inner.double_quotes(&mut word, None);
                if !inner.whole() {
                    self.broken = true;
                    word = RawWord::default();
                }
            } else {
                word.parts.push(super::words::Part::Literal { text: body, quoted: true });
            }
            self.heredocs[pending.index] = word;
        }
    }

    /// The reserved word or bare word that stands here, without passing over it.
    fn keyword(&self) -> Option<String> {
        let mut end = self.at;
        while self.chars.get(end).is_some_and(|c| c.is_ascii_lowercase() || "{}![]".contains(*c)) {
            end += 1;
        }
        let closed = self.chars.get(end).is_none_or(|c| c.is_whitespace() || ";&|()<>".contains(*c));
        (closed && end > self.at).then(|| self.text(self.at, end))
    }

    fn eat_keyword(&mut self, word: &str) -> bool {
        self.lines();
        let found = self.keyword().as_deref() == Some(word);
        if found {
            self.at += word.len();
        }
        found
    }

    fn expect_keyword(&mut self, word: &str) {
        if !self.eat_keyword(word) {
            self.broken = true;
        }
    }

    /// Reads commands up to the end, a closing bracket or a word that closes something.
    pub(super) fn list(&mut self) -> Vec<Node> {
        let mut nodes = Vec::new();
        self.depth += 1;
        while !self.broken && self.depth <= DEEPEST {
            self.lines();
            let closes = self.keyword().is_some_and(|word| ENDS.contains(&word.as_str()));
            if self.at_end() || closes || self.peek() == Some(')') || self.looking_at(";;") {
                break;
            }
            let before = self.at;
            let node = self.chain();
            nodes.extend(node);
            self.blanks();
            if !self.looking_at(";;") && !self.eat(";") && self.peek() == Some('&') {
                self.at += 1;
            }
            if self.at == before {
                self.broken = true;
            }
        }
        self.broken |= self.depth > DEEPEST;
        self.depth -= 1;
        nodes
    }

    /// Reads commands up to a closing mark and passes over it.
    pub(super) fn substitution(&mut self, close: char) -> Vec<Node> {
        let nodes = self.list();
        self.blanks();
        if self.peek() == Some(close) {
            self.at += 1;
        } else {
            self.broken = true;
        }
        nodes
    }

    fn chain(&mut self) -> Option<Node> {
        let mut links = vec![(Connector::And, self.pipeline()?)];
        loop {
            self.blanks();
            let connector = if self.eat("&&") {
                Connector::And
            } else if self.eat("||") {
                Connector::Or
            } else {
                break;
            };
            self.lines();
            match self.pipeline() {
                Some(node) => links.push((connector, node)),
                None => {
                    self.broken = true;
                    break;
                }
            }
        }
        if links.len() == 1 { links.pop().map(|(_, node)| node) } else { Some(Node::Chain(links)) }
    }

    fn pipeline(&mut self) -> Option<Node> {
        self.blanks();
        while self.keyword().as_deref() == Some("!") {
            self.at += 1;
            self.blanks();
        }
        let mut parts = vec![self.command()?];
        loop {
            self.blanks();
            if self.looking_at("||") || !(self.eat("|&") || self.eat("|")) {
                break;
            }
            self.lines();
            match self.command() {
                Some(node) => parts.push(node),
                None => {
                    self.broken = true;
                    break;
                }
            }
        }
        if parts.len() == 1 { parts.pop() } else { Some(Node::Pipeline(parts)) }
    }

    fn command(&mut self) -> Option<Node> {
        self.blanks();
        if self.looking_at("((") {
            self.broken = true;
            return None;
        }
        if self.eat("(") {
            let body = self.substitution(')');
            return Some(Node::Subshell(body, self.redirects()));
        }
        match self.keyword().as_deref() {
            Some("{") => {
                self.at += 1;
                let body = self.list();
                self.expect_keyword("}");
                Some(Node::Group(body, self.redirects()))
            }
            Some("if") => Some(self.conditional()),
            Some("while" | "until") => {
                self.at += 5;
                let always = self.list();
                self.expect_keyword("do");
                let maybe = vec![self.list()];
                self.expect_keyword("done");
                Some(Node::Branch { always, maybe, words: Vec::new(), redirects: self.redirects() })
            }
            Some("for") => self.for_loop(),
            Some("case") => self.case(),
            Some("[[") => self.double_bracket(),
            Some("function") => {
                self.at += 8;
                self.blanks();
                self.word()?;
                self.function_body()
            }
            _ => self.simple(),
        }
    }

    fn conditional(&mut self) -> Node {
        self.at += 2;
        let always = self.list();
        self.expect_keyword("then");
        let mut maybe = vec![self.list()];
        loop {
            if self.eat_keyword("elif") {
                maybe.push(self.list());
                self.expect_keyword("then");
                maybe.push(self.list());
            } else if self.eat_keyword("else") {
                maybe.push(self.list());
            } else {
                break;
            }
            if self.broken {
                break;
            }
        }
        self.expect_keyword("fi");
        Node::Branch { always, maybe, words: Vec::new(), redirects: self.redirects() }
    }

    fn for_loop(&mut self) -> Option<Node> {
        self.at += 3;
        self.blanks();
        let name = self.word()?.bare().map(str::to_owned)?;
        let mut words = None;
        if self.eat_keyword("in") {
            let mut list = Vec::new();
            self.blanks();
            while let Some(word) = self.word() {
                list.push(word);
                self.blanks();
            }
            words = Some(list);
        }
        self.blanks();
        self.eat(";");
        self.expect_keyword("do");
        let body = self.list();
        self.expect_keyword("done");
        Some(Node::For { name, words, body, redirects: self.redirects() })
    }

    fn case(&mut self) -> Option<Node> {
        self.at += 4;
        self.blanks();
        let words = vec![self.word()?];
        self.expect_keyword("in");
        let mut maybe = Vec::new();
        loop {
            self.lines();
            if self.broken || self.at_end() || self.eat_keyword("esac") {
                break;
            }
            self.eat("(");
            self.blanks();
            while self.word().is_some() {
                self.blanks();
                self.eat("|");
                self.blanks();
            }
            if !self.eat(")") {
                self.broken = true;
                break;
            }
            maybe.push(self.list());
            self.lines();
            if !self.eat(";;&") {
                self.eat(";;");
            }
        }
        Some(Node::Branch { always: Vec::new(), maybe, words, redirects: self.redirects() })
    }

    /// Reads `[[ … ]]`, in which `<`, `&&` and brackets compare and group, as a `test` with the words it looks at.
    fn double_bracket(&mut self) -> Option<Node> {
        let mut words = vec![self.word()?];
        loop {
            self.lines();
            match self.peek() {
                None => {
                    self.broken = true;
                    break;
                }
                Some('(' | ')' | '<' | '>' | '&' | '|' | ';') => self.at += 1,
                Some(_) => {
                    let word = self.word()?;
                    let closes = word.bare() == Some("]]");
                    words.push(word);
                    if closes {
                        break;
                    }
                }
            }
        }
        Some(Node::Simple(RawCommand { words, redirects: self.redirects(), ..RawCommand::default() }))
    }

    fn function_body(&mut self) -> Option<Node> {
        self.blanks();
        if self.eat("(") {
            self.blanks();
            self.eat(")");
        }
        self.lines();
        // A body is a compound command, so that definitions cannot nest without end.
        if self.peek() != Some('(') && self.keyword().as_deref() != Some("{") {
            self.broken = true;
            return None;
        }
        Some(Node::Function { body: Box::new(self.command()?) })
    }

    fn simple(&mut self) -> Option<Node> {
        let mut command = RawCommand::default();
        loop {
            self.blanks();
            if let Some(redirect) = self.redirect() {
                command.redirects.push(redirect);
                continue;
            }
            let Some(word) = self.word() else { break };
            if command.words.is_empty() {
                if let Some(assign) = word.assignment() {
                    command.assigns.push(assign);
                    continue;
                }
                let named = word.bare().is_some_and(is_name) || word.bare().is_some_and(|w| w.contains('-'));
                if named && self.peek() == Some('(') {
                    return self.function_body();
                }
            }
            command.words.push(word);
        }
        let empty = command.words.is_empty() && command.assigns.is_empty() && command.redirects.is_empty();
        (!empty).then_some(Node::Simple(command))
    }

    fn redirects(&mut self) -> Vec<RawRedirect> {
        let mut all = Vec::new();
        loop {
            self.blanks();
            match self.redirect() {
                Some(redirect) => all.push(redirect),
                None => return all,
            }
        }
    }

    /// Reads a redirection if one stands here.
    fn redirect(&mut self) -> Option<RawRedirect> {
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
        if !matches!(self.peek(), Some('<' | '>')) {
            self.at = start;
            if !self.looking_at("&>") {
                return None;
            }
            self.at += 1;
        }
        if self.looking_at("<(") || self.looking_at(">(") {
            self.at = start;
            return None;
        }
        if self.eat("<<<") {
            return self.target().map(RawRedirect::Here);
        }
        if self.eat("<<") {
            return self.heredoc().map(RawRedirect::Heredoc);
        }
        if self.eat("<&") || self.eat(">&") {
            let word = self.target()?;
            let joins =
                word.bare().is_some_and(|w| w.trim_end_matches('-').chars().all(|c| c.is_ascii_digit()));
            return Some(if joins { RawRedirect::Join } else { RawRedirect::Write(word) });
        }
        if self.eat("<>") || self.eat(">>") || self.eat(">|") || self.eat(">") {
            return self.target().map(RawRedirect::Write);
        }
        self.at += 1;
        self.target().map(RawRedirect::Read)
    }

    fn target(&mut self) -> Option<RawWord> {
        self.blanks();
        let word = self.word();
        self.broken |= word.is_none();
        word
    }

    fn heredoc(&mut self) -> Option<usize> {
        let strips_tabs = self.eat("-");
        let word = self.target()?;
        let quoted = word.bare().is_none();
        let end: String = word
            .parts
            .iter()
            .map(|part| match part {
                super::words::Part::Literal { text, .. } => text.clone(),
                _ => String::new(),
            })
            .collect();
        let index = self.heredocs.len();
        self.heredocs.push(RawWord::default());
        self.pending.push(Pending { index, end, strips_tabs, expands: !quoted });
        Some(index)
    }
}
