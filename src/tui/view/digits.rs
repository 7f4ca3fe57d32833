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
