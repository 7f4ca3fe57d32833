//! Seconds and bytes of steps, each with what the figure rests on, and sizes of images.
//!
//! Pure: figures come from the graph, from what a COPY selects, and from tables in `assets/`; what `verify`
//! measured on this machine is handed in.

pub mod archives;
mod commands;
pub mod compare;
mod day;
mod estimate;
mod files;
pub mod images;
mod measured;
mod model;
mod run;
pub mod sizes;
pub mod view;
pub mod words;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use day::Day;
pub use estimate::{StepSeconds, estimate, rough_seconds, rough_seconds_of};
pub use measured::{Measured, MeasuredImage, Measurement};
pub use model::{Inputs, Piece, PieceKind};
pub use sizes::Sizes;

/// What a figure rests on; the order is that of trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Taken from a table of what such steps usually cost.
    Estimated,
    /// Said by the user.
    Declared,
    /// Measured: bytes of the context, or seconds of a real build on this machine.
    Measured,
}

/// A figure and what it rests on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// Seconds or bytes.
    pub value: f64,
    /// What it rests on.
    pub basis: Basis,
}

/// What one step costs when it runs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StepCost {
    /// Seconds it takes.
    pub seconds: Figure,
    /// Bytes it adds to the image.
    pub bytes: Figure,
}
