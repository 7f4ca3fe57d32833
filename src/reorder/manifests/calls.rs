//! How install commands are called: behind `sudo`, and led to another directory.

use crate::shell::{Word, join};

/// The words behind `sudo`; the words themselves where there is none, or one with options that could make the command
/// another (a user, a directory, variables).
pub(in crate::reorder) fn behind_sudo(words: &[Word]) -> &[Word] {
    const PLAIN: [&str; 7] = ["-E", "-H", "-n", "-S", "--preserve-env", "--set-home", "--non-interactive"];
    let is_sudo = |word: &Word| !word.dynamic && word.text.rsplit('/').next() == Some("sudo");
    let Some((_, rest)) = words.split_first().filter(|(first, _)| is_sudo(first)) else { return words };
    let options = rest.iter().take_while(|word| PLAIN.contains(&word.text.as_str())).count();
    let rest = &rest[options..];
    match rest.first() {
        Some(program) if !program.text.starts_with('-') && !program.text.contains('=') => rest,
        _ => words,
    }
}

/// The directory that pnpm is told to work in, and the words without that: `pnpm --dir ./web install`, which does what
/// pnpm does there, but that Corepack reads the package.json from where it is called.
pub(in crate::reorder) fn led_by_pnpm(words: &[Word], cwd: &str) -> Option<(String, Vec<Word>)> {
    let is_pnpm = words.first().is_some_and(|word| !word.dynamic && word.text == "pnpm");
    let at = words.iter().position(|word| ["--dir", "-C"].contains(&word.text.as_str()))?;
    let dir = words.get(at + 1).filter(|dir| is_pnpm && !dir.dynamic && !dir.glob)?;
    let mut left = words.to_vec();
    left.drain(at..at + 2);
    Some((join(cwd, &dir.text), left))
}
