//! COPY and ADD.

use super::super::ast::{Add, Copy, CopySpec, Heredoc};
use super::super::flags::{Flags, Spec, Takes};
use super::super::heredoc::mark_in_word;
use super::{Fault, Node};

const COPY_FLAGS: Spec = &[
    ("chown", Takes::One),
    ("from", Takes::One),
    ("chmod", Takes::One),
    ("link", Takes::Bool),
    ("exclude", Takes::Many),
    ("parents", Takes::Bool),
];

const ADD_FLAGS: Spec = &[
    ("chown", Takes::One),
    ("chmod", Takes::One),
    ("link", Takes::Bool),
    ("keep-git-dir", Takes::Bool),
    ("checksum", Takes::One),
    ("unpack", Takes::Bool),
    ("exclude", Takes::Many),
];

impl Node<'_> {
    pub(super) fn copy(&self) -> Result<Copy, Fault> {
        let (flags, spec) = self.copy_spec(COPY_FLAGS)?;
        Ok(Copy { spec, from: flags.one("from"), parents: flags.boolean("parents").unwrap_or(false) })
    }

    pub(super) fn add(&self) -> Result<Add, Fault> {
        let (flags, spec) = self.copy_spec(ADD_FLAGS)?;
        Ok(Add {
            spec,
            checksum: flags.one("checksum"),
            keep_git_dir: flags.boolean("keep-git-dir"),
            unpack: flags.boolean("unpack"),
        })
    }

    fn copy_spec(&self, known: Spec) -> Result<(Flags, CopySpec), Fault> {
        let (mut words, json) = self.list()?;
        if words.len() < 2 {
            let message = match words.first() {
                Some(only) => {
                    format!("{} has only `{only}`: a source or the destination is missing", self.keyword)
                }
                None => format!("{} has neither source nor destination", self.keyword),
            };
            return Err(Fault::new(self.whole(), message)
                .help(format!("write {} SOURCE... DESTINATION", self.keyword)));
        }
        let flags = self.flags(known)?;
        let dest = words.pop().unwrap_or_default();
        if let Ok(Some(_)) = mark_in_word(&dest) {
            return Err(Fault::new(self.split.args_span.clone(), "a heredoc cannot be the destination")
                .help(format!("put the destination last: {} <<EOF /file", self.keyword)));
        }
        let mut spec = CopySpec {
            dest,
            json,
            chown: flags.one("chown"),
            chmod: flags.one("chmod"),
            link: flags.boolean("link").unwrap_or(false),
            exclude: flags.many("exclude"),
            ..CopySpec::default()
        };
        for word in words {
            match self.heredoc_source(&word) {
                Some(heredoc) => spec.heredocs.push(heredoc),
                None => spec.sources.push(word),
            }
        }
        Ok((flags, spec))
    }

    /// A source that is a heredoc; its body is the last one of this name, and empty where none was read (in a
    /// JSON array).
    fn heredoc_source(&self, word: &str) -> Option<Heredoc> {
        let mark = mark_in_word(word).ok().flatten()?;
        let body = self.heredocs.iter().rfind(|(other, _)| other.name == mark.name);
        Some(mark.with_body(body.map_or("", |(_, body)| body)))
    }
}
