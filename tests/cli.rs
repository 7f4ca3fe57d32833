//! Whole commands of the real binary: what they print, what they leave behind, how they end.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

const NPM: &str = "\
FROM node:20-alpine
WORKDIR /app
COPY . .
# layerlab: seconds=38 bytes=120MB
RUN npm install
COPY package.json .
CMD [\"node\", \"src/app.js\"]
";

/// A project in a folder of its own, with a home of its own.
struct Project {
    dir: tempfile::TempDir,
}

impl Project {
    fn new(files: &[(&str, &str)]) -> Self {
        let project = Self { dir: tempfile::tempdir().unwrap() };
        fs::create_dir(project.root()).unwrap();
        for (path, text) in files {
            project.write(path, text);
        }
        project
    }

    fn npm() -> Self {
        Self::new(&[
            ("Dockerfile", NPM),
            ("package.json", "{\"name\":\"shop\"}\n"),
            ("src/app.js", "console.log(1)\n"),
            ("README.md", "# shop\n"),
            (".dockerignore", "# left out\nREADME.md\nDockerfile\n"),
        ])
    }

    fn root(&self) -> PathBuf {
        self.dir.path().join("shop")
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let file = self.at(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
        // Whatever the umask of the tests is.
        #[cfg(unix)]
        fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_layerlab"));
        command.current_dir(self.root()).args(arguments);
        command.env("XDG_CACHE_HOME", self.dir.path().join("home")).env_remove("NO_COLOR");
        command.env_remove("CLICOLOR_FORCE");
        command
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments).output().unwrap())
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let all: Vec<&str> = arguments.iter().copied().chain(["--format", "json"]).collect();
        let ran = self.run(&all);
        serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {ran:?}"))
    }

    /// What each step is, as one letter: `c` cached, `e` executed; doubtful ones in upper case.
    fn statuses(&self, arguments: &[&str]) -> String {
        let answer = self.json(arguments);
        let letter = |s: &Value| match (s["status"].as_str(), s["certain"].as_bool()) {
            (Some("cached"), Some(true)) => 'c',
            (Some("cached"), _) => 'C',
            (Some("executed"), Some(true)) => 'e',
            _ => 'E',
        };
        answer["steps"].as_array().unwrap().iter().map(letter).collect()
    }
}

#[derive(Debug)]
struct Ran {
    status: i32,
    stdout: String,
    stderr: String,
}

impl Ran {
    fn of(output: Output) -> Self {
        Self {
            status: output.status.code().expect("no signal"),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

#[test]
fn an_edit_of_a_source_reruns_the_copy_and_what_follows() {
    let project = Project::npm();
    let ran = project.run(&["plan", "--edit", "src/app.js"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(ran.stdout);
}

#[test]
fn a_plan_leaves_nothing_behind_and_a_build_is_found_again() {
    let project = Project::npm();
    let cache = project.dir.path().join("cache");
    let cache = ["--cache", cache.to_str().unwrap()];
    let with = |command: &'static str| [&[command][..], &cache].concat();
    assert_eq!(project.statuses(&with("plan")), "eeeee");
    assert!(!Path::new(cache[1]).exists(), "a plan makes no cache");
    assert_eq!(project.statuses(&with("build")), "eeeee");
    assert_eq!(project.statuses(&with("build")), "ccccc");
    project.write("src/app.js", "console.log(2)\n");
    assert_eq!(project.statuses(&with("plan")), "cceee");
    assert_eq!(project.statuses(&with("build")), "cceee");
    project.write("src/app.js", "console.log(1)\n");
    assert_eq!(project.statuses(&with("build")), "ccccc", "A, B, A finds A again");
    project.write("README.md", "ignored\n");
    assert_eq!(project.statuses(&with("build")), "ccccc");
}

#[test]
fn without_a_cache_named_builds_are_remembered_for_the_user() {
    let project = Project::npm();
    assert_eq!(project.statuses(&["build"]), "eeeee");
    assert_eq!(project.statuses(&["plan"]), "ccccc");
    let other = Project::npm();
    assert_eq!(other.statuses(&["plan"]), "eeeee", "another context has another cache");
}

#[test]
fn causes_are_told_against_the_build_before() {
    let project = Project::npm();
    let cache = project.dir.path().join("cache");
    let cache = cache.to_str().unwrap();
    project.run(&["build", "--cache", cache]);
    project.write("Dockerfile", &NPM.replace("npm install", "npm ci"));
    let answer = project.json(&["plan", "--cache", cache]);
    let cause = &answer["steps"][3]["cause"];
    assert_eq!(cause["kind"], "instruction");
    assert_eq!(cause["message"], "the instruction was `RUN npm install`");
    assert_eq!(answer["steps"][4]["cause"]["kind"], "parent");
    assert_eq!(answer["steps"][4]["cause"]["step"], "[4/5] RUN npm ci");
    assert_eq!(answer["totals"]["executed"], 2);
}

#[test]
fn the_json_of_the_contract() {
    let project = Project::npm();
    let mut answer = project.json(&["plan", ".", "--edit", "src"]);
    for step in answer["steps"].as_array_mut().unwrap() {
        let key = step["key"].take();
        assert!(key.as_str().unwrap().len() == 64, "{key}");
    }
    insta::assert_snapshot!(serde_json::to_string_pretty(&answer).unwrap());
}

#[test]
fn an_edit_of_an_ignored_file_is_said_to_be_one() {
    let ran = Project::npm().run(&["plan", "--edit", "README.md"]);
    assert_eq!(ran.status, 0);
    assert!(ran.stdout.contains("finds all of its 5 steps in the cache"), "{}", ran.stdout);
    assert!(ran.stdout.contains("README.md is left out by .dockerignore:2"), "{}", ran.stdout);
}

#[test]
fn edits_may_be_named_from_where_one_stands_and_by_patterns() {
    let project = Project::npm();
    let outside = project.dir.path().to_path_buf();
    let run = |edit: &str| {
        let mut command = project.command(&["plan", "shop", "--format", "json", "--edit", edit]);
        let ran = Ran::of(command.current_dir(&outside).output().unwrap());
        serde_json::from_str::<Value>(&ran.stdout).unwrap()["edits"].clone()
    };
    for edit in ["shop/src/app.js", "src/app.js", "src", "**/*.js", "./src/app.js"] {
        assert_eq!(run(edit), serde_json::json!(["src/app.js"]), "{edit}");
    }
}

#[test]
fn what_cannot_be_used_is_said_with_what_to_do() {
    let project = Project::new(&[
        ("docker/web.Dockerfile", "FROM scratch\n"),
        ("bad.Dockerfile", "FROM alpine\nCOPPY . .\n"),
        ("missing.Dockerfile", "FROM alpine\nRUN true\nCOPY nothing.txt /\n"),
        ("stages.Dockerfile", "FROM alpine AS base\nRUN true\n"),
        ("folder/x", ""),
    ]);
    let table: [&[&str]; 10] = [
        &["plan"],
        &["plan", "nowhere/at/all"],
        &["plan", "docker/web.Dockerfile"],
        &["plan", "-f", "folder"],
        &["plan", "docker", "-f", "web.Dockerfile"],
        &["plan", "-f", "bad.Dockerfile"],
        &["plan", "-f", "missing.Dockerfile"],
        &["plan", "-f", "stages.Dockerfile", "--target", "bsae"],
        &["plan", "-f", "stages.Dockerfile", "--edit", "folder/y"],
        &["plan", "https://github.com/docker/getting-started.git"],
    ];
    let mut told = String::new();
    for arguments in table {
        let ran = project.run(arguments);
        assert_eq!(ran.status, 2, "{arguments:?}: {ran:?}");
        told.push_str(&format!("$ layerlab {}\n{}\n", arguments.join(" "), ran.stderr));
    }
    insta::assert_snapshot!(told);
}

#[test]
fn errors_are_in_the_json_too() {
    let project = Project::new(&[
        ("bad.Dockerfile", "FROM alpine\nCOPPY . .\n"),
        ("missing.Dockerfile", "FROM alpine\nRUN true\nCOPY nothing.txt /\n"),
        ("stages.Dockerfile", "FROM alpine AS base\nRUN true\n"),
    ]);
    let error = |arguments: &[&str]| project.json(arguments)["error"].clone();
    let bad = error(&["plan", "-f", "bad.Dockerfile"]);
    assert_eq!((&bad["kind"], &bad["line"], &bad["column"]), (&"parse".into(), &2.into(), &1.into()));
    let missing = project.json(&["build", "-f", "missing.Dockerfile"]);
    assert_eq!(missing["error"]["kind"], "source_not_found");
    assert_eq!((&missing["error"]["path"], &missing["error"]["line"]), (&"/nothing.txt".into(), &3.into()));
    assert_eq!(missing["steps"].as_array().unwrap().len(), 2, "the steps before it are listed");
    let stage = error(&["plan", "-f", "stages.Dockerfile", "--target", "1"]);
    assert_eq!(stage["kind"], "stage_not_found");
    assert_eq!(error(&["plan", "nowhere"])["kind"], "input");
}

#[test]
fn a_bad_ignore_file_is_shown_with_its_line() {
    let project = Project::new(&[("Dockerfile", "FROM scratch\n"), (".dockerignore", "ok\n[\n")]);
    let ran = project.run(&["plan"]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains(".dockerignore:2:1"), "{}", ran.stderr);
    assert_eq!(project.json(&["plan"])["error"]["kind"], "parse");
}

#[test]
fn a_dockerfile_from_standard_input() {
    let project = Project::npm();
    let mut child = project
        .command(&["plan", "-f", "-", "--edit", "src/app.js", "--format", "json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"FROM alpine\nCOPY src /s\n").unwrap();
    let answer: Value = serde_json::from_slice(&child.wait_with_output().unwrap().stdout).unwrap();
    assert_eq!((&answer["dockerfile"], &answer["totals"]["executed"]), (&"-".into(), &1.into()));
}

#[test]
fn colours_where_asked_for_and_nowhere_else() {
    let project = Project::npm();
    let coloured = |arguments: &[&str], no_color: bool| {
        let mut command = project.command(arguments);
        if no_color {
            command.env("NO_COLOR", "1");
        }
        Ran::of(command.output().unwrap()).stdout.contains('\x1b')
    };
    assert!(!coloured(&["plan"], false), "a pipe");
    assert!(coloured(&["plan", "--color", "always"], false));
    assert!(!coloured(&["plan", "--color", "never"], false));
    assert!(!coloured(&["plan"], true));
}

#[cfg(unix)]
#[test]
fn control_characters_are_shown_and_never_sent() {
    let project = Project::new(&[
        ("Dockerfile", "FROM alpine\nCOPY . .\nRUN printf '\x1b[2J'\n"),
        ("a\x1b]0;owned\x07b", "x"),
    ]);
    let ran = project.run(&["plan", "--color", "always", "--edit", "a*"]);
    let rest = ran.stdout.replace("\x1b[0m", "").replace("\x1b[1m", "").replace("\x1b[2m", "");
    let rest = rest.replace("\x1b[31m", "").replace("\x1b[32m", "").replace("\x1b[33m", "");
    assert!(rest.chars().all(|c| c == '\n' || !c.is_control()), "{rest:?}");
    assert!(rest.contains("a\\x1b]0;owned\\x07b changed"), "{rest}");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let project = Project::npm();
    let mut child = project.command(&["plan"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(told, "");
}

#[test]
fn a_fresh_runner_with_a_min_export_reruns_the_builder_that_is_needed() {
    let file = "FROM golang AS builder\nWORKDIR /src\nCOPY go.mod .\nRUN go mod download\nCOPY main.go .\n\
                RUN go build -o /app\nFROM alpine\nCOPY --from=builder /app /app\n";
    let project =
        Project::new(&[("Dockerfile", file), ("go.mod", "module x\n"), ("main.go", "package main\n")]);
    let dir = |name: &str| project.dir.path().join(name).display().to_string();
    for mode in ["min", "max"] {
        let to = format!("type=local,dest={},mode={mode}", dir(mode));
        project.run(&["build", "--cache", &dir("first"), "--no-cache", "--cache-to", &to]);
    }
    let from = |mode: &str| format!("type=local,src={}", dir(mode));
    let plan =
        |mode: &str| project.statuses(&["plan", "--cache", &dir("fresh"), "--cache-from", &from(mode)]);
    assert_eq!((plan("min"), plan("max")), ("cccccccc".into(), "cccccccc".into()));
    project.write("main.go", "package main // edited\n");
    assert_eq!(plan("max")[..6], *"ccccee", "only what the edit concerns");
    assert_eq!(plan("min")[1..6], *"eeeee", "the builder has keys and no results");
    let ran = project.run(&["plan", "--cache-from", "type=local,src=nowhere"]);
    assert_eq!((ran.status, ran.stderr.contains("no exported cache nowhere")), (2, true), "{ran:?}");
}

#[test]
fn processes_that_share_a_cache_lose_nothing() {
    let project = Project::npm();
    let cache = project.dir.path().join("cache").display().to_string();
    let files: Vec<String> = (0..4).map(|i| format!("{i}.Dockerfile")).collect();
    for (i, file) in files.iter().enumerate() {
        project.write(file, &NPM.replace("npm install", &format!("npm install {i}")));
    }
    let builds = files.iter().map(|file| {
        let mut build = project.command(&["build", "-f", file, "--cache", &cache]);
        build.stdout(Stdio::null()).spawn().unwrap()
    });
    for mut build in builds.collect::<Vec<_>>() {
        assert!(build.wait().unwrap().success());
    }
    for file in &files {
        assert_eq!(project.statuses(&["plan", "-f", file, "--cache", &cache]), "ccccc", "{file}");
    }
}

#[test]
fn a_graph_needs_no_context() {
    let project = Project::npm();
    let graph = |format: &str| project.run(&["graph", "Dockerfile", "--format", format]).stdout;
    insta::assert_snapshot!(format!("{}\n{}\n{}", graph("text"), graph("dot"), graph("mermaid")));
    let json: Value = serde_json::from_str(&graph("json")).unwrap();
    assert_eq!(json["steps"][2]["label"], "[3/5] COPY . .");
    assert_eq!(json["steps"][3]["inputs"], serde_json::json!([2]));
    let folder = project.run(&["graph", ".", "--format", "text"]).stdout;
    assert_eq!(folder, graph("text"), "a folder stands for the Dockerfile in it");
}

#[test]
fn completions_and_man_pages_are_generated() {
    let project = Project::npm();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let text = project.run(&["completions", shell]).stdout;
        assert!(text.contains("layerlab") && text.contains("no-cache-filter"), "{shell}");
    }
    let page = project.run(&["man"]).stdout;
    assert!(page.contains(".TH layerlab 1") && page.contains("layerlab\\-plan"), "{page}");
    let pages = project.at("pages");
    assert_eq!(project.run(&["man", "--output", pages.to_str().unwrap()]).status, 0);
    let plan = fs::read_to_string(pages.join("layerlab-plan.1")).unwrap();
    assert!(plan.contains("\\-\\-edit"), "{plan}");
}

#[test]
fn help_texts() {
    let project = Project::npm();
    let commands: [&[&str]; 5] =
        [&["--help"], &["build", "-h"], &["plan", "-h"], &["graph", "-h"], &["report", "-h"]];
    let mut told = String::new();
    for arguments in commands {
        // As wide for everybody.
        let mut command = project.command(arguments);
        let ran = Ran::of(command.env("COLUMNS", "100").output().unwrap());
        assert_eq!(ran.status, 0);
        told.push_str(&format!("$ layerlab {}\n{}\n", arguments.join(" "), ran.stdout));
    }
    insta::assert_snapshot!(told);
}

#[test]
fn a_page_to_show_others() {
    let project = Project::npm();
    let page = project.dir.path().join("page.html");
    let ran = project.run(&["report", "--output", page.to_str().unwrap()]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{ran:?}");
    assert_eq!(ran.stdout, format!("wrote {}\n", page.display()));
    let html = fs::read_to_string(page).unwrap();
    assert!(html.contains("<h1>shop</h1>") && html.ends_with("</html>\n"), "{html}");
    assert!(html.contains("src/app.js") && html.contains("reordered"), "both orders: {html}");
    let inside = project.run(&["report", "--output", "page.html"]);
    assert!(inside.stdout.contains("lies in the build context"), "{inside:?}");
    assert_eq!(project.run(&["report"]).stdout.matches("<html").count(), 1, "a pipe gets the page");
}
