//! Sums of figures, and counts in words.

use crate::cost::{Basis, Figure};

/// Sums figures; the sum rests on the weakest of their bases, and on measurement where there is none.
pub fn sum(figures: impl IntoIterator<Item = Figure>) -> Figure {
    figures.into_iter().fold(Figure { value: 0.0, basis: Basis::Measured }, |all, one| Figure {
        value: all.value + one.value,
        basis: all.basis.min(one.basis),
    })
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
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
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
    fn a_sum_is_as_good_as_its_weakest_part() {
        let f = |value, basis| Figure { value, basis };
        assert_eq!(sum([f(1.0, Basis::Measured), f(2.0, Basis::Declared)]), f(3.0, Basis::Declared));
        assert_eq!(sum([]), f(0.0, Basis::Measured));
        assert_eq!((count(1, "step"), count(1204, "file")), ("1 step".into(), "1,204 files".into()));
    }
}
