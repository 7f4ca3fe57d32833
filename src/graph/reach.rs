//! Which stages there are, what names mean, what the target needs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::convert::{Converter, expand_error, stage_error};
use super::image::{canonical, check};
use super::options::Platform;
use super::run::mount_sources;
use super::stage::{Command, Draft};
use crate::dockerfile::ast::{Dockerfile, Instruction, InstructionKind, Span};
use crate::dockerfile::{Diagnostic, parse};

/// The name of the empty image.
pub(super) const SCRATCH: &str = "scratch";

impl Converter<'_> {
    /// Makes a draft of every stage (`buildDispatchStates`).
    pub(super) fn draft_stages(&mut self, file: &Dockerfile) -> Result<(), Diagnostic> {
        for (i, stage) in file.stages.iter().enumerate() {
            let global = |n: &str| self.globals.get(n).map(str::to_string);
            let fail = |e| expand_error(self.text, stage.base_span.clone(), &e);
            let base_name = self.lexer().process_word(&stage.base, &global).map_err(fail)?.text;
            if base_name.is_empty() {
                return Err(stage_error(
                    self.text,
                    stage.base_span.clone(),
                    format!("the base of this stage is empty after {} is expanded", stage.base),
                    Some("give the ARG a default before the first FROM, or pass --build-arg".into()),
                    crate::dockerfile::diagnostic::DiagnosticKind::Parse,
                ));
            }
            let platform = match &stage.platform {
                None => None,
                Some(p) => {
                    let text = self.lexer().process_word(p, &global).map_err(fail)?.text;
                    Some(Platform::parse(&text).map_err(|m| {
                        let kind = crate::dockerfile::diagnostic::DiagnosticKind::Parse;
                        stage_error(self.text, stage.span.clone(), m, None, kind)
                    })?)
                }
            };
            let mut draft = Draft {
                name: stage.name.clone(),
                shown: stage.name.clone().unwrap_or_else(|| format!("stage-{i}")),
                base_name,
                platform,
                line: stage.line,
                span: stage.span.clone(),
                base_span: stage.base_span.clone(),
                from_original: stage.original.clone(),
                ..Draft::default()
            };
            if let Some(Err(why)) = stage.name.as_deref().filter(|n| !is_reserved(n)).map(check) {
                // BuildKit looks for a named context of this name, and such names are those of images.
                let name = stage.name.as_deref().unwrap_or_default();
                let kind = crate::dockerfile::diagnostic::DiagnosticKind::Parse;
                let message = format!("`{name}` cannot be the name of a stage: {why}");
                return Err(stage_error(self.text, stage.span.clone(), message, None, kind));
            }
            if let Some(n) = stage.name.as_deref().and_then(|n| self.named_context(n)) {
                draft.named_context = Some(n);
                draft.replaced = true;
                let at = self.add_draft(draft);
                self.drafts[at].base = None;
                continue;
            }
            let at = self.add_draft(draft);
            let own = u32::from(self.drafts[at].base_name != SCRATCH && self.drafts[at].base.is_none());
            let counted = stage.instructions.iter().filter(|c| is_counted(&c.kind)).count() as u32;
            self.drafts[at].total = own + counted;
            self.drafts[at].from_total = own + counted;
            self.drafts[at].ignore_cache = self.options.no_cache.covers(stage.name.as_deref());
        }
        Ok(())
    }

    /// Adds a draft and gives it its base, if a stage of this very name stands before it.
    fn add_draft(&mut self, mut draft: Draft) -> usize {
        let at = self.drafts.len();
        draft.base = self.by_name.get(&draft.base_name).copied();
        if let Some(n) = &draft.name {
            self.by_name.insert(n.to_lowercase(), at);
        }
        self.drafts.push(draft);
        at
    }

    /// Finds the named context that stands for a stage or image of this name.
    pub(super) fn named_context(&self, name: &str) -> Option<String> {
        if is_reserved(name) {
            return None;
        }
        let wanted = canonical(name);
        self.options.named_contexts.iter().find(|n| n.as_str() == name || canonical(n) == wanted).cloned()
    }

    /// Resolves what every `--from` names (`buildStageDependencyGraph`) and checks that nothing needs itself.
    pub(super) fn link_stages(&mut self, file: &Dockerfile) -> Result<(), Diagnostic> {
        for (at, stage) in file.stages.iter().enumerate() {
            let mut commands = Vec::with_capacity(stage.instructions.len());
            for (n, instruction) in stage.instructions.iter().enumerate() {
                let sources = self.sources_of(instruction)?;
                let instruction = Arc::new(instruction.clone());
                commands.push(Command { instruction, index: Some(n), onbuild: false, sources });
            }
            self.drafts[at].commands = commands;
        }
        self.check_circles()?;
        if self.drafts.len() == 1 {
            self.drafts[0].shown.clear();
        }
        Ok(())
    }

    /// The drafts an instruction copies or mounts from; images are added as drafts of their own.
    pub(super) fn sources_of(&mut self, instruction: &Instruction) -> Result<Vec<usize>, Diagnostic> {
        match &instruction.kind {
            InstructionKind::Copy(c) => match c.from.as_deref() {
                None | Some("") => Ok(Vec::new()),
                Some(from) => Ok(vec![self.copy_source(from, instruction)?]),
            },
            InstructionKind::Run(run) => {
                let names = mount_sources(run).map_err(|(m, span)| {
                    let kind = crate::dockerfile::diagnostic::DiagnosticKind::Parse;
                    stage_error(self.text, span, m, None, kind)
                })?;
                let places = names.iter().zip(&run.mounts);
                Ok(places.map(|(n, mount)| self.stage_or_image(n, mount.span.clone())).collect())
            }
            _ => Ok(Vec::new()),
        }
    }

    fn copy_source(&mut self, from: &str, instruction: &Instruction) -> Result<usize, Diagnostic> {
        use crate::dockerfile::diagnostic::DiagnosticKind::{Parse, StageNotFound};
        let none = |_: &str| None;
        let span = instruction.span.clone();
        let expanded =
            self.lexer().process_word(from, &none).map_err(|e| expand_error(self.text, span.clone(), &e))?;
        if expanded.text != from {
            return Err(stage_error(
                self.text,
                span,
                "--from cannot hold a variable".into(),
                Some("name a stage with FROM $VARIABLE AS name, and copy from that name".into()),
                Parse,
            ));
        }
        match from.parse::<i64>() {
            Ok(n) if n < 0 || n as usize >= self.drafts.len() => Err(stage_error(
                self.text,
                span,
                format!("there is no stage number {n}"),
                Some(format!("stages are numbered from 0 to {}", self.stage_count.saturating_sub(1))),
                StageNotFound,
            )),
            Ok(n) => Ok(n as usize),
            Err(_) => Ok(self.stage_or_image(from, span)),
        }
    }

    fn stage_or_image(&mut self, name: &str, base_span: Span) -> usize {
        match self.by_name.get(&name.to_lowercase()) {
            Some(&at) => at,
            None => {
                let base_name = name.to_string();
                let draft = Draft { base_name, base_span, unregistered: true, ..Draft::default() };
                self.add_draft(draft)
            }
        }
    }

    /// Numbers of the drafts that a draft is built on or copies from.
    pub(super) fn needs(&self, at: usize) -> BTreeSet<usize> {
        let d = &self.drafts[at];
        d.base.into_iter().chain(self.sources(at)).collect()
    }

    /// Numbers of the drafts that a draft copies or mounts from.
    fn sources(&self, at: usize) -> BTreeSet<usize> {
        self.drafts[at].commands.iter().flat_map(|c| c.sources.iter().copied()).collect()
    }

    fn check_circles(&self) -> Result<(), Diagnostic> {
        // 0 not seen, 1 on the way, 2 done
        fn visit(c: &Converter<'_>, at: usize, marks: &mut [u8], way: &mut Vec<usize>) -> Option<Vec<usize>> {
            match marks[at] {
                2 => return None,
                1 => {
                    let from = way.iter().position(|&w| w == at).unwrap_or(0);
                    let mut circle = way[from..].to_vec();
                    circle.push(at);
                    return Some(circle);
                }
                _ => {}
            }
            marks[at] = 1;
            way.push(at);
            // The base does not count: it stands above, or else the name is not that of a stage.
            for next in c.sources(at) {
                if let Some(found) = visit(c, next, marks, way) {
                    return Some(found);
                }
            }
            way.pop();
            marks[at] = 2;
            None
        }
        let mut marks = vec![0; self.drafts.len()];
        for at in 0..self.drafts.len() {
            if let Some(circle) = visit(self, at, &mut marks, &mut Vec::new()) {
                let names: Vec<&str> = circle.iter().map(|&i| self.drafts[i].shown.as_str()).collect();
                return Err(stage_error(
                    self.text,
                    self.drafts[circle[0]].span.clone(),
                    format!("stages need each other in a circle: {}", names.join(" -> ")),
                    Some("copy from a stage that stands above".into()),
                    crate::dockerfile::diagnostic::DiagnosticKind::StageNotFound,
                ));
            }
        }
        Ok(())
    }

    /// Finds the target stage.
    pub(super) fn find_target(&self, file: &Dockerfile) -> Result<usize, Diagnostic> {
        let Some(name) = self.options.target.as_deref().filter(|t| !t.is_empty()) else {
            return Ok(file.stages.len() - 1);
        };
        self.by_name.get(&name.to_lowercase()).copied().ok_or_else(|| {
            let names: Vec<&str> = file.stages.iter().filter_map(|s| s.name.as_deref()).collect();
            let help = if names.is_empty() {
                "no stage has a name; add AS name to the FROM that you mean".to_string()
            } else {
                format!("stages with a name: {}", names.join(", "))
            };
            stage_error(
                self.text,
                0..0,
                format!("there is no stage named {name:?} to build"),
                Some(help),
                crate::dockerfile::diagnostic::DiagnosticKind::StageNotFound,
            )
        })
    }

    /// Everything the target needs, ONBUILD triggers of the bases included (`resolveStages`).
    pub(super) fn resolve_reachable(&mut self, target: usize) -> Result<BTreeSet<usize>, Diagnostic> {
        loop {
            self.check_images()?;
            let mut reachable = BTreeSet::new();
            let mut todo = vec![target];
            while let Some(at) = todo.pop() {
                if reachable.insert(at) {
                    todo.extend(self.needs(at));
                }
            }
            // A FROM is named, and so counted, once in every round until the stage is found to be needed.
            for (at, draft) in self.drafts.iter_mut().enumerate().filter(|(_, draft)| !draft.resolved) {
                draft.rounds += 1;
                draft.resolved = reachable.contains(&at);
            }
            let mut new_needs = false;
            for &at in &reachable {
                new_needs |= self.add_triggers(at)?;
            }
            if !new_needs {
                return Ok(reachable);
            }
        }
    }

    /// Checks that what is no stage can be an image, needed or not.
    fn check_images(&self) -> Result<(), Diagnostic> {
        use crate::dockerfile::diagnostic::DiagnosticKind::{Parse, StageNotFound};
        for draft in &self.drafts {
            let empty = draft.base_name == SCRATCH && draft.named_context.is_none();
            if draft.base.is_some() || empty {
                continue;
            }
            let Err(why) = check(&draft.base_name) else { continue };
            let name = &draft.base_name;
            let stage = self.by_name.get(&name.to_lowercase()).map(|&at| &self.drafts[at]);
            let (kind, help) = match stage.and_then(|stage| stage.name.as_deref()) {
                // FROM finds stages by their name in lower case alone (`statesByName[BaseName]`).
                Some(stage) => (StageNotFound, Some(format!("FROM finds the stage as `{stage}`"))),
                None => (Parse, None),
            };
            let message = format!("`{name}` is neither a stage above nor an image: {why}");
            return Err(stage_error(self.text, draft.base_span.clone(), message, help, kind));
        }
        Ok(())
    }

    /// Puts the ONBUILD triggers of a stage's base before its own commands; says whether they need more stages.
    fn add_triggers(&mut self, at: usize) -> Result<bool, Diagnostic> {
        if self.drafts[at].onbuild_done || self.drafts[at].unregistered {
            return Ok(false);
        }
        self.drafts[at].onbuild_done = true;
        let triggers: Vec<String> = match self.drafts[at].base {
            Some(b) => self.drafts[b]
                .commands
                .iter()
                .filter_map(|c| match &c.instruction.kind {
                    InstructionKind::Onbuild(t) => Some(t.clone()),
                    _ => None,
                })
                .collect(),
            None if self.drafts[at].base_name == SCRATCH || self.drafts[at].named_context.is_some() => {
                Vec::new()
            }
            None => {
                let name = canonical(&self.drafts[at].base_name);
                self.options.image(&name).1.map(|c| c.onbuild.clone()).unwrap_or_default()
            }
        };
        let mut commands = Vec::with_capacity(triggers.len());
        let mut new_needs = false;
        for trigger in &triggers {
            let mut instruction = self.read_trigger(at, trigger)?;
            instruction.line = self.drafts[at].line;
            instruction.end_line = self.drafts[at].line;
            instruction.span = self.drafts[at].span.clone();
            let sources = self.sources_of(&instruction)?;
            new_needs |= !sources.is_empty();
            commands.push(Command {
                instruction: Arc::new(instruction),
                index: None,
                onbuild: true,
                sources,
            });
        }
        let draft = &mut self.drafts[at];
        draft.total += commands.len() as u32;
        commands.append(&mut draft.commands);
        draft.commands = commands;
        Ok(new_needs)
    }

    /// Reads a trigger, with problems told at the FROM that brings it.
    fn read_trigger(&self, at: usize, trigger: &str) -> Result<Instruction, Diagnostic> {
        let kind = crate::dockerfile::diagnostic::DiagnosticKind::Parse;
        let place = self.drafts[at].base_span.clone();
        let fail = |why: &str, help| {
            let message = format!("the base's ONBUILD trigger `{trigger}` cannot be run here: {why}");
            stage_error(self.text, place.clone(), message, help, kind)
        };
        let parsed = parse(&format!("FROM {SCRATCH}\n{trigger}\n")).map_err(|e| fail(&e.message, e.help))?;
        let mut instructions = parsed.stages.into_iter().flat_map(|stage| stage.instructions);
        match (instructions.next(), instructions.next()) {
            (Some(only), None) => Ok(only),
            _ => Err(fail("it has to be one instruction", None)),
        }
    }

    /// Sets the global arguments: those that BuildKit gives, and those before the first FROM.
    pub(super) fn globals_from(&mut self, file: &Dockerfile) -> Result<(), Diagnostic> {
        let build = &self.options.build_platform;
        let target = &self.options.platform;
        let stage = match self.options.target.as_deref() {
            Some(t) if !t.is_empty() => t.to_string(),
            _ => file.stages.last().and_then(|s| s.name.clone()).unwrap_or_else(|| "default".into()),
        };
        let defaults: BTreeMap<&str, String> = BTreeMap::from([
            ("BUILDPLATFORM", build.format()),
            ("BUILDOS", build.os.clone()),
            ("BUILDOSVERSION", String::new()),
            ("BUILDARCH", build.arch.clone()),
            ("BUILDVARIANT", build.variant.clone()),
            ("TARGETPLATFORM", target.format()),
            ("TARGETOS", target.os.clone()),
            ("TARGETOSVERSION", String::new()),
            ("TARGETARCH", target.arch.clone()),
            ("TARGETVARIANT", target.variant.clone()),
            ("TARGETSTAGE", stage),
        ]);
        for (name, value) in defaults {
            let value = self.options.build_args.get(name).cloned().unwrap_or(value);
            self.globals.set(name, &value);
        }
        for arg in &file.global_args {
            let InstructionKind::Arg(decls) = &arg.kind else { continue };
            for d in decls {
                let value = match (self.options.build_args.get(&d.name), &d.default) {
                    (Some(v), _) => Some(v.clone()),
                    (None, Some(raw)) => {
                        let global = |n: &str| self.globals.get(n).map(str::to_string);
                        let expanded = self.lexer().process_word(raw, &global);
                        Some(expanded.map_err(|e| expand_error(self.text, arg.span.clone(), &e))?.text)
                    }
                    (None, None) => None,
                };
                if let Some(v) = value {
                    self.globals.set(&d.name, &v);
                }
            }
        }
        Ok(())
    }
}

/// ADD, COPY, RUN and WORKDIR count in a label's total, even a WORKDIR that makes no vertex.
fn is_counted(kind: &InstructionKind) -> bool {
    matches!(
        kind,
        InstructionKind::Add(_)
            | InstructionKind::Copy(_)
            | InstructionKind::Run(_)
            | InstructionKind::Workdir(_)
    )
}

/// Names that no named context can have.
fn is_reserved(name: &str) -> bool {
    name.eq_ignore_ascii_case(SCRATCH) || name.eq_ignore_ascii_case("context")
}
