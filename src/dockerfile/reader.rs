//! Lines to logical lines: parser directives, comments, continuations and heredoc bodies, as BuildKit's
//! `parser.Parse` reads them.

use std::collections::HashSet;

use super::ast::{Comment, Directive, Span};
use super::diagnostic::Diagnostic;

/// The longest line that BuildKit reads, in bytes without its line feed (Go's `bufio.Scanner`).
const MAX_LINE: usize = 65535;

/// A line of the source with its line break.
#[derive(Debug, Clone, Copy)]
struct RawLine<'a> {
    text: &'a str,
    start: usize,
    number: usize,
}

impl<'a> RawLine<'a> {
    /// The line without carriage returns and line feeds at its end.
    fn content(self) -> &'a str {
        self.text.trim_end_matches(['\r', '\n'])
    }

    fn is_comment(self) -> bool {
        self.text.trim_start().starts_with('#')
    }

    fn end(self) -> usize {
        self.start + self.content().len()
    }
}

/// One of the joined lines.
#[derive(Debug, Clone, Copy)]
struct Piece {
    /// Where it begins in the joined text.
    joined: usize,
    /// Where it begins in the source.
    source: usize,
    /// Its line in the source, from 1.
    number: usize,
}

/// An instruction's lines joined to one, with the way back to the source.
#[derive(Debug, Clone, Default)]
pub(super) struct LogicalLine {
    /// The joined text: blanks before the first line are gone, all others are there.
    pub(super) text: String,
    pieces: Vec<Piece>,
    /// Comments directly above.
    pub(super) comments: Vec<Comment>,
    /// End in the source of the last line that belongs to it.
    pub(super) end: usize,
    /// Number of that line, from 1.
    pub(super) end_line: usize,
}

impl LogicalLine {
    /// Returns the place in the source of a byte of the joined text.
    pub(super) fn source_offset(&self, offset: usize) -> usize {
        let piece = self.piece_at(offset);
        piece.source + (offset - piece.joined)
    }

    /// Returns the line in the source, from 1, of a byte of the joined text.
    pub(super) fn source_line(&self, offset: usize) -> usize {
        self.piece_at(offset).number
    }

    /// The last piece that begins at or before a byte; there always is one, since a line is joined of at least one.
    fn piece_at(&self, offset: usize) -> Piece {
        self.pieces[self.pieces.partition_point(|piece| piece.joined <= offset).saturating_sub(1)]
    }

    /// Returns the place in the source of a part of the joined text; an empty part is the point before it.
    pub(super) fn source_span(&self, part: &Span) -> Span {
        let start = self.source_offset(part.start);
        match self.text[..part.end].char_indices().next_back() {
            Some((last, ch)) if part.end > part.start => start..self.source_offset(last) + ch.len_utf8(),
            _ => start..start,
        }
    }

    fn push(&mut self, text: &str, source: usize, number: usize) {
        self.pieces.push(Piece { joined: self.text.len(), source, number });
        self.text.push_str(text);
    }
}

/// Reads logical lines one after the other.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    source: &'a str,
    position: usize,
    number: usize,
    /// The escape character.
    pub(super) escape: char,
    /// The parser directives met.
    pub(super) directives: Vec<Directive>,
    directives_open: bool,
}

impl<'a> Reader<'a> {
    /// Starts at the top of a text, after a byte order mark.
    pub(super) fn new(source: &'a str) -> Self {
        let position = source.len() - source.strip_prefix('\u{feff}').unwrap_or(source).len();
        Self { source, position, number: 0, escape: '\\', directives: Vec::new(), directives_open: true }
    }

    /// Reads the next instruction, without the bodies of its heredocs.
    pub(super) fn next_line(&mut self) -> Result<Option<LogicalLine>, Diagnostic> {
        let mut comments = Vec::new();
        while let Some(raw) = self.next_raw()? {
            if self.directives_open {
                if let Some(directive) = self.directive(raw)? {
                    self.directives.push(directive);
                    continue;
                }
                self.directives_open = false;
            }
            if raw.is_comment() {
                comments.push(comment(raw));
            } else if raw.content().trim_start().is_empty() {
                comments.clear();
            } else {
                return self.join(raw, comments).map(Some);
            }
        }
        Ok(None)
    }

    /// Reads the body of a heredoc up to its end line, which is consumed; `None` if there is no such line.
    ///
    /// The body keeps its line breaks and, for `<<-`, its tabs.
    pub(super) fn heredoc_body(
        &mut self,
        name: &str,
        chomp: bool,
        line: &mut LogicalLine,
    ) -> Result<Option<String>, Diagnostic> {
        let mut body = String::new();
        while let Some(raw) = self.next_raw()? {
            line.end = raw.end();
            line.end_line = raw.number;
            let content = raw.content();
            if name == if chomp { content.trim_start_matches('\t') } else { content } {
                return Ok(Some(body));
            }
            body.push_str(raw.text);
        }
        Ok(None)
    }

    fn next_raw(&mut self) -> Result<Option<RawLine<'a>>, Diagnostic> {
        let rest = &self.source[self.position..];
        if rest.is_empty() {
            return Ok(None);
        }
        let length = rest.find('\n').map_or(rest.len(), |at| at + 1);
        let raw = RawLine { text: &rest[..length], start: self.position, number: self.number + 1 };
        if raw.text.trim_end_matches('\n').len() > MAX_LINE {
            let message = format!("this line is longer than the {MAX_LINE} bytes that BuildKit reads");
            return Err(Diagnostic::parse(self.source, raw.start..raw.start, message)
                .with_help("break the line, or move its text into a file that is copied".to_owned()));
        }
        self.position += length;
        self.number += 1;
        Ok(Some(raw))
    }

    /// Joins the continuation lines of an instruction; comments and blank lines between them are left out.
    fn join(&mut self, first: RawLine<'a>, comments: Vec<Comment>) -> Result<LogicalLine, Diagnostic> {
        let mut line = LogicalLine { comments, ..LogicalLine::default() };
        let mut raw = first;
        let mut content = first.content().trim_start();
        loop {
            line.end = raw.end();
            line.end_line = raw.number;
            let (piece, continues) = without_continuation(content, self.escape);
            line.push(piece, raw.end() - content.len(), raw.number);
            if !continues {
                return Ok(line);
            }
            loop {
                let Some(next) = self.next_raw()? else { return Ok(line) };
                raw = next;
                content = raw.content();
                if !raw.is_comment() && !content.trim_start().is_empty() {
                    break;
                }
                line.end = raw.end();
                line.end_line = raw.number;
            }
        }
    }

    /// Reads a line as a parser directive (`# escape=` and so on), which only stand at the very top.
    fn directive(&mut self, raw: RawLine<'_>) -> Result<Option<Directive>, Diagnostic> {
        let Some((name, value)) = directive_parts(raw.content().trim_start()) else { return Ok(None) };
        let span = raw.start..raw.end();
        let seen: HashSet<&str> = self.directives.iter().map(|d| d.name.as_str()).collect();
        if seen.contains(name.as_str()) {
            let message = format!("the parser directive `{name}` can be given only once");
            return Err(
                Diagnostic::parse(self.source, span, message).with_help("remove one of them".to_owned())
            );
        }
        if name == "escape" {
            self.escape = match value {
                "\\" => '\\',
                "`" => '`',
                _ => {
                    let message = format!("`{value}` cannot be the escape character");
                    return Err(Diagnostic::parse(self.source, span, message)
                        .with_help("use `# escape=\\` or `# escape=` followed by a backtick".to_owned()));
                }
            };
        }
        Ok(Some(Directive { value: value.to_owned(), name, span }))
    }
}

/// Splits `# name = value`, where the name is that of a directive.
fn directive_parts(line: &str) -> Option<(String, &str)> {
    let (name, value) = line.strip_prefix('#')?.split_once('=')?;
    let name = name.trim_start().trim_end_matches(is_ascii_blank).to_ascii_lowercase();
    let value = value.trim_matches(is_ascii_blank);
    (matches!(name.as_str(), "syntax" | "escape" | "check") && !value.is_empty()).then_some((name, value))
}

/// `\s` of Go's regular expressions.
fn is_ascii_blank(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\u{c}' | '\r' | ' ')
}

fn comment(raw: RawLine<'_>) -> Comment {
    let text = raw.content().trim_start().trim_start_matches('#').trim();
    Comment { text: text.to_owned(), span: raw.start..raw.end(), line: raw.number }
}

/// Removes an escape character at the end of a line, blanks after it included; tells whether there was one.
///
/// An escape character before it makes it an ordinary one: `\\` at the end of a line does not continue it.
fn without_continuation(line: &str, escape: char) -> (&str, bool) {
    match line.trim_end_matches([' ', '\t']).strip_suffix(escape) {
        Some(rest) if !rest.ends_with(escape) => (rest, true),
        _ => (line, false),
    }
}
