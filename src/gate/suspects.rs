//! Finds the owners of the tags that a report accuses.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::counted::counted;
use crate::judge::is_generic;
use crate::machine::native;
use crate::pool::{Counters, Key, Pool, Tag};
use crate::report::{Report, Suspect, Suspected};
use crate::tags::{PoolTags, Scan, Sources, TimeLimit, WantedTags, find_pooltag, forms};

/// The time limit for finding a run's suspects. A search of 500 drivers takes a few seconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// Returns the folders of programs. A user who controls the environment can only make poolgate read another list.
pub(crate) fn programs() -> Vec<PathBuf> {
    let folders = ["ProgramFiles(x86)", "ProgramFiles", "ProgramW6432"].into_iter().filter_map(std::env::var_os);
    folders.filter(|folder| !folder.is_empty()).map(PathBuf::from).collect()
}

/// Adds the suspects to the report on a run of this machine. `root` is the folder of its kernel files.
pub(crate) fn suspect_here(report: &mut Report, root: &Path) {
    let suspicious = report.suspicious_tags();
    let images = native::images(root);
    if suspicious.is_empty() || images.is_empty() {
        return;
    }
    let list = find_pooltag(&programs()).and_then(|path| PoolTags::open(&path).ok());
    let budget = TimeLimit::until(Instant::now() + PATIENCE);
    let scan = Scan::from_places(&images, &wanted(&suspicious), &budget);
    match &scan {
        Ok(scan) => report.notes.extend(left_out(scan)),
        Err(error) => report.notes.push(format!("the drivers were not searched for suspects: {error}")),
    }
    let sources = Sources { pooltag: list.as_ref(), localtag: None, scan: scan.as_ref().ok() };
    report.suspects = suspects(&suspicious, sources);
}

pub(crate) fn suspects(suspicious: &BTreeSet<Tag>, sources: Sources<'_>) -> Vec<Suspected> {
    suspicious.iter().map(|tag| suspected(tag, sources)).collect()
}

/// Returns the owners of one tag according to the sources.
pub(crate) fn suspected(tag: &Tag, sources: Sources<'_>) -> Suspected {
    let generic = is_generic(&Key::new(tag.clone(), Pool::Nonpaged, Counters::Full64));
    Suspected { tag: tag.clone(), generic, drivers: sources.owners(tag).iter().map(Suspect::from).collect() }
}

/// Returns the tags to search for in images.
pub(crate) fn wanted<'a>(tags: impl IntoIterator<Item = &'a Tag>) -> WantedTags {
    WantedTags::Only(tags.into_iter().flat_map(forms).collect())
}

/// Returns a note about drivers that were not read.
pub(crate) fn left_out(scan: &Scan) -> Option<String> {
    let time = (scan.unread > 0)
        .then(|| counted(scan.unread, "driver was skipped for lack of time", "drivers were skipped for lack of time"));
    let unreadable = (!scan.skipped.is_empty()).then(|| format!("{} could not be read", scan.skipped.len()));
    let in_part =
        (!scan.in_part.is_empty()).then(|| counted(scan.in_part.len(), "was read in part", "were read in part"));
    let left = [time, unreadable, in_part].into_iter().flatten().collect::<Vec<_>>();
    let read = counted(scan.read, "driver was searched for suspects", "drivers were searched for suspects");
    (!left.is_empty()).then(|| format!("{read}; {}", left.join(", ")))
}
