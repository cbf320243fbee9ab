//! Finds the tags that a driver's image allocates under.
//!
//! The `object` crate reads PE headers, sections and imports; `x86` and `arm64` read instructions. An image
//! may be cut off, damaged or misleading. Reading it never panics, stays within the time budget, and needs only the
//! memory for its results, which is bounded.

use std::collections::BTreeMap;
use std::time::Instant;

use memchr::memmem;
use object::LittleEndian as LE;
use object::pe::{
    IMAGE_FILE_MACHINE_AMD64, IMAGE_FILE_MACHINE_ARM64, IMAGE_FILE_MACHINE_I386, IMAGE_SCN_MEM_EXECUTE,
    ImageNtHeaders32, ImageNtHeaders64,
};
use object::read::pe::{ImageNtHeaders, ImageOptionalHeader, PeFile, optional_header_magic};

use super::clue::{Clue, Grade};
use crate::version_info::VersionInfo;

mod arm64;
mod imports;
mod routine;
mod uses;
mod x86;

use imports::Imports;
pub use routine::{Effect, Routine};
pub use uses::WantedTags;
use uses::{Handed, Uses};

/// The time limit for reading.
#[derive(Debug, Clone, Copy)]
pub struct TimeLimit {
    until: Option<Instant>,
}

impl TimeLimit {
    /// Sets no limit.
    pub fn none() -> TimeLimit {
        TimeLimit { until: None }
    }

    /// Ends at a given instant.
    pub fn until(until: Instant) -> TimeLimit {
        TimeLimit { until: Some(until) }
    }

    /// Returns whether the time is up.
    pub fn is_over(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() >= until)
    }
}

/// The data read from an image.
#[derive(Debug, Clone, Default)]
pub struct Image {
    /// Version, build and company of the driver.
    pub version: VersionInfo,
    /// The evidence for each requested tag in the image, strongest first.
    pub found: BTreeMap<[u8; 4], Vec<Clue>>,
    /// The reason why the image was only read in part; `None` if it was read completely.
    pub in_part: Option<&'static str>,
}

/// The reason why a file is no image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// The headers are missing or invalid.
    #[error("it is not a driver image ({0})")]
    NotAnImage(String),
}

/// A section of code.
#[derive(Debug, Clone, Copy)]
struct CodeSection<'a> {
    bits: u32,
    /// The base of absolute addresses; 0 on machines without absolute addresses in code.
    base: u64,
    rva: u32,
    bytes: &'a [u8],
    data: &'a DataSections<'a>,
}

/// The sections without code, by address.
#[derive(Debug, Default)]
struct DataSections<'a>(Vec<(u32, &'a [u8])>);

/// If a function of the driver allocates within this number of bytes, it is assumed to allocate for its caller.
const SOON: u32 = 512;

impl Image {
    /// Reads an image.
    ///
    /// # Errors
    /// If `bytes` are not an image.
    pub fn read(bytes: &[u8], wanted: &WantedTags, limit: &TimeLimit) -> Result<Image, ImageError> {
        let refused = |error: object::read::Error| ImageError::NotAnImage(error.to_string());
        match optional_header_magic(bytes).map_err(refused)? {
            object::pe::IMAGE_NT_OPTIONAL_HDR32_MAGIC => {
                Ok(read_as(&PeFile::<ImageNtHeaders32>::parse(bytes).map_err(refused)?, wanted, limit))
            }
            _ => Ok(read_as(&PeFile::<ImageNtHeaders64>::parse(bytes).map_err(refused)?, wanted, limit)),
        }
    }
}

/// The sections of an image.
struct Sections<'a> {
    code: Vec<(u32, &'a [u8])>,
    data: Vec<(String, u32, &'a [u8])>,
    too_many: bool,
}

fn read_as<Pe: ImageNtHeaders>(pe: &PeFile<'_, Pe>, wanted: &WantedTags, limit: &TimeLimit) -> Image {
    let machine = pe.nt_headers().file_header().machine.get(LE);
    let mut image = Image::default();
    // In all x86 instructions a tag is four consecutive bytes. This check is enough for most images.
    if let WantedTags::Only(tags) = wanted
        && machine != IMAGE_FILE_MACHINE_ARM64
        && !tags.iter().any(|tag| memmem::find(pe.data(), tag).is_some())
    {
        return image;
    }
    image.version = VersionInfo::from_pe(pe);
    let (imports, sections, mut uses) = (Imports::from_pe(pe), Sections::from_pe(pe), Uses::new(wanted.clone()));
    let bits = if pe.nt_headers().is_type_64() { 64 } else { 32 };
    let base = if bits == 64 { 0 } else { pe.nt_headers().optional_header().image_base() };
    let data = DataSections::from_sections(&sections);
    let may_be_handed = matches!(wanted, WantedTags::Only(_)) || !imports.is_empty();
    for (rva, bytes) in sections.code.iter().filter(|_| may_be_handed) {
        let code = CodeSection { bits, base, rva: *rva, bytes, data: &data };
        let whole = match machine {
            IMAGE_FILE_MACHINE_AMD64 | IMAGE_FILE_MACHINE_I386 => x86::read(&code, &imports, &mut uses, limit),
            IMAGE_FILE_MACHINE_ARM64 => arm64::read(&code, &imports, &mut uses, limit),
            _ => {
                image.in_part = Some("its code is for a processor that poolgate does not support");
                true
            }
        };
        if !whole {
            image.in_part = Some("the time limit was reached before all of its code was read");
        }
    }
    if sections.too_many || uses.overflowed() {
        image.in_part = Some("it has more sections or uses of tags than any driver");
    }
    uses.sort();
    let tags = match wanted {
        WantedTags::All => uses.allocated(SOON),
        WantedTags::Only(tags) => tags.iter().copied().collect(),
    };
    for tag in tags {
        let clues = clues(tag, &uses, &imports, &sections);
        if !clues.is_empty() {
            image.found.insert(tag, clues);
        }
    }
    image
}

/// Returns the evidence for `tag`. Weaker evidence is added only if there is no stronger one.
fn clues(tag: [u8; 4], uses: &Uses, imports: &Imports, sections: &Sections<'_>) -> Vec<Clue> {
    let handed = uses.handed(tag).into_iter();
    let mut found: Vec<_> = handed
        .map(|(routine, Handed { first, places, variable })| Clue::Handed { routine, at: first, places, variable })
        .collect();
    let is_allocated = found.iter().any(|found| found.grade() == Grade::Certain);
    if !is_allocated && let Some((at, routine)) = uses.through(tag, SOON) {
        found.insert(0, Clue::Through { routine, at });
    }
    if found.is_empty()
        && let Some((constant, beside)) = uses.nearest(tag)
    {
        let (at, moved) = (constant.at, constant.moved);
        found.push(match beside {
            Some((routine, bytes)) if moved => Clue::Beside { routine, bytes, at },
            _ => Clue::Constant { at, allocates: imports.has_allocator() },
        });
    }
    if found.is_empty() {
        let code = sections.code.iter().map(|(_, bytes)| (None, *bytes));
        let data = sections.data.iter().map(|(name, _, bytes)| (Some(name), *bytes));
        let place = code.chain(data).find(|(_, bytes)| memmem::find(bytes, &tag).is_some());
        found.extend(place.map(|(section, _)| Clue::Bytes { section: section.cloned() }));
    }
    found
}

impl<'a> DataSections<'a> {
    fn from_sections(sections: &Sections<'a>) -> DataSections<'a> {
        let mut data: Vec<_> = sections.data.iter().map(|(_, rva, bytes)| (*rva, *bytes)).collect();
        data.sort_by_key(|(rva, _)| *rva);
        DataSections(data)
    }

    /// Returns the number at an address; `None` if the file has no data for it.
    fn word_at(&self, rva: u32) -> Option<u32> {
        let (start, bytes) = self.0.get(self.0.partition_point(|(start, _)| *start <= rva).checked_sub(1)?)?;
        let at = (rva - start) as usize;
        Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
    }
}

impl<'a> Sections<'a> {
    /// Returns the sections of the file. Sections can be made to overlap, so reading stops when their total size
    /// exceeds that of the file.
    fn from_pe<Pe: ImageNtHeaders>(pe: &PeFile<'a, Pe>) -> Sections<'a> {
        let mut sections = Sections { code: Vec::new(), data: Vec::new(), too_many: false };
        let mut budget = pe.data().len();
        for section in pe.section_table().iter() {
            let Ok(bytes) = section.pe_data(pe.data()) else { continue };
            let Some(left) = budget.checked_sub(bytes.len()) else {
                sections.too_many = true;
                break;
            };
            budget = left;
            if section.characteristics.get(LE).contains(IMAGE_SCN_MEM_EXECUTE) {
                sections.code.push((section.virtual_address.get(LE), bytes));
            } else {
                let name = String::from_utf8_lossy(section.raw_name()).chars().filter(|c| !c.is_control()).collect();
                sections.data.push((name, section.virtual_address.get(LE), bytes));
            }
        }
        sections
    }
}
