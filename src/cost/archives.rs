//! What archives hold that ADD unpacks: sizes read from headers, nothing decompressed.

use std::io::{self, Read, Seek, SeekFrom};

/// Bytes that an archive unpacks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unpacked {
    /// Bytes of its regular files.
    pub bytes: u64,
    /// Regular files, where they were counted.
    pub files: u64,
    /// Read from every header; else told by the compressed file's end.
    pub exact: bool,
}

/// Tells whether ADD may take a file of this name for an archive.
pub fn is_archive(name: &str) -> bool {
    let name = name.to_lowercase();
    [".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tbz2", ".tar.zst"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// Reads what an archive unpacks to: a tar by its headers, a gzip by the length in its last four bytes.
///
/// None for other compressions and for what is no archive.
pub fn unpacked(file: &mut (impl Read + Seek)) -> io::Result<Option<Unpacked>> {
    let mut magic = [0; 2];
    file.seek(SeekFrom::Start(0))?;
    if file.read(&mut magic)? < 2 {
        return Ok(None);
    }
    if magic == [0x1f, 0x8b] {
        return gzip(file);
    }
    tar(file)
}

/// A gzip file ends with the length of what it holds, modulo 4 GiB; of that the tar's own headers are left out as
/// far as one header and the end go.
fn gzip(file: &mut (impl Read + Seek)) -> io::Result<Option<Unpacked>> {
    const TAR_END: u64 = 10_240;
    let length = file.seek(SeekFrom::End(0))?;
    if length < 18 {
        return Ok(None);
    }
    file.seek(SeekFrom::End(-4))?;
    let mut size = [0; 4];
    file.read_exact(&mut size)?;
    let size = u64::from(u32::from_le_bytes(size));
    // Shorter than its compressed form: the length went around.
    let size = if size < length / 2 { size + (1 << 32) } else { size };
    Ok(Some(Unpacked { bytes: size.saturating_sub(TAR_END / 2), files: 1, exact: false }))
}

const BLOCK: u64 = 512;

fn tar(file: &mut (impl Read + Seek)) -> io::Result<Option<Unpacked>> {
    let end = file.seek(SeekFrom::End(0))?;
    let mut at = 0;
    let mut found = Unpacked { bytes: 0, files: 0, exact: true };
    let mut block = [0; 512];
    while at + BLOCK <= end {
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut block)?;
        if block.iter().all(|byte| *byte == 0) {
            break;
        }
        if &block[257..262] != b"ustar" {
            return Ok(None);
        }
        let Some(size) = number(&block[124..136]) else { return Ok(None) };
        // Regular files; names too long for a header and attributes come as entries of other types.
        if matches!(block[156], b'0' | 0 | b'7') {
            found.bytes += size;
            found.files += 1;
        }
        let Some(next) = size.checked_next_multiple_of(BLOCK).and_then(|body| at.checked_add(BLOCK + body))
        else {
            return Ok(None);
        };
        at = next;
    }
    Ok((at > 0).then_some(found))
}

/// A number of a tar header: octal digits, or big-endian bytes after a set high bit.
fn number(field: &[u8]) -> Option<u64> {
    if field[0] & 0x80 != 0 {
        return field[4..]
            .iter()
            .try_fold(0_u64, |all, byte| all.checked_mul(256)?.checked_add(u64::from(*byte)));
    }
    let digits = field.iter().skip_while(|byte| **byte == b' ').take_while(|byte| byte.is_ascii_digit());
    digits.into_iter().try_fold(0_u64, |all, digit| all.checked_mul(8)?.checked_add(u64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn header(size: &str, kind: u8) -> Vec<u8> {
        let mut block = vec![0; 512];
        block[124..124 + size.len()].copy_from_slice(size.as_bytes());
        block[156] = kind;
        block[257..262].copy_from_slice(b"ustar");
        block
    }

    #[test]
    fn a_tar_is_weighed_by_its_headers() {
        let mut tar = header("00000000000", b'5');
        tar.extend(header("00000001750", b'0'));
        tar.extend(vec![1; 1024]);
        tar.extend(header("00000000003", b'0'));
        tar.extend(vec![1; 512]);
        tar.extend(vec![0; 1024]);
        let found = unpacked(&mut Cursor::new(tar)).expect("it can be read");
        assert_eq!(found, Some(Unpacked { bytes: 1003, files: 2, exact: true }));
    }

    #[test]
    fn a_gzip_is_weighed_by_its_end() {
        let mut gzip = vec![0x1f, 0x8b];
        gzip.extend(vec![7; 100]);
        gzip.extend(1_310_720_u32.to_le_bytes());
        let found = unpacked(&mut Cursor::new(gzip)).expect("it can be read").expect("a length");
        assert_eq!((found.bytes, found.exact), (1_305_600, false));
    }

    #[test]
    fn what_is_no_archive_has_no_size() {
        for bytes in [&b""[..], b"x", &[b'x'; 2000]] {
            assert_eq!(unpacked(&mut Cursor::new(bytes.to_vec())).expect("it can be read"), None);
        }
        let mut huge = header("77777777777", b'0');
        huge[124] = 0x80;
        huge[128..136].copy_from_slice(&[0xff; 8]);
        assert_eq!(unpacked(&mut Cursor::new(huge)).expect("it can be read"), None, "a length beyond all");
    }
}
