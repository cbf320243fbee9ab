//! `/sys/kernel/debug/kmemleak` (CONFIG_DEBUG_KMEMLEAK): allocations that nothing in memory points to any more.
//!
//! Documentation/dev-tools/kmemleak.rst. Writing `scan` starts a scan. The second scan that finds an object unchanged
//! reports it, once the object is 5 s old. Reports from before a run do not belong to the run.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use crate::machine::MachineError;

/// kmemleak on a machine that has it.
#[derive(Debug)]
pub struct Kmemleak {
    path: PathBuf,
    /// Addresses of the objects reported before the run.
    known: HashSet<String>,
}

impl Kmemleak {
    /// Scans and records the existing reports. `None` if the kernel has no kmemleak, or it is off.
    ///
    /// # Errors
    /// If it exists but cannot be used.
    pub fn begin(root: &Path) -> Result<Option<Kmemleak>, MachineError> {
        let path = root.join("sys/kernel/debug/kmemleak");
        if !path.exists() {
            return Ok(None);
        }
        let mut kmemleak = Kmemleak { path, known: HashSet::new() };
        kmemleak.scan()?;
        let text = kmemleak.text()?;
        kmemleak.known = reports(&text).iter().filter_map(|report| address(report)).map(str::to_owned).collect();
        Ok(Some(kmemleak))
    }

    /// Scans twice and returns the lines of the new reports.
    ///
    /// # Errors
    /// If it can no longer be used.
    pub fn new_reports(&self) -> Result<Vec<String>, MachineError> {
        self.scan()?;
        self.scan()?;
        let text = self.text()?;
        let new = |report: &Vec<&str>| address(report).is_some_and(|address| !self.known.contains(address));
        Ok(reports(&text).into_iter().filter(new).flatten().map(str::to_owned).collect())
    }

    fn scan(&self) -> Result<(), MachineError> {
        let written = OpenOptions::new().write(true).open(&self.path).and_then(|mut file| file.write_all(b"scan"));
        written.map_err(|source| MachineError::unwritable(&self.path, source))
    }

    fn text(&self) -> Result<String, MachineError> {
        let mut text = Vec::new();
        let read = File::open(&self.path).and_then(|mut file| file.read_to_end(&mut text));
        read.map_err(|source| MachineError::unreadable(&self.path, source))?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }
}

const FIRST_WORDS: &str = "unreferenced object ";

/// Splits a text into reports, each as its lines.
fn reports(text: &str) -> Vec<Vec<&str>> {
    let mut reports: Vec<Vec<&str>> = Vec::new();
    for line in text.lines() {
        match reports.last_mut() {
            _ if line.starts_with(FIRST_WORDS) => reports.push(vec![line]),
            Some(report) => report.push(line),
            None => {}
        }
    }
    reports
}

fn address<'a>(report: &[&'a str]) -> Option<&'a str> {
    report.first()?.strip_prefix(FIRST_WORDS)?.split(' ').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str =
        "unreferenced object 0xffff888105a65340 (size 64):\n  comm \"mount\", pid 710, jiffies 4302851558\n";
    const NEW: &str = "unreferenced object 0xffff888105a65380 (size 192):\n  comm \"sh\", pid 9, jiffies 4302851559\n  \
                       backtrace (crc 1):\n    leaky_open+0x1/0x2 [leaky]\n";

    #[test]
    fn only_reports_since_the_beginning_of_the_run_are_new() {
        let root = tempfile::tempdir().unwrap();
        assert!(Kmemleak::begin(root.path()).unwrap().is_none());
        let path = root.path().join("sys/kernel/debug/kmemleak");
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        // In a plain file the written `scan` stays in the first line.
        fs_err::write(&path, format!("    \n{OLD}")).unwrap();
        let kmemleak = Kmemleak::begin(root.path()).unwrap().unwrap();
        assert!(fs_err::read_to_string(&path).unwrap().starts_with("scan\n"));
        assert_eq!(kmemleak.new_reports().unwrap(), [""; 0]);
        fs_err::write(&path, format!("    \n{OLD}{NEW}")).unwrap();
        assert_eq!(kmemleak.new_reports().unwrap(), NEW.lines().collect::<Vec<_>>());
        fs_err::remove_file(&path).unwrap();
        assert!(kmemleak.new_reports().is_err());
    }
}
