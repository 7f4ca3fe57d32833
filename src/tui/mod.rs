//! The screens.
//!
//! Threads send events, [`keys`] turns keys into actions, an app's `update` turns an action and its state into the
//! next state and effects (pure), its `view` turns state and an area into a frame (pure).
//!
//! What other screens (lessons, the replay) share with the main one:
//! - [`terminal::Session`]: takes the terminal and gives it back whatever happens; its channel brings keys, mouse,
//!   size, signals, and the messages of a screen's own threads;
//! - [`theme`]: styles by [`theme::Role`], signs for Unicode and ASCII;
//! - [`keys`]: one table that dispatches keys and feeds `?` and the hints at the bottom;
//! - [`view::panel`]: a Dockerfile, or two beside each other, with mark, bar and seconds for each step, drawn from a
//!   [`model::Comparison`], which [`picture::compare`] makes of two predictions;
//! - [`view::paint`]: panes, words with tones, wrapped texts; [`text`]: widths, seconds, bytes, counts;
//! - [`svg::svg`]: the frame as a picture.
//!
//! A screen of one's own is tested without a terminal: draw into a `ratatui::backend::TestBackend` and compare the
//! buffer with a golden file.

mod align;
pub mod app;
pub mod event;
pub mod keys;
pub mod learn;
pub mod model;
pub mod picture;
pub mod plain;
pub mod replay;
pub mod svg;
pub mod terminal;
pub mod text;
pub mod theme;
pub mod view;
pub mod words;
pub mod workbench;
