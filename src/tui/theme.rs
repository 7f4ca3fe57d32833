//! Colours and signs: one style a role, one set of signs for Unicode and one for ASCII.
//!
//! A view asks for the style of a [`Role`] and never names a colour. Nothing is told by colour alone: every
//! role that says something has a word or a sign besides, and [`ThemeName::Mono`] shows that it is enough.

use std::str::FromStr;

use ratatui::style::{Color, Style};

mod glyphs;
mod palettes;

pub use glyphs::{ASCII, Glyphs, UNICODE};

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

impl Theme {
    /// Makes a theme; `ascii` chooses the signs.
    pub fn new(name: ThemeName, ascii: bool) -> Self {
        Self { name, glyphs: if ascii { &ASCII } else { &UNICODE } }
    }

    /// Tells whether the signs are the plain ones.
    pub fn is_ascii(&self) -> bool {
        self.glyphs == &ASCII
    }

    /// The style of the whole screen, under everything: the high-contrast theme paints its own background, the
    /// others leave the terminal's.
    pub fn base(&self) -> Style {
        match self.name {
            ThemeName::HighContrast => Style::new().fg(Color::White).bg(Color::Black),
            _ => Style::new(),
        }
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
