//! Builds small Dockerfiles in memory.

use std::collections::BTreeMap;

use crate::context::{Tree, path};
use crate::dockerfile::ast::{CommandLine, CopySpec, Dockerfile, InstructionKind, Run};
use crate::dockerfile::parse;
use crate::shell::{self, Command, Redirect, Scene, Script, ShellKind};

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    Dir { owner: String, mode: String },
    File { owner: String, mode: String, text: String },
}

/// An image in the making.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Image {
    nodes: BTreeMap<String, Node>,
    env: BTreeMap<String, String>,
    args: BTreeMap<String, String>,
    labels: BTreeMap<String, String>,
    workdir: String,
    user: String,
}

/// A command that fails fails the build.
#[derive(Debug)]
pub(super) struct Failed;

impl Image {
    fn owner(&self) -> String {
        self.user.clone()
    }

    fn expand(&self, raw: &str) -> String {
        let mut text = raw.to_owned();
        for (name, value) in self.env.iter().chain(&self.args) {
            text = text.replace(&format!("${name}"), value);
        }
        text
    }

    fn absolute(&self, path: &str) -> String {
        shell::join(if self.workdir.is_empty() { "/" } else { &self.workdir }, path)
    }

    fn make_dirs(&mut self, path: &str, owner: &str) -> Result<(), Failed> {
        let ends = path.match_indices('/').map(|(at, _)| at).skip(1).chain([path.len()]);
        for end in ends.filter(|end| *end > 1) {
            match self.nodes.get(&path[..end]) {
                Some(Node::Dir { .. }) => {}
                Some(Node::File { .. }) => return Err(Failed),
                None => {
                    self.nodes.insert(
                        path[..end].to_owned(),
                        Node::Dir { owner: owner.to_owned(), mode: String::new() },
                    );
                }
            }
        }
        Ok(())
    }

    fn is_dir(&self, path: &str) -> bool {
        path == "/" || matches!(self.nodes.get(path), Some(Node::Dir { .. }))
    }

    fn put(&mut self, path: &str, owner: &str, text: String) -> Result<(), Failed> {
        let parent = path.rsplit_once('/').map_or("", |(dir, _)| dir);
        if self.is_dir(path) || !(parent.is_empty() || self.is_dir(parent)) {
            return Err(Failed);
        }
        // An existing file keeps its owner and mode.
        let (owner, mode) = match self.nodes.get(path) {
            Some(Node::File { owner, mode, .. }) => (owner.clone(), mode.clone()),
            _ => (owner.to_owned(), String::new()),
        };
        self.nodes.insert(path.to_owned(), Node::File { owner, mode, text });
        Ok(())
    }

    fn text(&self, path: &str) -> Result<String, Failed> {
        match self.nodes.get(path) {
            Some(Node::File { text, .. }) => Ok(text.clone()),
            _ => Err(Failed),
        }
    }

    /// COPY: destination directories are made; directories that are copied set owners, files replace.
    fn copy(&mut self, spec: &CopySpec, tree: &Tree) -> Result<(), Failed> {
        let owner = spec.chown.clone().unwrap_or_default();
        let raw = self.expand(&spec.dest);
        let dest = self.absolute(&raw);
        let into = raw.ends_with(['/', '.']) || spec.sources.len() > 1;
        for source in &spec.sources {
            let source = path::clean(source).into_owned();
            let Some(entry) = tree.get(&source) else { return Err(Failed) };
            let Some(subtree) = tree.subtree(&source) else {
                let name = source.rsplit('/').next().unwrap_or(&source);
                let is_into = into || self.is_dir(&dest);
                let target = if is_into { shell::join(&dest, name) } else { dest.clone() };
                self.make_dirs(target.rsplit_once('/').map_or("", |(dir, _)| dir), &owner)?;
                self.replace(&target, &owner, format!("{:?}", entry.digest()))?;
                continue;
            };
            self.make_dirs(&dest, &owner)?;
            for (inner, entry) in &subtree {
                let target = shell::join(&dest, &inner);
                if entry.is_dir() {
                    if matches!(self.nodes.get(&target), Some(Node::File { .. })) {
                        return Err(Failed);
                    }
                    self.nodes.insert(target, Node::Dir { owner: owner.clone(), mode: String::new() });
                } else {
                    self.replace(&target, &owner, format!("{:?}", entry.digest()))?;
                }
            }
        }
        Ok(())
    }

    fn replace(&mut self, path: &str, owner: &str, text: String) -> Result<(), Failed> {
        if self.is_dir(path) {
            return Err(Failed);
        }
        let (owner, mode) = (owner.to_owned(), String::new());
        self.nodes.insert(path.to_owned(), Node::File { owner, mode, text });
        Ok(())
    }

    fn run(&mut self, text: &str) -> Result<(), Failed> {
        let all: BTreeMap<String, String> =
            self.args.iter().chain(&self.env).map(|(k, v)| (k.clone(), v.clone())).collect();
        let env = |name: &str| Some(all.get(name).cloned().unwrap_or_default());
        let cwd = self.absolute(".");
        let script = Script::read(text, &Scene { cwd: &cwd, env: &env, shell: ShellKind::Posix });
        assert!(script.understood, "{text}");
        for command in &script.commands {
            self.command(command)?;
        }
        Ok(())
    }

    fn command(&mut self, command: &Command) -> Result<(), Failed> {
        let cwd = command.cwd.clone().ok_or(Failed)?;
        let at = |word: &str| shell::join(&cwd, word);
        let words: Vec<&str> = command.words.iter().map(|word| word.text.as_str()).collect();
        let owner = self.owner();
        let mut output = None;
        match words.as_slice() {
            ["echo", rest @ ..] => output = Some(rest.join(" ")),
            ["cat", files @ ..] => {
                let texts: Result<Vec<String>, Failed> =
                    files.iter().map(|file| self.text(&at(file))).collect();
                output = Some(texts?.concat());
            }
            ["ls", dir] => {
                let dir = at(dir);
                if !self.is_dir(&dir) {
                    return Err(Failed);
                }
                let below = format!("{}/", dir.trim_end_matches('/'));
                let names = self
                    .nodes
                    .keys()
                    .filter_map(|path| path.strip_prefix(&below))
                    .filter(|name| !name.contains('/'));
                output = Some(names.collect::<Vec<_>>().join("\n"));
            }
            ["mkdir", "-p", dirs @ ..] => dirs.iter().try_for_each(|dir| self.make_dirs(&at(dir), &owner))?,
            ["touch", files @ ..] => {
                for file in files {
                    let path = at(file);
                    if !self.is_dir(&path) && !self.nodes.contains_key(&path) {
                        self.put(&path, &owner, String::new())?;
                    }
                }
            }
            ["cp" | "mv", from, to] => {
                let text = self.text(&at(from))?;
                let mut to = at(to);
                if self.is_dir(&to) {
                    to = shell::join(&to, from.rsplit('/').next().unwrap_or(from));
                }
                self.put(&to, &owner, text)?;
                if words[0] == "mv" && to != at(from) {
                    self.nodes.remove(&at(from));
                }
            }
            ["rm", "-rf", targets @ ..] => {
                for target in targets {
                    let target = at(target);
                    self.nodes.retain(|path, _| {
                        !path::is_within(path.trim_start_matches('/'), target.trim_start_matches('/'))
                    });
                }
            }
            ["chown", who, target] => match self.nodes.get_mut(&at(target)) {
                Some(Node::Dir { owner, .. } | Node::File { owner, .. }) => *owner = (*who).to_owned(),
                None => return Err(Failed),
            },
            ["chmod", bits, target] => match self.nodes.get_mut(&at(target)) {
                Some(Node::Dir { mode, .. } | Node::File { mode, .. }) => *mode = (*bits).to_owned(),
                None => return Err(Failed),
            },
            ["cd", dir] => {
                if !self.is_dir(&at(dir)) {
                    return Err(Failed);
                }
            }
            other => unreachable!("no such command: {other:?}"),
        }
        for redirect in &command.redirects {
            if let Redirect::Write(word) = redirect {
                self.put(&at(&word.text), &owner, output.clone().unwrap_or_default())?;
            }
        }
        Ok(())
    }
}

/// Builds the last stage of a Dockerfile, with those before it.
pub(super) fn build(text: &str, tree: &Tree) -> Result<Image, Failed> {
    let dockerfile = parse(text).map_err(|_| Failed)?;
    let mut built: Vec<Image> = Vec::new();
    for stage in &dockerfile.stages {
        let base = dockerfile.stage_index(&stage.base).and_then(|at| built.get(at));
        let mut image = base.cloned().unwrap_or_default();
        for instruction in &stage.instructions {
            image.instruction(&instruction.kind, tree, &dockerfile, &built)?;
        }
        image.args.clear();
        built.push(image);
    }
    built.pop().ok_or(Failed)
}

impl Image {
    fn instruction(
        &mut self,
        kind: &InstructionKind,
        tree: &Tree,
        dockerfile: &Dockerfile,
        built: &[Image],
    ) -> Result<(), Failed> {
        match kind {
            InstructionKind::Copy(copy) => match &copy.from {
                Some(from) => {
                    let source = dockerfile.stage_index(from).and_then(|at| built.get(at)).ok_or(Failed)?;
                    self.copy_from(&copy.spec, source)?;
                }
                None => self.copy(&copy.spec, tree)?,
            },
            InstructionKind::Run(run) => match &run.command {
                CommandLine::Shell(text) => self.run_with_mounts(run, text, tree)?,
                CommandLine::Exec(_) => return Err(Failed),
            },
            InstructionKind::Workdir(raw) => {
                self.workdir = self.absolute(&self.expand(raw));
                let (path, owner) = (self.workdir.clone(), self.owner());
                self.make_dirs(&path, &owner)?;
            }
            InstructionKind::User(user) => self.user.clone_from(user),
            InstructionKind::Env(pairs) => {
                for pair in pairs {
                    let value = self.expand(&pair.value);
                    self.env.insert(pair.key.clone(), value);
                }
            }
            InstructionKind::Arg(declarations) => {
                for arg in declarations {
                    self.args.insert(arg.name.clone(), arg.default.clone().unwrap_or_default());
                }
            }
            InstructionKind::Label(pairs) => {
                for pair in pairs {
                    let value = self.expand(&pair.value);
                    self.labels.insert(pair.key.clone(), value);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// COPY --from of one file or directory.
    fn copy_from(&mut self, spec: &CopySpec, from: &Self) -> Result<(), Failed> {
        let source = from_root(&spec.sources[0]);
        let dest = self.absolute(&self.expand(&spec.dest));
        match from.nodes.get(&source).cloned() {
            Some(Node::File { mode, text, .. }) => {
                let name = source.rsplit('/').next().unwrap_or_default();
                let into = spec.dest.ends_with('/') || self.is_dir(&dest);
                let target = if into { shell::join(&dest, name) } else { dest };
                self.make_dirs(target.rsplit_once('/').map_or("", |(dir, _)| dir), "")?;
                self.replace(&target, "", text)?;
                if let Some(Node::File { mode: own, .. }) = self.nodes.get_mut(&target) {
                    *own = mode;
                }
            }
            Some(Node::Dir { .. }) => {
                self.make_dirs(&dest, "")?;
                let below = format!("{source}/");
                let inner =
                    from.nodes.iter().filter_map(|(path, node)| Some((path.strip_prefix(&below)?, node)));
                for (inner, node) in inner {
                    let target = shell::join(&dest, inner);
                    match (node, self.nodes.get(&target)) {
                        (Node::Dir { .. }, Some(Node::File { .. }))
                        | (Node::File { .. }, Some(Node::Dir { .. })) => return Err(Failed),
                        (Node::Dir { mode, .. }, _) => {
                            self.nodes.insert(target, Node::Dir { owner: String::new(), mode: mode.clone() });
                        }
                        (Node::File { mode, text, .. }, _) => {
                            let (mode, text) = (mode.clone(), text.clone());
                            self.nodes.insert(target, Node::File { owner: String::new(), mode, text });
                        }
                    }
                }
            }
            None => return Err(Failed),
        }
        Ok(())
    }

    /// RUN with what its mounts put over the files while it runs: a directory of the context, or an empty cache.
    fn run_with_mounts(&mut self, run: &Run, text: &str, tree: &Tree) -> Result<(), Failed> {
        let below = |path: &str| path == "/m" || path.starts_with("/m/");
        let Some(mount) = run.mounts.first() else { return self.run(text) };
        let hidden: Vec<(String, Node)> = self
            .nodes
            .iter()
            .filter(|(path, _)| below(path))
            .map(|(path, node)| (path.clone(), node.clone()))
            .collect();
        self.nodes.retain(|path, _| !below(path));
        // The place of a mount is made where it is missing, and stays.
        let made = hidden.first().map_or_else(
            || ("/m".to_owned(), Node::Dir { owner: String::new(), mode: String::new() }),
            Clone::clone,
        );
        self.make_dirs("/m", "")?;
        if mount.value.contains("type=bind") {
            for (inner, entry) in &tree.subtree("src").ok_or(Failed)? {
                let (owner, mode) = (String::new(), String::new());
                let node = if entry.is_dir() {
                    Node::Dir { owner, mode }
                } else {
                    Node::File { owner, mode, text: format!("{:?}", entry.digest()) }
                };
                self.nodes.insert(format!("/m/{inner}"), node);
            }
        }
        let result = self.run(text);
        self.nodes.retain(|path, _| !below(path));
        self.nodes.insert(made.0, made.1);
        self.nodes.extend(hidden);
        result
    }
}

fn from_root(path: &str) -> String {
    shell::join("/", path)
}
