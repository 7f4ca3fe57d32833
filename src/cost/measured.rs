//! What real builds took on this machine: handed in, kept by whoever builds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::archives::Unpacked;
use crate::context::Digest;

/// Real durations and sizes, of one project's steps and of images on this machine.
///
/// A store belongs to one project: the same `npm ci` takes another time elsewhere. Steps are found by the digest of
/// their operation ([`crate::graph::Op::cache_digest`]), else by the text of their label, so that a step keeps its
/// figure when only its environment changed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Measured {
    /// By the digest of the operation, in hex.
    pub operations: BTreeMap<String, Measurement>,
    /// By the text of the instruction as its label prints it, blanks made one.
    pub instructions: BTreeMap<String, Measurement>,
    /// Images by canonical name, as the engine here reports them.
    pub images: BTreeMap<String, MeasuredImage>,
    /// What archives of the context unpack to, by the digest of their bytes; not kept.
    #[serde(skip)]
    pub archives: BTreeMap<Digest, Unpacked>,
}

/// What was measured of one step.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Measurement {
    /// Seconds of the latest runs, the newest last; at most [`Measurement::KEPT`].
    pub seconds: Vec<f64>,
    /// Bytes of the layer at the latest build that told.
    pub bytes: Option<u64>,
}

/// An image as the engine here reports it (`docker image inspect`, `docker history`).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MeasuredImage {
    /// Bytes in all, as `docker images` prints them.
    pub bytes: u64,
    /// Layers that are not empty.
    pub layers: u32,
}

impl Measurement {
    /// How many runs are kept.
    pub const KEPT: usize = 9;

    /// The median of the kept seconds.
    pub fn median_seconds(&self) -> Option<f64> {
        let mut sorted = self.seconds.clone();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        match sorted.len() {
            0 => None,
            n if n % 2 == 1 => Some(sorted[middle]),
            _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
        }
    }

    fn add(&mut self, seconds: Option<f64>, bytes: Option<u64>) {
        self.seconds.extend(seconds.filter(|s| s.is_finite() && *s >= 0.0));
        let surplus = self.seconds.len().saturating_sub(Self::KEPT);
        self.seconds.drain(..surplus);
        self.bytes = bytes.or(self.bytes);
    }
}

impl Measured {
    /// Notes one real run of a step: its operation, the text of its label, seconds and layer bytes as far as known.
    pub fn record(&mut self, operation: Digest, instruction: &str, seconds: Option<f64>, bytes: Option<u64>) {
        self.operations.entry(operation.to_string()).or_default().add(seconds, bytes);
        self.instructions.entry(normal(instruction)).or_default().add(seconds, bytes);
    }

    /// Finds the seconds and the layer's bytes of a step.
    pub fn find(&self, operation: Digest, instruction: &str) -> (Option<f64>, Option<u64>) {
        let exact = self.operations.get(&operation.to_string());
        let alike = self.instructions.get(&normal(instruction));
        let seconds = exact.and_then(Measurement::median_seconds);
        let bytes = exact.and_then(|m| m.bytes);
        (
            seconds.or_else(|| alike.and_then(Measurement::median_seconds)),
            bytes.or_else(|| alike.and_then(|m| m.bytes)),
        )
    }

    /// Tells whether nothing was measured.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty() && self.images.is_empty()
    }
}

fn normal(instruction: &str) -> String {
    instruction.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_the_latest_runs_counts() {
        let mut measured = Measured::default();
        let op = Digest::of(b"op");
        for seconds in [100.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0] {
            measured.record(op, "RUN  make", Some(seconds), None);
        }
        assert_eq!(measured.find(op, "RUN make"), (Some(6.0), None), "the first of ten is forgotten");
        measured.record(op, "RUN make", None, Some(12));
        assert_eq!(measured.find(Digest::of(b"other"), "RUN make"), (Some(6.0), Some(12)));
        assert_eq!(measured.find(Digest::of(b"other"), "RUN make x"), (None, None));
        let text = serde_json::to_string(&measured).expect("plain data");
        assert_eq!(serde_json::from_str::<Measured>(&text).expect("the same form"), measured);
    }
}
