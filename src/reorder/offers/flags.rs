//! Flags put into a RUN's text and taken out of it.

use crate::dockerfile::ast::Instruction;
use crate::reorder::rewrite::{Draft, edited::Edit};

/// The edit that puts flags into a RUN, before those that it has.
pub(super) fn put_flags(own: &Instruction, text: &str, flags: &[String], draft: &Draft) -> Edit {
    let at = own.span.start + text.find(char::is_whitespace).unwrap_or(text.len());
    let newline = if draft.dockerfile.text.contains("\r\n") { "\r\n" } else { "\n" };
    let flags = match flags {
        [one] => format!(" {one}"),
        many => {
            let lines = many.iter().map(|flag| format!("{flag} \\{newline}    "));
            // The blank before the command ends the last line's indent.
            let all: String = lines.collect();
            format!(" {}", all.strip_suffix(' ').unwrap_or(&all))
        }
    };
    Edit::insert(at, flags)
}

/// The edits that take a flag out of a text that begins at `start`; `None` where it is written in a way that is not
/// expected.
pub(super) fn without_flag(start: usize, text: &str, flag: &str) -> Option<Vec<Edit>> {
    let mut edits = Vec::new();
    for at in places_of(text, flag)? {
        let (before, after) = (&text[..at], &text[at + flag.len()..]);
        let lead = before.trim_end_matches([' ', '\t']);
        let rest = after.trim_start_matches([' ', '\t']);
        let joined = ["\\\n", "\\\r\n"].iter().find(|joint| rest.starts_with(**joint));
        edits.push(Edit::remove(match joined {
            // A line of its own goes as a whole.
            Some(joint) if lead.ends_with('\n') => {
                start + lead.len()..start + text.len() - rest.len() + joint.len()
            }
            // The last on a line of its own takes along what joined that line to the one before.
            None if lead.ends_with('\n') => {
                let kept = lead.trim_end();
                let kept = kept.strip_suffix('\\').unwrap_or(kept).trim_end();
                start + kept.len()..start + at + flag.len()
            }
            _ => start + at - 1..start + at + flag.len(),
        }));
    }
    Some(edits)
}

/// The edits that put something in place of a flag; `None` as above.
pub(super) fn with_other_flag(start: usize, text: &str, flag: &str, other: &str) -> Option<Vec<Edit>> {
    let edit =
        |at: usize| Edit { text: other.to_owned(), ..Edit::remove(start + at..start + at + flag.len()) };
    Some(places_of(text, flag)?.into_iter().map(edit).collect())
}

/// Where a flag stands in a text; `None` where a longer word has it in it.
fn places_of(text: &str, flag: &str) -> Option<Vec<usize>> {
    let place = |(at, _): (usize, &str)| {
        let (before, after) = (&text[..at], &text[at + flag.len()..]);
        let ends = after.is_empty() || after.starts_with([' ', '\t', '\n', '\r', ';', ')']);
        (before.ends_with([' ', '\t']) && ends).then_some(at)
    };
    text.match_indices(flag).map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_is_taken_out_with_the_blank_or_the_line_that_it_stands_in() {
        for (text, expected) in [
            ("RUN pip install --no-cache-dir -r r.txt", Some("RUN pip install -r r.txt")),
            ("RUN pip install -r r.txt --no-cache-dir", Some("RUN pip install -r r.txt")),
            (
                "RUN pip install \\\n    --no-cache-dir \\\n    -r r.txt",
                Some("RUN pip install \\\n    -r r.txt"),
            ),
            ("RUN pip install -r r.txt \\\n    --no-cache-dir", Some("RUN pip install -r r.txt")),
            (
                "RUN pip install -r r.txt \\\n    --no-cache-dir && echo",
                Some("RUN pip install -r r.txt && echo"),
            ),
            ("RUN pip install --no-cache-dir; echo", Some("RUN pip install; echo")),
            ("RUN a --no-cache-dir && b --no-cache-dir x", Some("RUN a && b x")),
            ("RUN pip install -r r.txt", Some("RUN pip install -r r.txt")),
            ("RUN [\"pip\", \"--no-cache-dir\"]", None),
            ("RUN pip --no-cache-dir=off", None),
        ] {
            let made = without_flag(0, text, "--no-cache-dir").map(|edits| {
                edits.iter().rev().fold(text.to_owned(), |mut text, edit| {
                    text.replace_range(edit.span.clone(), &edit.text);
                    text
                })
            });
            assert_eq!(made.as_deref(), expected, "{text}");
        }
    }
}
