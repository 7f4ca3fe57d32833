//! Dockerfile text to stages and instructions with spans.
//!
//! The reader is our own, a port in miniature of BuildKit's parser, its `instructions` package and its lexer, because
//! a step's key and label are made of its exact text: `tests/converter` compares it with BuildKit itself. The crates
//! for Dockerfiles were measured against that. `parse-dockerfile` reads most files the same way, but drops or moves
//! what BuildKit keeps in rare ones, and gives arguments unsplit; it serves as a second opinion in this room's tests.
//! `dockerfile-parser` knows neither heredocs nor flags; its `ImageRef` takes image references apart in
//! [`crate::graph::canonical`], and its `Splicer` can only be had of a text that it has read itself, which rules it
//! out for rewriting.

pub mod ast;
pub mod diagnostic;
pub mod expand;
mod flags;
mod heredoc;
mod lower;
mod parse;
mod reader;
mod split;
pub mod suggest;
#[cfg(test)]
mod tests;

pub use ast::{Dockerfile, Instruction, InstructionKind, Stage};
pub use diagnostic::{Diagnostic, DiagnosticKind};
pub(crate) use heredoc::is_lone as is_lone_heredoc;
pub use parse::parse;
