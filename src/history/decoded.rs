//! Decoded delta bases, kept so that reading one tree after another does not decode their chains anew.

use std::collections::HashMap;

use gix::objs::Kind;
use gix::odb::pack::cache::DecodeEntry;

/// A pack and an offset in it.
type Place = (u32, u64);

/// A decoded pack entry.
struct Entry {
    kind: Kind,
    compressed_size: usize,
    bytes: Box<[u8]>,
}

/// A memory-capped cache of decoded pack entries in two generations.
///
/// What is put goes to the young generation, and what is got returns to it. When the young one holds half of
/// the cap it becomes the old one, and what nobody asked for since the last such turn is dropped.
pub(super) struct DecodedEntries {
    young: HashMap<Place, Entry>,
    old: HashMap<Place, Entry>,
    young_bytes: usize,
    cap: usize,
}

impl DecodedEntries {
    /// Makes an empty cache that holds at most `cap` bytes of objects.
    pub(super) fn new(cap: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), young_bytes: 0, cap }
    }

    fn keep(&mut self, place: Place, entry: Entry) {
        self.young_bytes += entry.bytes.len();
        if let Some(replaced) = self.young.insert(place, entry) {
            self.young_bytes -= replaced.bytes.len();
        }
        if self.young_bytes > self.cap / 2 {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
    }
}

impl DecodeEntry for DecodedEntries {
    fn put(&mut self, pack: u32, offset: u64, bytes: &[u8], kind: Kind, compressed_size: usize) {
        // One huge blob must not push out every tree.
        if bytes.len() <= self.cap / 16 {
            self.keep((pack, offset), Entry { kind, compressed_size, bytes: bytes.into() });
        }
    }

    fn get(&mut self, pack: u32, offset: u64, out: &mut Vec<u8>) -> Option<(Kind, usize)> {
        let place = (pack, offset);
        if let Some(entry) = self.old.remove(&place) {
            self.keep(place, entry);
        }
        let entry = self.young.get(&place).or_else(|| self.old.get(&place))?;
        out.clear();
        out.extend_from_slice(&entry.bytes);
        Some((entry.kind, entry.compressed_size))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_is_used_and_drops_what_is_not() {
        let mut cache = DecodedEntries::new(64);
        let mut out = Vec::new();
        for offset in 0..100 {
            cache.put(0, offset, &[offset as u8; 4], Kind::Tree, 3);
            assert_eq!(cache.get(0, 0, &mut out), Some((Kind::Tree, 3)), "the used one stays");
            assert_eq!(out, [0; 4]);
        }
        assert_eq!(cache.get(0, 1, &mut out), None, "an unused one goes");
        assert!(cache.young.len() + cache.old.len() <= 64 / 4 + 2);
    }

    #[test]
    fn does_not_keep_what_is_too_big() {
        let mut cache = DecodedEntries::new(64);
        cache.put(0, 0, &[0; 5], Kind::Blob, 5);
        assert_eq!(cache.get(0, 0, &mut Vec::new()), None);
    }
}
