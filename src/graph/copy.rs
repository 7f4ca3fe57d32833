//! COPY and ADD (BuildKit's `dispatchCopy`).

use super::convert::{Converter, stage_error};
use super::image::is_digest;
use super::stage::Command;
use super::vertex::{Action, CopyAction, FileOp, Op, Owner, PathSelector, Source, VertexId};
use super::{git, path};
use crate::dockerfile::Diagnostic;
use crate::dockerfile::ast::{Add, Copy, CopySpec, Span};
use crate::dockerfile::diagnostic::DiagnosticKind;
use crate::dockerfile::expand::Lexer;

/// What differs between COPY and ADD.
struct Kind<'a> {
    /// Source of plain paths; none for an empty one.
    source: Option<VertexId>,
    parents: bool,
    add: Option<&'a Add>,
    checksum: Option<String>,
}

/// The parts of a copy that all its sources share.
struct Shared {
    dest: String,
    owner: Option<Owner>,
    mode: Option<String>,
    exclude: Vec<String>,
}

impl Converter<'_> {
    pub(super) fn dispatch_copy(&mut self, at: usize, cmd: &Command, copy: &Copy) -> Result<(), Diagnostic> {
        let source = match cmd.sources.first() {
            None => Some(self.context(None)),
            Some(&s) if self.drafts[s].dispatched => self.drafts[s].vertex,
            Some(&s) => {
                let from = copy.from.as_deref().unwrap_or_default();
                let message = format!(
                    "cannot copy from stage {from:?}: it stands below stage {:?}",
                    self.drafts[at].shown
                );
                let help = format!("move {} above the stage that needs it", self.drafts[s].from_original);
                let span = cmd.instruction.span.clone();
                return Err(stage_error(self.text, span, message, Some(help), DiagnosticKind::StageNotFound));
            }
        };
        let kind = Kind { source, parents: copy.parents, add: None, checksum: None };
        self.copy_files(at, cmd, &copy.spec, &kind)
    }

    pub(super) fn dispatch_add(&mut self, at: usize, cmd: &Command, add: &Add) -> Result<(), Diagnostic> {
        let source = Some(self.context(None));
        let checksum = match &add.checksum {
            Some(c) => Some(self.word(at, c, &cmd.instruction.span)?).filter(|c| !c.is_empty()),
            None => None,
        };
        let kind = Kind { source, parents: false, add: Some(add), checksum };
        self.copy_files(at, cmd, &add.spec, &kind)
    }

    fn copy_files(
        &mut self,
        at: usize,
        cmd: &Command,
        spec: &CopySpec,
        kind: &Kind<'_>,
    ) -> Result<(), Diagnostic> {
        let span = &cmd.instruction.span;
        let shared = self.shared(at, spec, span)?;
        let mut sources = Vec::with_capacity(spec.sources.len());
        for raw in &spec.sources {
            sources.push(self.word(at, raw, span)?);
        }
        self.check_checksum(span, kind, &sources)?;
        // Inputs are numbered as they are first used: what is written to before what is read from.
        let link = spec.link && shared.mode.is_none() && self.can_merge();
        let base = if link { None } else { self.drafts[at].vertex };
        let mut inputs: Vec<VertexId> = base.into_iter().collect();
        let mut actions = Vec::new();
        for source in &sources {
            let (vertex, mut action) = self.source_action(span, source, kind, &shared)?;
            action.input = vertex.map(|v| number_of(&mut inputs, v));
            actions.push(Action::Copy(action));
        }
        for doc in &spec.heredocs {
            let body = if doc.expand { self.heredoc_body(at, &doc.body, span)? } else { doc.body.clone() };
            let file = path::clean_absolute(&doc.name);
            let make = Action::Mkfile { path: file.clone(), mode: 0o644, content: body };
            let v = self.add(Op::File(FileOp { actions: vec![make], base: None }), Vec::new(), false);
            let selector = PathSelector::plain(&file);
            actions.push(Action::Copy(CopyAction {
                input: Some(number_of(&mut inputs, v)),
                ..plain_copy(selector, &shared)
            }));
        }
        let text = self.label_text(at, &cmd.instruction.original);
        let ignore = self.drafts[at].ignore_cache;
        let copy = self.add(Op::File(FileOp { actions, base: base.map(|_| 0) }), inputs, ignore);
        let merge = match (link, self.drafts[at].vertex) {
            // Nothing to merge onto: the copy is the result (`link-scratch`).
            (true, Some(below)) => Some(self.add(Op::Merge, vec![below, copy], ignore)),
            _ => None,
        };
        self.print(at, cmd, text, copy, merge);
        self.drafts[at].vertex = Some(merge.unwrap_or(copy));
        Ok(())
    }

    /// Destination, owner, mode and excludes, expanded and checked.
    fn shared(&self, at: usize, spec: &CopySpec, span: &Span) -> Result<Shared, Diagnostic> {
        let word = |w: &Option<String>| match w {
            Some(w) => self.word(at, w, span).map(|w| (!w.is_empty()).then_some(w)),
            None => Ok(None),
        };
        let owner = word(&spec.chown)?.map(|owner| Owner::read(&owner));
        let mode = match word(&spec.chmod)? {
            None => None,
            Some(m) => Some(chmod_mode(&m).map_err(|message| {
                stage_error(self.text, span.clone(), message, None, DiagnosticKind::Parse)
            })?),
        };
        let dest = self.word(at, &spec.dest, span)?;
        let workdir = &self.drafts[at].state.workdir;
        Ok(Shared { dest: path::join_dest(workdir, &dest), owner, mode, exclude: spec.exclude.clone() })
    }

    fn check_checksum(&self, span: &Span, kind: &Kind<'_>, sources: &[String]) -> Result<(), Diagnostic> {
        if kind.checksum.is_none() {
            return Ok(());
        }
        let message = if sources.len() != 1 {
            "--checksum takes one source"
        } else if git::parse(&sources[0]).is_some() || sources[0].starts_with("github.com/") {
            // The last form is taken for a path all the same.
            return Ok(());
        } else if is_http(&sources[0]) {
            if kind.checksum.as_deref().is_some_and(is_digest) {
                return Ok(());
            }
            "--checksum of a URL is a digest: sha256: and 64 hexadecimal digits"
        } else {
            "--checksum needs an http, https or git source"
        };
        Err(stage_error(self.text, span.clone(), message.into(), None, DiagnosticKind::Parse))
    }

    /// One source as an action, and the vertex it reads from.
    fn source_action(
        &mut self,
        span: &Span,
        source: &str,
        kind: &Kind<'_>,
        shared: &Shared,
    ) -> Result<(Option<VertexId>, CopyAction), Diagnostic> {
        let fail = |message: String, help: Option<&str>| {
            let help = help.map(str::to_string);
            Err(stage_error(self.text, span.clone(), message, help, DiagnosticKind::Parse))
        };
        let git = match git::parse(source).transpose() {
            Ok(git) => git,
            Err(message) => return fail(message, None),
        };
        let remote = git.as_ref().map(|_| "a git repository").or(is_http(source).then_some("a URL"));
        if let (Some(what), None) = (remote, kind.add) {
            return fail(format!("the source of a COPY cannot be {what}"), Some("use ADD"));
        }
        if let Some(git) = git {
            let keep = kind.add.and_then(|a| a.keep_git_dir);
            if keep.zip(git.keep_git_dir).is_some_and(|(flag, address)| flag != address) {
                return fail("--keep-git-dir and the address of the repository differ".into(), None);
            }
            let checksum = kind.checksum.as_ref();
            if checksum.zip(git.checksum.as_ref()).is_some_and(|(flag, address)| flag != address) {
                return fail("--checksum and the address of the repository differ".into(), None);
            }
            let op = Source::Git {
                reference: git.text(),
                checksum: git.checksum.clone().or(checksum.cloned()),
                keep_git_dir: git.keep_git_dir.or(keep).unwrap_or(false),
            };
            let v = self.add(Op::Source(op), Vec::new(), false);
            return Ok((Some(v), plain_copy(PathSelector::plain("/"), shared)));
        }
        if is_http(source) {
            let file = url_file_name(source);
            let op = Source::Http {
                url: source.to_string(),
                checksum: kind.checksum.clone(),
                filename: file.clone(),
            };
            let v = self.add(Op::Source(op), Vec::new(), false);
            let unpack = kind.add.and_then(|a| a.unpack).unwrap_or(false);
            let selector = PathSelector::plain(&path::clean_absolute(&file));
            return Ok((Some(v), CopyAction { unpack, ..plain_copy(selector, shared) }));
        }
        Ok((kind.source, local_copy(source, kind, shared)))
    }

    /// A heredoc's text with variables expanded, quotes left alone.
    fn heredoc_body(&self, at: usize, body: &str, span: &Span) -> Result<String, Diagnostic> {
        let state = &self.drafts[at].state;
        let lexer = Lexer { skip_process_quotes: true, ..Lexer::new('\\') };
        lexer
            .process_word(body, &|n| state.lookup(n))
            .map(|e| e.text)
            .map_err(|e| super::convert::expand_error(self.text, span.clone(), &e))
    }
}

/// A path of the build context or of another stage.
fn local_copy(source: &str, kind: &Kind<'_>, shared: &Shared) -> CopyAction {
    let mut path_text = source.to_string();
    let mut include = Vec::new();
    let mut required = Vec::new();
    if kind.parents {
        let (parent, pattern) = match source.split_once("/./") {
            Some((parent, pattern)) => (parent.to_string(), pattern.to_string()),
            None => ("/".to_string(), source.to_string()),
        };
        let pattern = path::join_absolute("/", &pattern);
        include.push(pattern.strip_prefix('/').unwrap_or(&pattern).to_string());
        if !has_wildcards(&parent) && !has_wildcards(&pattern) {
            required.push(path::clean_absolute(&format!("/{parent}/{pattern}")));
        }
        path_text = parent;
    }
    let clean = path::clean_absolute(&path_text);
    let selector = PathSelector {
        wildcard: has_wildcards(&clean),
        path: clean,
        follow_links: true,
        include,
        exclude: shared.exclude.clone(),
        required,
    };
    let unpack = kind.add.is_some_and(|a| a.unpack.unwrap_or(true));
    CopyAction { contents_only: true, unpack, allow_empty_wildcard: true, ..plain_copy(selector, shared) }
}

fn plain_copy(selector: PathSelector, shared: &Shared) -> CopyAction {
    // The excludes of the instruction go with every source, remote ones and heredocs too.
    let selector = PathSelector { exclude: shared.exclude.clone(), ..selector };
    CopyAction {
        input: None,
        selector,
        dest: shared.dest.clone(),
        owner: shared.owner.clone(),
        mode: shared.mode.clone(),
        contents_only: false,
        unpack: false,
        allow_empty_wildcard: false,
    }
}

impl PathSelector {
    /// One path, no pattern, links not followed.
    pub fn plain(path: &str) -> Self {
        Self {
            path: path.to_string(),
            wildcard: false,
            follow_links: false,
            include: Vec::new(),
            exclude: Vec::new(),
            required: Vec::new(),
        }
    }
}

fn number_of(inputs: &mut Vec<VertexId>, vertex: VertexId) -> usize {
    inputs.iter().position(|&v| v == vertex).unwrap_or_else(|| {
        inputs.push(vertex);
        inputs.len() - 1
    })
}

/// `--chmod`: an octal number without its leading zeros, or a symbolic mode as written.
fn chmod_mode(text: &str) -> Result<String, String> {
    match u32::from_str_radix(text, 8) {
        Ok(n) if n <= 0o7777 => Ok(format!("{n:o}")),
        Err(_) if is_symbolic_mode(text) => Ok(text.to_string()),
        _ => Err(format!(
            "--chmod={text} is neither an octal number up to 7777 nor a symbolic mode (u=rwx,go+r)"
        )),
    }
}

fn is_symbolic_mode(text: &str) -> bool {
    text.split(',').all(|clause| {
        let rest = clause.trim_start_matches(['u', 'g', 'o', 'a']);
        let mut chars = rest.chars();
        matches!(chars.next(), Some('+' | '-' | '=')) && chars.all(|c| "rwxXstugo+-=".contains(c))
    })
}

/// Looks for `*`, `?` and `[` that no backslash escapes.
pub(crate) fn has_wildcards(name: &str) -> bool {
    let mut chars = name.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                chars.next();
            }
            '*' | '?' | '[' => return true,
            _ => {}
        }
    }
    false
}

fn is_http(source: &str) -> bool {
    (source.starts_with("http://") || source.starts_with("https://")) && git::parse(source).is_none()
}

/// The name under which ADD stores what a URL gives.
fn url_file_name(url: &str) -> String {
    let no_scheme = url.split_once("://").map_or(url, |(_, r)| r);
    let path_text = no_scheme.split(['?', '#']).next().unwrap_or_default();
    let base = git::percent_decoded(path_text.split_once('/').map_or("", |(_, p)| p));
    match path::base_name(&format!("/{base}")) {
        "" | "/" | "." => "__unnamed__".to_string(),
        name => name.to_string(),
    }
}
