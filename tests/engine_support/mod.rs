//! The real engines that tests may use: folders that `.ci/engine` was given.
//!
//! `LAYERLAB_ENGINE` (new, classic image store), `LAYERLAB_ENGINE_CONTAINERD` (new, containerd image store) and
//! `LAYERLAB_ENGINE_OLD` name them. Without one, its tests say so and pass; with `LAYERLAB_ENGINE_REQUIRED=1`,
//! as in CI, they fail.
#![allow(dead_code)]

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use layerlab::engine::{Engine, Kind, Wish};

/// The engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    New,
    Containerd,
    Old,
}

impl Which {
    fn variable(self) -> &'static str {
        match self {
            Self::New => "LAYERLAB_ENGINE",
            Self::Containerd => "LAYERLAB_ENGINE_CONTAINERD",
            Self::Old => "LAYERLAB_ENGINE_OLD",
        }
    }
}

/// The variables that lead a docker client to an engine, and the client itself first.
pub fn environment(which: Which) -> Option<(PathBuf, Vec<(OsString, OsString)>)> {
    let variable = which.variable();
    let Some(folder) = std::env::var_os(variable).filter(|f| !f.is_empty()).map(PathBuf::from) else {
        let required = std::env::var_os("LAYERLAB_ENGINE_REQUIRED").is_some_and(|v| v == "1");
        assert!(!required, "{variable} is not set, and LAYERLAB_ENGINE_REQUIRED=1 asks for it");
        eprintln!("skipped: {variable} names no engine; `.ci/engine-tests` runs this with real ones");
        return None;
    };
    let mut host = OsString::from("unix://");
    host.push(folder.join("run/docker.sock"));
    let env = vec![("DOCKER_HOST".into(), host), ("DOCKER_CONFIG".into(), folder.join("config").into())];
    Some((folder.join("root/usr/bin/docker"), env))
}

/// The engine, or nothing after saying why.
pub fn engine(which: Which) -> Option<Engine> {
    let (docker, env) = environment(which)?;
    let wish = Wish { docker: Some(docker), kind: Some(Kind::Docker), env, ..Wish::default() };
    Some(
        Engine::find(&wish)
            .unwrap_or_else(|e| panic!("{} names an engine that cannot be used: {e}", which.variable())),
    )
}

/// Keeps other tests of this process from the engine: what it holds is counted before and after.
pub fn alone(which: Which) -> MutexGuard<'static, ()> {
    static ENGINES: [Mutex<()>; 3] = [const { Mutex::new(()) }; 3];
    ENGINES[which as usize].lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the engine holds that a run must not leave more of: images (of any name) and containers.
pub fn holdings(which: Which) -> (Vec<String>, Vec<String>) {
    let (docker, env) = environment(which).expect("asked for after engine()");
    let list = |arguments: &[&str]| -> Vec<String> {
        let output = std::process::Command::new(&docker).args(arguments).envs(env.iter().cloned()).output();
        let output = output.expect("the client runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut lines: Vec<_> = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    (
        list(&["image", "ls", "--all", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}"]),
        list(&["ps", "--all", "--quiet"]),
    )
}
