//! The patterns of `${v#p}`, `${v%p}` and `${v/p/r}`: `*`, `?`, and escapes, no brackets.

use super::ExpandReason;

/// A pattern ready to match.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    tokens: Vec<Token>,
    greedy: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Literal(char),
    One,
    Many,
}

impl Token {
    /// `*` and `?` do not match a line break, as in the regular expressions BuildKit makes of them.
    fn matches(self, ch: char) -> bool {
        match self {
            Self::Literal(literal) => literal == ch,
            Self::One | Self::Many => ch != '\n',
        }
    }
}

impl Pattern {
    /// Reads a pattern; `greedy` makes `*` take as much as it can.
    pub(super) fn new(pattern: &str, greedy: bool) -> Result<Self, ExpandReason> {
        let mut tokens = Vec::new();
        // As Go's text/scanner does.
        let mut chars = pattern.strip_prefix('\u{feff}').unwrap_or(pattern).chars();
        while let Some(ch) = chars.next() {
            tokens.push(match ch {
                '*' => Token::Many,
                '?' => Token::One,
                '\\' => match chars.next() {
                    // `}` and `/` are escaped for the sake of `${…}`, not of the pattern.
                    Some(escaped @ ('}' | '/' | '*' | '?' | '\\')) => Token::Literal(escaped),
                    _ => return Err(bad_pattern(pattern)),
                },
                literal => Token::Literal(literal),
            });
        }
        Ok(Self { tokens, greedy })
    }

    /// Reads a pattern from its end: a match at the end of a text is one at the start of both reversed, so that
    /// the shortest is found as well. A backslash alone at the end, which only another escape character allows,
    /// comes to stand before what is then first.
    pub(super) fn backwards(pattern: &str, greedy: bool) -> Result<Self, ExpandReason> {
        let mut reversed = Vec::new();
        let mut chars = pattern.chars();
        while let Some(ch) = chars.next() {
            match (ch, chars.clone().next()) {
                ('\\', Some(escaped)) => {
                    chars.next();
                    reversed.extend([escaped, ch]);
                }
                _ => reversed.push(ch),
            }
        }
        let reversed: String = reversed.into_iter().rev().collect();
        Self::new(&reversed, greedy).map_err(|_| bad_pattern(pattern))
    }

    /// Removes what the pattern matches at the start.
    pub(super) fn trim_prefix(&self, value: &str) -> String {
        let chars: Vec<char> = value.chars().collect();
        let end = match_at(&self.tokens, self.greedy, &chars, 0).unwrap_or(0);
        chars[end..].iter().collect()
    }

    /// Removes what a pattern read backwards matches at the end.
    pub(super) fn trim_suffix(&self, value: &str) -> String {
        let chars: Vec<char> = value.chars().rev().collect();
        let end = match_at(&self.tokens, self.greedy, &chars, 0).unwrap_or(0);
        chars[end..].iter().rev().collect()
    }

    /// Replaces the first match, the replacement taken as it is.
    pub(super) fn replace_first(&self, value: &str, replacement: &str) -> String {
        let chars: Vec<char> = value.chars().collect();
        match self.find(&chars, 0) {
            None => value.to_owned(),
            Some((start, end)) => chars[..start]
                .iter()
                .copied()
                .chain(replacement.chars())
                .chain(chars[end..].iter().copied())
                .collect(),
        }
    }

    /// Replaces every match. `$0` in the replacement is the match and `$name` is nothing, as in Go's
    /// `Regexp.ReplaceAllString`, which BuildKit hands it to.
    pub(super) fn replace_all(&self, value: &str, replacement: &str) -> String {
        let chars: Vec<char> = value.chars().collect();
        let mut out = String::new();
        let (mut from, mut last_end) = (0, 0);
        while let Some((start, end)) = self.find(&chars, from) {
            out.extend(&chars[last_end..start]);
            // An empty match right after another match is not replaced a second time.
            if end > last_end || start == 0 {
                fill_template(&mut out, replacement, &chars[start..end]);
            }
            last_end = end;
            from = end.max(from + 1);
            if from > chars.len() {
                break;
            }
        }
        out.extend(&chars[last_end..]);
        out
    }

    /// The leftmost match at or after `from`.
    fn find(&self, chars: &[char], from: usize) -> Option<(usize, usize)> {
        (from..=chars.len())
            .find_map(|start| match_at(&self.tokens, self.greedy, chars, start).map(|end| (start, end)))
    }
}

/// Where a match that starts at `start` ends.
///
/// Walks the alternatives in the order of preference and never visits a pair of positions twice, so that the time is
/// bounded by the product of the lengths.
fn match_at(tokens: &[Token], greedy: bool, chars: &[char], start: usize) -> Option<usize> {
    let width = chars.len() + 1 - start;
    let mut visited = vec![false; (tokens.len() + 1) * width];
    let mut pending = vec![(0, start)];
    while let Some((token, at)) = pending.pop() {
        let Some(&current) = tokens.get(token) else { return Some(at) };
        if std::mem::replace(&mut visited[token * width + at - start], true) {
            continue;
        }
        let fits = chars.get(at).is_some_and(|&ch| current.matches(ch));
        match current {
            Token::Many => {
                let longer = fits.then_some((token, at + 1));
                let done = Some((token + 1, at));
                let (first, second) = if greedy { (longer, done) } else { (done, longer) };
                pending.extend(second);
                pending.extend(first);
            }
            Token::One | Token::Literal(_) if fits => pending.push((token + 1, at + 1)),
            Token::One | Token::Literal(_) => {}
        }
    }
    None
}

/// Appends a replacement in which `$0` or `${0}` is the match, `$$` a dollar, and any other `$name` nothing.
fn fill_template(out: &mut String, template: &str, matched: &[char]) {
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        if let Some(tail) = after.strip_prefix('$') {
            out.push('$');
            rest = tail;
            continue;
        }
        let (inner, braced) = after.strip_prefix('{').map_or((after, false), |inner| (inner, true));
        let length = inner.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(inner.len());
        let (name, tail) = inner.split_at(length);
        let tail = if braced { tail.strip_prefix('}') } else { Some(tail) };
        match tail {
            Some(tail) if !name.is_empty() => {
                if name == "0" {
                    out.extend(matched);
                }
                rest = tail;
            }
            // Not the name of anything: the dollar stays.
            _ => {
                out.push('$');
                rest = after;
            }
        }
    }
    out.push_str(rest);
}

/// What is wrong with a pattern: the first backslash in it that escapes nothing.
fn bad_pattern(pattern: &str) -> ExpandReason {
    let mut chars = pattern.chars();
    let mut escape = String::new();
    while let Some(ch) = chars.next() {
        if ch == '\\' {
            match chars.next() {
                Some('}' | '/' | '*' | '?' | '\\') => {}
                other => {
                    escape = other.map(String::from).unwrap_or_default();
                    break;
                }
            }
        }
    }
    ExpandReason::BadPattern { pattern: pattern.to_owned(), escape }
}
