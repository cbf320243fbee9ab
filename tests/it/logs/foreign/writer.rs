//! Writes tables as other programs do, independently of poolgate's readers.

use jiff::Timestamp;

#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) title: Title,
    pub(super) rows: Vec<Row>,
    /// The time written before it.
    pub(super) stamp: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Title {
    System,
    AllSessions,
    Session(u32),
}

#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) tag: [u8; 4],
    pub(super) paged: bool,
    pub(super) allocs: u64,
    pub(super) frees: u64,
    pub(super) bytes: u64,
    /// The numbers in the parentheses.
    pub(super) changes: [i32; 3],
}

/// The variants of docs/poolmon-logs.md; H is several tables of the first six.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Variant {
    X86,
    X64,
    Ruled,
    Untitled,
    Drivers,
    Sessions,
    Snapshot,
    PoolUsed,
    PoolUsedGlued,
    PoolUsedVerbose,
    PowerShell,
}

impl Variant {
    pub(super) const ALL: [Variant; 11] = [
        Variant::X86,
        Variant::X64,
        Variant::Ruled,
        Variant::Untitled,
        Variant::Drivers,
        Variant::Sessions,
        Variant::Snapshot,
        Variant::PoolUsed,
        Variant::PoolUsedGlued,
        Variant::PoolUsedVerbose,
        Variant::PowerShell,
    ];

    pub(super) fn is_live(self) -> bool {
        use Variant::{Drivers, Ruled, Sessions, Untitled, X64, X86};
        matches!(self, X86 | X64 | Ruled | Untitled | Drivers | Sessions)
    }

    pub(super) fn has_both_pools_in_a_row(self) -> bool {
        !self.is_live() && self != Variant::Snapshot
    }
}

const MEMORY: &str = " Memory:16468560K Avail:12072536K  PageFlts:468600648   InRam Krnl:56708K P:950888K
 Commit:4100436K Limit:17517136K Peak:11685564K            Pool N:0K P:0K
";

/// The text of all tables, with each byte of a tag as one character.
pub(super) fn text(variant: Variant, tables: &[Table]) -> Vec<u8> {
    let mut out = Vec::new();
    if variant == Variant::PowerShell {
        out.extend_from_slice(
            b"\"DateTime\",\"DateTimeUTC\",\"Tag\",\"PagedAllocs\",\"PagedFrees\",\"PagedDiff\",\"PagedUsedBytes\",\
              \"NonPagedAllocs\",\"NonPagedFrees\",\"NonPagedDiff\",\"NonPagedUsedBytes\",\"TotalUsedBytes\"\n",
        );
    }
    for table in tables {
        match variant {
            Variant::PowerShell => {}
            Variant::PoolUsed | Variant::PoolUsedGlued | Variant::PoolUsedVerbose => {
                if let Some(stamp) = table.stamp {
                    let said = stamp.strftime("Debug session time: %a %b %e %H:%M:%S.000 %Y (UTC + 0:00)\n");
                    out.extend_from_slice(said.to_string().as_bytes());
                }
                out.extend_from_slice(b"   Sorting by  Tag\n\n  Pool Used:\n            NonPaged            Paged\n");
                out.extend_from_slice(match variant {
                    Variant::PoolUsedVerbose => {
                        b" Tag    Allocs    Frees     Diff     Used   Allocs    Frees     Diff     Used\n"
                    }
                    _ => b" Tag    Allocs     Used    Allocs     Used\n".as_slice(),
                });
            }
            _ => head(&mut out, variant, table),
        }
        match variant.has_both_pools_in_a_row() {
            false => table.rows.iter().for_each(|row| one_pool(&mut out, variant, row)),
            true => both_pools(&mut out, variant, table),
        }
        if matches!(variant, Variant::PoolUsed | Variant::PoolUsedGlued | Variant::PoolUsedVerbose) {
            // The sum of the rows may not fit into 64 bits, so this line has no readable total.
            out.extend_from_slice(b" TOTAL 1\n\n");
        }
    }
    out
}

fn head(out: &mut Vec<u8>, variant: Variant, table: &Table) {
    if let Some(stamp) = table.stamp {
        out.extend_from_slice(format!("# {stamp}\n").as_bytes());
    }
    out.extend_from_slice(MEMORY.as_bytes());
    match (variant, table.title) {
        (Variant::Ruled | Variant::Untitled | Variant::Snapshot, _) => {}
        (_, Title::System) => out.extend_from_slice(b" System pool information\n"),
        (_, Title::AllSessions) => out.extend_from_slice(b" All sessions pool information\n"),
        (_, Title::Session(number)) => {
            out.extend_from_slice(format!(" Session {number} pool information\n").as_bytes())
        }
    }
    out.extend_from_slice(match variant {
        Variant::Snapshot => b"\n Tag  Type     Allocs         Frees    Diff   Bytes    Per Alloc\n\n",
        Variant::Drivers => {
            b" Tag  Type     Allocs            Frees            Diff   Bytes      Per Alloc  Mapped_Driver\n\n"
        }
        Variant::Ruled => {
            b"\n Tag  Type    Allocs          Frees         Diff   Bytes      Per Alloc\n-------------------------\n\n"
        }
        _ => b" Tag  Type     Allocs            Frees            Diff       Bytes                 Per Alloc\n\n"
            .as_slice(),
    });
}

fn one_pool(out: &mut Vec<u8>, variant: Variant, row: &Row) {
    let Row { allocs, frees, bytes, changes: [a, f, b], .. } = row;
    let pool = if row.paged { "Paged" } else { "Nonp" };
    let diff = difference(*allocs, *frees);
    let each = if diff > 0 { *bytes as i64 / diff } else { 0 };
    let (before, between): (&[u8], &[u8]) = if variant == Variant::Ruled { (b"", b"  ") } else { (b" ", b" ") };
    out.extend_from_slice(&[before, &row.tag, between].concat());
    let figures = match variant {
        Variant::Snapshot => format!("{pool:<5} {allocs:>9} {frees:>9} {diff:>9} {bytes:>8} {each:>10}"),
        Variant::X64 => {
            format!("{pool:<5} {allocs:>9} ({a:>4}) {frees:>9} ({f:>4}) {diff:>8} {bytes:>11} ({b:>11}) {each:>11}")
        }
        _ => format!("{pool:<5} {allocs:>9} ({a:>4}) {frees:>9} ({f:>4}) {diff:>5} {bytes:>7} ({b:>6}) {each:>6}"),
    };
    out.extend_from_slice(figures.as_bytes());
    if variant == Variant::Drivers {
        out.extend_from_slice(
            [&b" [ipsec][ipsec.sys    -  event que"[..], b"   Unknown Driver"][usize::from(row.paged)],
        );
    }
    out.push(b'\n');
}

fn both_pools(out: &mut Vec<u8>, variant: Variant, table: &Table) {
    let mut tags: Vec<[u8; 4]> = table.rows.iter().map(|row| row.tag).collect();
    tags.sort_unstable();
    tags.dedup();
    for tag in tags {
        let of = |paged: bool| {
            let row = table.rows.iter().find(|row| row.tag == tag && row.paged == paged);
            row.map_or((0, 0, 0), |row| (row.allocs, row.frees, row.bytes))
        };
        let (nonpaged, paged) = (of(false), of(true));
        if variant == Variant::PowerShell {
            let at = table.stamp.unwrap().strftime("%Y-%m-%dT%H:%M:%S").to_string();
            let quoted: Vec<u8> =
                tag.iter().flat_map(|byte| if *byte == b'"' { vec![b'"'; 2] } else { vec![*byte] }).collect();
            out.extend_from_slice(format!("\"{at}\",\"{at}\",\"").as_bytes());
            out.extend_from_slice(&quoted);
            out.push(b'"');
            for (allocs, frees, bytes) in [paged, nonpaged] {
                let diff = allocs as i64 - frees as i64;
                out.extend_from_slice(format!(",\"{allocs}\",\"{frees}\",\"{diff}\",\"{bytes}\"").as_bytes());
            }
            out.extend_from_slice(b",\"0\"\n");
            continue;
        }
        out.extend_from_slice(&[&b" "[..], &tag, b" "].concat());
        for (allocs, frees, bytes) in [nonpaged, paged] {
            let diff = difference(allocs, frees);
            let figures = match variant {
                Variant::PoolUsedVerbose => format!(" {allocs:>8} {frees:>8} {diff:>8} {bytes:>8}"),
                _ => format!(" {allocs:>8} {bytes:>8}"),
            };
            out.extend_from_slice(figures.as_bytes());
        }
        let glued = variant == Variant::PoolUsedGlued;
        out.extend_from_slice(if glued { b"" } else { b"\t" });
        out.extend_from_slice(b"UNKNOWN pooltag '1394', please update pooltag.txt\n");
    }
}

/// The difference as a program with 32-bit counters prints it, if the counters have 32 bits.
fn difference(allocs: u64, frees: u64) -> i64 {
    if allocs <= u64::from(u32::MAX) && frees <= u64::from(u32::MAX) {
        i64::from((allocs as u32).wrapping_sub(frees as u32) as i32)
    } else {
        allocs.wrapping_sub(frees) as i64
    }
}
