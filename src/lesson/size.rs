//! Sizes as people write them.

/// Reads `20 MB`, `1.5 GB`, `40 kB` or `12 B` (powers of 1000, as Docker prints them).
pub fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim();
    let at = text.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
    let (number, unit) = (text[..at].parse::<f64>().ok()?, text[at..].trim());
    let factor = match unit {
        "B" => 1.0,
        "kB" | "KB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        _ => return None,
    };
    (number.is_finite() && number >= 0.0).then_some((number * factor) as u64)
}

/// Writes a size with three digits at most: `12.5 MB`.
pub fn show_size(bytes: f64) -> String {
    let (value, unit) = match bytes {
        b if b >= 1e9 => (b / 1e9, "GB"),
        b if b >= 1e6 => (b / 1e6, "MB"),
        b if b >= 1e3 => (b / 1e3, "kB"),
        b => return format!("{b:.0} B"),
    };
    if value >= 100.0 { format!("{value:.0} {unit}") } else { format!("{value:.1} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_and_print() {
        for (text, bytes) in [
            ("20 MB", Some(20_000_000)),
            ("1.5GB", Some(1_500_000_000)),
            ("12 B", Some(12)),
            ("x", None),
            ("5", None),
            ("3 MiB", None),
        ] {
            assert_eq!(parse_size(text), bytes, "{text}");
        }
        for (bytes, text) in
            [(12.0, "12 B"), (1500.0, "1.5 kB"), (12_500_000.0, "12.5 MB"), (502e6, "502 MB")]
        {
            assert_eq!(show_size(bytes), text);
        }
    }
}
