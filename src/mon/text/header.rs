//! The two lines above PoolMon's table.

use crate::machine::Memory;

/// Returns the lines ` Memory:` and ` Commit:`. Both are always present, because log importers use them to separate
/// screens.
pub(super) fn memory(memory: &Memory, faults: Option<u64>) -> [String; 2] {
    let Memory { physical, available, resident_kernel, resident_paged, .. } = *memory;
    let Memory { committed, commit_limit, commit_peak, nonpaged, paged, .. } = *memory;
    let faults = faults.map_or_else(|| "?".to_owned(), |count| count.to_string());
    [
        format!(
            " Memory:{} Avail:{}  PageFlts:{faults:>6}   InRam Krnl:{} P:{}",
            kib(physical, 8),
            kib(available, 8),
            kib(resident_kernel, 5),
            kib(resident_paged, 5)
        ),
        format!(
            " Commit:{} Limit:{} Peak:{}            Pool N:{} P:{}",
            kib(committed, 7),
            kib(commit_limit, 7),
            kib(commit_peak, 7),
            kib(nonpaged, 5),
            kib(paged, 5)
        ),
    ]
}

/// `  260620K`, or `        ?` if unknown.
fn kib(bytes: Option<u64>, width: usize) -> String {
    match bytes {
        Some(bytes) => format!("{:>width$}K", bytes / 1024),
        None => format!("{:>1$}", "?", width + 1),
    }
}
