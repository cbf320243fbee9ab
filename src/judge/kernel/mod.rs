//! What the kernel itself reported of a leak, or of its own state, while a run went on.
//!
//! Objects that a slab cache still has when it is destroyed, and objects that kmemleak finds unreferenced, break an
//! `after_teardown` threshold that means them, whatever it allows: whoever could free them is gone. A fault of the kernel (KASAN,
//! KFENCE, lockdep, an oops) makes the run an error: the figures of a kernel in that state prove nothing. A plain `WARNING:` is
//! noted only, as kernels warn of much that has nothing to do with memory, and so are Windows' events of an exhausted pool.

use super::{Finding, JudgeError, Verdict};
use crate::pool::{Counters, Key, Pool, Tag};
use crate::record::KernelReport;
use crate::scenario::{Bytes, Ignore, Limit, Subject, Threshold};

mod kmemleak;
mod remaining;
mod words;

use kmemleak::Unreferenced;
pub(super) use remaining::Remaining;
use words::Weight;

/// Lines of a fault that are shown.
const SHOWN: usize = 12;
/// Warnings and addresses that are named one by one.
const NAMED: usize = 4;

/// What a kernel's report comes to.
#[derive(Debug, Clone, Default)]
pub(super) struct KernelSaid {
    remaining: Vec<Remaining>,
    unreferenced: Vec<Unreferenced>,
    /// Where the first fault begins in `lines`, and how many there are.
    fault: Option<(usize, usize)>,
    warnings: Vec<String>,
    lines: Vec<String>,
    lost: u64,
    unread: Vec<String>,
}

impl KernelSaid {
    /// Takes what was read after teardown.
    pub(super) fn of(report: KernelReport) -> KernelSaid {
        let KernelReport { lines, kmemleak, lost, unread } = report;
        let texts = || lines.iter().map(|line| words::text(line));
        let mut said = KernelSaid {
            remaining: remaining::of(texts()),
            unreferenced: kmemleak::of(&kmemleak),
            lost,
            unread,
            ..KernelSaid::default()
        };
        for (at, text) in texts().enumerate() {
            match words::weight(text) {
                Some(Weight::Fault) => said.fault = Some(said.fault.map_or((at, 1), |(first, more)| (first, more + 1))),
                Some(Weight::Warning) => said.warnings.push(text.to_owned()),
                None => {}
            }
        }
        said.lines = lines;
        said
    }

    /// The first fault, in the kernel's own words, and the lines that begin with it.
    fn fault(&self) -> Option<(String, Vec<String>)> {
        let (at, faults) = self.fault?;
        let first = words::text(self.lines.get(at)?);
        let more = if faults > 1 { format!(" (and {} more)", faults - 1) } else { String::new() };
        Some((format!("{first}{more}"), self.lines[at..].iter().take(SHOWN).cloned().collect()))
    }

    /// Whether the kernel was in order while the run went on.
    pub(super) fn is_sound(&self) -> Result<(), JudgeError> {
        self.fault().map_or(Ok(()), |(first, lines)| Err(JudgeError::KernelFault { first, lines }))
    }

    /// What remains in the cache of this key.
    pub(super) fn remaining_in(&self, key: &Key) -> Option<&Remaining> {
        self.remaining.iter().find(|remaining| key.pool == Pool::Slab && remaining.is_of(&key.tag))
    }

    /// What the kernel reported that breaks `threshold`, of caches that are none of `known`, which carry theirs themselves.
    /// `driver` is the module under test, where the scenario names one.
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

    /// What a reader should know besides; `thresholds` say which leaks are told as findings.
    pub(super) fn notes(&self, thresholds: &[Threshold]) -> Vec<String> {
        let limits =
            |threshold: &&Threshold| threshold.limits.iter().any(|limit| matches!(limit, Limit::AfterTeardown(_)));
        let limited: Vec<&Threshold> = thresholds.iter().filter(limits).collect();
        let meant = |key: &Key| {
            limited.iter().any(|threshold| threshold.means(key) || threshold.subject == Subject::Total(Pool::Slab))
        };
        let untold = self.remaining.iter().filter(|remaining| !remaining.key().is_some_and(|key| meant(&key)));
        let untold =
            untold.map(|remaining| format!("{}; no `after_teardown` threshold means it", remaining.in_words()));
        let unreferenced = kmemleak::in_words(&self.unreferenced, None).filter(|_| limited.is_empty());
        let unreferenced = unreferenced.map(|words| format!("{words}; there is no `after_teardown` threshold"));
        let warnings = self.warnings.iter().take(NAMED).map(|warning| format!("the kernel warned: {warning}"));
        let more = self.warnings.len().saturating_sub(NAMED);
        let more = (more > 0).then(|| format!("the kernel warned {more} times more: see kernel.log"));
        let lost = (self.lost > 0).then(|| {
            format!(
                "{} kernel messages were written over before they were read; a larger log_buf_len= keeps more",
                self.lost
            )
        });
        let unread = self.unread.iter().map(|why| {
            format!("not all that the kernel reports of itself was read, so a leak that it found is not known: {why}")
        });
        untold.chain(unreferenced).chain(warnings).chain(more).chain(lost).chain(unread).collect()
    }
}

/// What the kernel reported, for people: for a run that is not judged.
pub fn kernel_notes(report: KernelReport) -> Vec<String> {
    let said = KernelSaid::of(report);
    let fault = said.fault().map(|(first, _)| format!("the kernel reported a fault: {first}"));
    fault.into_iter().chain(said.notes(&[])).collect()
}

fn broken(key: Option<Key>, subject: String, because: String) -> Finding {
    Finding { key, subject, verdict: Verdict::Broken, because, base: None }
}

/// A number of objects with the addresses of some.
fn objects(count: u64, addresses: &[String]) -> String {
    let objects = if count == 1 { "1 object".to_owned() } else { format!("{count} objects") };
    if addresses.is_empty() {
        return objects;
    }
    let named = addresses.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    let more = if addresses.len() > NAMED { ", …" } else { "" };
    format!("{objects} ({named}{more})")
}

/// How many bytes, for people.
fn rounded(bytes: u64) -> String {
    Bytes(bytes).rounded().to_string()
}

fn cache_key(name: &str) -> Option<Key> {
    Some(Key::new(Tag::from_cache_name(name.as_bytes()).ok()?, Pool::Slab, Counters::InUse))
}
