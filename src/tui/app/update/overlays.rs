//! What lies over the panes, and what is answered there.

use super::super::{App, Effect, Focus, Overlay, Request};

impl App {
    pub(super) fn show(&mut self, overlay: Overlay) {
        self.overlay = overlay;
        self.overlay_at = 0;
    }

    pub(super) fn show_moves(&mut self) {
        if self.snapshot.as_ref().is_some_and(|s| s.moves.is_some()) {
            self.show(Overlay::Moves);
        } else {
            self.note =
                Some("no moves: the right side is a file of yours, or is still being looked for".into());
        }
    }

    pub(super) fn show_sizes(&mut self) {
        if self.snapshot.as_ref().is_some_and(|s| s.sizes.is_some()) {
            self.show(Overlay::Sizes);
        } else {
            self.note = Some("the sizes are not known yet".into());
        }
    }

    pub(super) fn show_write(&mut self) {
        let Some(snapshot) = &self.snapshot else { return };
        self.note = match &snapshot.right_text {
            _ if snapshot.moves.is_none() => {
                Some("w writes the reordered Dockerfile; the right side is none".into())
            }
            Some(text) if **text != *snapshot.left_text => {
                self.show(Overlay::Write);
                None
            }
            Some(_) => Some("there is nothing to write: both sides read the same".into()),
            None => Some("there is nothing to write: no other order stands on the right".into()),
        };
    }

    pub(super) fn close(&mut self) {
        if self.overlay != Overlay::None {
            self.overlay = Overlay::None;
        } else if self.typing || !self.files.filter.is_empty() {
            self.typing = false;
            let at = self.files.selected_path().map(str::to_string);
            self.files.filter.clear();
            self.rebuild_files();
            if let (Some(path), Some(snapshot)) = (at, &self.snapshot) {
                self.files.reveal(&path, snapshot);
            }
        } else if self.past.is_some() {
            self.past = None;
        } else if self.presenter {
            self.presenter = false;
        } else if self.files.marked.is_empty() {
            self.note = Some("q quits".into());
        } else {
            self.files.marked.clear();
            self.rebuild_files();
        }
    }

    pub(super) fn toggle_move(&mut self) -> Vec<Effect> {
        let chosen = self.chosen_move();
        let Some(row) = self.known_moves.get_mut(chosen) else { return Vec::new() };
        row.on = !row.on;
        if row.on {
            self.skipped.remove(&row.id);
        } else {
            self.skipped.insert(row.id.clone());
        }
        vec![Effect::Ask(Request::Skip(self.skipped.clone()))]
    }

    pub(super) fn write(&mut self) -> Vec<Effect> {
        self.overlay = Overlay::None;
        let Some(snapshot) = &self.snapshot else { return Vec::new() };
        let Some(text) = &snapshot.right_text else { return Vec::new() };
        vec![Effect::Ask(Request::Write { before: snapshot.left_text.clone(), text: text.clone() })]
    }

    pub(super) fn copy(&mut self) -> Vec<Effect> {
        let Some(snapshot) = &self.snapshot else { return Vec::new() };
        let right = snapshot.right_text.as_ref().filter(|_| self.focus != Focus::Left);
        let (text, which) = match right {
            Some(text) => (text, "on the right"),
            None => (&snapshot.left_text, "as it is"),
        };
        let lines = text.lines().count();
        self.note = Some(format!("sent to the clipboard: the Dockerfile {which}, {lines} lines"));
        vec![Effect::Copy(text.to_string())]
    }
}
