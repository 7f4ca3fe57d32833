//! From a Dockerfile to a graph: the walk over stages and instructions.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::image::canonical;
use super::label::{Label, uppercase_keyword};
use super::options::{DEFAULT_PATH, GraphOptions, ImageStore, Platform};
use super::path;
use super::reach::SCRATCH;
use super::stage::{Command, Config, Draft, Env, StageBase, StageInfo, StageState};
use super::vertex::{Action, FileOp, Op, Owner, Source, Vertex, VertexId};
use super::{Graph, Step};
use crate::context::Digest;
use crate::dockerfile::Diagnostic;
use crate::dockerfile::ast::{Dockerfile, InstructionKind, Span};
use crate::dockerfile::diagnostic::DiagnosticKind;
use crate::dockerfile::expand::{ExpandError, Lexer};

/// Builds the graph of a Dockerfile.
///
/// # Errors
/// A diagnostic with its place: a name that is no stage, stages in a circle, a variable that cannot be
/// expanded, an option that BuildKit refuses.
pub fn build(file: &Dockerfile, options: &GraphOptions) -> Result<Graph, Diagnostic> {
    let mut c = Converter {
        options,
        build_args: options.build_args.clone(),
        text: &file.text,
        escape: file.escape,
        globals: Env::default(),
        drafts: Vec::new(),
        by_name: HashMap::new(),
        stage_count: file.stages.len(),
        vertices: Vec::new(),
        known: HashMap::new(),
        steps: Vec::new(),
        epoch: None,
    };
    c.globals_from(file)?;
    c.resolve_epoch(file)?;
    c.draft_stages(file)?;
    let target = c.find_target(file)?;
    c.link_stages(file)?;
    let reachable = c.resolve_reachable(target)?;
    for &at in &reachable {
        if c.drafts[at].unregistered {
            c.dispatch_base(at);
            c.drafts[at].dispatched = true;
        }
    }
    for at in 0..c.drafts.len() {
        if reachable.contains(&at) && !c.drafts[at].dispatched {
            c.dispatch_stage(at)?;
        }
    }
    Ok(c.finish(file, target, &reachable))
}

/// The state of a conversion.
pub(super) struct Converter<'a> {
    pub options: &'a GraphOptions,
    /// `--build-arg` values, SOURCE_DATE_EPOCH resolved.
    pub build_args: BTreeMap<String, String>,
    pub text: &'a Arc<str>,
    escape: char,
    pub globals: Env,
    pub drafts: Vec<Draft>,
    pub by_name: HashMap<String, usize>,
    pub stage_count: usize,
    vertices: Vec<Vertex>,
    known: HashMap<Digest, VertexId>,
    steps: Vec<Step>,
    /// SOURCE_DATE_EPOCH, which is part of the directories that WORKDIR makes.
    pub epoch: Option<String>,
}

impl Converter<'_> {
    /// The lexer for words of the Dockerfile.
    pub fn lexer(&self) -> Lexer {
        Lexer::new(self.escape)
    }

    /// Adds a vertex, or finds the one of equal definition.
    pub fn add(&mut self, op: Op, inputs: Vec<VertexId>, ignore_cache: bool) -> VertexId {
        let op_digest = op.full_digest();
        let inputs_digests: Vec<[u8; 32]> = inputs.iter().map(|&i| self.vertices[i].definition.0).collect();
        let mark = [u8::from(ignore_cache)];
        let parts = [&op_digest.0[..], &mark[..]].into_iter().chain(inputs_digests.iter().map(|d| &d[..]));
        let definition = Digest::of_parts(parts);
        if let Some(&id) = self.known.get(&definition) {
            return id;
        }
        let id = self.vertices.len();
        self.vertices.push(Vertex { op, inputs, ignore_cache, definition });
        self.known.insert(definition, id);
        id
    }

    /// The vertex of the main build context.
    pub fn context(&mut self, name: Option<String>) -> VertexId {
        self.add(Op::Source(Source::Context { name }), Vec::new(), false)
    }

    /// Expands a word with a stage's environment.
    pub fn word(&self, at: usize, text: &str, span: &Span) -> Result<String, Diagnostic> {
        let state = &self.drafts[at].state;
        self.lexer()
            .process_word(text, &|n| state.lookup(n))
            .map(|e| e.text)
            .map_err(|e| expand_error(self.text, span.clone(), &e))
    }

    /// Expands a word with a stage's environment and splits it at blanks.
    pub fn words(&self, at: usize, text: &str, span: &Span) -> Result<Vec<String>, Diagnostic> {
        let state = &self.drafts[at].state;
        self.lexer()
            .process_words(text, &|n| state.lookup(n))
            .map_err(|e| expand_error(self.text, span.clone(), &e))
    }

    /// Text of a label: the instruction with variables expanded, or as it stands where that fails.
    pub fn label_text(&self, at: usize, original: &str) -> String {
        let state = &self.drafts[at].state;
        let text = self.lexer().process_word(original, &|n| state.lookup(n));
        uppercase_keyword(&text.map_or_else(|_| original.to_string(), |e| e.text))
    }

    /// Prints a step (`prefixCommand`): counts it and keeps it.
    pub fn print(
        &mut self,
        at: usize,
        cmd: &Command,
        text: String,
        vertex: VertexId,
        merge: Option<VertexId>,
    ) {
        let instruction = if cmd.onbuild { format!("ONBUILD {text}") } else { text };
        let (index, span, line) = (cmd.index, cmd.instruction.span.clone(), cmd.instruction.line);
        self.push_step(at, instruction, vertex, merge, index, cmd.onbuild, line, span);
    }

    #[allow(clippy::too_many_arguments)] // one private call site more than `print`: the FROM
    fn push_step(
        &mut self,
        at: usize,
        instruction: String,
        vertex: VertexId,
        merge: Option<VertexId>,
        index: Option<usize>,
        onbuild: bool,
        line: usize,
        span: Span,
    ) {
        let draft = &mut self.drafts[at];
        let is_from = index.is_none() && !onbuild;
        draft.counter += if is_from { draft.rounds } else { 1 };
        let stage = (!draft.shown.is_empty()).then(|| draft.shown.clone());
        let of = if is_from { draft.from_total } else { draft.total };
        let label = Arc::new(Label { stage, index: draft.counter, of, instruction });
        let state = draft.state.clone();
        self.steps.push(Step {
            label,
            vertex,
            merge,
            stage: at,
            instruction: index,
            onbuild,
            line,
            span,
            state,
        });
    }

    /// Platform a draft is built for.
    pub fn platform(&self, at: usize) -> Platform {
        self.drafts[at].platform.clone().unwrap_or_else(|| self.options.platform.clone())
    }

    /// What a draft stands on (`resolveBaseImage`): nothing, an image or a named context.
    fn dispatch_base(&mut self, at: usize) {
        let name = self.drafts[at].base_name.clone();
        let context = self.drafts[at].named_context.clone().or_else(|| self.named_context(&name));
        if let Some(context) = context {
            let v = self.context(Some(context.clone()));
            self.drafts[at].named_context = Some(context);
            self.drafts[at].vertex = Some(v);
            return;
        }
        if name == SCRATCH {
            self.drafts[at].platform = None;
            return;
        }
        let canonical_name = canonical(&name);
        let (digest, config) = self.options.image(&canonical_name);
        let shown = match digest {
            Some(d) if !canonical_name.contains('@') => format!("{canonical_name}@{d}"),
            _ => canonical_name.clone(),
        };
        let digest = digest.cloned().unwrap_or_else(|| match canonical_name.split_once('@') {
            Some((_, d)) => d.to_string(),
            None => canonical_name.clone(),
        });
        self.drafts[at].config = config.map(Config::from).unwrap_or_default();
        let platform = self.platform(at);
        let source = Source::Image { name: canonical_name, digest, platform };
        let v = self.add(Op::Source(source), Vec::new(), false);
        self.drafts[at].vertex = Some(v);
        if !self.drafts[at].unregistered {
            let (line, span) = (self.drafts[at].line, self.drafts[at].span.clone());
            self.push_step(at, format!("FROM {shown}"), v, None, None, false, line, span);
        }
    }

    fn dispatch_stage(&mut self, at: usize) -> Result<(), Diagnostic> {
        if let Some(base) = self.drafts[at].base {
            let b = &self.drafts[base];
            let (vertex, state, mut config, platform) =
                (b.vertex, b.state.clone(), b.config.clone(), b.platform.clone());
            config.onbuild.clear();
            let d = &mut self.drafts[at];
            (d.vertex, d.state, d.config) = (vertex, state, config);
            d.platform = platform;
        } else {
            self.dispatch_base(at);
        }
        self.drafts[at].dispatched = true;
        if self.drafts[at].replaced {
            return Ok(());
        }
        self.start_state(at);
        for cmd in self.drafts[at].commands.clone() {
            self.dispatch(at, &cmd)?;
        }
        Ok(())
    }

    /// Environment, directory and user of the base come back into the stage, PATH added where it is missing.
    fn start_state(&mut self, at: usize) {
        let d = &mut self.drafts[at];
        if !d.config.env.iter().any(|(n, _)| n == "PATH") {
            d.config.env.push(("PATH".into(), DEFAULT_PATH.into()));
        }
        for (n, v) in &d.config.env.clone() {
            d.state.set_env(n, v);
        }
        if !d.config.workdir.is_empty() {
            d.state.workdir = d.config.workdir.clone();
        }
        if !d.config.user.is_empty() {
            d.state.user = d.config.user.clone();
        }
        d.state.shell = d.config.shell.clone();
    }

    fn dispatch(&mut self, at: usize, cmd: &Command) -> Result<(), Diagnostic> {
        let i = &cmd.instruction;
        match &i.kind {
            InstructionKind::Env(pairs) => {
                let mut expanded = Vec::with_capacity(pairs.len());
                for p in pairs {
                    expanded.push((self.word(at, &p.key, &i.span)?, self.word(at, &p.value, &i.span)?));
                }
                for (n, v) in expanded {
                    self.drafts[at].state.set_env(&n, &v);
                    self.drafts[at].config.set_env(&n, &v);
                }
                Ok(())
            }
            InstructionKind::Arg(decls) => decls.iter().try_for_each(|d| self.dispatch_arg(at, cmd, d)),
            InstructionKind::Run(run) => self.dispatch_run(at, cmd, run),
            InstructionKind::Copy(copy) => self.dispatch_copy(at, cmd, copy),
            InstructionKind::Add(add) => self.dispatch_add(at, cmd, add),
            InstructionKind::Workdir(raw) => self.dispatch_workdir(at, cmd, raw),
            InstructionKind::User(raw) => {
                let user = self.word(at, raw, &i.span)?;
                self.drafts[at].config.user.clone_from(&user);
                self.drafts[at].state.user = user;
                Ok(())
            }
            InstructionKind::Shell(words) => {
                self.drafts[at].config.shell.clone_from(words);
                self.drafts[at].state.shell.clone_from(words);
                Ok(())
            }
            // They change the image's config alone, which no vertex looks at.
            InstructionKind::Cmd(_)
            | InstructionKind::Entrypoint(_)
            | InstructionKind::Healthcheck(_)
            | InstructionKind::Maintainer(_)
            | InstructionKind::Onbuild(_) => Ok(()),
            InstructionKind::Expose(_)
            | InstructionKind::Label(_)
            | InstructionKind::Stopsignal(_)
            | InstructionKind::Volume(_) => self.check_config(at, i),
        }
    }

    /// ARG (`dispatchArg`): `--build-arg`, else the default, else the global one; no value, no change.
    fn dispatch_arg(
        &mut self,
        at: usize,
        cmd: &Command,
        decl: &crate::dockerfile::ast::ArgDecl,
    ) -> Result<(), Diagnostic> {
        let value = match (self.build_args.get(&decl.name), &decl.default) {
            (Some(v), _) => Some(v.clone()),
            (None, Some(raw)) => Some(self.word(at, raw, &cmd.instruction.span)?),
            (None, None) => self.globals.get(&decl.name).map(str::to_string),
        };
        let own = matches!(decl.name.as_str(), "BUILDKIT_SBOM_SCAN_CONTEXT" | "BUILDKIT_SBOM_SCAN_STAGE");
        if let (Some(v), false) = (value, own) {
            self.drafts[at].state.set_env(&decl.name, &v);
        }
        Ok(())
    }

    /// WORKDIR: a directory made with its parents, but for the root (section 1 and 4 of the cache semantics).
    fn dispatch_workdir(&mut self, at: usize, cmd: &Command, raw: &str) -> Result<(), Diagnostic> {
        let given = self.word(at, raw, &cmd.instruction.span)?;
        let current = self.drafts[at].config.workdir.clone();
        let dir = path::join_dir(&current, &given);
        self.drafts[at].config.workdir.clone_from(&dir);
        self.drafts[at].state.workdir.clone_from(&dir);
        if dir == "/" {
            return Ok(());
        }
        let user = self.drafts[at].config.user.clone();
        let base = self.drafts[at].vertex;
        let action = Action::Mkdir {
            path: path::clean_absolute(&dir),
            mode: 0o755,
            owner: (!user.is_empty()).then(|| Owner::read(&user)),
            created: self.epoch.clone(),
        };
        let op = Op::File(FileOp { actions: vec![action], base: base.map(|_| 0) });
        let v = self.add(op, base.into_iter().collect(), false);
        let text = self.label_text(at, &cmd.instruction.original);
        self.drafts[at].vertex = Some(v);
        self.print(at, cmd, text, v, None);
        Ok(())
    }

    /// COPY --link makes a merge only where the image store can (and never with --chmod).
    pub fn can_merge(&self) -> bool {
        self.options.image_store == ImageStore::Containerd
    }

    fn finish(
        self,
        file: &Dockerfile,
        target: usize,
        reachable: &std::collections::BTreeSet<usize>,
    ) -> Graph {
        let mut stages = Vec::with_capacity(file.stages.len());
        for at in 0..file.stages.len() {
            let d = &self.drafts[at];
            let base = match (&d.named_context, d.base) {
                (Some(c), _) => StageBase::Context(c.clone()),
                (None, Some(b)) => StageBase::Stage(b),
                (None, None) if d.base_name == SCRATCH => StageBase::Scratch,
                (None, None) => StageBase::Image(canonical(&d.base_name)),
            };
            stages.push(StageInfo {
                name: d.name.clone(),
                shown: (!d.shown.is_empty()).then(|| d.shown.clone()),
                base,
                reachable: reachable.contains(&at),
                result: d.vertex,
                line: d.line,
                span: d.span.clone(),
                state: d.state.clone(),
                needs: self.needs(at).into_iter().filter(|&n| n < file.stages.len()).collect(),
            });
        }
        let mut steps = self.steps;
        steps.sort_by_key(|s| s.stage); // stable: within a stage, the order of the Dockerfile
        let mut graph =
            Graph { stages, vertices: self.vertices, steps, target, result: self.drafts[target].vertex };
        graph.keep_what_is_needed();
        graph
    }
}

impl StageState {
    /// Arguments of a shell-form command: the SHELL's words and the command as one word.
    pub(super) fn shell_args(&self, command: &str) -> Vec<String> {
        let mut args = if self.shell.is_empty() {
            vec!["/bin/sh".to_string(), "-c".to_string()]
        } else {
            self.shell.clone()
        };
        args.push(command.to_string());
        args
    }
}

/// A diagnostic at a place.
pub(super) fn stage_error(
    text: &str,
    span: Span,
    message: String,
    help: Option<String>,
    kind: DiagnosticKind,
) -> Diagnostic {
    Diagnostic::at(kind, text, span, message).with_help(help)
}

/// A word that cannot be expanded.
pub(super) fn expand_error(text: &str, span: Span, error: &ExpandError) -> Diagnostic {
    stage_error(text, span, error.to_string(), None, DiagnosticKind::Parse)
}
