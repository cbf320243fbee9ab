//! Finds the owners of tags that reports accuse: on the machine under test when a run is reported, or offline in the
//! drivers that the user gives.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::cli::output::errors;
use crate::cli::output::stdout::tell;
use crate::judge::is_generic;
use crate::machine::native;
use crate::pool::{Counters, Key, Pool, Tag};
use crate::report::{Report, Suspect, Suspected};
use crate::tags::{LocalTags, Malformed, PoolTags, Scan, Sources, TimeLimit, WantedTags, find_pooltag, forms};

/// The places to look for the owners of tags.
#[derive(Debug, Default, clap::Args)]
pub(in crate::cli) struct Places {
    /// Look up tags in this pooltag.txt; by default in the one of an installed Windows kit
    #[arg(long, value_name = "FILE")]
    pooltag: Option<PathBuf>,
    /// Search for suspects in these drivers, or folders of drivers; may be repeated
    #[arg(long, value_name = "PATH")]
    drivers: Vec<PathBuf>,
}

/// The time limit for finding a run's suspects. A search of 500 drivers takes a few seconds.
const PATIENCE: Duration = Duration::from_secs(30);

impl Places {
    /// Adds the suspects to all reports, with one search through the drivers. Suspects that a run found on its own
    /// machine stay, unless drivers were given to search here. Returns false if a place cannot be read; the error has
    /// been reported.
    pub(in crate::cli) fn suspect(&self, reports: &mut [Report]) -> bool {
        let suspicious: BTreeSet<Tag> = reports.iter().flat_map(Report::suspicious_tags).collect();
        let Ok(pooltag) = self.list() else { return false };
        let scan = match self.drivers.as_slice() {
            [] => None,
            drivers => match Scan::from_places(drivers, &wanted(&suspicious), &TimeLimit::none()) {
                Ok(scan) => Some(scan),
                Err(error) => {
                    errors::tell(error, Some("give --drivers a driver's file, or a folder of them"));
                    return false;
                }
            },
        };
        if pooltag.is_none() && scan.is_none() {
            return true;
        }
        let sources = Sources { pooltag: pooltag.as_ref(), localtag: None, scan: scan.as_ref() };
        for report in reports {
            if report.suspects.is_empty() || scan.is_some() {
                report.suspects = suspects(&report.suspicious_tags(), sources);
                report.notes.extend(scan.as_ref().and_then(left_out));
            }
        }
        true
    }

    /// Returns Microsoft's list, if there is one.
    pub(in crate::cli) fn list(&self) -> Result<Option<PoolTags>, ()> {
        let list = pooltag(self.pooltag.as_deref())?;
        // Microsoft's own list has malformed rows too; report them only for a list that the user chose.
        list.iter()
            .filter(|_| self.pooltag.is_some())
            .for_each(|list| tell_malformed("pooltag.txt", list.len(), &list.malformed));
        Ok(list)
    }
}

/// Reads the named list, or else the list in this machine's kits. An error has been reported.
pub(in crate::cli) fn pooltag(named: Option<&Path>) -> Result<Option<PoolTags>, ()> {
    let Some(path) = named.map(Path::to_owned).or_else(|| find_pooltag(&programs())) else { return Ok(None) };
    match PoolTags::open(&path) {
        Ok(list) => Ok(Some(list)),
        // Ignore an unreadable list if the user did not ask for it.
        Err(_) if named.is_none() => Ok(None),
        Err(error) => {
            errors::tell(error, Some("give --pooltag the pooltag.txt of Debugging Tools for Windows"));
            Err(())
        }
    }
}

/// Reads a localtag.txt. An error has been reported.
pub(in crate::cli) fn localtag(path: &Path) -> Result<LocalTags, ()> {
    LocalTags::open(path)
        .map_err(|error| errors::tell(error, Some("`poolgate tag --scan --output localtag.txt` writes one")))
}

/// Reports rows that could not be read.
pub(in crate::cli) fn tell_malformed(list: &str, rows: usize, malformed: &Malformed) {
    if malformed.count == 0 {
        return;
    }
    let first = malformed.first.iter().map(|(line, text)| format!("\n  line {line}: {text}")).collect::<String>();
    tell!("{list}: {rows} rows were read, {} could not be, the first:{first}", malformed.count);
}

/// Returns the folders of programs. A user who controls the environment can only make poolgate read another list.
fn programs() -> Vec<PathBuf> {
    let folders = ["ProgramFiles(x86)", "ProgramFiles", "ProgramW6432"].into_iter().filter_map(std::env::var_os);
    folders.filter(|folder| !folder.is_empty()).map(PathBuf::from).collect()
}

/// Adds the suspects to the report on a run of this machine. `root` is the folder of its kernel files.
pub(in crate::cli) fn suspect_here(report: &mut Report, root: &Path) {
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

fn suspects(suspicious: &BTreeSet<Tag>, sources: Sources<'_>) -> Vec<Suspected> {
    suspicious.iter().map(|tag| suspected(tag, sources)).collect()
}

/// Returns the owners of one tag according to the sources.
pub(in crate::cli) fn suspected(tag: &Tag, sources: Sources<'_>) -> Suspected {
    let generic = is_generic(&Key::new(tag.clone(), Pool::Nonpaged, Counters::Full64));
    Suspected { tag: tag.clone(), generic, drivers: sources.owners(tag).iter().map(Suspect::from).collect() }
}

/// Returns the tags to search for in images.
pub(in crate::cli) fn wanted<'a>(tags: impl IntoIterator<Item = &'a Tag>) -> WantedTags {
    WantedTags::Only(tags.into_iter().flat_map(forms).collect())
}

/// Returns a note about drivers that were not read.
fn left_out(scan: &Scan) -> Option<String> {
    let time = (scan.unread > 0).then(|| format!("{} drivers were skipped for lack of time", scan.unread));
    let unreadable = (!scan.skipped.is_empty()).then(|| format!("{} could not be read", scan.skipped.len()));
    let in_part = (!scan.in_part.is_empty()).then(|| format!("{} were read in part", scan.in_part.len()));
    let left = [time, unreadable, in_part].into_iter().flatten().collect::<Vec<_>>();
    (!left.is_empty()).then(|| format!("{} drivers were searched for suspects; {}", scan.read, left.join(", ")))
}
