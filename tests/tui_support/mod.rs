//! Projects as values, and screens of them.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::sync::Arc;

use layerlab::context::{Entry, Tree};
use layerlab::tui::app::{App, Effect, Message, Request, Snapshot, Told};
use layerlab::tui::model::{Header, MoveRow, Moves, Watching, Words};
use layerlab::tui::theme::Theme;
use layerlab::tui::view;
use layerlab::tui::workbench::{Setting, Workbench};
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Rect;

/// The demo's Dockerfile with figures declared, so that no table of usual costs shows in a golden screen.
pub const LEFT: &str = "FROM node:20-alpine
WORKDIR /app
# layerlab: seconds=0.2
COPY . .
# layerlab: seconds=38
RUN npm install
# layerlab: seconds=0.1
COPY package.json .
CMD [\"node\", \"src/app.js\"]
";

/// The better order.
pub const RIGHT: &str = "FROM node:20-alpine
WORKDIR /app
# layerlab: seconds=0.1
COPY package.json ./
# layerlab: seconds=38
RUN npm install
# layerlab: seconds=0.2
COPY . .
CMD [\"node\", \"src/app.js\"]
";

/// Several stages, one of which is not needed.
pub const STAGES: &str = "ARG GO_VERSION=1.22
FROM golang:${GO_VERSION}-alpine AS builder
WORKDIR /src
COPY . .
# layerlab: seconds=12
RUN go mod download
# layerlab: seconds=30
RUN go build -o /out/app ./cmd/app

FROM builder AS tests
RUN go test ./...

FROM alpine:3.17
COPY --from=builder /out/app /usr/local/bin/app
ENTRYPOINT [\"app\"]
";

pub fn shop() -> Tree {
    let mut tree = Tree::default();
    let files = [
        ("package.json", 312),
        ("README.md", 420),
        ("src/app.js", 371),
        ("src/basket.js", 152),
        ("test/basket.test.js", 247),
    ];
    for (path, size) in files {
        tree.insert(path, Entry::file(0o644, "x".repeat(size).as_bytes()));
    }
    tree
}

pub fn service() -> Tree {
    Tree::from_pairs([
        ("go.mod", "module x"),
        ("go.sum", ""),
        ("cmd/app/main.go", "package main"),
        ("README.md", ""),
    ])
}

/// A screen on a project: a workbench, an app, and what the worker would do between them.
pub struct Screen {
    pub bench: Workbench,
    pub app: App,
    pub last: Vec<Effect>,
    adorn: fn(&mut Snapshot),
}

impl Screen {
    pub fn new(left: &str, right: Option<&str>, tree: Tree, size: (u16, u16), theme: Theme) -> Self {
        let setting = Setting { per_day: 20, ..Setting::default() };
        let mut bench = Workbench::new(setting, "Dockerfile", left, tree);
        match right {
            Some(right) => bench.set_right("reordered", "reordered Dockerfile", right, true),
            None => bench.set_no_right("No safe better order was found; m says what was looked at."),
        }
        bench.predict();
        let mut app = App::new(theme, size);
        app.still = true;
        let mut screen = Self { bench, app, last: Vec::new(), adorn: |_| {} };
        screen.tell();
        screen
    }

    pub fn shop(size: (u16, u16), theme: Theme) -> Self {
        Self::new(LEFT, Some(RIGHT), shop(), size, theme)
    }

    pub fn adorned(mut self, adorn: fn(&mut Snapshot)) -> Self {
        self.adorn = adorn;
        self.tell();
        self
    }

    /// Tells the app what the workbench knows.
    pub fn tell(&mut self) {
        let mut snapshot = Snapshot::of(&self.bench);
        snapshot.header = Header {
            context: "~/shop".into(),
            dockerfile: "Dockerfile".into(),
            ignored: 2,
            ..snapshot.header
        };
        snapshot.ignored = Arc::new(vec![("node_modules".into(), true), ("npm-debug.log".into(), false)]);
        snapshot.watching = Watching::Native;
        snapshot.dockerfile_path = "Dockerfile".into();
        snapshot.moves = Some(Arc::new(moves()));
        (self.adorn)(&mut snapshot);
        self.message(Message::Told(Told::Snapshot(Box::new(snapshot))));
    }

    /// Gives the app a message and answers what it asks for, as the worker does.
    pub fn message(&mut self, message: Message) {
        let mut effects = self.app.update(message);
        self.last.clone_from(&effects);
        while let Some(effect) = effects.pop() {
            let Effect::Ask(request) = effect else { continue };
            match request {
                Request::Pretend(paths) => self.bench.pretend(&paths),
                Request::Undo => drop(self.bench.undo()),
                Request::Build => self.bench.build(),
                Request::Impacts(generation, paths) => {
                    let told = Told::Impacts(generation, self.bench.impacts(&paths));
                    effects.extend(self.app.update(Message::Told(told)));
                    continue;
                }
                Request::Skip(_) | Request::Write { .. } => continue,
            }
            let last = std::mem::take(&mut self.last);
            self.tell();
            self.last = last;
        }
    }

    pub fn key(&mut self, code: KeyCode) -> &mut Self {
        self.message(Message::Key(KeyEvent::new(code, KeyModifiers::NONE)));
        self
    }

    /// Types keys, each a character.
    pub fn keys(&mut self, keys: &str) -> &mut Self {
        for c in keys.chars() {
            self.key(KeyCode::Char(c));
        }
        self
    }

    /// Puts the cursor of the files on a path.
    pub fn select(&mut self, path: &str) -> &mut Self {
        let snapshot = self.app.snapshot.clone().expect("a snapshot was told");
        self.app.files.reveal(path, &snapshot);
        self.keys("4")
    }

    /// Edits a file on disk, so to speak.
    pub fn save(&mut self, path: &str) -> &mut Self {
        let mut tree = self.bench.tree().clone();
        let text = format!("{path} {}", self.bench.edits().len());
        tree.insert(path, Entry::file(0o644, text.as_bytes()));
        self.bench.set_tree(tree, &[path.to_string()]);
        self.bench.edited(&[path.to_string()], false);
        self.tell();
        self
    }

    pub fn buffer(&self) -> Buffer {
        let (width, height) = self.app.size;
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        view::draw(&mut buffer, &self.app);
        buffer
    }

    /// The screen as text, a line a row, without the blanks at the ends.
    pub fn text(&self) -> String {
        rows(&self.buffer()).join("\n")
    }
}

pub fn rows(buffer: &Buffer) -> Vec<String> {
    let mut rows = Vec::new();
    for y in buffer.area.top()..buffer.area.bottom() {
        let mut row = String::new();
        let mut x = buffer.area.left();
        while x < buffer.area.right() {
            let symbol = buffer[(x, y)].symbol();
            row.push_str(symbol);
            x += unicode_width::UnicodeWidthStr::width(symbol).max(1) as u16;
        }
        rows.push(row.trim_end().to_string());
    }
    rows
}

pub fn moves() -> Moves {
    let row = |id: &str, name: &str, saves: f64, before: &[(usize, &str)], after: &[(usize, &str)]| MoveRow {
        id: id.into(),
        name: name.into(),
        why_safe: "`RUN npm install` reads nothing of what line 4 copies but package.json.".into(),
        saves,
        before: before.iter().map(|(n, t)| (*n, (*t).to_string())).collect(),
        after: after.iter().map(|(n, t)| (*n, (*t).to_string())).collect(),
        on: true,
    };
    Moves {
        rows: vec![
            row(
                "manifests-first:6",
                "copy package.json and install npm packages before the sources are copied",
                36.0,
                &[(4, "COPY . ."), (6, "RUN npm install")],
                &[(4, "COPY package.json ./"), (6, "RUN npm install")],
            ),
            row(
                "drop-redundant:8",
                "leave out `COPY package.json .`",
                0.0,
                &[(8, "COPY package.json .")],
                &[],
            ),
        ],
        offered: vec![(
            "keep npm's downloads in a cache mount".into(),
            "the cache is not part of the image".into(),
        )],
        refused: vec![(2, "move WORKDIR down".into(), "line 4 copies to a path below it".into())],
        expected: (38.3, 3.0),
    }
}

/// A trap, as the worker tells it.
pub fn trap(snapshot: &mut Snapshot) {
    use layerlab::tui::model::{Tone, say};
    let words: Words = vec![say(Tone::Maybe, "Trap: "), say(Tone::Plain, ".git is part of the context.")];
    snapshot.trap = Some(words.clone());
    snapshot.notes = Arc::new(vec![words]);
    snapshot.watching = Watching::Polling(Some("the system has no watches left".into()));
}
