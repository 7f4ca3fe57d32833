//! The arguments of a command, told apart into flags, their values and operands.

use super::script::Word;
use super::tools::Tool;

/// The arguments of one command.
#[derive(Debug, Default)]
pub(super) struct Arguments<'a> {
    /// Flags by name, `-x` or `--long`, with the value where one was given.
    pub(super) flags: Vec<(String, Option<Word>)>,
    /// The words that are neither flags nor their values.
    pub(super) operands: Vec<&'a Word>,
}

impl<'a> Arguments<'a> {
    /// Reads arguments as getopt does, with the tool's own list of flags that take a value.
    ///
    /// Flags end at `--`, and at the first operand for tools that run the rest as a command.
    pub(super) fn read(tool: &Tool, words: &'a [Word]) -> Self {
        let mut arguments = Self::default();
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            let text = word.text.as_str();
            if text == "--" {
                arguments.operands.extend(rest.by_ref());
            } else if text.len() < 2 || !text.starts_with('-') {
                arguments.operands.push(word);
                if tool.stops {
                    arguments.operands.extend(rest.by_ref());
                }
            } else if let Some((name, value)) = text.split_once('=').filter(|(name, _)| name.len() > 2) {
                let value = Word { text: value.to_owned(), ..word.clone() };
                arguments.flags.push((name.to_owned(), Some(value)));
            } else if text.starts_with("--") || tool.long_dash {
                let value = tool.takes_value(text).then(|| rest.next().cloned()).flatten();
                arguments.flags.push((text.to_owned(), value));
            } else {
                arguments.cluster(tool, word, &mut rest);
            }
        }
        arguments
    }

    /// Reads `-abc`: single letters, the last of which may take the rest of the word or the next word as its value.
    fn cluster(&mut self, tool: &Tool, word: &Word, rest: &mut std::slice::Iter<'a, Word>) {
        for (at, letter) in word.text.char_indices().skip(1) {
            let name = format!("-{letter}");
            if !tool.takes_value(&name) {
                self.flags.push((name, None));
                continue;
            }
            let attached = &word.text[at + letter.len_utf8()..];
            let value = if attached.is_empty() && !word.dynamic {
                rest.next().cloned()
            } else {
                Some(Word { text: attached.to_owned(), ..word.clone() })
            };
            self.flags.push((name, value));
            return;
        }
    }

    /// Tells whether one of these flags was given.
    pub(super) fn has(&self, names: &[impl AsRef<str>]) -> bool {
        self.flags.iter().any(|(given, _)| names.iter().any(|name| name.as_ref() == given))
    }

    /// The values given to any of these flags.
    pub(super) fn values<'s>(&'s self, names: &'s [&str]) -> impl Iterator<Item = &'s Word> {
        self.flags
            .iter()
            .filter(|(given, _)| names.contains(&given.as_str()))
            .filter_map(|(_, value)| value.as_ref())
    }

    /// Tells how many operands the words of a subcommand (`mod download`) take, if the operands begin with them.
    pub(super) fn subcommand(&self, sub: &str) -> Option<usize> {
        let mut count = 0;
        for wanted in sub.split_whitespace() {
            let found = self.operands.get(count).filter(|word| !word.dynamic)?;
            if wanted != "*" && found.text != wanted {
                return None;
            }
            count += 1;
        }
        Some(count)
    }
}
