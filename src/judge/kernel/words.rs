//! Classifies a kernel's messages as faults, warnings or neither.
//!
//! The words are those of lib/dump_stack.c's callers: mm/kasan/report.c, mm/kfence/report.c, mm/slub.c,
//! kernel/locking/lockdep.c, arch/*/mm/fault.c, kernel/panic.c. Only the beginning of a message counts, because any
//! message may quote another.

/// The severity of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Severity {
    /// The kernel's memory, locks or code are in disorder.
    Fault,
    /// The message is worth a note, but proves no fault.
    Warning,
}

const FAULTS: [&str; 9] = [
    // KASAN, KFENCE, KMSAN, KCSAN, page faults, scheduling while atomic, soft lockups.
    "BUG: ",
    "[ BUG: ",
    "watchdog: BUG: ",
    "kernel BUG at ",
    "Oops",
    "Internal error: ",
    "general protection fault",
    "Unable to handle kernel ",
    "Kernel panic",
];

/// Texts of lockdep's reports, behind `WARNING: ` or, from older kernels, `INFO: `.
const LOCKDEP: [&str; 13] = [
    "possible circular locking dependency",
    "possible recursive locking",
    "possible irq lock inversion",
    "inconsistent lock state",
    "suspicious RCU usage",
    "bad unlock balance",
    "bad contention",
    "held lock freed",
    "lock held when returning to user space",
    "still has locks held",
    "Nested lock was not taken",
    "lock order detected",
    "trying to register non-static key",
];

const WARNINGS: [&str; 7] = [
    "WARNING: ",
    "UBSAN: ",
    "INFO: task ",
    "rcu: INFO: ",
    // Windows: the nonpaged or the paged pool was empty, or memory is nearly exhausted.
    "Srv 2019: ",
    "Srv 2020: ",
    "Microsoft-Windows-Resource-Exhaustion-Detector 2004: ",
];

/// Strips the time from a line of kernel.log.
pub(super) fn text(line: &str) -> &str {
    let behind = line.strip_prefix('[').and_then(|line| line.split_once("] "));
    let timed = behind.filter(|(time, _)| time.trim().parse::<f64>().is_ok());
    timed.map_or(line, |(_, text)| text)
}

/// The severity of a message; `None` for an ordinary one, or for a part of another.
pub(super) fn weight(text: &str) -> Option<Severity> {
    let behind = ["WARNING: ", "INFO: ", "[ INFO: "].iter().find_map(|begin| text.strip_prefix(begin));
    if behind.is_some_and(|text| LOCKDEP.iter().any(|words| text.contains(words))) || slub_found_damage(text) {
        return Some(Severity::Fault);
    }
    if FAULTS.iter().any(|begin| text.starts_with(begin)) {
        return Some(Severity::Fault);
    }
    // The trace of a cache destroyed with objects is reported as remaining objects instead.
    let of_destroy = text.contains("kmem_cache_destroy");
    (WARNINGS.iter().any(|begin| text.starts_with(begin)) && !of_destroy).then_some(Severity::Warning)
}

/// Whether SLUB found damage: `BUG kmalloc-64 (Tainted: G  O): Redzone overwritten` (mm/slub.c, `slab_bug`).
fn slub_found_damage(text: &str) -> bool {
    slub_bug(text).is_some_and(|(_, what)| !what.starts_with(super::remaining::REMAINING))
}

/// Parses a cache's name and the problem that SLUB found in it.
pub(super) fn slub_bug(text: &str) -> Option<(&str, &str)> {
    let (cache, taint) = text.strip_prefix("BUG ")?.split_once(" (")?;
    let taint = taint.strip_prefix("Not tainted").or_else(|| taint.strip_prefix("Tainted"))?;
    Some((cache, taint.split_once("): ")?.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_distinguished_from_messages() {
        for (text, expected) in [
            ("BUG: KASAN: slab-out-of-bounds in leaky_open+0x1/0x2 [leaky]", Some(Severity::Fault)),
            ("BUG: KFENCE: use-after-free read in test+0x1/0x2", Some(Severity::Fault)),
            ("BUG: unable to handle page fault for address: ffffa0b1c2d3e4f5", Some(Severity::Fault)),
            ("BUG: kernel NULL pointer dereference, address: 0000000000000000", Some(Severity::Fault)),
            ("watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [sh:1]", Some(Severity::Fault)),
            ("Oops: 0000 [#1] PREEMPT SMP PTI", Some(Severity::Fault)),
            ("Internal error: Oops: 96000004 [#1] SMP", Some(Severity::Fault)),
            ("BUG kmalloc-64 (Tainted: G    B      O     ): Redzone overwritten", Some(Severity::Fault)),
            ("BUG kmalloc-64 (Not tainted): Poison overwritten", Some(Severity::Fault)),
            ("WARNING: possible circular locking dependency detected", Some(Severity::Fault)),
            ("WARNING: HARDIRQ-safe -> HARDIRQ-unsafe lock order detected", Some(Severity::Fault)),
            ("[ INFO: possible recursive locking detected ]", Some(Severity::Fault)),
            ("INFO: trying to register non-static key.", Some(Severity::Fault)),
            ("WARNING: CPU: 0 PID: 9 at drivers/leaky.c:7 leaky_open+0x1/0x2 [leaky]", Some(Severity::Warning)),
            ("INFO: task sh:9 blocked for more than 120 seconds.", Some(Severity::Warning)),
            ("Srv 2019: The server was unable to allocate from the system nonpaged pool.", Some(Severity::Warning)),
            ("WARNING: CPU: 0 PID: 9 at mm/slab_common.c:505 kmem_cache_destroy+0x13e/0x150", None),
            ("BUG leaky (Tainted: G  O): Objects remaining in leaky on __kmem_cache_shutdown()", None),
            ("Disabling lock debugging due to kernel taint", None),
            ("leaky: loading out-of-tree module taints kernel.", None),
            ("leaky: BUG: quoted", None),
        ] {
            assert_eq!(weight(text), expected, "{text}");
        }
    }

    #[test]
    fn a_time_in_front_of_a_message_is_no_part_of_it() {
        assert_eq!(text("[   12.345678] BUG: here"), "BUG: here");
        assert_eq!(text("[ BUG: bad unlock balance detected! ]"), "[ BUG: bad unlock balance detected! ]");
        assert_eq!(text("[leaky] message"), "[leaky] message");
    }
}
