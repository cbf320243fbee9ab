//! The fuzz targets with their checks: importing any bytes gives an error that is safe to print, or a complete
//! recording.
//!
//! `fuzz_targets/` calls these under libFuzzer; `tests/it/fuzz_inputs.rs` calls them with the fuzzer's initial inputs.

use std::time::Duration;

use poolgate::import;
use poolgate::record::{Event, Recording};

use kernel_table::Table;

mod checkpoint;
mod driver;
mod kernel_table;
mod recording;
mod scenario;
mod tag_list;

/// Reads bytes as one kind of file. Panics if a check fails.
pub type Target = fn(&[u8]);

/// Every target by name; `fuzz_targets/<name>.rs` has the same name.
pub const TARGETS: [(&str, Target); 17] = [
    ("allocinfo", allocinfo),
    ("checkpoint", checkpoint::checkpoint),
    ("csv", csv),
    ("driver", driver::driver),
    ("linux", linux),
    ("log", log),
    ("named", named),
    ("poolmon", poolmon),
    ("pooltag", tag_list::tag_list),
    ("poolused", poolused),
    ("powershell", powershell),
    ("recording", recording::recording),
    ("scenario", scenario::scenario),
    ("slabinfo", slabinfo),
    ("stamps", stamps),
    ("totals", totals),
    ("verifier", verifier),
];

/// The target of this name.
///
/// # Panics
/// When there is none.
pub fn target(name: &str) -> Target {
    let found = TARGETS.into_iter().find(|(target, _)| *target == name);
    found.unwrap_or_else(|| panic!("{name} is not in TARGETS")).1
}

fn allocinfo(bytes: &[u8]) {
    kernel_table::kernel_table(Table::Allocinfo, bytes);
}

fn slabinfo(bytes: &[u8]) {
    kernel_table::kernel_table(Table::Slabinfo, bytes);
}

fn csv(bytes: &[u8]) {
    read(b"t_seconds,iteration,tag,pool,allocs,frees,bytes\n", bytes);
}

/// The first line makes it a log of Linux' own tables; the bytes may begin any of the other tables.
fn linux(bytes: &[u8]) {
    read(b"slabinfo - version: 2.1\n", bytes);
}

/// No first line: the bytes determine the format of the log and its encoding.
fn log(bytes: &[u8]) {
    read(b"", bytes);
}

/// A table with column names in its header.
fn named(bytes: &[u8]) {
    read(b"Tag,Type,Allocs,Frees,Diff,Bytes,Per Alloc\n", bytes);
}

/// A time stamp of any form between two tables.
fn stamps(bytes: &[u8]) {
    let table: &[u8] = b"\n Tag  Type  Allocs  Frees  Diff  Bytes  Per Alloc\n Irp  Nonp 3 1 2 64 32\n";
    read(table, &[&b"2026-01-08 15:04:05\n"[..], table, bytes, table, bytes, table].concat());
}

fn poolmon(bytes: &[u8]) {
    read(b" Tag  Type     Allocs            Frees            Diff   Bytes      Per Alloc\n", bytes);
}

fn poolused(bytes: &[u8]) {
    read(b"  Pool Used:\n            NonPaged            Paged\n", bytes);
}

fn powershell(bytes: &[u8]) {
    let header = b"\"DateTimeUTC\",\"Tag\",\"PagedAllocs\",\"PagedFrees\",\"PagedDiff\",\"PagedUsedBytes\",\"NonPagedUsedBytes\"\n";
    read(header, bytes);
}

/// Logs of the totals of Windows' pools. The first byte selects one of three formats.
fn totals(bytes: &[u8]) {
    const BEGINNINGS: [&[u8]; 3] = [
        b"\"(PDH-CSV 4.0) (UTC)(0)\",\"\\\\HOST\\Memory\\Pool Nonpaged Bytes\"\n",
        b"Time PagedPoolMB NonpagedPoolMB\n",
        b"NonPagedPool Usage: 268 ( 1072 Kb)\n",
    ];
    if let [which, bytes @ ..] = bytes {
        read(BEGINNINGS[usize::from(*which) % BEGINNINGS.len()], bytes);
    }
}

/// Lists of Driver Verifier.
fn verifier(bytes: &[u8]) {
    read(b"MODULE: mydrv.sys (load: 1 / unload: 1)\n", bytes);
}

/// Imports `bytes` after `beginning`, which determines their format.
fn read(beginning: &[u8], bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a folder");
    let to = folder.path().join("imported.pgr");
    let every = Some(Duration::from_secs(5));
    match import::write(&[beginning, bytes].concat()[..], "fuzz.log", every, &to) {
        Ok(_) => whole(&Recording::open(&to).expect("what was written opens")),
        Err(error) => printable(&error.to_string()),
    }
}

/// Checks that a terminal acts on nothing in the text, even if the input file contains control characters.
fn printable(text: &str) {
    let acts = |c: char| c.is_control() && !"\n\t\r".contains(c);
    assert!(!text.contains(acts), "text of a file reaches a terminal: {text:?}");
}

/// Checks that the samples are in order of time, and that the recording has an end.
fn whole(recording: &Recording) {
    let mut events = recording.events();
    let (mut last, mut ended) = (None, false);
    while let Some(event) = events.next() {
        match event {
            Event::Sample { info, .. } => {
                assert!(last.is_none_or(|last| last < info.at), "{last:?} comes before {:?}", info.at);
                last = Some(info.at);
            }
            Event::Mark { .. } => {}
            Event::Damaged { bytes } => panic!("{bytes} damaged bytes"),
            Event::End { .. } => ended = true,
        }
    }
    assert!(ended, "no end");
}
