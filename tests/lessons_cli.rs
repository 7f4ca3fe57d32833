//! `layerlab learn` as a learner, a teacher and an author use it.

use std::path::Path;

use assert_cmd::Command;
use tempfile::TempDir;

struct Learner {
    dir: TempDir,
}

impl Learner {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn path(&self, rest: &str) -> std::path::PathBuf {
        self.dir.path().join(rest)
    }

    /// Runs `layerlab learn`; yields exit status, standard output, standard error.
    fn learn(&self, args: &[&str]) -> (i32, String, String) {
        let mut command = Command::cargo_bin("layerlab").unwrap();
        command.arg("learn").args(args).env("LAYERLAB_PROGRESS", self.path("progress.json"));
        command
            .env("XDG_STATE_HOME", self.path("state"))
            .env("HOME", self.dir.path())
            .env_remove("LAYERLAB_LESSONS");
        let output = command.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
    }

    fn says(&self, args: &[&str], status: i32, wanted: &[&str]) -> String {
        let (code, out, err) = self.learn(args);
        let all = format!("{out}{err}");
        assert_eq!(code, status, "{args:?}: {all}");
        // Text is set in lines: a blank and a line break are the same here.
        let flat = all.split_whitespace().collect::<Vec<_>>().join(" ");
        for w in wanted {
            assert!(flat.contains(w), "{args:?} should say {w:?}: {all}");
        }
        all
    }

    fn write(&self, path: &str, text: &str) {
        std::fs::write(self.path(path), text).unwrap();
    }
}

const GOOD: &str = "FROM node:20-alpine\nWORKDIR /app\nCOPY package*.json ./\nRUN npm install\nCOPY . .\n";

#[test]
fn a_lesson_goes_from_prediction_to_repair_on_the_plain_command_line() {
    let me = Learner::new();
    let w = me.path("w").display().to_string();
    let asked = me.says(&["start", "2", "--in", &w], 0, &["You save src/app.js", "learn predict NUMBERS"]);
    assert!(!asked.contains("REBUILDS"), "nothing is given away: {asked}");
    me.says(&["predict", "7"], 2, &["no step", "numbers from 1 to 4"]);
    me.says(&["predict", "3"], 0, &["3 of 4 right", "RUN npm install", "It stands on COPY . ."]);
    me.says(&["predict", "3,4"], 0, &["All right"]);
    me.says(&["predict", "5"], 0, &["All right"]);
    me.says(&["check"], 1, &["asks for a prediction"]);
    me.says(&["predict", "3", "4", "5"], 0, &["All right", "Your files:", "[ ] saving any file under src/"]);
    me.says(&["check"], 1, &["Not yet", "After an edit of src/app.js: RUN npm install rebuilds"]);
    me.says(&["next"], 1, &["learn skip"]);
    me.says(&["hint"], 0, &["Hint 1 of 3", "A plainer one"]);
    me.says(&["solution"], 0, &["+COPY package.json package-lock.json ./", "--apply"]);
    me.write("w/02-order/Dockerfile", GOOD);
    me.says(&["check"], 0, &["[x] saving any file", "Solved", "To remember", "learn start 03"]);
    me.says(&["list"], 0, &["02-order Order matters 8 min done"]);
}

#[test]
fn wrong_and_unusual_answers_are_judged_by_what_they_do() {
    let me = Learner::new();
    let w = me.path("w").display().to_string();
    me.says(&["start", "order", "--step", "6", "--in", &w], 0, &["Your files"]);
    for (dockerfile, status, says) in [
        // Nothing is installed any more.
        ("FROM node:20-alpine\nWORKDIR /app\nCOPY . .\n", 1, "No step says \"npm install\""),
        // The lock file is forgotten.
        (
            "FROM node:20-alpine\nCOPY package.json .\nRUN npm install\nCOPY src/ src/\n",
            1,
            "package-lock.json",
        ),
        // The program is forgotten.
        ("FROM node:20-alpine\nCOPY package*.json ./\nRUN npm install\n", 1, "never reaches the image"),
        // Not a Dockerfile.
        ("FROM node:20-alpine\nCOPPY . .\n", 1, "Dockerfile:2:1"),
        // A file that is not there.
        ("FROM node:20-alpine\nCOPY nothing.txt .\nRUN npm install\n", 1, "does not build"),
        // Unusual and right: a bind mount, a stage in between, another letter case, a linked copy.
        (
            "FROM node:20-alpine\nWORKDIR /app\nRUN --mount=type=bind,source=package.json,target=package.json \\\n --mount=type=bind,source=package-lock.json,target=package-lock.json npm install\nCOPY . .\n",
            0,
            "Solved",
        ),
    ] {
        me.write("w/02-order/Dockerfile", dockerfile);
        me.says(&["check"], status, &[says]);
    }
    for right in [
        "FROM node:20-alpine AS files\nCOPY . /all\nFROM node:20-alpine\nWORKDIR /app\nCOPY --from=files /all/package.json /all/package-lock.json ./\nRUN npm install\nCOPY --from=files /all .\n",
        "from node:20-alpine\nworkdir /app\ncopy package.json package-lock.json /app/\nrun npm install --no-audit\ncopy src src\n",
        "FROM node:20-alpine\nWORKDIR /app\nADD package.json package-lock.json ./\nRUN [\"npm\", \"install\"]\nCOPY --link src src\n",
    ] {
        me.says(&["start", "2", "--step", "6"], 0, &[]);
        me.write("w/02-order/Dockerfile", right);
        me.says(&["check"], 0, &["Solved"]);
    }
}

#[test]
fn reset_puts_the_files_back_and_keeps_what_was_written() {
    let me = Learner::new();
    let w = me.path("w").display().to_string();
    me.says(&["start", "2", "--step", "6", "--in", &w], 0, &[]);
    me.write("w/02-order/mine.txt", "my notes");
    let told = me.says(&["reset"], 0, &["as the step begins", "kept in"]);
    assert!(!me.path("w/02-order/mine.txt").exists());
    let kept = told.lines().find_map(|l| l.split("kept in ").nth(1)).unwrap().trim().to_string();
    assert_eq!(std::fs::read_to_string(Path::new(&kept).join("mine.txt")).unwrap(), "my notes");
    me.says(&["solution", "--apply"], 0, &["The solution is in"]);
    me.says(&["check"], 0, &["Solved"]);
}

#[test]
fn a_folder_with_other_files_is_left_alone() {
    let me = Learner::new();
    std::fs::create_dir(me.path("thesis")).unwrap();
    me.write("thesis/chapter1.tex", "x");
    let dir = me.path("thesis").display().to_string();
    me.says(&["start", "2", "--step", "6", "--in", &dir], 2, &["holds other files already"]);
    assert_eq!(std::fs::read_dir(me.path("thesis")).unwrap().count(), 1);
}

#[test]
fn skip_fast_track_and_start_anywhere() {
    let me = Learner::new();
    let w = me.path("w").display().to_string();
    me.says(&["start", "3", "--fast", "--in", &w], 0, &["step 2 of", "You delete your checkout"]);
    me.says(&["skip"], 0, &["umask"]);
    me.says(&["start", "3", "--step", "99"], 2, &["has steps 1 to"]);
    me.says(&["start", "nonsense"], 2, &["no lesson \"nonsense\"", "learn list"]);
    me.says(&["start", "17", "--step", "3"], 0, &["mode=min"]);
}

#[test]
fn a_teacher_collects_json() {
    let me = Learner::new();
    let (code, out, _) = me.learn(&["check", "--json", "--learner", "Ada"]);
    let value: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &value["learner"], &value["at"]), (1, &"Ada".into(), &serde_json::Value::Null));
    let w = me.path("w").display().to_string();
    me.learn(&["start", "2", "--in", &w]);
    me.learn(&["predict", "3"]);
    me.learn(&["start", "2", "--step", "6"]);
    me.write("w/02-order/Dockerfile", GOOD);
    let (code, out, _) = me.learn(&["check", "--json"]);
    let value: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &value["schema"]), (0, &1.into()));
    assert_eq!((&value["at"]["step"], &value["at"]["solved"]), (&"reorder".into(), &true.into()));
    let lesson = value["lessons"].as_array().unwrap().iter().find(|l| l["id"] == "02-order").unwrap();
    assert_eq!((&lesson["predictions"][0]["score"], &lesson["predictions"][0]["of"]), (&3.into(), &4.into()));
}

#[test]
fn without_a_place_to_remember_the_lesson_goes_on() {
    let me = Learner::new();
    let w = me.path("w").display().to_string();
    me.write("file", "x");
    let nowhere = me.path("file/progress.json").display().to_string();
    let (code, out, err) = me.learn(&["start", "2", "--in", &w, "--progress-file", &nowhere]);
    // A path below a file can be neither read nor written: the first is an error that names the way out.
    assert!(
        code == 2 && err.contains("--progress-file") || code == 0 && out.contains("src/app.js"),
        "{out}{err}"
    );
    me.write("broken.json", "{");
    let broken = me.path("broken.json").display().to_string();
    let (code, _, err) = me.learn(&["list", "--progress-file", &broken]);
    assert_eq!(code, 2, "{err}");
    assert_eq!(
        std::fs::read_to_string(me.path("broken.json")).unwrap(),
        "{",
        "what cannot be read is not overwritten"
    );
}

#[cfg(unix)]
#[test]
fn a_read_only_folder_for_progress_is_told_once_and_lived_with() {
    use std::os::unix::fs::PermissionsExt as _;
    let me = Learner::new();
    std::fs::create_dir(me.path("ro")).unwrap();
    std::fs::set_permissions(me.path("ro"), std::fs::Permissions::from_mode(0o555)).unwrap();
    let probe = std::fs::write(me.path("ro/probe"), "x");
    if probe.is_ok() {
        eprintln!("skipped: this user (root) writes everywhere");
        return;
    }
    let file = me.path("ro/progress.json").display().to_string();
    let w = me.path("w").display().to_string();
    let (code, out, err) = me.learn(&["start", "2", "--in", &w, "--progress-file", &file]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("src/app.js") && err.matches("not remembered").count() == 1, "{out}{err}");
}

#[test]
fn a_new_lesson_is_right_from_the_start_and_its_faults_are_found() {
    let me = Learner::new();
    let dir = me.path("30-mine").display().to_string();
    me.says(&["new", &dir], 0, &["layerlab learn test"]);
    me.says(&["new", &dir], 2, &["is there already"]);
    me.says(&["new", &me.path("Bad Name").display().to_string()], 2, &["small letters"]);
    me.says(&["test", &dir], 0, &["1 lessons read", "0 files or claims are wrong"]);
    let toml = std::fs::read_to_string(me.path("30-mine/lesson.toml")).unwrap();
    for (from, to, says) in [
        (
            "rebuilds = [\"COPY . .\", \"RUN pip install\"]",
            "rebuilds = [\"COPY . .\"]",
            "RUN pip install -r requirements.txt rebuilds",
        ),
        ("minutes = 6", "minuets = 6", "lesson.toml:3:1"),
        ("cached = [\"pip install\"]", "noticed = true", "the goal holds before anything is done"),
        ("edit = \"app.py\" }]\ncached", "edit = \"none.py\" }]\ncached", "no file matches none.py"),
        ("ask = \"You save app.py. Which steps rebuild?\"", "", "needs ask"),
        ("after = []", "after = [\"99-none\"]", "no such lesson"),
    ] {
        assert!(toml.contains(from), "{from}");
        std::fs::write(me.path("30-mine/lesson.toml"), toml.replacen(from, to, 1)).unwrap();
        me.says(&["test", &dir], 1, &[says]);
    }
    std::fs::write(me.path("30-mine/lesson.toml"), &toml).unwrap();
    let lessons = me.dir.path().display().to_string();
    me.says(&["--lessons", &lessons, "list"], 0, &["30-mine A lesson of your own", "02-order"]);
    me.says(
        &["--lessons", &lessons, "start", "30", "--in", &me.path("w").display().to_string()],
        0,
        &["You save app.py"],
    );
}

#[test]
fn handouts_hold_questions_answers_and_the_plan() {
    let me = Learner::new();
    let out = me.says(
        &["handout", "02", "--format", "markdown"],
        0,
        &["# 02 Order matters", "| step | rebuilds? |", "# Answers"],
    );
    let (questions, answers) = out.split_once("# Answers").unwrap();
    assert!(!questions.contains("REBUILDS") && answers.contains("**REBUILDS**"), "answers stand apart");
    for (plan, says) in [
        ("45", "Together 45 minutes"),
        ("90", "Together 90 minutes"),
        ("half-day", "Teacher's plan: Half a day"),
    ] {
        me.says(&["handout", "--plan", plan], 0, &["<!doctype html>", says]);
    }
}

#[test]
fn the_own_project_lesson_reads_and_never_writes() {
    let me = Learner::new();
    std::fs::create_dir_all(me.path("shop/src")).unwrap();
    me.write("shop/Dockerfile", "FROM golang:1.22\nCOPY . .\nRUN go build ./...\n");
    me.write("shop/go.mod", "module shop\n");
    me.write("shop/src/main.go", "package main\n");
    let dir = me.path("shop").display().to_string();
    me.says(&["start", "19", "--project", &dir], 0, &["src/main.go. Which steps rebuild?"]);
    me.says(&["predict", "2", "3"], 0, &["All right", "go.mod"]);
    me.says(&["skip"], 0, &["layerlab only reads"]);
    me.says(&["check"], 1, &["a commit (.git) rebuilds nothing", "RUN go build"]);
    me.write("shop/.dockerignore", ".git\nDockerfile\n.dockerignore\n");
    me.says(&["check"], 0, &["Solved"]);
    let mut names: Vec<_> =
        std::fs::read_dir(me.path("shop")).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, [".dockerignore", "Dockerfile", "go.mod", "src"]);
}
