//! One `--mount` of a RUN: its fields read and checked, and what counts of it (BuildKit's `parseMount`).

use super::super::path;
use super::super::reach::SCRATCH;
use crate::dockerfile::Diagnostic;
use crate::dockerfile::ast::{Run, Span};

/// A `--mount` after its words are expanded.
#[derive(Debug, Clone, Default)]
pub(super) struct MountSpec {
    pub(super) kind: String,
    pub(super) from: String,
    pub(super) source: String,
    pub(super) target: String,
    pub(super) readonly: bool,
    pub(super) size: i64,
    pub(super) id: String,
    pub(super) sharing: String,
    pub(super) required: bool,
    pub(super) env: Option<String>,
    pub(super) mode: Option<u32>,
    pub(super) uid: Option<u32>,
    pub(super) gid: Option<u32>,
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
pub(in crate::graph) fn mount_sources(run: &Run) -> Result<Vec<String>, (String, Span)> {
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
                _ => Ok(SCRATCH.to_string()),
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
pub(super) fn parse_mount(
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
pub(super) enum MountError {
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

/// What counts of a secret: where it is mounted and how, never what it holds.
pub(super) fn secret_text(m: &MountSpec) -> String {
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
pub(super) fn ssh_text(m: &MountSpec, n: usize) -> String {
    let target = if m.target.is_empty() { format!("/run/buildkit/ssh_agent.{n}") } else { m.target.clone() };
    let (uid, gid, mode) = (m.uid.unwrap_or(0), m.gid.unwrap_or(0), m.mode.unwrap_or(0o600));
    format!("ssh id={} target={target} optional={} uid={uid} gid={gid} mode={mode:o}", m.id, !m.required)
}
