//! Adds up what the commands of a script do, those that run other commands included.

use super::super::arguments::Arguments;
use super::super::paths::{PathPattern, PathSet, join};
use super::super::rules;
use super::super::script::{Command, Redirect, Scene, Script, Word};
use super::super::tools::{self, Tool, Usage};
use super::Effects;
use super::place::{Place, place_of, project_root, surroundings};
use super::templates::{Call, fixed};

/// Adds up the effects of commands, those that run other commands included.
pub(in crate::shell) struct Study<'a> {
    pub(in crate::shell) scene: Scene<'a>,
    pub(in crate::shell) depth: usize,
    pub(in crate::shell) total: &'a mut Effects,
}

/// How deep commands may run commands before the innermost counts as unknown.
const DEEPEST: usize = 8;

impl Study<'_> {
    pub(in crate::shell) fn script(&mut self, script: &Script) {
        self.total.environment.add(&script.variables);
        // What the shell itself makes up: random numbers, process numbers, times.
        const MADE_UP: [&str; 5] = ["RANDOM", "SRANDOM", "SECONDS", "$", "HOSTNAME"];
        self.total.deterministic &= !script
            .variables
            .iter()
            .any(|name| MADE_UP.contains(&name.as_str()) || name.starts_with("EPOCH"));
        for command in &script.commands {
            self.command(command);
        }
        if !script.understood {
            self.total.add_opaque("shell text");
        }
    }

    fn command(&mut self, command: &Command) {
        let cwd = command.cwd.as_deref();
        for redirect in &command.redirects {
            match redirect {
                Redirect::Read(word) => self.read(word, cwd),
                Redirect::Write(word) => self.write(word, cwd, false),
                Redirect::Text(_) => {}
            }
        }
        self.words(&command.words, command);
    }

    /// Studies a command given by its words; `outer` is the command of the script that they belong to.
    pub(in crate::shell) fn words(&mut self, words: &[Word], outer: &Command) {
        let Some(program) = words.first() else { return };
        let cwd = outer.cwd.as_deref();
        let tool = if program.dynamic || self.depth > DEEPEST { None } else { tools::find(&program.text) };
        let Some(tool) = tool else {
            return self.unknown_program(&program.text, words, cwd);
        };
        if !tool.builtin {
            self.program(&tool.names[0], program, cwd);
        }
        self.total.environment.add(&tool.env);
        self.depth += 1;
        let settled = tool.rule.is_some_and(|rule| rules::apply(self, rule, tool, words, outer));
        if !settled {
            self.by_table(tool, words, outer);
        }
        self.depth -= 1;
    }

    fn program(&mut self, name: &str, word: &Word, cwd: Option<&str>) {
        if !self.total.programs.iter().any(|known| known == name) {
            self.total.programs.push(name.to_owned());
        }
        self.total.environment.add(tools::common_env());
        if word.text.contains('/') {
            self.read(word, cwd);
        }
    }

    fn by_table(&mut self, tool: &Tool, words: &[Word], outer: &Command) {
        let arguments = Arguments::read(tool, &words[1..]);
        let fitting = tool.uses.iter().find_map(|usage| fits(usage, &arguments).map(|taken| (usage, taken)));
        let Some((usage, taken)) = fitting else {
            return self.unknown_program(&words[0].text, words, outer.cwd.as_deref());
        };
        let base = base(tool, &arguments, outer.cwd.as_deref());
        let mut call = Call { arguments, cwd: base, program: &words[0] };
        if let Some(skip) = usage.wraps {
            // `env A=1 program`: assignments come before the program.
            let operands =
                call.arguments.operands.iter().skip(skip).skip_while(|word| word.text.contains('='));
            let inner: Vec<Word> = operands.map(|word| (*word).clone()).collect();
            self.words(&inner, &Command { cwd: call.cwd.clone(), ..outer.clone() });
        }
        call.arguments.operands.drain(..taken);
        self.usage(tool, usage, &call, words);
    }

    fn usage(&mut self, tool: &Tool, usage: &Usage, call: &Call<'_>, words: &[Word]) {
        for template in &usage.reads {
            for place in call.places(template, &self.scene) {
                self.read_place(place);
            }
            if tool.climbs && !template.starts_with(['/', '~', '{']) {
                self.read_above(template, call.cwd.as_deref());
            }
        }
        for template in &usage.writes {
            for place in call.places(template, &self.scene) {
                self.write_place(place, false);
            }
        }
        for template in &usage.deletes {
            for place in call.places(template, &self.scene) {
                self.write_place(place, true);
            }
        }
        self.total.network |= usage.network;
        if usage.network {
            self.total.environment.add(tools::network_env());
        }
        self.total.deterministic &= usage.deterministic.unwrap_or(!usage.network && !usage.opaque);
        self.total.environment.packages |= usage.packages;
        if usage.project {
            self.total.environment.any = true;
            let here = call.cwd.as_deref().map_or(PathSet::Everything, |cwd| {
                PathSet::Paths(vec![PathPattern::tree(project_root(cwd))])
            });
            self.total.reads.possible.extend(here.clone());
            self.total.writes.possible.extend(here);
            self.total.deterministic = false;
        }
        if usage.opaque && usage.writes.is_empty() {
            self.unknown_program(&call.program.text, words, call.cwd.as_deref());
        } else if usage.opaque {
            self.total.add_opaque(&call.program.text);
        }
    }

    /// Adds a path of the project in the directories above: a workspace's root, settings and lock file.
    fn read_above(&mut self, template: &str, cwd: Option<&str>) {
        let Some(cwd) = cwd else { return };
        // What has one name is looked for up to the root (`ADD go.mod /`, WORKDIR /go), all else in the project.
        let is_named = template != "." && !template.contains('*');
        let root = if is_named { "" } else { project_root(cwd) };
        let mut above = cwd;
        while above.len() > root.len() && above != "/" {
            above = above.rsplit_once('/').map_or("", |(directory, _)| directory);
            if above.is_empty() {
                above = "/";
            }
            let place = fixed(template, false, Some(above), &self.scene);
            self.read_place(place);
        }
    }

    /// Adds a program that nothing is known of: it may touch anything, and likely does so where it runs and where
    /// its words point.
    pub(in crate::shell) fn unknown_program(&mut self, name: &str, words: &[Word], cwd: Option<&str>) {
        self.total.add_opaque(if name.is_empty() {
            "a command that is not known before it runs"
        } else {
            name
        });
        let mut named: Vec<PathPattern> = cwd.map(surroundings).into_iter().collect();
        for word in words.iter().skip(1).filter(|word| !word.dynamic) {
            let text = word.text.split_once('=').map_or(word.text.as_str(), |(_, value)| value);
            if text.starts_with('/') {
                named.push(PathPattern { glob: word.glob, ..PathPattern::tree(join("/", text)) });
            } else if let Some(cwd) = cwd.filter(|_| text.contains('/') && !text.contains("://")) {
                named.push(PathPattern { glob: word.glob, ..PathPattern::tree(join(cwd, text)) });
            }
        }
        for pattern in named {
            self.total.reads.named.add(pattern.clone());
            self.total.writes.named.add(pattern);
        }
    }

    /// Adds the path that a word names to what is read.
    pub(in crate::shell) fn read(&mut self, word: &Word, cwd: Option<&str>) {
        self.read_place(place_of(word, cwd, false));
    }

    /// Adds the path that a word names to what is written, or removed.
    pub(in crate::shell) fn write(&mut self, word: &Word, cwd: Option<&str>, removes: bool) {
        self.write_place(place_of(word, cwd, false), removes);
    }

    fn read_place(&mut self, place: Place) {
        match place {
            Place::Nowhere => {}
            Place::Known(pattern) => {
                // What the kernel makes up differs from run to run.
                const MADE_UP: [&str; 4] = ["/proc", "/sys", "/dev/urandom", "/dev/random"];
                self.total.deterministic &=
                    !MADE_UP.iter().any(|path| PathPattern::tree(*path).overlaps(&pattern));
                self.total.reads.named.add(pattern);
            }
            Place::Unknown(start) => {
                if let Some(start) = start {
                    self.total.reads.named.add(start);
                }
                self.total.reads.possible = PathSet::Everything;
            }
        }
    }

    fn write_place(&mut self, place: Place, removes: bool) {
        match place {
            Place::Nowhere => {}
            Place::Known(pattern) => {
                if removes {
                    self.total.deletes.add(pattern.clone());
                }
                self.total.writes.named.add(pattern);
            }
            Place::Unknown(start) => {
                if let Some(start) = start {
                    self.total.writes.named.add(start);
                }
                self.total.writes.possible = PathSet::Everything;
                if removes {
                    self.total.deletes = PathSet::Everything;
                }
            }
        }
    }
}

/// The directory that a command works in: what a flag says, or the one it is run in.
fn base(tool: &Tool, arguments: &Arguments<'_>, cwd: Option<&str>) -> Option<String> {
    let names: Vec<&str> = tool.base_flags.iter().map(String::as_str).collect();
    let Some(word) = arguments.values(&names).last() else { return cwd.map(str::to_owned) };
    if word.dynamic || word.glob {
        return None;
    }
    if word.text.starts_with('/') {
        Some(join("/", &word.text))
    } else {
        cwd.map(|cwd| join(cwd, &word.text))
    }
}

/// Tells whether a way to use a tool fits the arguments, and how many operands name it.
fn fits(usage: &Usage, arguments: &Arguments<'_>) -> Option<usize> {
    if !usage.flags.is_empty() && !arguments.has(&usage.flags) {
        return None;
    }
    if usage.sub.is_empty() {
        return Some(0);
    }
    usage.sub.iter().find_map(|sub| {
        if sub.is_empty() { arguments.operands.is_empty().then_some(0) } else { arguments.subcommand(sub) }
    })
}
