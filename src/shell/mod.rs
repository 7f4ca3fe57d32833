//! The text of a RUN as simple commands, and what each of them reads and writes.
//!
//! A solver cannot know what a RUN puts out, and a reorder must not guess what it needs. This room answers both
//! questions as far as the text allows: [`Script::read`] turns shell text into commands whose words, working
//! directory and redirections are known or marked as unknown, and [`effects`] looks each command up in
//! `assets/tools.toml`. What cannot be known counts as everything, at the level [`Chance::Possible`].
//!
//! It knows nothing of Dockerfiles, contexts or caches: text in, values out.

mod arguments;
mod calls;
mod effects;
mod memory;
mod parse;
mod paths;
mod rules;
mod script;
mod tools;
mod words;

pub use calls::{Call, calls};
pub use effects::{
    Access, Chance, Effects, Environment, effects, effects_of_exec, effects_of_script, names_the_build,
};
pub use paths::{PathPattern, PathSet, SYSTEM, join, normalise};
pub use script::{Command, Redirect, Scene, Script, ShellKind, Word, run_text};
pub use words::quote;

#[cfg(test)]
mod tests;
