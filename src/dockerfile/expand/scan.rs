//! One pass over a word.

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::str::Chars;

use super::pattern::Pattern;
use super::{ExpandReason, Lexer, Lookup};

/// The state of one pass.
pub(super) struct Scan<'a> {
    lexer: Lexer,
    chars: Peekable<Chars<'a>>,
    env: &'a Lookup<'a>,
    /// The word under construction. BuildKit shares one buffer between nested `${…}`, so that the part of a
    /// word before a `${x:-y}` is lost when splitting; the buffer is shared here as well.
    buffer: String,
    pub(super) matched: BTreeSet<String>,
    pub(super) unmatched: BTreeSet<String>,
}

/// The words of one level of nesting.
#[derive(Default)]
struct Words {
    done: Vec<String>,
    in_word: bool,
}

impl Words {
    fn add(&mut self, buffer: &mut String, ch: char) {
        if !ch.is_whitespace() {
            self.add_raw(buffer, ch);
        } else if self.in_word && !buffer.is_empty() {
            self.done.push(std::mem::take(buffer));
            self.in_word = false;
        }
    }

    fn add_raw(&mut self, buffer: &mut String, ch: char) {
        buffer.push(ch);
        self.in_word = true;
    }

    fn finish(mut self, buffer: &mut String) -> Vec<String> {
        if !buffer.is_empty() {
            self.done.push(std::mem::take(buffer));
        }
        self.done
    }
}

type Result<T> = std::result::Result<T, ExpandReason>;

impl<'a> Scan<'a> {
    pub(super) fn new(lexer: Lexer, word: &'a str, env: &'a Lookup<'a>) -> Self {
        // Go's text/scanner drops a byte order mark at the start of what it reads.
        let chars = word.strip_prefix('\u{feff}').unwrap_or(word).chars().peekable();
        Self {
            lexer,
            chars,
            env,
            buffer: String::new(),
            matched: BTreeSet::new(),
            unmatched: BTreeSet::new(),
        }
    }

    /// Reads to the end: the text and its words.
    pub(super) fn run(&mut self) -> Result<(String, Vec<String>)> {
        self.until(None, self.lexer.raw_escapes)
    }

    /// Reads up to `stop`, which is consumed; without one, to the end.
    fn until(&mut self, stop: Option<char>, raw_escapes: bool) -> Result<(String, Vec<String>)> {
        let outer = std::mem::replace(&mut self.lexer.raw_escapes, raw_escapes);
        let read = self.until_inner(stop);
        self.lexer.raw_escapes = outer;
        read
    }

    fn until_inner(&mut self, stop: Option<char>) -> Result<(String, Vec<String>)> {
        self.buffer.clear();
        let mut text = String::new();
        let mut words = Words::default();
        while let Some(&ch) = self.chars.peek() {
            if Some(ch) == stop {
                self.chars.next();
                return Ok((text, words.finish(&mut self.buffer)));
            }
            match ch {
                '$' => {
                    let value = self.dollar()?;
                    value.chars().for_each(|c| words.add(&mut self.buffer, c));
                    text.push_str(&value);
                }
                '<' => self.raw_piece(Self::heredoc_mark, &mut text, &mut words)?,
                '\'' if !self.lexer.skip_process_quotes => {
                    self.raw_piece(Self::single_quoted, &mut text, &mut words)?;
                }
                '"' if !self.lexer.skip_process_quotes => {
                    self.raw_piece(Self::double_quoted, &mut text, &mut words)?;
                }
                _ if ch == self.lexer.escape => {
                    self.chars.next();
                    if self.lexer.raw_escapes {
                        words.add_raw(&mut self.buffer, ch);
                        text.push(ch);
                    }
                    // An escape at the end stands for nothing.
                    let Some(escaped) = self.chars.next() else { break };
                    words.add_raw(&mut self.buffer, escaped);
                    text.push(escaped);
                }
                _ => {
                    self.chars.next();
                    words.add(&mut self.buffer, ch);
                    text.push(ch);
                }
            }
        }
        match stop {
            None => Ok((text, words.finish(&mut self.buffer))),
            Some('/') => Err(ExpandReason::MissingSlash),
            Some(_) => Err(ExpandReason::MissingBrace),
        }
    }

    /// Adds what `read` reads as one unbreakable piece of the word.
    fn raw_piece(
        &mut self,
        read: fn(&mut Self) -> Result<String>,
        text: &mut String,
        words: &mut Words,
    ) -> Result<()> {
        let piece = read(self)?;
        text.push_str(&piece);
        self.buffer.push_str(&piece);
        words.in_word = true;
        Ok(())
    }

    fn single_quoted(&mut self) -> Result<String> {
        let mut text = String::new();
        let raw = self.lexer.raw_quotes;
        self.chars.next();
        if raw {
            text.push('\'');
        }
        loop {
            match self.chars.next() {
                None => return Err(ExpandReason::OpenQuote("single")),
                Some('\'') => {
                    if raw {
                        text.push('\'');
                    }
                    return Ok(text);
                }
                Some(ch) => text.push(ch),
            }
        }
    }

    fn double_quoted(&mut self) -> Result<String> {
        let mut text = String::new();
        let raw = self.lexer.raw_quotes;
        self.chars.next();
        if raw {
            text.push('"');
        }
        loop {
            let Some(&ch) = self.chars.peek() else { return Err(ExpandReason::OpenQuote("double")) };
            if ch == '$' {
                text.push_str(&self.dollar()?);
                continue;
            }
            self.chars.next();
            if ch == '"' {
                if raw {
                    text.push('"');
                }
                return Ok(text);
            }
            if ch != self.lexer.escape {
                text.push(ch);
                continue;
            }
            if self.lexer.raw_escapes {
                text.push(ch);
            }
            match self.chars.peek() {
                None => {}
                // Only these can be escaped between double quotes; any other escape stays as it is.
                Some(&next) if next == '"' || next == '$' || next == self.lexer.escape => {
                    text.push(next);
                    self.chars.next();
                }
                Some(_) => text.push(ch),
            }
        }
    }

    /// `<`, or `<<` with the blanks after it, so that `<< EOF` is one word.
    #[allow(clippy::unnecessary_wraps, reason = "one of the readers that raw_piece takes")]
    fn heredoc_mark(&mut self) -> Result<String> {
        self.chars.next();
        let mut text = String::from("<");
        if self.chars.next_if_eq(&'<').is_some() {
            text.push('<');
            while let Some(blank) = self.chars.next_if(|c| matches!(c, '\t' | '\r' | ' ')) {
                text.push(blank);
            }
        }
        Ok(text)
    }

    fn dollar(&mut self) -> Result<String> {
        self.chars.next();
        if self.chars.next_if_eq(&'{').is_some() {
            return self.braced();
        }
        let name = self.name();
        if name.is_empty() {
            return Ok("$".to_owned());
        }
        match self.get(&name) {
            None if self.lexer.skip_unset_env => Ok(format!("${name}")),
            value => Ok(value.unwrap_or_default()),
        }
    }

    /// What follows `${`.
    fn braced(&mut self) -> Result<String> {
        match self.chars.peek() {
            None => return Err(ExpandReason::MissingBrace),
            Some('{' | '}' | ':') => return Err(ExpandReason::BadSubstitution),
            Some(_) => {}
        }
        let name = self.name();
        match self.chars.next() {
            None => Err(ExpandReason::MissingBrace),
            Some('}') => match self.get(&name) {
                None if self.lexer.skip_unset_env => Ok(format!("${{{name}}}")),
                value => Ok(value.unwrap_or_default()),
            },
            Some(':') => {
                let modifier = self.chars.next();
                match modifier {
                    Some(m @ ('-' | '+' | '?')) => self.conditional(&name, m, true),
                    Some(m) if !matches!(m, '#' | '%') => self.unknown(&name, m),
                    _ => Err(unknown_modifier(modifier)),
                }
            }
            Some(m @ ('-' | '+' | '?')) => self.conditional(&name, m, false),
            Some(m @ ('#' | '%')) => self.trimmed(&name, m),
            Some('/') => self.replaced(&name),
            Some(other) => Err(ExpandReason::UnknownModifier(other.to_string())),
        }
    }

    /// `${name-word}`, `${name+word}`, `${name?word}`, and the same with a colon (`empty_is_unset`).
    fn conditional(&mut self, name: &str, modifier: char, empty_is_unset: bool) -> Result<String> {
        let (word, _) = self.until(Some('}'), false)?;
        let value = self.get(name);
        if value.is_none() && self.lexer.skip_unset_env {
            let colon = if empty_is_unset { ":" } else { "" };
            return Ok(format!("${{{name}{colon}{modifier}{word}}}"));
        }
        let is_set = value.is_some();
        let present = value.filter(|v| !(empty_is_unset && v.is_empty()));
        match (modifier, present) {
            ('-', present) => Ok(present.unwrap_or(word)),
            ('+', Some(_)) => Ok(word),
            ('+', None) => Ok(String::new()),
            (_, Some(value)) => Ok(value),
            (_, None) => {
                let message = match (word.is_empty(), is_set) {
                    (false, _) => word,
                    (true, false) => "is not allowed to be unset".to_owned(),
                    (true, true) => "is not allowed to be empty".to_owned(),
                };
                Err(ExpandReason::Required { name: name.to_owned(), message })
            }
        }
    }

    /// `${name:…}` with a modifier of the shell's that is not known here, such as `:=` or `:0:3`: an error, but
    /// left as written where unset names are. That decides whether a RUN with one has heredocs.
    fn unknown(&mut self, name: &str, modifier: char) -> Result<String> {
        let (word, _) = self.until(Some('}'), false)?;
        match self.get(name) {
            None if self.lexer.skip_unset_env => Ok(format!("${{{name}:{modifier}{word}}}")),
            _ => Err(unknown_modifier(Some(modifier))),
        }
    }

    /// `${name#pattern}`, `${name%pattern}`, and doubled for the longest match.
    fn trimmed(&mut self, name: &str, modifier: char) -> Result<String> {
        let (word, _) = self.until(Some('}'), true)?;
        let value = self.get(name);
        if value.is_none() && self.lexer.skip_unset_env {
            return Ok(format!("${{{name}{modifier}{word}}}"));
        }
        let value = value.unwrap_or_default();
        let (pattern, greedy) = match word.strip_prefix(modifier) {
            Some(rest) => (rest, true),
            None => (word.as_str(), false),
        };
        let pattern = match modifier {
            '#' => Pattern::new(pattern, greedy)?,
            _ => Pattern::backwards(pattern, greedy)?,
        };
        Ok(if modifier == '#' { pattern.trim_prefix(&value) } else { pattern.trim_suffix(&value) })
    }

    /// `${name/pattern/replacement}`, and `//` for every match.
    fn replaced(&mut self, name: &str) -> Result<String> {
        let all = self.chars.next_if_eq(&'/').is_some();
        let (pattern, _) = self.until(Some('/'), true)?;
        let (replacement, _) = self.until(Some('}'), true)?;
        let value = self.get(name);
        if value.is_none() && self.lexer.skip_unset_env {
            // The original forgets the second slash of `//` here.
            return Ok(format!("${{{name}/{pattern}/{replacement}}}"));
        }
        let value = value.unwrap_or_default();
        let pattern = Pattern::new(&pattern, true)?;
        Ok(if all {
            pattern.replace_all(&value, &replacement)
        } else {
            pattern.replace_first(&value, &replacement)
        })
    }

    /// A variable's name: a special parameter, a run of digits, or letters, digits and underscores.
    fn name(&mut self) -> String {
        let first = self.chars.peek().copied();
        let part: fn(&char) -> bool = match first {
            Some(c) if c.is_numeric() => |c| c.is_numeric(),
            Some('@' | '*' | '#' | '?' | '-' | '$' | '!') => {
                return self.chars.next().map(String::from).unwrap_or_default();
            }
            _ => |&c| c.is_alphanumeric() || c == '_',
        };
        std::iter::from_fn(|| self.chars.next_if(part)).collect()
    }

    fn get(&mut self, name: &str) -> Option<String> {
        let value = (self.env)(name);
        let seen = if value.is_some() { &mut self.matched } else { &mut self.unmatched };
        seen.insert(name.to_owned());
        value
    }
}

fn unknown_modifier(after_colon: Option<char>) -> ExpandReason {
    ExpandReason::UnknownModifier(format!(":{}", after_colon.map_or(String::new(), String::from)))
}
