//! One logical line to one instruction: BuildKit's `line_parsers.go` and `instructions/parse.go`.

mod config;
mod copy;
mod run;

use super::ast::{CommandLine, Heredoc, InstructionKind, Span};
use super::flags::{Flags, Spec};
use super::heredoc::Mark;
use super::split::{Split, blank_separated, split_command};
use super::suggest::did_you_mean;

/// A problem within a logical line; its span is in the joined text.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) span: Span,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

impl Fault {
    pub(super) fn new(span: Span, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), help: None }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// The keywords, in the order of the Dockerfile reference.
pub(super) const KEYWORDS: [&str; 18] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

/// A logical line split, its arguments read, and its heredocs found but not yet their bodies.
pub(super) struct Node<'a> {
    pub(super) line: &'a super::reader::LogicalLine,
    pub(super) split: Split<'a>,
    /// The keyword in upper case, as BuildKit knows it; empty for one that it does not know.
    pub(super) keyword: &'static str,
    pub(super) escape: char,
    /// The heredocs with their bodies as written.
    pub(super) heredocs: Vec<(Mark, String)>,
}

/// The keyword in upper case, where there is one like it.
pub(super) fn known_keyword(word: &str) -> Option<&'static str> {
    KEYWORDS.into_iter().find(|known| known.eq_ignore_ascii_case(word))
}

/// Tells whether an instruction's arguments are a JSON array, which then cannot hold heredocs.
pub(super) fn json_words(args: &str, span: &Span) -> Result<Option<Vec<String>>, Fault> {
    if !args.starts_with('[') {
        return Ok(None);
    }
    // What is not JSON is taken in its shell form, without a word: so does BuildKit.
    let Ok(values) = serde_json::from_str::<Vec<serde_json::Value>>(args) else { return Ok(None) };
    let words = values.into_iter().map(|value| match value {
        serde_json::Value::String(word) => Some(word),
        _ => None,
    });
    words.collect::<Option<Vec<String>>>().map(Some).ok_or_else(|| {
        Fault::new(span.clone(), "a JSON array of an instruction can hold only strings")
            .help("put each word between double quotes: [\"word\", \"1\"]")
    })
}

/// Tells whether heredocs are looked for in a line: in RUN, COPY and ADD that are not a JSON array, also under
/// ONBUILD.
pub(super) fn can_hold_heredocs(split: &Split<'_>, escape: char) -> Result<bool, Fault> {
    match known_keyword(split.keyword) {
        Some("ONBUILD") if !split.args.is_empty() => {
            let inner = split_command(split.args, split.args_span.start, escape);
            Ok(known_keyword(inner.keyword) != Some("ONBUILD") && can_hold_heredocs(&inner, escape)?)
        }
        Some("RUN" | "COPY" | "ADD") => Ok(json_words(split.args, &split.args_span)?.is_none()),
        _ => Ok(false),
    }
}

impl Node<'_> {
    /// Reads the instruction. FROM is not one of these: see [`super::parse`].
    pub(super) fn instruction(&self) -> Result<InstructionKind, Fault> {
        match self.keyword {
            "ADD" => self.add().map(InstructionKind::Add),
            "ARG" => self.arg().map(InstructionKind::Arg),
            "CMD" => self.plain_command().map(InstructionKind::Cmd),
            "COPY" => self.copy().map(InstructionKind::Copy),
            "ENTRYPOINT" => self.plain_command().map(InstructionKind::Entrypoint),
            "ENV" => self.pairs().map(InstructionKind::Env),
            "EXPOSE" => self.expose().map(InstructionKind::Expose),
            "HEALTHCHECK" => self.healthcheck().map(InstructionKind::Healthcheck),
            "LABEL" => self.pairs().map(InstructionKind::Label),
            "MAINTAINER" => self.single(true).map(InstructionKind::Maintainer),
            "ONBUILD" => self.onbuild().map(InstructionKind::Onbuild),
            "RUN" => self.run().map(InstructionKind::Run),
            "SHELL" => self.shell().map(InstructionKind::Shell),
            "STOPSIGNAL" => self.single(false).map(InstructionKind::Stopsignal),
            "USER" => self.single(true).map(InstructionKind::User),
            "VOLUME" => self.volume().map(InstructionKind::Volume),
            "WORKDIR" => self.single(true).map(InstructionKind::Workdir),
            _ => Err(self.unknown_instruction()),
        }
    }

    fn unknown_instruction(&self) -> Fault {
        let word = self.split.keyword;
        if word.is_empty() {
            let fault = Fault::new(0..0, "a line that is continued has no instruction");
            return fault.help("remove the escape character at its end");
        }
        let fault = Fault::new(self.split.keyword_span.clone(), format!("there is no instruction `{word}`"));
        match did_you_mean(word, KEYWORDS) {
            Some(near) => fault.help(format!("did you mean {near}?")),
            None => fault.help(format!(
                "a line starts with an instruction such as RUN or COPY; to go on with the line above, end that one with `{}`",
                self.escape
            )),
        }
    }

    /// Checks the flags against those the instruction knows.
    fn flags(&self, spec: Spec) -> Result<Flags, Fault> {
        Flags::check(&self.split.flags, self.keyword, spec)
    }

    /// The place to point at when arguments are missing: what is there, or the keyword.
    fn whole(&self) -> Span {
        self.split.keyword_span.start..self.split.keyword_span.end.max(self.split.args_span.end)
    }

    /// The command of RUN, CMD and ENTRYPOINT.
    fn command_line(&self) -> Result<CommandLine, Fault> {
        let words = json_words(self.split.args, &self.split.args_span)?;
        Ok(words.map_or_else(|| CommandLine::Shell(self.split.args.to_owned()), CommandLine::Exec))
    }

    fn plain_command(&self) -> Result<CommandLine, Fault> {
        self.flags(&[])?;
        self.command_line()
    }

    /// Words of a JSON array or separated by blanks; tells which.
    fn list(&self) -> Result<(Vec<String>, bool), Fault> {
        if let Some(words) = json_words(self.split.args, &self.split.args_span)? {
            return Ok((words, true));
        }
        let words = blank_separated(self.split.args, self.split.args_span.start);
        Ok((words.into_iter().map(|(word, _)| word.to_owned()).collect(), false))
    }

    /// The one argument of an instruction that takes the whole line.
    fn single(&self, flags_are_checked: bool) -> Result<String, Fault> {
        if self.split.args.is_empty() {
            return Err(Fault::new(self.whole(), format!("{} needs an argument", self.keyword)));
        }
        if flags_are_checked {
            self.flags(&[])?;
        }
        Ok(self.split.args.to_owned())
    }

    fn heredocs(&self) -> Vec<Heredoc> {
        self.heredocs.iter().map(|(mark, body)| mark.with_body(body)).collect()
    }
}
