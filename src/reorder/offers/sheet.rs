//! The Dockerfile that is proposed, as offers are looked for in it and made in it.

use std::cell::OnceCell;

use crate::dockerfile::ast::{Instruction, InstructionKind, Run, Span};
use crate::reorder::ReorderInput;
use crate::reorder::footprint::{run_effects, run_script};
use crate::reorder::model::{Edits, Model, StageModel, base_references};
use crate::reorder::rewrite::{Draft, edited};
use crate::reorder::scope::Scope;
use crate::shell::{Call, Effects, PathPattern, PathSet, Script, calls};

/// COPYs that were added for an install step, and what they bring it.
#[derive(Debug, Clone)]
pub(in crate::reorder) struct Bound {
    /// Spans of the COPYs in the text.
    pub(in crate::reorder) copies: Vec<Span>,
    /// Span of the RUN.
    pub(in crate::reorder) run: Span,
    /// Context paths with their places in the stage.
    pub(in crate::reorder) files: Vec<(String, String)>,
}

/// A Dockerfile with what it is expected to take.
#[derive(Clone)]
pub(in crate::reorder) struct Sheet<'a> {
    pub(in crate::reorder) draft: Draft,
    pub(in crate::reorder) model: Model,
    /// Expected seconds of a rebuild.
    pub(in crate::reorder) seconds: f64,
    /// Those of each instruction, stage by stage.
    pub(in crate::reorder) each: Vec<Vec<f64>>,
    pub(in crate::reorder) bound: Vec<Bound>,
    pub(in crate::reorder) input: &'a ReorderInput<'a>,
    /// The programs of each RUN, once they are asked for.
    calls: OnceCell<Vec<Vec<Vec<Call>>>>,
    /// What each RUN does, once it is asked for.
    effects: OnceCell<Vec<Vec<Option<Effects>>>>,
    /// The image of each stage, once it is asked for.
    bases: OnceCell<Vec<String>>,
}

impl<'a> Sheet<'a> {
    pub(in crate::reorder) fn new(draft: Draft, bound: Vec<Bound>, input: &'a ReorderInput<'a>) -> Self {
        let model = Model::new(&draft, input);
        Self::of(draft, model, bound, input)
    }

    /// As [`Sheet::new`], where the Dockerfile is read as a model already.
    pub(in crate::reorder) fn of(
        draft: Draft,
        mut model: Model,
        bound: Vec<Bound>,
        input: &'a ReorderInput<'a>,
    ) -> Self {
        let edits = Edits::new(&mut model);
        let (seconds, each) = (model.expected_seconds(&edits), model.expected_each(&edits));
        let (calls, effects, bases) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
        Self { draft, model, seconds, each, bound, input, calls, effects, bases }
    }

    /// Makes edits; `None` where the text cannot be read then.
    pub(super) fn with(&self, edits: &[edited::Edit]) -> Option<Self> {
        let draft = self.draft.edited(edits)?;
        let bound = self.bound.iter().filter_map(|bound| {
            let copies: Option<Vec<Span>> =
                bound.copies.iter().map(|copy| Draft::shifted(copy, edits)).collect();
            Some(Bound { copies: copies?, run: Draft::shifted(&bound.run, edits)?, ..bound.clone() })
        });
        let bound = bound.collect();
        Some(Self::new(draft, bound, self.input))
    }

    /// Expected seconds of the steps that edits are in.
    pub(super) fn takes(&self, edits: &[edited::Edit]) -> f64 {
        let stages = self.draft.dockerfile.stages.iter().zip(&self.each);
        let steps = stages.flat_map(|(stage, each)| stage.instructions.iter().zip(each));
        let edited = steps.filter(|(own, _)| edits.iter().any(|edit| own.span.contains(&edit.span.start)));
        edited.map(|(_, seconds)| seconds).sum()
    }

    pub(super) fn instructions(&self, stage: usize) -> &[Instruction] {
        &self.draft.dockerfile.stages[stage].instructions
    }

    pub(super) fn text(&self, instruction: &Instruction) -> &str {
        &self.draft.dockerfile.text[instruction.span.clone()]
    }

    pub(super) fn stage(&self, stage: usize) -> &StageModel {
        &self.model.stages[stage]
    }

    pub(super) fn scope(&self, stage: usize, index: usize) -> &Scope {
        &self.model.stages[stage].scopes[index]
    }

    /// The RUNs of a stage with their numbers.
    pub(super) fn runs(&self, stage: usize) -> impl Iterator<Item = (usize, &Instruction, &Run)> {
        self.instructions(stage).iter().enumerate().filter_map(|(index, own)| match &own.kind {
            InstructionKind::Run(run) => Some((index, own, run)),
            _ => None,
        })
    }

    pub(super) fn script(&self, stage: usize, index: usize, run: &Run) -> Script {
        run_script(run, self.scope(stage, index))
    }

    /// The programs that a RUN runs.
    pub(super) fn calls(&self, stage: usize, index: usize) -> &[Call] {
        let all = self.calls.get_or_init(|| {
            let of_run = |stage: usize, index: usize, own: &Instruction| {
                let InstructionKind::Run(run) = &own.kind else { return Vec::new() };
                let scope = self.scope(stage, index);
                let cwd = scope.workdir.clone().unwrap_or_else(|| "/".to_owned());
                let script = self.script(stage, index, run);
                scope.with_scene(&cwd, |scene| calls(&script, scene))
            };
            let of_stage = |stage: usize| {
                let each = self.instructions(stage).iter().enumerate();
                each.map(|(index, own)| of_run(stage, index, own)).collect()
            };
            (0..self.model.stages.len()).map(of_stage).collect()
        });
        &all[stage][index]
    }

    /// The image that a stage goes back to, as FROM names it.
    pub(super) fn base(&self, stage: usize) -> &str {
        let all = || base_references(&self.draft.dockerfile, &self.input.options.build_args);
        &self.bases.get_or_init(all)[stage]
    }

    /// What a RUN does.
    pub(super) fn effects(&self, stage: usize, index: usize) -> Option<&Effects> {
        let all = self.effects.get_or_init(|| {
            let of_stage = |stage: usize| {
                let each = self.instructions(stage).iter().enumerate();
                each.map(|(index, own)| match &own.kind {
                    InstructionKind::Run(run) => Some(run_effects(run, self.scope(stage, index))),
                    _ => None,
                })
                .collect()
            };
            (0..self.model.stages.len()).map(of_stage).collect()
        });
        all[stage][index].as_ref()
    }

    /// What one call does, by its words alone.
    pub(super) fn effects_of(&self, stage: usize, index: usize, call: &Call) -> Effects {
        let mut words = vec![call.path.clone()];
        words.extend(call.operands.iter().map(|word| word.text.clone()));
        let cwd = call.cwd.clone().unwrap_or_else(|| "/".to_owned());
        self.scope(stage, index).with_scene(&cwd, |scene| crate::shell::effects_of_exec(&words, scene))
    }

    /// What one call is told to write.
    pub(super) fn writes_of(&self, stage: usize, index: usize, call: &Call) -> PathSet {
        let mut all = self.effects_of(stage, index, call).writes.named;
        let cwd = call.cwd.as_deref().unwrap_or("/");
        for word in &call.writes {
            all.add(PathPattern::tree(crate::shell::join(cwd, &word.text)));
        }
        all
    }

    /// A stage and those built on it, directly or through others.
    pub(super) fn family(&self, stage: usize) -> Vec<usize> {
        let mut family = vec![stage];
        for (at, own) in self.model.stages.iter().enumerate().skip(stage + 1) {
            if own.base.is_some_and(|base| family.contains(&base)) {
                family.push(at);
            }
        }
        family
    }

    /// Tells whether the image that is built comes from one of these stages.
    pub(super) fn is_shipped(&self, stages: &[usize]) -> bool {
        let mut at = Some(self.model.target);
        while let Some(stage) = at {
            if stages.contains(&stage) {
                return true;
            }
            at = self.model.stages[stage].base;
        }
        false
    }

    /// The version of the Dockerfile's language that it asks for, where it pins one (`docker/dockerfile:1.4`).
    pub(super) fn knows(&self, least: (u32, u32)) -> bool {
        let pinned = self.draft.dockerfile.directives.iter().find(|own| own.name == "syntax");
        let Some(tag) = pinned.and_then(|own| own.value.split_once(':')).map(|(_, tag)| tag) else {
            return true;
        };
        let mut parts = tag.split(['.', '-', '@']).map(str::parse::<u32>);
        match (parts.next(), parts.next()) {
            (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= least,
            _ => true,
        }
    }
}
