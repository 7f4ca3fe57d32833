//! A text to a [`Dockerfile`].

use std::sync::Arc;

use super::ast::{Dockerfile, Instruction, Span, Stage};
use super::diagnostic::Diagnostic;
use super::expand::ExpandError;
use super::flags::{Flags, Takes};
use super::heredoc::{Mark, marks_in_line};
use super::lower::{Fault, Node, can_hold_heredocs, known_keyword};
use super::reader::{LogicalLine, Reader};
use super::split::{Split, blank_separated, split_command};

/// Reads a Dockerfile as BuildKit's parser and its `instructions` package do.
///
/// It accepts what they accept and refuses what they refuse; what they only warn about (an empty line in a
/// continuation, MAINTAINER) is accepted.
///
/// # Errors
/// A [`Diagnostic`] with its place in the text, for the first problem.
pub fn parse(text: &str) -> Result<Dockerfile, Diagnostic> {
    let mut reader = Reader::new(text);
    let mut global_args = Vec::new();
    let mut stages: Vec<Stage> = Vec::new();
    while let Some(mut line) = reader.next_line()? {
        let heredocs = read_heredocs(text, &mut reader, &mut line)?;
        let escape = reader.escape;
        let read = match (read_line(&line, heredocs, escape), stages.last_mut()) {
            (Ok(Read::Stage(stage)), _) => {
                stages.push(stage);
                Ok(())
            }
            (Ok(Read::Instruction(instruction)), Some(stage)) => {
                stage.instructions.push(instruction);
                Ok(())
            }
            (Ok(Read::Instruction(instruction)), None) if instruction.kind.keyword() == "ARG" => {
                global_args.push(instruction);
                Ok(())
            }
            (Ok(Read::Instruction(instruction)), None) => Err(before_first_from(&line, &instruction, escape)),
            (Err(fault), _) => Err(fault),
        };
        read.map_err(|fault| diagnose(text, &line, fault))?;
    }
    if stages.is_empty() {
        return Err(no_stage(text, global_args.is_empty()));
    }
    Ok(Dockerfile {
        text: Arc::from(text),
        escape: reader.escape,
        directives: reader.directives,
        global_args,
        stages,
    })
}

/// What a logical line turned out to be.
enum Read {
    Stage(Stage),
    Instruction(Instruction),
}

fn read_line(line: &LogicalLine, heredocs: Vec<(Mark, String)>, escape: char) -> Result<Read, Fault> {
    let split = split_command(&line.text, 0, escape);
    let keyword = known_keyword(split.keyword).unwrap_or_default();
    let start = line.source_offset(split.keyword_span.start);
    let span = start..line.end;
    let original = line.text.trim().to_owned();
    if keyword == "FROM" {
        return read_from(line, &split, original, span).map(Read::Stage);
    }
    let node = Node { line, split, keyword, escape, heredocs };
    let kind = node.instruction()?;
    Ok(Read::Instruction(Instruction {
        kind,
        original,
        span,
        line: line.source_line(node.split.keyword_span.start),
        end_line: line.end_line,
        comments: line.comments.clone(),
    }))
}

/// Reads the bodies of a line's heredocs, in the order of their marks.
fn read_heredocs(
    text: &str,
    reader: &mut Reader<'_>,
    line: &mut LogicalLine,
) -> Result<Vec<(Mark, String)>, Diagnostic> {
    if !line.text.contains("<<") {
        return Ok(Vec::new());
    }
    let split = split_command(&line.text, 0, reader.escape);
    if !can_hold_heredocs(&split, reader.escape).map_err(|fault| diagnose(text, line, fault))? {
        return Ok(Vec::new());
    }
    let whole = 0..line.text.len();
    let marks =
        marks_in_line(&line.text).map_err(|error| diagnose(text, line, unreadable_heredoc(whole, &error)))?;
    let mut heredocs = Vec::with_capacity(marks.len());
    for mark in marks {
        match reader.heredoc_body(&mark.name, mark.chomp, line)? {
            Some(body) => heredocs.push((mark, body)),
            None => return Err(diagnose(text, line, open_heredoc(line, &mark))),
        }
    }
    Ok(heredocs)
}

fn unreadable_heredoc(whole: Span, error: &ExpandError) -> Fault {
    Fault::new(whole, format!("the name of a heredoc cannot be read: {}", error.reason))
}

fn open_heredoc(line: &LogicalLine, mark: &Mark) -> Fault {
    let start = line.text.find("<<").unwrap_or(0);
    let end = line.text[start..].find(char::is_whitespace).map_or(line.text.len(), |length| start + length);
    let tabs = if mark.chomp { " (tabs before it are fine)" } else { ", without blanks before or after it" };
    Fault::new(start..end, format!("the heredoc `{}` is never closed", mark.name))
        .help(format!("end its text with a line that holds only {}{tabs}", mark.name))
}

/// Reads `FROM [--platform=p] base [AS name]`.
fn read_from(line: &LogicalLine, split: &Split<'_>, original: String, span: Span) -> Result<Stage, Fault> {
    let words = blank_separated(split.args, split.args_span.start);
    let example = "write FROM image, or FROM image AS name";
    let (base, base_span, name) = match words.as_slice() {
        [] => return Err(Fault::new(split.keyword_span.clone(), "FROM has no image").help(example)),
        [(base, span)] => (*base, span, None),
        [(base, span), (keyword, _), (name, name_span)] if keyword.eq_ignore_ascii_case("as") => {
            (*base, span, Some(stage_name(name, name_span)?))
        }
        [_, rest @ ..] => {
            let start = rest.first().map_or(split.args_span.start, |(_, span)| span.start);
            return Err(Fault::new(
                start..split.args_span.end,
                "FROM takes an image and perhaps AS with a name",
            )
            .help(example));
        }
    };
    let flags = Flags::check(&split.flags, "FROM", &[("platform", Takes::One)])?;
    Ok(Stage {
        name,
        base: base.to_owned(),
        platform: flags.one("platform"),
        original,
        span,
        base_span: line.source_span(base_span),
        line: line.source_line(split.keyword_span.start),
        comments: line.comments.clone(),
        instructions: Vec::new(),
    })
}

/// Checks a stage's name, `[a-z][a-z0-9-_.]*` in any case, and puts it in lower case.
fn stage_name(name: &str, span: &Span) -> Result<String, Fault> {
    let lower = name.to_lowercase();
    let fits = lower.starts_with(|c: char| c.is_ascii_lowercase())
        && lower
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.'));
    if fits {
        return Ok(lower);
    }
    Err(Fault::new(span.clone(), format!("`{name}` cannot be the name of a stage"))
        .help("a name begins with a letter; letters, digits, `-`, `_` and `.` may follow"))
}

fn before_first_from(line: &LogicalLine, instruction: &Instruction, escape: char) -> Fault {
    let span = split_command(&line.text, 0, escape).keyword_span;
    let keyword = instruction.kind.keyword();
    Fault::new(span, format!("{keyword} stands before the first FROM"))
        .help("only ARG may stand there; begin with FROM image")
}

fn no_stage(text: &str, empty: bool) -> Diagnostic {
    let message = if empty { "there are no instructions" } else { "there is no FROM" };
    Diagnostic::parse(text, text.len()..text.len(), message).with_help("begin with FROM image".to_owned())
}

fn diagnose(text: &str, line: &LogicalLine, fault: Fault) -> Diagnostic {
    Diagnostic::parse(text, line.source_span(&fault.span), fault.message).with_help(fault.help)
}
