//! What there is to know besides the steps: traps, how edits are noticed, what the image weighs.

use std::sync::Arc;

use super::{Desk, shown};
use crate::cli::output::words;
use crate::context::Trap;
use crate::explain::findings;
use crate::tui::model::{Tone, Watching, Words, say};
use crate::tui::text;

impl Desk {
    /// Looks for traps, gathers what to know and weighs the image; yields whether any of it is other than before.
    /// Costs a walk over all files, so it waits until the picture was drawn.
    pub fn look_closer(&mut self) -> bool {
        let sizes = self.bench.sizes();
        let other_sizes = self.sizes.as_deref() != sizes.as_ref();
        self.sizes = sizes.map(Arc::new);
        self.look_for_traps() || other_sizes
    }

    fn look_for_traps(&mut self) -> bool {
        let mut notes: Vec<Words> = Vec::new();
        if self.gone {
            let says =
                format!("{} is gone from disk; what is shown is its last text.", text::safe(&self.name));
            notes.push(vec![say(Tone::Bad, says)]);
        }
        if let Some(problem) = &self.ignore_problem {
            notes.push(vec![say(Tone::Bad, text::safe(problem).into_owned())]);
        }
        if let Watching::Polling(Some(why)) = &self.watching {
            let why = format!("Edits are noticed by looking every second: {}.", text::safe(why));
            notes.push(vec![say(Tone::Maybe, why)]);
        }
        if let Some(why) = &self.not_watched {
            notes.push(vec![say(Tone::Maybe, format!("Not everything is watched: {}.", text::safe(why)))]);
        }
        let ignore_file = self.sources.ignore_file.as_ref().map(|(p, _)| shown(p));
        let of_context = self.sources.traps();
        let mut told: Vec<(String, String)> = of_context
            .iter()
            .filter(|trap| self.bites(trap))
            .map(|trap| words::trap(trap, ignore_file.as_deref()))
            .collect();
        if let Some(outcome) = self.bench.left_outcome() {
            let input = &outcome.input;
            let found = findings(&input.dockerfile, &outcome.graph, &input.options);
            told.extend(found.iter().map(|f| words::finding(f, &self.sources.dockerfile_name)));
        }
        for (what, instead) in told {
            notes.push(vec![
                say(Tone::Maybe, "Trap: "),
                say(Tone::Plain, format!("{}. ", text::safe(&what))),
                say(Tone::Dim, "Instead: "),
                say(Tone::Path, text::safe(&instead).into_owned()),
            ]);
        }
        let trap = notes.first().cloned().map(|mut words| {
            if notes.len() > 1 {
                words.push(say(Tone::Dim, format!("  ({} more: i)", notes.len() - 1)));
            }
            words
        });
        for warning in self.sources.scan.warnings().iter().take(20) {
            notes.push(vec![say(
                Tone::Plain,
                text::safe(&crate::cli::project::warning(warning)).into_owned(),
            )]);
        }
        notes.extend(self.facts());
        let changed = *self.notes != notes || self.trap != trap;
        self.trap = trap;
        self.notes = Arc::new(notes);
        changed
    }

    /// Tells whether a trap concerns what is built: a Dockerfile in the context harms only who copies it.
    fn bites(&mut self, trap: &Trap) -> bool {
        match trap {
            Trap::OwnContext { path } if path == ".git" => {
                let some =
                    self.bench.tree().subtree(".git").and_then(|git| {
                        git.iter().find(|(_, e)| !e.is_dir()).map(|(p, _)| format!(".git/{p}"))
                    });
                some.is_some_and(|path| self.counts(&path))
            }
            Trap::OwnContext { path } => self.counts(&path.clone()),
            _ => true,
        }
    }

    fn counts(&mut self, path: &str) -> bool {
        self.bench.impacts(&[path.to_string()]).iter().any(|(_, left, _)| left.steps > 0)
    }

    fn facts(&self) -> Vec<Words> {
        let stats = self.sources.scan.stats();
        let how = match &self.watching {
            Watching::Native => "by the system's events",
            Watching::Polling(_) => "by looking every second",
            Watching::Off => "not at all",
            Watching::Starting => "not yet",
        };
        let ignore = match &self.sources.ignore_file {
            Some((path, _)) => {
                format!("{} leaves out {}.", shown(path), text::plural(self.ignored.len(), "path"))
            }
            None => "There is no .dockerignore: every file is part of the context.".to_string(),
        };
        let weights = match self.weights.as_ref().and_then(|w| w.commits) {
            Some(n) => format!("What is edited how often was counted over {n} commits of the git history."),
            None => "What is edited how often is guessed by kind of file: there is no git history to count."
                .into(),
        };
        let read = format!(
            "The last look read {} and knew {} by their stat.",
            text::plural(stats.read, "file"),
            text::count(stats.known)
        );
        [ignore, format!("Edits are noticed {how}."), read, weights]
            .into_iter()
            .map(|fact| vec![say(Tone::Plain, text::safe(&fact).into_owned())])
            .collect()
    }
}
