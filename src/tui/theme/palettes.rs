//! Which colour a role has in each theme, and how it stands out without any.

use ratatui::style::{Color, Modifier, Style};

use super::{Role, Theme, ThemeName};

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
    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        match self.palette() {
            Some(palette) => coloured(&palette, role),
            None => mono(role),
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
