//! Words in the making: split at blanks, braces expanded.

use super::Word;

/// Words in the making.
pub(super) struct Fields {
    done: Vec<Word>,
    current: Option<Word>,
    braces: bool,
    has_braces: bool,
}

impl Fields {
    pub(super) fn new(braces: bool) -> Self {
        Self { done: Vec::new(), current: None, braces, has_braces: false }
    }

    pub(super) fn push(&mut self, text: &str, quoted: bool) {
        let word = self.current.get_or_insert_default();
        if !quoted {
            word.glob |= text.contains(['*', '?', '[']);
            self.has_braces |= text.contains('{') && text.contains(',');
        }
        if !word.dynamic {
            word.text.push_str(text);
        }
    }

    pub(super) fn unknown(&mut self) {
        self.current.get_or_insert_default().dynamic = true;
    }

    /// Adds a value that the shell splits at blanks.
    pub(super) fn split(&mut self, value: &str) {
        if value.starts_with(char::is_whitespace) {
            self.close();
        }
        for (at, text) in value.split_whitespace().enumerate() {
            if at > 0 {
                self.close();
            }
            self.push(text, false);
        }
        if value.ends_with(char::is_whitespace) {
            self.close();
        }
    }

    fn close(&mut self) {
        self.done.extend(self.current.take());
    }

    pub(super) fn finish(mut self) -> Vec<Word> {
        self.close();
        if !(self.braces && self.has_braces) {
            return self.done;
        }
        self.done.iter().flat_map(expand_braces).collect()
    }
}

/// Expands the first `{a,b}` of a word; a word that would become very many stays as it is, marked dynamic.
fn expand_braces(word: &Word) -> Vec<Word> {
    let mut ready = Vec::new();
    let mut open = vec![word.text.clone()];
    while let Some(text) = open.pop() {
        let found = text.find('}').and_then(|end| text[..end].rfind('{').map(|start| (start, end)));
        match found {
            Some((start, end)) if text[start..end].contains(',') => {
                for choice in text[start + 1..end].split(',').rev() {
                    open.push(format!("{}{choice}{}", &text[..start], &text[end + 1..]));
                }
            }
            _ => ready.push(Word { text, ..word.clone() }),
        }
        if open.len() + ready.len() > 256 {
            return vec![Word { dynamic: true, ..word.clone() }];
        }
    }
    ready
}
