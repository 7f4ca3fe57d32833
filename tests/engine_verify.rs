//! `layerlab verify` as a user calls it, on real engines and where there is none.

mod engine_support;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use engine_support::Which;
use serde_json::Value;

/// The binary, without any engine of this machine's and with a state folder of the test's.
fn layerlab(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_layerlab"));
    for variable in ["DOCKER_HOST", "DOCKER_CONFIG", "BUILDKIT_HOST", "LAYERLAB_DOCKER", "LAYERLAB_BUILDCTL"]
    {
        command.env_remove(variable);
    }
    command.env("LAYERLAB_STATE_DIR", home.join("state")).env("XDG_CACHE_HOME", home.join("cache"));
    command
}

fn on(which: Which, home: &Path) -> Option<Command> {
    let (docker, env) = engine_support::environment(which)?;
    let mut command = layerlab(home);
    command.env("LAYERLAB_DOCKER", docker).envs(env);
    Some(command)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("ours");
    for entry in from.read_dir().expect("in the tree").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("ours");
        }
    }
}

/// Every path below a folder with its bytes and modification time.
fn everything(folder: &Path) -> Vec<(String, Vec<u8>, std::time::SystemTime)> {
    let mut out = Vec::new();
    for entry in folder.read_dir().expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            out.extend(everything(&path));
        }
        let modified = entry.metadata().and_then(|m| m.modified()).expect("a time");
        out.push((path.display().to_string(), std::fs::read(&path).unwrap_or_default(), modified));
    }
    out.sort();
    out
}

fn demo(home: &Path) -> std::path::PathBuf {
    let folder = home.join("demo");
    copy_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/demo"), &folder);
    folder
}

#[test]
fn without_an_engine_it_says_so_and_how_to_get_one() {
    let home = tempfile::tempdir().expect("a folder");
    let folder = demo(home.path());
    let output = layerlab(home.path())
        .args(["verify", "--docker", "/no/such/docker", "--engine", "docker"])
        .arg(&folder)
        .output()
        .expect("it runs");
    let said = text(&output.stderr);
    assert_eq!(code(&output), Some(2), "{said}");
    assert!(said.contains("no engine: /no/such/docker cannot be started"), "{said}");
    assert!(said.contains("apt-get install docker.io"), "{said}");

    // A PATH without either client.
    let output =
        layerlab(home.path()).env("PATH", home.path()).arg("verify").arg(&folder).output().expect("it runs");
    let said = text(&output.stderr);
    assert_eq!(code(&output), Some(2), "{said}");
    assert!(said.contains("neither `docker` nor `buildctl` is on the PATH"), "{said}");

    let output = layerlab(home.path())
        .env("PATH", home.path())
        .args(["verify", "--format", "json"])
        .arg(&folder)
        .output()
        .expect("it runs");
    let json: Value = serde_json::from_slice(&output.stdout).expect("one object");
    assert_eq!((code(&output), json["schema"].as_u64(), &json["engine"]), (Some(2), Some(1), &Value::Null));
    assert!(json["error"].as_str().expect("a sentence").starts_with("no engine: "), "{json}");
}

#[test]
fn what_is_wrong_with_the_input_is_said_before_any_engine_is_asked() {
    let home = tempfile::tempdir().expect("a folder");
    let scenario = home.path().join("s.toml");
    std::fs::write(&scenario, "[[steps]]\nedits = []\n").expect("ours");
    let folder = demo(home.path());
    let mut command = layerlab(home.path());
    let output =
        command.arg("verify").arg(&folder).arg("--scenario").arg(&scenario).output().expect("it runs");
    let said = text(&output.stderr);
    assert_eq!(code(&output), Some(2), "{said}");
    assert!(said.contains("s.toml") && said.contains("unknown field `edits`"), "{said}");

    std::fs::write(folder.join("Dockerfile"), "FROM alpine\nCOPPY . .\n").expect("ours");
    let output = layerlab(home.path()).arg("verify").arg(&folder).output().expect("it runs");
    assert!(code(&output) == Some(2) && text(&output.stderr).contains("COPPY"), "{}", text(&output.stderr));
}

const SCENARIO: &str = r#"
id = "dependency"
[[steps]]
edit = [{ op = "replace", path = "package.json", old = "9.5.0", new = "9.5.1" }]
[[steps]]
edit = [{ op = "append", path = "src/basket.js", content = "// more\n" }]
"#;

/// The demo with its three edits and a scenario, as it is and reordered.
fn verify_demo(which: Which) {
    let home = tempfile::tempdir().expect("a folder");
    let Some(mut command) = on(which, home.path()) else { return };
    let _alone = engine_support::alone(which);
    let folder = demo(home.path());
    let scenario = home.path().join("s.toml");
    std::fs::write(&scenario, SCENARIO).expect("ours");
    let (files, held) = (everything(&folder), engine_support::holdings(which));
    let edits = ["--edit", "src/app.js", "--edit", "package.json", "--edit", "README.md"];
    let output = command
        .arg("verify")
        .arg(&folder)
        .args(edits)
        .arg("--scenario")
        .arg(&scenario)
        .output()
        .expect("it runs");
    let said = text(&output.stdout);
    assert_eq!(code(&output), Some(0), "{said}\n{}", text(&output.stderr));
    for words in
        ["first build, from nothing", "edit src/app.js", "Scenario dependency", "engine agree", "Learned"]
    {
        assert!(said.contains(words), "{words} in {said}");
    }
    assert!(!said.contains("DIFFERENT") && !said.contains("wrong"), "{said}");
    assert_eq!(everything(&folder), files, "the user's folder is as it was");

    // What was learned is what a plan uses from now on.
    let plan =
        layerlab(home.path()).args(["plan", "--format", "json"]).arg(&folder).output().expect("it runs");
    let plan: Value = serde_json::from_slice(&plan.stdout).expect("one object");
    let install =
        plan["steps"].as_array().expect("steps").iter().find(|s| s["instruction"] == "RUN npm install");
    let install = install.expect("a step");
    assert_eq!(
        (&install["seconds"]["basis"], &install["bytes"]["basis"]),
        (&"measured".into(), &"measured".into())
    );
    assert!(install["bytes"]["value"].as_f64().expect("a number") > 0.0, "{install}");

    let better = home.path().join("Dockerfile.better");
    // What was learned of the npm that stands in here would make the reorder not worth while.
    let mut reorder = layerlab(&home.path().join("elsewhere"));
    let output = reorder.arg("reorder").arg(&folder).arg("--output").arg(&better).output().expect("it runs");
    assert_eq!(code(&output), Some(0), "{}", text(&output.stderr));
    let mut command = on(which, home.path()).expect("there");
    let output = command
        .args(["verify", "--no-learn", "--format", "json", "--file"])
        .arg(&better)
        .arg(&folder)
        .args(edits)
        .output()
        .expect("it runs");
    let json: Value = serde_json::from_slice(&output.stdout).expect("one object");
    assert_eq!(code(&output), Some(0), "{json}");
    let totals = &json["totals"];
    assert_eq!((totals["builds"].as_u64(), totals["different"].as_u64()), (Some(4), Some(0)), "{totals}");
    let steps = json["series"][0]["builds"][1]["steps"].as_array().expect("steps");
    let install = steps.iter().find(|s| s["instruction"] == "RUN npm install").expect("a step");
    assert_eq!(
        (&install["predicted"]["status"], &install["real"]["status"]),
        (&"cached".into(), &"cached".into())
    );
    assert_eq!(engine_support::holdings(which), held, "no image and no container is left behind");
}

#[test]
fn the_demo_is_verified_on_the_new_engine() {
    verify_demo(Which::New);
}

#[test]
fn the_demo_is_verified_with_the_containerd_store() {
    verify_demo(Which::Containerd);
}

#[test]
fn the_demo_is_verified_on_the_old_engine() {
    verify_demo(Which::Old);
}

#[test]
fn a_build_that_fails_on_the_engine_is_no_answer() {
    let home = tempfile::tempdir().expect("a folder");
    let Some(mut command) = on(Which::New, home.path()) else { return };
    let _alone = engine_support::alone(Which::New);
    std::fs::write(home.path().join("Dockerfile"), "FROM alpine:3.17\nRUN exit 3\nRUN ls\n").expect("ours");
    let output = command.arg("verify").arg(home.path()).output().expect("it runs");
    let (said, complained) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(code(&output), Some(2), "{said}{complained}");
    assert!(
        said.contains("the build fails on this engine") && complained.contains("exit code: 3"),
        "{said}{complained}"
    );
}

#[test]
fn a_step_that_takes_too_long_is_ended() {
    let home = tempfile::tempdir().expect("a folder");
    let Some(mut command) = on(Which::New, home.path()) else { return };
    let _alone = engine_support::alone(Which::New);
    std::fs::write(home.path().join("Dockerfile"), "FROM alpine:3.17\nRUN sleep 600\n").expect("ours");
    let held = engine_support::holdings(Which::New);
    let output = command.args(["verify", "--timeout", "2"]).arg(home.path()).output().expect("it runs");
    assert_eq!(code(&output), Some(2));
    assert!(text(&output.stderr).contains("it took more than 2 seconds"), "{}", text(&output.stderr));
    assert_eq!(engine_support::holdings(Which::New), held, "no image and no container is left behind");
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_the_build_and_tidies_up() {
    let home = tempfile::tempdir().expect("a folder");
    let Some(mut command) = on(Which::New, home.path()) else { return };
    let _alone = engine_support::alone(Which::New);
    let project = home.path().join("project");
    let temporary = home.path().join("tmp");
    std::fs::create_dir(&project).expect("ours");
    std::fs::create_dir(&temporary).expect("ours");
    std::fs::write(project.join("Dockerfile"), "FROM alpine:3.17\nRUN sleep 600\n").expect("ours");
    let held = engine_support::holdings(Which::New);
    let mut child = command
        .arg("verify")
        .arg(&project)
        .env("TMPDIR", &temporary)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it runs");
    // Until the marked base is there, so that there is something to tidy up.
    let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while engine_support::holdings(Which::New) == held {
        assert!(std::time::Instant::now() < until, "no image was made");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    std::thread::sleep(std::time::Duration::from_millis(500));
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill");
    assert!(kill.success());
    assert_eq!(child.wait().expect("it ends").code(), Some(2));
    assert_eq!(engine_support::holdings(Which::New), held, "no image and no container is left behind");
    assert_eq!(temporary.read_dir().expect("ours").count(), 0, "no folder is left behind");
}
