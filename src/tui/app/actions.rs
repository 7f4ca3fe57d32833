//! The keys of the main screen: one table that dispatches them and feeds `?` and the hints.

use ratatui::crossterm::event::KeyCode;

use crate::tui::keys::{Binding, KeySpec};

/// What a key can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the table below says what each does")]
pub enum Action {
    Quit,
    NextPane,
    PreviousPane,
    Pane(usize),
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Top,
    Bottom,
    Open,
    Mark,
    Pretend,
    Undo,
    Build,
    EarlierEdit,
    LaterEdit,
    Filter,
    NextMatch,
    PreviousMatch,
    Help,
    Moves,
    Write,
    Sizes,
    Notes,
    Copy,
    Theme,
    Picture,
    Presenter,
    Close,
    Confirm,
    Toggle,
    Suspend,
}

/// Where a key can be pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// In the steps, or why one of them runs.
    Steps,
    /// In the files.
    Files,
    /// While the filter is typed.
    Typing,
    /// Over the moves.
    Moves,
    /// Over the difference that is to be written.
    Writing,
    /// Over help, notes or sizes.
    Reading,
}

const MAIN: &[Scope] = &[Scope::Steps, Scope::Files];
const LISTS: &[Scope] = &[Scope::Steps, Scope::Files, Scope::Moves, Scope::Writing, Scope::Reading];
const ALL: &[Scope] =
    &[Scope::Steps, Scope::Files, Scope::Typing, Scope::Moves, Scope::Writing, Scope::Reading];
const OVERLAYS: &[Scope] = &[Scope::Moves, Scope::Writing, Scope::Reading];
const BROWSE: &[Scope] = &[Scope::Steps, Scope::Files, Scope::Moves, Scope::Reading];

use KeyCode::{BackTab, Down, End, Enter, Esc, Home, Left, PageDown, PageUp, Right, Tab, Up};
use KeySpec::{Char, Code, Ctrl};

/// The table.
pub const KEYS: &[Binding<Action, Scope>] = &[
    Binding::new(
        &[Char('e')],
        Action::Pretend,
        MAIN,
        "pretends an edit of the marked files, or of the one selected; nothing on disk changes",
    )
    .hint("edit (pretend)"),
    Binding::new(&[Char('u')], Action::Undo, MAIN, "takes back the last pretended edit, or the last b")
        .hint("undo"),
    Binding::new(&[Char('b')], Action::Build, MAIN, "counts the present state as built on both sides")
        .hint("count as built"),
    Binding::new(
        &[Char(' ')],
        Action::Mark,
        &[Scope::Files],
        "marks a file, so that e edits several at once",
    )
    .hint("mark"),
    Binding::new(&[Char('m')], Action::Moves, MAIN, "shows the moves one by one, each to be switched off")
        .hint("moves"),
    Binding::new(
        &[Char('w')],
        Action::Write,
        &[Scope::Steps, Scope::Files, Scope::Moves],
        "shows the difference, and writes the Dockerfile if you say yes",
    )
    .hint("write"),
    Binding::new(&[Char('z')], Action::Sizes, MAIN, "shows what the image weighs, layer by layer")
        .hint("sizes"),
    Binding::new(
        &[Char('p')],
        Action::EarlierEdit,
        MAIN,
        "goes back to the edit before, and what it alone rebuilt",
    )
    .hint("past edits"),
    // While a filter is on, n is for its matches.
    Binding::new(
        &[Char('n')],
        Action::LaterEdit,
        MAIN,
        "goes on to the next edit; with a filter on, to its next match",
    ),
    Binding::new(&[Char('N')], Action::PreviousMatch, &[Scope::Files], "goes to the match before"),
    Binding::new(&[Code(Tab)], Action::NextPane, MAIN, "goes to the next pane").hint("panes"),
    Binding::new(&[Code(BackTab)], Action::PreviousPane, MAIN, "goes to the pane before"),
    Binding::new(&[Char('1')], Action::Pane(0), MAIN, "goes to the Dockerfile as it is"),
    Binding::new(&[Char('2')], Action::Pane(1), MAIN, "goes to the other Dockerfile"),
    Binding::new(&[Char('3')], Action::Pane(2), MAIN, "goes to why"),
    Binding::new(&[Char('4')], Action::Pane(3), MAIN, "goes to the files"),
    Binding::new(&[Char('/')], Action::Filter, MAIN, "filters the files by a part of their paths")
        .hint("find"),
    Binding::new(&[Code(Down), Char('j')], Action::Down, LISTS, "goes down"),
    Binding::new(&[Code(Up), Char('k')], Action::Up, LISTS, "goes up"),
    Binding::new(&[Code(Left), Char('h')], Action::Left, MAIN, "goes to the left side; closes a directory"),
    Binding::new(&[Code(Right), Char('l')], Action::Right, MAIN, "goes to the right side; opens a directory"),
    Binding::new(&[Code(Enter)], Action::Open, MAIN, "opens or closes a directory"),
    Binding::new(&[Code(PageDown), Ctrl('d')], Action::PageDown, LISTS, "goes a page down"),
    Binding::new(&[Code(PageUp), Ctrl('u')], Action::PageUp, LISTS, "goes a page up"),
    Binding::new(&[Char('g'), Code(Home)], Action::Top, LISTS, "goes to the first"),
    Binding::new(&[Char('G'), Code(End)], Action::Bottom, LISTS, "goes to the last"),
    Binding::new(&[Char(' '), Code(Enter)], Action::Toggle, &[Scope::Moves], "switches a move off or on")
        .hint("switch off or on"),
    Binding::new(&[Char('y'), Code(Enter)], Action::Confirm, &[Scope::Writing], "writes the file")
        .hint("write it"),
    Binding::new(
        &[Char('y')],
        Action::Copy,
        MAIN,
        "copies the Dockerfile on the right (on the left: that one) to the clipboard",
    )
    .hint("copy"),
    Binding::new(
        &[Char('P')],
        Action::Presenter,
        MAIN,
        "presenter: the two lists and the sentence, spaced out",
    )
    .hint("present"),
    Binding::new(&[Char('S')], Action::Picture, BROWSE, "saves a picture of the screen (SVG)")
        .hint("picture"),
    Binding::new(&[Char('t')], Action::Theme, BROWSE, "takes the next theme"),
    Binding::new(
        &[Char('i')],
        Action::Notes,
        MAIN,
        "shows what to know of this context: traps, warnings, how it is watched",
    ),
    Binding::new(&[Char('?')], Action::Help, BROWSE, "shows all keys").hint("help"),
    Binding::new(&[Code(Esc)], Action::Close, ALL, "closes what is open, never the program").hint("close"),
    Binding::new(&[Char('q')], Action::Close, OVERLAYS, "closes it"),
    Binding::new(&[Char('q')], Action::Quit, MAIN, "quits").hint("quit"),
    Binding::new(&[Ctrl('c')], Action::Quit, ALL, "quits at once"),
    // The terminal's thread sees this one first; it stands here to be told.
    Binding::new(&[Ctrl('z')], Action::Suspend, ALL, "goes to the background; fg brings it back"),
];
