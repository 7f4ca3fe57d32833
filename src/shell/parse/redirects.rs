//! Redirections, and the heads of heredocs.

use super::super::words::{Part, RawWord};
use super::reader::Pending;
use super::{RawRedirect, Reader};

impl Reader {
    pub(super) fn redirects(&mut self) -> Vec<RawRedirect> {
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
    pub(super) fn redirect(&mut self) -> Option<RawRedirect> {
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
                Part::Literal { text, .. } => text.clone(),
                _ => String::new(),
            })
            .collect();
        let index = self.heredocs.len();
        self.heredocs.push(RawWord::default());
        self.pending.push(Pending { index, end, strips_tabs, expands: !quoted });
        Some(index)
    }
}
