//! BuildKit's build cache in miniature.
//!
//! Text and files become values, values become a graph, the graph and a cache become a prediction, a
//! prediction is explained, an explanation is shown. The arrows run one way:
//!
//! ```text
//! Dockerfile text -> dockerfile -> graph -> solver -> explain -> tui, cli
//! files on disk   -> context ----------------^
//! RUN text        -> shell ------------------^
//! ```
//!
//! Start reading at [`dockerfile::ast`], then [`graph`], then [`solver`]. Everything left of the screens is
//! a pure function of its inputs, except the doors named in `ARCHITECTURE.md`.

pub mod cli;
pub mod context;
pub mod cost;
pub mod declare;
pub mod dockerfile;
pub mod engine;
pub mod explain;
pub mod graph;
pub mod history;
pub mod lesson;
pub mod reorder;
pub mod shell;
pub mod simulate;
pub mod solver;
pub mod tui;
