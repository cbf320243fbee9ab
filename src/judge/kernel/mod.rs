//! The kernel's own reports of leaks or faults during a run.
//!
//! Objects that a slab cache still has when it is destroyed, and objects that kmemleak finds unreferenced, break every
//! `after_teardown` threshold on them, regardless of its limit: no code is left to free them. A fault of the kernel
//! (KASAN, KFENCE, lockdep, an oops) makes the run an error, because the figures of such a kernel prove nothing. A
//! plain `WARNING:` is only noted, because many warnings have nothing to do with memory. Windows' events of an
//! exhausted pool are noted too.

use super::{Finding, JudgeError, Verdict};
use crate::counted::counted;
use crate::pool::{Counters, Key, Pool, Tag};
use crate::record::KernelReport;
use crate::scenario::{Bytes, Ignore, Limit, Subject, Threshold};

mod kmemleak;
mod remaining;
mod words;

use kmemleak::Unreferenced;
pub(super) use remaining::Remaining;
use words::Severity;

/// The most lines shown of a fault.
const SHOWN: usize = 12;
/// The most warnings and addresses listed one by one.
const NAMED: usize = 4;

/// An evaluated report of the kernel.
#[derive(Debug, Clone, Default)]
pub(super) struct KernelFindings {
    remaining: Vec<Remaining>,
    unreferenced: Vec<Unreferenced>,
    /// Index of the first fault in `lines`, and the number of faults.
    fault: Option<(usize, usize)>,
    warnings: Vec<String>,
    lines: Vec<String>,
    lost: u64,
    unread: Vec<String>,
}

impl KernelFindings {
    /// Evaluates the report read after teardown.
    pub(super) fn new(report: KernelReport) -> KernelFindings {
        let KernelReport { lines, kmemleak, lost, unread } = report;
        let texts = || lines.iter().map(|line| words::text(line));
        let mut found = KernelFindings {
            remaining: remaining::parse(texts()),
            unreferenced: kmemleak::parse(&kmemleak),
            lost,
            unread,
            ..KernelFindings::default()
        };
        for (at, text) in texts().enumerate() {
            match words::weight(text) {
                Some(Severity::Fault) => {
                    found.fault = Some(found.fault.map_or((at, 1), |(first, more)| (first, more + 1)))
                }
                Some(Severity::Warning) => found.warnings.push(text.to_owned()),
                None => {}
            }
        }
        found.lines = lines;
        found
    }

    /// The first fault in the kernel's words, and the lines from it on.
    fn fault(&self) -> Option<(String, Vec<String>)> {
        let (at, faults) = self.fault?;
        let first = words::text(self.lines.get(at)?);
        let more = if faults > 1 { format!(" (and {} more)", faults - 1) } else { String::new() };
        Some((format!("{first}{more}"), self.lines[at..].iter().take(SHOWN).cloned().collect()))
    }

    /// Checks that the kernel reported no fault during the run.
    pub(super) fn is_sound(&self) -> Result<(), JudgeError> {
        self.fault().map_or(Ok(()), |(first, lines)| Err(JudgeError::KernelFault { first, lines }))
    }

    /// The objects remaining in the cache of this key.
    pub(super) fn remaining_in(&self, key: &Key) -> Option<&Remaining> {
        self.remaining.iter().find(|remaining| key.pool == Pool::Slab && remaining.is_of(&key.tag))
    }

    /// Reports of the kernel that break `threshold`. `known` caches are left out, because their cases carry their
    /// reports. `driver` is the module under test, if the scenario names one.
    pub(super) fn findings(
        &self,
        threshold: &Threshold,
        known: impl Fn(&Key) -> bool,
        ignore: &[Ignore],
        driver: Option<&str>,
    ) -> Vec<Finding> {
        if !threshold.limits.iter().any(|limit| matches!(limit, Limit::AfterTeardown(_))) {
            return Vec::new();
        }
        let caches = self.remaining.iter().filter_map(|remaining| Some((remaining, remaining.key()?)));
        let caches = caches.filter(|(_, key)| match threshold.subject {
            Subject::Total(pool) => pool == Pool::Slab,
            Subject::Tags { .. } => threshold.means(key) && !known(key),
        });
        let caches = caches.filter(|(_, key)| !ignore.iter().any(|ignore| ignore.tag.matches(key)));
        let caches = caches.map(|(remaining, key)| broken(Some(key.clone()), key.to_string(), remaining.in_words()));
        let unreferenced = kmemleak::in_words(&self.unreferenced, driver);
        let unreferenced = unreferenced.map(|words| broken(None, "kmemleak".to_owned(), words));
        caches.chain(unreferenced).collect()
    }

    /// Notes on the other reports. Leaks that `thresholds` turn into findings are left out.
    pub(super) fn notes(&self, thresholds: &[Threshold]) -> Vec<String> {
        let limits =
            |threshold: &&Threshold| threshold.limits.iter().any(|limit| matches!(limit, Limit::AfterTeardown(_)));
        let limited: Vec<&Threshold> = thresholds.iter().filter(limits).collect();
        let meant = |key: &Key| {
            limited.iter().any(|threshold| threshold.means(key) || threshold.subject == Subject::Total(Pool::Slab))
        };
        let untold = self.remaining.iter().filter(|remaining| !remaining.key().is_some_and(|key| meant(&key)));
        let untold =
            untold.map(|remaining| format!("{}; no `after_teardown` threshold covers it", remaining.in_words()));
        let unreferenced = kmemleak::in_words(&self.unreferenced, None).filter(|_| limited.is_empty());
        let unreferenced = unreferenced.map(|words| format!("{words}; there is no `after_teardown` threshold"));
        let warnings = self.warnings.iter().take(NAMED).map(|warning| format!("the kernel warned: {warning}"));
        let more = self.warnings.len().saturating_sub(NAMED);
        let more = (more > 0).then(|| format!("further kernel warnings: {more}, see kernel.log"));
        let lost = (self.lost > 0).then(|| {
            let messages = counted(
                self.lost,
                "kernel message was overwritten before it was read",
                "kernel messages were overwritten before they were read",
            );
            format!("{messages}; set a larger log_buf_len= to keep more")
        });
        let unread = self.unread.iter().map(|why| {
            format!("some reports of the kernel could not be read, so a leak that it found may be missing: {why}")
        });
        untold.chain(unreferenced).chain(warnings).chain(more).chain(lost).chain(unread).collect()
    }
}

/// The kernel's report in words, for a run that is not judged.
pub fn kernel_notes(report: KernelReport) -> Vec<String> {
    let found = KernelFindings::new(report);
    let fault = found.fault().map(|(first, _)| format!("the kernel reported a fault: {first}"));
    fault.into_iter().chain(found.notes(&[])).collect()
}

fn broken(key: Option<Key>, subject: String, because: String) -> Finding {
    Finding { key, subject, verdict: Verdict::Broken, because, base: None }
}

/// Formats a number of objects with the addresses of some.
fn objects(count: u64, addresses: &[String]) -> String {
    let objects = counted(count, "object", "objects");
    if addresses.is_empty() {
        return objects;
    }
    let named = addresses.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    let more = if addresses.len() > NAMED { ", …" } else { "" };
    format!("{objects} ({named}{more})")
}

/// Formats a number of bytes.
fn rounded(bytes: u64) -> String {
    Bytes(bytes).rounded().to_string()
}

fn cache_key(name: &str) -> Option<Key> {
    Some(Key::new(Tag::from_cache_name(name.as_bytes()).ok()?, Pool::Slab, Counters::InUse))
}
