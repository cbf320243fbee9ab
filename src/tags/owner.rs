//! The owners of a tag, by combining lists and images for each driver.

use std::path::PathBuf;

use super::clue::{Clue, Grade, grade};
use super::localtag::stem;
use super::{LocalTags, PoolTags, Scan, forms};
use crate::pool::Tag;
use crate::version_info::VersionInfo;

/// The sources for lookups; a missing one is `None`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sources<'a> {
    /// Microsoft's list.
    pub pooltag: Option<&'a PoolTags>,
    /// A list of this machine's drivers.
    pub localtag: Option<&'a LocalTags>,
    /// The images of this machine's drivers.
    pub scan: Option<&'a Scan>,
}

/// A driver that may own a tag.
#[derive(Debug, Clone)]
pub struct Owner {
    /// The driver's file name, `afd.sys`, or a part of the kernel, `nt!mm`.
    pub driver: String,
    /// The driver's file, if it was read.
    pub path: Option<PathBuf>,
    /// Version, build and company from the driver's image.
    pub version: VersionInfo,
    /// How certain it is that the driver owns the tag.
    pub grade: Grade,
    /// The evidence for the driver, strongest first.
    pub evidence: Vec<Clue>,
}

impl Sources<'_> {
    /// Returns the drivers that may own `tag`, the most certain first. Empty if `tag` is no pool tag.
    pub fn owners(&self, tag: &Tag) -> Vec<Owner> {
        let mut owners = Vec::new();
        for bytes in forms(tag) {
            for driver in self.scan.iter().flat_map(|scan| &scan.drivers) {
                if let Some(evidence) = driver.image.found.get(&bytes) {
                    let owner = owner_named(&mut owners, &driver.name);
                    owner.path = Some(driver.path.clone());
                    owner.version = driver.image.version.clone();
                    owner.evidence.extend(evidence.iter().cloned());
                }
            }
        }
        // Lists have tags without PROTECTED_POOL.
        for bytes in forms(tag).into_iter().take(1) {
            for name in self.localtag.iter().flat_map(|list| list.drivers(bytes)) {
                owner_named(&mut owners, &format!("{name}.sys")).evidence.push(Clue::ListedLocally);
            }
            for row in self.pooltag.iter().flat_map(|list| list.rows(bytes)) {
                let pattern = row.has_wildcards().then(|| row.tag.clone());
                let clue = Clue::Listed { pattern, description: row.description.clone() };
                // The description of a row without a driver is still useful.
                owner_named(&mut owners, row.binary.as_deref().unwrap_or(NO_DRIVER)).evidence.push(clue);
            }
        }
        for owner in &mut owners {
            owner.evidence.sort_by_key(|clue| std::cmp::Reverse(clue.grade()));
            owner.grade = grade(&owner.evidence);
        }
        owners.sort_by(|a, b| {
            b.grade.cmp(&a.grade).then_with(|| far(a).cmp(&far(b))).then_with(|| a.driver.cmp(&b.driver))
        });
        owners
    }
}

/// The name shown if a row has no driver.
const NO_DRIVER: &str = "(not named)";

/// Returns the owner called `name`, with names compared as on Windows. Adds it if it is missing.
fn owner_named<'a>(owners: &'a mut Vec<Owner>, name: &str) -> &'a mut Owner {
    let same = |owner: &Owner| stem(&owner.driver).eq_ignore_ascii_case(stem(name));
    let at = owners.iter().position(same).unwrap_or_else(|| {
        let (path, version, grade, evidence) = (None, VersionInfo::default(), Grade::Possible, Vec::new());
        owners.push(Owner { driver: name.to_owned(), path, version, grade, evidence });
        owners.len() - 1
    });
    &mut owners[at]
}

/// Returns the distance between the tag and a call, in bytes.
fn far(owner: &Owner) -> u32 {
    let distance = |clue: &Clue| match clue {
        Clue::Handed { .. } | Clue::Through { .. } => 0,
        Clue::Beside { bytes, .. } => *bytes,
        Clue::Constant { .. } | Clue::Bytes { .. } | Clue::Listed { .. } | Clue::ListedLocally => u32::MAX,
    };
    owner.evidence.iter().map(distance).min().unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tags::image::{Image, Routine};
    use crate::tags::scan::Scanned;

    fn scanned(name: &str, tag: [u8; 4], clue: Clue) -> Scanned {
        let image = Image { found: [(tag, vec![clue])].into(), ..Image::default() };
        Scanned { name: name.to_owned(), path: name.into(), image }
    }

    fn described(owners: &[Owner]) -> Vec<String> {
        let evidence = |owner: &Owner| owner.evidence.iter().map(Clue::to_string).collect::<Vec<_>>().join("; ");
        owners.iter().map(|owner| format!("{} {}: {}", owner.driver, owner.grade, evidence(owner))).collect()
    }

    #[test]
    fn a_list_and_an_image_that_agree_are_certain() {
        let pooltag = PoolTags::read(b"AfdB - AFD.SYS - Afd data buffer\nAfd? - afd.sys - AFD objects\n");
        let constant = || Clue::Constant { at: 0x10, allocates: true };
        let scan = Scan {
            drivers: vec![
                scanned("other.sys", *b"AfdB", constant()),
                scanned("afd.sys", *b"AfdB", constant()),
                scanned("afd.sys", *b"AfdX", constant()),
            ],
            ..Scan::default()
        };
        let sources = Sources { pooltag: Some(&pooltag), scan: Some(&scan), localtag: None };
        assert_eq!(
            described(&sources.owners(&"AfdB".parse().unwrap())),
            [
                "afd.sys certain: pooltag.txt: Afd data buffer; has it in its code at +0x10",
                "other.sys possible: has it in its code at +0x10"
            ]
        );
        let alone = Sources { scan: None, ..sources };
        assert_eq!(
            described(&alone.owners(&"AfdB".parse().unwrap())),
            ["AFD.SYS likely: pooltag.txt: Afd data buffer"]
        );
        assert_eq!(
            described(&sources.owners(&"AfdX".parse().unwrap())),
            ["afd.sys possible: has it in its code at +0x10; pooltag.txt, as one of Afd?: AFD objects"]
        );
        assert!(sources.owners(&"afdb".parse().unwrap()).is_empty());
    }

    #[test]
    fn a_protected_tag_is_looked_up_with_and_without_its_bit() {
        let routine = Routine::named(b"ExAllocatePoolWithTag").unwrap();
        let handed = Clue::Handed { routine, at: 0x20, places: 2, variable: false };
        let scan = Scan { drivers: vec![scanned("mydrv.sys", *b"MyD\xb1", handed)], ..Scan::default() };
        let localtag = LocalTags::read(b"MyD1 - mydrv\n");
        let sources = Sources { pooltag: None, localtag: Some(&localtag), scan: Some(&scan) };
        for tag in ["MyD1", "MyD\\xb1"] {
            let owners = described(&sources.owners(&tag.parse().unwrap()));
            let expected = "certain: passes it to ExAllocatePoolWithTag in 2 places, first at +0x20; localtag.txt";
            assert_eq!(owners, [format!("mydrv.sys {expected}")], "{tag}");
        }
    }

    #[test]
    fn the_nearest_to_an_allocation_goes_first_among_equals() {
        let routine = Routine::named(b"ExAllocatePool2").unwrap();
        let beside = |bytes| Clue::Beside { routine, bytes, at: 0 };
        let drivers = vec![scanned("a.sys", *b"MyD1", beside(90)), scanned("b.sys", *b"MyD1", beside(9))];
        let scan = Scan { drivers, ..Scan::default() };
        let owners = Sources { scan: Some(&scan), ..Sources::default() }.owners(&"MyD1".parse().unwrap());
        assert_eq!(owners.iter().map(|owner| owner.driver.as_str()).collect::<Vec<_>>(), ["b.sys", "a.sys"]);
    }
}
