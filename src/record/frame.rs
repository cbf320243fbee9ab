//! Frames: the checksummed pieces of a file. A frame that is not whole does not count.
//!
//! The layout is in the [module's](super) documentation. This module knows the letters of the kinds, but not the
//! meaning of the payloads.

use std::io;

/// The first bytes of each frame.
const MAGIC: [u8; 4] = *b"\xf7PGR";

/// The size of a frame without its payload, in bytes.
pub(super) const OVERHEAD: usize = MAGIC.len() + 4 + 1 + 4;

/// The largest length of kind and payload, in bytes. It has room for two million rows of the largest size, and limits
/// the length that a damaged frame can claim.
const LONGEST: u32 = 64 << 20;

/// The kind of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum FrameKind {
    Header = b'H',
    Key = b'K',
    Whole = b'W',
    Changes = b'C',
    Mark = b'M',
    End = b'E',
}

impl FrameKind {
    fn from_letter(letter: u8) -> Option<FrameKind> {
        Some(match letter {
            b'H' => FrameKind::Header,
            b'K' => FrameKind::Key,
            b'W' => FrameKind::Whole,
            b'C' => FrameKind::Changes,
            b'M' => FrameKind::Mark,
            b'E' => FrameKind::End,
            _ => return None,
        })
    }
}

/// Appends one frame; `payload` appends its contents.
pub(super) fn append(
    out: &mut Vec<u8>,
    kind: FrameKind,
    payload: impl FnOnce(&mut Vec<u8>) -> io::Result<()>,
) -> io::Result<()> {
    let begin = out.len();
    out.extend(MAGIC);
    out.extend([0; 4]);
    let body = out.len();
    out.push(kind as u8);
    payload(out)?;
    let length = u32::try_from(out.len() - body)
        .ok()
        .filter(|length| *length <= LONGEST)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a frame of a recording is over 64 MiB"))?;
    out[body - 4..body].copy_from_slice(&length.to_le_bytes());
    let checksum = crc32c::crc32c(&out[begin..]);
    out.extend(checksum.to_le_bytes());
    Ok(())
}

/// A whole frame, as it was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    /// `None` if this version does not know the kind.
    pub(super) kind: Option<FrameKind>,
    pub(super) payload: &'a [u8],
    /// Size of the whole frame, in bytes.
    pub(super) size: usize,
    /// Bytes before the frame that belong to no whole frame.
    pub(super) skipped: usize,
}

impl<'a> Frame<'a> {
    /// Returns the frame at the start of `bytes`, if it is whole.
    pub(super) fn first(bytes: &'a [u8]) -> Option<Frame<'a>> {
        let length = u32::from_le_bytes(*bytes.strip_prefix(&MAGIC)?.first_chunk()?);
        if length > LONGEST {
            return None;
        }
        let (checked, rest) = bytes.split_at_checked(MAGIC.len() + 4 + length as usize)?;
        if u32::from_le_bytes(*rest.first_chunk()?) != crc32c::crc32c(checked) {
            return None;
        }
        // A length of 0 ends here: it leaves no room for a kind.
        let (&kind, payload) = checked[MAGIC.len() + 4..].split_first()?;
        Some(Frame { kind: FrameKind::from_letter(kind), payload, size: checked.len() + 4, skipped: 0 })
    }
}

/// Returns whether `bytes` start with the magic of a frame, or with a part of it if there are fewer bytes.
pub(super) fn may_begin_frame(bytes: &[u8]) -> bool {
    bytes.iter().zip(MAGIC).all(|(byte, magic)| *byte == magic)
}

/// Iterates over the whole frames of a file. Bytes after the last one come from an append that was cut short, and are
/// not reported.
#[derive(Debug)]
pub(super) struct Frames<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Frames<'a> {
    type Item = Frame<'a>;

    fn next(&mut self) -> Option<Frame<'a>> {
        let bytes = std::mem::take(&mut self.0);
        let mut skipped = 0;
        loop {
            skipped += bytes[skipped..].windows(MAGIC.len()).position(|window| window == MAGIC)?;
            if let Some(frame) = Frame::first(&bytes[skipped..]) {
                self.0 = &bytes[skipped + frame.size..];
                return Some(Frame { skipped, ..frame });
            }
            skipped += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: FrameKind, payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        append(&mut out, kind, |out| {
            out.extend(payload);
            Ok(())
        })
        .unwrap();
        out
    }

    /// Returns kind, payload and skipped bytes of each frame.
    fn read(bytes: &[u8]) -> Vec<(Option<FrameKind>, &[u8], usize)> {
        Frames(bytes).map(|frame| (frame.kind, frame.payload, frame.skipped)).collect()
    }

    #[test]
    fn a_frame_is_laid_out_as_documented() {
        let bytes = frame(FrameKind::Mark, b"{}");
        assert_eq!(bytes[..11], *b"\xf7PGR\x03\0\0\0M{}");
        assert_eq!(bytes[11..], crc32c::crc32c(b"\xf7PGR\x03\0\0\0M{}").to_le_bytes());
    }

    #[test]
    fn an_empty_payload_is_a_whole_frame() {
        assert_eq!(read(&frame(FrameKind::End, b"")), [(Some(FrameKind::End), &b""[..], 0)]);
    }

    #[test]
    fn zeros_behind_a_magic_are_no_frame() {
        for zeros in 0..64 {
            assert_eq!(read(&[&MAGIC[..], &vec![0; zeros]].concat()), []);
        }
    }

    #[test]
    fn a_length_of_zero_is_no_frame_with_any_checksum() {
        let mut bytes = [&MAGIC[..], &[0; 4]].concat();
        bytes.extend(crc32c::crc32c(&bytes).to_le_bytes());
        assert_eq!(read(&bytes), []);
    }

    #[test]
    fn reading_goes_on_behind_damage() {
        let bytes =
            [&frame(FrameKind::Key, b"a")[..], b"rubbish\xf7PG", &MAGIC, &frame(FrameKind::Mark, b"b")].concat();
        assert_eq!(read(&bytes), [(Some(FrameKind::Key), &b"a"[..], 0), (Some(FrameKind::Mark), b"b", 14)]);
    }

    #[test]
    fn a_length_beyond_the_file_or_the_limit_claims_nothing() {
        for length in [0, 3, 100, LONGEST + 1, u32::MAX] {
            let mut bytes = frame(FrameKind::Mark, b"b");
            bytes[4..8].copy_from_slice(&length.to_le_bytes());
            bytes.extend(frame(FrameKind::End, b"c"));
            assert_eq!(read(&bytes), [(Some(FrameKind::End), &b"c"[..], 14)], "{length}");
        }
    }

    #[test]
    fn an_unknown_kind_is_a_whole_frame() {
        let mut bytes = frame(FrameKind::Mark, b"later");
        bytes[8] = b'?';
        let checked = bytes.len() - 4;
        let checksum = crc32c::crc32c(&bytes[..checked]);
        bytes[checked..].copy_from_slice(&checksum.to_le_bytes());
        assert_eq!(read(&bytes), [(None, &b"later"[..], 0)]);
    }
}
