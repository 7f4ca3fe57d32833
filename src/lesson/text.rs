//! `lesson.md`: one Markdown file, parted by comments that say which step each part belongs to.
//!
//! `<!-- step look -->` begins the text of the step `look`. `<!-- after look -->` is shown once the step is
//! answered, `<!-- hint look -->` (any number, from gentle to plain) on demand, `<!-- solution look -->` is the
//! solution's explanation, `<!-- notes look -->` are a teacher's notes.

use std::collections::BTreeMap;

/// The texts of one step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StepText {
    /// What is read first.
    pub body: String,
    /// What is read after the answer.
    pub after: String,
    /// Hints, from gentle to plain.
    pub hints: Vec<String>,
    /// Why the solution is one.
    pub solution: String,
    /// For the teacher.
    pub notes: String,
    /// Line of the first part in `lesson.md`.
    pub line: usize,
}

/// A text that cannot be parted, with its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextError {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

/// Parts a `lesson.md` into the texts of its steps.
pub fn parse(text: &str) -> Result<BTreeMap<String, StepText>, TextError> {
    let mut parts: BTreeMap<String, StepText> = BTreeMap::new();
    let mut current: Option<(&str, &str)> = None;
    let mut fenced = false;
    for (i, line) in text.lines().enumerate() {
        let at = |column: usize, message: String| TextError { line: i + 1, column, message };
        if let Some(column) = line.chars().position(is_forbidden) {
            return Err(at(column + 1, "a control character: lessons hold plain text alone".into()));
        }
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        let mark = line.strip_prefix("<!--").and_then(|l| l.trim_end().strip_suffix("-->")).map(str::trim);
        if let (Some(mark), false) = (mark, fenced) {
            let Some((part, id)) = mark.split_once(' ') else {
                return Err(at(1, format!("{mark:?} names no step; write for example <!-- step look -->")));
            };
            if !matches!(part, "step" | "after" | "hint" | "solution" | "notes") {
                return Err(at(
                    6,
                    format!("{part:?} is no part of a step; there are step, after, hint, solution and notes"),
                ));
            }
            let entry = parts.entry(id.trim().to_string()).or_default();
            if entry.line == 0 {
                entry.line = i + 1;
            }
            let twice = match part {
                "step" => !entry.body.is_empty(),
                "after" => !entry.after.is_empty(),
                "solution" => !entry.solution.is_empty(),
                "notes" => !entry.notes.is_empty(),
                _ => false,
            };
            if twice {
                return Err(at(1, format!("the part {part:?} of step {id:?} stands here a second time")));
            }
            if part == "hint" {
                entry.hints.push(String::new());
            }
            current = Some((part, id.trim()));
            continue;
        }
        let Some((part, id)) = current else {
            // A title above the first mark is for those who read the file itself.
            if line.trim().is_empty() || line.starts_with("# ") {
                continue;
            }
            return Err(at(1, "text before the first mark; begin with <!-- step NAME -->".into()));
        };
        let entry = parts.entry(id.to_string()).or_default();
        let into = match part {
            "step" => &mut entry.body,
            "after" => &mut entry.after,
            "solution" => &mut entry.solution,
            "notes" => &mut entry.notes,
            // A hint's mark has pushed one.
            _ => match entry.hints.last_mut() {
                Some(hint) => hint,
                None => continue,
            },
        };
        into.push_str(line);
        into.push('\n');
    }
    for entry in parts.values_mut() {
        let StepText { body, after, hints, solution, notes, line: _ } = entry;
        for text in hints.iter_mut().chain([body, after, solution, notes]) {
            *text = text.trim_matches('\n').to_string();
        }
    }
    Ok(parts)
}

/// Characters that could steer a terminal or reorder text: refused in every text of a lesson.
pub fn is_forbidden(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t'))
        || matches!(c, '\u{61c}' | '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_go_to_their_steps_in_order() {
        let text = "# Title\n\n<!-- step a -->\nHello.\n\n<!-- hint a -->\none\n<!-- hint a -->\ntwo\n<!-- after a -->\nSo.\n";
        let parts = parse(text).unwrap();
        let a = &parts["a"];
        assert_eq!((a.body.as_str(), a.after.as_str(), a.line), ("Hello.", "So.", 3));
        assert_eq!(a.hints, ["one", "two"]);
    }

    #[test]
    fn what_cannot_be_parted_is_told_with_its_line() {
        for (text, line, column, says) in [
            ("loose\n", 1, 1, "before the first mark"),
            ("<!-- step -->\n", 1, 1, "names no step"),
            ("<!-- step a -->\nx\n<!-- sidebar a -->\n", 3, 6, "no part of a step"),
            ("<!-- step a -->\nx\n<!-- step a -->\ny\n", 3, 1, "second time"),
            ("<!-- step a -->\nab\u{1b}[2J\n", 2, 3, "control character"),
            ("<!-- step a -->\n\u{202e}x\n", 2, 1, "control character"),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!((error.line, error.column), (line, column), "{text:?}");
            assert!(error.message.contains(says), "{text:?}: {}", error.message);
        }
    }

    #[test]
    fn a_mark_inside_a_code_block_is_text() {
        let parts = parse("<!-- step a -->\n```\n<!-- step b -->\n```\n").unwrap();
        assert_eq!(parts.len(), 1);
    }
}
