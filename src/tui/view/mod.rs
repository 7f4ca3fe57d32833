//! State and area to frame: one file a pane, each a function of what it shows.

pub mod bar;
pub mod digits;
pub mod paint;
pub mod panel;
pub mod problem;
