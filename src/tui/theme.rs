//! Colours and signs: one style a role, one set of signs for Unicode and one for ASCII.
//!
//! A view asks for the style of a [`Role`] and never names a colour. Nothing is told by colour alone: every
//! role that says something has a word or a sign besides, and [`ThemeName::Mono`] shows that it is enough.

use std::str::FromStr;

use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::border;

/// The themes by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ThemeName {
    /// The terminal's own sixteen colours; reads on light and on dark.
    #[default]
    Auto,
    /// For dark backgrounds, 256 colours.
    Dark,
    /// For light backgrounds, 256 colours.
    Light,
    /// For projectors and tired eyes.
    HighContrast,
    /// No colours: bold, underlined and reversed.
    Mono,
}

impl ThemeName {
    /// All of them, in the order in which `t` steps through them.
    pub const ALL: [Self; 5] = [Self::Auto, Self::Dark, Self::Light, Self::HighContrast, Self::Mono];

    /// The name as `--theme` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Dark => "dark",
            Self::Light => "light",
            Self::HighContrast => "high-contrast",
            Self::Mono => "mono",
        }
    }

    /// The one after it.
    pub fn next(self) -> Self {
        let at = Self::ALL.iter().position(|t| *t == self).unwrap_or_default();
        Self::ALL[(at + 1) % Self::ALL.len()]
    }
}

impl FromStr for ThemeName {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|t| t.name() == s).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|t| t.name()).collect();
            format!("{s:?} is none of {}", names.join(", "))
        })
    }
}

/// What a piece of the screen is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Ordinary text.
    Text,
    /// What matters less.
    Dim,
    /// Text that stands out.
    Strong,
    /// The name of the program, headings.
    Title,
    /// Frames.
    Border,
    /// The frame of the pane that has the keys.
    BorderFocus,
    /// A step that is found in the cache.
    Cached,
    /// The mark of a step that runs.
    Rebuilds,
    /// The text of a step that runs.
    RebuildsText,
    /// What rests on an assumption.
    Maybe,
    /// The keyword of an instruction.
    Keyword,
    /// A path.
    Path,
    /// The filled part of a bar.
    Bar,
    /// Signs of what was added, moved, taken away.
    Sign,
    /// The line under the cursor, in the pane that has the keys.
    Selected,
    /// The line under the cursor elsewhere.
    SelectedElsewhere,
    /// What changed a moment ago.
    Fresh,
    /// The sentence of the difference.
    Sentence,
    /// The figure of the side that costs more.
    Worse,
    /// The figure of the side that costs less.
    Better,
    /// A file that changed.
    Changed,
    /// A file that takes no part.
    Ignored,
    /// Something to look after.
    Warning,
    /// Something that is wrong.
    Error,
    /// A key in the hints.
    Key,
    /// What the guide says.
    Guide,
    /// Removed lines of a diff.
    Removed,
    /// Added lines of a diff.
    Added,
}

/// Signs that a terminal can or cannot show.
#[derive(Debug, PartialEq, Eq)]
pub struct Glyphs {
    /// Found in the cache.
    pub cached: &'static str,
    /// Runs for a reason of its own.
    pub rebuilds: &'static str,
    /// Runs only because a step before it does.
    pub dragged: &'static str,
    /// Rests on an assumption.
    pub maybe: &'static str,
    /// Before the line under the cursor.
    pub cursor: &'static str,
    /// Something was left out.
    pub ellipsis: &'static str,
    /// Parts of a bar from an eighth to a whole.
    pub bar: [&'static str; 8],
    /// An open directory.
    pub open: &'static str,
    /// A closed directory.
    pub closed: &'static str,
    /// The arrow from before to after.
    pub arrow: &'static str,
    /// Between parts of a line.
    pub dot: &'static str,
    /// Between left and right.
    pub between: &'static str,
    /// Watching.
    pub watching: &'static str,
    /// A set that is marked.
    pub marked: &'static str,
    /// A rule across.
    pub rule: &'static str,
    /// A block of a large digit.
    pub block: &'static str,
    /// Frames.
    pub border: border::Set<'static>,
}

/// For terminals that show Unicode.
pub const UNICODE: Glyphs = Glyphs {
    cached: "✓",
    rebuilds: "✗",
    dragged: "↳",
    maybe: "?",
    cursor: "▶",
    ellipsis: "…",
    bar: ["▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"],
    open: "▾",
    closed: "▸",
    arrow: "→",
    dot: "·",
    between: "│",
    watching: "●",
    marked: "◆",
    rule: "─",
    block: "█",
    border: border::ROUNDED,
};

/// For all others.
pub const ASCII: Glyphs = Glyphs {
    cached: "+",
    rebuilds: "x",
    dragged: "^",
    maybe: "?",
    cursor: ">",
    ellipsis: "...",
    bar: [".", ".", ":", ":", "=", "=", "#", "#"],
    open: "v",
    closed: ">",
    arrow: "->",
    dot: "-",
    between: "|",
    watching: "*",
    marked: "*",
    rule: "-",
    block: "#",
    border: border::Set {
        top_left: "+",
        top_right: "+",
        bottom_left: "+",
        bottom_right: "+",
        vertical_left: "|",
        vertical_right: "|",
        horizontal_top: "-",
        horizontal_bottom: "-",
    },
};

/// A theme with its signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// Its colours.
    pub name: ThemeName,
    /// Its signs.
    pub glyphs: &'static Glyphs,
}

impl Default for Theme {
    fn default() -> Self {
        Self { name: ThemeName::Auto, glyphs: &UNICODE }
    }
}

/// The colours of a theme that has any.
struct Palette {
    good: Color,
    bad: Color,
    maybe: Color,
    accent: Color,
    changed: Color,
    /// None: the text colour, dimmed.
    dim: Option<Color>,
    border: Option<Color>,
    selected: Option<Color>,
    elsewhere: Option<Color>,
    on_badge: Color,
}

impl Theme {
    /// Makes a theme; `ascii` chooses the signs.
    pub fn new(name: ThemeName, ascii: bool) -> Self {
        Self { name, glyphs: if ascii { &ASCII } else { &UNICODE } }
    }

    /// Tells whether the signs are the plain ones.
    pub fn is_ascii(&self) -> bool {
        self.glyphs == &ASCII
    }

    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        match self.palette() {
            Some(palette) => coloured(&palette, role),
            None => mono(role),
        }
    }

    /// The style of the whole screen, under everything: the high-contrast theme paints its own background, the
    /// others leave the terminal's.
    pub fn base(&self) -> Style {
        match self.name {
            ThemeName::HighContrast => Style::new().fg(Color::White).bg(Color::Black),
            _ => Style::new(),
        }
    }

    fn palette(&self) -> Option<Palette> {
        let indexed = |n| Some(Color::Indexed(n));
        match self.name {
            ThemeName::Mono => None,
            ThemeName::Auto => Some(Palette {
                good: Color::Green,
                bad: Color::Red,
                maybe: Color::Magenta,
                accent: Color::Cyan,
                changed: Color::Magenta,
                dim: None,
                border: None,
                selected: None,
                elsewhere: None,
                on_badge: Color::Reset,
            }),
            ThemeName::Dark => Some(Palette {
                good: Color::Indexed(114),
                bad: Color::Indexed(209),
                maybe: Color::Indexed(221),
                accent: Color::Indexed(117),
                changed: Color::Indexed(221),
                dim: indexed(246),
                border: indexed(240),
                selected: indexed(238),
                elsewhere: indexed(236),
                on_badge: Color::Indexed(233),
            }),
            ThemeName::Light => Some(Palette {
                good: Color::Indexed(28),
                bad: Color::Indexed(160),
                maybe: Color::Indexed(130),
                accent: Color::Indexed(25),
                changed: Color::Indexed(130),
                dim: indexed(241),
                border: indexed(247),
                selected: indexed(253),
                elsewhere: indexed(255),
                on_badge: Color::Indexed(231),
            }),
            ThemeName::HighContrast => Some(Palette {
                good: Color::LightGreen,
                bad: Color::LightRed,
                maybe: Color::LightYellow,
                accent: Color::LightCyan,
                changed: Color::LightYellow,
                dim: Some(Color::White),
                border: Some(Color::White),
                selected: Some(Color::Blue),
                elsewhere: None,
                on_badge: Color::Black,
            }),
        }
    }
}

fn coloured(p: &Palette, role: Role) -> Style {
    let plain = Style::new();
    let bold = plain.add_modifier(Modifier::BOLD);
    // With the terminal's own colours nobody knows the background: reversing keeps the contrast.
    let badge = |colour: Color| match p.on_badge {
        Color::Reset => bold.fg(colour).add_modifier(Modifier::REVERSED),
        on => bold.fg(on).bg(colour),
    };
    let dim = p.dim.map_or(plain.add_modifier(Modifier::DIM), |c| plain.fg(c));
    match role {
        Role::Text => plain,
        Role::Dim | Role::Ignored => dim,
        Role::Strong | Role::Keyword | Role::RebuildsText => bold,
        Role::Title => bold.fg(p.accent),
        Role::Border => p.border.map_or(dim, |c| plain.fg(c)),
        Role::BorderFocus | Role::Key => bold.fg(p.accent),
        Role::Cached => plain.fg(p.good),
        Role::Rebuilds => badge(p.bad),
        Role::Maybe => bold.fg(p.maybe),
        Role::Path => plain.fg(p.accent),
        Role::Bar => plain.fg(p.bad),
        Role::Sign => bold.fg(p.maybe),
        Role::Selected => p.selected.map_or(plain.add_modifier(Modifier::REVERSED), |c| plain.bg(c)),
        // The sign in the gutter tells the line where no background can.
        Role::SelectedElsewhere => p.elsewhere.map_or(plain, |c| plain.bg(c)),
        Role::Fresh => bold.add_modifier(Modifier::REVERSED),
        Role::Sentence => bold,
        Role::Worse => bold.fg(p.bad),
        Role::Better => bold.fg(p.good),
        Role::Changed => bold.fg(p.changed),
        Role::Warning => bold.fg(p.maybe),
        Role::Error => bold.fg(p.bad),
        Role::Guide => badge(p.accent),
        Role::Removed => plain.fg(p.bad),
        Role::Added => plain.fg(p.good),
    }
}

fn mono(role: Role) -> Style {
    let plain = Style::new();
    let bold = plain.add_modifier(Modifier::BOLD);
    match role {
        Role::SelectedElsewhere
        | Role::Text
        | Role::Cached
        | Role::Border
        | Role::Path
        | Role::Bar
        | Role::Removed => plain,
        Role::Dim | Role::Ignored => plain.add_modifier(Modifier::DIM),
        Role::Rebuilds | Role::Selected | Role::Fresh | Role::Guide => bold.add_modifier(Modifier::REVERSED),
        Role::Warning | Role::Error => bold.add_modifier(Modifier::UNDERLINED),
        Role::Strong
        | Role::Title
        | Role::BorderFocus
        | Role::RebuildsText
        | Role::Maybe
        | Role::Keyword
        | Role::Sign
        | Role::Sentence
        | Role::Worse
        | Role::Better
        | Role::Changed
        | Role::Key
        | Role::Added => bold,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for theme in ThemeName::ALL {
            assert_eq!(theme.name().parse(), Ok(theme));
        }
        assert!("pink".parse::<ThemeName>().unwrap_err().contains("high-contrast"));
        assert_eq!(ThemeName::Mono.next(), ThemeName::Auto);
    }

    #[test]
    fn mono_has_no_colours() {
        let theme = Theme::new(ThemeName::Mono, false);
        for role in [Role::Rebuilds, Role::Cached, Role::Error, Role::Guide, Role::Selected, Role::Changed] {
            let style = theme.style(role);
            assert_eq!((style.fg, style.bg), (None, None), "{role:?}");
        }
    }

    #[test]
    fn the_plain_signs_are_ascii() {
        let mut all = vec![
            ASCII.dragged,
            ASCII.cached,
            ASCII.rebuilds,
            ASCII.maybe,
            ASCII.cursor,
            ASCII.ellipsis,
            ASCII.open,
        ];
        all.extend([ASCII.closed, ASCII.arrow, ASCII.dot, ASCII.between, ASCII.watching, ASCII.marked]);
        all.extend([ASCII.rule, ASCII.block, ASCII.border.top_left, ASCII.border.vertical_left]);
        all.extend(ASCII.bar);
        assert!(all.iter().all(|s| s.is_ascii()));
    }
}
