//! RUN: arguments, mounts, what counts of each (BuildKit's `dispatchRun`, `dispatchRunMounts`).

use super::convert::{Converter, stage_error};
use super::label::{summarize_heredoc, uppercase_keyword};
use super::path;
use super::stage::Command;
use super::vertex::{Action, Exec, FileOp, Mount, MountKind, Op, Owner, VertexId};
use crate::dockerfile::Diagnostic;
use crate::dockerfile::ast::{CommandLine, Flag, Run, Span};
use crate::dockerfile::diagnostic::DiagnosticKind;
use crate::dockerfile::expand::Lexer;
use crate::dockerfile::is_lone_heredoc;

mod mount;

pub(super) use mount::mount_sources;
use mount::{MountError, MountSpec, parse_mount, secret_text, ssh_text};

impl Converter<'_> {
    pub(super) fn dispatch_run(&mut self, at: usize, cmd: &Command, run: &Run) -> Result<(), Diagnostic> {
        let specs = self.mount_specs(at, run)?;
        let mut name = cmd.instruction.original.clone();
        let mut mounts = vec![Mount {
            kind: MountKind::Bind,
            target: "/".into(),
            input: None,
            selector: String::new(),
            readonly: false,
            output: true,
        }];
        let mut sources: Vec<Option<VertexId>> = vec![self.drafts[at].vertex];
        let args = self.run_args(at, run, &mut name, &mut mounts, &mut sources);
        if args.is_empty() {
            let message = "RUN [] has no command".to_string();
            let help = Some("write RUN [\"program\", \"argument\"]".to_string());
            let span = cmd.instruction.span.clone();
            return Err(stage_error(self.text, span, message, help, DiagnosticKind::Parse));
        }
        // Secrets and agents are lists of their own: their order among each other counts, that between not.
        let mut secrets = Vec::new();
        let mut agents: Vec<String> = Vec::new();
        for (n, spec) in specs.iter().enumerate() {
            self.check_from_above(cmd, n, spec, &run.mounts[n].span)?;
            match spec.kind.as_str() {
                "secret" => secrets.push(secret_text(spec)),
                "ssh" => agents.push(ssh_text(spec, agents.len())),
                _ => {
                    let (mount, source) = self.run_mount(at, cmd, n, spec, &run.mounts[n].span)?;
                    mounts.push(mount);
                    sources.push(source);
                }
            }
        }
        let (mounts, inputs) = numbered(&mounts, &sources);
        let state = &self.drafts[at].state;
        let op = Op::Exec(Exec {
            args,
            env: self.run_env(at, &specs),
            cwd: if state.workdir.is_empty() { "/".into() } else { state.workdir.clone() },
            user: state.user.clone(),
            network: run.network.clone().filter(|n| n != "default"),
            security: run.security.clone().filter(|s| s != "sandbox"),
            devices: run.devices.clone(),
            hostname: self.options.build_args.get("BUILDKIT_SANDBOX_HOSTNAME").cloned().unwrap_or_default(),
            mounts,
            secrets: secrets.into_iter().chain(agents).collect(),
            platform: self.platform(at),
        });
        let text = self.run_label(at, &name, &specs);
        let ignore = self.drafts[at].ignore_cache;
        let v = self.add(op, inputs, ignore);
        self.print(at, cmd, text, v, None);
        self.drafts[at].vertex = Some(v);
        Ok(())
    }

    fn mount_specs(&self, at: usize, run: &Run) -> Result<Vec<MountSpec>, Diagnostic> {
        let read = |flag: &Flag| {
            let expand = |w: &str| self.word(at, w, &flag.span);
            parse_mount(&flag.value, &expand).map_err(|e| match e {
                MountError::Text(m) => {
                    stage_error(self.text, flag.span.clone(), m, None, DiagnosticKind::Parse)
                }
                MountError::Expand(d) => *d,
            })
        };
        run.mounts.iter().map(read).collect()
    }

    /// The stage's variables, and where the first agent listens unless they say so themselves.
    fn run_env(&self, at: usize, specs: &[MountSpec]) -> Vec<(String, String)> {
        let mut env = self.drafts[at].state.env.pairs().to_vec();
        let agent = specs.iter().find(|s| s.kind == "ssh");
        if let Some(agent) = agent.filter(|_| !env.iter().any(|(n, _)| n == "SSH_AUTH_SOCK")) {
            let socket = Some(agent.target.clone()).filter(|t| !t.is_empty());
            env.push(("SSH_AUTH_SOCK".into(), socket.unwrap_or_else(|| "/run/buildkit/ssh_agent.0".into())));
        }
        env
    }

    /// The argument list; a script heredoc adds a mount, any heredoc adds to the label's name.
    fn run_args(
        &mut self,
        at: usize,
        run: &Run,
        name: &mut String,
        mounts: &mut Vec<Mount>,
        sources: &mut Vec<Option<VertexId>>,
    ) -> Vec<String> {
        let line = match &run.command {
            CommandLine::Exec(words) => return words.clone(),
            CommandLine::Shell(line) => line.clone(),
        };
        let Some(first) = run.heredocs.first() else { return self.drafts[at].state.shell_args(&line) };
        if !is_lone_heredoc(&line) {
            let mut text = line;
            for h in &run.heredocs {
                text.push('\n');
                text.push_str(&h.raw);
                text.push_str(&h.name);
            }
            return self.drafts[at].state.shell_args(&text);
        }
        name.push_str(&format!(" ({})", summarize_heredoc(&first.raw)));
        let body = first.body.clone();
        if !body.starts_with("#!") {
            return self.drafts[at].state.shell_args(&body);
        }
        let file = format!("/{}", first.name);
        let action = Action::Mkfile { path: file.clone(), mode: 0o755, content: body };
        let v = self.add(Op::File(FileOp { actions: vec![action], base: None }), Vec::new(), false);
        mounts.push(Mount {
            kind: MountKind::Bind,
            target: "/dev/pipes/".into(),
            input: None,
            selector: "/".into(),
            readonly: true,
            output: false,
        });
        sources.push(Some(v));
        self.drafts[at].state.shell_args(&format!("/dev/pipes{file}"))
    }

    /// Checks that a mount is from a stage that stands above.
    fn check_from_above(
        &self,
        cmd: &Command,
        n: usize,
        spec: &MountSpec,
        span: &Span,
    ) -> Result<(), Diagnostic> {
        let below = cmd.sources.get(n).is_some_and(|&from| !self.drafts[from].dispatched);
        if spec.from.is_empty() || !below {
            return Ok(());
        }
        let message = format!("cannot mount from stage {:?}: it stands below this stage", spec.from);
        let help = Some("move the stage above the one that needs it".to_string());
        Err(stage_error(self.text, span.clone(), message, help, DiagnosticKind::StageNotFound))
    }

    fn run_mount(
        &mut self,
        at: usize,
        cmd: &Command,
        n: usize,
        spec: &MountSpec,
        span: &Span,
    ) -> Result<(Mount, Option<VertexId>), Diagnostic> {
        let mut source = match spec.kind.as_str() {
            "tmpfs" => None,
            "cache" if spec.from.is_empty() => None,
            _ if spec.from.is_empty() => Some(self.context(None)),
            _ => cmd.sources.get(n).and_then(|&from| self.drafts[from].vertex),
        };
        let workdir = self.drafts[at].state.workdir.clone();
        let target = if spec.target.starts_with('/') {
            spec.target.clone()
        } else {
            path::join_absolute(&workdir, &spec.target)
        };
        if target == "/" {
            let message = "a mount cannot cover the root".to_string();
            return Err(stage_error(self.text, span.clone(), message, None, DiagnosticKind::Parse));
        }
        let mut selector = path::clean_absolute(&spec.source);
        if selector == "/" && (spec.uid.is_some() || spec.gid.is_some() || spec.mode.is_some()) {
            let owner = format!("{}:{}", spec.uid.unwrap_or(0), spec.gid.unwrap_or(0));
            let action = Action::Mkdir {
                path: "/cache".into(),
                mode: spec.mode.unwrap_or(0o755),
                owner: Some(Owner(owner)),
                created: None,
            };
            let op = Op::File(FileOp { actions: vec![action], base: source.map(|_| 0) });
            source = Some(self.add(op, source.into_iter().collect(), false));
            selector = "/cache".into();
        }
        if selector == "/" {
            selector.clear();
        }
        let kind = match spec.kind.as_str() {
            "cache" => {
                // BuildKit's checkShouldClearCacheOpts: the default id is the target, cleaned but as written. An
                // id counts only where it is that, before or after the namespace is put before it.
                let own = if spec.id.is_empty() { path::clean(&spec.target) } else { spec.id.clone() };
                let namespace = self.options.build_args.get("BUILDKIT_CACHE_MOUNT_NS");
                let id = format!("{}/{own}", namespace.map_or("", String::as_str));
                let after_namespace = id.split_once('/').map_or("", |(_, rest)| rest);
                let usual = id == target || after_namespace == target;
                let default = usual && matches!(spec.sharing.as_str(), "" | "shared");
                MountKind::Cache { default, id: if default { id } else { String::new() } }
            }
            "tmpfs" => MountKind::Tmpfs { size: spec.size },
            _ => MountKind::Bind,
        };
        Ok((Mount { kind, target, input: None, selector, readonly: spec.readonly, output: false }, source))
    }

    /// The label's text: quotes stay, unset variables stay, names of secrets are masked.
    fn run_label(&self, at: usize, name: &str, specs: &[MountSpec]) -> String {
        let state = &self.drafts[at].state;
        let masked = |n: &str| specs.iter().any(|s| s.kind == "secret" && s.env.as_deref() == Some(n));
        let env = |n: &str| if masked(n) { Some("****".to_string()) } else { state.lookup(n) };
        let lexer = Lexer { raw_quotes: true, skip_unset_env: true, ..self.lexer() };
        uppercase_keyword(&lexer.process_word(name, &env).map_or_else(|_| name.to_string(), |e| e.text))
    }
}

/// Mounts as BuildKit has them, sorted by target, and their inputs, numbered in that order and each once.
fn numbered(mounts: &[Mount], sources: &[Option<VertexId>]) -> (Vec<Mount>, Vec<VertexId>) {
    let mut order: Vec<usize> = (0..mounts.len()).collect();
    order.sort_by(|&a, &b| mounts[a].target.cmp(&mounts[b].target));
    let mut inputs: Vec<VertexId> = Vec::new();
    let mut sorted = Vec::with_capacity(mounts.len());
    for i in order {
        let mut m = mounts[i].clone();
        m.input = sources[i].map(|v| {
            inputs.iter().position(|&x| x == v).unwrap_or_else(|| {
                inputs.push(v);
                inputs.len() - 1
            })
        });
        sorted.push(m);
    }
    (sorted, inputs)
}
