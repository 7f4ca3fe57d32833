//! The real binary in a pseudo-terminal: it starts, follows real edits on disk, takes another size, quits, and
//! leaves the terminal as it found it.

#![cfg(unix)]

use std::fs;
use std::io::{Read, Write};
use std::num::NonZero;
use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// Long enough for a machine that is busy with other tests.
const LONG: Duration = Duration::from_secs(30);

struct Tty {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    /// Everything that was sent.
    raw: Vec<u8>,
}

fn size(cols: u16, rows: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

fn parser(cols: u16, rows: u16) -> vt100::Parser {
    let of = |n: u16| NonZero::new(n).expect("sizes are not zero");
    vt100::Parser::new(of(rows), of(cols), 0)
}

impl Tty {
    fn start(args: &[&str], home: &Path, size: (u16, u16), env: &[(&str, &str)]) -> Self {
        Self::start_program(Path::new(env!("CARGO_BIN_EXE_layerlab")), args, home, size, env)
    }

    fn start_program(
        program: &Path,
        args: &[&str],
        home: &Path,
        (cols, rows): (u16, u16),
        env: &[(&str, &str)],
    ) -> Self {
        let pair = native_pty_system().openpty(size(cols, rows)).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(program);
        command.args(args);
        for name in ["CI", "NO_COLOR", "LC_ALL", "LC_CTYPE"] {
            command.env_remove(name);
        }
        for (name, value) in [("TERM", "xterm-256color"), ("LANG", "C.UTF-8")] {
            command.env(name, value);
        }
        // Nothing of the user's own is read or written.
        for name in ["HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"] {
            command.env(name, home);
        }
        for (name, value) in env {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).expect("the program starts");
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().expect("what it sends can be read");
        let keys = pair.master.take_writer().expect("keys can be sent");
        let (send, output) = mpsc::channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 8192];
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                if send.send(buffer[..n].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { child, master: pair.master, keys, output, screen: parser(cols, rows), raw: Vec::new() }
    }

    fn keys(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("keys can be sent");
        self.keys.flush().expect("keys can be sent");
    }

    fn text(&self) -> String {
        self.screen.screen().contents()
    }

    /// Waits until the screen is as wanted.
    fn until(&mut self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + LONG;
        loop {
            let text = self.text();
            if wanted(&text) {
                return text;
            }
            match self.output.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.take(&bytes),
                Err(e) => panic!("{what}: {e}; the screen is\n{text}"),
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.screen.process(bytes);
        self.raw.extend_from_slice(bytes);
    }

    fn resize(&mut self, cols: u16, rows: u16) {
        self.master.resize(size(cols, rows)).expect("the size can be set");
        self.screen = parser(cols, rows);
    }

    /// Waits for the end; yields the exit status, and what was sent after the last frame.
    fn end(mut self) -> (u32, String, vt100::Parser) {
        let end = Instant::now() + LONG;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("the program can be waited for") {
                break status;
            }
            assert!(Instant::now() < end, "it does not end; the screen is\n{}", self.text());
            while let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(20)) {
                self.take(&bytes);
            }
        };
        while let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(300)) {
            self.take(&bytes);
        }
        (status.exit_code(), String::from_utf8_lossy(&self.raw).into_owned(), self.screen)
    }
}

/// The other screen was left, the mouse and pasting let go, the cursor shown; what comes last is readable.
fn is_restored(raw: &str, screen: &vt100::Parser) {
    for undone in ["\x1b[?1049l", "\x1b[?2004l", "\x1b[?1000l", "\x1b[?25h"] {
        let undone_at = raw.rfind(undone).unwrap_or_else(|| panic!("{undone:?} was not sent"));
        let done = undone.replace('l', "h").replace("25h", "25l");
        assert!(raw.rfind(&done).is_none_or(|at| at < undone_at), "{done:?} was sent after {undone:?}");
    }
    assert!(!screen.screen().alternate_screen());
    assert!(!screen.screen().hide_cursor());
    assert!(!screen.screen().bracketed_paste());
    assert_eq!(screen.screen().mouse_protocol_mode(), vt100::MouseProtocolMode::None);
}

fn id_of(tty: &Tty) -> rustix::process::Pid {
    let id = tty.child.process_id().and_then(|id| i32::try_from(id).ok());
    id.and_then(rustix::process::Pid::from_raw).expect("it runs")
}

const DOCKERFILE: &str =
    "FROM node:20-alpine\nWORKDIR /app\nCOPY . .\nRUN npm install\nCOPY package.json .\n";

fn project() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    for (path, text) in [
        ("Dockerfile", DOCKERFILE),
        (".dockerignore", "Dockerfile\n.dockerignore\n"),
        ("package.json", "{\"name\": \"x\", \"dependencies\": {\"a\": \"1\"}}"),
        ("src/app.js", "1"),
    ] {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().expect("it has a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    dir
}

fn at(dir: &Path) -> &str {
    dir.to_str().expect("a temporary folder's name is UTF-8")
}

#[test]
fn real_edits_are_followed_and_the_terminal_is_given_back() {
    let (dir, home) = (project(), tempfile::tempdir().expect("a folder"));
    let mut tty = Tty::start(&[at(dir.path())], home.path(), (120, 40), &[]);
    tty.until("both sides", |s| s.contains("reordered") && s.contains("watching"));
    tty.until("all is cached", |s| s.matches("all 5 cached").count() == 2);

    fs::write(dir.path().join("src/app.js"), "2").expect("a save");
    let text = tty.until("a save shows on both sides", |s| s.contains("3 of 5 rebuild"));
    assert!(text.contains("1 of 5 rebuilds"), "{text}");
    tty.until("why", |s| s.contains("takes in src/app.js"));

    // As editors save: a new file in the old one's place.
    fs::write(dir.path().join(".package.json.swp"), "{\"name\": \"x\", \"dependencies\": {\"a\": \"2\"}}")
        .expect("a save");
    fs::rename(dir.path().join(".package.json.swp"), dir.path().join("package.json")).expect("a save");
    tty.until("a save by rename", |s| s.contains("costs the same in both"));

    tty.keys("b");
    tty.until("counted as built", |s| s.contains("Nothing to rebuild"));

    fs::write(dir.path().join("Dockerfile"), DOCKERFILE.replace("RUN npm", "RUNN npm")).expect("a save");
    tty.until("a mistake with its line", |s| s.contains("Dockerfile:4:1") && s.contains("RUNN npm install"));
    fs::write(dir.path().join("Dockerfile"), DOCKERFILE.replace("npm install", "npm ci")).expect("a save");
    tty.until("an edit of the Dockerfile", |s| {
        s.contains("npm ci") && !s.contains("RUNN") && s.contains("of 5 rebuild")
    });

    fs::rename(dir.path().join("Dockerfile"), home.path().join("away")).expect("it is moved");
    tty.until("the Dockerfile is gone", |s| s.contains("Dockerfile is gone from disk"));
    fs::rename(home.path().join("away"), dir.path().join("Dockerfile")).expect("it is moved back");
    tty.until("it is back", |s| !s.contains("is gone from disk"));

    tty.resize(80, 24);
    let text = tty.until("another size", |s| s.contains("REBUILDS") && s.contains("q quit"));
    assert!(text.lines().count() <= 24);
    tty.resize(40, 10);
    tty.until("too small", |s| s.contains("needs 60x16"));
    tty.resize(100, 30);
    tty.until("large again", |s| s.contains("REBUILDS"));

    tty.keys("q");
    let (status, raw, screen) = tty.end();
    assert_eq!(status, 0);
    is_restored(&raw, &screen);
    let last = screen.screen().contents();
    assert!(last.contains("So far 3 edits"), "the last word stays on the normal screen:\n{last}");
}

#[test]
fn w_writes_after_showing_the_difference() {
    let (dir, home) = (project(), tempfile::tempdir().expect("a folder"));
    let mut tty = Tty::start(&[at(dir.path())], home.path(), (120, 40), &[]);
    tty.until("both sides", |s| s.contains("reordered"));
    tty.keys("w");
    tty.until("the difference", |s| s.contains("write Dockerfile?") && s.contains("+ COPY package.json ./"));
    tty.keys("\x1b");
    tty.until("left", |s| !s.contains("write Dockerfile?"));
    assert_eq!(fs::read_to_string(dir.path().join("Dockerfile")).expect("it is there"), DOCKERFILE);
    tty.keys("w");
    tty.until("the difference", |s| s.contains("write Dockerfile?"));
    tty.keys("y");
    tty.until("nothing is left to improve", |s| s.contains("No safe better order was found"));
    tty.until("it is told", |s| s.contains("Dockerfile is written; once built (b)"));
    let written = fs::read_to_string(dir.path().join("Dockerfile")).expect("it is there");
    assert!(written.contains("COPY package.json ./\nRUN npm install\nCOPY . .\n"), "{written}");
    tty.keys("q");
    assert_eq!(tty.end().0, 0);
}

#[test]
fn the_users_other_file_on_the_right_is_followed_too() {
    let (dir, home) = (project(), tempfile::tempdir().expect("a folder"));
    let other = home.path().join("Other");
    fs::write(&other, "FROM node:20-alpine\nCOPY src /src\n").expect("a file");
    let mut tty = Tty::start(&[at(dir.path()), "--against", at(&other)], home.path(), (120, 40), &[]);
    tty.until("both", |s| s.contains("COPY src /src") && s.contains("Other"));
    fs::write(&other, "FROM node:20-alpine\nCOPY src /there\n").expect("a save");
    tty.until("its edit", |s| s.contains("COPY src /there") && s.contains("1 of 2 rebuilds"));
    tty.keys("q");
    assert_eq!(tty.end().0, 0);
}

#[test]
fn polling_follows_edits_as_well_and_says_so() {
    let (dir, home) = (project(), tempfile::tempdir().expect("a folder"));
    let mut tty = Tty::start(&[at(dir.path()), "--watch", "poll"], home.path(), (120, 40), &[]);
    tty.until("polling", |s| s.contains("polling") && s.contains("reordered"));
    fs::write(dir.path().join("src/app.js"), "a longer text").expect("a save");
    tty.until("a save", |s| s.contains("3 of 5 rebuild"));
    tty.keys("q");
    assert_eq!(tty.end().0, 0);
}

#[test]
fn the_demo_guides_and_its_folder_goes() {
    let home = tempfile::tempdir().expect("a folder");
    let temp = home.path().join("tmp");
    fs::create_dir(&temp).expect("a folder");
    let mut tty = Tty::start(&["demo"], home.path(), (100, 30), &[("TMPDIR", at(&temp))]);
    tty.until("the guide", |s| s.contains("1 of 3") && s.contains("reordered"));
    for (path, left) in [
        ("src/app.js", "3 of 5 rebuild"),
        ("package.json", "3 of 5 rebuild"),
        ("README.md", "3 of 5 rebuild"),
    ] {
        tty.until(path, |s| s.contains(&format!("edit {path}")) && s.contains("all 5 cached"));
        tty.keys("e");
        tty.until(path, |s| s.contains(left));
        tty.keys("b");
    }
    tty.until("the end of the guide", |s| s.contains("whole trick"));
    assert_eq!(fs::read_dir(&temp).expect("a folder").count(), 1);
    tty.keys("q");
    assert_eq!(tty.end().0, 0);
    assert_eq!(fs::read_dir(&temp).expect("a folder").count(), 0, "the temporary folder goes");
}

#[test]
fn a_signal_ends_it_and_the_terminal_is_given_back() {
    for signal in [rustix::process::Signal::TERM, rustix::process::Signal::HUP] {
        let (dir, home) = (project(), tempfile::tempdir().expect("a folder"));
        let mut tty = Tty::start(&[at(dir.path())], home.path(), (100, 30), &[]);
        tty.until("both sides", |s| s.contains("reordered"));
        let id = id_of(&tty);
        rustix::process::kill_process(id, signal).expect("a signal can be sent");
        let (status, raw, screen) = tty.end();
        assert_ne!(status, 0, "its parent sees the signal");
        is_restored(&raw, &screen);
    }
}

#[test]
fn suspended_it_gives_the_terminal_back_and_takes_it_again() {
    use rustix::process::{Signal, kill_process};
    let (dir, home) = (project(), tempfile::tempdir().expect("a folder"));
    let mut tty = Tty::start(&[at(dir.path())], home.path(), (100, 30), &[]);
    tty.until("both sides", |s| s.contains("reordered"));
    let id = id_of(&tty);
    tty.keys("\x1a");
    let end = Instant::now() + LONG;
    while tty.screen.screen().alternate_screen() {
        let bytes = tty.output.recv_timeout(end.saturating_duration_since(Instant::now()));
        tty.take(&bytes.expect("it leaves the other screen"));
    }
    let stopped = || {
        fs::read_to_string(format!("/proc/{}/stat", id.as_raw_nonzero())).is_ok_and(|s| s.contains(") T "))
    };
    while cfg!(target_os = "linux") && !stopped() {
        assert!(Instant::now() < end, "it does not stop");
        std::thread::sleep(Duration::from_millis(10));
    }
    kill_process(id, Signal::CONT).expect("a signal can be sent");
    tty.until("it is back", |s| s.contains("reordered") && s.contains("quit"));
    assert!(tty.screen.screen().alternate_screen());
    tty.keys("q");
    let (status, raw, screen) = tty.end();
    assert_eq!(status, 0);
    is_restored(&raw, &screen);
}

#[test]
fn without_colours_none_is_sent_and_in_another_locale_no_unicode() {
    let (dir, home) = (project(), tempfile::tempdir().expect("a folder"));
    let env = [("NO_COLOR", "1"), ("LANG", "C")];
    let mut tty = Tty::start(&[at(dir.path())], home.path(), (100, 30), &env);
    tty.until("both sides", |s| s.contains("reordered"));
    fs::write(dir.path().join("src/app.js"), "2").expect("a save");
    tty.until("a save", |s| s.contains("x REBUILDS"));
    tty.keys("q");
    let (status, raw, _) = tty.end();
    assert_eq!(status, 0);
    assert!(raw.is_ascii());
    for colour in ["\x1b[31m", "\x1b[38;", "\x1b[32m", "\x1b[36m"] {
        assert!(!raw.contains(colour), "{colour:?}");
    }
}

/// Run by the test below in a pseudo-terminal of its own; by itself it does nothing.
#[test]
fn inside_a_session() {
    use layerlab::tui::terminal::{Session, Tty as Terminal};
    if std::env::var_os("LAYERLAB_TEST_PANICS").is_none() {
        return;
    }
    let mut session = Session::start(Terminal::default()).expect("this is a terminal");
    session.draw(|frame| frame.render_widget("on the other screen", frame.area())).expect("it can be drawn");
    panic!("on purpose");
}

#[test]
fn a_panic_gives_the_terminal_back_and_its_message_is_on_the_normal_screen() {
    let home = tempfile::tempdir().expect("a folder");
    let program = std::env::current_exe().expect("this test has a name");
    let args = ["--exact", "inside_a_session", "--nocapture"];
    let tty = Tty::start_program(&program, &args, home.path(), (100, 30), &[("LAYERLAB_TEST_PANICS", "1")]);
    let (status, raw, screen) = tty.end();
    assert_ne!(status, 0);
    is_restored(&raw, &screen);
    let told = screen.screen().contents();
    assert!(told.contains("on purpose") && !told.contains("on the other screen"), "{told}");
}

#[test]
fn what_cannot_be_opened_is_said_on_the_normal_screen() {
    let home = tempfile::tempdir().expect("a folder");
    let missing = home.path().join("missing");
    let tty = Tty::start(&[at(&missing)], home.path(), (100, 30), &[]);
    let (status, raw, screen) = tty.end();
    assert_eq!(status, 2);
    assert!(!screen.screen().alternate_screen());
    assert!(raw.contains("there is no folder"), "{raw}");
}
