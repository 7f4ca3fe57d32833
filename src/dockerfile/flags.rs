//! An instruction's flags against those it knows: BuildKit's `instructions/bflag.go`.

use super::ast::{Flag, Span};
use super::lower::Fault;
use super::reader::LogicalLine;
use super::split::RawFlag;
use super::suggest::did_you_mean;

/// What a flag takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// Nothing, `true` or `false`; once.
    Bool,
    /// A value; once.
    One,
    /// A value; any number of times.
    Many,
}

/// A flag's name and what it takes.
pub(super) type Spec = &'static [(&'static str, Takes)];

/// The flags of one instruction, checked.
#[derive(Debug)]
pub(super) struct Flags {
    used: Vec<(&'static str, String, Span)>,
}

impl Flags {
    /// Checks flags against those the instruction knows.
    pub(super) fn check(raw: &[RawFlag], keyword: &str, spec: Spec) -> Result<Self, Fault> {
        let mut used: Vec<(&'static str, String, Span)> = Vec::new();
        for flag in raw {
            let (written, value) = match flag.text.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (flag.text.as_str(), None),
            };
            let name = written.strip_prefix("--").unwrap_or(written);
            let Some(&(name, takes)) = spec.iter().find(|(known, _)| *known == name) else {
                return Err(unknown_flag(flag, name, keyword, spec));
            };
            if takes != Takes::Many && used.iter().any(|(other, ..)| *other == name) {
                return Err(Fault::new(flag.span.clone(), format!("--{name} is given twice"))
                    .help(format!("{keyword} takes --{name} once; remove one of them")));
            }
            used.push((name, flag_value(flag, name, value, takes)?, flag.span.clone()));
        }
        Ok(Self { used })
    }

    /// The value of a flag given once; an empty one counts as not given, as in BuildKit.
    pub(super) fn one(&self, name: &str) -> Option<String> {
        self.given(name).filter(|value| !value.is_empty())
    }

    /// The value of a flag given once, be it empty.
    pub(super) fn given(&self, name: &str) -> Option<String> {
        self.used.iter().find(|(used, ..)| *used == name).map(|(_, value, _)| value.clone())
    }

    /// A boolean flag, where given.
    pub(super) fn boolean(&self, name: &str) -> Option<bool> {
        self.given(name).map(|value| value == "true")
    }

    /// The values of a repeated flag in order.
    pub(super) fn many(&self, name: &str) -> Vec<String> {
        self.used.iter().filter(|(used, ..)| *used == name).map(|(_, value, _)| value.clone()).collect()
    }

    /// The values of a repeated flag in order, with their places in the source.
    pub(super) fn placed(&self, name: &str, line: &LogicalLine) -> Vec<Flag> {
        let placed = self.used.iter().filter(|(used, ..)| *used == name);
        placed.map(|(_, value, span)| Flag { value: value.clone(), span: line.source_span(span) }).collect()
    }

    /// The place in the logical line of the first flag of this name.
    pub(super) fn place(&self, name: &str) -> Option<Span> {
        self.used.iter().find(|(used, ..)| *used == name).map(|(.., span)| span.clone())
    }
}

fn flag_value(flag: &RawFlag, name: &str, value: Option<&str>, takes: Takes) -> Result<String, Fault> {
    let missing =
        |help: String| Err(Fault::new(flag.span.clone(), format!("--{name} has no value")).help(help));
    match (takes, value) {
        (Takes::Bool, Some("")) => missing(format!("write --{name} or --{name}=true or --{name}=false")),
        (Takes::Bool, None) => Ok("true".to_owned()),
        (Takes::Bool, Some(value)) => match value.to_ascii_lowercase() {
            lower if lower == "true" || lower == "false" => Ok(lower),
            _ => Err(Fault::new(flag.span.clone(), format!("--{name} is true or false, not `{value}`"))
                .help(format!("write --{name}=true or --{name}=false"))),
        },
        (Takes::One | Takes::Many, None) => {
            missing(format!("write --{name}=VALUE, without blanks around the `=`"))
        }
        (Takes::One | Takes::Many, Some(value)) => Ok(value.to_owned()),
    }
}

fn unknown_flag(flag: &RawFlag, name: &str, keyword: &str, spec: Spec) -> Fault {
    let fault = Fault::new(flag.span.clone(), format!("{keyword} has no flag --{name}"));
    if let Some(near) = did_you_mean(name, spec.iter().map(|(known, _)| *known)) {
        return fault.help(format!("did you mean --{near}?"));
    }
    if spec.is_empty() {
        return fault.help(format!("{keyword} takes no flags"));
    }
    let known: Vec<String> = spec.iter().map(|(known, _)| format!("--{known}")).collect();
    fault.help(format!("{keyword} knows {}", known.join(", ")))
}
