//! What an order costs in a working day: so many edits, each with the rebuild that it triggers.

use super::words::seconds;

/// Two orders over one day of edits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Day {
    /// Rebuilds in a day.
    pub edits: f64,
    /// Expected seconds of a rebuild with this order.
    pub this: f64,
    /// Expected seconds of a rebuild with the other order.
    pub other: f64,
}

impl Day {
    /// Rebuilds that are taken for a day where nothing tells how many there are.
    pub const EDITS: f64 = 30.0;

    /// Sums rebuilds: pairs of seconds with this order and with the other, each with its weight.
    ///
    /// The weights are those of the kinds of edits seen; only their ratio counts.
    pub fn of(edits: f64, rebuilds: impl IntoIterator<Item = (f64, f64, f64)>) -> Self {
        let (mut weight, mut this, mut other) = (0.0, 0.0, 0.0);
        for (w, a, b) in rebuilds {
            weight += w;
            this += w * a;
            other += w * b;
        }
        let each = |sum: f64| if weight > 0.0 { sum / weight } else { 0.0 };
        Self { edits, this: each(this), other: each(other) }
    }

    /// Seconds a day with this order.
    pub fn seconds(&self) -> f64 {
        self.edits * self.this
    }

    /// Seconds a day with the other order.
    pub fn other_seconds(&self) -> f64 {
        self.edits * self.other
    }

    /// Says it in one line.
    pub fn words(&self) -> String {
        let edits = self.edits.round();
        let day =
            if edits == 1.0 { "With 1 edit a day".to_string() } else { format!("With {edits} edits a day") };
        format!(
            "{day}: about {} of waiting with this order, about {} with the other",
            seconds(self.seconds()),
            seconds(self.other_seconds())
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_the_weighed_mean_of_its_rebuilds() {
        // Nine edits of sources for one of a manifest: 41 s against 2 s, and 41 s in both.
        let day = Day::of(20.0, [(9.0, 41.0, 2.0), (1.0, 41.0, 41.0)]);
        assert_eq!((day.this, day.other), (41.0, 5.9));
        assert_eq!(
            day.words(),
            "With 20 edits a day: about 13 min 40 s of waiting with this order, about 1 min 58 s with the other"
        );
        assert_eq!(
            Day::of(1.0, []).words(),
            "With 1 edit a day: about 0 s of waiting with this order, about 0 s with the other"
        );
    }
}
