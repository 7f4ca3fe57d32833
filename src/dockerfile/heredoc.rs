//! What counts as a heredoc, as BuildKit's `ParseHeredoc` and `heredocsFromLine` decide it.

use super::ast::Heredoc;
use super::expand::{ExpandError, Lexer};

/// The `<<EOF` of a heredoc.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) name: String,
    pub(super) expand: bool,
    pub(super) chomp: bool,
}

impl Mark {
    /// Joins the mark with its body, tabs removed where `<<-` says so.
    pub(super) fn with_body(&self, body: &str) -> Heredoc {
        let raw = body.to_owned();
        let body = if self.chomp { without_leading_tabs(body) } else { raw.clone() };
        Heredoc { name: self.name.clone(), body, raw, expand: self.expand, chomp: self.chomp }
    }
}

/// Finds the heredocs of a whole logical line; none where its quotes do not match.
pub(super) fn marks_in_line(line: &str) -> Result<Vec<Mark>, ExpandError> {
    // A backslash escapes here whatever the escape directive says, as in BuildKit.
    let lexer = Lexer { raw_quotes: true, raw_escapes: true, skip_unset_env: true, ..Lexer::new('\\') };
    let words = lexer.process_words(line, &|_| None).unwrap_or_default();
    words.iter().filter_map(|word| mark_in_word(word).transpose()).collect()
}

/// Reads one word as a heredoc: digits, `<<`, an optional `-`, and a name without `<`.
pub(super) fn mark_in_word(word: &str) -> Result<Option<Mark>, ExpandError> {
    let rest = word.trim_start_matches(|c: char| c.is_ascii_digit());
    let Some(rest) = rest.strip_prefix("<<") else { return Ok(None) };
    let (rest, chomp) = rest.strip_prefix('-').map_or((rest, false), |rest| (rest, true));
    let rest = rest.trim_start_matches(['\t', '\n', '\u{c}', '\r', ' ']);
    if rest.is_empty() || rest.contains('<') {
        return Ok(None);
    }
    let lexer = Lexer { skip_unset_env: true, ..Lexer::new('\\') };
    let words = lexer.process_words(rest, &|_| None)?;
    let [name] = words.as_slice() else { return Ok(None) };
    let raw = Lexer { raw_quotes: true, ..lexer }.process_words(rest, &|_| None)?;
    // A quote that went away means that some part of the name was quoted.
    let expand = raw.first().is_some_and(|raw| quotes(raw) == quotes(name));
    Ok(Some(Mark { name: name.clone(), expand, chomp }))
}

/// Tells whether the text of a RUN's line is one heredoc and nothing else (`<<EOF`, `3<<-"E F"`).
pub(crate) fn is_lone(line: &str) -> bool {
    matches!(mark_in_word(line), Ok(Some(_)))
}

fn quotes(word: &str) -> usize {
    word.matches(['\'', '"']).count()
}

fn without_leading_tabs(body: &str) -> String {
    body.split_inclusive('\n').map(|line| line.trim_start_matches('\t')).collect()
}
