//! The signs, in Unicode and in ASCII.

use ratatui::symbols::border;

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
