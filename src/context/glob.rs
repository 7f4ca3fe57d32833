//! Shell patterns as Go's `path.Match` reads them, which is how BuildKit matches a COPY's wildcards.

/// A pattern of one COPY source below its fixed prefix, one part per directory level.
#[derive(Debug, Clone)]
pub(super) struct Glob {
    parts: Vec<Vec<Token>>,
    whole: Vec<Token>,
    /// A class such as `[^a]` takes a slash too, so that levels cannot be matched one by one.
    crosses: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Char(char),
    /// `?`: any character but a slash.
    One,
    /// `*`: any run without a slash.
    Run,
    Class(Class),
}

/// A character class.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Class {
    pub negated: bool,
    pub ranges: Vec<(char, char)>,
}

impl Class {
    pub fn takes(&self, c: char) -> bool {
        self.ranges.iter().any(|&(lo, hi)| lo <= c && c <= hi) != self.negated
    }
}

/// A pattern that Go calls malformed, with the byte where it goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BadPattern {
    pub at: usize,
    pub why: &'static str,
}

/// Tells whether a COPY source is a pattern: it has an unescaped `*`, `?` or `[`.
pub(super) fn has_wildcards(text: &str) -> bool {
    let mut bytes = text.bytes();
    while let Some(b) = bytes.next() {
        match b {
            b'*' | b'?' | b'[' => return true,
            b'\\' => {
                bytes.next();
            }
            _ => {}
        }
    }
    false
}

/// Splits a clean pattern into the part before the first wildcard component and the rest.
pub(super) fn split_wildcards(pattern: &str) -> (&str, &str) {
    let mut at = 0;
    for part in pattern.split('/') {
        if has_wildcards(part) {
            return (pattern[..at].trim_end_matches('/'), &pattern[at..]);
        }
        at += part.len() + 1;
    }
    (pattern, "")
}

/// Reads a class whose `[` stands at `open`; yields it and the byte after its `]`.
pub(super) fn class(text: &str, open: usize) -> Result<(Class, usize), BadPattern> {
    let unclosed = BadPattern { at: open, why: "a [ without its ]" };
    let mut at = open + 1;
    let negated = text[at..].starts_with('^');
    if negated {
        at += 1;
    }
    let mut ranges = Vec::new();
    loop {
        match text[at..].chars().next() {
            None => return Err(unclosed),
            Some(']') if ranges.is_empty() => return Err(BadPattern { at: open, why: "an empty [ ]" }),
            Some(']') => return Ok((Class { negated, ranges }, at + 1)),
            Some(_) => {}
        }
        let lo = class_char(text, &mut at, unclosed)?;
        let mut hi = lo;
        if text[at..].starts_with('-') {
            at += 1;
            hi = class_char(text, &mut at, unclosed)?;
        }
        ranges.push((lo, hi));
    }
}

fn class_char(text: &str, at: &mut usize, unclosed: BadPattern) -> Result<char, BadPattern> {
    let mut chars = text[*at..].chars();
    let mut c = chars.next().ok_or(unclosed)?;
    if c == '-' || c == ']' {
        return Err(BadPattern { at: *at, why: "a range without its end" });
    }
    *at += c.len_utf8();
    if c == '\\' {
        c = chars.next().ok_or(unclosed)?;
        *at += c.len_utf8();
    }
    Ok(c)
}

fn tokens(text: &str) -> Result<Vec<Token>, BadPattern> {
    let (mut out, mut at) = (Vec::new(), 0);
    while let Some(c) = text[at..].chars().next() {
        let start = at;
        at += c.len_utf8();
        out.push(match c {
            '*' => Token::Run,
            '?' => Token::One,
            '[' => {
                let (class, end) = class(text, start)?;
                at = end;
                Token::Class(class)
            }
            '\\' => {
                let Some(next) = text[at..].chars().next() else {
                    return Err(BadPattern { at: start, why: "a \\ with nothing to escape" });
                };
                at += next.len_utf8();
                Token::Char(next)
            }
            c => Token::Char(c),
        });
    }
    Ok(out)
}

/// Checks a pattern as Go's `filepath.Match` would.
pub(super) fn check(pattern: &str) -> Result<(), BadPattern> {
    tokens(pattern).map(drop)
}

fn matches(pattern: &[Token], text: &str) -> bool {
    let Some((first, rest)) = pattern.split_first() else { return text.is_empty() };
    if *first == Token::Run {
        let mut text = text;
        loop {
            if matches(rest, text) {
                return true;
            }
            let Some(c) = text.chars().next().filter(|&c| c != '/') else { return false };
            text = &text[c.len_utf8()..];
        }
    }
    let Some(c) = text.chars().next() else { return false };
    let taken = match first {
        Token::Char(want) => *want == c,
        Token::One => c != '/',
        Token::Class(class) => class.takes(c),
        Token::Run => unreachable!("taken above"),
    };
    taken && matches(rest, &text[c.len_utf8()..])
}

/// What a pattern says of a name at one level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// The path itself matches.
    Match,
    /// Something below may match.
    Below,
    /// Neither.
    Miss,
}

impl Glob {
    /// Reads the wildcard part of a clean source path.
    pub fn new(pattern: &str) -> Result<Self, BadPattern> {
        let whole = tokens(pattern)?;
        let crosses = whole.iter().any(|t| matches!(t, Token::Class(c) if c.takes('/')));
        let parts = whole.split(|t| *t == Token::Char('/')).map(<[Token]>::to_vec).collect();
        Ok(Self { parts, whole, crosses })
    }

    /// Judges a path below the fixed prefix; `depth` counts its directories.
    pub fn level(&self, path: &str, name: &str, depth: usize) -> Level {
        if self.crosses {
            return if matches(&self.whole, path) { Level::Match } else { Level::Below };
        }
        match self.parts.get(depth) {
            Some(part) if matches(part, name) => {
                if depth + 1 == self.parts.len() {
                    Level::Match
                } else {
                    Level::Below
                }
            }
            _ => Level::Miss,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_path_match() {
        let table = [
            ("abc", "abc", true),
            ("*", "abc", true),
            ("*c", "abc", true),
            ("a*", "a", true),
            ("a*", "ab/c", false),
            ("a*/b", "abc/b", true),
            ("a*b*c*d*e*/f", "axbxcxdxe/f", true),
            ("a*b?c*x", "abxbbxdbxebxczzx", true),
            ("a*b?c*x", "abxbbxdbxebxczzy", false),
            ("ab[c]", "abc", true),
            ("ab[b-d]", "abc", true),
            ("ab[e-g]", "abc", false),
            ("ab[^c]", "abc", false),
            ("a\\*b", "a*b", true),
            ("a\\*b", "ab", false),
            ("a?b", "a☺b", true),
            ("a[^a]b", "a☺b", true),
            ("[a-ζ]*", "α", true),
            ("*[a-ζ]", "A", false),
            ("a?b", "a/b", false),
            ("a*b", "a/b", false),
            ("a[^x]b", "a/b", true),
            ("[\\]a]", "]", true),
            ("[\\-x]", "-", true),
            ("*.json", ".json", true),
            ("*", ".env", true),
            ("**", "a", true),
        ];
        for (pattern, path, want) in table {
            assert_eq!(matches(&tokens(pattern).unwrap(), path), want, "{pattern} {path}");
        }
    }

    #[test]
    fn malformed() {
        for (pattern, at) in [
            ("[]a]", 0),
            ("[-]", 1),
            ("[x-]", 3),
            ("x[-x]", 2),
            ("[a-b-c]", 4),
            ("a[", 1),
            ("a[^", 1),
            ("a\\", 1),
        ] {
            assert_eq!(check(pattern).unwrap_err().at, at, "{pattern}");
        }
    }

    #[test]
    fn fixed_prefixes() {
        for (pattern, want) in [
            ("src/*.js", ("src", "*.js")),
            ("*.js", ("", "*.js")),
            ("a/b?/c", ("a", "b?/c")),
            ("a/b", ("a/b", "")),
            ("a\\*/b", ("a\\*/b", "")),
            ("", ("", "")),
        ] {
            assert_eq!(split_wildcards(pattern), want);
        }
    }
}
