//! Rows in every form of the real file, written for these tests.

use super::*;

const LIST: &str = "\
rem
rem A list like Microsoft's
//  another comment
Afd? - afd.sys     - AFD objects
AfdB - afd.sys     - Afd data buffer
CM?? - nt!cm       - Configuration Manager (registry)
CM*  - nt!cm       - any of the registry's
CMVa - nt!cm       - value cache
Io   - nt!io       - general IO allocations
IpEQ - ipsec.sys    -  event queue
Bmfd - Font related stuff
Irp  - <unknown>    - I/O request packets
Dup1 - one.sys - the first - with a dash
Dup1 - two.sys - the second
Only - only.sys
Rem  - rem.sys     - a tag called Rem
no row at all
Tagged - long.sys - five and more
\t- nothing.sys - no tag
";

fn said(list: &PoolTags, tag: &[u8; 4]) -> Vec<String> {
    list.rows(*tag).iter().map(|row| format!("{} {:?} {}", row.tag, row.binary, row.description)).collect()
}

#[test]
fn the_tag_itself_beats_one_open_place_and_that_beats_an_open_end() {
    let list = PoolTags::read(LIST.as_bytes());
    for (tag, expected) in [
        (b"AfdB", "AfdB Some(\"afd.sys\") Afd data buffer"),
        (b"AfdX", "Afd? Some(\"afd.sys\") AFD objects"),
        (b"CMVa", "CMVa Some(\"nt!cm\") value cache"),
        (b"CM31", "CM?? Some(\"nt!cm\") Configuration Manager (registry)"),
        (b"Io  ", "Io Some(\"nt!io\") general IO allocations"),
        (b"Bmfd", "Bmfd None Font related stuff"),
        (b"Irp ", "Irp None I/O request packets"),
        (b"Only", "Only Some(\"only.sys\") "),
        (b"Rem ", "Rem Some(\"rem.sys\") a tag called Rem"),
    ] {
        assert_eq!(said(&list, tag), [expected]);
    }
    assert!(list.rows(*b"afdB").is_empty(), "case matters");
}

#[test]
fn a_tag_with_several_rows_has_all_of_them_and_a_description_keeps_its_dashes() {
    let list = PoolTags::read(LIST.as_bytes());
    let expected = ["Dup1 Some(\"one.sys\") the first - with a dash", "Dup1 Some(\"two.sys\") the second"];
    assert_eq!(said(&list, b"Dup1"), expected);
    assert_eq!(list.rows(*b"IpEQ")[0].text, "ipsec.sys    -  event queue", "as PoolMon shows it");
}

#[test]
fn malformed_rows_are_counted_and_shown() {
    let list = PoolTags::read(LIST.as_bytes());
    assert_eq!((list.len(), list.malformed.count), (13, 3));
    assert_eq!(list.malformed.first[0], (17, "no row at all".to_owned()));
}

#[test]
fn line_ends_and_encodings_of_editors_are_read() {
    let utf16: Vec<u8> = [0xfeff].into_iter().chain(LIST.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let crlf = LIST.replace('\n', "\r\n");
    for bytes in [utf16, crlf.clone().into_bytes(), format!("\u{feff}{crlf}").into_bytes()] {
        let list = PoolTags::read(&bytes);
        assert_eq!((list.len(), list.malformed.count), (13, 3));
    }
    assert_eq!(PoolTags::read(b"Caf\xe9 - a.sys - x\nGood - b.sys - y").malformed.count, 1);
}

#[test]
fn the_layout_of_2003_has_dashes_without_a_space_behind_them() {
    let list = PoolTags::read(
        b"rem\nrem    <PoolTag> - <binary-name> - <Description>\nrem\n\nAbos - <unknown>    - Abiosdsk\nCM?? - nt!cm        - Internal\n\
          CMAl - nt!cm        -internal registry memory allocator pool tag\nFtV  - <unknown>    -Fault tolerance driver\n       <unknown>\n\
          smWd - nt!store or rdyboost.sys - ReadyBoost\nFree - x.sys driver -not a binary\n",
    );
    assert_eq!(said(&list, b"CMAl"), ["CMAl Some(\"nt!cm\") internal registry memory allocator pool tag"]);
    assert_eq!(said(&list, b"CMzz"), ["CM?? Some(\"nt!cm\") Internal"]);
    assert_eq!(said(&list, b"FtV "), ["FtV None Fault tolerance driver"]);
    assert_eq!(said(&list, b"Free"), ["Free None x.sys driver -not a binary"]);
    assert_eq!(said(&list, b"smWd"), ["smWd Some(\"nt!store or rdyboost.sys\") ReadyBoost"]);
    assert_eq!(list.malformed.count, 1, "{:?}", list.malformed);
}
