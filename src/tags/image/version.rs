//! File version and company from an image's version resource.
//!
//! Layout: Microsoft Learn, "VS_VERSIONINFO", "StringFileInfo". Blocks consist of a length, a key in UTF-16, a value
//! and further blocks, each aligned to four bytes.

use object::LittleEndian as LE;
use object::pe::{IMAGE_DIRECTORY_ENTRY_RESOURCE, RT_VERSION};
use object::read::pe::{ImageNtHeaders, PeFile, ResourceDirectory};

use crate::utf16;

/// The version resource of an image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Version {
    /// The numeric file version: `10.0.26100.1`.
    pub version: Option<String>,
    /// The vendor.
    pub company: Option<String>,
}

const SIGNATURE: u32 = 0xfeef_04bd;
/// The largest length of a company's name, because tables will show it.
const MOST_COMPANY: usize = 80;
/// Levels of blocks: VS_VERSIONINFO, StringFileInfo, a table for each language, the strings.
const DEPTH: usize = 4;
/// The largest number of blocks read.
const MOST_BLOCKS: usize = 1024;

impl Version {
    /// Reads the version of `pe`; empty if there is no readable version resource.
    pub(super) fn of<Pe: ImageNtHeaders>(pe: &PeFile<'_, Pe>) -> Version {
        resource(pe).map(Version::read).unwrap_or_default()
    }

    fn read(block: &[u8]) -> Version {
        let mut blocks = MOST_BLOCKS;
        let company = string(block, "CompanyName", DEPTH, &mut blocks);
        let fixed = Block::first(block).and_then(|block| fixed(block.value));
        Version { version: fixed, company: company.filter(|name| !name.is_empty()) }
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

    #[test]
    fn version_and_company_are_read_and_nothing_that_a_terminal_obeys() {
        let version = Version::read(&whole());
        assert_eq!(version.version.as_deref(), Some("2.3.4.5"));
        assert_eq!(version.company.as_deref(), Some("Contoso Ltd"));
    }

    #[test]
    fn a_resource_cut_or_changed_anywhere_does_not_panic() {
        let whole = whole();
        for at in 0..whole.len() {
            let _ = Version::read(&whole[..at]);
            for bits in [1, 0x80, 0xff] {
                let mut changed = whole.clone();
                changed[at] ^= bits;
                let _ = Version::read(&changed);
            }
        }
        assert_eq!(Version::read(&[]), Version::default());
    }
}
