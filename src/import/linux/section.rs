//! Recognises the first lines of the kernel's tables.

use memchr::memmem;

use super::row::words;
use super::{meminfo, slabinfo};

/// One of the kernel's tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    /// `/proc/slabinfo`, version 2.x.
    Slabinfo,
    /// `/proc/slabinfo`, version 1.x: Linux 2.4 and before.
    OldSlabinfo,
    Slabtop,
    Vmstat,
    Meminfo,
    Allocinfo,
    Spl,
}

/// Returns the table that a line begins.
pub(super) fn header(text: &[u8]) -> Option<Section> {
    match text.first()? {
        b's' if text.starts_with(b"slabinfo - version: 1.") => Some(Section::OldSlabinfo),
        b's' if text.starts_with(b"slabinfo - version: ") => Some(Section::Slabinfo),
        b'#' if memmem::find(text, b"<active_objs>").is_some() => Some(Section::Slabinfo),
        b'#' if memmem::find(text, b"<calls>").is_some() => Some(Section::Allocinfo),
        b'a' if text.starts_with(b"allocinfo - version: ") => Some(Section::Allocinfo),
        b'A' if text.starts_with(b"Active / Total Objects") => Some(Section::Slabtop),
        b'O' if words(text).take(3).eq([&b"OBJS"[..], b"ACTIVE", b"USE"]) => Some(Section::Slabtop),
        b'C' if words(text).eq([&b"Cache"[..], b"Num", b"Total", b"Size", b"Pages"]) => Some(Section::Vmstat),
        b'M' if text.starts_with(b"MemTotal:") => Some(Section::Meminfo),
        b'-' if text.starts_with(b"-----") && memmem::find(text, b"- cache -").is_some() => Some(Section::Spl),
        b'n' if words(text).take(3).eq([&b"name"[..], b"flags", b"size"]) => Some(Section::Spl),
        _ => None,
    }
}

/// Whether a line belongs to a table of Linux and to no other log.
pub(in crate::import) fn begins(text: &[u8]) -> bool {
    header(text).is_some_and(|section| section != Section::Meminfo || text.ends_with(b" kB"))
        || matches!(slabinfo::row(text), Some(Ok(_))) && slabinfo::is_marked(text)
        || matches!(meminfo::row(text), Some(Ok(Some(_))))
}

pub(super) fn bit(section: Section) -> u8 {
    1 << section as u8
}

/// The name of a log of this table in reports.
pub(super) fn source(section: Section) -> &'static str {
    match section {
        Section::Slabinfo | Section::OldSlabinfo => "a log of /proc/slabinfo",
        Section::Slabtop => "a log of slabtop",
        Section::Vmstat => "a log of vmstat -m",
        Section::Meminfo => "a log of /proc/meminfo",
        Section::Allocinfo => "a log of /proc/allocinfo",
        Section::Spl => "a log of /proc/spl/kmem/slab",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_known_by_its_header() {
        for (text, section) in [
            ("slabinfo - version: 2.1 (statistics)", Section::Slabinfo),
            ("slabinfo - version: 1.1 (SMP)", Section::OldSlabinfo),
            ("# name            <active_objs> <num_objs>", Section::Slabinfo),
            ("allocinfo - version: 2.0", Section::Allocinfo),
            ("#     <size>  <calls> <tag info>", Section::Allocinfo),
            ("Active / Total Objects (% used)    : 15451251 / 15530002 (99.5%)", Section::Slabtop),
            ("OBJS ACTIVE  USE OBJ SIZE  SLABS OBJ/SLAB CACHE SIZE NAME", Section::Slabtop),
            ("Cache                       Num  Total   Size  Pages", Section::Vmstat),
            ("--------------------- cache ----------  ----- slab ------", Section::Spl),
            ("MemTotal:       15923284 kB", Section::Meminfo),
        ] {
            assert_eq!(header(text.as_bytes()), Some(section), "{text}");
            assert!(begins(text.as_bytes()), "{text}");
        }
        assert!(begins(b"SUnreclaim:        90356 kB") && begins(b"d 3 42 192 21 1 : tunables 0 0 0 : slabdata 2 2 0"));
        for other in ["MemTotal: unknown", "Cache size", "some : tunables", "# a comment", "MemFree: 5 kB", "-----"] {
            assert!(!begins(other.as_bytes()), "{other}");
        }
    }
}
