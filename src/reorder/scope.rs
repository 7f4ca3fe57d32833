//! The state of a stage as its instructions set it: variables, working directory, user, shell.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::dockerfile::ast::{Dockerfile, Instruction, InstructionKind};
use crate::dockerfile::expand::Lexer;
use crate::shell::{self, Scene, ShellKind};

/// The state before an instruction.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    /// Variables with their values; `None` where a value is not known (an ARG without one).
    pub(super) vars: Rc<BTreeMap<String, Option<String>>>,
    /// Absolute working directory; `None` where it cannot be known.
    pub(super) workdir: Option<String>,
    /// USER as written.
    pub(super) user: Option<String>,
    /// Words of SHELL.
    pub(super) shell: Rc<Vec<String>>,
    args: Rc<BTreeSet<String>>,
    escape: char,
}

impl Scope {
    /// Makes the state at the start of a stage on an image, whose working directory is the root unless the
    /// rules know better.
    pub(super) fn start(dockerfile: &Dockerfile, workdir: &str) -> Self {
        let shell = Rc::new(vec!["/bin/sh".to_owned(), "-c".to_owned()]);
        let (vars, args) = (Rc::default(), Rc::default());
        Self { vars, workdir: Some(workdir.to_owned()), user: None, shell, args, escape: dockerfile.escape }
    }

    /// Makes the state at the start of a stage on another stage, whose ARGs do not reach it.
    pub(super) fn after(base: &Self) -> Self {
        let mut scope = base.clone();
        Rc::make_mut(&mut scope.vars).retain(|name, _| !base.args.contains(name));
        scope.args = Rc::default();
        scope
    }

    /// Follows an instruction. `global` has the values of ARGs before the first FROM and of build arguments.
    pub(super) fn follow(&mut self, instruction: &Instruction, global: &BTreeMap<String, Option<String>>) {
        match &instruction.kind {
            InstructionKind::Arg(declarations) => {
                for arg in declarations {
                    let default = arg.default.as_deref().and_then(|raw| self.expand(raw));
                    let value = global.get(&arg.name).cloned().flatten().or(default);
                    // An ENV of the same name wins over the ARG, as in BuildKit.
                    if !self.vars.contains_key(&arg.name) || self.args.contains(&arg.name) {
                        Rc::make_mut(&mut self.vars).insert(arg.name.clone(), value);
                        Rc::make_mut(&mut self.args).insert(arg.name.clone());
                    }
                }
            }
            InstructionKind::Env(pairs) => {
                let values: Vec<_> =
                    pairs.iter().map(|pair| (self.expand(&pair.key), self.expand(&pair.value))).collect();
                for (key, value) in values {
                    if let Some(key) = key {
                        Rc::make_mut(&mut self.args).remove(&key);
                        Rc::make_mut(&mut self.vars).insert(key, value);
                    }
                }
            }
            InstructionKind::Workdir(raw) => {
                self.workdir = self.path(raw);
            }
            InstructionKind::User(raw) => self.user = Some(raw.clone()),
            InstructionKind::Shell(words) => self.shell = Rc::new(words.clone()),
            _ => {}
        }
    }

    /// Expands a raw word; `None` where it needs a value that is not known.
    pub(super) fn expand(&self, raw: &str) -> Option<String> {
        let lookup = |name: &str| self.vars.get(name).cloned().flatten();
        let expansion = Lexer::new(self.escape).process_word(raw, &lookup).ok()?;
        // A variable that the stage does not set may come from the base image.
        expansion.unmatched.is_empty().then_some(expansion.text)
    }

    /// Makes a raw path absolute and clean; `None` where it cannot be known.
    pub(super) fn path(&self, raw: &str) -> Option<String> {
        let text = self.expand(raw)?;
        if text.starts_with('/') {
            return Some(shell::normalise(&text));
        }
        self.workdir.as_deref().map(|cwd| shell::join(cwd, &text))
    }

    /// The state in which an ARG that nobody gives a value is empty, but for those that the builder fills in.
    pub(super) fn with_empty_arguments(&self) -> Self {
        const FILLED_IN: [&str; 2] = ["TARGET", "BUILD"];
        let mut scope = self.clone();
        for (name, value) in Rc::make_mut(&mut scope.vars) {
            let is_filled_in =
                FILLED_IN.iter().any(|start| name.starts_with(start)) || name.ends_with("_PROXY");
            if value.is_none() && self.args.contains(name) && !is_filled_in {
                *value = Some(String::new());
            }
        }
        scope
    }

    /// The value of a variable, where it is known.
    pub(super) fn value(&self, name: &str) -> Option<String> {
        self.vars.get(name).cloned().flatten()
    }

    /// Calls a function with the scene in which a RUN's text is read.
    pub(super) fn with_scene<T>(&self, cwd: &str, call: impl FnOnce(&Scene<'_>) -> T) -> T {
        let env = |name: &str| self.value(name);
        call(&Scene { cwd, env: &env, shell: ShellKind::of(&self.shell) })
    }
}

/// The values of ARGs before the first FROM, build arguments over defaults.
pub(super) fn global_args(
    dockerfile: &Dockerfile,
    given: &BTreeMap<String, String>,
) -> BTreeMap<String, Option<String>> {
    let mut scope = Scope::start(dockerfile, "/");
    let given: BTreeMap<String, Option<String>> =
        given.iter().map(|(k, v)| (k.clone(), Some(v.clone()))).collect();
    for instruction in &dockerfile.global_args {
        scope.follow(instruction, &given);
    }
    let mut all = Rc::unwrap_or_clone(scope.vars);
    all.extend(given);
    all
}
