//! How a whole build ended, predicted and real.

use serde::Serialize;

use super::super::progress::Progress;
use super::{Circumstances, is_old};
use crate::dockerfile::{Diagnostic, DiagnosticKind};

/// How a whole build ended, predicted and real.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Ending {
    /// It was built, as predicted.
    Built,
    /// It failed, as predicted.
    FailedAsPredicted {
        /// layerlab's words.
        predicted: String,
        /// The engine's words.
        real: String,
    },
    /// A command failed or something outside of the model did: nothing to compare from there on.
    Failed {
        /// The engine's words.
        real: String,
    },
    /// The engine's frontend is older than what the Dockerfile asks for.
    NotSupported {
        /// The engine's words.
        real: String,
    },
    /// layerlab predicted an error and the engine built.
    ErrorNotReal {
        /// layerlab's words.
        predicted: String,
    },
    /// The engine found an error that layerlab should have predicted.
    ErrorNotPredicted {
        /// The engine's words.
        real: String,
    },
}

impl Ending {
    /// Says whether layerlab was wrong about it.
    pub fn is_different(&self) -> bool {
        matches!(self, Self::ErrorNotReal { .. } | Self::ErrorNotPredicted { .. })
    }
}

/// Compares how the builds ended.
pub fn ending(predicted: Option<&Diagnostic>, real: &Progress, around: &Circumstances) -> Ending {
    match (predicted, &real.failure) {
        (None, None) => Ending::Built,
        (Some(error), None) => Ending::ErrorNotReal { predicted: error.message.clone() },
        (Some(error), Some(failure)) => {
            let same = match (&error.kind, &error.path) {
                (DiagnosticKind::SourceNotFound, Some(path)) => failure.message.contains(path.as_str()),
                _ => true,
            };
            let (predicted, real) = (error.message.clone(), failure.message.clone());
            if same {
                Ending::FailedAsPredicted { predicted, real }
            } else {
                Ending::ErrorNotPredicted { real }
            }
        }
        (None, Some(failure)) => {
            let real = failure.message.clone();
            if is_frontend_error(&real) && around.dockerd.is_some_and(is_old) {
                Ending::NotSupported { real }
            } else if is_frontend_error(&real) || is_missing_source(&real) {
                Ending::ErrorNotPredicted { real }
            } else {
                Ending::Failed { real }
            }
        }
    }
}

/// The Dockerfile itself was refused.
fn is_frontend_error(message: &str) -> bool {
    // The last is how a frontend of 2021 ends at a variable that it cannot expand.
    let words = [
        "parse error",
        "nknown flag",
        "nknown instruction",
        "failed to parse dockerfile",
        "not a valid",
        "failed to create LLB definition",
    ];
    words.iter().any(|w| message.contains(w))
}

/// A COPY names a path that is not there.
fn is_missing_source(message: &str) -> bool {
    message.contains("not found")
        && (message.contains("failed to calculate checksum")
            || message.contains("failed to compute cache key"))
}
