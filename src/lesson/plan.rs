//! Teacher's plans: which lessons fit into how many minutes (`lessons/plans.toml`).

use serde::Deserialize;

/// A plan.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// `45`, `90` or `half-day`.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What to do before, in Markdown.
    pub before: String,
    /// Its parts, in order.
    pub part: Vec<Part>,
}

/// A part of a plan.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Minutes.
    pub minutes: u32,
    /// The lesson, where it is one.
    pub lesson: Option<String>,
    /// What is done.
    pub what: String,
    /// How.
    pub how: String,
}

/// All plans.
pub fn plans() -> Vec<Plan> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        plan: Vec<Plan>,
    }
    // The file is part of the program, and a test reads it.
    toml::from_str::<File>(include_str!("../../lessons/plans.toml")).map(|f| f.plan).unwrap_or_default()
}
