//! RUN: arguments, mounts, what counts of each (BuildKit's `dispatchRun`, `dispatchRunMounts`).

use super::convert::{Converter, stage_error};
use super::label::{summarize_heredoc, uppercase_keyword};
use super::path;
use super::stage::Command;
use super::vertex::{Action, Exec, FileOp, Mount, MountKind, Op, Owner, VertexId};
use crate::dockerfile::Diagnostic;
use crate::dockerfile::ast::{CommandLine, Run, Span};
use crate::dockerfile::diagnostic::DiagnosticKind;
use crate::dockerfile::expand::Lexer;
use crate::dockerfile::is_lone_heredoc;

/// A `--mount` after its words are expanded.
#[derive(Debug, Clone, Default)]
pub(super) struct MountSpec {
    kind: String,
    from: String,
    source: String,
    target: String,
    readonly: bool,
    size: i64,
    id: String,
    sharing: String,
    required: bool,
    env: Option<String>,
    mode: Option<u32>,
    uid: Option<u32>,
    gid: Option<u32>,
}

const KEYS: [&str; 19] = [
    "type",
    "from",
    "source",
    "target",
    "readonly",
    "id",
    "sharing",
    "required",
    "size",
    "mode",
    "uid",
    "gid",
    "src",
    "dst",
    "destination",
    "ro",
    "rw",
    "readwrite",
    "env",
];

/// What each mount of a RUN names with `from`, `scratch` where nothing.
pub(super) fn mount_sources(run: &Run) -> Result<Vec<String>, (String, Span)> {
    run.mounts
        .iter()
        .map(|flag| {
            let fields = csv_fields(&flag.value).map_err(|m| (m, flag.span.clone()))?;
            let from = fields.iter().rev().find_map(|f| {
                let (k, v) = f.split_once('=')?;
                k.eq_ignore_ascii_case("from").then(|| v.to_string())
            });
            match from {
                Some(f) if f.contains('$') && !f.ends_with('$') => {
                    let message =
                        "from= of a mount cannot hold a variable; name a stage with FROM $VARIABLE AS name";
                    Err((message.to_string(), flag.span.clone()))
                }
                Some(f) if !f.is_empty() => Ok(f),
                _ => Ok(super::reach::SCRATCH.to_string()),
            }
        })
        .collect()
}

/// Splits a mount's fields as a line of CSV.
fn csv_fields(text: &str) -> Result<Vec<String>, String> {
    let mut fields = Vec::new();
    let mut rest = text;
    loop {
        if let Some(quoted) = rest.strip_prefix('"') {
            let mut field = String::new();
            let mut chars = quoted.char_indices().peekable();
            let mut end = None;
            while let Some((i, c)) = chars.next() {
                match c {
                    '"' if chars.peek().is_some_and(|&(_, n)| n == '"') => {
                        field.push('"');
                        chars.next();
                    }
                    '"' => {
                        end = Some(i + 1);
                        break;
                    }
                    c => field.push(c),
                }
            }
            let Some(end) = end else { return Err("a quote is not closed in --mount".into()) };
            fields.push(field);
            rest = &quoted[end..];
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            if rest[..end].contains('"') {
                return Err("a bare quote in --mount; quote the whole field".into());
            }
            fields.push(rest[..end].to_string());
            rest = &rest[end..];
        }
        match rest.strip_prefix(',') {
            Some(r) => rest = r,
            None if rest.is_empty() => return Ok(fields),
            None => return Err("text after a closing quote in --mount".into()),
        }
    }
}

/// Reads one mount (`parseMount`).
fn parse_mount(
    text: &str,
    expand: &dyn Fn(&str) -> Result<String, Diagnostic>,
) -> Result<MountSpec, MountError> {
    let mut m = MountSpec { kind: "bind".into(), ..MountSpec::default() };
    let mut auto_readonly = true;
    for field in csv_fields(text)? {
        let (key, value) = match field.split_once('=') {
            None => {
                match field.to_lowercase().as_str() {
                    "readonly" | "ro" => (m.readonly, auto_readonly) = (true, false),
                    "readwrite" | "rw" => (m.readonly, auto_readonly) = (false, false),
                    "required" if matches!(m.kind.as_str(), "secret" | "ssh") => m.required = true,
                    _ => return Err(format!("{field:?} in --mount needs a value: {field}=…").into()),
                }
                continue;
            }
            Some((k, v)) => (k.to_lowercase(), expand(v)?),
        };
        let flag =
            |v: &str| parse_bool(v).ok_or_else(|| format!("{key}={v} in --mount is neither true nor false"));
        let number = |v: &str, radix| {
            let v = if v.starts_with('+') { "" } else { v };
            u32::from_str_radix(v, radix).map_err(|_| format!("{key}={v} in --mount is not a number"))
        };
        match key.as_str() {
            "type" => m.kind = value.to_lowercase(),
            "from" => m.from = value,
            "source" | "src" => m.source = value,
            "target" | "dst" | "destination" => m.target = value,
            "readonly" | "ro" => (m.readonly, auto_readonly) = (flag(&value)?, false),
            "readwrite" | "rw" => (m.readonly, auto_readonly) = (!flag(&value)?, false),
            "required" if matches!(m.kind.as_str(), "secret" | "ssh") => m.required = flag(&value)?,
            "size" if m.kind == "tmpfs" => {
                m.size =
                    parse_size(&value).ok_or_else(|| format!("size={value} in --mount is not a size"))?;
            }
            "id" => m.id = value,
            "sharing" => m.sharing = value.to_lowercase(),
            "mode" => m.mode = Some(number(&value, 8)?),
            "uid" => m.uid = Some(number(&value, 10)?),
            "gid" => m.gid = Some(number(&value, 10)?),
            "env" => m.env = Some(value),
            "required" | "size" => {
                return Err(format!("{key} does not go with a mount of type {}", m.kind).into());
            }
            _ => return Err(format!("unknown option {key:?} in --mount; known: {}", KEYS.join(", ")).into()),
        }
    }
    check_mount(&m)?;
    if auto_readonly {
        m.readonly = !matches!(m.kind.as_str(), "cache" | "tmpfs");
    }
    Ok(m)
}

/// A mount that BuildKit refuses: a sentence, or a word that cannot be expanded.
enum MountError {
    Text(String),
    Expand(Box<Diagnostic>),
}

impl From<String> for MountError {
    fn from(s: String) -> Self {
        Self::Text(s)
    }
}

impl From<Diagnostic> for MountError {
    fn from(d: Diagnostic) -> Self {
        Self::Expand(Box::new(d))
    }
}

fn check_mount(m: &MountSpec) -> Result<(), String> {
    if !matches!(m.kind.as_str(), "bind" | "cache" | "tmpfs" | "secret" | "ssh") {
        return Err(format!("unknown mount type {:?}; known: bind, cache, tmpfs, secret, ssh", m.kind));
    }
    if !matches!(m.sharing.as_str(), "" | "shared" | "private" | "locked") {
        return Err(format!("unknown sharing {:?}; known: shared, private, locked", m.sharing));
    }
    if !m.sharing.is_empty() && m.kind != "cache" {
        return Err(format!("sharing does not go with a mount of type {}", m.kind));
    }
    let owned = m.mode.is_some() || m.uid.is_some() || m.gid.is_some();
    if owned && !matches!(m.kind.as_str(), "secret" | "ssh" | "cache") {
        return Err(format!("mode, uid and gid do not go with a mount of type {}", m.kind));
    }
    if m.kind == "ssh" && !m.source.is_empty() {
        return Err("an ssh mount has no source; name the agent with id".into());
    }
    if m.kind == "secret" {
        if !m.from.is_empty() {
            return Err("a secret mount has no from".into());
        }
        if m.source.is_empty() && m.target.is_empty() && m.id.is_empty() {
            return Err("a secret mount needs id, source or target".into());
        }
        if !m.source.is_empty() && !m.id.is_empty() {
            return Err("a secret mount takes source or id, not both".into());
        }
    }
    Ok(())
}

/// Go's `strconv.ParseBool`.
fn parse_bool(v: &str) -> Option<bool> {
    match v {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

/// Bytes of `64m`, `1.5G`, `512`.
fn parse_size(v: &str) -> Option<i64> {
    let v = v.trim().to_lowercase();
    let digits = v.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = v[digits.len()..].trim_end_matches("ib").trim_end_matches('b');
    let power = match unit {
        "" => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        "p" => 5,
        _ => return None,
    };
    let n: f64 = digits.trim().parse().ok()?;
    (n >= 0.0).then(|| (n * 1024f64.powi(power)) as i64)
}

impl Converter<'_> {
    pub(super) fn dispatch_run(&mut self, at: usize, cmd: &Command, run: &Run) -> Result<(), Diagnostic> {
        let mut specs = Vec::with_capacity(run.mounts.len());
        for flag in &run.mounts {
            let expand = |w: &str| self.word(at, w, &flag.span);
            specs.push(parse_mount(&flag.value, &expand).map_err(|e| match e {
                MountError::Text(m) => {
                    stage_error(self.text, flag.span.clone(), m, None, DiagnosticKind::Parse)
                }
                MountError::Expand(d) => *d,
            })?);
        }
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
        // BuildKit sorts mounts by target and numbers inputs in that order, each once.
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
        let state = &self.drafts[at].state;
        let mut env = state.env.pairs().to_vec();
        if !agents.is_empty() && !env.iter().any(|(n, _)| n == "SSH_AUTH_SOCK") {
            let socket =
                specs.iter().find(|s| s.kind == "ssh").map(|s| s.target.clone()).filter(|t| !t.is_empty());
            env.push(("SSH_AUTH_SOCK".into(), socket.unwrap_or_else(|| "/run/buildkit/ssh_agent.0".into())));
        }
        let op = Op::Exec(Exec {
            args,
            env,
            cwd: if state.workdir.is_empty() { "/".into() } else { state.workdir.clone() },
            user: state.user.clone(),
            network: run.network.clone().filter(|n| n != "default"),
            security: run.security.clone().filter(|s| s != "sandbox"),
            devices: run.devices.clone(),
            hostname: self.options.build_args.get("BUILDKIT_SANDBOX_HOSTNAME").cloned().unwrap_or_default(),
            mounts: sorted,
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

/// What counts of a secret: where it is mounted and how, never what it holds.
fn secret_text(m: &MountSpec) -> String {
    let id = if m.source.is_empty() { &m.id } else { &m.source };
    let id = if id.is_empty() { path::base_name(&m.target) } else { id };
    let target = if m.target.is_empty() && m.env.is_none() {
        format!("/run/secrets/{}", path::base_name(id))
    } else {
        m.target.clone()
    };
    // What is not given counts like the default given.
    let (uid, gid, mode) = (m.uid.unwrap_or(0), m.gid.unwrap_or(0), m.mode.unwrap_or(0o400));
    let optional = !m.required;
    let variable = m.env.as_ref().map(|name| format!("secret id={id} env={name} optional={optional}"));
    let file = (!target.is_empty()).then(|| {
        format!("secret id={id} target={target} optional={optional} uid={uid} gid={gid} mode={mode:o}")
    });
    variable.into_iter().chain(file).collect::<Vec<_>>().join(" and ")
}

/// What counts of an ssh agent.
fn ssh_text(m: &MountSpec, n: usize) -> String {
    let target = if m.target.is_empty() { format!("/run/buildkit/ssh_agent.{n}") } else { m.target.clone() };
    let (uid, gid, mode) = (m.uid.unwrap_or(0), m.gid.unwrap_or(0), m.mode.unwrap_or(0o600));
    format!("ssh id={} target={target} optional={} uid={uid} gid={gid} mode={mode:o}", m.id, !m.required)
}
