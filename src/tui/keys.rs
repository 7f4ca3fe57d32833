//! Keys as one table: it dispatches them, feeds `?` and the hints at the bottom.
//!
//! A screen has an action type and a scope type of its own; this room knows how keys are matched and named.
//!
//! ```
//! use layerlab::tui::keys::{Binding, KeySpec, find};
//! #[derive(Debug, Clone, Copy, PartialEq)]
//! enum Action { Quit }
//! let table = [Binding::new(&[KeySpec::Char('q')], Action::Quit, &["anywhere"], "quits").hint("quit")];
//! # use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
//! let key = KeyEvent::new(KeyCode::Char('q'), KeyModifiers::NONE);
//! assert_eq!(find(&table, &"anywhere", key), Some(Action::Quit));
//! ```

use std::fmt;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// One key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeySpec {
    /// A character as typed, capitals included.
    Char(char),
    /// A letter with Ctrl.
    Ctrl(char),
    /// A key without a character.
    Code(KeyCode),
}

/// What some keys do in some scopes.
#[derive(Debug, Clone, Copy)]
pub struct Binding<A: 'static, S: 'static> {
    /// The keys; the first is the one to name in hints.
    pub keys: &'static [KeySpec],
    /// What they do.
    pub action: A,
    /// Where they do it.
    pub scopes: &'static [S],
    /// What it is, in the third person, for `?`.
    pub help: &'static str,
    /// A word or two for the bottom line; none where it is not hinted at.
    pub hint: Option<&'static str>,
}

impl<A, S> Binding<A, S> {
    /// Makes a binding without a hint.
    pub const fn new(keys: &'static [KeySpec], action: A, scopes: &'static [S], help: &'static str) -> Self {
        Self { keys, action, scopes, help, hint: None }
    }

    /// Adds a hint for the bottom line.
    #[must_use]
    pub const fn hint(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }
}

/// The action of a key in a scope; the first binding counts.
pub fn find<A: Copy, S: PartialEq>(table: &[Binding<A, S>], scope: &S, key: KeyEvent) -> Option<A> {
    let fits = |b: &&Binding<A, S>| b.scopes.contains(scope) && b.keys.iter().any(|k| k.is(key));
    table.iter().find(fits).map(|b| b.action)
}

/// The bindings of a scope: their keys as people name them, and what they do.
pub fn help<A, S: PartialEq>(table: &[Binding<A, S>], scope: &S) -> Vec<(String, &'static str)> {
    table.iter().filter(|b| b.scopes.contains(scope)).map(|b| (b.shown(), b.help)).collect()
}

/// The hints of a scope: the first key of each hinted binding, and its word.
pub fn hints<A, S: PartialEq>(table: &[Binding<A, S>], scope: &S) -> Vec<(String, &'static str)> {
    let of = |b: &Binding<A, S>| Some((b.keys.first()?.to_string(), b.hint?));
    table.iter().filter(|b| b.scopes.contains(scope)).filter_map(of).collect()
}

impl<A, S> Binding<A, S> {
    /// Its keys as people name them: `Down, j`.
    pub fn shown(&self) -> String {
        self.keys.iter().map(KeySpec::to_string).collect::<Vec<_>>().join(", ")
    }
}

impl KeySpec {
    /// Tells whether a key event is this key.
    pub fn is(self, key: KeyEvent) -> bool {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        match (self, key.code) {
            // Shift is in the character already.
            (Self::Char(want), KeyCode::Char(got)) => !ctrl && !alt && want == got,
            (Self::Ctrl(want), KeyCode::Char(got)) => ctrl && want == got.to_ascii_lowercase(),
            (Self::Code(want), got) => !ctrl && !alt && want == got,
            _ => false,
        }
    }
}

impl fmt::Display for KeySpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Char(' ') => f.write_str("Space"),
            Self::Char(c) => write!(f, "{c}"),
            Self::Ctrl(c) => write!(f, "Ctrl-{}", c.to_ascii_uppercase()),
            Self::Code(code) => f.write_str(match code {
                KeyCode::Up => "Up",
                KeyCode::Down => "Down",
                KeyCode::Left => "Left",
                KeyCode::Right => "Right",
                KeyCode::Tab => "Tab",
                KeyCode::BackTab => "Shift-Tab",
                KeyCode::Enter => "Enter",
                KeyCode::Esc => "Esc",
                KeyCode::PageUp => "PgUp",
                KeyCode::PageDown => "PgDn",
                KeyCode::Home => "Home",
                KeyCode::End => "End",
                KeyCode::Backspace => "Backspace",
                other => return write!(f, "{other}"),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(code: KeyCode, modifiers: KeyModifiers) -> KeyEvent {
        KeyEvent::new(code, modifiers)
    }

    #[test]
    fn keys_are_matched_with_their_modifiers() {
        let (none, ctrl, shift) = (KeyModifiers::NONE, KeyModifiers::CONTROL, KeyModifiers::SHIFT);
        let table = [
            (KeySpec::Char('z'), KeyCode::Char('z'), none, true),
            (KeySpec::Char('z'), KeyCode::Char('z'), ctrl, false),
            (KeySpec::Ctrl('z'), KeyCode::Char('z'), ctrl, true),
            (KeySpec::Ctrl('c'), KeyCode::Char('C'), ctrl | shift, true),
            (KeySpec::Char('G'), KeyCode::Char('G'), shift, true),
            (KeySpec::Char('?'), KeyCode::Char('?'), shift, true),
            (KeySpec::Char('g'), KeyCode::Char('G'), shift, false),
            (KeySpec::Code(KeyCode::Tab), KeyCode::Tab, none, true),
            (KeySpec::Code(KeyCode::Up), KeyCode::Up, ctrl, false),
        ];
        for (spec, code, modifiers, want) in table {
            assert_eq!(spec.is(key(code, modifiers)), want, "{spec} {code:?} {modifiers:?}");
        }
    }

    #[test]
    fn help_and_hints_come_from_the_table_and_its_scopes() {
        let table = [
            Binding::new(&[KeySpec::Code(KeyCode::Down), KeySpec::Char('j')], 1, &["list"], "goes down"),
            Binding::new(&[KeySpec::Char(' ')], 2, &["list", "tree"], "marks").hint("mark"),
            Binding::new(&[KeySpec::Ctrl('z')], 3, &["tree"], "suspends"),
        ];
        assert_eq!(help(&table, &"list"), [("Down, j".into(), "goes down"), ("Space".into(), "marks")]);
        assert_eq!(hints(&table, &"tree"), [("Space".to_string(), "mark")]);
        assert_eq!(find(&table, &"tree", key(KeyCode::Char('j'), KeyModifiers::NONE)), None);
        assert_eq!(find(&table, &"tree", key(KeyCode::Char('z'), KeyModifiers::CONTROL)), Some(3));
    }
}
