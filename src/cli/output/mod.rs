//! Text, JSON and HTML on standard output, messages on standard error.
//!
//! What comes from files or their names goes through [`safe()`] before it is shown.

pub mod amount;
pub mod ansi;
pub mod answer;
pub mod diagnostic;
pub mod graph;
pub mod html;
pub mod safe;
pub mod text;
pub mod words;

#[cfg(test)]
mod tests;

use std::io::{self, Write};

pub use diagnostic::Refused;
pub use safe::{safe, safe_lines};

/// Standard output: colours are taken out where they are not wanted (`--color`, `NO_COLOR`, a pipe).
///
/// Write with `writeln!(out, …)?`: a reader that went away ends the command quietly, see [`is_broken_pipe`].
pub fn stdout() -> anstream::AutoStream<io::StdoutLock<'static>> {
    anstream::stdout().lock()
}

/// Prints a text to standard output, as [`stdout`] does.
///
/// # Errors
/// What the stream says.
pub fn print(text: &str) -> io::Result<()> {
    let mut out = stdout();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Prints one JSON object, indented, to standard output.
///
/// # Errors
/// What the stream says.
pub fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    // In JSON control characters are escaped: there is no colour to take out, which would cost as much as the rest.
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

/// Tells whether a command ended because nobody reads its output any more (`layerlab plan | head -1`).
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().filter_map(|e| e.downcast_ref::<io::Error>()).any(|e| e.kind() == io::ErrorKind::BrokenPipe)
}

/// Prints an error for a person: a [`Refused`] with its line and a caret, others as a sentence.
pub fn print_error(error: &anyhow::Error) {
    let text = match error.downcast_ref::<Refused>() {
        Some(refused) => refused.render(),
        None => format!("\x1b[1m\x1b[31merror\x1b[0m: {}", safe_lines(&format!("{error:#}"))),
    };
    // Where standard error is closed, there is nobody to tell.
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}
