//! One RUN as two or three: packages of the system, the install, the rest.

use super::fetch::Refused;
use super::segments::{as_shell_text, chain};
use super::{Rewrite, Site};
use crate::dockerfile::ast::CommandLine;
use crate::reorder::MoveKind;
use crate::reorder::manifests::ecosystem_of;
use crate::shell::{self, Effects, PathPattern, Script};

/// What a part of the chain is, as far as it matters where to cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Sets the directory or a variable for what follows; repeated after a cut.
    State,
    /// Touches nothing of the project.
    System,
    /// Installs the project's dependencies.
    Install,
    /// Anything else.
    Other,
    /// Leaves something in the shell that cannot be repeated.
    Sticky,
}

/// Finds the ways to cut a RUN that could gain something.
pub(super) fn find(site: &Site<'_>) -> Vec<Rewrite> {
    let Some(cut) = Cutter::of(site) else { return Vec::new() };
    let parts = cut.parts();
    let system = parts.iter().take_while(|part| matches!(part, Part::State | Part::System)).count();
    let after_system = (parts[..system].contains(&Part::System)).then_some(system);
    let known = parts.iter().take_while(|part| !matches!(part, Part::Other | Part::Sticky)).count();
    let after_install = parts[..known].iter().rposition(|part| *part == Part::Install).map(|at| {
        // What follows and only clears up after the install stays with it.
        at + 1 + parts[at + 1..known].iter().take_while(|part| **part == Part::System).count()
    });
    let mut ways: Vec<Vec<usize>> = Vec::new();
    for way in [vec![after_install], vec![after_system], vec![after_system, after_install]] {
        let Some(way) = way.into_iter().collect::<Option<Vec<usize>>>() else { continue };
        let rises = way.windows(2).all(|pair| pair[0] < pair[1]);
        if rises && way.iter().all(|at| *at > 0 && *at < parts.len()) && !ways.contains(&way) {
            ways.push(way);
        }
    }
    ways.iter().filter_map(|way| cut.at(way, &parts)).collect()
}

/// Tells of a RUN below a COPY of all sources that is not cut because what was installed is changed later in it.
pub(super) fn refused(site: &Site<'_>) -> Option<Refused> {
    let cut = Cutter::of(site)?;
    site.context_directory(site.scope().workdir.as_deref()?)?;
    let end = cut.parts().iter().position(|part| *part == Part::Install)? + 1;
    let installed = cut.texts[..end].join(" && ");
    let (written, before) = (cut.effects(&installed), cut.script(&installed).commands.len());
    let whole = cut.script(&cut.texts.join(" && "));
    let command = whole.commands.get(before..)?.iter().find(|command| cut.changes(command, &written))?;
    Some(Refused {
        what: "cut the RUN behind the install".to_owned(),
        why: format!(
            "`{}` changes the owner, mode or content of what was installed, which would then be in two layers",
            command.words.first()?.text
        ),
    })
}

/// Package managers whose lists of packages an `update` fetches.
const UPDATERS: [&str; 5] = ["apt-get", "apt", "apk", "yum", "dnf"];

struct Cutter<'a> {
    site: &'a Site<'a>,
    command: &'a str,
    head: &'a str,
    ranges: Vec<std::ops::Range<usize>>,
    texts: Vec<String>,
}

impl<'a> Cutter<'a> {
    /// Reads a RUN of several parts, if each is understood.
    fn of(site: &'a Site<'a>) -> Option<Self> {
        let (head, command) = site.written().filter(|_| matches!(site.run.command, CommandLine::Shell(_)))?;
        let ranges = chain(command).filter(|parts| parts.len() > 1)?;
        let texts = ranges.iter().map(|range| as_shell_text(&command[range.clone()])).collect();
        let cut = Self { site, command, head, ranges, texts };
        cut.agrees().then_some(cut)
    }
}

impl Cutter<'_> {
    fn script(&self, text: &str) -> Script {
        let scope = self.site.scope();
        let cwd = scope.workdir.clone().unwrap_or_else(|| "/".to_owned());
        scope.with_scene(&cwd, |scene| Script::read(text, scene))
    }

    fn effects(&self, text: &str) -> Effects {
        let scope = self.site.scope();
        let cwd = scope.workdir.clone().unwrap_or_else(|| "/".to_owned());
        scope.with_scene(&cwd, |scene| shell::effects(text, scene))
    }

    /// Tells whether the parts, read one by one, are the whole, and each is understood.
    fn agrees(&self) -> bool {
        let CommandLine::Shell(whole) = &self.site.run.command else { return false };
        let whole = self.script(whole);
        let parts: Vec<Script> = self.texts.iter().map(|text| self.script(text)).collect();
        let count: usize = parts.iter().map(|part| part.commands.len()).sum();
        whole.understood && parts.iter().all(|part| part.understood) && count == whole.commands.len()
    }

    fn parts(&self) -> Vec<Part> {
        let cwd = self.site.scope().workdir.clone().unwrap_or_else(|| "/".to_owned());
        (0..self.texts.len())
            .map(|at| {
                // Where the parts before have led to counts.
                let before = self.script(&self.texts[..=at].join(" && "));
                let own = self.script(&self.texts[at]);
                let commands = &before.commands[before.commands.len() - own.commands.len()..];
                if own.commands.iter().any(|command| is_sticky(&command.words)) {
                    return Part::Sticky;
                }
                let is_state = |command: &shell::Command| {
                    command
                        .words
                        .first()
                        .is_none_or(|word| ["cd", "export", "set"].contains(&word.text.as_str()))
                };
                if own.commands.iter().all(is_state) {
                    // Text that is made by other commands could come out otherwise the second time.
                    let is_plain = own.commands.len() == 1
                        && !self.texts[at].contains(['`', '>', '|'])
                        && !self.texts[at].contains("$(");
                    return if is_plain { Part::State } else { Part::Sticky };
                }
                if own.commands.iter().any(|command| is_state(command) && !self.texts[at].starts_with('(')) {
                    return Part::Sticky;
                }
                if commands.iter().any(|command| ecosystem_of(&command.words).is_some()) {
                    return Part::Install;
                }
                let effects = self.effects(&self.texts[..=at].join(" && "));
                let alone = self.effects(&self.texts[at]);
                let project = PathPattern::tree(
                    commands.first().and_then(|command| command.cwd.clone()).unwrap_or(cwd.clone()),
                );
                let is_apart = |set: shell::PathSet| match set {
                    shell::PathSet::Everything => false,
                    shell::PathSet::Paths(paths) => {
                        project.text == "/" || !paths.iter().any(|path| path.overlaps(&project))
                    }
                };
                let known = effects.opaque.is_empty() && alone.opaque.is_empty() && !alone.environment.any;
                if known && is_apart(alone.writes.all()) && is_apart(alone.reads.all()) {
                    Part::System
                } else {
                    Part::Other
                }
            })
            .collect()
    }

    /// Cuts before these parts, if what the cuts separate may be.
    fn at(&self, cuts: &[usize], parts: &[Part]) -> Option<Rewrite> {
        let last = *cuts.last()?;
        if parts[..last].contains(&Part::Sticky) {
            return None;
        }
        let bounds: Vec<usize> =
            std::iter::once(0).chain(cuts.iter().copied()).chain([parts.len()]).collect();
        for cut in cuts {
            self.separable(*cut)?;
        }
        let newline = self.site.newline();
        let runs: Vec<String> =
            bounds.windows(2).map(|pair| self.one_run(pair[0], pair[1], parts)).collect::<Option<_>>()?;
        let names: Vec<String> = bounds[1..bounds.len() - 1].iter().map(|at| self.short(*at)).collect();
        Some(Rewrite {
            kind: MoveKind::SplitRun,
            stage: self.site.stage,
            replaced: self.site.index..self.site.index + 1,
            text: runs.join(newline),
            name: format!("cut the RUN in {} before {}", if names.len() == 1 { "two" } else { "three" }, names.join(" and before ")),
            why: "the same commands run in the same order, in the same directory and with the same variables; nothing that one part makes is removed by a later one, so the files are the same".to_owned(),
            proven: true,
            always: false,
            finer: cuts.len() > 1,
        })
    }

    /// Refuses a cut after which something is removed that was made before it (apart, it would stay in a layer), and
    /// one between an update of package lists and what uses them.
    fn separable(&self, cut: usize) -> Option<()> {
        const REMOVERS: [&str; 10] = [
            "del",
            "purge",
            "autoremove",
            "remove",
            "uninstall",
            "prune",
            "clean",
            "autoclean",
            "clear-cache",
            "erase",
        ];
        // What an update fetched would be old, or gone, when what comes after it runs anew.
        let words: Vec<&str> = self.texts[cut - 1].split_whitespace().collect();
        if UPDATERS.contains(words.first()?) && words.contains(&"update") {
            return None;
        }
        let left = self.effects(&self.texts[..cut].join(" && "));
        let after = self.script(&self.texts.join(" && "));
        let before = self.script(&self.texts[..cut].join(" && ")).commands.len();
        let right = &after.commands[before..];
        let removes = right.iter().any(|command| {
            let words = command.words.iter().map(|word| word.text.as_str());
            words.clone().next().is_some_and(|program| program != "rm")
                && words.skip(1).any(|word| REMOVERS.contains(&word))
        });
        let deletes = self.effects(&self.texts[cut..].join(" && ")).deletes;
        let changes = right.iter().any(|command| self.changes(command, &left));
        (!removes && !changes && !deletes.overlaps(&left.writes.named)).then_some(())
    }

    /// Tells whether a command gives another owner, mode or content to what was written before it: in a layer of its
    /// own every such file would be there a second time.
    fn changes(&self, command: &shell::Command, written: &Effects) -> bool {
        const CHANGERS: [&str; 15] = [
            "chown", "chgrp", "chmod", "setfacl", "chattr", "setcap", "strip", "upx", "patchelf", "dos2unix",
            "unix2dos", "sed", "gsed", "perl", "touch",
        ];
        // It may be run by another: `sudo chown`, `find … -exec chmod`, `xargs strip`, `sh -c "chown …"`.
        let mut names = command.words.iter().flat_map(|word| word.text.split_whitespace());
        if !names.any(|name| CHANGERS.contains(&name.rsplit('/').next().unwrap_or(name))) {
            return false;
        }
        // What these hand on is not known before they run.
        if command.words.iter().any(|word| ["find", "xargs"].contains(&word.text.as_str())) {
            return true;
        }
        let one = Script { commands: vec![command.clone()], understood: true, ..Script::default() };
        let scope = self.site.scope();
        let cwd = command.cwd.clone().or_else(|| scope.workdir.clone()).unwrap_or_else(|| "/".to_owned());
        let effects = scope.with_scene(&cwd, |scene| shell::effects_of_script(&one, scene));
        effects.writes.all().overlaps(&written.writes.named)
    }

    /// The RUN of the parts from one to another: the flags, the state that it starts from, its parts as written.
    fn one_run(&self, from: usize, to: usize, parts: &[Part]) -> Option<String> {
        let range = self.ranges[from].start..self.ranges[to - 1].end;
        let body = self.command[range].trim();
        let (comments, body) = leading_comments(body);
        let body = without_joint(body);
        let is_one = to - from == 1 && !body.contains(['|', ';', '(', '`', '\n']);
        let state = (0..from).filter(|at| parts[*at] == Part::State).map(|at| self.texts[at].as_str());
        let state: Vec<&str> = state.filter(|text| !(is_one && is_of_many(text))).collect();
        if body.is_empty() {
            return None;
        }
        let newline = self.site.newline();
        let mut text = String::new();
        for comment in comments {
            text += comment;
            text += newline;
        }
        text += self.head;
        text.push(' ');
        for part in state {
            text += part;
            text += " && ";
        }
        Some(text + body)
    }

    fn short(&self, at: usize) -> String {
        let text = self.texts[at].replace("\\\n", " ");
        let words: Vec<&str> = text.split_whitespace().take(4).collect();
        format!("`{}`", words.join(" "))
    }
}

/// Tells whether a `set` is of no use to one command alone: it would end after it, or shows what runs.
fn is_of_many(text: &str) -> bool {
    let flags = text.trim().strip_prefix("set -");
    flags.is_some_and(|flags| !flags.is_empty() && flags.chars().all(|flag| "ex".contains(flag)))
}

/// Comment lines at the start of a part: they go above the RUN that it becomes.
fn leading_comments(body: &str) -> (Vec<&str>, &str) {
    let mut comments = Vec::new();
    let mut rest = body;
    loop {
        let trimmed = rest.trim_start().trim_start_matches("\\\n").trim_start_matches("\\\r\n").trim_start();
        if !trimmed.starts_with('#') {
            return (comments, trimmed);
        }
        let end = trimmed.find('\n').unwrap_or(trimmed.len());
        comments.push(trimmed[..end].trim_end());
        rest = &trimmed[end..];
    }
}

/// Takes joined line breaks and comments off the end of a part.
fn without_joint(body: &str) -> &str {
    let mut rest = body.trim_end();
    loop {
        let start = rest.rfind('\n').map_or(0, |at| at + 1);
        let last = rest[start..].trim_start();
        if start > 0 && last.starts_with('#') {
            rest = rest[..start].trim_end();
        } else if let Some(before) = rest.strip_suffix('\\') {
            rest = before.trim_end();
        } else {
            return rest;
        }
    }
}

/// Tells whether a command leaves something in the shell that repeating it would not bring back, or ends it.
pub(super) fn is_sticky(words: &[shell::Word]) -> bool {
    const STICKY: [&str; 20] = [
        ".", "source", "eval", "exec", "umask", "alias", "unalias", "trap", "ulimit", "shopt", "pushd",
        "popd", "unset", "read", "function", "return", "exit", "declare", "typeset", "readonly",
    ];
    words.first().is_some_and(|word| word.dynamic || STICKY.contains(&word.text.as_str()))
}
