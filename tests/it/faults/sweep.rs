//! The sweep: every fault at every site, several at a time.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::machine::Programs;
use super::story::{Ended, STORIES, Story};
use super::strace::Fault;

/// Runs mostly wait, so several share a processor.
const AT_ONCE: usize = 6;

/// One fault in one story.
#[derive(Clone)]
pub(super) struct Site {
    pub(super) story: &'static Story,
    pub(super) fault: Option<Fault>,
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.fault {
            None => write!(f, "{}/no fault", self.story),
            Some(Fault { call, error, at, sticky }) => {
                write!(f, "{}/{call} {error} at {at}, {}", self.story, if *sticky { "sticky" } else { "once" })
            }
        }
    }
}

/// Every call of every story's last life, failing once and failing from then on.
pub(super) fn sites(programs: &Programs) -> Vec<Site> {
    let mut sites = Vec::new();
    for story in &STORIES {
        for fault in story.trace(programs) {
            for sticky in [false, true] {
                sites.push(Site { story, fault: Some(Fault { sticky, ..fault.clone() }) });
            }
        }
    }
    sites
}

/// The result of the sweep.
#[derive(Default)]
pub(super) struct Report {
    tried: usize,
    pub(super) failures: Vec<Ended>,
    litter: BTreeMap<String, usize>,
}

impl Report {
    fn add(&mut self, ended: Ended) {
        self.tried += 1;
        for folder in &ended.litter {
            *self.litter.entry(folder.clone()).or_default() += 1;
        }
        if std::env::var_os("POOLGATE_FAULT").is_some() {
            eprintln!("{}\n{}", ended.name, ended.told);
        }
        if !ended.wrong.is_empty() {
            // A sweep takes long; with --nocapture this is visible at once.
            eprintln!("{}\n  {}", ended.name, ended.wrong.join("\n  "));
            self.failures.push(ended);
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} of {} runs did not survive their fault", self.failures.len(), self.tried)?;
        for ended in &self.failures {
            writeln!(f, "\n{}", ended.name)?;
            ended.wrong.iter().try_for_each(|wrong| writeln!(f, "  {wrong}"))?;
        }
        if let Some(first) = self.failures.first() {
            writeln!(f, "\nthe lives of the first, {}:\n{}", first.name, first.told)?;
        }
        Ok(())
    }
}

/// Runs the story of every site.
pub(super) fn sweep(programs: &Programs, sites: &[Site]) -> Report {
    all(sites, |site| site.story.tell(programs, site.to_string(), site.fault.as_ref()))
}

/// Runs all of these and collects the results.
pub(super) fn all<T: Sync>(runs: &[T], live: impl Fn(&T) -> Ended + Sync) -> Report {
    let (next, report) = (AtomicUsize::new(0), Mutex::new(Report::default()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(runs.len()) {
            scope.spawn(|| {
                while let Some(run) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let ended = live(run);
                    report.lock().unwrap().add(ended);
                }
            });
        }
    });
    let mut report = report.into_inner().unwrap();
    report.failures.sort_by(|a, b| a.name.cmp(&b.name));
    for (folder, count) in &report.litter {
        eprintln!("note: {count} runs left a temporary file in {folder}");
    }
    report
}
