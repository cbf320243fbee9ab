//! Lines of `/proc/meminfo` that count the kernel's own memory (Documentation/filesystems/proc.rst).
//!
//! They become rows of pool `kernel` under their own names. Lines about processes and free memory are recognised and
//! left out.

use super::row::{LinuxRow, no_number, number};

/// Memory of the kernel itself, and whether the kernel reclaims it when it needs memory.
const KERNEL: [(&[u8], bool); 10] = [
    (b"Slab", false),
    (b"SReclaimable", true),
    (b"SUnreclaim", false),
    (b"KReclaimable", true),
    (b"KernelStack", false),
    (b"PageTables", false),
    (b"SecPageTables", false),
    (b"VmallocUsed", false),
    (b"Percpu", false),
    (b"Bounce", false),
];

/// Parses a row: `Ok(None)` for a line about other memory, `None` if the line is not from meminfo.
pub(super) fn row(text: &[u8]) -> Option<Result<Option<LinuxRow<'_>>, String>> {
    let colon = memchr::memchr(b':', &text[..text.len().min(32)])?;
    let (name, value) = (&text[..colon], text[colon + 1..].trim_ascii());
    let is_name = name.first()?.is_ascii_uppercase()
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'(' | b')'));
    let known = KERNEL.iter().find(|(kernel, _)| *kernel == name);
    let digits = value.strip_suffix(b"kB").map(<[u8]>::trim_ascii_end);
    match (known, digits) {
        (None, Some(digits)) => (is_name && number(digits).is_some()).then_some(Ok(None)),
        (None, None) => (name.starts_with(b"HugePages_") && number(value).is_some()).then_some(Ok(None)),
        (Some(_), None) => value.first().is_some_and(u8::is_ascii_digit).then_some(Err("has no unit `kB`".to_owned())),
        (Some((_, reclaimable)), Some(digits)) => {
            let bytes =
                number(digits).and_then(|kib| kib.checked_mul(1024)).filter(|bytes| i64::try_from(*bytes).is_ok());
            Some(match bytes {
                Some(bytes) => Ok(Some(LinuxRow { reclaimable: *reclaimable, ..LinuxRow::whole(name, bytes) })),
                None => Err(no_number(digits)),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernel_memory_is_read_and_other_lines_are_recognised() {
        assert_eq!(row(b"Slab:             209032 kB"), Some(Ok(Some(LinuxRow::whole(b"Slab", 209_032 * 1024)))));
        assert!(matches!(row(b"SReclaimable: 1 kB"), Some(Ok(Some(LinuxRow { reclaimable: true, .. })))));
        for known in ["MemTotal:       15923284 kB", "Active(anon):     495856 kB", "HugePages_Total:       0"] {
            assert_eq!(row(known.as_bytes()), Some(Ok(None)), "{known}");
        }
        for other in ["Slab", "", "slab: 5 kB", "note: it grew by 5 kB", "Slab: see below", "Size: x kB"] {
            assert_eq!(row(other.as_bytes()), None, "{other}");
        }
        for wrong in ["Slab: 2O9 kB", "Slab: 99999999999999999999 kB", "Slab: 209032"] {
            assert!(row(wrong.as_bytes()).is_some_and(|row| row.is_err()), "{wrong}");
        }
    }
}
