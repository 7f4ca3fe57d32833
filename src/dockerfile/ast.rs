//! A Dockerfile as BuildKit's frontend understands it, before any variable is expanded.
//!
//! Texts named *raw* still hold variables and quotes exactly as `instructions.Parse` of BuildKit hands them
//! to its converter; [`super::expand`] turns them into values.

use std::ops::Range;
use std::sync::Arc;

/// Bytes of the source text, in the text as it stands on disk (a byte order mark counts).
pub type Span = Range<usize>;

/// A parsed Dockerfile.
#[derive(Debug, Clone, PartialEq)]
pub struct Dockerfile {
    /// The text it was read from, unchanged.
    pub text: Arc<str>,
    /// The escape character: `\` or a backtick.
    pub escape: char,
    /// `# syntax=`, `# check=` and `# escape=` lines at the top, in order.
    pub directives: Vec<Directive>,
    /// ARG instructions before the first FROM.
    pub global_args: Vec<Instruction>,
    /// The stages in the order written; at least one.
    pub stages: Vec<Stage>,
}

/// A parser directive.
#[derive(Debug, Clone, PartialEq)]
pub struct Directive {
    /// Name in lower case.
    pub name: String,
    /// Value as written, trimmed.
    pub value: String,
    /// The whole line.
    pub span: Span,
}

/// A stage: one FROM and what follows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// Name given with AS, in lower case.
    pub name: Option<String>,
    /// What it is built on: image, stage name or `scratch`, raw.
    pub base: String,
    /// `--platform`, raw.
    pub platform: Option<String>,
    /// The FROM instruction itself, as joined text (`FROM alpine AS b`).
    pub original: String,
    /// The whole FROM instruction.
    pub span: Span,
    /// Just the base's text within FROM.
    pub base_span: Span,
    /// Line of the FROM, from 1.
    pub line: usize,
    /// Comment lines directly above the FROM.
    pub comments: Vec<Comment>,
    /// The stage's instructions in order.
    pub instructions: Vec<Instruction>,
}

/// One instruction.
#[derive(Debug, Clone, PartialEq)]
pub struct Instruction {
    /// What it says.
    pub kind: InstructionKind,
    /// BuildKit's `node.Original`, what the step's label is made of: continuation lines joined, comments and
    /// blank lines within it gone, heredoc bodies left out, trimmed as BuildKit trims it.
    pub original: String,
    /// From the keyword to the end of the instruction's last line (heredoc bodies and their ends included),
    /// without the final line break.
    pub span: Span,
    /// Line of the keyword, from 1.
    pub line: usize,
    /// Last line, from 1, heredoc bodies included.
    pub end_line: usize,
    /// Comment lines directly above (no blank line between), without the leading `#` and one blank; they
    /// belong to the instruction when it moves, and may hold layerlab's own directives.
    pub comments: Vec<Comment>,
}

/// A comment line.
#[derive(Debug, Clone, PartialEq)]
pub struct Comment {
    /// Text after `#`, trimmed.
    pub text: String,
    /// The whole line without its line break.
    pub span: Span,
    /// Line, from 1.
    pub line: usize,
}

/// The instructions of a stage.
#[derive(Debug, Clone, PartialEq)]
pub enum InstructionKind {
    /// ADD.
    Add(Add),
    /// ARG: one or more declarations.
    Arg(Vec<ArgDecl>),
    /// CMD.
    Cmd(CommandLine),
    /// COPY.
    Copy(Copy),
    /// ENTRYPOINT.
    Entrypoint(CommandLine),
    /// ENV: pairs in order.
    Env(Vec<Pair>),
    /// EXPOSE, raw words.
    Expose(Vec<String>),
    /// HEALTHCHECK, its text after the keyword.
    Healthcheck(String),
    /// LABEL: pairs in order.
    Label(Vec<Pair>),
    /// MAINTAINER.
    Maintainer(String),
    /// ONBUILD: the trigger's text (`RUN echo hi`).
    Onbuild(String),
    /// RUN.
    Run(Run),
    /// SHELL: the words of its JSON array.
    Shell(Vec<String>),
    /// STOPSIGNAL, raw.
    Stopsignal(String),
    /// USER, raw.
    User(String),
    /// VOLUME, raw.
    Volume(Vec<String>),
    /// WORKDIR, raw.
    Workdir(String),
}

/// `key=value`, both raw.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// Key.
    pub key: String,
    /// Value with its quotes.
    pub value: String,
    /// The old form with a blank instead of `=`.
    pub legacy: bool,
}

/// One declaration of ARG.
#[derive(Debug, Clone, PartialEq)]
pub struct ArgDecl {
    /// Name.
    pub name: String,
    /// Default, raw.
    pub default: Option<String>,
}

/// Shell or exec form.
#[derive(Debug, Clone, PartialEq)]
pub enum CommandLine {
    /// One text for the shell.
    Shell(String),
    /// A JSON array of words.
    Exec(Vec<String>),
}

/// RUN.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// The command; for a RUN with heredocs, the text of its first line (`<<EOF` or `python3 <<EOF && ls`).
    pub command: CommandLine,
    /// Heredocs in order.
    pub heredocs: Vec<Heredoc>,
    /// `--mount=…`, raw values in order (`type=cache,target=/c`).
    pub mounts: Vec<Flag>,
    /// `--network=…`.
    pub network: Option<String>,
    /// `--security=…`.
    pub security: Option<String>,
    /// `--device=…`, in order.
    pub devices: Vec<String>,
}

/// A flag's value with its place (the whole `--name=value`).
#[derive(Debug, Clone, PartialEq)]
pub struct Flag {
    /// Value, raw.
    pub value: String,
    /// The whole flag.
    pub span: Span,
}

/// A heredoc's body.
#[derive(Debug, Clone, PartialEq)]
pub struct Heredoc {
    /// Delimiter name without quotes: the file's name in COPY.
    pub name: String,
    /// Body; tabs already removed where `<<-` says so.
    pub body: String,
    /// Body as written: what a shell is given where the heredoc is only a part of the command.
    pub raw: String,
    /// Variables are expanded in it (the delimiter was not quoted). Matters for COPY and ADD only.
    pub expand: bool,
    /// `<<-`.
    pub chomp: bool,
}

/// What COPY and ADD share.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CopySpec {
    /// Sources that are paths or URLs, raw, in order.
    pub sources: Vec<String>,
    /// Sources that are heredocs, in order; BuildKit handles them after all paths.
    pub heredocs: Vec<Heredoc>,
    /// Destination, raw.
    pub dest: String,
    /// Written as a JSON array.
    pub json: bool,
    /// `--chown`, raw.
    pub chown: Option<String>,
    /// `--chmod`, raw.
    pub chmod: Option<String>,
    /// `--link` or `--link=true`.
    pub link: bool,
    /// `--exclude`, raw, in order.
    pub exclude: Vec<String>,
}

/// COPY.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Copy {
    /// Sources, destination, owner, mode.
    pub spec: CopySpec,
    /// `--from`, raw.
    pub from: Option<String>,
    /// `--parents`.
    pub parents: bool,
}

/// ADD.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Add {
    /// Sources, destination, owner, mode.
    pub spec: CopySpec,
    /// `--checksum`, raw.
    pub checksum: Option<String>,
    /// `--keep-git-dir`.
    pub keep_git_dir: Option<bool>,
    /// `--unpack`.
    pub unpack: Option<bool>,
}

impl Dockerfile {
    /// Finds the stage of this name, in any case; the last of several (`stages-name-reuse`).
    pub fn stage_index(&self, name: &str) -> Option<usize> {
        self.stages.iter().rposition(|s| s.name.as_deref().is_some_and(|n| n.eq_ignore_ascii_case(name)))
    }
}

impl InstructionKind {
    /// The keyword in upper case.
    pub fn keyword(&self) -> &'static str {
        match self {
            Self::Add(_) => "ADD",
            Self::Arg(_) => "ARG",
            Self::Cmd(_) => "CMD",
            Self::Copy(_) => "COPY",
            Self::Entrypoint(_) => "ENTRYPOINT",
            Self::Env(_) => "ENV",
            Self::Expose(_) => "EXPOSE",
            Self::Healthcheck(_) => "HEALTHCHECK",
            Self::Label(_) => "LABEL",
            Self::Maintainer(_) => "MAINTAINER",
            Self::Onbuild(_) => "ONBUILD",
            Self::Run(_) => "RUN",
            Self::Shell(_) => "SHELL",
            Self::Stopsignal(_) => "STOPSIGNAL",
            Self::User(_) => "USER",
            Self::Volume(_) => "VOLUME",
            Self::Workdir(_) => "WORKDIR",
        }
    }
}
