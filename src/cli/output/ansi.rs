//! How text stands out in a terminal; where the output takes no colours, these are stripped on the way.

/// Stands out.
pub const BOLD: &str = "\x1b[1m";
/// Stands back.
pub const DIM: &str = "\x1b[2m";
/// Runs, or is wrong.
pub const RED: &str = "\x1b[31m";
/// Is cached, or is right.
pub const GREEN: &str = "\x1b[32m";
/// Is not certain.
pub const YELLOW: &str = "\x1b[33m";
/// Ends all of these.
pub const RESET: &str = "\x1b[0m";
