//! Words as the command gets them: variables, the home directory, substitutions.

use super::super::parse::{Node, RawCommand};
use super::super::words::{Part, RawWord};
use super::fields::Fields;
use super::walk::Walk;
use super::{ShellKind, Word};

impl Walk<'_> {
    /// Expands a word that does not split: an assignment's value, a redirection's target, a heredoc.
    pub(super) fn single(&mut self, raw: &RawWord) -> Word {
        let mut fields = Fields::new(false);
        self.expand(raw, &mut fields, true);
        fields.finish().into_iter().next().unwrap_or_default()
    }

    /// Expands a word into the words that the command gets.
    pub(super) fn fields(&mut self, raw: &RawWord) -> Vec<Word> {
        let mut fields = Fields::new(self.scene.shell == ShellKind::Bash);
        self.expand(raw, &mut fields, false);
        fields.finish()
    }

    fn expand(&mut self, raw: &RawWord, fields: &mut Fields, whole: bool) {
        for (at, part) in raw.parts.iter().enumerate() {
            match part {
                Part::Literal { text, quoted: false }
                    if at == 0 && (text == "~" || text.starts_with("~/")) =>
                {
                    match self.value("HOME") {
                        Some(home) => fields.push(&home, true),
                        None => fields.unknown(),
                    }
                    fields.push(&text[1..], false);
                }
                Part::Literal { text, quoted } => fields.push(text, *quoted),
                Part::Variable { name, default, quoted } => {
                    let value = self.value(name).filter(|value| !(value.is_empty() && default.is_some()));
                    match (value, default) {
                        (Some(value), _) if *quoted || whole => fields.push(&value, true),
                        (Some(value), _) => fields.split(&value),
                        (None, Some(default)) if self.surely_unset(name) => {
                            self.expand(default, fields, whole);
                        }
                        (None, _) => fields.unknown(),
                    }
                }
                Part::Commands { body, .. } => {
                    let here = self.cwd.clone().filter(|_| is_pwd(body));
                    self.aside(|walk| walk.list(body));
                    match here {
                        Some(cwd) => fields.push(&cwd, true),
                        None => fields.unknown(),
                    }
                }
                Part::Unknown { names } => {
                    for name in names {
                        self.note(name);
                    }
                    fields.unknown();
                }
            }
        }
    }

    fn note(&mut self, name: &str) {
        if !self.values.contains_key(name) {
            self.script.variables.insert(name.to_owned());
        }
    }

    fn value(&mut self, name: &str) -> Option<String> {
        self.note(name);
        match self.values.get(name) {
            Some(value) => value.clone(),
            None if name == "PWD" => self.cwd.clone(),
            None => (self.scene.env)(name),
        }
    }

    /// Tells whether the script itself left a variable empty, so that its default stands.
    fn surely_unset(&self, name: &str) -> bool {
        self.values.get(name).is_some_and(|value| value.as_deref() == Some(""))
            || (!self.values.contains_key(name) && (self.scene.env)(name).as_deref() == Some(""))
    }
}

fn is_pwd(body: &[Node]) -> bool {
    matches!(body, [Node::Simple(RawCommand { words, assigns, redirects })]
        if assigns.is_empty() && redirects.is_empty()
            && matches!(words.as_slice(), [word] if word.bare() == Some("pwd")))
}
