//! State and area to frame: one file a pane, each a function of what it shows.

pub mod bar;
pub mod digits;
pub mod edits;
pub mod files;
pub mod foot;
pub mod head;
pub mod layout;
pub mod overlays;
pub mod paint;
pub mod panel;
pub mod presenter;
pub mod problem;
pub mod screen;
pub mod sentence;
pub mod sizes;
pub mod why;

pub use screen::{cursor, draw};
