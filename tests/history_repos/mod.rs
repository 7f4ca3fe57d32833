//! Repositories made by git for tests of the history room.
#![allow(dead_code, missing_docs)] // each test binary uses its part of these

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use layerlab::history::Repository;
use proptest::prelude::*;
use tempfile::TempDir;

/// A repository of this test, deaf to the configuration of the machine.
pub struct Scratch {
    dir: TempDir,
}

impl Scratch {
    pub fn new() -> Self {
        let scratch = Self { dir: tempfile::tempdir().expect("a temporary directory") };
        scratch.git(&["init", "--quiet", "--initial-branch=main", "."]);
        scratch
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("git");
        command
            .args(args)
            .current_dir(self.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env_remove("GIT_DIR")
            .env_remove("GIT_INDEX_FILE")
            .stderr(Stdio::inherit());
        command
    }

    pub fn git(&self, args: &[&str]) -> String {
        let out = self.command(args).output().expect("git runs");
        assert!(out.status.success(), "git {args:?}");
        String::from_utf8(out.stdout).expect("git answers in UTF-8")
    }

    /// Runs a fast-import stream.
    pub fn import(&self, stream: &Stream) {
        let mut import = self.command(&["fast-import", "--quiet", "--force"]);
        let mut child = import.stdin(Stdio::piped()).spawn().expect("git runs");
        child.stdin.take().expect("piped above").write_all(&stream.bytes).expect("fast-import reads");
        assert!(child.wait().expect("git ends").success());
    }

    pub fn open(&self) -> Repository {
        Repository::open(self.path()).expect("a repository")
    }
}

/// A fast-import stream being written: commits on named branches, one second apart.
#[derive(Default)]
pub struct Stream {
    bytes: Vec<u8>,
    commits: usize,
}

impl Stream {
    /// Begins a commit on a branch, from the branch's tip; what follows are its changes.
    pub fn commit(&mut self, branch: &str, message: &str) -> &mut Self {
        self.commits += 1;
        let when = 1_700_000_000 + self.commits;
        self.line(&format!("commit refs/heads/{branch}"));
        self.line(&format!("author Ann <ann@example.org> {} +0000", when - 500));
        self.line(&format!("committer Ben <ben@example.org> {when} +0000"));
        self.data(message.as_bytes())
    }

    /// Says where a new branch begins.
    pub fn from(&mut self, branch: &str) -> &mut Self {
        self.line(&format!("from refs/heads/{branch}"))
    }

    pub fn merge(&mut self, branch: &str) -> &mut Self {
        self.line(&format!("merge refs/heads/{branch}"))
    }

    pub fn file(&mut self, mode: &str, path: &str, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.line(&format!("M {mode} inline {path}")).data(bytes.as_ref())
    }

    pub fn write(&mut self, path: &str, text: &str) -> &mut Self {
        self.file("100644", path, text)
    }

    pub fn delete(&mut self, path: &str) -> &mut Self {
        self.line(&format!("D {path}"))
    }

    pub fn line(&mut self, line: &str) -> &mut Self {
        self.bytes.extend_from_slice(line.as_bytes());
        self.bytes.push(b'\n');
        self
    }

    pub fn data(&mut self, bytes: &[u8]) -> &mut Self {
        self.line(&format!("data {}", bytes.len()));
        self.bytes.extend_from_slice(bytes);
        self.bytes.push(b'\n');
        self
    }
}

/// One edit of a generated history.
#[derive(Debug, Clone)]
pub enum Edit {
    Write { mode: &'static str, path: String, bytes: Vec<u8> },
    Delete { path: String },
    Pin { path: String, commit: u8 },
}

/// Few names on few levels, so that files and directories take each other's places.
pub fn path() -> impl Strategy<Value = String> {
    let name = prop_oneof![Just("a"), Just("a.b"), Just("ab"), Just("b"), Just("c-d")];
    prop::collection::vec(name, 1..4).prop_map(|names| names.join("/"))
}

pub fn edit() -> impl Strategy<Value = Edit> {
    let mode = prop_oneof![6 => Just("100644"), 2 => Just("100755"), 1 => Just("120000")];
    prop_oneof![
        8 => (mode, path(), prop::collection::vec(b'a'..b'd', 1..3))
            .prop_map(|(mode, path, bytes)| Edit::Write { mode, path, bytes }),
        3 => path().prop_map(|path| Edit::Delete { path }),
        1 => (path(), any::<u8>()).prop_map(|(path, commit)| Edit::Pin { path, commit }),
    ]
}

pub fn stream_of(commits: &[Vec<Edit>]) -> Stream {
    let mut stream = Stream::default();
    for (i, edits) in commits.iter().enumerate() {
        stream.commit("main", &format!("commit {i}"));
        for edit in edits {
            match edit {
                Edit::Write { mode, path, bytes } => stream.file(mode, path, bytes),
                Edit::Delete { path } => stream.delete(path),
                Edit::Pin { path, commit } => {
                    let id = format!("{commit:02x}").repeat(20).replace("00", "11");
                    stream.line(&format!("M 160000 {id} {path}"))
                }
            };
        }
    }
    stream
}
