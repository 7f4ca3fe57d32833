//! `cargo chef cook` in the manner of the step that compiles.

use super::{Site, Written};
use crate::dockerfile::ast::{CommandLine, InstructionKind};
use crate::reorder::offers::chef::project;
use crate::reorder::rewrite::edited::Edit;
use crate::reorder::rewrite::head_and_command;
use crate::shell::{Command, PathPattern, Script, Word};

/// Flags of `cargo build` that `cargo chef cook` has as well: those alone, and those with a value.
const ALONE: [&str; 10] = [
    "--release",
    "-r",
    "--no-default-features",
    "--all-features",
    "--workspace",
    "--all",
    "--tests",
    "--benches",
    "--examples",
    "--all-targets",
];
const VALUED: [&str; 8] =
    ["--profile", "--target", "--features", "-F", "--package", "-p", "--bin", "--target-dir"];

/// Flags that do not change how the dependencies are compiled.
const IDLE: [&str; 9] =
    ["--locked", "--bins", "--verbose", "-v", "-q", "--quiet", "--timings", "--jobs", "-j"];

impl Site<'_> {
    /// The step's script, in which an ARG that nobody gives a value is empty.
    fn script(&self) -> Script {
        let scope = self.sheet.scope(self.stage, self.index).with_empty_arguments();
        let cwd = scope.workdir.clone().unwrap_or_else(|| "/".to_owned());
        scope.with_scene(&cwd, |scene| match &self.run.command {
            CommandLine::Shell(text) => Script::read(text, scene),
            CommandLine::Exec(words) => Script::of_words(words, &cwd),
        })
    }

    /// The command of a script that compiles.
    fn cargo(script: &Script) -> Option<&Command> {
        let compiles = |command: &&Command| {
            let word = |at: usize| command.words.get(at).map(|word| word.text.as_str());
            word(0) == Some("cargo")
                && word(1).is_some_and(|verb| ["build", "b", "install", "test"].contains(&verb))
        };
        script.commands.iter().find(compiles)
    }

    /// `RUN cargo chef cook …` with the flags, the variables and the mounts of the step; what is set `late` is not
    /// there yet.
    pub(super) fn cook(&self, late: &[usize]) -> Result<String, &'static str> {
        let script = self.script();
        let is_shell = matches!(self.run.command, CommandLine::Shell(_)) && self.run.heredocs.is_empty();
        let command = Self::cargo(&script).filter(|_| is_shell && script.understood);
        let command = command.ok_or("the step's command is not understood")?;
        self.sets_nothing(&script)?;
        let mut words = assigned(command)?;
        words.extend(["cargo", "chef", "cook"].map(str::to_owned));
        let installs = command.words[1].text == "install";
        if installs {
            words.push("--release".to_owned());
        }
        words.extend(forwarded(&command.words[2..], installs)?);
        if command.words[1].text == "test" && !words.iter().any(|word| word == "--tests") {
            words.push("--tests".to_owned());
        }
        words.extend(["--recipe-path", "recipe.json"].map(str::to_owned));
        let (head, _) =
            head_and_command(self.sheet.text(self.own)).ok_or("the step's flags are not understood")?;
        let is_file = |value: &str| !value.contains("type=cache") && !value.contains("type=s");
        if self.run.mounts.iter().any(|mount| is_file(&mount.value)) {
            return Err("files are mounted into the step");
        }
        let set_late = late.iter().flat_map(|at| &self.sheet.stage(self.stage).items[*at].footprint.sets);
        if set_late
            .into_iter()
            .any(|name| head.contains(&format!("${name}")) || head.contains(&format!("${{{name}")))
        {
            return Err("its flags use a variable that names the build");
        }
        // Flags over several lines go on so.
        let newline = head.find('\n').map(|end| &head[head[..end].trim_end_matches('\r').len()..=end]);
        let joint = newline.map_or_else(|| " ".to_owned(), |newline| format!(" \\{newline}    "));
        Ok(format!("{head}{joint}{}", words.join(" ")))
    }

    /// Refuses a step that sets variables which the compiler may take from its environment.
    fn sets_nothing(&self, script: &Script) -> Result<(), &'static str> {
        let known = &self.sheet.scope(self.stage, self.index).vars;
        let sets = script.commands.iter().any(|command| match command.words.first() {
            Some(program) => ["export", "source", ".", "declare", "typeset"].contains(&program.text.as_str()),
            None => command.assigns.iter().any(|(name, _)| known.contains_key(name)),
        });
        if sets { Err("the step sets variables") } else { Ok(()) }
    }

    /// Makes `cargo install` take the versions that the lock file pins, which are those of the recipe.
    pub(super) fn lock(&self, written: &mut Written) -> Result<(), &'static str> {
        const WORDS: &str = "cargo install";
        let script = self.script();
        let Some(command) = Self::cargo(&script).filter(|command| command.words[1].text == "install") else {
            return Ok(());
        };
        let root = command.words.iter().position(|word| word.text == "--root");
        if command.words.iter().any(|word| word.text == "--locked") {
            return Ok(());
        }
        let text = self.sheet.text(self.own);
        let (Some(at), 1) = (text.find(WORDS), text.matches(WORDS).count()) else {
            return Err("`cargo install` without --locked takes other versions than the recipe pins");
        };
        project::lock_is_fresh(self.sheet.input)?;
        written.edits.push(Edit::insert(self.own.span.start + at + WORDS.len(), " --locked".to_owned()));
        written.changes.push(
            "`cargo install` gets `--locked`: it compiles the versions that Cargo.lock pins in place of the newest, which the recipe could not know".to_owned(),
        );
        let place = match root {
            Some(at) => command.words.get(at + 1).map_or("/", |word| word.text.as_str()),
            None => "/usr/local/cargo/bin",
        };
        written.differs = self.taken_from(&crate::shell::join("/", place))?;
        Ok(())
    }

    /// Where other stages put the programs that they take from a directory of this one.
    fn taken_from(&self, place: &str) -> Result<Vec<String>, &'static str> {
        let sheet = self.sheet;
        let family = sheet.family(self.stage);
        let place = PathPattern::tree(place);
        let mut found = Vec::new();
        for (at, stage) in sheet.model.stages.iter().enumerate() {
            for (index, item) in stage.items.iter().enumerate() {
                let mut taken = item
                    .from
                    .iter()
                    .filter(|(from, path)| family.contains(from) && place.touches(path))
                    .peekable();
                if taken.peek().is_none() {
                    continue;
                }
                let InstructionKind::Copy(copy) = &sheet.instructions(at)[index].kind else {
                    return Err("its programs are taken over in an unusual way");
                };
                let is_directory = copy.spec.dest.ends_with(['/', '.']) || copy.spec.sources.len() > 1;
                let dest = sheet.scope(at, index).path(&copy.spec.dest);
                let dest = dest.ok_or("its programs are taken over in an unusual way")?;
                for (_, path) in taken {
                    let is_program =
                        path.strip_prefix(place.text.as_str()).is_some_and(|rest| rest.len() > 1);
                    found.push(match path.rsplit_once('/') {
                        Some((_, name)) if is_program && is_directory => crate::shell::join(&dest, name),
                        _ if dest == "/" => return Err("its programs are taken over with all else"),
                        _ => dest.clone(),
                    });
                }
            }
        }
        Ok(found)
    }
}

/// The variables that are set for the command alone.
fn assigned(command: &Command) -> Result<Vec<String>, &'static str> {
    let plain = |text: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_=./,:+".contains(c))
    };
    let each = command.assigns.iter().map(|(name, value)| {
        let is_known = !value.dynamic && plain(&value.text);
        is_known
            .then(|| format!("{name}={}", value.text))
            .ok_or("a variable of the step is not known before it runs")
    });
    each.collect()
}

/// The words of `cargo build` that the compiling of the dependencies needs as well.
fn forwarded(words: &[Word], installs: bool) -> Result<Vec<String>, &'static str> {
    const UNKNOWN: &str = "`cargo chef cook` does not know all flags of the step";
    let mut kept = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let text = word.text.as_str();
        if word.dynamic || word.glob || text.contains(char::is_whitespace) {
            return Err("the words of the step are not known before it runs");
        }
        let name = text.split('=').next().unwrap_or(text);
        // Where it is installed to, and from where, is of no concern to the dependencies.
        let is_place = installs && ["--path", "--root", "--force", "-f", "--no-track"].contains(&name);
        let takes_value = !text.contains('=')
            && (VALUED.contains(&name) || ["--path", "--root", "--jobs", "-j"].contains(&name));
        let value = if takes_value { Some(words.next().ok_or(UNKNOWN)?) } else { None };
        if value.is_some_and(|value| value.dynamic || value.text.contains(char::is_whitespace)) {
            return Err("the words of the step are not known before it runs");
        }
        if is_place || IDLE.contains(&name) {
            continue;
        }
        if !ALONE.contains(&name) && !VALUED.contains(&name) {
            return Err(UNKNOWN);
        }
        kept.push(match name {
            "-r" => "--release".to_owned(),
            "--all" => "--workspace".to_owned(),
            "-F" => "--features".to_owned(),
            _ => text.to_owned(),
        });
        kept.extend(value.map(|value| value.text.clone()));
    }
    Ok(kept)
}
