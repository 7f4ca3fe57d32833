//! What events on disk come to: other files, rules, Dockerfiles.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::proposal::may_change_proposal;
use super::{Desk, Seen, shown};
use crate::context::{Change, Ignore, WatchEvent, find_ignore};
use crate::tui::model::Watching;
use crate::tui::workbench::timed;

#[derive(Debug, Clone, Copy, Default)]
struct Texts {
    left: bool,
    right: bool,
}

impl Desk {
    /// Looks at what the watcher's hints name.
    pub fn look(&mut self, events: &[WatchEvent]) -> Seen {
        let mut dirty: Vec<&Path> = Vec::new();
        let (mut sweep, mut told) = (false, false);
        for event in events {
            match event {
                WatchEvent::Dirty(paths) => dirty.extend(paths.iter().map(PathBuf::as_path)),
                WatchEvent::SweepNeeded => sweep = true,
                WatchEvent::FellBackToPolling(why) => {
                    self.watching = Watching::Polling(Some(why.clone()));
                    told = true;
                }
                WatchEvent::Error(why) => {
                    self.not_watched = Some(why.clone());
                    told = true;
                }
            }
        }
        let mut changes = if sweep { self.sources.scan.sweep() } else { self.sources.scan.update(&dirty) };
        let gone = self.sources.dockerfile_path.as_deref().is_some_and(|path| !path.exists());
        told |= gone != self.gone;
        self.gone = gone;
        let other_rules = self.look_at_rules(&mut changes);
        let texts = self.look_at_texts();
        if changes.is_empty() && !texts.left && !texts.right && !other_rules {
            return Seen { changed: told, other_rules };
        }
        self.take(&changes, texts);
        Seen { changed: true, other_rules }
    }

    /// Reads the ignore file again; yields whether its rules are others.
    fn look_at_rules(&mut self, changes: &mut Vec<Change>) -> bool {
        let Some(dockerfile) = &self.sources.dockerfile_path else { return false };
        // What cannot be read now may be read at the next event.
        let Ok(found) = find_ignore(&self.sources.context, dockerfile) else { return false };
        if found == self.sources.ignore_file {
            return false;
        }
        let ignore = match &found {
            None => Ok(Ignore::default()),
            Some((_, text)) => Ignore::parse(text),
        };
        let name = found.as_ref().map(|(path, _)| shown(path)).unwrap_or_default();
        self.sources.ignore_file = found;
        match ignore {
            Ok(ignore) => {
                self.ignore_problem = None;
                changes.extend(self.sources.scan.set_ignore(ignore));
                changes.sort();
                changes.dedup();
                true
            }
            Err(problem) => {
                self.ignore_problem = Some(format!("{name}:{problem}; the rules before it still hold"));
                true
            }
        }
    }

    /// Reads both Dockerfiles again.
    fn look_at_texts(&mut self) -> Texts {
        let mut texts = Texts::default();
        // A file that is away for a moment is being saved.
        if let Some(text) = self.sources.dockerfile_path.as_deref().and_then(read_lossy)
            && text != *self.sources.text
        {
            self.sources.text = Arc::from(text);
            texts.left = true;
        }
        if let Some(against) = &mut self.against
            && let Some(text) = read_lossy(&against.path)
            && text != against.text
        {
            against.text = text;
            texts.right = true;
        }
        texts
    }

    fn take(&mut self, changes: &[Change], texts: Texts) {
        let mut what: Vec<String> = changes.iter().map(|c| c.path.clone()).collect();
        self.bench.set_tree(self.sources.scan.shipped(), &what);
        if texts.left {
            self.bench.set_left(&self.sources.text.clone());
            self.name(&mut what, self.sources.dockerfile_path.clone());
        }
        if texts.right {
            let path = self.against.as_ref().map(|a| a.path.clone());
            self.name(&mut what, path);
        }
        if let Some(against) = self.against.as_ref().filter(|_| texts.right) {
            self.bench.set_right(&against.name, &against.name, &against.text, false);
        }
        if self.against.is_none() && (texts.left || changes.iter().any(may_change_proposal)) {
            self.propose(false);
        }
        let (took, ()) = timed(|| self.bench.edited(&what, false));
        self.took = took;
        self.list_ignored();
    }

    /// Adds a Dockerfile to what was edited, by its path in the context or its name.
    fn name(&self, what: &mut Vec<String>, path: Option<PathBuf>) {
        let Some(path) = path else { return };
        let inside = self.sources.in_context(&path);
        let name = inside.unwrap_or_else(|| path.display().to_string());
        if !what.contains(&name) {
            what.insert(0, name);
        }
    }

    pub(super) fn list_ignored(&mut self) {
        self.ignored =
            Arc::new(self.sources.scan.ignored().map(|(p, whole)| (p.to_string(), whole)).collect());
    }
}

fn read_lossy(path: &Path) -> Option<String> {
    std::fs::read(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}
