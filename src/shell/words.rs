//! Words of shell text, with their quotes taken apart.

use super::parse::{Node, Reader};

/// A word as written: parts that are known, and parts that the shell fills in.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct RawWord {
    pub(super) parts: Vec<Part>,
}

/// A part of a word.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    /// Text as it stands.
    Literal { text: String, quoted: bool },
    /// `$NAME`, `${NAME}`, `${NAME:-default}`.
    Variable { name: String, default: Option<RawWord>, quoted: bool },
    /// `$(…)`, backticks, `<(…)`.
    Commands { body: Vec<Node>, quoted: bool },
    /// What is not worked out: arithmetic, other operators of `${…}`. Holds the names of the variables it uses.
    Unknown { names: Vec<String> },
}

impl RawWord {
    /// The text of a word that has no quotes and no expansions: what can be a reserved word or a name.
    pub(super) fn bare(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [Part::Literal { text, quoted: false }] => Some(text),
            _ => None,
        }
    }

    /// Splits `NAME=value` (or `NAME+=value`) into its name and value.
    pub(super) fn assignment(&self) -> Option<(String, RawWord)> {
        let Some(Part::Literal { text, quoted: false }) = self.parts.first() else { return None };
        let (name, rest) = text.split_once('=')?;
        let appends = name.ends_with('+');
        let name = name.trim_end_matches('+');
        if !is_name(name) {
            return None;
        }
        let mut parts = Vec::new();
        if appends {
            parts.push(Part::Variable { name: name.to_owned(), default: None, quoted: true });
        }
        parts.push(Part::Literal { text: rest.to_owned(), quoted: false });
        parts.extend(self.parts[1..].iter().cloned());
        Some((name.to_owned(), Self { parts }))
    }

    fn push(&mut self, c: char, is_quoted: bool) {
        if let Some(Part::Literal { text, quoted }) = self.parts.last_mut()
            && *quoted == is_quoted
        {
            text.push(c);
        } else {
            self.parts.push(Part::Literal { text: c.to_string(), quoted: is_quoted });
        }
    }
}

/// Tells whether a text can be a variable's name.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c == '_' || c.is_ascii_alphabetic())
        && text.chars().all(|c| c == '_' || c.is_ascii_alphanumeric())
}

/// Writes a text as one word that a POSIX shell reads back as it is.
pub fn quote(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) && !text.contains('=') {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

impl Reader {
    /// Reads the word that begins here; `None` where none begins.
    pub(super) fn word(&mut self) -> Option<RawWord> {
        let mut word = RawWord::default();
        let start = self.at;
        while let Some(c) = self.peek() {
            match c {
                ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | ')' | '(' => break,
                '<' | '>' if self.looking_at("<(") || self.looking_at(">(") => {
                    self.at += 2;
                    let body = self.substitution(')');
                    word.parts.push(Part::Commands { body, quoted: true });
                }
                '<' | '>' => break,
                '\\' => self.escape(&mut word),
                '\'' => self.single_quotes(&mut word),
                '"' => {
                    self.at += 1;
                    self.double_quotes(&mut word, Some('"'));
                }
                '$' => self.dollar(&mut word, false),
                '`' => self.backticks(&mut word, false),
                c => {
                    self.at += 1;
                    word.push(c, false);
                }
            }
        }
        (self.at > start && !word.parts.is_empty()).then_some(word)
    }

    fn escape(&mut self, word: &mut RawWord) {
        self.at += 1;
        match self.peek() {
            Some('\n') => self.at += 1,
            Some(c) => {
                self.at += 1;
                word.push(c, true);
            }
            None => word.push('\\', true),
        }
    }

    fn single_quotes(&mut self, word: &mut RawWord) {
        self.at += 1;
        let mut text = String::new();
        while let Some(c) = self.peek() {
            self.at += 1;
            if c == '\'' {
                word.parts.push(Part::Literal { text, quoted: true });
                return;
            }
            text.push(c);
        }
        self.broken = true;
    }

    /// Reads text in which only `$`, backticks and some escapes are special, up to `end` or to the end of all.
    pub(super) fn double_quotes(&mut self, word: &mut RawWord, end: Option<char>) {
        word.parts.push(Part::Literal { text: String::new(), quoted: true });
        while let Some(c) = self.peek() {
            match c {
                c if Some(c) == end => {
                    self.at += 1;
                    return;
                }
                '\\' => match self.peek_at(1) {
                    Some('\n') => self.at += 2,
                    Some(next @ ('$' | '`' | '\\')) => {
                        self.at += 2;
                        word.push(next, true);
                    }
                    Some('"') if end.is_some() => {
                        self.at += 2;
                        word.push('"', true);
                    }
                    _ => {
                        self.at += 1;
                        word.push('\\', true);
                    }
                },
                '$' => self.dollar(word, true),
                '`' => self.backticks(word, true),
                c => {
                    self.at += 1;
                    word.push(c, true);
                }
            }
        }
        self.broken |= end.is_some();
    }

    fn dollar(&mut self, word: &mut RawWord, quoted: bool) {
        self.at += 1;
        match self.peek() {
            Some('(') if self.peek_at(1) == Some('(') => {
                self.at += 2;
                let text = self.balanced("((", "))");
                word.parts.push(Part::Unknown { names: names_in(&text) });
            }
            Some('(') => {
                self.at += 1;
                let body = self.substitution(')');
                word.parts.push(Part::Commands { body, quoted });
            }
            Some('{') => {
                self.at += 1;
                self.braces(word, quoted);
            }
            Some('\'') if !quoted => self.single_quotes(word),
            Some(c) if c == '_' || c.is_ascii_alphabetic() => {
                let name = self.take_while(|c| c == '_' || c.is_ascii_alphanumeric());
                word.parts.push(Part::Variable { name, default: None, quoted });
            }
            Some(c) if c.is_ascii_digit() || "@*#?$!-".contains(c) => {
                self.at += 1;
                word.parts.push(Part::Unknown { names: vec![c.to_string()] });
            }
            _ => word.push('$', quoted),
        }
    }

    /// Reads what follows `${`.
    fn braces(&mut self, word: &mut RawWord, quoted: bool) {
        let text = self.balanced("{", "}");
        let name: String = text.chars().take_while(|c| *c == '_' || c.is_ascii_alphanumeric()).collect();
        let rest = &text[name.len()..];
        if !is_name(&name) {
            word.parts.push(Part::Unknown { names: names_in(&text) });
        } else if rest.is_empty() {
            word.parts.push(Part::Variable { name, default: None, quoted });
        } else if let Some(default) = rest.strip_prefix(":-").or_else(|| rest.strip_prefix('-')) {
            let mut value = RawWord::default();
            let mut reader = self.inner(default);
            reader.double_quotes(&mut value, None);
            self.broken |= !reader.whole();
            // Quotes within the default are rare; where they stand the value is left unknown.
            if reader.whole() && !default.contains(['"', '\'']) {
                word.parts.push(Part::Variable { name, default: Some(value), quoted });
            } else {
                word.parts.push(Part::Unknown { names: names_in(&text) });
            }
        } else {
            word.parts.push(Part::Unknown { names: names_in(&text) });
        }
    }

    fn backticks(&mut self, word: &mut RawWord, quoted: bool) {
        self.at += 1;
        let mut text = String::new();
        loop {
            match self.peek() {
                None => {
                    self.broken = true;
                    break;
                }
                Some('`') => {
                    self.at += 1;
                    break;
                }
                Some('\\') if matches!(self.peek_at(1), Some('`' | '\\' | '$')) => {
                    text.extend(self.peek_at(1));
                    self.at += 2;
                }
                Some(c) => {
                    text.push(c);
                    self.at += 1;
                }
            }
        }
        let mut inner = self.inner(&text);
        let body = inner.list();
        if inner.whole() {
            word.parts.push(Part::Commands { body, quoted });
        } else {
            self.broken = true;
            word.parts.push(Part::Unknown { names: names_in(&text) });
        }
    }

    /// Takes the text up to the closing mark, over nested pairs; the mark itself is passed over.
    fn balanced(&mut self, open: &str, close: &str) -> String {
        let mut depth = 1;
        let start = self.at;
        while !self.at_end() {
            if self.looking_at(close) {
                depth -= 1;
                if depth == 0 {
                    let text = self.text(start, self.at);
                    self.at += close.len();
                    return text;
                }
                self.at += close.len();
            } else if self.looking_at(open) {
                depth += 1;
                self.at += open.len();
            } else if self.peek() == Some('\\') {
                self.at += 2;
            } else {
                self.at += 1;
            }
        }
        self.broken = true;
        self.text(start, self.at)
    }
}

/// The names of variables that a text of arithmetic or a parameter expansion may use.
fn names_in(text: &str) -> Vec<String> {
    text.split(|c: char| c != '_' && !c.is_ascii_alphanumeric())
        .filter(|name| is_name(name))
        .map(str::to_owned)
        .collect()
}
