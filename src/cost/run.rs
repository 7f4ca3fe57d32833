//! The layer that a RUN makes: what its commands put out, take away and copy up from the layers below.

use super::commands::{self, Output, Place, absolute};
use super::files::{Amount, Files, Weight};
use super::model::{Layer, Piece, PieceKind};
use crate::context::path;
use crate::graph::{Exec, MountKind};
use crate::shell::{Call, Scene, Script, ShellKind, Word, calls};

/// Seconds that starting a container and taking its layer costs before any command does something.
const CONTAINER_SECONDS: f64 = 0.2;

/// Seconds of a RUN.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Time {
    /// What it takes where it stands.
    pub seconds: f64,
    /// What it would take besides if nothing that it fetches or compiles were there already, in the layers below.
    pub spared: f64,
}

/// Works out a RUN: its layer and its seconds, and changes the files to what they are after it.
pub(super) fn layer(exec: &Exec, files: &mut Files) -> (Layer, Time) {
    let env = |name: &str| exec.env.iter().rev().find(|(n, _)| n == name).map(|(_, value)| value.clone());
    let cwd = if exec.cwd.is_empty() { "/" } else { exec.cwd.as_str() };
    let home = env("HOME").unwrap_or_else(|| match exec.user.split(':').next().unwrap_or_default() {
        "" | "root" | "0" => "/root".to_string(),
        user => format!("/home/{user}"),
    });
    let venv = env("VIRTUAL_ENV").or_else(|| {
        let path = env("PATH")?;
        let first = path.split(':').find(|dir| dir.contains("venv"))?;
        first.strip_suffix("/bin").map(str::to_string)
    });
    let mut run = Run {
        place: Place { cwd, home: &home, venv: venv.as_deref() },
        elsewhere: exec
            .mounts
            .iter()
            .filter(|mount| !mount.output)
            .map(|mount| {
                (path::clean(&mount.target).into_owned(), matches!(mount.kind, MountKind::Cache { .. }))
            })
            .collect(),
        files,
        layer: Layer::default(),
        below: 0,
        seconds: CONTAINER_SECONDS,
        spared: 0.0,
        groups: Vec::new(),
    };
    run.below = run.files.amounts.len();
    for call in calls_of(exec) {
        run.call(&call);
    }
    (run.layer, Time { seconds: run.seconds, spared: run.spared })
}

/// The programs that a RUN runs.
pub(super) fn calls_of(exec: &Exec) -> Vec<Call> {
    let env = |name: &str| exec.env.iter().rev().find(|(n, _)| n == name).map(|(_, value)| value.clone());
    let cwd = if exec.cwd.is_empty() { "/" } else { exec.cwd.as_str() };
    let scene = Scene { cwd, env: &env, shell: ShellKind::of(&exec.args) };
    let script = match exec.args.split_last() {
        // A shell and its text, as the shell form gives it.
        Some((text, [_, flags @ ..])) if flags.last().is_some_and(|flag| flag.ends_with('c')) => {
            Script::read(text, &scene)
        }
        _ => Script::of_words(&exec.args, cwd),
    };
    calls(&script, &scene)
}

struct Run<'a> {
    place: Place<'a>,
    /// Targets of mounts, and whether they are caches: what is written there is not in the layer.
    elsewhere: Vec<(String, bool)>,
    files: &'a mut Files,
    layer: Layer,
    /// How many of the amounts come from the layers below.
    below: usize,
    seconds: f64,
    spared: f64,
    /// Seconds of the groups of conditional calls so far.
    groups: Vec<(&'static str, f64)>,
}

impl Run<'_> {
    fn call(&mut self, call: &Call) {
        match call.program.as_str() {
            "rm" | "rmdir" | "unlink" => self.each_path(call, 0, Self::remove),
            "chmod" | "chown" | "chgrp" => self.change_owner(call),
            "cp" => self.copy(call, false),
            "mv" => self.copy(call, true),
            "sed" if call.has(&["-i", "--in-place"]) => self.each_path(call, 1, Self::touch),
            "dd" | "truncate" | "fallocate" | "head" => self.fill(call),
            _ => {}
        }
        let mut work = commands::work(call, self.place);
        let (below, all) = self.spared(&work.spared);
        work.seconds = (work.seconds - all).max(CONTAINER_SECONDS.min(work.seconds));
        if let Some(group) = work.group.filter(|_| call.conditional) {
            match self.groups.iter_mut().find(|(name, _)| *name == group) {
                // Another way of the same thing: the dearer of them counts.
                Some((_, seconds)) => {
                    self.seconds += (work.seconds - *seconds).max(0.0);
                    *seconds = seconds.max(work.seconds);
                    return;
                }
                None => self.groups.push((group, work.seconds)),
            }
        }
        self.seconds += work.seconds;
        self.spared += below;
        for at in &work.removes {
            self.remove(at, true);
        }
        for output in work.outputs {
            self.put(output);
        }
    }

    /// Seconds that a call is spared: by what lies in the layers below, and in all.
    fn spared(&self, known: &[commands::Spared]) -> (f64, f64) {
        let (mut below, mut all) = (0.0, 0.0);
        for spared in known {
            let holds = |target: &str| match spared.mount {
                Some(word) => match word.strip_suffix('$') {
                    Some(end) => target.ends_with(end),
                    None => target.contains(word),
                },
                None => path::is_within(&spared.at, target),
            };
            let place = self
                .files
                .amounts
                .iter()
                .position(|amount| path::is_within(&amount.at, &spared.at) && !amount.diffuse);
            let in_layers = place.filter(|_| spared.in_layers);
            if in_layers.is_some() || self.elsewhere.iter().any(|(target, caches)| *caches && holds(target)) {
                all += spared.seconds;
            }
            if in_layers.is_some_and(|place| place < self.below) {
                below += spared.seconds;
            }
        }
        (below, all)
    }

    fn put(&mut self, output: Output) {
        let hidden = self.elsewhere.iter().any(|(target, _)| path::is_within(&output.at, target));
        if hidden || output.bytes <= 0.0 {
            return;
        }
        let Output { at, bytes, files, diffuse, once, artifact, leftover } = output;
        if once && self.files.amounts.iter().any(|amount| amount.at == at) {
            return;
        }
        let weight = Weight { bytes, files, exact: false };
        let kind = match leftover {
            Some((what, fix)) => PieceKind::Leftover { what: what.to_string(), fix: fix.to_string() },
            None => PieceKind::Output,
        };
        self.layer.pieces.push(Piece { artifact, ..Piece::new(at.clone(), weight, kind) });
        self.files.amounts.push(Amount { at, bytes, files, diffuse });
    }

    /// Calls `act` with the paths among a call's operands, those that are told before the run.
    fn each_path(&mut self, call: &Call, skip: usize, act: fn(&mut Self, &str, bool)) {
        let deep = call.has(&["-r", "-R", "-rf", "--recursive"]);
        for word in call.operands.iter().skip(skip) {
            if let Some(at) = self.operand(call, word) {
                act(self, &at, deep);
            }
        }
    }

    /// The path of an operand; a last part that is a star stands for all in its directory.
    fn operand(&self, call: &Call, word: &Word) -> Option<String> {
        if word.dynamic {
            return None;
        }
        let text = if word.glob { word.text.strip_suffix("/*")? } else { word.text.as_str() };
        let cwd = call.cwd.as_deref().unwrap_or(self.place.cwd);
        Some(absolute(text, cwd, self.place.home))
    }

    fn remove(&mut self, at: &str, _deep: bool) {
        if self.elsewhere.iter().any(|(target, _)| path::is_within(at, target)) {
            return;
        }
        // What this very layer made and takes away again costs nothing; what came from below stays below.
        let mut own = 0.0;
        self.layer.pieces.retain(|piece| {
            let inside = path::is_within(&piece.at, at) && piece.kind.adds();
            if inside {
                own += piece.weight.bytes;
            }
            !inside
        });
        let gone = self.files.remove(at);
        let below = Weight { bytes: (gone.bytes - own).max(0.0), ..gone };
        if below.bytes >= 1.0 {
            self.layer.pieces.push(Piece::new(at, below, PieceKind::Deleted));
        }
    }

    /// A file whose bytes or owner change is in this layer again, as a whole.
    fn copy_up(&mut self, at: &str, by: &str) {
        let whole = self.files.weigh(at);
        let own: f64 = self
            .layer
            .pieces
            .iter()
            .filter(|piece| path::is_within(&piece.at, at) && piece.kind.adds())
            .map(|piece| piece.weight.bytes)
            .sum();
        let under = self.layer.pieces.iter().any(|piece| {
            path::is_within(at, &piece.at)
                && piece.at != at
                && matches!(piece.kind, PieceKind::CopiedUp { .. } | PieceKind::Output)
        });
        let weight = Weight { bytes: (whole.bytes - own).max(0.0), ..whole };
        if weight.bytes >= 1.0 && !under {
            let kind = PieceKind::CopiedUp { by: by.to_string() };
            self.layer.pieces.push(Piece::new(at, weight, kind));
        }
    }

    fn touch(&mut self, at: &str, _deep: bool) {
        self.copy_up(at, "sed -i");
    }

    fn change_owner(&mut self, call: &Call) {
        let deep = call.has(&["-R", "--recursive"]);
        let reference = usize::from(!call.has(&["--reference"]));
        for word in call.operands.iter().skip(reference) {
            let Some(at) = self.operand(call, word) else { continue };
            let is_dir = self.files.known.get(&at).is_some_and(|entry| entry.is_dir())
                || self.files.amounts.iter().any(|amount| amount.at == at && amount.files > 1.0);
            if deep || word.glob || !is_dir {
                self.copy_up(&at, &call.program);
            }
        }
    }

    fn copy(&mut self, call: &Call, moves: bool) {
        let paths: Vec<Option<String>> = call.operands.iter().map(|word| self.operand(call, word)).collect();
        let Some((Some(to), from)) = paths.split_last() else { return };
        for from in from.iter().flatten() {
            let weight = self.files.weigh(from);
            let into = self.files.known.get(to).is_some_and(|entry| entry.is_dir());
            let at = if into { path::join(to, path::split(from).1) } else { to.clone() };
            let entry = self.files.known.get(from);
            if moves {
                self.remove(from, true);
            }
            if weight.bytes < 1.0 {
                continue;
            }
            self.layer.pieces.push(Piece::new(at.clone(), weight, PieceKind::Output));
            match entry {
                Some(entry) => self.files.put(&at, &entry),
                None => self.files.amounts.push(Amount {
                    at,
                    bytes: weight.bytes,
                    files: weight.files,
                    diffuse: false,
                }),
            }
        }
    }

    /// Files of a size that the words tell: `dd`, `truncate -s`, `fallocate -l`, `head -c N > file`.
    fn fill(&mut self, call: &Call) {
        let operand = |key: &str| call.operands.iter().find_map(|word| word.text.strip_prefix(key));
        let size = |text: &str| shell_size(text);
        let (bytes, at) = match call.program.as_str() {
            "dd" => {
                let block = operand("bs=").map_or(Some(512.0), size);
                let count = operand("count=").and_then(size);
                (block.zip(count).map(|(b, c)| b * c), operand("of=").map(Word::known))
            }
            "head" => {
                let text = call.value(&["-c", "--bytes"]).map(|word| word.text.clone());
                (text.and_then(|text| size(&text)), call.writes.first().cloned())
            }
            _ => {
                let text = call.value(&["-s", "--size", "-l", "--length"]).map(|word| word.text.clone());
                (text.and_then(|text| size(&text)), call.operands.last().cloned())
            }
        };
        if let (Some(bytes), Some(at)) = (bytes, at.and_then(|word| self.operand(call, &word))) {
            self.put(Output {
                at,
                bytes,
                files: 1.0,
                diffuse: false,
                once: false,
                artifact: false,
                leftover: None,
            });
        }
    }
}

/// A size as dd, head and truncate read it: `K`, `M`, `G` are powers of 1024, `kB`, `MB`, `GB` of 1000.
fn shell_size(text: &str) -> Option<f64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match &text[digits.len()..] {
        "" | "c" => 1.0,
        "k" | "K" | "KiB" => 1024.0,
        "m" | "M" | "MiB" => 1024.0 * 1024.0,
        "g" | "G" | "GiB" => 1024.0 * 1024.0 * 1024.0,
        "kB" | "KB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        _ => return None,
    };
    digits.parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0).map(|n| n * factor)
}
