//! A bar to scale.

use crate::tui::theme::Glyphs;

/// A bar of `share` (0 to 1) of `columns`, in eighths; anything above nothing shows at least the least part.
pub fn bar(glyphs: &Glyphs, share: f64, columns: usize) -> String {
    let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
    if share == 0.0 || columns == 0 {
        return String::new();
    }
    let eighths = ((share * columns as f64 * 8.0).round() as usize).max(1);
    let mut out = glyphs.bar[7].repeat(eighths / 8);
    if !eighths.is_multiple_of(8) {
        out.push_str(glyphs.bar[eighths % 8 - 1]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::theme::{ASCII, UNICODE};

    #[test]
    fn bars_are_to_scale_and_never_vanish() {
        assert_eq!(bar(&UNICODE, 1.0, 4), "████");
        assert_eq!(bar(&UNICODE, 0.5, 5), "██▌");
        assert_eq!(bar(&UNICODE, 0.000_1, 5), "▏");
        assert_eq!(bar(&UNICODE, 0.0, 5), "");
        assert_eq!(bar(&ASCII, 0.5, 4), "##");
        assert_eq!(bar(&UNICODE, f64::NAN, 4), "");
    }
}
