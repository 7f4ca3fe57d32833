//! Lists of patterns as moby's patternmatcher reads them: .dockerignore, --exclude, --parents.

use super::glob::{self, BadPattern, Class};

/// A list of patterns of which the last that matches decides; `!` turns a match round.
///
/// Written after moby/patternmatcher: `*` and `?` stay within a directory, `**` does not, a match of a parent
/// directory counts for all below it. Three kinds of pattern are compared as plain text there, which is not
/// always what the general reading would give: `a` exactly, `a**` as a beginning, `**a` as an end.
#[derive(Debug, Clone, Default)]
pub(super) struct Patterns {
    list: Vec<Pattern>,
}

/// Which patterns of a list have matched a directory or one above it.
pub(super) type Matched = Box<[bool]>;

#[derive(Debug, Clone)]
struct Pattern {
    text: String,
    negated: bool,
    form: Form,
}

#[derive(Debug, Clone)]
enum Form {
    Exact,
    Beginning(String),
    End(String),
    General(Vec<Token>),
}

#[derive(Debug, Clone)]
enum Token {
    Char(char),
    One,
    Run,
    Class(Class),
    /// `**` or `**/` before more: nothing, or anything up to a slash.
    Dirs,
    /// `**` at the end.
    Rest,
}

/// Why a list of patterns cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BadEntry {
    /// Which of the patterns.
    pub index: usize,
    /// What is wrong with it.
    pub bad: BadPattern,
}

/// Cleans a pattern the way Go's `filepath.Clean` does: unlike a path of the context, it keeps a leading
/// slash and leading `..`, both of which then match nothing.
pub(super) fn clean(pattern: &str) -> String {
    let rooted = pattern.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in pattern.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|p| *p != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            name => parts.push(name),
        }
    }
    let joined = parts.join("/");
    match (rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_string(),
        (false, false) => joined,
    }
}

impl Patterns {
    /// Reads patterns; blank ones are left out and do not shift the index of an error.
    pub fn new<S: AsRef<str>>(patterns: &[S]) -> Result<Self, BadEntry> {
        let mut list = Vec::new();
        for (index, text) in patterns.iter().enumerate() {
            let text = text.as_ref().trim();
            if !text.is_empty() {
                list.push(Pattern::new(&clean(text)).map_err(|bad| BadEntry { index, bad })?);
            }
        }
        Ok(Self { list })
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Judges a path whose directory was judged before (none: a path without a directory, or not judged).
    ///
    /// Yields what a file's own judgement is, which patterns matched, for what lies below, and which pattern
    /// decided. As in patternmatcher, a pattern that could not change the outcome is not tried.
    pub fn judge(&self, path: &str, parent: Option<&Matched>) -> (bool, Matched, Option<usize>) {
        let mut all = vec![false; self.list.len()].into_boxed_slice();
        let (mut ignored, mut decided) = (false, None);
        for (i, pattern) in self.list.iter().enumerate() {
            let matched = parent.is_some_and(|p| p[i])
                || pattern.negated == ignored
                    && (pattern.matches(path) || parent.is_none() && above(path).any(|p| pattern.matches(p)));
            all[i] = matched;
            if matched {
                ignored = !pattern.negated;
                decided = Some(i);
            }
        }
        (ignored, all, decided)
    }

    /// Judges a path from the root down, directory by directory.
    pub fn judge_path(&self, path: &str) -> (bool, Option<usize>) {
        let mut matched = None;
        for dir in above(path) {
            matched = Some(self.judge(dir, matched.as_ref()).1);
        }
        let (ignored, _, decided) = self.judge(path, matched.as_ref());
        (ignored, decided)
    }

    /// Tells whether an exception may bring back something below a directory that is ignored.
    ///
    /// Like BuildKit's walk: exceptions without wildcards (but for `/*` or `/**` at their end) bring back only
    /// what they lead to; any other makes the walk look everywhere.
    pub fn may_return_below(&self, dir: &str) -> bool {
        let mut exceptions = self.list.iter().filter(|p| p.negated).map(|p| {
            let text = p.text.strip_suffix("/**").unwrap_or(&p.text);
            text.strip_suffix("/*").unwrap_or(text)
        });
        exceptions.clone().any(|p| p.contains(['*', '[', ']', '?', '^', '\\']))
            || exceptions.any(|p| super::path::is_within(p, dir))
    }

    /// Tells whether one pattern by itself matches a path, parents left aside.
    pub fn matches_alone(&self, index: usize, path: &str) -> bool {
        self.list[index].matches(path)
    }

    /// The text of a pattern, cleaned, without its `!`; and whether it had one.
    pub fn text(&self, index: usize) -> (&str, bool) {
        (&self.list[index].text, self.list[index].negated)
    }
}

/// The directories above a path, from the top.
fn above(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(i, _)| &path[..i])
}

impl Pattern {
    fn new(text: &str) -> Result<Self, BadPattern> {
        let (negated, text) = match text.strip_prefix('!') {
            Some("") => return Err(BadPattern { at: 0, why: "a ! with nothing to bring back" }),
            Some(rest) => (true, rest),
            None => (false, text),
        };
        glob::check(text)?;
        Ok(Self { form: form(text)?, text: text.to_string(), negated })
    }

    fn matches(&self, path: &str) -> bool {
        match &self.form {
            Form::Exact => path == self.text,
            Form::Beginning(start) => path.starts_with(start.as_str()),
            Form::End(end) => path.ends_with(end.as_str()) || end.strip_prefix('/') == Some(path),
            Form::General(tokens) => matches(tokens, path),
        }
    }
}

fn form(text: &str) -> Result<Form, BadPattern> {
    let is_plain = |t: &str| !t.contains(['*', '?', '[', ']', '\\']);
    if is_plain(text) {
        return Ok(Form::Exact);
    }
    if let Some(end) = text.strip_prefix("**").filter(|t| is_plain(t)) {
        return Ok(Form::End(end.to_string()));
    }
    if let Some(start) = text.strip_suffix("**").filter(|t| is_plain(t)) {
        return Ok(Form::Beginning(start.to_string()));
    }
    tokens(text).map(Form::General)
}

fn tokens(text: &str) -> Result<Vec<Token>, BadPattern> {
    let (mut out, mut at) = (Vec::new(), 0);
    while let Some(c) = text[at..].chars().next() {
        let start = at;
        at += c.len_utf8();
        let rest = &text[at..];
        out.push(match c {
            '*' if rest.starts_with('*') => {
                at += if rest.starts_with("*/") { 2 } else { 1 };
                if at == text.len() { Token::Rest } else { Token::Dirs }
            }
            '*' => Token::Run,
            '?' => Token::One,
            '[' => {
                let (class, end) = glob::class(text, start)?;
                if class.ranges.iter().any(|(lo, hi)| lo > hi) {
                    return Err(BadPattern { at: start, why: "a range that runs backwards" });
                }
                at = end;
                Token::Class(class)
            }
            // A backslash at the very end was refused before.
            '\\' => match rest.chars().next() {
                Some(next) => {
                    at += next.len_utf8();
                    Token::Char(next)
                }
                None => Token::Char('\\'),
            },
            c => Token::Char(c),
        });
    }
    Ok(out)
}

fn matches(pattern: &[Token], text: &str) -> bool {
    let Some((first, rest)) = pattern.split_first() else { return text.is_empty() };
    let next = text.chars().next();
    let one = |taken: bool| taken && matches(rest, &text[next.map_or(0, char::len_utf8)..]);
    match first {
        Token::Char(want) => one(next == Some(*want)),
        Token::One => one(next.is_some_and(|c| c != '/')),
        Token::Class(class) => one(next.is_some_and(|c| class.takes(c))),
        Token::Rest => true,
        Token::Dirs => {
            matches(rest, text) || text.match_indices('/').any(|(i, _)| matches(rest, &text[i + 1..]))
        }
        Token::Run => {
            let end = text.find('/').unwrap_or(text.len());
            (0..=end).filter(|&i| text.is_char_boundary(i)).any(|i| matches(rest, &text[i..]))
        }
    }
}
