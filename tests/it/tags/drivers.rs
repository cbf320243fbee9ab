//! The evidence on tags in drivers, for each form of code that compilers make.

use poolgate::tags::{Grade, Scan, Sources, TimeLimit, WantedTags, forms};

use super::bed::{WAYS, drivers};
use super::image::{ARM64, X64, X86, hands_over, image};

/// Returns grade and evidence for `tag` in the driver built with `way`.
fn said(way: &str, tag: &str) -> Option<(Grade, String)> {
    let path = drivers()?.join(format!("owner-{way}.sys"));
    let tag = tag.parse().unwrap();
    let scan = Scan::from_places(&[path], &WantedTags::Only(forms(&tag)), &TimeLimit::none()).unwrap();
    assert_eq!((scan.read, &scan.skipped, &scan.in_part), (1, &vec![], &vec![]));
    let owners = Sources { scan: Some(&scan), ..Sources::default() }.owners(&tag);
    let owner = owners.first()?;
    let evidence = owner.evidence.iter().map(ToString::to_string).collect::<Vec<_>>();
    Some((owner.grade, evidence.join("; ")))
}

#[test]
fn every_use_of_a_tag_has_its_grade_at_every_optimisation_level() {
    if drivers().is_none() {
        return;
    }
    for way in WAYS {
        for (tag, grade, evidence) in [
            ("ADir", Grade::Certain, "passes it to ExAllocatePoolWithTag at +"),
            ("BFre", Grade::Likely, "passes it to ExFreePoolWithTag at +"),
            ("CEi1", Grade::Likely, " bytes from a call of ExAllocatePoolWithTag"),
            ("CEi2", Grade::Likely, " bytes from a call of ExAllocatePoolWithTag"),
            ("DPwr", Grade::Likely, "to its own function that calls ExAllocatePoolWithTag"),
            ("EMny", Grade::Certain, "passes it to ExAllocatePoolWithQuotaTag in 4 places, first at +"),
            ("FLk1", Grade::Certain, "passes it to ExInitializeNPagedLookasideList at +"),
            ("GLk2", Grade::Certain, "passes it to ExInitializeLookasideListEx at +"),
            ("HSig", Grade::Possible, "has it in its code at +"),
            ("ILst", Grade::Certain, "passes it to ExAllocatePoolWithTag at +"),
            ("JDat", Grade::Possible, "has its bytes among its data (."),
            ("MVar", Grade::Likely, ", from a variable that initially has this value"),
            ("KKTb", Grade::Possible, "has its bytes among its data (."),
        ] {
            let (found, because) = said(way, tag).unwrap_or_else(|| panic!("{tag} in {way} is not found"));
            assert_eq!(found, grade, "{tag} in {way}: {because}");
            assert!(because.contains(evidence), "{tag} in {way}: {because}");
        }
        assert_eq!(said(way, "ZNot"), None);
        assert_eq!(said(way, "riDA"), None, "back to front it is another tag");
    }
}

#[test]
fn a_driver_is_shown_with_version_and_manufacturer() {
    let Some(folder) = drivers() else { return };
    let scan = Scan::from_places(&[folder.to_owned()], &WantedTags::All, &TimeLimit::none()).unwrap();
    assert_eq!(scan.read, WAYS.len());
    for driver in &scan.drivers {
        let version = &driver.image.version;
        assert_eq!((version.version.as_deref(), version.company.as_deref()), (Some("2.3.4.5"), Some("Contoso Ltd")));
        let tags: Vec<_> = driver.image.found.keys().map(|tag| String::from_utf8_lossy(tag).into_owned()).collect();
        assert_eq!(tags, ["ADir", "DPwr", "EMny", "FLk1", "GLk2", "ILst", "MVar"], "{}", driver.name);
    }
}

#[test]
fn a_tag_is_found_on_every_processor_and_only_if_a_routine_takes_it() {
    let folder = tempfile::tempdir().unwrap();
    for machine in [X86, X64, ARM64] {
        for (routine, grade) in [
            ("ExAllocatePoolWithTag", Grade::Certain),
            ("FltFreePoolAlignedWithTag", Grade::Likely),
            ("RtlCompareMemory", Grade::Possible),
        ] {
            let path = folder.path().join("made.sys");
            fs_err::write(&path, image(machine, &hands_over(machine, *b"MyD1"), &[routine], b"")).unwrap();
            let tag = "MyD1".parse().unwrap();
            let scan = Scan::from_places(&[path], &WantedTags::Only(forms(&tag)), &TimeLimit::none()).unwrap();
            assert_eq!((scan.read, &scan.skipped), (1, &vec![]));
            let owners = Sources { scan: Some(&scan), ..Sources::default() }.owners(&tag);
            assert_eq!(owners.first().map(|owner| owner.grade), Some(grade), "{machine:x} {routine}: {owners:?}");
        }
    }
}
