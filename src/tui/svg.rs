//! A screen as an SVG picture: what the terminal's cells hold, for slides and for the README.

use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

use super::theme::ThemeName;

const CELL_WIDTH: f64 = 8.4;
const CELL_HEIGHT: f64 = 18.0;
const BASELINE: f64 = 13.6;
const MARGIN: f64 = 14.0;
const FONT: &str = "ui-monospace,'SF Mono',Menlo,'DejaVu Sans Mono','Liberation Mono',Consolas,monospace";

/// Colours that a terminal would bring: text, background, and the sixteen.
struct Ground {
    text: [u8; 3],
    background: [u8; 3],
    sixteen: [[u8; 3]; 16],
}

const DARK: Ground = Ground {
    text: [0xd8, 0xde, 0xe9],
    background: [0x16, 0x1b, 0x22],
    sixteen: [
        [0x2b, 0x30, 0x3b],
        [0xff, 0x7b, 0x72],
        [0x56, 0xd3, 0x64],
        [0xe3, 0xb3, 0x41],
        [0x79, 0xc0, 0xff],
        [0xd2, 0xa8, 0xff],
        [0x56, 0xd4, 0xdd],
        [0xd8, 0xde, 0xe9],
        [0x8b, 0x94, 0x9e],
        [0xff, 0xa1, 0x98],
        [0x7e, 0xe7, 0x87],
        [0xf2, 0xcc, 0x60],
        [0xa5, 0xd6, 0xff],
        [0xe2, 0xc5, 0xff],
        [0x9b, 0xf0, 0xf5],
        [0xff, 0xff, 0xff],
    ],
};

const BLACK: Ground = {
    let mut sixteen = DARK.sixteen;
    sixteen[0] = [0; 3];
    sixteen[4] = [0x1f, 0x3f, 0xbf];
    Ground { text: [0xff; 3], background: [0; 3], sixteen }
};

const LIGHT: Ground = Ground {
    text: [0x24, 0x29, 0x2f],
    background: [0xff, 0xff, 0xff],
    sixteen: [
        [0x24, 0x29, 0x2f],
        [0xc0, 0x1c, 0x28],
        [0x1a, 0x7f, 0x37],
        [0x9a, 0x67, 0x00],
        [0x09, 0x69, 0xda],
        [0x82, 0x50, 0xdf],
        [0x0b, 0x7a, 0x86],
        [0x6e, 0x77, 0x81],
        [0x57, 0x60, 0x6a],
        [0xa4, 0x0e, 0x26],
        [0x11, 0x63, 0x29],
        [0x7d, 0x4e, 0x00],
        [0x05, 0x50, 0xae],
        [0x66, 0x39, 0xba],
        [0x08, 0x5d, 0x66],
        [0x8c, 0x95, 0x9f],
    ],
};

/// What a run of cells looks like.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Look {
    text: [u8; 3],
    background: Option<[u8; 3]>,
    bold: bool,
    italic: bool,
    underlined: bool,
    dim: bool,
}

/// Draws a buffer as an SVG document; `title` is for screen readers and for the browser's tab.
///
/// Every run of cells of one look is one `text` with its length set, so that any monospaced font keeps the grid.
pub fn svg(buffer: &Buffer, theme: ThemeName, title: &str) -> String {
    let ground = match theme {
        ThemeName::Light => &LIGHT,
        ThemeName::HighContrast => &BLACK,
        _ => &DARK,
    };
    let area = buffer.area;
    let width = MARGIN * 2.0 + CELL_WIDTH * f64::from(area.width);
    let height = MARGIN * 2.0 + CELL_HEIGHT * f64::from(area.height);
    let mut out = String::new();
    // Writing to a String cannot fail, here and below.
    let _ = writeln!(
        out,
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0} {height:.0}" width="{width:.0}" height="{height:.0}" role="img" font-family="{FONT}" font-size="14">"#
    );
    let _ = writeln!(out, "<title>{}</title>", escape(title));
    let _ = writeln!(out, r#"<rect width="100%" height="100%" rx="8" fill="{}"/>"#, hex(ground.background));
    for y in area.top()..area.bottom() {
        for run in runs(buffer, ground, y) {
            run.draw(&mut out, f64::from(y - area.top()));
        }
    }
    out.push_str("</svg>\n");
    out
}

/// Cells of one look beside each other.
struct Run {
    x: f64,
    columns: f64,
    text: String,
    look: Look,
}

fn runs(buffer: &Buffer, ground: &Ground, y: u16) -> Vec<Run> {
    let area = buffer.area;
    let mut runs: Vec<Run> = Vec::new();
    let mut x = area.left();
    while x < area.right() {
        let cell = &buffer[(x, y)];
        let columns = cell.symbol().width().max(1) as u16;
        let look = look(cell.fg, cell.bg, cell.modifier, ground);
        let text = if cell.modifier.contains(Modifier::HIDDEN) { " " } else { cell.symbol() };
        match runs.last_mut() {
            Some(run) if run.look == look => {
                run.text.push_str(text);
                run.columns += f64::from(columns);
            }
            _ => runs.push(Run {
                x: f64::from(x - area.left()),
                columns: f64::from(columns),
                text: text.to_string(),
                look,
            }),
        }
        x += columns;
    }
    runs
}

fn look(fg: Color, bg: Color, modifier: Modifier, ground: &Ground) -> Look {
    let mut text = colour(fg, ground).unwrap_or(ground.text);
    let mut background = colour(bg, ground);
    if modifier.contains(Modifier::REVERSED) {
        let was = background.unwrap_or(ground.background);
        background = Some(text);
        text = was;
    }
    Look {
        text,
        background,
        bold: modifier.contains(Modifier::BOLD),
        italic: modifier.contains(Modifier::ITALIC),
        underlined: modifier.contains(Modifier::UNDERLINED),
        dim: modifier.contains(Modifier::DIM),
    }
}

impl Run {
    fn draw(&self, out: &mut String, row: f64) {
        let (x, y) = (MARGIN + self.x * CELL_WIDTH, MARGIN + row * CELL_HEIGHT);
        let width = self.columns * CELL_WIDTH;
        if let Some(background) = self.look.background {
            let _ = writeln!(
                out,
                r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{CELL_HEIGHT}" fill="{}"/>"#,
                hex(background)
            );
        }
        let drawn = shapes(&self.text, x, y);
        if !drawn.is_empty() {
            let fill = hex(self.look.text);
            let opacity = if self.look.dim { r#" opacity="0.65""# } else { "" };
            let _ = writeln!(out, r#"<path d="{drawn}" fill="{fill}"{opacity}/>"#);
        }
        let text: String = self.text.chars().map(|c| if shape(c).is_some() { ' ' } else { c }).collect();
        if text.trim().is_empty() && !self.look.underlined {
            return;
        }
        self.draw_text(out, &text, x, y);
    }

    fn draw_text(&self, out: &mut String, text: &str, x: f64, y: f64) {
        // Blanks at the ends need no drawing, and textLength would spread them.
        let lead = text.len() - text.trim_start().len();
        let shown = if self.look.underlined { text } else { text.trim() };
        let x = if self.look.underlined { x } else { x + lead as f64 * CELL_WIDTH };
        let length = shown.width() as f64 * CELL_WIDTH;
        let mut style = String::new();
        if self.look.bold {
            style.push_str(r#" font-weight="bold""#);
        }
        if self.look.italic {
            style.push_str(r#" font-style="italic""#);
        }
        if self.look.underlined {
            style.push_str(r#" text-decoration="underline""#);
        }
        if self.look.dim {
            style.push_str(r#" opacity="0.65""#);
        }
        let _ = writeln!(
            out,
            r#"<text x="{x:.1}" y="{:.1}" fill="{}" textLength="{length:.1}" lengthAdjust="spacingAndGlyphs" xml:space="preserve"{style}>{}</text>"#,
            y + BASELINE,
            hex(self.look.text),
            escape(shown)
        );
    }
}

/// Parts of a cell, from 0 to 1 across and down: left, top, right, bottom.
type Part = [f64; 4];

/// Frames and blocks are drawn as shapes: no font draws them without gaps between the rows.
fn shape(c: char) -> Option<&'static [Part]> {
    // Half the width of a frame's line, across and down.
    const X: [f64; 2] = [0.43, 0.57];
    const Y: [f64; 2] = [0.465, 0.535];
    Some(match c {
        '█' => &[[0.0, 0.0, 1.0, 1.0]],
        '▀' => &[[0.0, 0.0, 1.0, 0.5]],
        '▄' => &[[0.0, 0.5, 1.0, 1.0]],
        '▏' => &[[0.0, 0.0, 0.125, 1.0]],
        '▎' => &[[0.0, 0.0, 0.25, 1.0]],
        '▍' => &[[0.0, 0.0, 0.375, 1.0]],
        '▌' => &[[0.0, 0.0, 0.5, 1.0]],
        '▋' => &[[0.0, 0.0, 0.625, 1.0]],
        '▊' => &[[0.0, 0.0, 0.75, 1.0]],
        '▉' => &[[0.0, 0.0, 0.875, 1.0]],
        '─' => &[[0.0, Y[0], 1.0, Y[1]]],
        '│' => &[[X[0], 0.0, X[1], 1.0]],
        '╭' | '┌' => &[[X[0], Y[0], 1.0, Y[1]], [X[0], Y[0], X[1], 1.0]],
        '╮' | '┐' => &[[0.0, Y[0], X[1], Y[1]], [X[0], Y[0], X[1], 1.0]],
        '╰' | '└' => &[[X[0], Y[0], 1.0, Y[1]], [X[0], 0.0, X[1], Y[1]]],
        '╯' | '┘' => &[[0.0, Y[0], X[1], Y[1]], [X[0], 0.0, X[1], Y[1]]],
        _ => return None,
    })
}

/// The shapes of a run as one path; neighbours of one shape are drawn in one go.
fn shapes(text: &str, x: f64, y: f64) -> String {
    let mut out = String::new();
    let chars: Vec<char> = text.chars().collect();
    let mut column = 0;
    let mut at = 0;
    while at < chars.len() {
        let c = chars[at];
        let mut next = at + 1;
        if matches!(c, '─' | '█' | '▀' | '▄') {
            while chars.get(next) == Some(&c) {
                next += 1;
            }
        }
        let count = next - at;
        for [left, top, right, bottom] in shape(c).unwrap_or_default() {
            let (from, to) = (column as f64 + left, (column + count - 1) as f64 + right);
            let (x1, x2) = (x + from * CELL_WIDTH, x + to * CELL_WIDTH);
            let (y1, y2) = (y + top * CELL_HEIGHT, y + bottom * CELL_HEIGHT);
            // Writing to a String cannot fail.
            let _ = write!(out, "M{x1:.1} {y1:.1}H{x2:.1}V{y2:.1}H{x1:.1}Z");
        }
        column += chars[at..next]
            .iter()
            .map(|c| unicode_width::UnicodeWidthChar::width(*c).unwrap_or(0))
            .sum::<usize>();
        at = next;
    }
    out
}

fn colour(colour: Color, ground: &Ground) -> Option<[u8; 3]> {
    let of = |n: usize| Some(ground.sixteen[n]);
    match colour {
        Color::Reset => None,
        Color::Black => of(0),
        Color::Red => of(1),
        Color::Green => of(2),
        Color::Yellow => of(3),
        Color::Blue => of(4),
        Color::Magenta => of(5),
        Color::Cyan => of(6),
        Color::Gray => of(7),
        Color::DarkGray => of(8),
        Color::LightRed => of(9),
        Color::LightGreen => of(10),
        Color::LightYellow => of(11),
        Color::LightBlue => of(12),
        Color::LightMagenta => of(13),
        Color::LightCyan => of(14),
        Color::White => of(15),
        Color::Rgb(r, g, b) => Some([r, g, b]),
        Color::Indexed(n) => Some(indexed(n, ground)),
    }
}

/// xterm's 256 colours: sixteen, a cube of 6, 24 greys.
fn indexed(n: u8, ground: &Ground) -> [u8; 3] {
    match n {
        0..16 => ground.sixteen[usize::from(n)],
        16..232 => {
            let level = |v: u8| if v == 0 { 0 } else { 55 + 40 * v };
            let n = n - 16;
            [level(n / 36), level(n / 6 % 6), level(n % 6)]
        }
        232.. => [8 + 10 * (n - 232); 3],
    }
}

fn hex([r, g, b]: [u8; 3]) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // XML has no place for control characters.
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    #[test]
    fn runs_of_one_look_are_one_text_and_wide_characters_keep_the_grid() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 2));
        buffer.set_string(0, 0, "a<b>&", Style::new().fg(Color::Red));
        buffer.set_string(6, 0, "日本", Style::new());
        buffer.set_string(0, 1, " up ", Style::new().add_modifier(Modifier::REVERSED));
        let picture = svg(&buffer, ThemeName::Auto, "a & b");
        assert!(picture.contains("<title>a &amp; b</title>"));
        assert!(picture.contains(r##"fill="#ff7b72" textLength="42.0""##), "{picture}");
        assert!(picture.contains(">a&lt;b&gt;&amp;</text>"));
        assert!(picture.contains(
            r#"textLength="33.6" lengthAdjust="spacingAndGlyphs" xml:space="preserve">日本</text>"#
        ));
        assert!(picture.contains(r##"width="33.6" height="18" fill="#d8dee9""##));
        assert!(picture.contains(r##"fill="#161b22" textLength="16.8""##));
    }

    #[test]
    fn the_cube_and_the_greys() {
        assert_eq!(indexed(16, &DARK), [0, 0, 0]);
        assert_eq!(indexed(231, &DARK), [255, 255, 255]);
        assert_eq!(indexed(196, &DARK), [255, 0, 0]);
        assert_eq!(indexed(232, &DARK), [8, 8, 8]);
        assert_eq!(indexed(255, &DARK), [238, 238, 238]);
    }
}
