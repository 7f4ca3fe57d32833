//! A place in shell text, and what is passed over between commands: blanks, line ends, heredoc bodies.

use super::super::words::{Part, RawWord};

/// A heredoc whose body is yet to come.
pub(super) struct Pending {
    pub(super) index: usize,
    pub(super) end: String,
    pub(super) strips_tabs: bool,
    pub(super) expands: bool,
}

/// A place in shell text.
pub(in crate::shell) struct Reader {
    pub(super) chars: Vec<char>,
    pub(in crate::shell) at: usize,
    /// Something was not closed, or nested too deep.
    pub(in crate::shell) broken: bool,
    pub(super) depth: usize,
    pub(super) pending: Vec<Pending>,
    pub(super) heredocs: Vec<RawWord>,
}

/// How deep commands may nest before the text counts as not understood; the reader recurses.
pub(super) const DEEPEST: usize = 16;

impl Reader {
    pub(super) fn new(text: &str, depth: usize) -> Self {
        let chars = text.chars().collect();
        Self { chars, at: 0, broken: false, depth, pending: Vec::new(), heredocs: Vec::new() }
    }

    /// Tells whether all was read, and nothing in it refers to heredocs of its own, whose places would be taken for
    /// places in the outer text.
    pub(in crate::shell) fn whole(&self) -> bool {
        self.at_end() && !self.broken && self.heredocs.is_empty()
    }

    /// Makes a reader of a text found within this one.
    pub(in crate::shell) fn inner(&self, text: &str) -> Self {
        let mut inner = Self::new(text, self.depth + 1);
        if inner.depth > DEEPEST {
            inner.at = inner.chars.len();
            inner.broken = true;
        }
        inner
    }

    pub(in crate::shell) fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    pub(in crate::shell) fn peek_at(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    pub(in crate::shell) fn at_end(&self) -> bool {
        self.at >= self.chars.len()
    }

    pub(in crate::shell) fn looking_at(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(ahead, c)| self.peek_at(ahead) == Some(c))
    }

    pub(in crate::shell) fn text(&self, from: usize, to: usize) -> String {
        let end = self.chars.len();
        self.chars[from.min(end)..to.min(end)].iter().collect()
    }

    pub(in crate::shell) fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let start = self.at;
        while self.peek().is_some_and(&wanted) {
            self.at += 1;
        }
        self.text(start, self.at)
    }

    /// Passes over a text if it stands here.
    pub(super) fn eat(&mut self, text: &str) -> bool {
        let found = self.looking_at(text);
        if found {
            self.at += text.chars().count();
        }
        found
    }

    /// Passes over blanks, joined lines and a comment, staying on the line.
    pub(super) fn blanks(&mut self) {
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
    pub(super) fn lines(&mut self) {
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
                word.parts.push(Part::Literal { text: body, quoted: true });
            }
            self.heredocs[pending.index] = word;
        }
    }
}
