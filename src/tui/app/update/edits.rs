//! Edits that are pretended, counted as built, taken back, and looked at again.

use super::super::{App, Effect, Focus, Request, Snapshot};
use crate::tui::model::{FileKind, FileState};

/// A pretended edit of a directory takes no more files than this.
const AT_ONCE: usize = 1000;

impl App {
    pub(super) fn mark(&mut self) {
        let Some(row) = self.files.rows.get(self.files.selected) else { return };
        if row.kind != FileKind::File || row.state == FileState::Ignored {
            self.note =
                Some("only files that take part can be marked; e on a directory takes all in it".into());
            return;
        }
        let path = row.path.clone();
        if !self.files.marked.remove(&path) {
            self.files.marked.insert(path);
        }
        self.rebuild_files();
        self.go(1);
    }

    pub(super) fn pretend(&mut self) -> Vec<Effect> {
        let Some(snapshot) = &self.snapshot else { return Vec::new() };
        self.past = None;
        let mut paths: Vec<String> = std::mem::take(&mut self.files.marked).into_iter().collect();
        if paths.is_empty() {
            let Some(row) = self.files.rows.get(self.files.selected) else { return Vec::new() };
            if row.state == FileState::Ignored {
                self.note = Some(format!("{} is ignored: an edit of it changes nothing", row.name));
                return Vec::new();
            }
            paths = match row.kind {
                FileKind::File => vec![row.path.clone()],
                FileKind::Dir { .. } => files_below(snapshot, &row.path),
            };
        }
        paths.retain(|path| snapshot.tree.contains(path));
        if paths.is_empty() {
            self.note = Some("there is no such file any more".into());
            return Vec::new();
        }
        self.note = Some(match paths.as_slice() {
            [one] => format!(
                "pretended: {} was edited (u undoes; nothing on disk changed)",
                crate::tui::text::safe(one)
            ),
            many => {
                format!("pretended: {} files were edited (u undoes; nothing on disk changed)", many.len())
            }
        });
        vec![Effect::Ask(Request::Pretend(paths))]
    }

    pub(super) fn undo(&mut self) -> Vec<Effect> {
        self.past = None;
        if self.snapshot.as_ref().is_some_and(|s| s.can_undo) {
            vec![Effect::Ask(Request::Undo)]
        } else {
            self.note =
                Some("nothing to undo: u takes back pretended edits and b; files on disk are yours".into());
            Vec::new()
        }
    }

    pub(super) fn build(&mut self) -> Vec<Effect> {
        let Some(snapshot) = &self.snapshot else { return Vec::new() };
        self.past = None;
        self.note = Some("counted as built: both sides have it in their cache now".into());
        if let Some(guide) = &mut self.guide {
            guide.built();
            if let Some(path) = guide.path() {
                self.files.reveal(path, snapshot);
            }
        }
        vec![Effect::Ask(Request::Build)]
    }

    pub(super) fn earlier(&mut self) {
        let len = self.snapshot.as_ref().map_or(0, |s| s.edits.len());
        match self.past {
            _ if len == 0 => self.note = Some("no edits yet: save a file, or press e".into()),
            None => self.past = Some(len - 1),
            Some(0) => self.note = Some("this is the first edit".into()),
            Some(at) => self.past = Some(at - 1),
        }
    }

    pub(super) fn later(&mut self) {
        if self.focus == Focus::Files && !self.files.filter.is_empty() {
            return self.go(1);
        }
        let len = self.snapshot.as_ref().map_or(0, |s| s.edits.len());
        self.past = match self.past {
            Some(at) if at + 1 < len => Some(at + 1),
            Some(_) => None,
            None => {
                self.note = Some("this is now; p goes back".into());
                None
            }
        };
    }
}

fn files_below(snapshot: &Snapshot, dir: &str) -> Vec<String> {
    let Some(tree) = snapshot.tree.subtree(dir) else { return Vec::new() };
    tree.iter()
        .filter(|(_, entry)| !entry.is_dir())
        .take(AT_ONCE)
        .map(|(path, _)| crate::context::path::join(dir, &path))
        .collect()
}
