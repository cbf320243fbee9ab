//! Tests with hand-made tables in the layouts of phnt, for both pointer widths, and a kernel that returns them.

use super::layout::drivers;
use super::modules::loaded;
use super::*;
use crate::machine::windows::pool::{Bits, NtStatus, PoolTotals};

const BASE: u64 = 0x00a1_0000;

/// The structures' sizes and the name's offset, counted by hand: bits, whether current, offset of the name, size.
const LAYOUTS: [(Bits, bool, usize, usize); 4] = [
    (Bits::Bits64, true, 24, 144),
    (Bits::Bits32, true, 24, 120),
    (Bits::Bits64, false, 8, 128),
    (Bits::Bits32, false, 8, 104),
];

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}

/// Makes a table at `base` in a layout, each name after its entry. The counters are not zero.
fn table(layout: (Bits, bool, usize, usize), base: u64, listed: &[(&str, u32)]) -> Vec<u8> {
    let (bits, current, name, size) = layout;
    let mut table: Vec<u8> = Vec::new();
    for (number, (driver, level)) in listed.iter().enumerate() {
        let begin = table.len();
        let text: Vec<u8> = driver.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut entry = vec![0x11; size];
        put(&mut entry, 4, &level.to_le_bytes());
        if current {
            put(&mut entry, 8, &[0; 16]);
        }
        let length = text.len() as u16;
        put(&mut entry, name, &length.to_le_bytes());
        put(&mut entry, name + 2, &(length + 2).to_le_bytes());
        let pointer = base + (begin + size) as u64;
        match bits {
            Bits::Bits32 => put(&mut entry, name + 4, &(pointer as u32).to_le_bytes()),
            Bits::Bits64 => put(&mut entry, name + 8, &pointer.to_le_bytes()),
        }
        entry.extend(text);
        entry.extend([0, 0]);
        entry.resize(entry.len().next_multiple_of(8), 0);
        let next = if number + 1 == listed.len() { 0 } else { entry.len() as u32 };
        put(&mut entry, 0, &next.to_le_bytes());
        table.extend(entry);
    }
    table
}

fn named(listed: &[(&str, u32)]) -> Vec<VerifiedDriver> {
    listed.iter().map(|(name, level)| VerifiedDriver { name: (*name).to_owned(), level: *level }).collect()
}

#[test]
fn drivers_are_read_in_both_layouts_and_both_widths() {
    for layout in LAYOUTS {
        for listed in [&[("mydrv.sys", 0x209bb)][..], &[("mydrv.sys", 8), ("Gerät.SYS", 0x9bb)]] {
            let table = table(layout, BASE, listed);
            assert_eq!(drivers(&table, BASE, layout.0), Some(named(listed)), "{layout:?}");
        }
    }
    assert_eq!(drivers(&[], BASE, Bits::Bits64), Some(Vec::new()));
}

#[test]
fn a_level_is_also_in_the_rule_classes() {
    let mut table = table(LAYOUTS[0], BASE, &[("mydrv.sys", 0)]);
    put(&mut table, 8, &0x209bb_u32.to_le_bytes());
    assert_eq!(drivers(&table, BASE, Bits::Bits64), Some(named(&[("mydrv.sys", 0x209bb)])));
}

#[test]
fn a_name_may_be_a_path() {
    let table = table(LAYOUTS[0], BASE, &[(r"\SystemRoot\System32\drivers\mydrv.sys", 8)]);
    assert_eq!(drivers(&table, BASE, Bits::Bits64), Some(named(&[("mydrv.sys", 8)])));
}

#[test]
fn a_table_of_another_layout_is_not_read() {
    for layout in LAYOUTS {
        let (bits, _, name, size) = layout;
        let whole = table(layout, BASE, &[("mydrv.sys", 8), ("second.sys", 8)]);
        let with = |at: usize, value: &[u8]| {
            let mut bytes = whole.clone();
            put(&mut bytes, at, value);
            bytes
        };
        for (what, table, base) in [
            ("it ends in an entry", whole[..size - 1].to_vec(), BASE),
            ("it ends in a name", whole[..whole.len() - 20].to_vec(), BASE),
            ("the names are elsewhere", whole.clone(), BASE + 0x10_0000),
            ("the next entry begins in this one", with(0, &8_u32.to_le_bytes()), BASE),
            ("the next entry is behind the end", with(0, &0x10_0000_u32.to_le_bytes()), BASE),
            ("half a character", with(name, &[17]), BASE),
            ("no name", with(name, &[0]), BASE),
            ("more of a name than there is room", with(name + 2, &[2]), BASE),
        ] {
            assert_eq!(drivers(&table, base, bits), None, "{what}: {layout:?}");
        }
    }
}

/// Makes a table of loaded images, with the row layout counted by hand.
fn module_table(bits: Bits, paths: &[&str]) -> Vec<u8> {
    let (array, row) = if bits == Bits::Bits64 { (8, 296) } else { (4, 284) };
    let mut table = vec![0; array];
    put(&mut table, 0, &(paths.len() as u32).to_le_bytes());
    for path in paths {
        let mut module = vec![0x11; row - 256];
        module.extend(path.bytes());
        module.resize(row, 0);
        table.extend(module);
    }
    table
}

#[test]
fn loaded_drivers_are_read_in_both_widths() {
    for bits in [Bits::Bits32, Bits::Bits64] {
        let table = module_table(bits, &[r"\SystemRoot\system32\ntoskrnl.exe", r"\??\C:\lab\MyDrv.sys", "bare.sys"]);
        assert_eq!(loaded(&table, bits).unwrap(), ["ntoskrnl.exe", "MyDrv.sys", "bare.sys"]);
        assert_eq!(loaded(&table[..table.len() - 1], bits), None);
        assert_eq!(loaded(&[3, 0], bits), None);
    }
}

/// A kernel that stores names at the address of the caller's buffer, as a real one does.
struct FakeKernel {
    verified: Result<Vec<(&'static str, u32)>, NtStatus>,
    process: ProcessKind,
}

impl System for FakeKernel {
    fn query(&mut self, class: Class, buffer: &mut [u8]) -> (NtStatus, usize) {
        let table = match (class.number(), &self.verified) {
            (11, _) => module_table(Bits::Bits64, &["ntoskrnl.exe"]),
            (51, Ok(listed)) => table(LAYOUTS[0], buffer.as_ptr().addr() as u64, listed),
            (51, Err(status)) => return (*status, 0),
            (class, _) => panic!("class {class}"),
        };
        buffer[..table.len()].copy_from_slice(&table);
        (NtStatus::SUCCESS, table.len())
    }

    fn totals(&mut self) -> Option<PoolTotals> {
        None
    }

    fn enable_privileges(&mut self) {}

    fn process(&self) -> ProcessKind {
        self.process
    }
}

#[test]
fn a_kernel_reports_verified_and_loaded_drivers() {
    let native = ProcessKind::Native(Bits::Bits64);
    let asked = |verified, process| verification(&mut FakeKernel { verified, process });
    let found = asked(Ok(vec![("mydrv.sys", 8), ("second.sys", 9)]), native).unwrap();
    assert_eq!(found.drivers, named(&[("mydrv.sys", 8), ("second.sys", 9)]));
    assert_eq!(found.loaded, ["ntoskrnl.exe"]);
    let why = asked(Err(NtStatus::INVALID_INFO_CLASS), native).unwrap_err();
    assert_eq!(why, "cannot read the verified drivers: the kernel returned c0000003 for class 51");
    assert!(asked(Ok(Vec::new()), ProcessKind::Wow64).unwrap_err().contains("32-bit"));
}
