//! The registry of a machine that is off: Wine's text file.
//!
//! Wine writes the file when the machine goes down, and reads it when it comes up. No running process is involved, and
//! the values read are those that the next boot will find. Values are in the file's notation: `dword:00000400`,
//! `"a text"`.

use std::path::PathBuf;

/// `HKEY_LOCAL_MACHINE` of a machine.
pub(crate) struct Registry {
    file: PathBuf,
    lines: Vec<String>,
}

pub(crate) const SESSION_MANAGER: &str = r"System\CurrentControlSet\Control\Session Manager";
pub(crate) const SERVICES: &str = r"System\CurrentControlSet\Services";

impl Registry {
    pub(crate) fn open(file: PathBuf) -> Registry {
        let lines = fs_err::read_to_string(&file).unwrap().lines().map(str::to_owned).collect();
        Registry { file, lines }
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.section(key).is_some()
    }

    /// Returns the value, if there is one.
    pub(crate) fn value(&self, key: &str, name: &str) -> Option<&str> {
        let start = format!("{name:?}=");
        let (from, to) = self.section(key)?;
        self.lines[from..to].iter().find_map(|line| line.strip_prefix(&start))
    }

    /// Sets a value, creating the key if needed.
    pub(crate) fn set(&mut self, key: &str, name: &str, value: &str) {
        self.remove(key, name);
        let line = format!("{name:?}={value}");
        match self.section(key) {
            Some((from, _)) => self.lines.insert(from, line),
            None => self.lines.extend([String::new(), header(key), line]),
        }
        self.write();
    }

    /// Removes a value, if it is there.
    pub(crate) fn remove(&mut self, key: &str, name: &str) {
        let start = format!("{name:?}=");
        if let Some((from, to)) = self.section(key) {
            let found = self.lines[from..to].iter().position(|line| line.starts_with(&start));
            if let Some(at) = found {
                self.lines.remove(from + at);
            }
        }
        self.write();
    }

    /// Returns the range of lines with the values of a key.
    fn section(&self, key: &str) -> Option<(usize, usize)> {
        let header = header(key).to_lowercase();
        // The time of the last change follows.
        let from = 1 + self.lines.iter().position(|line| line.to_lowercase().starts_with(&header))?;
        let length = self.lines[from..].iter().position(|line| line.starts_with('['));
        Some((from, length.map_or(self.lines.len(), |length| from + length)))
    }

    fn write(&self) {
        fs_err::write(&self.file, self.lines.join("\n") + "\n").unwrap();
    }
}

fn header(key: &str) -> String {
    format!("[{}]", key.replace('\\', r"\\"))
}
