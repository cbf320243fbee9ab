//! The places to look for the owners of tags, given on the command line: pooltag.txt, localtag.txt, and drivers.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::cli::output::errors;
use crate::cli::output::stdout::tell;
use crate::counted::counted;
use crate::gate::suspects::{left_out, programs, suspects, wanted};
use crate::pool::Tag;
use crate::report::Report;
use crate::tags::{LocalTags, Malformed, PoolTags, Scan, Sources, TimeLimit, find_pooltag};

/// The places to look for the owners of tags.
#[derive(Debug, Default, clap::Args)]
pub(in crate::cli) struct TagLists {
    /// Look up tags in this pooltag.txt; by default in the one of an installed Windows kit
    #[arg(long, value_name = "FILE")]
    pooltag: Option<PathBuf>,
    /// Search for suspects in these drivers, or folders of drivers; may be repeated
    #[arg(long, value_name = "PATH")]
    drivers: Vec<PathBuf>,
}

impl TagLists {
    /// Adds the suspects to all reports, with one search through the drivers. Keeps the suspects that a run found on
    /// its own machine, unless the user gave --drivers. If a place cannot be read, reports the error and returns false.
    pub(in crate::cli) fn suspect(&self, reports: &mut [Report]) -> bool {
        let suspicious: BTreeSet<Tag> = reports.iter().flat_map(Report::suspicious_tags).collect();
        let Ok(pooltag) = self.list() else { return false };
        let scan = match self.drivers.as_slice() {
            [] => None,
            drivers => match Scan::from_places(drivers, &wanted(&suspicious), &TimeLimit::none()) {
                Ok(scan) => Some(scan),
                Err(error) => {
                    errors::tell(error, Some("give --drivers a driver file or a folder of driver files"));
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

    /// Returns the pooltag.txt that the user named, or that of an installed Windows kit. Reports an error before it
    /// returns `Err`.
    pub(in crate::cli) fn list(&self) -> Result<Option<PoolTags>, ()> {
        let list = pooltag(self.pooltag.as_deref())?;
        // The pooltag.txt of Windows kits has malformed rows. Report malformed rows only for a file that the user
        // named.
        list.iter()
            .filter(|_| self.pooltag.is_some())
            .for_each(|list| tell_malformed("pooltag.txt", list.len(), &list.malformed));
        Ok(list)
    }
}

/// Reads the named list, or else the list in this machine's kits. Reports an error before it returns `Err`.
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

/// Reads a localtag.txt. Reports an error before it returns `Err`.
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
    let rows = counted(rows, "row was read", "rows were read");
    tell!("{list}: {rows}, and {} could not be read, starting with:{first}", malformed.count);
}
