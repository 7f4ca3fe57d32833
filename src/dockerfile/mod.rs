//! Dockerfile text to stages and instructions with spans, and back to text by span.

pub mod ast;
pub mod diagnostic;

pub use ast::{Dockerfile, Instruction, InstructionKind, Stage};
pub use diagnostic::Diagnostic;
