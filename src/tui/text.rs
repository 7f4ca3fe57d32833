//! Words and figures as the screens print them: widths, shortened texts, seconds, bytes, counts.

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::cost::{Basis, Figure};

pub use crate::cli::output::safe;
pub use crate::cost::words::{bytes, figure_bytes};

/// Columns that a text takes on a terminal.
pub fn width(text: &str) -> usize {
    text.width()
}

/// Shortens a text to a number of columns, with `ellipsis` where something was left out.
pub fn fit<'a>(text: &'a str, columns: usize, ellipsis: &str) -> Cow<'a, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let Some(room) = columns.checked_sub(width(ellipsis)) else {
        return Cow::Owned(take(ellipsis, columns).to_string());
    };
    Cow::Owned(format!("{}{ellipsis}", take(text, room).trim_end()))
}

/// Shortens a path from its left, so that its name stays.
pub fn fit_left<'a>(text: &'a str, columns: usize, ellipsis: &str) -> Cow<'a, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let Some(room) = columns.checked_sub(width(ellipsis)) else {
        return Cow::Owned(take(ellipsis, columns).to_string());
    };
    let mut start = text.len();
    let mut used = 0;
    for (at, c) in text.char_indices().rev() {
        used += c.width().unwrap_or(0);
        if used > room {
            break;
        }
        start = at;
    }
    Cow::Owned(format!("{ellipsis}{}", &text[start..]))
}

/// The longest beginning of a text that takes no more than `columns`.
fn take(text: &str, columns: usize) -> &str {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += c.width().unwrap_or(0);
        if used > columns {
            return &text[..at];
        }
    }
    text
}

/// Breaks words into lines of at most `columns`, at blanks alone; a word that is longer is broken itself. Each
/// piece comes with a mark of the caller's, which its parts keep.
pub fn wrap<M: Copy + PartialEq>(words: &[(M, String)], columns: usize) -> Vec<Vec<(M, String)>> {
    let columns = columns.max(1);
    let mut lines: Vec<Vec<(M, String)>> = vec![Vec::new()];
    let mut used = 0;
    for word in unbroken(words) {
        let bare: usize = word.iter().map(|(_, text)| width(text.trim_end())).sum();
        if used > 0 && used + bare > columns {
            lines.push(Vec::new());
            used = 0;
        }
        for (mark, text) in word {
            let mut rest = text;
            while used + width(rest.trim_end()) > columns {
                let head = take(rest, columns - used);
                // A character wider than the line is let stand alone rather than looped over.
                let cut = match head.len() {
                    0 if used == 0 => rest.chars().next().map_or(0, char::len_utf8),
                    n => n,
                };
                push(&mut lines, mark, &rest[..cut]);
                rest = &rest[cut..];
                lines.push(Vec::new());
                used = 0;
            }
            if used > 0 || !rest.trim().is_empty() || rest.len() > 1 {
                push(&mut lines, mark, rest);
                used += width(rest);
            }
        }
    }
    for (_, last) in lines.iter_mut().filter_map(|line| line.last_mut()) {
        last.truncate(last.trim_end().len());
    }
    lines
}

/// Pieces between blanks, each with the blanks after it; one word may have several marks.
fn unbroken<M: Copy>(words: &[(M, String)]) -> Vec<Vec<(M, &str)>> {
    let mut all: Vec<Vec<(M, &str)>> = vec![Vec::new()];
    for (mark, text) in words {
        for piece in text.split_inclusive(' ') {
            if let Some(last) = all.last_mut() {
                last.push((*mark, piece));
            }
            if piece.ends_with(' ') {
                all.push(Vec::new());
            }
        }
    }
    all.retain(|word| !word.is_empty());
    all
}

fn push<M: Copy + PartialEq>(lines: &mut [Vec<(M, String)>], mark: M, text: &str) {
    let Some(line) = lines.last_mut() else { return };
    match line.last_mut() {
        Some((last, so_far)) if *last == mark => so_far.push_str(text),
        _ => line.push((mark, text.to_string())),
    }
}

/// Seconds as all commands write them, without a needless zero: `0.2 s`, `2 s`, `3 min 58 s`.
pub fn seconds(value: f64) -> String {
    crate::cost::words::seconds(value).replace(".0 s", " s")
}

/// Seconds in a column, where minutes have to do: `38 s`, `4 min`, `1.2 h`.
pub fn seconds_short(value: f64) -> String {
    match value {
        v if v < 99.5 => {
            format!("{} s", if v < 9.95 { seconds(v).replace(" s", "") } else { v.round().to_string() })
        }
        v if v < 3570.0 => format!("{} min", (v / 60.0).round()),
        v => format!("{:.1} h", v / 3600.0),
    }
}

/// Seconds with `about` before what is estimated.
pub fn figure_seconds(figure: Figure) -> String {
    let about = if figure.basis == Basis::Estimated && figure.value >= 0.05 { "about " } else { "" };
    format!("{about}{}", seconds(figure.value))
}

/// `1,204`.
pub fn count(value: usize) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (at, c) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// `1 file`, `1,204 files`.
pub fn plural(value: usize, one: &str) -> String {
    let s = if value == 1 { "" } else { "s" };
    format!("{} {one}{s}", count(value))
}

/// `a`, `a and b`, `a, b and c`.
pub fn and<S: AsRef<str>>(items: &[S]) -> String {
    match items {
        [] => String::new(),
        [one] => one.as_ref().to_string(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", first.join(", "), last.as_ref())
        }
    }
}

/// Numbers with runs put together: `3-5, 8`.
pub fn runs(numbers: &[u32]) -> String {
    let mut out = String::new();
    let mut at = 0;
    while at < numbers.len() {
        let first = numbers[at];
        let mut last = first;
        while numbers.get(at + 1) == Some(&(last + 1)) {
            at += 1;
            last = numbers[at];
        }
        if !out.is_empty() {
            out.push_str(", ");
        }
        // Writing to a String cannot fail.
        let _ = match last - first {
            0 => write!(out, "{first}"),
            1 => write!(out, "{first}, {last}"),
            _ => write!(out, "{first}-{last}"),
        };
        at += 1;
    }
    out
}

/// How many times less `after` is than `before`, to two digits: `200 times less`. None for less than twice.
pub fn times_less(before: f64, after: f64) -> Option<String> {
    let ratio = before / after;
    if !ratio.is_finite() || ratio < 1.95 {
        return None;
    }
    let unit = 10_f64.powf((ratio.log10().floor() - 1.0).max(0.0));
    let rounded = (ratio / unit).round() * unit;
    let text = if ratio < 9.95 { format!("{ratio:.1}").replace(".0", "") } else { count(rounded as usize) };
    Some(format!("{text} times less"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_in_a_column_are_short() {
        let table = [
            (0.0, "0 s"),
            (0.21, "0.2 s"),
            (2.0, "2 s"),
            (38.4, "38 s"),
            (238.0, "4 min"),
            (4321.0, "1.2 h"),
        ];
        for (value, want) in table {
            assert_eq!(seconds_short(value), want);
        }
    }

    #[test]
    fn counts_lists_and_runs() {
        assert_eq!(plural(1, "file"), "1 file");
        assert_eq!(plural(1_204_000, "file"), "1,204,000 files");
        assert_eq!(and(&["3", "4", "5"]), "3, 4 and 5");
        assert_eq!(runs(&[3, 4, 5, 8, 10, 11]), "3-5, 8, 10, 11");
        assert_eq!(times_less(41.2, 0.2).as_deref(), Some("210 times less"));
        assert_eq!(times_less(4.0, 2.0).as_deref(), Some("2 times less"));
        assert_eq!(times_less(4.0, 3.0), None);
        assert_eq!(times_less(4.0, 0.0), None);
    }

    #[test]
    fn texts_are_shortened_by_columns() {
        assert_eq!(fit("RUN npm install", 15, "…"), "RUN npm install");
        assert_eq!(fit("RUN npm install", 9, "…"), "RUN npm…");
        assert_eq!(fit("日本語", 5, "…"), "日本…");
        assert_eq!(fit("日本語", 4, "…"), "日…");
        assert_eq!(fit("abc", 0, "…"), "");
        assert_eq!(fit_left("src/deep/app.js", 8, "…"), "…/app.js");
    }

    #[test]
    fn lines_are_broken_between_words() {
        let words =
            [(0, "COPY takes in ".to_string()), (1, "src/app.js".to_string()), (0, ", and more".to_string())];
        let lines: Vec<String> = wrap(&words, 14)
            .iter()
            .map(|line| line.iter().map(|(_, text)| text.as_str()).collect::<String>().trim_end().to_string())
            .collect();
        assert_eq!(lines, ["COPY takes in", "src/app.js,", "and more"]);
        let long = [(0, "abcdefgh".to_string())];
        assert_eq!(wrap(&long, 3).len(), 3);
        let marked = [(0, "a word".to_string()), (1, ".".to_string())];
        assert_eq!(
            wrap(&marked, 6),
            [vec![(0, "a".to_string())], vec![(0, "word".to_string()), (1, ".".to_string())]]
        );
        assert_eq!(wrap(&[(0, "日本".to_string())], 1).len(), 3, "wider than the line");
    }
}
