//! The lines `Memory:` and `Commit:` above a table: totals of the machine's memory and pools.

use super::number::Fields;
use crate::pool::Figure;

/// The names before numbers in a line that begins with `Memory:`, and in one that begins with `Commit:`.
const OF_MEMORY: [(&[u8], Figure); 4] = [
    (b"Memory", Figure::Physical),
    (b"Avail", Figure::Available),
    (b"Krnl", Figure::ResidentKernel),
    (b"P", Figure::ResidentPaged),
];
const OF_COMMIT: [(&[u8], Figure); 5] = [
    (b"Commit", Figure::Committed),
    (b"Limit", Figure::CommitLimit),
    (b"Peak", Figure::CommitPeak),
    (b"N", Figure::Nonpaged),
    (b"P", Figure::Paged),
];

/// The figures of such a line in bytes. A figure that is not a number of KiB is left out.
pub(super) fn figures(line: &[u8]) -> Vec<(Figure, u64)> {
    let names: &[(&[u8], Figure)] =
        if line.trim_ascii_start().starts_with(b"Memory:") { &OF_MEMORY } else { &OF_COMMIT };
    let colons = line.iter().enumerate().filter(|(_, byte)| **byte == b':');
    let figure = |(at, _): (usize, &u8)| {
        let before = &line[..at];
        let begins = before.iter().rposition(|byte| !byte.is_ascii_alphabetic()).map_or(0, |space| space + 1);
        let (_, figure) = names.iter().find(|(name, _)| *name == &before[begins..])?;
        let mut fields = Fields(&line[at + 1..]);
        let number = fields.number().ok()??;
        let whole = fields.takes(b'K') && fields.0.first().is_none_or(u8::is_ascii_whitespace) && !number.negative;
        let bytes = number.magnitude.checked_mul(1024).filter(|bytes| i64::try_from(*bytes).is_ok());
        whole.then_some((*figure, bytes?))
    };
    colons.filter_map(figure).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Vec<(Figure, u64)> {
        figures(line.as_bytes()).into_iter().map(|(figure, bytes)| (figure, bytes / 1024)).collect()
    }

    #[test]
    fn the_header_has_memory_and_pools_in_kib() {
        use Figure::*;
        assert_eq!(
            read(" Memory:16468560K Avail:12072536K  PageFlts:468600648   InRam Krnl:56708K P:950888K"),
            [(Physical, 16_468_560), (Available, 12_072_536), (ResidentKernel, 56_708), (ResidentPaged, 950_888)]
        );
        assert_eq!(
            read(" Commit: 237688K Limit: 640916K Peak: 260632K            Pool N: 8500K P:33024K"),
            [(Committed, 237_688), (CommitLimit, 640_916), (CommitPeak, 260_632), (Nonpaged, 8500), (Paged, 33_024)]
        );
        assert_eq!(read("Commit:1,279,764K Limit:?K Peak:98O356K Pool N: ? P:-5K"), [(Committed, 1_279_764)]);
        assert_eq!(read("Memory: none"), []);
    }
}
