//! Dockerfile text to stages and instructions with spans, and back to text by span.

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

pub use ast::{Dockerfile, Instruction, InstructionKind, Stage};
pub use diagnostic::{Diagnostic, DiagnosticKind};
pub(crate) use heredoc::is_lone as is_lone_heredoc;
pub use parse::parse;
