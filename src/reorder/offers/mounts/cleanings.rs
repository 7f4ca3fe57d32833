//! Commands that only empty a cache at the end of a step: with a mount there is nothing of it in the layer, and they
//! would empty the mount.

use super::{Search, overlaps};
use crate::dockerfile::ast::{CommandLine, Instruction, Run, Span};
use crate::reorder::footprint::shell_text;
use crate::reorder::rewrite::{as_shell_text, chain, head_and_command};
use crate::shell::{Call, Effects, PathPattern, PathSet, Scene, Script, ShellKind, Word, calls, join};

/// What empties a cache, after the program's name.
const EMPTIES: [(&str, &str); 9] = [
    ("npm", "cache clean"),
    ("yarn", "cache clean"),
    ("pnpm", "store prune"),
    ("bun", "pm cache"),
    ("pip", "cache purge"),
    ("pip3", "cache purge"),
    ("composer", "clear-cache"),
    ("composer", "clearcache"),
    ("apt-get", "clean"),
];

/// First operands that stand before what empties a cache, and what then does.
const CACHE_WORDS: [&str; 4] = ["cache", "store", "pm", "nuget"];
const EMPTYING: [&str; 8] = ["clean", "clear", "purge", "prune", "rm", "remove", "delete", "locals"];

/// What is taken out of a step.
#[derive(Debug, Clone, Default)]
pub(super) struct Cleanings {
    /// Places in the Dockerfile's text, rising.
    pub(super) spans: Vec<Span>,
    /// The commands as they are called.
    pub(super) names: Vec<String>,
}

impl Search<'_> {
    /// Tells whether a call has the tool empty its cache, where a variable may have it elsewhere than usual. What the later
    /// Yarns clean has been looked at before.
    pub(super) fn is_emptying(&self, call: &Call) -> bool {
        let words: Vec<&str> = call.operands.iter().map(|word| word.text.as_str()).collect();
        let is_one = match words.as_slice() {
            ["clear-cache" | "clearcache" | "cc", ..] => true,
            ["clean", ..] => call.program == "go",
            [first, rest @ ..] => {
                CACHE_WORDS.contains(first) && rest.iter().any(|word| EMPTYING.contains(word))
            }
            [] => false,
        };
        is_one && self.cache.needs.is_empty() && self.cache.programs.contains(&call.program.as_str())
    }

    /// Finds the commands at the end of a RUN's chain, or within it, that empty the directories; `None` where there are
    /// none, where something else removes what lies there, or where they are not written as parts of one chain.
    pub(super) fn cleanings(
        &self,
        (stage, index): (usize, usize),
        own: &Instruction,
        run: &Run,
        targets: &[String],
    ) -> Option<Cleanings> {
        let text = self.sheet.text(own);
        let is_plain = matches!(run.command, CommandLine::Shell(_)) && run.heredocs.is_empty();
        let (_, command) = head_and_command(text).filter(|_| is_plain)?;
        let start = own.span.start + text.len() - command.len();
        let parts = chain(command)?;
        let texts: Vec<String> = parts.iter().map(|part| as_shell_text(&command[part.clone()])).collect();
        let mut found = Cleanings::default();
        let mut kept: Vec<String> = Vec::new();
        for (at, own) in texts.iter().enumerate() {
            // Where the parts before have led to counts.
            let script = self.script((stage, index), &texts[..=at].join(" && "));
            if at == 0 || !self.empties(&script, own, (stage, index), targets) {
                let raw = &command[parts[at].clone()];
                let needless = Self::needless_operands(&script, raw, targets);
                let mut rest = raw.to_owned();
                for span in needless.iter().rev() {
                    rest.replace_range(span.clone(), "");
                }
                for span in needless {
                    found.names.push(format!("rm {}", raw[span.clone()].trim()));
                    let from = start + parts[at].start;
                    found.spans.push(from + span.start..from + span.end);
                }
                kept.push(as_shell_text(&rest));
                continue;
            }
            if command[parts[at].clone()].contains('#') {
                return None;
            }
            let mut from = parts[at - 1].end;
            if at + 1 == parts.len() {
                let before = command[..from].trim_end();
                let before = before.strip_suffix('\\').unwrap_or(before).trim_end();
                from = before.len();
            }
            let from = found.spans.last().map_or(start + from, |last: &Span| last.end.max(start + from));
            found.spans.push(from..start + parts[at].end);
            found.names.push(own.clone());
        }
        let kept = kept.join(" && ");
        let rest: Effects = self.effects((stage, index), &kept);
        let is_emptied = self.calls((stage, index), &kept).iter().any(|call| self.is_emptying(call));
        (!found.spans.is_empty() && !is_emptied && !overlaps(&rest.deletes, targets)).then_some(found)
    }

    /// The operands of an `rm`, with the blank before each, that lie in the directories, where others do not.
    fn needless_operands(script: &Script, raw: &str, targets: &[String]) -> Vec<Span> {
        let Some(command) = script.commands.last().filter(|_| script.understood) else { return Vec::new() };
        let Some(cwd) = command.cwd.as_deref() else { return Vec::new() };
        let words = tokens(raw);
        let is_rm = command.words.first().is_some_and(|word| word.text == "rm");
        let is_plain =
            command.redirects.is_empty() && command.assigns.is_empty() && !raw.contains(['#', '(']);
        if !is_rm || !is_plain || words.len() != command.words.len() {
            return Vec::new();
        }
        let lies_there = |word: &Word| {
            !word.dynamic && !word.text.starts_with('-') && is_inside(&join(cwd, &word.text), targets)
        };
        let pairs = command.words.iter().zip(&words).skip(1);
        let found: Vec<Span> =
            pairs.filter(|(word, _)| lies_there(word)).map(|(_, span)| span.clone()).collect();
        let rest =
            command.words.iter().skip(1).filter(|word| !word.text.starts_with('-') && !lies_there(word));
        if rest.count() == 0 { Vec::new() } else { found }
    }

    /// Reads a text as one that runs in place of a RUN, where the home directory of root is known as well.
    fn in_place<T>(
        &self,
        (stage, index): (usize, usize),
        text: &str,
        call: impl FnOnce(&Script, &Scene<'_>) -> T,
    ) -> T {
        let scope = self.sheet.scope(stage, index);
        let cwd = scope.workdir.clone().unwrap_or_else(|| "/".to_owned());
        let is_root = self.is_root_image() && self.user(stage, index).is_none_or(|user| user == "root");
        let home = (is_root && !scope.vars.contains_key("HOME")).then(|| "/root".to_owned());
        let env = |name: &str| scope.value(name).or_else(|| home.clone().filter(|_| name == "HOME"));
        let scene = Scene { cwd: &cwd, env: &env, shell: ShellKind::of(&scope.shell) };
        call(&Script::read(text, &scene), &scene)
    }

    fn script(&self, at: (usize, usize), text: &str) -> Script {
        self.in_place(at, text, |script, _| script.clone())
    }

    fn calls(&self, at: (usize, usize), text: &str) -> Vec<Call> {
        self.in_place(at, text, calls)
    }

    fn effects(&self, at: (usize, usize), text: &str) -> Effects {
        self.in_place(at, text, |_, scene| crate::shell::effects(text, scene))
    }

    /// What a RUN removes, the home directory of root known.
    pub(super) fn removed(&self, at: (usize, usize), run: &Run) -> PathSet {
        match &run.command {
            CommandLine::Shell(text) => self.effects(at, &shell_text(run, text)).deletes,
            CommandLine::Exec(_) => PathSet::nothing(),
        }
    }

    /// Tells whether the last part of a script does nothing but empty the directories.
    fn empties(&self, script: &Script, own: &str, at: (usize, usize), targets: &[String]) -> bool {
        let alone = self.script(at, own);
        let (Some(command), 1) = (script.commands.last(), alone.commands.len()) else { return false };
        let is_known = |word: &Word| !word.dynamic;
        let is_plain = script.understood
            && alone.understood
            && command.redirects.is_empty()
            && command.assigns.is_empty()
            && !own.starts_with('(')
            && command.words.iter().all(is_known);
        let words: Vec<&str> = command.words.iter().map(|word| word.text.as_str()).collect();
        let Some((program, rest)) = words.split_first().filter(|_| is_plain) else { return false };
        if *program == "rm" {
            let paths: Vec<&&str> = rest.iter().filter(|word| !word.starts_with('-')).collect();
            let Some(cwd) = command.cwd.as_deref() else { return false };
            return !paths.is_empty() && paths.iter().all(|path| is_inside(&join(cwd, path), targets));
        }
        // `php composer.phar clear-cache` is Composer's.
        let calls = self.calls(at, own);
        let [call] = calls.as_slice() else { return false };
        let operands: Vec<&str> = call.operands.iter().map(|word| word.text.as_str()).collect();
        let told = operands.join(" ");
        self.cache.programs.contains(&call.program.as_str())
            && EMPTIES.iter().any(|(name, verbs)| {
                *name == call.program.trim_end_matches(".phar")
                    && (told == *verbs || told.strip_prefix(verbs).is_some_and(|rest| rest == " rm"))
            })
    }
}

/// Tells whether a path, perhaps with wildcards, is one of these directories, or lies in one.
fn is_inside(path: &str, targets: &[String]) -> bool {
    let path = path.trim_end_matches('*').trim_end_matches('/');
    let depth = |path: &str| path.matches('/').count();
    let pattern =
        if path.contains(['*', '?', '[']) { PathPattern::glob(path) } else { PathPattern::tree(path) };
    targets.iter().any(|target| depth(path) >= depth(target) && pattern.touches(target))
}

/// The words of a text that blanks part, each with what stands between it and the word before: blanks, and what joins
/// lines, so that no joint is left at an end. What only joins lines is no word.
fn tokens(text: &str) -> Vec<Span> {
    let mut found: Vec<Span> = Vec::new();
    let (mut from, mut before) = (0, 0);
    for word in text.split_inclusive(char::is_whitespace) {
        let end = from + word.trim_end().len();
        if end > from && word.trim_end() != "\\" {
            found.push(before..end);
            before = end;
        }
        from += word.len();
    }
    found
}
