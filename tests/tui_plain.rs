//! Where there is no terminal: plain reports.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

fn layerlab(home: &std::path::Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_layerlab"));
    for name in ["HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"] {
        command.env(name, home);
    }
    command
}

#[test]
fn the_demo_prints_the_table_of_every_course() {
    let home = tempfile::tempdir().expect("a folder");
    let output = layerlab(home.path()).arg("demo").output().expect("it runs");
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).expect("it is UTF-8");
    // The figures are those of a table that may be measured better; which steps run is not.
    for row in
        [["src/app.js", "3-5 ", " 5 "], ["package.json", "3-5 ", " 3-5 "], ["README.md", "3-5 ", " 5 "]]
    {
        let line =
            text.lines().rfind(|l| l.starts_with(row[0])).unwrap_or_else(|| panic!("{} in\n{text}", row[0]));
        let (left, right) = line.split_at(41);
        assert!(left.contains(row[1]), "{line}");
        assert!(format!(" {right}").contains(row[2]), "{line}");
    }
    assert!(!text.contains('\x1b'));
}

#[test]
fn the_demo_unpacks_and_refuses_a_folder_in_use() {
    let home = tempfile::tempdir().expect("a folder");
    let dir = home.path().join("shop");
    let run = || layerlab(home.path()).arg("demo").arg(&dir).output().expect("it runs");
    assert!(run().status.success());
    let dockerfile = fs::read_to_string(dir.join("Dockerfile")).expect("it was unpacked");
    assert_eq!(dockerfile, include_str!("../assets/demo/Dockerfile"));
    let again = run();
    assert_eq!(again.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&again.stderr).contains("is not empty"));
}

#[test]
fn watch_reports_at_the_start_and_after_every_change() {
    let home = tempfile::tempdir().expect("a folder");
    let dir = tempfile::tempdir().expect("a folder");
    fs::write(dir.path().join("Dockerfile"), "FROM alpine\nCOPY src /src\nRUN make -C /src\n")
        .expect("a file");
    fs::create_dir(dir.path().join("src")).expect("a folder");
    fs::write(dir.path().join("src/main.c"), "1").expect("a file");
    let mut child = layerlab(home.path())
        .arg("watch")
        .arg(dir.path())
        .stdout(Stdio::piped())
        .stdin(Stdio::null())
        .spawn()
        .expect("it runs");
    let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    let (send, received) = mpsc::channel();
    std::thread::spawn(move || lines.map_while(Result::ok).all(|line| send.send(line).is_ok()));
    let until = |wanted: &str| {
        let mut seen = Vec::new();
        loop {
            let line = received
                .recv_timeout(Duration::from_secs(30))
                .unwrap_or_else(|e| panic!("{wanted}: {e}; {seen:#?}"));
            seen.push(line);
            if seen.last().is_some_and(|l| l.contains(wanted)) {
                return seen;
            }
        }
    };
    let start = until("Watching");
    assert!(
        start.iter().any(|l| l.contains("Nothing to rebuild") || l.contains("all 3 cached")),
        "{start:#?}"
    );
    fs::write(dir.path().join("src/main.c"), "22").expect("a save");
    let change = until("This edit costs");
    assert!(change.iter().any(|l| l.contains("Edit 1: src/main.c")), "{change:#?}");
    assert!(change.iter().any(|l| l.contains("REBUILDS  COPY src /src")), "{change:#?}");
    child.kill().expect("it can be ended");
    child.wait().expect("it ends");
}

#[test]
fn without_watching_it_reports_once_and_ends() {
    let home = tempfile::tempdir().expect("a folder");
    let dir = tempfile::tempdir().expect("a folder");
    fs::write(dir.path().join("Dockerfile"), "FROM alpine\n").expect("a file");
    let run = |args: &[&str]| layerlab(home.path()).args(args).arg(dir.path()).output().expect("it runs");
    let output = run(&["watch", "--watch", "off"]);
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("Nothing to rebuild"));
    let wrong = run(&["watch", "--theme", "pink"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("high-contrast"));
}
