//! Text, JSON and HTML on standard output, messages on standard error.

/// Prints an error for a person: a [`crate::dockerfile::Diagnostic`] with its line and a caret, others as a sentence.
pub fn print_error(error: &anyhow::Error) {
    anstream::eprintln!("error: {error:#}");
}
