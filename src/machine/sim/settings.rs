//! The simulated machine's settings: a registry that is written to disk lazily.
//!
//! A write is visible at once, but is on disk only after a flush or a clean restart. A power cut keeps any subset of
//! the unflushed writes, as on a real machine; crash tests exercise that.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Flags and the autostart entry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    on_disk: BTreeMap<SettingName, String>,
    /// Writes since the last flush, in order; `None` removes.
    unflushed: Vec<(SettingName, Option<String>)>,
}

/// The name of a setting. Converts to text, because JSON keys must be text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
enum SettingName {
    Autostart,
    Flag(String),
}

impl Settings {
    /// Returns the flag's current value, flushed or not.
    pub fn flag(&self, name: &str) -> Option<String> {
        self.get(&SettingName::Flag(name.to_owned()))
    }

    /// Returns all flags with their current values, flushed or not.
    pub(super) fn flags(&self) -> BTreeMap<String, String> {
        let mut all = self.clone();
        all.flush();
        let flags = all.on_disk.into_iter().filter_map(|(name, value)| match name {
            SettingName::Flag(name) => Some((name, value)),
            SettingName::Autostart => None,
        });
        flags.collect()
    }

    /// Writes or removes a flag.
    pub fn set_flag(&mut self, name: &str, value: Option<String>) {
        self.unflushed.push((SettingName::Flag(name.to_owned()), value));
    }

    /// Returns the run that is resumed after a boot.
    pub fn autostart(&self) -> Option<PathBuf> {
        self.get(&SettingName::Autostart).map(PathBuf::from)
    }

    /// Sets or removes the autostart entry.
    pub fn set_autostart(&mut self, run: Option<&Path>) {
        self.unflushed.push((SettingName::Autostart, run.map(|run| run.display().to_string())));
    }

    /// Writes all settings to disk, as a clean restart does.
    pub fn flush(&mut self) {
        self.lose_power(|_| true);
    }

    /// Writes only the flags to disk.
    pub fn flush_flags(&mut self) {
        self.flush_those(|name| matches!(name, SettingName::Flag(_)));
    }

    /// Writes only the autostart entry to disk.
    pub fn flush_autostart(&mut self) {
        self.flush_those(|name| *name == SettingName::Autostart);
    }

    fn flush_those(&mut self, those: impl Fn(&SettingName) -> bool) {
        let (now, later) = std::mem::take(&mut self.unflushed).into_iter().partition(|(name, _)| those(name));
        self.unflushed = now;
        self.flush();
        self.unflushed = later;
    }

    /// Returns the number of writes that a power cut might lose.
    pub fn unflushed(&self) -> usize {
        self.unflushed.len()
    }

    pub(super) fn lose_power(&mut self, mut survives: impl FnMut(usize) -> bool) {
        for (at, (name, value)) in std::mem::take(&mut self.unflushed).into_iter().enumerate() {
            match value {
                _ if !survives(at) => {}
                Some(value) => drop(self.on_disk.insert(name, value)),
                None => drop(self.on_disk.remove(&name)),
            }
        }
    }

    fn get(&self, name: &SettingName) -> Option<String> {
        match self.unflushed.iter().rfind(|(written, _)| written == name) {
            Some((_, value)) => value.clone(),
            None => self.on_disk.get(name).cloned(),
        }
    }
}

impl From<SettingName> for String {
    fn from(name: SettingName) -> String {
        match name {
            SettingName::Autostart => "autostart".to_owned(),
            SettingName::Flag(name) => format!("flag {name}"),
        }
    }
}

impl From<String> for SettingName {
    fn from(text: String) -> SettingName {
        match text.strip_prefix("flag ") {
            Some(name) => SettingName::Flag(name.to_owned()),
            None => SettingName::Autostart,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_is_visible_at_once_and_lost_by_a_power_cut() {
        let mut settings = Settings::default();
        settings.set_flag("GlobalFlag", Some("old".to_owned()));
        settings.flush();
        settings.set_flag("GlobalFlag", Some("new".to_owned()));
        settings.set_autostart(Some(Path::new("run")));
        assert_eq!((settings.flag("GlobalFlag").as_deref(), settings.unflushed()), (Some("new"), 2));
        settings.lose_power(|at| at == 1);
        assert_eq!(settings.flag("GlobalFlag").as_deref(), Some("old"));
        assert_eq!(settings.autostart().as_deref(), Some(Path::new("run")));
    }

    #[test]
    fn settings_read_back_from_their_file() {
        let mut settings = Settings::default();
        settings.set_flag("a flag", Some("1".to_owned()));
        settings.flush();
        settings.set_autostart(None);
        let text = serde_json::to_string(&settings).unwrap();
        assert_eq!(serde_json::from_str::<Settings>(&text).unwrap(), settings);
    }
}
