//! A problem in a text, shown with its line and a caret.

use std::fmt;
use std::sync::Arc;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::safe::{safe, safe_lines};
use crate::context::IgnoreError;
use crate::dockerfile::{Diagnostic, DiagnosticKind};

/// A text that cannot be used: the error of commands, which knows the text it speaks of.
#[derive(Debug, Clone)]
pub struct Refused {
    /// What is wrong, and where.
    pub diagnostic: Diagnostic,
    /// Name of the file as the user knows it.
    pub file: String,
    /// Its text.
    pub text: Arc<str>,
}

impl std::error::Error for Refused {}

impl fmt::Display for Refused {
    /// One line: `Dockerfile:3:5: message`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Diagnostic { line, column, message, .. } = &self.diagnostic;
        write!(f, "{}", safe(&self.file))?;
        if *line > 0 {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", safe(message))
    }
}

impl Refused {
    /// Refuses a line of an ignore file.
    pub fn ignore_file(error: &IgnoreError, file: String, text: &str) -> Self {
        let body = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mark = text.len() - body.len();
        let lines = body.split_inclusive('\n');
        let start = mark + lines.clone().take(error.line - 1).map(str::len).sum::<usize>();
        let line = lines.clone().nth(error.line - 1).unwrap_or_default().trim_end();
        let column = line.char_indices().nth(error.column - 1).map_or(line.len(), |(at, _)| at);
        let span = start + column..start + line.len().max(column);
        let diagnostic = Diagnostic::at(DiagnosticKind::Parse, text, span, error.message.clone());
        Self { diagnostic, file, text: Arc::from(text) }
    }

    /// Renders it with its line, a caret and what to do, in colours that the stream may take out again.
    pub fn render(&self) -> String {
        let Diagnostic { message, help, span, .. } = &self.diagnostic;
        let (message, file) = (safe(message), safe(&self.file));
        let help = help.as_deref().map(safe);
        let text = display(&self.text);
        // What is shown of a text is that of its parts, one after the other, so a place in it is found so.
        let at = |byte: usize| display(&self.text[..floor(&self.text, byte)]).len();
        let title = Level::ERROR.primary_title(&*message);
        let mut group = match span {
            Some(span) => {
                let shown = at(span.start)..at(one_line(&self.text, span.clone()).end);
                let mark = AnnotationKind::Primary.span(shown);
                title.element(Snippet::source(&text).path(&*file).annotation(mark))
            }
            None => title.element(annotate_snippets::Origin::path(&*file)),
        };
        if let Some(help) = &help {
            group = group.element(Level::HELP.message(&**help));
        }
        Renderer::styled().decor_style(DecorStyle::Ascii).render(&[group])
    }
}

/// A text as it is shown: without the byte order mark and the CRs that every line of some editors has.
fn display(text: &str) -> String {
    safe_lines(&text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n")).into_owned()
}

/// The part of a span on its first line: a caret under a whole heredoc says less than one under its beginning.
fn one_line(text: &str, span: std::ops::Range<usize>) -> std::ops::Range<usize> {
    let start = floor(text, span.start);
    let end = floor(text, span.end).max(start);
    let line = text[start..end].find('\n').map_or(end, |n| start + n);
    start..(start + text[start..line].trim_end_matches('\r').len())
}

fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Ignore;

    fn plain(refused: &Refused) -> String {
        anstream::adapter::strip_str(&refused.render()).to_string()
    }

    fn refuse(text: &str) -> Refused {
        let diagnostic = crate::dockerfile::parse(text).expect_err("not a Dockerfile");
        Refused { diagnostic, file: "Dockerfile".into(), text: text.into() }
    }

    #[test]
    fn a_misspelt_instruction_is_shown_with_its_line_and_what_was_meant() {
        insta::assert_snapshot!(plain(&refuse("FROM alpine\nCOPPY . .\n")));
    }

    #[test]
    fn control_characters_before_the_place_do_not_move_the_caret() {
        insta::assert_snapshot!(plain(&refuse("FROM alpine\nRUN printf '\x1b[31m'\n\u{202e}\x07OOPS\n")));
    }

    #[test]
    fn a_bad_pattern_is_shown_in_its_ignore_file() {
        let text = "\u{feff}# all\r\nnode_modules\r\n  a[b\r\n";
        let error = Ignore::parse(text).expect_err("a bad pattern");
        let refused = Refused::ignore_file(&error, ".dockerignore".into(), text);
        insta::assert_snapshot!(format!("{refused}\n{}", plain(&refused)));
    }
}
