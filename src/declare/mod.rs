//! What users declare of an instruction in a comment directly above it: `# layerlab: seconds=40 bytes=12MB`.
//!
//! One line, or several that add up; `key=value` with blanks between, values with blanks in double quotes. The keys:
//!
//! | key | value |
//! |---|---|
//! | `seconds` | how long the step takes: `40`, `1.5` |
//! | `bytes` | what it adds to the image: `5120`, `12.5MB`, `3MiB` |
//! | `reads` | the only paths that its output depends on: `"*.go go.mod"` |
//! | `writes` | the only paths that it writes: `"/out/app"` |
//! | `deterministic` | `true` where equal inputs give equal outputs |
//!
//! Pure: comments in, values or problems with their place out. `cost` uses the figures, `solver` the rest.

use std::collections::BTreeMap;

use crate::dockerfile::Diagnostic;
use crate::dockerfile::ast::{Comment, Dockerfile};

/// What is declared of one instruction; nothing where nothing is said.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Declaration {
    /// Seconds that the step takes.
    pub seconds: Option<f64>,
    /// Bytes that it adds to the image.
    pub bytes: Option<u64>,
    /// The only paths of its input that its output depends on, as written, in order.
    pub reads: Option<Vec<String>>,
    /// The only paths that it writes, as written, in order.
    pub writes: Option<Vec<String>>,
    /// Whether equal inputs give equal outputs.
    pub deterministic: Option<bool>,
}

/// What a Dockerfile declares, by instruction.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Declarations {
    by_step: BTreeMap<(usize, usize), Declaration>,
}

impl Declarations {
    /// Reads all `# layerlab:` comments of a Dockerfile; what cannot be read is told and left out.
    pub fn read(dockerfile: &Dockerfile) -> (Self, Vec<Diagnostic>) {
        let mut all = Self::default();
        let mut problems = Vec::new();
        for (stage_at, stage) in dockerfile.stages.iter().enumerate() {
            for (at, instruction) in stage.instructions.iter().enumerate() {
                match read(&dockerfile.text, &instruction.comments) {
                    Ok(Some(declaration)) => {
                        all.by_step.insert((stage_at, at), declaration);
                    }
                    Ok(None) => {}
                    Err(problem) => problems.push(problem),
                }
            }
        }
        (all, problems)
    }

    /// What is declared of an instruction, by the numbers of its stage and its place in the stage.
    pub fn get(&self, stage: usize, instruction: usize) -> Option<&Declaration> {
        self.by_step.get(&(stage, instruction))
    }

    /// Tells whether nothing is declared.
    pub fn is_empty(&self) -> bool {
        self.by_step.is_empty()
    }
}

/// Reads the comments above one instruction; none where no comment is meant for layerlab.
///
/// # Errors
/// A key that is not known or given twice, a value that is not of the key's form; the place is that of the pair.
pub fn read(text: &str, comments: &[Comment]) -> Result<Option<Declaration>, Diagnostic> {
    let mut declaration = None;
    for comment in comments {
        let Some(start) = directive_start(text, comment) else { continue };
        let declaration = declaration.get_or_insert_with(Declaration::default);
        for pair in pairs(text, start, comment.span.end)? {
            declaration.set(text, &pair)?;
        }
    }
    Ok(declaration)
}

const MARK: &str = "layerlab:";

/// Byte at which the pairs of a directive begin.
fn directive_start(text: &str, comment: &Comment) -> Option<usize> {
    if !comment.text.starts_with(MARK) {
        return None;
    }
    let line = text.get(comment.span.clone())?;
    Some(comment.span.start + line.find(MARK)? + MARK.len())
}

struct Pair {
    key: String,
    value: String,
    span: std::ops::Range<usize>,
}

/// Splits `key=value key="a b"`.
fn pairs(text: &str, start: usize, end: usize) -> Result<Vec<Pair>, Diagnostic> {
    let mut pairs = Vec::new();
    let mut at = start;
    while at < end {
        let rest = &text[at..end];
        let blanks = rest.len() - rest.trim_start().len();
        at += blanks;
        if at >= end {
            break;
        }
        let rest = &text[at..end];
        let quoted = rest.find("=\"").filter(|eq| !rest[..*eq].contains(char::is_whitespace));
        let len = if let Some(eq) = quoted {
            let Some(close) = rest[eq + 2..].find('"') else {
                let problem = Diagnostic::parse(text, at..end, "the quoted value has no end");
                return Err(problem.with_help("close it with \"".to_string()));
            };
            eq + 2 + close + 1
        } else {
            rest.find(char::is_whitespace).unwrap_or(rest.len())
        };
        let span = at..at + len;
        let Some((key, value)) = rest[..len].split_once('=') else {
            let message = format!("{:?} is not of the form key=value", &rest[..len]);
            return Err(Diagnostic::parse(text, span, message).with_help(KEYS.to_string()));
        };
        let value = value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value);
        pairs.push(Pair { key: key.to_string(), value: value.to_string(), span });
        at += len;
    }
    Ok(pairs)
}

const KEYS: &str = "write for example # layerlab: seconds=40 bytes=12MB; \
                    the keys are seconds, bytes, reads, writes and deterministic";

impl Declaration {
    fn set(&mut self, text: &str, pair: &Pair) -> Result<(), Diagnostic> {
        let fail = |message: String, help: &str| {
            Err(Diagnostic::parse(text, pair.span.clone(), message).with_help(help.to_string()))
        };
        let (key, value) = (pair.key.as_str(), pair.value.as_str());
        let twice = match key {
            "seconds" => self.seconds.is_some(),
            "bytes" => self.bytes.is_some(),
            "reads" => self.reads.is_some(),
            "writes" => self.writes.is_some(),
            "deterministic" => self.deterministic.is_some(),
            _ => return fail(format!("there is no key {key:?} in a layerlab comment"), KEYS),
        };
        if twice {
            return fail(format!("{key} is declared twice for this instruction"), "leave one of them out");
        }
        match key {
            "seconds" => match value.parse::<f64>() {
                Ok(seconds) if seconds.is_finite() && seconds >= 0.0 => self.seconds = Some(seconds),
                _ => return fail(format!("{value:?} is not a number of seconds"), "write seconds=40"),
            },
            "bytes" => match parse_bytes(value) {
                Some(bytes) => self.bytes = Some(bytes),
                None => return fail(format!("{value:?} is not a size"), "write bytes=5120 or bytes=12.5MB"),
            },
            "deterministic" => match value {
                "true" => self.deterministic = Some(true),
                "false" => self.deterministic = Some(false),
                _ => return fail(format!("{value:?} is neither true nor false"), "write deterministic=true"),
            },
            _ => {
                let paths = value.split_whitespace().map(str::to_string).collect();
                *(if key == "reads" { &mut self.reads } else { &mut self.writes }) = Some(paths);
            }
        }
        Ok(())
    }
}

/// Reads a size: bytes, or a number with kB, MB, GB (powers of 1000, as docker prints) or KiB, MiB, GiB.
pub fn parse_bytes(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match &text[digits.len()..] {
        "" | "B" => 1.0,
        "kB" | "KB" | "k" | "K" => 1e3,
        "MB" | "M" | "m" => 1e6,
        "GB" | "G" | "g" => 1e9,
        "KiB" => 1024.0,
        "MiB" => 1024.0 * 1024.0,
        "GiB" => 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    let number: f64 = digits.trim().parse().ok()?;
    let bytes = number * factor;
    (bytes.is_finite() && (0.0..1e18).contains(&bytes)).then_some(bytes.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dockerfile::parse;

    fn declared(comments: &str) -> Result<Option<Declaration>, Diagnostic> {
        let text = format!("FROM a\n{comments}\nRUN x\n");
        let file = parse(&text).expect("a valid Dockerfile");
        read(&file.text, &file.stages[0].instructions[0].comments)
    }

    #[test]
    fn figures_and_paths_are_read() {
        let all = declared(
            "# layerlab: seconds=1.5 bytes=12.5MB reads=\"*.go go.mod\"\n# other\n#layerlab: writes=/out/app deterministic=true",
        );
        let want = Declaration {
            seconds: Some(1.5),
            bytes: Some(12_500_000),
            reads: Some(vec!["*.go".into(), "go.mod".into()]),
            writes: Some(vec!["/out/app".into()]),
            deterministic: Some(true),
        };
        assert_eq!(all.expect("it can be read"), Some(want));
        assert_eq!(declared("# layerlab is nice\n# see layerlab: x").expect("no directive"), None);
        assert_eq!(
            declared("# layerlab: reads=\"\"").expect("it can be read").and_then(|d| d.reads),
            Some(vec![])
        );
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_place() {
        for (comment, message, place) in [
            ("# layerlab: second=1", "there is no key \"second\" in a layerlab comment", "second=1"),
            ("# layerlab: seconds=fast", "\"fast\" is not a number of seconds", "seconds=fast"),
            ("# layerlab: seconds=-1", "\"-1\" is not a number of seconds", "seconds=-1"),
            ("# layerlab: bytes=12XB", "\"12XB\" is not a size", "bytes=12XB"),
            (
                "# layerlab: seconds=1 seconds=2",
                "seconds is declared twice for this instruction",
                "seconds=2",
            ),
            ("# layerlab: deterministic=yes", "\"yes\" is neither true nor false", "deterministic=yes"),
            ("# layerlab: slow", "\"slow\" is not of the form key=value", "slow"),
            ("# layerlab: reads=\"a b", "the quoted value has no end", "reads=\"a b"),
        ] {
            let text = format!("FROM a\n{comment}\nRUN x\n");
            let problem = declared(comment).expect_err(comment);
            assert_eq!(problem.message, message);
            assert_eq!(&text[problem.span.expect("a place")], place, "{comment}");
            assert_eq!(problem.line, 2);
        }
    }

    #[test]
    fn sizes_are_decimal_as_docker_prints_them() {
        for (text, want) in [
            ("5120", Some(5120)),
            ("3MiB", Some(3 << 20)),
            ("0.5kB", Some(500)),
            ("1GB", Some(1_000_000_000)),
        ] {
            assert_eq!(parse_bytes(text), want, "{text}");
        }
        assert_eq!(parse_bytes("much"), None);
    }

    #[test]
    fn declarations_are_found_by_instruction() {
        let file = parse("FROM a\nRUN x\n# layerlab: seconds=3\nRUN y\nFROM b\n# layerlab: oops\nRUN z\n")
            .expect("valid");
        let (all, problems) = Declarations::read(&file);
        assert_eq!(all.get(0, 1).and_then(|d| d.seconds), Some(3.0));
        assert_eq!((all.get(0, 0), all.get(1, 0)), (None, None));
        assert_eq!(problems.len(), 1);
    }
}
