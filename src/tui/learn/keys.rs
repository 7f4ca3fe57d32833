//! The keys of the lessons' screen.

use ratatui::crossterm::event::KeyCode;

use crate::tui::keys::{Binding, KeySpec};

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Up in the list.
    Up,
    /// Down in the list.
    Down,
    /// Commits, goes on, opens.
    Enter,
    /// Marks a step.
    Toggle,
    /// Scrolls the text up.
    TextUp,
    /// Scrolls the text down.
    TextDown,
    /// The step before.
    Previous,
    /// The next step, without doing this one.
    Skip,
    /// Shows the next hint.
    Hint,
    /// Shows the solution.
    Solution,
    /// Puts the solution's files in place.
    Apply,
    /// Puts the step's files back.
    Reset,
    /// Opens the Dockerfile in the learner's editor.
    Edit,
    /// Shows the other side where there is room for one.
    Side,
    /// Begins a lesson on the fast track.
    Fast,
    /// Begins a lesson anew.
    Again,
    /// Another theme.
    Theme,
    /// Back to the list.
    Back,
    /// All keys.
    Help,
    /// Leaves.
    Quit,
}

/// Where a key does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The list of lessons.
    List,
    /// A text.
    Read,
    /// A prediction by marks.
    Marks,
    /// A prediction by choice.
    Choice,
    /// A prediction after its reveal.
    Revealed,
    /// A do or repair step.
    Work,
    /// The end of a lesson.
    Done,
}

use Scope::{Choice, Done, List, Marks, Read, Revealed, Work};

const LESSON: &[Scope] = &[Read, Marks, Choice, Revealed, Work, Done];
const ALL: &[Scope] = &[List, Read, Marks, Choice, Revealed, Work, Done];

/// All keys.
pub const TABLE: [Binding<Action, Scope>; 24] = [
    Binding::new(
        &[KeySpec::Code(KeyCode::Enter)],
        Action::Enter,
        &[List],
        "opens the lesson, where you left off",
    )
    .hint("open"),
    Binding::new(
        &[KeySpec::Char('f')],
        Action::Fast,
        &[List],
        "opens it on the fast track: predictions and repairs only",
    )
    .hint("fast track"),
    Binding::new(&[KeySpec::Char('b')], Action::Again, &[List], "begins it again: its answers are forgotten")
        .hint("begin again"),
    Binding::new(
        &[KeySpec::Char(' '), KeySpec::Char('x')],
        Action::Toggle,
        &[Marks],
        "marks the step: \"this one rebuilds\" (so do the numbers 1 to 9)",
    )
    .hint("mark"),
    Binding::new(
        &[KeySpec::Code(KeyCode::Enter)],
        Action::Enter,
        &[Marks, Choice],
        "commits to the answer, and shows what is (letters and numbers choose)",
    )
    .hint("that is my answer"),
    Binding::new(
        &[KeySpec::Code(KeyCode::Enter), KeySpec::Char(' '), KeySpec::Char('n')],
        Action::Enter,
        &[Read, Revealed, Done],
        "goes on",
    )
    .hint("go on"),
    Binding::new(
        &[KeySpec::Code(KeyCode::Enter), KeySpec::Char('n')],
        Action::Enter,
        &[Work],
        "goes on, once all goals hold",
    )
    .hint("go on"),
    Binding::new(
        &[KeySpec::Char('e')],
        Action::Edit,
        &[Work],
        "opens the Dockerfile in $EDITOR (any other editor works too)",
    )
    .hint("edit"),
    Binding::new(&[KeySpec::Char('h')], Action::Hint, &[Work], "shows the next hint").hint("hint"),
    Binding::new(&[KeySpec::Char('s')], Action::Solution, &[Work], "shows the solution, and why it is one")
        .hint("solution"),
    Binding::new(
        &[KeySpec::Char('a')],
        Action::Apply,
        &[Work],
        "puts the solution into your folder, once it was shown",
    ),
    Binding::new(
        &[KeySpec::Char('r')],
        Action::Reset,
        &[Work],
        "puts the files back; your version is kept aside",
    )
    .hint("reset"),
    Binding::new(
        &[KeySpec::Code(KeyCode::Tab)],
        Action::Side,
        &[Work],
        "swaps yours and as it began, where one has room",
    ),
    Binding::new(&[KeySpec::Code(KeyCode::Up), KeySpec::Char('k')], Action::Up, ALL, "goes up"),
    Binding::new(&[KeySpec::Code(KeyCode::Down), KeySpec::Char('j')], Action::Down, ALL, "goes down"),
    Binding::new(
        &[KeySpec::Code(KeyCode::PageUp), KeySpec::Ctrl('u')],
        Action::TextUp,
        LESSON,
        "scrolls the text up",
    ),
    Binding::new(
        &[KeySpec::Code(KeyCode::PageDown), KeySpec::Ctrl('d')],
        Action::TextDown,
        LESSON,
        "scrolls the text down",
    ),
    Binding::new(
        &[KeySpec::Code(KeyCode::Left), KeySpec::Code(KeyCode::Backspace), KeySpec::Char('p')],
        Action::Previous,
        LESSON,
        "goes back a step",
    ),
    Binding::new(
        &[KeySpec::Char('S'), KeySpec::Code(KeyCode::Right)],
        Action::Skip,
        &[Marks, Choice, Work],
        "skips the step",
    ),
    Binding::new(&[KeySpec::Char('t')], Action::Theme, ALL, "takes another theme"),
    Binding::new(&[KeySpec::Code(KeyCode::Esc)], Action::Back, LESSON, "goes to the list of lessons")
        .hint("lessons"),
    Binding::new(&[KeySpec::Char('?')], Action::Help, ALL, "shows these keys").hint("help"),
    Binding::new(&[KeySpec::Char('q'), KeySpec::Ctrl('c')], Action::Quit, &[List], "leaves").hint("quit"),
    Binding::new(
        &[KeySpec::Char('q'), KeySpec::Ctrl('c')],
        Action::Quit,
        LESSON,
        "leaves; you go on from here next time",
    )
    .hint("quit"),
];
