//! What the commits of a replay edited: the weights of the other order.

use std::sync::{Mutex, OnceLock, PoisonError};

use super::project::Project;
use crate::cli::weights::edits_of;
use crate::history::{ContextOptions, Repository, Series};
use crate::reorder::Expected;

/// The edits of the commits, counted when somebody asks.
pub struct Edits<'p> {
    /// For the thread that asks first.
    repo: Mutex<Repository>,
    series: &'p Series,
    options: &'p ContextOptions,
    counted: OnceLock<Expected>,
}

impl<'p> Edits<'p> {
    /// Those of a project's commits.
    pub fn of(project: &'p Project) -> Self {
        let Project { series, options, .. } = project;
        Self { repo: Mutex::new(project.repo.clone()), series, options, counted: OnceLock::new() }
    }

    /// What they are, as the reorder's objective takes them.
    pub fn counted(&self) -> &Expected {
        self.counted.get_or_init(|| {
            // A thread that panicked with it leaves it as it was.
            let repo = self.repo.lock().unwrap_or_else(PoisonError::into_inner);
            // Objects that cannot be read are an error of the walk, which reads the same ones.
            edits_of(&repo.observed_edits(self.series, self.options).unwrap_or_default())
        })
    }
}
