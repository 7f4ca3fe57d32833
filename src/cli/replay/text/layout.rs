//! Lines, bars and widths: texts cut and broken to columns.

use jiff::Timestamp;
use unicode_width::UnicodeWidthStr as _;

use crate::cli::output::{self, safe};

/// Columns of the whole.
pub const WIDTH: usize = 80;

pub fn line(out: &mut String, text: impl AsRef<str>) {
    out.push_str(text.as_ref().trim_end());
    out.push('\n');
}

pub fn title(out: &mut String, text: &str) {
    line(out, format!("\n\x1b[1m{text}\x1b[0m"));
}

pub fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

pub fn block(share: f64) -> char {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    if share <= 0.0 { '·' } else { BLOCKS[((share * 8.0).ceil() as usize).clamp(1, 8) - 1] }
}

/// A bar with eighths of a column, filled up with blanks.
pub fn bar(value: f64, most: f64, width: usize) -> String {
    const PARTS: [char; 7] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'];
    let eighths = if most > 0.0 { (value / most * width as f64 * 8.0).ceil() as usize } else { 0 };
    let eighths = eighths.min(width * 8);
    let mut text = "█".repeat(eighths / 8);
    if eighths % 8 > 0 {
        text.push(PARTS[eighths % 8 - 1]);
    }
    pad(&text, width)
}

pub fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

/// Cuts a text to some columns, with `…` where it was cut; nothing of it reaches the terminal raw.
pub fn fit(text: &str, width: usize) -> String {
    output::text::fit(&safe(text), width)
}

/// Breaks a text at blanks.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        // There is always a last line.
        let at = lines.len() - 1;
        if !lines[at].is_empty() && lines[at].width() + 1 + word.width() > width {
            lines.push(format!("     {word}"));
        } else {
            if !lines[at].is_empty() {
                lines[at].push(' ');
            }
            lines[at].push_str(word);
        }
    }
    lines
}

/// A day in UTC: `2026-01-31`; of a time that no calendar has, that it is none.
pub fn date(seconds: i64) -> String {
    let time = Timestamp::from_second(seconds);
    time.map_or_else(|_| "no date".to_owned(), |time| time.strftime("%Y-%m-%d").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        for (seconds, want) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (951_782_400, "2000-02-29"),
            (1_769_817_600, "2026-01-31"),
            (4_107_542_400, "2100-03-01"),
            (i64::MAX, "no date"),
        ] {
            assert_eq!(date(seconds), want);
        }
    }

    #[test]
    fn texts_are_cut_and_broken_at_the_width() {
        assert_eq!(fit("RUN npm ci", 10), "RUN npm ci");
        assert_eq!(fit("RUN npm ci", 9), "RUN npm …");
        assert_eq!(fit("日本語", 5), "日本…");
        assert_eq!(fit("a\x1b[31m", 20), "a\\x1b[31m");
        assert_eq!(wrapped("one two three", 7), ["one two", "     three"]);
        assert_eq!(bar(1.0, 2.0, 4), "██  ");
        assert_eq!(bar(0.001, 2.0, 4), "▏   ");
        assert_eq!((block(0.0), block(0.001), block(1.0)), ('·', '▁', '█'));
    }
}
