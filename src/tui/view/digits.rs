//! Large figures: three rows of half blocks a digit, or of lines where only ASCII can be shown.

use crate::tui::theme::Theme;

/// Rows that a large figure takes.
pub const ROWS: usize = 3;

/// Draws a text of digits, `.`, blanks and a few letters in three rows; other characters are left as blanks.
pub fn large(theme: &Theme, text: &str) -> [String; ROWS] {
    let mut rows = [String::new(), String::new(), String::new()];
    for c in text.chars() {
        let glyph = if theme.is_ascii() { ascii(c) } else { blocks(c) };
        for (row, part) in rows.iter_mut().zip(glyph) {
            if !row.is_empty() {
                row.push(' ');
            }
            row.push_str(part);
        }
    }
    rows
}

/// The same, as many times as large.
pub fn larger(theme: &Theme, text: &str, times: usize) -> Vec<String> {
    let rows = large(theme, text);
    if theme.is_ascii() || times <= 1 {
        return rows.to_vec();
    }
    // Each character is two dots on top of each other.
    let dots = |row: &String, upper: bool| -> Vec<bool> {
        row.chars().map(|c| c == '█' || c == if upper { '▀' } else { '▄' }).collect()
    };
    let grid: Vec<Vec<bool>> = rows.iter().flat_map(|row| [dots(row, true), dots(row, false)]).collect();
    let at =
        |x: usize, y: usize| grid.get(y / times).and_then(|row| row.get(x / times)).copied().unwrap_or(false);
    let columns = grid.iter().map(Vec::len).max().unwrap_or(0) * times;
    let sign = |x: usize, y: usize| match (at(x, y), at(x, y + 1)) {
        (true, true) => '█',
        (true, false) => '▀',
        (false, true) => '▄',
        (false, false) => ' ',
    };
    (0..ROWS * times).map(|row| (0..columns).map(|x| sign(x, row * 2)).collect()).collect()
}

fn blocks(c: char) -> [&'static str; ROWS] {
    match c {
        '0' => ["█▀█", "█ █", "▀▀▀"],
        '1' => ["▀█ ", " █ ", "▀▀▀"],
        '2' => ["▀▀█", "█▀▀", "▀▀▀"],
        '3' => ["▀▀█", " ▀█", "▀▀▀"],
        '4' => ["█ █", "▀▀█", "  ▀"],
        '5' => ["█▀▀", "▀▀█", "▀▀▀"],
        '6' => ["█▀▀", "█▀█", "▀▀▀"],
        '7' => ["▀▀█", "  █", "  ▀"],
        '8' => ["█▀█", "█▀█", "▀▀▀"],
        '9' => ["█▀█", "▀▀█", "▀▀▀"],
        '.' => [" ", " ", "▀"],
        '<' => [" ▄▀", "▀▄ ", "  ▀"],
        's' => ["   ", "▄▀▀", "▄▄▀"],
        'm' => ["     ", "█▀█▀█", "▀ ▀ ▀"],
        'i' => ["▀", "█", "▀"],
        'n' => ["   ", "█▀█", "▀ ▀"],
        'h' => ["█  ", "█▀█", "▀ ▀"],
        _ => [" ", " ", " "],
    }
}

fn ascii(c: char) -> [&'static str; ROWS] {
    match c {
        '0' => [" _ ", "| |", "|_|"],
        '1' => ["   ", "  |", "  |"],
        '2' => [" _ ", " _|", "|_ "],
        '3' => [" _ ", " _|", " _|"],
        '4' => ["   ", "|_|", "  |"],
        '5' => [" _ ", "|_ ", " _|"],
        '6' => [" _ ", "|_ ", "|_|"],
        '7' => [" _ ", "  |", "  |"],
        '8' => [" _ ", "|_|", "|_|"],
        '9' => [" _ ", "|_|", " _|"],
        '.' => [" ", " ", "."],
        '<' => ["  ", " /", " \\"],
        's' => ["  ", " _", "_\\"],
        'm' => ["   ", "___", "|||"],
        'i' => [" ", ".", "|"],
        'n' => ["   ", " _ ", "| |"],
        'h' => ["   ", "|_ ", "| |"],
        _ => [" ", " ", " "],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::text::width;
    use crate::tui::theme::ThemeName;

    #[test]
    fn a_larger_figure_is_the_same_figure() {
        let theme = Theme::default();
        let twice = larger(&theme, "1", 2);
        assert_eq!(
            twice,
            ["▀▀██  ", "  ██  ", "  ██  ", "  ██  ", "██████", "      "]
                .map(|row| row.replace("▀▀██", "████"))
        );
        assert_eq!(larger(&theme, "7 s", 1), large(&theme, "7 s"));
    }

    #[test]
    fn the_rows_of_a_figure_are_of_one_width() {
        for ascii in [false, true] {
            let theme = Theme::new(ThemeName::Auto, ascii);
            for text in ["0123456789", "41 s", "<0.1 s", "3 min 58 s", "1 h 12 min"] {
                let rows = large(&theme, text);
                assert_eq!(width(&rows[0]), width(&rows[1]), "{text}");
                assert_eq!(width(&rows[1]), width(&rows[2]), "{text}");
                assert!(!rows[1].trim().is_empty());
            }
        }
    }
}
