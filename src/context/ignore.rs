//! .dockerignore: which files of a folder take no part in its context.

use serde::Serialize;

use super::Digest;
use super::path;
use super::patterns::{self, Matched, Patterns};

/// The rules of one .dockerignore (section 6 of the cache semantics).
///
/// A `#` in the first column begins a comment; blanks around a pattern, a leading `/`, a byte order mark and
/// CRLF do not count; the last pattern that matches wins; `!` brings back; a match of a directory counts for
/// all below it.
#[derive(Debug, Clone, Default)]
pub struct Ignore {
    patterns: Patterns,
    lines: Vec<Line>,
    digest: Digest,
}

#[derive(Debug, Clone)]
struct Line {
    number: usize,
    written: String,
}

/// The line that decided over a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// Line of the ignore file, from 1.
    pub line: usize,
    /// The pattern as it is written there.
    pub pattern: String,
    /// It begins with `!`: the path is brought back.
    pub negated: bool,
}

/// A pattern that cannot be read, for which BuildKit fails the build (`dockerignore-ignore-bad-pattern`).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {message}")]
pub struct IgnoreError {
    /// Line of the ignore file, from 1.
    pub line: usize,
    /// Character of that line, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

/// How a directory was judged, to judge what it holds. The root needs none.
#[derive(Debug, Clone)]
pub struct DirRules(Matched);

/// What the rules say of one path.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// It takes no part in the context.
    pub ignored: bool,
    /// For a directory: to be given for what it holds.
    pub rules: DirRules,
}

impl Ignore {
    /// Reads the text of an ignore file.
    pub fn parse(text: &str) -> Result<Self, IgnoreError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let (mut lines, mut cleaned) = (Vec::new(), Vec::new());
        for (i, raw) in text.lines().enumerate() {
            let written = raw.trim();
            if raw.starts_with('#') || written.is_empty() {
                continue;
            }
            let (bang, pattern) =
                written.strip_prefix('!').map_or(("", written), |rest| ("!", rest.trim_start()));
            let pattern = if pattern.is_empty() { String::new() } else { patterns::clean(pattern) };
            let pattern = pattern.strip_prefix('/').filter(|p| !p.is_empty()).unwrap_or(&pattern);
            cleaned.push(format!("{bang}{pattern}"));
            lines.push(Line { number: i + 1, written: written.to_string() });
        }
        let patterns = Patterns::new(&cleaned).map_err(|e| {
            let line = &lines[e.index];
            let raw = text.lines().nth(line.number - 1).unwrap_or_default();
            IgnoreError {
                line: line.number,
                column: column(raw, &cleaned[e.index], e.bad.at),
                message: format!("{} in the pattern {:?}", e.bad.why, line.written),
            }
        })?;
        Ok(Self { patterns, lines, digest: Digest::of(text.as_bytes()) })
    }

    /// Equal for equal texts, which judge equally.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Tells whether there is no pattern at all.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Tells whether a path takes no part in the context.
    ///
    /// For a directory this is its own judgement: an exception may still bring back what lies below.
    pub fn is_ignored(&self, path: &str) -> bool {
        self.patterns.judge_path(&path::clean(path)).0
    }

    /// Tells which line decided over a path, be it to ignore it or to bring it back.
    pub fn decision(&self, path: &str) -> Option<Decision> {
        self.patterns.judge_path(&path::clean(path)).1.map(|i| self.decided(i))
    }

    fn decided(&self, index: usize) -> Decision {
        let line = &self.lines[index];
        let negated = self.patterns.text(index).1;
        Decision { line: line.number, pattern: line.written.clone(), negated }
    }

    /// Judges a clean path during a walk, given how its directory was judged.
    pub fn judge(&self, path: &str, dir: Option<&DirRules>) -> Verdict {
        let (ignored, rules, _) = self.patterns.judge(path, dir.map(|d| &d.0));
        Verdict { ignored, rules: DirRules(rules) }
    }

    /// Tells whether nothing below an ignored directory can be brought back, so that a walk may leave it out.
    pub fn can_prune(&self, dir: &str) -> bool {
        !self.patterns.may_return_below(dir)
    }

    /// Tells whether a bare name among the patterns matches a name by itself, wherever it stands.
    pub fn looks_matched(&self, name: &str) -> bool {
        (0..self.lines.len()).any(|i| self.is_bare(i) && self.patterns.matches_alone(i, name))
    }

    fn is_bare(&self, index: usize) -> bool {
        let (text, negated) = self.patterns.text(index);
        !negated && !text.contains('/') && text != "*"
    }

    /// Finds the line that only looks as if it ignored a path that is not ignored.
    ///
    /// A bare name matches at the root alone (`ignore-not-recursive`): `node_modules` says nothing of
    /// `packages/a/node_modules`, `*.md` nothing of `docs/a.md`. Such a line is named where it would match
    /// the path or a directory above it with `**/` put before it.
    pub fn near_miss(&self, path: &str) -> Option<Decision> {
        let path = path::clean(path);
        let looks_like = |&i: &usize| {
            self.is_bare(i) && path.split('/').skip(1).any(|name| self.patterns.matches_alone(i, name))
        };
        let line = (0..self.lines.len()).find(looks_like)?;
        (!self.is_ignored(&path)).then(|| self.decided(line))
    }
}

/// Where in a raw line a byte of its cleaned pattern stands, as a character from 1: cleaning drops only
/// what leads, so the rest is found from the end, or else the pattern's beginning is named.
fn column(raw: &str, cleaned: &str, at: usize) -> usize {
    let tail = cleaned.trim_start_matches('!').get(at..).unwrap_or_default();
    let byte = raw.rfind(tail).filter(|_| !tail.is_empty()).unwrap_or(raw.len() - raw.trim_start().len());
    raw[..byte].chars().count() + 1
}

#[cfg(test)]
mod tests;
