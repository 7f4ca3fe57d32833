//! Variable expansion and word splitting as BuildKit's `shell/lex.go` does it.
//!
//! The rules look like a shell's but are not: `$` and quotes are read in one pass from left to right, an
//! escape stands for the next character, `<<` keeps the blanks after it so that `<< EOF` is one word, and an
//! unknown `${x!y}` is an error. Quirks of the original are kept on purpose, each with a comment, because a
//! step's key is made of what the original would have handed on.

mod pattern;
mod scan;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use scan::Scan;

/// Looks up a variable: `None` is unset, `Some("")` is set to nothing.
pub type Lookup<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// Expands variables and removes quotes and escapes.
///
/// The options are those of BuildKit's `shell.Lex`; all are off in [`Lexer::new`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lexer {
    /// The escape character: `\` or a backtick.
    pub escape: char,
    /// Leaves quotes in the result.
    pub raw_quotes: bool,
    /// Leaves escape characters in the result.
    pub raw_escapes: bool,
    /// Leaves `$name` as written where the variable is not set.
    pub skip_unset_env: bool,
    /// Treats quotes as ordinary characters.
    pub skip_process_quotes: bool,
}

/// What a word expands to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expansion {
    /// The text.
    pub text: String,
    /// Names that were asked for and set.
    pub matched: BTreeSet<String>,
    /// Names that were asked for and not set.
    pub unmatched: BTreeSet<String>,
}

/// Why a word cannot be expanded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot expand `{word}`: {reason}")]
pub struct ExpandError {
    /// The word as written.
    pub word: String,
    /// What is wrong with it.
    pub reason: ExpandReason,
}

/// The kinds of [`ExpandError`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExpandReason {
    /// A quote that is never closed.
    #[error("the {0} quote is never closed")]
    OpenQuote(&'static str),
    /// A `${` that is never closed.
    #[error("`${{` is never closed: `}}` is missing")]
    MissingBrace,
    /// `${name/pattern` without the second slash.
    #[error("`${{name/pattern/text}}` needs its second `/`")]
    MissingSlash,
    /// `${}`, `${:…}` or `${{`.
    #[error("`${{` needs the name of a variable")]
    BadSubstitution,
    /// A modifier that is not known, such as `${x!y}`.
    #[error("`{0}` is not a known modifier; known are :- - :+ + :? ? # ## % %% / //")]
    UnknownModifier(String),
    /// `${name?message}` of a variable that is not set, or `${name:?message}` of an empty one.
    #[error("{name}: {message}")]
    Required {
        /// The variable.
        name: String,
        /// The message written in the Dockerfile, or one that says what is not allowed.
        message: String,
    },
    /// A pattern with an escape that means nothing.
    #[error("the pattern `{pattern}` has an invalid escape `\\{escape}`")]
    BadPattern {
        /// The pattern.
        pattern: String,
        /// The character after the backslash; empty at the end of the pattern.
        escape: String,
    },
}

impl Lexer {
    /// Creates a lexer with all options off.
    pub fn new(escape: char) -> Self {
        Self {
            escape,
            raw_quotes: false,
            raw_escapes: false,
            skip_unset_env: false,
            skip_process_quotes: false,
        }
    }

    /// Expands one word; blanks in it stay.
    ///
    /// # Errors
    /// Where the word is not well formed or a required variable is missing.
    pub fn process_word(&self, word: &str, env: &Lookup<'_>) -> Result<Expansion, ExpandError> {
        let mut scan = Scan::new(*self, word, env);
        match scan.run() {
            Ok((text, _)) => Ok(Expansion { text, matched: scan.matched, unmatched: scan.unmatched }),
            Err(reason) => Err(ExpandError { word: word.to_owned(), reason }),
        }
    }

    /// Expands a text and splits the result at blanks outside of quotes.
    ///
    /// # Errors
    /// As [`Lexer::process_word`].
    pub fn process_words(&self, text: &str, env: &Lookup<'_>) -> Result<Vec<String>, ExpandError> {
        let mut scan = Scan::new(*self, text, env);
        match scan.run() {
            Ok((_, words)) => Ok(words),
            Err(reason) => Err(ExpandError { word: text.to_owned(), reason }),
        }
    }
}
