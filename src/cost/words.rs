//! Seconds and bytes in words, the same on every screen.

use super::{Basis, Figure};

/// Writes seconds for people: `0.2 s`, `41 s`, `3 min 58 s`, `2 h 05 min`.
pub fn seconds(value: f64) -> String {
    let value = value.max(0.0);
    if value < 0.05 {
        return "0 s".to_string();
    }
    if value < 9.95 {
        return format!("{value:.1} s");
    }
    let whole = value.round() as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => {
            let minutes = (value / 60.0).round() as u64;
            format!("{} h {:02} min", minutes / 60, minutes % 60)
        }
    }
}

/// Writes bytes as docker prints them: powers of 1000 with three figures (`0 B`, `5.12 kB`, `12.5 MB`, `1.06 GB`).
pub fn bytes(value: f64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut value = value.max(0.0);
    let mut unit = 0;
    // What would be rounded to 1000 belongs to the next unit.
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let digits = match value {
        _ if unit == 0 => 0,
        v if v < 9.995 => 2,
        v if v < 99.95 => 1,
        _ => 0,
    };
    let text = format!("{value:.digits$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text} {}", UNITS[unit])
}

/// The word for what a figure rests on: `measured`, `declared`, `about`.
pub const fn basis(basis: Basis) -> &'static str {
    match basis {
        Basis::Measured => "measured",
        Basis::Declared => "declared",
        Basis::Estimated => "about",
    }
}

/// Writes seconds with `about` before what is estimated.
pub fn figure_seconds(figure: Figure) -> String {
    about(figure, seconds(figure.value))
}

/// Writes bytes with `about` before what is estimated.
pub fn figure_bytes(figure: Figure) -> String {
    about(figure, bytes(figure.value))
}

fn about(figure: Figure, text: String) -> String {
    if figure.basis == Basis::Estimated && figure.value > 0.0 { format!("about {text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_told_in_the_unit_that_fits() {
        for (value, want) in [
            (0.0, "0 s"),
            (0.04, "0 s"),
            (0.2, "0.2 s"),
            (9.94, "9.9 s"),
            (9.96, "10 s"),
            (41.2, "41 s"),
            (59.6, "1 min 00 s"),
            (238.0, "3 min 58 s"),
            (3599.7, "1 h 00 min"),
            (7500.0, "2 h 05 min"),
        ] {
            assert_eq!(seconds(value), want, "{value}");
        }
    }

    #[test]
    fn bytes_are_told_as_docker_does() {
        for (value, want) in [
            (0.0, "0 B"),
            (999.0, "999 B"),
            (1000.0, "1 kB"),
            (5120.0, "5.12 kB"),
            (12_500_000.0, "12.5 MB"),
            (7_050_000.0, "7.05 MB"),
            (99_960_000.0, "100 MB"),
            (999_600_000.0, "1 GB"),
            (1_060_000_000.0, "1.06 GB"),
        ] {
            assert_eq!(bytes(value), want, "{value}");
        }
    }

    #[test]
    fn estimates_say_about() {
        let figure = |value, basis| Figure { value, basis };
        assert_eq!(figure_seconds(figure(41.0, Basis::Estimated)), "about 41 s");
        assert_eq!(figure_seconds(figure(41.0, Basis::Measured)), "41 s");
        assert_eq!(figure_bytes(figure(0.0, Basis::Estimated)), "0 B");
    }
}
