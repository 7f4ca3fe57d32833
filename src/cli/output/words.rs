//! Causes, assumptions and traps in words: one place for text, JSON, HTML and the screen.
//!
//! What is made here may hold control characters of file names and Dockerfiles; [`super::safe()`] takes care of
//! them where it is shown.

use crate::context::Trap;
use crate::context::traps::Sample;
use crate::explain::{Cause, Finding, How, PathChange, PlainLink, VariableChange};
use crate::graph::Label;
use crate::solver::{Assumption, Status};

/// How many paths a sentence names.
const NAMED: usize = 3;

/// Says in one sentence, without a full stop, why a step runs.
pub fn cause(cause: &Cause) -> String {
    match cause {
        Cause::New => "nothing like it was built before".into(),
        Cause::Content { changes, total, from } => content(changes, *total, from.as_deref()),
        Cause::Instruction { before, .. } => format!("the instruction was {}", quoted(before)),
        Cause::Setting { name, before, after } => {
            format!("the {name} is {} and was {}", or_none(after), or_none(before))
        }
        Cause::Neighbour { before, after } => {
            format!("the step before it is {} and was {}", or_none(after), or_none(before))
        }
        Cause::Environment { changes } => {
            list(&changes.iter().take(NAMED).map(variable).collect::<Vec<_>>(), changes.len())
        }
        Cause::Parent { step } => format!("pulled along by {}", place(step)),
        Cause::Output { step, path } => {
            format!("{} is made by {}, which runs", or_root(path), place(step))
        }
        Cause::Base { image, before, after } => {
            format!("{image} is {} and was {}", digest(after), digest(before))
        }
        Cause::NoCache => "--no-cache: nothing is looked up".into(),
        Cause::Unanchored => {
            "it stands on nothing and nothing needs it, and such a step is told as run".into()
        }
        Cause::Missing => "the imported cache knows this step but does not hold its result".into(),
    }
}

/// Says what a step's status rests on, and what would make it otherwise.
pub fn assumption(assumption: &Assumption, status: Status) -> String {
    match assumption {
        Assumption::Output { path, step, .. } => {
            let (wrote, path) = (place(step), or_root(path));
            match status {
                Status::Cached => {
                    format!("taken to be unchanged; if {wrote} writes {path} differently this time, it runs")
                }
                Status::Executed => {
                    format!("taken to have changed; if {wrote} writes {path} as before, it is cached")
                }
            }
        }
        Assumption::Upstream { reference } => match status {
            Status::Cached => format!("if {reference} holds something else by now, it runs"),
            Status::Executed => format!("if {reference} holds what it held before, it is cached"),
        },
        Assumption::Export => match status {
            Status::Cached => "if the imported cache holds its key alone, it runs".into(),
            Status::Executed => "if the imported cache holds its result, it is cached".into(),
        },
        Assumption::Follows { step } => match status {
            Status::Cached => format!("if {} runs, it runs too", place(step)),
            Status::Executed => format!("if {} is cached, it is cached too", place(step)),
        },
    }
}

/// The word for what changed of a path, as a column.
pub fn how(how: How) -> &'static str {
    match how {
        How::Added => "new",
        How::Removed => "deleted",
        How::Content => "changed",
        How::Mode => "mode",
        How::Kind => "kind",
        How::Target => "link",
    }
}

/// What changed of a variable: `NODE_ENV is production and was not set`.
pub fn variable(change: &VariableChange) -> String {
    let VariableChange { name, before, after } = change;
    match (before, after) {
        (Some(b), Some(a)) if a == b => format!("{name} stands elsewhere in the environment"),
        (Some(b), Some(a)) => format!("{name} is {} and was {}", or_none(a), or_none(b)),
        (None, Some(a)) => format!("{name} is {} and was not set", or_none(a)),
        (Some(b), None) => format!("{name} is no longer set and was {}", or_none(b)),
        (None, None) => format!("{name} changed"),
    }
}

/// `[builder 2/5]`: a step's place, without its text.
pub fn place(label: &Label) -> String {
    let Label { stage, index, of, .. } = label;
    match stage {
        Some(stage) => format!("[{stage} {index}/{of}]"),
        None => format!("[{index}/{of}]"),
    }
}

/// Says what a trap is, and the change that does away with it.
pub fn trap(trap: &Trap, ignore_file: Option<&str>) -> (String, String) {
    let add = |line: &str| match ignore_file {
        Some(file) => format!("{file}: add a line {line}"),
        None => format!("make a .dockerignore with the line {line}"),
    };
    let ignore_file = ignore_file.unwrap_or(".dockerignore");
    match trap {
        Trap::Unseen { path } => (
            format!(
                "{path} has other bytes than at the last look, but the same size, mode and modification time: \
                 BuildKit goes on using the old ones"
            ),
            format!("touch {path}"),
        ),
        Trap::Modes { mode, git, umask, files } => {
            let umask = umask.map_or_else(String::new, |u| format!(", as made under umask {u:04o}"));
            let one = files.first.first().map_or("", String::as_str);
            let (which, have) = match files.count {
                1 => (one.to_string(), "has"),
                n => (format!("{one} and {}", others(n - 1)), "have"),
            };
            (
                format!(
                    "{which} {have} mode {mode:04o}{umask}, where a usual checkout of git gives {git:04o}: the same \
                     commit has other cache keys elsewhere"
                ),
                format!("chmod {git:o} {}", shell_words(files)),
            )
        }
        Trap::LooksIgnored { line, instead, paths } => {
            let (is, them) = if paths.count == 1 { ("is", "it") } else { ("are", "them") };
            (
                format!(
                    "{} {is} in the context: {ignore_file}:{} says {}, which matches at the root alone",
                    sample(paths),
                    line.line,
                    quoted(&line.pattern)
                ),
                format!("{ignore_file}:{}: {instead} leaves {them} out", line.line),
            )
        }
        Trap::OwnContext { path } if path == ".git" => (
            ".git is part of the context: every commit, even an empty one, counts as an edit".into(),
            add(".git"),
        ),
        Trap::OwnContext { path } => (
            format!(
                "{path} is part of its own context: any change in it, be it a comment, counts as an edit"
            ),
            add(path),
        ),
    }
}

/// Says what of a Dockerfile will surprise, and the change that does away with it.
pub fn finding(finding: &Finding, file: &str) -> (String, String) {
    match finding {
        Finding::ArgTooEarly { line, name, breaks, used_at } => {
            let steps = list(&breaks.iter().take(NAMED).map(|label| place(label)).collect::<Vec<_>>(), breaks.len());
            let (run, it) = if breaks.len() == 1 { ("runs", "it does") } else { ("run", "they do") };
            let message = format!(
                "ARG {name} is in the environment of every RUN below it, used or not: a new value {run} {steps}, \
                 though {it} not use it"
            );
            let change = match used_at {
                Some(to) => format!("{file}:{line}: move ARG {name} down to line {to}, where it is first used"),
                None => format!("{file}:{line}: nothing below uses ARG {name}; leave it out, or move it to the end"),
            };
            (message, change)
        }
        Finding::LinkIsPlain { line, because: PlainLink::ClassicStore } => (
            "COPY --link is a plain COPY in dockerd's classic image store, which cannot merge layers: it runs \
             whenever the step before it does"
                .into(),
            format!("{file}:{line}: use the containerd image store, or order the COPY as if --link were not there"),
        ),
        Finding::LinkIsPlain { line, because: PlainLink::Chmod } => (
            "COPY --link with --chmod is a plain COPY: it runs whenever the step before it does".into(),
            format!("{file}:{line}: leave --chmod out and give the files their modes in the context"),
        ),
    }
}

fn content(changes: &[PathChange], total: usize, from: Option<&str>) -> String {
    let mut parts: Vec<String> = Vec::new();
    for change in changes.iter().take(NAMED) {
        parts.push(match change.how {
            How::Added => format!("{} is new", change.path),
            How::Removed => format!("{} is gone", change.path),
            How::Content => format!("{} changed", change.path),
            How::Mode => format!("{} has another mode", change.path),
            How::Kind => format!("{} is another kind of file", change.path),
            How::Target => format!("{} links elsewhere", change.path),
        });
    }
    // `a, b and c changed` reads better than `a changed, b changed and c changed`.
    let shown = &changes[..changes.len().min(NAMED)];
    let same = shown.len() > 1 && shown.iter().all(|c| c.how == How::Content);
    let text = if same {
        let names: Vec<String> = shown.iter().map(|c| c.path.clone()).collect();
        format!("{} changed", list(&names, total))
    } else if parts.is_empty() {
        format!("{total} files changed")
    } else {
        list(&parts, total)
    };
    match from {
        Some(from) => format!("in {from}, {text}"),
        None => text,
    }
}

/// `a`, `a and b`, `a, b and 7 others`.
fn list(parts: &[String], total: usize) -> String {
    let hidden = total.saturating_sub(parts.len());
    if hidden > 0 {
        let others = if hidden == 1 { "one other".to_string() } else { format!("{hidden} others") };
        return format!("{} and {others}", parts.join(", "));
    }
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

fn others(n: usize) -> String {
    if n == 1 { "one other file".into() } else { format!("{n} other files") }
}

fn sample(paths: &Sample) -> String {
    let shown: Vec<String> = paths.first.iter().take(NAMED).cloned().collect();
    list(&shown, paths.count)
}

fn shell_words(paths: &Sample) -> String {
    let mut words: Vec<&str> = paths.first.iter().take(NAMED).map(String::as_str).collect();
    if paths.count > words.len() {
        words.push("…");
    }
    words.join(" ")
}

fn quoted(text: &str) -> String {
    format!("`{text}`")
}

fn or_none(text: &str) -> String {
    if text.is_empty() { "empty".into() } else { quoted(text) }
}

fn or_root(path: &str) -> String {
    match path.strip_prefix('/').unwrap_or(path) {
        "" => "what it takes".into(),
        rest => format!("/{rest}"),
    }
}

/// A digest in short; a name as it is.
fn digest(text: &str) -> String {
    match text.split_once(':') {
        Some(("sha256", hex)) if hex.len() > 12 && hex.is_ascii() => format!("sha256:{}…", &hex[..12]),
        _ => text.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Decision;

    fn change(path: &str, how: How) -> PathChange {
        PathChange { path: path.into(), how }
    }

    fn step() -> std::sync::Arc<Label> {
        Label { stage: Some("builder".into()), index: 2, of: 12, instruction: "RUN make".into() }.into()
    }

    #[test]
    fn causes_in_words() {
        let content =
            |changes: &[PathChange], total| Cause::Content { changes: changes.to_vec(), total, from: None };
        let variable = |name: &str, before: Option<&str>, after: Option<&str>| VariableChange {
            name: name.into(),
            before: before.map(String::from),
            after: after.map(String::from),
        };
        let table = [
            (content(&[change("src/app.js", How::Content)], 1), "src/app.js changed"),
            (content(&[change("a", How::Content), change("b", How::Content)], 2), "a and b changed"),
            (
                content(
                    &[
                        change("a", How::Content),
                        change("b", How::Content),
                        change("c", How::Content),
                        change("d", How::Content),
                    ],
                    35,
                ),
                "a, b, c and 32 others changed",
            ),
            (
                content(&[change("a", How::Added), change("b", How::Removed), change("c", How::Mode)], 4),
                "a is new, b is gone, c has another mode and one other",
            ),
            (
                Cause::Content {
                    changes: vec![change("bin/app", How::Content)],
                    total: 1,
                    from: Some("builder".into()),
                },
                "in builder, bin/app changed",
            ),
            (Cause::Parent { step: step() }, "pulled along by [builder 2/12]"),
            (
                Cause::Output { step: step(), path: "/out/app".into() },
                "/out/app is made by [builder 2/12], which runs",
            ),
            (
                Cause::Environment {
                    changes: vec![
                        variable("A", None, Some("1")),
                        variable("B", Some("1"), None),
                        variable("C", Some(""), Some("x")),
                        variable("D", Some("1"), Some("2")),
                    ],
                },
                "A is `1` and was not set, B is no longer set and was `1`, C is `x` and was empty and one other",
            ),
            (
                Cause::Base {
                    image: "alpine".into(),
                    before: format!("sha256:{}", "a".repeat(64)),
                    after: format!("sha256:{}", "b".repeat(64)),
                },
                "alpine is sha256:bbbbbbbbbbbb… and was sha256:aaaaaaaaaaaa…",
            ),
            (
                Cause::Setting { name: "user".into(), before: String::new(), after: "node".into() },
                "the user is `node` and was empty",
            ),
        ];
        for (given, want) in table {
            assert_eq!(cause(&given), want);
        }
    }

    #[test]
    fn assumptions_say_what_would_make_it_otherwise() {
        let output = Assumption::Output { path: "/out".into(), step: step(), assumed_changed: true };
        assert_eq!(
            assumption(&output, Status::Executed),
            "taken to have changed; if [builder 2/12] writes /out as before, it is cached"
        );
        assert_eq!(
            assumption(&output, Status::Cached),
            "taken to be unchanged; if [builder 2/12] writes /out differently this time, it runs"
        );
    }

    #[test]
    fn traps_come_with_the_change_to_make() {
        let line = Decision { line: 3, pattern: "node_modules".into(), negated: false };
        let paths = Sample { first: vec!["a/node_modules".into()], count: 1 };
        let found = Trap::LooksIgnored { line, instead: "**/node_modules".into(), paths };
        let (what, change) = trap(&found, None);
        assert_eq!(
            what,
            "a/node_modules is in the context: .dockerignore:3 says `node_modules`, which matches at the root alone"
        );
        assert_eq!(change, ".dockerignore:3: **/node_modules leaves it out");
        let files = Sample { first: vec!["a".into(), "b".into(), "c".into(), "d".into()], count: 9 };
        let (what, change) = trap(&Trap::Modes { mode: 0o664, git: 0o644, umask: Some(0o002), files }, None);
        assert!(what.starts_with("a and 8 other files have mode 0664, as made under umask 0002"), "{what}");
        assert_eq!(change, "chmod 644 a b c …");
    }
}
