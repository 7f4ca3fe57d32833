//! Cargo compiles the dependencies again with every source: cargo-chef compiles them from the manifests alone.
//!
//! The stage is cut before its first COPY of the context. What stands above becomes a stage with cargo-chef in it; a
//! second one makes the recipe from the same COPYs; a third goes on as the old one did, with the dependencies compiled
//! before the COPYs. What names a build (an ARG of the commit, and what uses it) moves below the dependencies.

mod cook;
mod project;

use std::ops::Range;

use super::Found;
use super::sheet::Sheet;
use crate::dockerfile::ast::{Instruction, InstructionKind, Run};
use crate::reorder::MoveKind;
use crate::reorder::installs::local_copy;
use crate::reorder::model::{base_image, names_in};
use crate::reorder::rewrite::edited::Edit;
use crate::shell::{Call, names_the_build};

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
    // Compiled without the sources and again with them: the dependencies have a step of their own already.
    let mut all = sheet.runs(stage).filter(|(at, ..)| sheet.calls(stage, *at).iter().any(is_own));
    let start = all.next().map_or(index, |(at, ..)| at);
    let end = all.last().map_or(start, |(at, ..)| at);
    if sheet.instructions(stage)[start..end].iter().any(|own| local_copy(own).is_some()) {
        return None;
    }
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
    let found = |changes: String, edits, differs| Found {
        kind: MoveKind::CompileDependencies,
        at: (stage, index),
        name: name.clone(),
        changes,
        edits,
        differs,
    };
    Some(match site.written() {
        Ok(written) => {
            let mut changes = "adds a tool (cargo-chef, its newest version, compiled once) and two stages; the dependencies are compiled in a step of their own with the same flags (without those of build arguments that have no value), and an edit of the sources no longer compiles them. cargo-chef leaves recipe.json and sources without content in this stage, which the COPYs then replace".to_owned();
            for more in &written.changes {
                changes += "; ";
                changes += more;
            }
            Chef::Offer(found(changes, written.edits, written.differs))
        }
        Err(why) => Chef::Advice(found(
            format!(
                "a stage with cargo-chef makes a recipe of the manifests, and `cargo chef cook` compiles what it names before the sources are copied. It is not written out here, because {why}"
            ),
            Vec::new(),
            Vec::new(),
        )),
    })
}

/// What is written for a stage.
struct Written {
    edits: Vec<Edit>,
    /// What it changes besides.
    changes: Vec<String>,
    differs: Vec<String>,
}

struct Site<'a> {
    sheet: &'a Sheet<'a>,
    stage: usize,
    index: usize,
    own: &'a Instruction,
    run: &'a Run,
}

/// Tells whether the tag of one of Rust's images names a version that cargo-chef cannot be compiled with; without one it
/// is the newest. Version 0.1.78 pins cargo-platform 0.3.2 in its Cargo.lock, whose `rust-version` is 1.88.
fn is_too_old(reference: &str) -> bool {
    let tag = reference.split('@').next().and_then(|name| name.rsplit_once(':')).map_or("", |(_, tag)| tag);
    let mut parts = tag.split('-').next().unwrap_or_default().split('.');
    let (major, minor) = (parts.next(), parts.next().and_then(|minor| minor.parse::<u32>().ok()));
    major == Some("1") && minor.is_some_and(|minor| minor < 88)
}

impl Site<'_> {
    /// The edits, or why they cannot be told.
    fn written(&self) -> Result<Written, &'static str> {
        let all = self.sheet.instructions(self.stage);
        self.stage_fits()?;
        let first = (0..self.index)
            .find(|index| local_copy(&all[*index]).is_some())
            .ok_or("no COPY of the context stands before the step")?;
        self.stands_between(first)?;
        let workdir = self.workdir(first)?;
        project::fits(self.sheet.input)?;
        let late = self.late(first);
        let cook = self.cook(&late)?;
        let mut edits = vec![self.renamed().ok_or("its FROM is written in an unusual way")?];
        let text = &*self.sheet.draft.dockerfile.text;
        edits.extend(late.iter().map(|at| Edit::remove(block(text, &all[*at]))));
        edits.push(self.put_in(first, &workdir, &late, &cook));
        let mut written = Written { edits, changes: Vec::new(), differs: Vec::new() };
        if !late.is_empty() {
            written.changes.push(
                "what names the build (its commit, date or version) is set below the dependencies, which are taken not to look at it".to_owned(),
            );
        }
        self.lock(&mut written)?;
        Ok(written)
    }

    /// Refuses a stage whose place in the Dockerfile leaves no room for another.
    fn stage_fits(&self) -> Result<(), &'static str> {
        let (sheet, stage) = (self.sheet, self.stage);
        let dockerfile = &sheet.draft.dockerfile;
        if base_image(dockerfile, stage).is_none_or(|name| name != "rust") {
            return Err("the base is none of Rust's own images");
        }
        if is_too_old(sheet.base(stage)) {
            return Err(
                "the newest cargo-chef is compiled with Rust 1.88 or later; an older one can be named (`cargo install cargo-chef --version`)",
            );
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
        Ok(())
    }

    /// The directory in which the manifests come to lie and the step works.
    fn workdir(&self, first: usize) -> Result<String, &'static str> {
        let (sheet, stage) = (self.sheet, self.stage);
        let workdir = sheet.scope(stage, first).workdir.clone();
        let workdir = workdir.filter(|dir| !dir.contains(char::is_whitespace));
        let workdir = workdir.ok_or("the working directory is not known")?;
        if sheet.scope(stage, self.index).workdir.as_ref() != Some(&workdir) {
            return Err("the COPYs and the step work in different directories");
        }
        let manifest = crate::shell::join(&workdir, "Cargo.toml");
        let brings = sheet.stage(stage).items[first..self.index].iter().any(|item| {
            item.footprint.context.takes(sheet.input.tree, "Cargo.toml")
                && item.footprint.writes.touches(&manifest)
        });
        if brings { Ok(workdir) } else { Err("Cargo.toml does not come to lie where the step works") }
    }

    /// ARGs and ENVs between the last RUN above the COPYs and those that name the build, or use one that does: with
    /// them above the dependencies, every commit would compile these anew.
    fn late(&self, first: usize) -> Vec<usize> {
        let all = self.sheet.instructions(self.stage);
        let is_run = |at: &usize| matches!(all[*at].kind, InstructionKind::Run(_));
        let start = (0..first).rev().find(is_run).map_or(0, |at| at + 1);
        let mut names: Vec<String> = Vec::new();
        let mut late = Vec::new();
        for at in start..first {
            let names_one = |raw: &str| names_in(raw).iter().any(|used| names.contains(used));
            let set: Vec<&String> = match &all[at].kind {
                InstructionKind::Arg(all)
                    if all.iter().all(|arg| {
                        names_the_build(&arg.name) || arg.default.as_deref().is_some_and(names_one)
                    }) =>
                {
                    all.iter().map(|arg| &arg.name).collect()
                }
                InstructionKind::Env(pairs) if pairs.iter().all(|pair| names_one(&pair.value)) => {
                    pairs.iter().map(|pair| &pair.key).collect()
                }
                _ => continue,
            };
            names.extend(set.into_iter().cloned());
            late.push(at);
        }
        // What stays above must not use what would then be set below it.
        let uses_one = |at: &usize| {
            let uses = &self.sheet.stage(self.stage).items[*at].footprint.uses.names;
            !late.contains(at) && uses.iter().any(|used| names.contains(used))
        };
        if (start..first).any(|at| uses_one(&at)) { Vec::new() } else { late }
    }

    /// The lines before the first COPY: the end of the old head, the stage of the recipe, the beginning of the rest.
    fn put_in(&self, first: usize, workdir: &str, late: &[usize], cook: &str) -> Edit {
        let dockerfile = &self.sheet.draft.dockerfile;
        let text = &*dockerfile.text;
        let all = self.sheet.instructions(self.stage);
        let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let copies = all[first..self.index].iter().filter(|own| local_copy(own).is_some());
        let is_arg = |at: &usize| matches!(all[*at].kind, InstructionKind::Arg(_)) && !late.contains(at);
        let args = (0..first).filter(is_arg).map(|at| &text[all[at].span.clone()]);
        let named = dockerfile.stages[self.stage].name.as_deref();
        let from = named.map_or_else(|| "FROM chef".to_owned(), |name| format!("FROM chef AS {name}"));
        let recipe =
            format!("COPY --from=planner {} recipe.json", crate::shell::join(workdir, "recipe.json"));
        let mut lines = vec!["RUN cargo install cargo-chef --locked", "", "FROM chef AS planner"];
        lines.extend(copies.map(|own| &text[own.span.clone()]));
        lines.extend(["RUN cargo chef prepare --recipe-path recipe.json", "", &from]);
        lines.extend(args);
        lines.extend([recipe.as_str(), cook]);
        let mut put_in = format!("{}{newline}", lines.join(newline));
        for at in late {
            let moved = &text[block(text, &all[*at])];
            put_in += moved;
            if !moved.ends_with('\n') {
                put_in += newline;
            }
        }
        let at = start_of_block(text, &all[first]);
        Edit { span: at..at, text: put_in, of: Some((self.stage, self.index)) }
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

/// Where an instruction begins, its comments counted.
fn start_of_block(text: &str, own: &Instruction) -> usize {
    let first = own.comments.first().map_or(own.span.start, |comment| comment.span.start);
    text[..first].rfind('\n').map_or(0, |end| end + 1)
}

/// An instruction's lines, its comments and the last line break counted.
fn block(text: &str, own: &Instruction) -> Range<usize> {
    let end = text[own.span.end..].find('\n').map_or(text.len(), |end| own.span.end + end + 1);
    start_of_block(text, own)..end
}
