//! Text from files and file names, made fit for a terminal.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Shows control characters, and those that reorder or hide text, as visible escapes.
///
/// For one line: a line break is shown as `\n`. Nothing that goes through here can move the cursor, change
/// colours, set a title or make text read other than it is (Unicode's bidirectional overrides).
pub fn safe(text: &str) -> Cow<'_, str> {
    escaped(text, |c| !must_show(c))
}

/// The same for text of several lines: line breaks and tabs stay.
pub fn safe_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| matches!(c, '\n' | '\t') || !must_show(c))
}

fn escaped(text: &str, keep: impl Fn(char) -> bool) -> Cow<'_, str> {
    if text.chars().all(&keep) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if keep(c) {
            out.push(c);
        } else {
            // Writing to a String cannot fail.
            let _ = match c {
                '\n' | '\r' | '\t' => write!(out, "{}", c.escape_default()),
                c if c.is_ascii() => write!(out, "\\x{:02x}", c as u32),
                c => write!(out, "\\u{{{:x}}}", c as u32),
            };
        }
    }
    Cow::Owned(out)
}

fn must_show(c: char) -> bool {
    c.is_control()
        || matches!(c,
            // Direction marks, embeddings, overrides and isolates.
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            // Line and paragraph separators.
            | '\u{2028}' | '\u{2029}'
            // Invisible: zero width space, word joiner and its kin, byte order mark, tags.
            | '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        let table = [
            ("src/app.js", "src/app.js"),
            ("grün 日本 👩‍💻", "grün 日本 👩‍💻"),
            ("a\x1b[31mb", "a\\x1b[31mb"),
            ("a\nb\tc\r", "a\\nb\\tc\\r"),
            ("\x07\x7f\0", "\\x07\\x7f\\x00"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("a\u{202e}gpj", "a\\u{202e}gpj"),
            ("\u{200b}x\u{feff}", "\\u{200b}x\\u{feff}"),
        ];
        for (text, want) in table {
            assert_eq!(safe(text), want);
        }
        assert_eq!(safe_lines("a\n\tb\x1b"), "a\n\tb\\x1b");
        assert!(matches!(safe("plain"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn nothing_gets_through_and_twice_is_once(text in any::<String>()) {
            let shown = safe(&text).into_owned();
            prop_assert!(!shown.chars().any(must_show));
            prop_assert_eq!(safe(&shown), shown.as_str());
        }

        #[test]
        fn joined_texts_are_shown_as_their_parts_are(a in any::<String>(), b in any::<String>()) {
            let both = format!("{a}{b}");
            prop_assert_eq!(safe_lines(&both), format!("{}{}", safe_lines(&a), safe_lines(&b)));
        }
    }
}
