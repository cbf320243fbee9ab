//! Version, build and vendor of a driver, from its PE image.
//!
//! The bytes are parsed and never loaded, so any file is safe to read. The `object` crate reads headers, sections and
//! resource directories. Layouts: Microsoft Learn, "PE Format", "VS_VERSIONINFO", "StringFileInfo" and
//! "VS_FIXEDFILEINFO". A version resource consists of blocks: a length, a key in UTF-16, a value and further blocks,
//! each aligned to four bytes.

use object::LittleEndian as LE;
use object::pe::{IMAGE_DIRECTORY_ENTRY_RESOURCE, RT_VERSION};
use object::read::pe::{ImageNtHeaders, ImageOptionalHeader, PeFile, ResourceDirectory};

use crate::utf16;

/// The identity of a driver image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VersionInfo {
    /// The numeric file version: `10.0.26100.1`; `None` without a readable version resource.
    pub version: Option<String>,
    /// Time stamp and size of the image, in the form that symbol servers use to name a build's folder (Microsoft Learn,
    /// "SymStore": the time stamp in eight digits, then the size). `None` if the file is not a PE image.
    pub build: Option<String>,
    /// The vendor; `None` without a readable version resource.
    pub company: Option<String>,
}

/// `VS_FIXEDFILEINFO.dwSignature`.
const SIGNATURE: u32 = 0xfeef_04bd;
/// The largest length of a company's name, because tables will show it.
const MOST_COMPANY: usize = 80;
/// Levels of blocks: VS_VERSIONINFO, StringFileInfo, a table for each language, the strings.
const DEPTH: usize = 4;
/// The largest number of blocks read.
const MOST_BLOCKS: usize = 1024;

impl VersionInfo {
    /// Reads an image.
    #[cfg(any(windows, test))]
    pub(crate) fn read(image: &[u8]) -> VersionInfo {
        use object::pe::{IMAGE_NT_OPTIONAL_HDR32_MAGIC, ImageNtHeaders32, ImageNtHeaders64};
        use object::read::pe::optional_header_magic;

        let read = match optional_header_magic(image) {
            Ok(IMAGE_NT_OPTIONAL_HDR32_MAGIC) => {
                PeFile::<ImageNtHeaders32>::parse(image).map(|pe| VersionInfo::from_pe(&pe))
            }
            Ok(_) => PeFile::<ImageNtHeaders64>::parse(image).map(|pe| VersionInfo::from_pe(&pe)),
            Err(error) => Err(error),
        };
        read.unwrap_or_default()
    }

    /// Reads an image with parsed headers.
    pub(crate) fn from_pe<Pe: ImageNtHeaders>(pe: &PeFile<'_, Pe>) -> VersionInfo {
        let time = pe.nt_headers().file_header().time_date_stamp.get(LE);
        let size = pe.nt_headers().optional_header().size_of_image();
        let of_resource = resource(pe).map(VersionInfo::from_resource).unwrap_or_default();
        VersionInfo { build: Some(format!("{time:08X}{size:x}")), ..of_resource }
    }

    /// Reads a version resource, which has no build.
    fn from_resource(block: &[u8]) -> VersionInfo {
        let mut blocks = MOST_BLOCKS;
        let company = string(block, "CompanyName", DEPTH, &mut blocks).filter(|name| !name.is_empty());
        let version = Block::first(block).and_then(|block| fixed(block.value));
        VersionInfo { version, build: None, company }
    }
}

/// Returns the bytes of the first version resource.
fn resource<'a, Pe: ImageNtHeaders>(pe: &PeFile<'a, Pe>) -> Option<&'a [u8]> {
    let directory = pe.data_directories().get(IMAGE_DIRECTORY_ENTRY_RESOURCE)?;
    let resources = ResourceDirectory::new(directory.data(pe.data(), &pe.section_table()).ok()?);
    let kinds = resources.root().ok()?;
    let of_version = kinds.entries.iter().find(|entry| entry.name_or_id().id() == Some(RT_VERSION))?;
    let names = of_version.data(resources).ok()?.table()?;
    let languages = names.entries.first()?.data(resources).ok()?.table()?;
    let entry = languages.entries.first()?.data(resources).ok()?.data()?;
    let data = pe.section_table().pe_data_at(pe.data(), entry.offset_to_data.get(LE))?;
    data.get(..entry.size.get(LE) as usize)
}

/// A block: its key, its value, and its inner blocks.
struct Block<'a> {
    key: Vec<u16>,
    value: &'a [u8],
    inside: &'a [u8],
    /// The bytes after the block.
    rest: &'a [u8],
}

impl<'a> Block<'a> {
    /// Returns the block at the start of `bytes`.
    fn first(bytes: &'a [u8]) -> Option<Block<'a>> {
        let length = u16_at(bytes, 0)? as usize;
        let block = bytes.get(..length)?;
        let is_text = u16_at(block, 4)? == 1;
        let value_length = u16_at(block, 2)? as usize * if is_text { 2 } else { 1 };
        let key: Vec<u16> = (6..).step_by(2).map_while(|at| u16_at(block, at).filter(|unit| *unit != 0)).collect();
        let value_at = (6 + (key.len() + 1) * 2).next_multiple_of(4).min(block.len());
        // Some resource compilers count the bytes of a text, not its characters.
        let value_end = value_at.saturating_add(value_length).min(block.len());
        let inside_at = value_end.next_multiple_of(4).min(block.len());
        let rest = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
        (length > 0).then_some(Block { key, value: &block[value_at..value_end], inside: &block[inside_at..], rest })
    }
}

/// Returns the first text with the key `key`, at most `depth` blocks deep.
fn string(mut bytes: &[u8], key: &str, depth: usize, blocks: &mut usize) -> Option<String> {
    while let Some(block) = Block::first(bytes) {
        *blocks = blocks.checked_sub(1)?;
        if block.key.iter().copied().eq(key.encode_utf16()) {
            return Some(text(block.value));
        }
        if depth > 1
            && let Some(found) = string(block.inside, key, depth - 1, blocks)
        {
            return Some(found);
        }
        bytes = block.rest;
    }
    None
}

fn text(value: &[u8]) -> String {
    let text = utf16::lossy(value);
    let text = text.split('\0').next().unwrap_or_default();
    // The text comes from outside, and terminals will show it.
    let text: String = text.chars().filter(|c| !c.is_control()).take(MOST_COMPANY).collect();
    text.trim().to_owned()
}

/// Reads `dwFileVersionMS` and `dwFileVersionLS` of VS_FIXEDFILEINFO.
fn fixed(value: &[u8]) -> Option<String> {
    let part = |at| u16_at(value, at);
    let signature = u32::from(part(0)?) | u32::from(part(2)?) << 16;
    (signature == SIGNATURE).then_some(())?;
    Some(format!("{}.{}.{}.{}", part(10)?, part(8)?, part(14)?, part(12)?))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let two = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_le_bytes([two[0], two[1]]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(key: &str, is_text: bool, value: &[u8], inside: &[Vec<u8>]) -> Vec<u8> {
        let length = if is_text { value.len() / 2 } else { value.len() };
        let mut block = vec![0, 0];
        block.extend((length as u16).to_le_bytes());
        block.extend(u16::from(is_text).to_le_bytes());
        block.extend(key.encode_utf16().chain([0]).flat_map(u16::to_le_bytes));
        block.resize(block.len().next_multiple_of(4), 0);
        block.extend(value);
        for inner in inside {
            block.resize(block.len().next_multiple_of(4), 0);
            block.extend(inner);
        }
        let length = block.len() as u16;
        block[..2].copy_from_slice(&length.to_le_bytes());
        block
    }

    fn utf16(text: &str) -> Vec<u8> {
        text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
    }

    fn whole() -> Vec<u8> {
        let mut fixed = SIGNATURE.to_le_bytes().to_vec();
        fixed.extend([0, 0, 1, 0, 3, 0, 2, 0, 5, 0, 4, 0]);
        fixed.resize(52, 0);
        let strings = [
            block("FileDescription", true, &utf16("A driver"), &[]),
            block("CompanyName", true, &utf16("Contoso\x1b\u{7} Ltd"), &[]),
        ];
        let table = block("040904b0", true, &[], &strings);
        let file_info = block("StringFileInfo", true, &[], &[table]);
        block("VS_VERSION_INFO", false, &fixed, &[file_info])
    }

    /// Where the section `.rsrc` begins: in the file and, after the headers, in memory.
    const RAW: u32 = 0x200;
    const RVA: u32 = 0x1000;

    /// Returns an image with the section `.rsrc`, which holds `resource` if there is one.
    fn image(wide: bool, resource: Option<&[u8]>) -> Vec<u8> {
        let mut section = Vec::new();
        // Three directories with one entry each, for type, name and language, then the entry of the data.
        for (id, next) in [(16_u32, 0x8000_0018_u32), (1, 0x8000_0030), (0x409, 0x48)] {
            section.extend([0; 14]);
            section.extend([1, 0]);
            section.extend(id.to_le_bytes());
            section.extend(next.to_le_bytes());
        }
        let data = resource.unwrap_or_default();
        [RVA + 0x58, data.len() as u32, 0, 0].iter().for_each(|part| section.extend(part.to_le_bytes()));
        section.extend(data);
        let mut image = vec![0; 0x40];
        image[..2].copy_from_slice(b"MZ");
        image[0x3c] = 0x40;
        image.extend(*b"PE\0\0");
        image.extend(if wide { 0x8664_u16 } else { 0x14c }.to_le_bytes());
        image.extend([1, 0]);
        image.extend(0x68a1_b2c3_u32.to_le_bytes());
        image.extend([0; 8]);
        let optional = if wide { 112 } else { 96 } + 16 * 8;
        image.extend((optional as u16).to_le_bytes());
        image.extend([0x22, 0]);
        let start = image.len();
        image.extend(if wide { 0x20b_u16 } else { 0x10b }.to_le_bytes());
        image.resize(start + 56, 0);
        image.extend(0x1f000_u32.to_le_bytes());
        image.resize(start + optional - 16 * 8 - 4, 0);
        image.extend(16_u32.to_le_bytes());
        image.resize(image.len() + 2 * 8, 0);
        if resource.is_some() {
            image.extend(RVA.to_le_bytes());
            image.extend((section.len() as u32).to_le_bytes());
        }
        image.resize(start + optional, 0);
        image.extend(*b".rsrc\0\0\0");
        [section.len() as u32, RVA, section.len() as u32, RAW].iter().for_each(|part| image.extend(part.to_le_bytes()));
        image.extend([0; 12]);
        image.extend(0x4000_0040_u32.to_le_bytes());
        image.resize(RAW as usize, 0);
        image.extend(section);
        image
    }

    #[test]
    fn an_image_has_a_version_a_build_and_a_company() {
        for wide in [false, true] {
            let info = VersionInfo::read(&image(wide, Some(&whole())));
            assert_eq!(info.version.as_deref(), Some("2.3.4.5"));
            assert_eq!(info.build.as_deref(), Some("68A1B2C31f000"));
            assert_eq!(info.company.as_deref(), Some("Contoso Ltd"));
        }
    }

    #[test]
    fn the_bytes_of_a_version_elsewhere_in_the_file_are_no_version() {
        let mut image = image(true, None);
        image.extend(whole());
        let build = Some("68A1B2C31f000".to_owned());
        assert_eq!(VersionInfo::read(&image), VersionInfo { build, ..VersionInfo::default() });
    }

    #[test]
    fn an_image_cut_or_changed_anywhere_does_not_panic() {
        for wide in [false, true] {
            let whole = image(wide, Some(&whole()));
            for at in 0..whole.len() {
                assert_eq!(VersionInfo::read(&whole[..at]).version, None, "{at}");
                for bits in [1, 0x80, 0xff] {
                    let mut changed = whole.clone();
                    changed[at] ^= bits;
                    let _ = VersionInfo::read(&changed);
                }
            }
            let mut far = whole;
            far[0x3c..0x40].fill(0xff);
            assert_eq!(VersionInfo::read(&far), VersionInfo::default());
        }
        assert_eq!(VersionInfo::read(b"MZ"), VersionInfo::default());
    }

    #[test]
    fn version_and_company_have_no_control_characters() {
        let version = VersionInfo::from_resource(&whole());
        assert_eq!(version.version.as_deref(), Some("2.3.4.5"));
        assert_eq!(version.company.as_deref(), Some("Contoso Ltd"));
    }

    #[test]
    fn a_resource_cut_or_changed_anywhere_does_not_panic() {
        let whole = whole();
        for at in 0..whole.len() {
            let _ = VersionInfo::from_resource(&whole[..at]);
            for bits in [1, 0x80, 0xff] {
                let mut changed = whole.clone();
                changed[at] ^= bits;
                let _ = VersionInfo::from_resource(&changed);
            }
        }
        assert_eq!(VersionInfo::from_resource(&[]), VersionInfo::default());
    }
}
