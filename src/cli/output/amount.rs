//! Seconds and bytes in words.

use crate::cost::{Basis, Figure};

/// Writes seconds as people say them: `0.2 s`, `38 s`, `3 min 58 s`, `2 h 5 min`.
pub fn seconds(value: f64) -> String {
    let value = if value.is_finite() { value.max(0.0) } else { 0.0 };
    if value > 0.0 && value < 0.05 {
        return "under 0.1 s".to_string();
    }
    if value < 9.95 {
        return format!("{value:.1} s").replace(".0 s", " s");
    }
    // Rounded once, so that no minute has sixty seconds.
    let whole = value.round() as u64;
    match (whole / 3600, whole / 60 % 60, whole % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, 0) => format!("{m} min"),
        (0, m, s) => format!("{m} min {s} s"),
        (h, 0, _) => format!("{h} h"),
        (h, m, _) => format!("{h} h {m} min"),
    }
}

/// Writes bytes as docker does, in powers of a thousand: `512 B`, `12.3 kB`, `1.2 GB`.
pub fn bytes(value: f64) -> String {
    let mut value = if value.is_finite() { value.max(0.0) } else { 0.0 };
    if value < 999.5 {
        return format!("{value:.0} B");
    }
    let mut unit = "B";
    for next in ["kB", "MB", "GB", "TB"] {
        if value < 999.5 {
            break;
        }
        value /= 1000.0;
        unit = next;
    }
    if value < 99.95 {
        format!("{value:.1} {unit}").replace(".0 ", " ")
    } else {
        format!("{value:.0} {unit}")
    }
}

/// Sums figures; the sum rests on the weakest of their bases, and on measurement where there is none.
pub fn sum(figures: impl IntoIterator<Item = Figure>) -> Figure {
    figures.into_iter().fold(Figure { value: 0.0, basis: Basis::Measured }, |all, one| Figure {
        value: all.value + one.value,
        basis: all.basis.min(one.basis),
    })
}

/// Writes seconds with `about` before what is not measured.
pub fn about(figure: Figure) -> String {
    let text = seconds(figure.value);
    if figure.basis == Basis::Measured || text.starts_with("under") { text } else { format!("about {text}") }
}

/// Writes a count with its noun: `1 step`, `1,204 files`.
pub fn count(n: usize, one: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{} {one}{plural}", thousands(n))
}

/// Writes a number with a comma every three digits.
pub fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_as_people_say_them() {
        let table = [
            (0.0, "0 s"),
            (0.004, "under 0.1 s"),
            (0.2, "0.2 s"),
            (2.0, "2 s"),
            (9.96, "10 s"),
            (38.4, "38 s"),
            (59.7, "1 min"),
            (238.0, "3 min 58 s"),
            (7500.0, "2 h 5 min"),
            (3600.2, "1 h"),
            (f64::NAN, "0 s"),
        ];
        for (value, want) in table {
            assert_eq!(seconds(value), want, "{value}");
        }
    }

    #[test]
    fn bytes_as_docker_says_them() {
        let table = [
            (0.0, "0 B"),
            (999.0, "999 B"),
            (1000.0, "1 kB"),
            (12_345.0, "12.3 kB"),
            (999_600.0, "1 MB"),
            (123_456_789.0, "123 MB"),
            (1_200_000_000.0, "1.2 GB"),
        ];
        for (value, want) in table {
            assert_eq!(bytes(value), want, "{value}");
        }
    }

    #[test]
    fn a_sum_is_as_good_as_its_weakest_part() {
        let f = |value, basis| Figure { value, basis };
        assert_eq!(sum([f(1.0, Basis::Measured), f(2.0, Basis::Declared)]), f(3.0, Basis::Declared));
        assert_eq!(sum([]), f(0.0, Basis::Measured));
        assert_eq!(about(f(3.0, Basis::Estimated)), "about 3 s");
        assert_eq!((count(1, "step"), count(1204, "file")), ("1 step".into(), "1,204 files".into()));
    }
}
