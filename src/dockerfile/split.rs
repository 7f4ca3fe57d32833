//! A logical line to keyword, flags and arguments; arguments to words. BuildKit's `split_command.go` and
//! `line_parsers.go`.

use super::ast::Span;

/// A keyword with its flags and the rest of its line. Spans are in the logical line.
#[derive(Debug, Clone)]
pub(super) struct Split<'a> {
    pub(super) keyword: &'a str,
    pub(super) keyword_span: Span,
    pub(super) flags: Vec<RawFlag>,
    /// What stands after the flags, trimmed.
    pub(super) args: &'a str,
    pub(super) args_span: Span,
}

/// A `--name=value` as written, quotes and escapes removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RawFlag {
    pub(super) text: String,
    pub(super) span: Span,
}

/// Blanks that separate words: `reWhitespace` of BuildKit.
pub(super) fn is_separator(c: char) -> bool {
    matches!(c, '\t' | '\u{b}' | '\u{c}' | '\r' | ' ')
}

/// Splits a logical line, or the part of one that starts at `base`.
pub(super) fn split_command(line: &str, base: usize, escape: char) -> Split<'_> {
    let trimmed = line.trim();
    let start = base + (line.len() - line.trim_start().len());
    let keyword_end = trimmed.find(is_separator).unwrap_or(trimmed.len());
    let (keyword, rest) = trimmed.split_at(keyword_end);
    let after = rest.trim_start_matches(is_separator);
    let after_start = start + trimmed.len() - after.len();
    let (flags, consumed) = leading_flags(after, after_start, escape);
    let args = after[consumed..].trim();
    let args_start =
        after_start + consumed + (after[consumed..].len() - after[consumed..].trim_start().len());
    Split {
        keyword,
        keyword_span: start..start + keyword_end,
        flags,
        args,
        args_span: args_start..args_start + args.len(),
    }
}

/// Reads the words at the start that begin with `--`; returns them and where the rest begins.
///
/// BuildKit walks the bytes here and takes each for a character of its own, so a flag's value that is not ASCII comes
/// out as Latin-1 does when UTF-8 is read as it. That is kept: such a value is what the daemon would get.
fn leading_flags(line: &str, base: usize, escape: char) -> (Vec<RawFlag>, usize) {
    let mut flags = Vec::new();
    let mut at = 0;
    loop {
        at += line.as_bytes()[at..].iter().take_while(|&&b| is_byte_blank(b)).count();
        if !line.as_bytes()[at..].starts_with(b"--") {
            return (flags, boundary(line, at));
        }
        let (text, end) = flag_word(line.as_bytes(), at, escape as u8);
        // A bare `--` ends the flags; at the end of the line it is nothing.
        if text == "--" {
            return (flags, boundary(line, end));
        }
        let span = base + at..base + boundary(line, end);
        flags.push(RawFlag { text, span });
        at = end;
    }
}

/// Reads one flag from `at` to the next blank outside of quotes.
fn flag_word(bytes: &[u8], mut at: usize, escape: u8) -> (String, usize) {
    let mut text = String::new();
    let mut quote = None;
    while let Some(&byte) = bytes.get(at) {
        if quote.is_none() && is_byte_blank(byte) {
            break;
        }
        at += 1;
        match quote {
            None if byte == b'\'' || byte == b'"' => quote = Some(byte),
            Some(open) if byte == open => quote = None,
            _ if byte == escape => {
                // An escape at the end of the line stands for nothing.
                if let Some(&escaped) = bytes.get(at) {
                    text.push(char::from(escaped));
                    at += 1;
                }
            }
            _ => text.push(char::from(byte)),
        }
    }
    (text, at)
}

/// The first character boundary at or after a byte.
fn boundary(line: &str, at: usize) -> usize {
    (at..line.len()).find(|&at| line.is_char_boundary(at)).unwrap_or(line.len())
}

/// Go's `unicode.IsSpace` of a byte taken for a character.
fn is_byte_blank(byte: u8) -> bool {
    char::from(byte).is_whitespace()
}

/// Splits arguments at blanks, each word with its place in the logical line.
pub(super) fn blank_separated(args: &str, base: usize) -> Vec<(&str, Span)> {
    let mut words = Vec::new();
    let mut at = 0;
    while at < args.len() {
        let length = args[at..].find(is_separator).unwrap_or(args.len() - at);
        words.push((&args[at..at + length], base + at..base + at + length));
        let rest = &args[at + length..];
        at = args.len() - rest.trim_start_matches(is_separator).len();
    }
    words
}

/// Splits arguments at blanks outside of quotes; quotes and escapes stay (BuildKit's `parseWords`).
pub(super) fn quoted_words(args: &str, base: usize, escape: char) -> Vec<(String, Span)> {
    let mut words = Vec::new();
    let mut chars = args.char_indices().peekable();
    while let Some(&(start, first)) = chars.peek() {
        if first.is_whitespace() {
            chars.next();
            continue;
        }
        let mut word = String::new();
        let mut quote = None;
        while let Some((_, ch)) = chars.next_if(|&(_, ch)| quote.is_some() || !ch.is_whitespace()) {
            if quote == Some(ch) {
                quote = None;
            } else if quote.is_none() && matches!(ch, '\'' | '"') {
                quote = Some(ch);
            } else if ch == escape && quote != Some('\'') {
                // Together with what it escapes; alone at the end it stands for nothing.
                let Some((_, escaped)) = chars.next() else { break };
                word.extend([ch, escaped]);
                continue;
            }
            word.push(ch);
        }
        let end = chars.peek().map_or(args.len(), |&(at, _)| at);
        if !word.is_empty() {
            words.push((word, base + start..base + end));
        }
    }
    words
}
