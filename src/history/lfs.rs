//! Git LFS: the small text that stands in git for a file kept elsewhere.

/// What a Git LFS pointer says of the file it stands for.
///
/// A build sees the file itself where the checkout runs LFS's filter, and the pointer's own text where it
/// does not. Both change when and only when the pointer's text does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LfsPointer {
    /// Digest of the real file, as written: `sha256:` and 64 hex digits.
    pub oid: String,
    /// Bytes of the real file.
    pub size: u64,
}

impl LfsPointer {
    /// Longest text that can be a pointer, in bytes (the pointer format of the LFS specification, version 1).
    pub const LONGEST: u64 = 1024;

    /// Reads a pointer; `None` where the bytes are an ordinary file.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        if bytes.len() as u64 >= Self::LONGEST {
            return None;
        }
        let mut lines = std::str::from_utf8(bytes).ok()?.lines();
        let version = lines.next()?.strip_prefix("version ")?;
        if version != "https://git-lfs.github.com/spec/v1" && version != "https://hawser.github.com/spec/v1" {
            return None;
        }
        let (mut oid, mut size) = (None, None);
        for line in lines {
            match line.split_once(' ')? {
                ("oid", value) if value.starts_with("sha256:") => oid = Some(value.to_owned()),
                ("size", value) => size = value.parse().ok(),
                _ => {}
            }
        }
        Some(Self { oid: oid?, size: size? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_pointers_and_nothing_else() {
        let hash = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";
        let pointer = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{hash}\nsize 12345\n");
        let extended = format!(
            "version https://git-lfs.github.com/spec/v1\next-0-foo sha256:{hash}\noid sha256:{hash}\nsize 12345\n"
        );
        let expected = Some(LfsPointer { oid: format!("sha256:{hash}"), size: 12345 });
        let padded = format!("{pointer}x {}\n", "y".repeat(1024));
        for (text, want) in [
            (pointer.as_str(), expected.clone()),
            (extended.as_str(), expected),
            ("", None),
            ("version 2\n", None),
            ("version https://git-lfs.github.com/spec/v1\nsize 1\n", None),
            ("version https://git-lfs.github.com/spec/v1\noid md5:1\nsize 1\n", None),
            (padded.as_str(), None),
        ] {
            assert_eq!(LfsPointer::read(text.as_bytes()), want, "{text:.40}");
        }
        assert_eq!(LfsPointer::read(b"\xff\xfe"), None);
    }
}
