//! The guided line of the demo: three edits, what each costs on both sides, and what to press next.

use crate::tui::model::{Tone, Words, say};

/// One guided edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lesson {
    /// The file to edit.
    pub path: &'static str,
    /// What to look at once it was edited.
    pub told: &'static str,
}

/// The guided edits, in order.
pub const EDITS: [Lesson; 3] = [
    Lesson {
        path: "src/app.js",
        told: "On the left COPY . . takes in every file, so npm install after it runs again for nothing.",
    },
    Lesson {
        path: "package.json",
        told: "New dependencies have to be installed in any order: both sides pay.",
    },
    Lesson {
        path: "README.md",
        told: "Not even a README is free on the left: npm install again, for a file that never runs.",
    },
];

/// Where the guide is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Guide {
    /// Number of the edit; past the last one, the guide is done.
    pub at: usize,
    /// The edit was made, and waits for `b`.
    pub edited: bool,
}

impl Guide {
    /// The file to edit now.
    pub fn path(&self) -> Option<&'static str> {
        EDITS.get(self.at).map(|edit| edit.path)
    }

    /// Takes note of which files differ from what counts as built; yields whether the guide went on.
    pub fn see<'a>(&mut self, mut changed: impl Iterator<Item = &'a str>) -> bool {
        let Some(path) = self.path() else { return false };
        let edited = changed.any(|c| c == path);
        std::mem::replace(&mut self.edited, edited) != edited
    }

    /// Goes on after `b`.
    pub fn built(&mut self) {
        if std::mem::take(&mut self.edited) {
            self.at += 1;
        }
    }

    /// What it says.
    pub fn says(&self) -> Words {
        let Some(edit) = EDITS.get(self.at) else {
            return vec![
                say(Tone::Strong, "That is the whole trick. "),
                say(
                    Tone::Plain,
                    "m shows the moves and why they are safe, w writes the better order, q quits.",
                ),
            ];
        };
        let number = say(Tone::Strong, format!("{} of {}  ", self.at + 1, EDITS.len()));
        if self.edited {
            let next = match EDITS.get(self.at + 1) {
                Some(next) => format!(" Press b (count as built), then edit {}.", next.path),
                None => " Press b to finish.".to_string(),
            };
            vec![number, say(Tone::Plain, edit.told), say(Tone::Strong, next)]
        } else {
            vec![
                number,
                say(Tone::Plain, "What does it cost to edit "),
                say(Tone::Strong, edit.path),
                say(Tone::Plain, "? Guess, then "),
                say(Tone::Strong, "press e"),
                say(Tone::Plain, " to pretend (or save it in your editor)."),
            ]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::model::plain;

    #[test]
    fn the_guide_waits_for_each_edit_and_for_b() {
        let mut guide = Guide::default();
        assert!(plain(&guide.says()).contains("edit src/app.js"));
        guide.built();
        assert_eq!(guide.at, 0, "nothing was edited yet");
        assert!(!guide.see(["other.js"].into_iter()));
        assert!(guide.see(["other.js", "src/app.js"].into_iter()));
        assert!(plain(&guide.says()).contains("then edit package.json"));
        guide.built();
        assert_eq!(guide.path(), Some("package.json"));
        for _ in 0..2 {
            let path = guide.path().unwrap_or_default();
            guide.see([path].into_iter());
            guide.built();
        }
        assert_eq!(guide.path(), None);
        assert!(plain(&guide.says()).contains("whole trick"));
    }
}
