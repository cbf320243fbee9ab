//! `/proc/allocinfo` (6.10 and later, CONFIG_MEM_ALLOC_PROFILING): the memory that each place in the kernel's code has
//! allocated.
//!
//! `bytes calls file:line [module] func:name …`, without the module for built-in code (lib/alloc_tag.c,
//! `alloc_tag_to_text`; Documentation/filesystems/proc.rst). The tag is `module:function`, since files and lines differ
//! from build to build; several places in one function add up. Figures are exact at any time and cover slab objects,
//! pages and per-CPU memory, under a pool of their own. Since version 2 a line may end in `accurate:no` (the kernel
//! once had no memory to count with). poolgate counts such a line too, because it can neither correct it nor leave it
//! out.

use std::collections::HashMap;
use std::path::Path;

use super::proc_text::{ProcText, number};
use crate::machine::MachineError;
use crate::pool::{Counters, Key, Pool, RowId, Snapshot, Tag, Usage};

/// The module name given to code built into the kernel.
const BUILT_IN: &[u8] = b"kernel";

pub(super) struct Allocinfo {
    text: ProcText,
    table: AllocationTable,
}

#[derive(Default)]
struct AllocationTable {
    rows: HashMap<Box<[u8]>, RowId>,
    /// The name being read, kept so that looking it up allocates nothing.
    name: Vec<u8>,
}

impl Allocinfo {
    /// Opens the table below `root` if it exists and counts: `vm.mem_profiling` may have been off since the boot.
    pub(super) fn find(root: &Path) -> Option<Allocinfo> {
        let path = root.join("proc/allocinfo");
        let switch = fs_err::read(root.join("proc/sys/vm/mem_profiling"));
        let counts = switch.map_or(true, |switch| switch.trim_ascii() != b"0");
        (counts && std::fs::File::open(&path).is_ok())
            .then(|| Allocinfo { text: ProcText::new(path), table: AllocationTable::default() })
    }

    /// Adds every tag that is or ever was in use to `snapshot`.
    pub(super) fn fill(&mut self, snapshot: &mut Snapshot) -> Result<(), MachineError> {
        let table = &mut self.table;
        self.text.read()?;
        self.text.each_line(|at, line| match at {
            0 if line.starts_with(b"allocinfo - version: 1.") || line.starts_with(b"allocinfo - version: 2.") => Ok(()),
            0 => Err("not an allocinfo of version 1.x or 2.x"),
            _ if line.is_empty() || line.starts_with(b"#") => Ok(()),
            _ => table.place(line, snapshot),
        })
    }
}

impl AllocationTable {
    fn place(&mut self, line: &[u8], snapshot: &mut Snapshot) -> Result<(), &'static str> {
        let mut items = line.split(|&b| b == b' ').filter(|item| !item.is_empty());
        let bytes = items.next().and_then(signed).ok_or("the size is not a number")?;
        let calls = items.next().and_then(number).ok_or("the calls are not a number")?;
        let _place = items.next().ok_or("no place in the code")?;
        let mut item = items.next().ok_or("no function")?;
        let mut module = BUILT_IN;
        if let Some(name) = item.strip_prefix(b"[").and_then(|name| name.strip_suffix(b"]")) {
            module = name;
            item = items.next().ok_or("no function")?;
        }
        let function = item.strip_prefix(b"func:").filter(|name| !name.is_empty()).ok_or("no function")?;
        self.name.clear();
        for part in [module, b":", function] {
            self.name.extend_from_slice(part);
        }
        // The sum over all CPUs is not taken at one instant, so it can be below zero for a moment. The calls are the
        // same kind of sum, printed without a sign.
        let usage = Usage { allocs: (calls as i64).max(0) as u64, frees: 0, bytes: bytes.max(0) as u64 };
        let row = match self.rows.get(self.name.as_slice()) {
            Some(row) => *row,
            // Most places never allocate. They are left out until they do; from then on a zero counts as a value.
            None if usage == Usage::default() => return Ok(()),
            None => self.meet(snapshot)?,
        };
        let met = snapshot.get(row).unwrap_or_default();
        let allocs = met.allocs.saturating_add(usage.allocs);
        snapshot.set(row, Some(Usage { allocs, frees: 0, bytes: met.bytes.saturating_add(usage.bytes) }));
        Ok(())
    }

    /// Adds a row for a tag seen for the first time.
    fn meet(&mut self, snapshot: &mut Snapshot) -> Result<RowId, &'static str> {
        let tag = Tag::from_cache_name(&self.name).map_err(|_| "no function")?;
        let row = snapshot.row(Key::new(tag, Pool::Callsite, Counters::InUse));
        self.rows.insert(self.name.as_slice().into(), row);
        Ok(row)
    }
}

fn signed(text: &[u8]) -> Option<i64> {
    match text.strip_prefix(b"-") {
        Some(digits) => number(digits).and_then(|value| 0i64.checked_sub_unsigned(value)),
        None => number(text).and_then(|value| i64::try_from(value).ok()),
    }
}
