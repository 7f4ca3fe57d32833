//! Cargo compiles the dependencies again with every source: cargo-chef compiles them from the manifests alone.
//!
//! The stage is cut before its first COPY of the context. What stands above becomes a stage with cargo-chef in it; a
//! second one makes the recipe from the same COPYs; a third goes on as the old one did, with the dependencies compiled
//! before the COPYs.

use super::Found;
use super::sheet::Sheet;
use crate::dockerfile::ast::{CommandLine, Instruction, InstructionKind, Run};
use crate::reorder::MoveKind;
use crate::reorder::installs::local_copy;
use crate::reorder::model::base_image;
use crate::reorder::rewrite::edited::Edit;
use crate::reorder::rewrite::head_and_command;
use crate::shell::{Call, Command};

/// Flags of `cargo build` that `cargo chef cook` has as well: those alone, and those with a value.
const ALONE: [&str; 9] = [
    "--release",
    "-r",
    "--no-default-features",
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
const IDLE: [&str; 8] = ["--locked", "--bins", "--verbose", "-v", "-q", "--quiet", "--timings", "--jobs"];

/// What is told of a stage whose dependencies are compiled with its sources.
pub(super) enum Chef {
    Offer(Found),
    /// It cannot be written whole.
    Advice(Found),
}

/// Looks at a stage; the first RUN that compiles counts.
pub(super) fn find(sheet: &Sheet<'_>, stage: usize, least: f64) -> Option<Chef> {
    let dockerfile = &sheet.draft.dockerfile;
    let compiles = |call: &Call| {
        let verb = call.operands.first().map(|word| word.text.as_str());
        call.program == "cargo" && verb.is_some_and(|verb| ["build", "b", "install", "test"].contains(&verb))
    };
    let is_own =
        |call: &Call| compiles(call) && (call.operands[0].text != "install" || call.has(&["--path"]));
    let first = sheet.runs(stage).find(|(index, ..)| {
        sheet.each[stage][*index] >= least && sheet.calls(stage, *index).iter().any(is_own)
    });
    let (index, own, run) = first?;
    let caches_target =
        run.mounts.iter().any(|mount| mount.value.contains("type=cache") && mount.value.contains("target="))
            && run.mounts.iter().any(|mount| {
                mount.value.split(',').any(|part| part.starts_with("target=") && part.ends_with("/target"))
            });
    if dockerfile.text.contains("chef") || caches_target || !sheet.input.tree.contains("Cargo.toml") {
        return None;
    }
    let site = Site { sheet, stage, index, own, run };
    let name = "compile the dependencies from the manifests alone, with cargo-chef".to_owned();
    let found = |changes: String, edits| Found {
        kind: MoveKind::CompileDependencies,
        at: (stage, index),
        name: name.clone(),
        changes,
        edits,
        differs: Vec::new(),
    };
    Some(match site.written() {
        Ok(edits) => Chef::Offer(found(
            "adds a tool (cargo-chef, its newest version, compiled once) and two stages; the dependencies are compiled in a step of their own with the same flags, and an edit of the sources no longer compiles them. cargo-chef leaves recipe.json and sources without content in this stage, which the COPYs then replace".to_owned(),
            edits,
        )),
        Err(why) => Chef::Advice(found(
            format!("a stage with cargo-chef makes a recipe of the manifests, and `cargo chef cook` compiles what it names before the sources are copied. It is not written out here, because {why}"),
            Vec::new(),
        )),
    })
}

struct Site<'a> {
    sheet: &'a Sheet<'a>,
    stage: usize,
    index: usize,
    own: &'a Instruction,
    run: &'a Run,
}

impl Site<'_> {
    /// The edits, or why they cannot be told.
    fn written(&self) -> Result<Vec<Edit>, &'static str> {
        let (sheet, stage) = (self.sheet, self.stage);
        let dockerfile = &sheet.draft.dockerfile;
        let text = &*dockerfile.text;
        let all = sheet.instructions(stage);
        if base_image(dockerfile, stage).is_none_or(|name| name != "rust") {
            return Err("the base is none of Rust's own images");
        }
        if sheet.is_shipped(&sheet.family(stage)) {
            return Err("the image that is built comes from this stage, and would hold cargo-chef");
        }
        if self.counts_stages() {
            return Err("stages are named by their numbers, which would change");
        }
        if dockerfile.stage_index("planner").is_some() {
            return Err("there is a stage called planner already");
        }
        let first = (0..self.index)
            .find(|index| local_copy(&all[*index]).is_some())
            .ok_or("no COPY of the context stands before the step")?;
        self.stands_between(first)?;
        let scope = sheet.scope(stage, first);
        let workdir = scope.workdir.clone().filter(|dir| dir != "/" && !dir.contains(char::is_whitespace));
        let workdir = workdir.ok_or("the working directory is not known")?;
        if sheet.scope(stage, self.index).workdir.as_ref() != Some(&workdir) {
            return Err("the COPYs and the step work in different directories");
        }
        if !sheet.stage(stage).items[first..self.index].iter().any(|item| {
            item.footprint.context.iter().any(|path| path == "Cargo.toml")
                && item.footprint.writes.touches(&format!("{}/Cargo.toml", workdir.trim_end_matches('/')))
        }) {
            return Err("Cargo.toml does not come to lie where the step works");
        }
        let cook = self.cook()?;
        let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let copies = all[first..self.index].iter().filter(|own| local_copy(own).is_some());
        let copies: Vec<&str> = copies.map(|own| &text[own.span.clone()]).collect();
        let args = all[..first].iter().filter(|own| matches!(own.kind, InstructionKind::Arg(_)));
        let args: Vec<&str> = args.map(|own| &text[own.span.clone()]).collect();
        let named = dockerfile.stages[stage].name.as_deref();
        let mut lines = vec!["RUN cargo install cargo-chef --locked", "", "FROM chef AS planner"];
        lines.extend(&copies);
        let from = named.map_or_else(|| "FROM chef".to_owned(), |name| format!("FROM chef AS {name}"));
        let recipe = format!("COPY --from=planner {workdir}/recipe.json recipe.json");
        lines.extend(["RUN cargo chef prepare --recipe-path recipe.json", "", &from]);
        lines.extend(&args);
        lines.extend([recipe.as_str(), cook.as_str()]);
        let block = format!("{}{newline}", lines.join(newline));
        let at = start_of_block(text, &all[first]);
        let put_in = Edit { span: at..at, text: block, of: Some((stage, self.index)) };
        Ok(vec![self.renamed().ok_or("its FROM is written in an unusual way")?, put_in])
    }

    /// Tells whether a COPY or a mount names a stage by its number, so that no stage may be put in.
    fn counts_stages(&self) -> bool {
        let is_number = |name: &str| name.parse::<usize>().is_ok();
        let stages = self.sheet.draft.dockerfile.stages.iter();
        stages.flat_map(|stage| &stage.instructions).any(|own| match &own.kind {
            InstructionKind::Copy(copy) => copy.from.as_deref().is_some_and(is_number),
            InstructionKind::Run(run) => run.mounts.iter().any(|mount| {
                mount.value.split(',').any(|part| part.trim().strip_prefix("from=").is_some_and(is_number))
            }),
            _ => false,
        })
    }

    /// Refuses what must not stand above the dependencies, or between the COPYs and the step.
    fn stands_between(&self, first: usize) -> Result<(), &'static str> {
        let all = self.sheet.instructions(self.stage);
        for (index, own) in all[..self.index].iter().enumerate() {
            match &own.kind {
                InstructionKind::User(_) => return Err("another user than root runs it"),
                InstructionKind::Onbuild(_) => return Err("ONBUILD stands in the stage"),
                _ if index < first => {}
                InstructionKind::Copy(copy) if copy.from.is_some() => {}
                InstructionKind::Copy(_) | InstructionKind::Add(_) => {
                    let spec = local_copy(own).ok_or("a COPY or ADD is of an unusual kind")?;
                    let words = spec.sources.iter().chain([&spec.dest]);
                    if !spec.heredocs.is_empty() || words.into_iter().any(|word| word.contains('$')) {
                        return Err("a COPY has variables or text in it");
                    }
                }
                InstructionKind::Label(_) | InstructionKind::Expose(_) => {}
                _ => return Err("something else than COPY stands between the COPYs and the step"),
            }
        }
        Ok(())
    }

    /// `RUN cargo chef cook …` with the flags, the variables and the mounts of the step.
    fn cook(&self) -> Result<String, &'static str> {
        let script = self.sheet.script(self.stage, self.index, self.run);
        let is_shell = matches!(self.run.command, CommandLine::Shell(_)) && self.run.heredocs.is_empty();
        let cargo = |command: &&Command| {
            command.words.first().is_some_and(|word| word.text == "cargo")
                && command
                    .words
                    .get(1)
                    .is_some_and(|word| ["build", "b", "install", "test"].contains(&word.text.as_str()))
        };
        let command = script.commands.iter().find(cargo).filter(|_| is_shell && script.understood);
        let command = command.ok_or("the step's command is not understood")?;
        if script
            .commands
            .iter()
            .any(|command| command.words.first().is_some_and(|word| word.text == "export"))
        {
            return Err("the step sets variables");
        }
        let plain = |text: &str| {
            !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_=./,:+".contains(c))
        };
        let mut words: Vec<String> = Vec::new();
        for (name, value) in &command.assigns {
            if value.dynamic || !plain(&value.text) {
                return Err("a variable of the step is not known before it runs");
            }
            words.push(format!("{name}={}", value.text));
        }
        words.extend(["cargo", "chef", "cook"].map(str::to_owned));
        let installs = command.words[1].text == "install";
        if installs && !command.words.iter().any(|word| word.text == "--locked") {
            return Err("`cargo install` without --locked takes other versions than the recipe pins");
        }
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
        if self
            .run
            .mounts
            .iter()
            .any(|mount| !mount.value.contains("type=cache") && !mount.value.contains("type=s"))
        {
            return Err("files are mounted into the step");
        }
        // Flags over several lines go on so.
        let newline = head.find('\n').map(|end| &head[head[..end].trim_end_matches('\r').len()..=end]);
        let joint = newline.map_or_else(|| " ".to_owned(), |newline| format!(" \\{newline}    "));
        Ok(format!("{head}{joint}{}", words.join(" ")))
    }

    /// The stage's FROM with the name `chef`.
    fn renamed(&self) -> Option<Edit> {
        let dockerfile = &self.sheet.draft.dockerfile;
        let stage = &dockerfile.stages[self.stage];
        let after = &dockerfile.text[stage.base_span.end..stage.span.end];
        let words: Vec<&str> = after.split_whitespace().collect();
        let fits = match (words.as_slice(), &stage.name) {
            ([], None) => true,
            ([keyword, name], Some(known)) => {
                keyword.eq_ignore_ascii_case("as") && name.eq_ignore_ascii_case(known)
            }
            _ => false,
        };
        let keyword = words.first().copied().unwrap_or("AS");
        let edit =
            Edit { span: stage.base_span.end..stage.span.end, text: format!(" {keyword} chef"), of: None };
        fits.then_some(edit)
    }
}

/// The words of `cargo build` that the compiling of the dependencies needs as well.
fn forwarded(words: &[crate::shell::Word], installs: bool) -> Result<Vec<String>, &'static str> {
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
        let takes_value =
            !text.contains('=') && (VALUED.contains(&name) || ["--path", "--root", "--jobs"].contains(&name));
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

/// Where an instruction begins, its comments counted.
fn start_of_block(text: &str, own: &Instruction) -> usize {
    let first = own.comments.first().map_or(own.span.start, |comment| comment.span.start);
    text[..first].rfind('\n').map_or(0, |end| end + 1)
}
