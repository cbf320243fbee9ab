//! Reads a driver's file version and build from its file.
//!
//! It parses the bytes and loads nothing, so any file is safe to read. Layouts: Microsoft Learn, "PE Format",
//! "VS_VERSIONINFO" and "VS_FIXEDFILEINFO".

use memchr::memmem;

/// `VS_VERSIONINFO.szKey`, ended by a NUL; it starts six bytes into the structure.
const KEY: &str = "VS_VERSION_INFO\0";
const BEFORE_KEY: usize = 6;
/// `VS_FIXEDFILEINFO.dwSignature`.
const SIGNATURE: u32 = 0xfeef_04bd;

/// Returns the file version in numbers, `10.0.26100.1`; `None` if the file has no version.
pub(super) fn file_version(image: &[u8]) -> Option<String> {
    let key: Vec<u8> = KEY.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let version = memmem::find_iter(image, &key).find_map(|at| {
        // Aligned relative to the structure. The structure starts at any multiple of two in the file.
        let start = at.checked_sub(BEFORE_KEY)?;
        let fixed = start + (BEFORE_KEY + key.len()).next_multiple_of(4);
        // The key may also occur elsewhere in the file, in code that looks versions up.
        (u32_at(image, fixed)? == SIGNATURE).then_some(())?;
        Some((u32_at(image, fixed + 8)?, u32_at(image, fixed + 12)?))
    });
    version.map(|(high, low)| format!("{}.{}.{}.{}", high >> 16, high & 0xffff, low >> 16, low & 0xffff))
}

/// Returns the time stamp and size of the image, in the form that symbol servers use to name a build's folder
/// (Microsoft Learn, "SymStore": the time stamp in eight digits, then the size). `None` if `image` is not a PE image.
pub(super) fn build(image: &[u8]) -> Option<String> {
    const SIGNATURE: usize = 4;
    const FILE_HEADER: usize = 20;
    (image.get(..2)? == b"MZ").then_some(())?;
    let header = u32_at(image, 0x3c)? as usize;
    (image.get(header..header.checked_add(SIGNATURE)?)? == b"PE\0\0").then_some(())?;
    let time = u32_at(image, header + SIGNATURE + 4)?;
    // The offset is the same in PE32 and PE32+.
    let size = u32_at(image, header + SIGNATURE + FILE_HEADER + 56)?;
    Some(format!("{time:08X}{size:x}"))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(four.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns an image with headers and a version, and `before` bytes between them.
    fn image(version: [u16; 4], before: usize) -> Vec<u8> {
        let mut image = vec![0; 0x80];
        image[..2].copy_from_slice(b"MZ");
        image[0x3c..0x40].copy_from_slice(&0x80u32.to_le_bytes());
        image.extend(*b"PE\0\0\x64\x86\x01\x00");
        image.extend(0x68a1_b2c3_u32.to_le_bytes());
        image.resize(0x80 + 4 + 20 + 56, 0);
        image.extend(0x1f000u32.to_le_bytes());
        image.resize(image.len() + before, 0xcc);
        image.extend([0; 6]);
        image.extend(KEY.encode_utf16().flat_map(u16::to_le_bytes));
        image.extend([0; 2]);
        image.extend(SIGNATURE.to_le_bytes());
        image.extend([0, 0, 1, 0]);
        let [a, b, c, d] = version.map(u32::from);
        image.extend((a << 16 | b).to_le_bytes());
        image.extend((c << 16 | d).to_le_bytes());
        image
    }

    #[test]
    fn an_image_says_its_version_and_build() {
        for before in [0, 2, 6, 1002] {
            let image = image([10, 0, 26100, 2033], before);
            assert_eq!(file_version(&image).as_deref(), Some("10.0.26100.2033"), "{before}");
            assert_eq!(build(&image).as_deref(), Some("68A1B2C31f000"));
        }
    }

    #[test]
    fn a_key_which_stands_elsewhere_is_no_version() {
        let mut odd: Vec<u8> = KEY.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(file_version(&odd), None);
        odd.extend([7; 40]);
        assert_eq!(file_version(&odd), None);
        odd.extend(image([1, 2, 3, 4], 0));
        assert_eq!(file_version(&odd).as_deref(), Some("1.2.3.4"));
    }

    #[test]
    fn an_image_cut_anywhere_is_read_without_a_panic() {
        let whole = image([1, 2, 3, 4], 2);
        for length in 0..whole.len() {
            assert_eq!(file_version(&whole[..length]), None, "{length}");
            let built = length >= 0x80 + 4 + 20 + 60;
            assert_eq!(build(&whole[..length]).is_some(), built, "{length}");
        }
        assert_eq!(build(b"MZ"), None);
        let mut far = whole;
        far[0x3c..0x40].fill(0xff);
        assert_eq!(build(&far), None);
    }
}
