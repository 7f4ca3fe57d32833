//! The grammar of commands: lists, chains, pipelines, and what is compound.

use super::super::words::is_name;
use super::reader::DEEPEST;
use super::{Connector, Node, RawCommand, Reader};

const ENDS: [&str; 9] = ["then", "fi", "do", "done", "else", "elif", "esac", "}", "]]"];

impl Reader {
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
    pub(in crate::shell) fn list(&mut self) -> Vec<Node> {
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
    pub(in crate::shell) fn substitution(&mut self, close: char) -> Vec<Node> {
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
}
