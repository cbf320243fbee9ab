//! The words of a scenario: its name, driver, commands, patterns and dates.
//!
//! Each is checked when it is read, so a [`ScenarioName`] can always become a folder and a [`LinePattern`] can always match.
//! Nothing here runs or opens anything.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use regex::bytes::Regex;

use super::mistake::MistakeText;
use super::scalar::{Scalar, not_a, not_empty, scalars};
use crate::pool::TagPattern;

/// A scenario's name: 1 to 80 of A-Z, a-z, 0-9, `.`, `_` and `-`, the first a letter or digit. Folders have this name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ScenarioName(String);

/// The name of a driver's file, such as `mydrv.sys` or `mydrv.ko`, or of a Linux module. It has no path, because it is
/// searched in the system's folder for drivers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriverFile(String);

/// A command line, passed unchanged to the system's shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShellCommand(String);

/// A regular expression for the bytes of one line of output.
#[derive(Debug, Clone)]
pub struct LinePattern(Regex);

scalars!(ScenarioName, DriverFile, ShellCommand, LinePattern);

impl ScenarioName {
    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl DriverFile {
    /// Returns the name as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DriverFile {
    type Err = String;

    fn from_str(text: &str) -> Result<DriverFile, String> {
        DriverFile::read(text).map_err(|wrong| format!("{}; {}", wrong.message, wrong.help))
    }
}

impl ShellCommand {
    /// Returns the command line as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl LinePattern {
    /// Returns whether the expression matches a line of output, without its line end.
    pub fn matches(&self, line: &[u8]) -> bool {
        self.0.is_match(line)
    }

    /// Returns the expression as written.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl PartialEq for LinePattern {
    fn eq(&self, other: &LinePattern) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Scalar for ScenarioName {
    const WHAT: &'static str = "a scenario's name";
    const DESCRIPTION: &'static str = "1 to 80 of A-Z, a-z, 0-9, '.', '_' and '-', the first a letter or digit.";
    const PATTERN: &'static str = "^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$";
    const EXAMPLES: &'static [&'static str] = &["mydriver-copy-stress"];

    fn read(text: &str) -> Result<ScenarioName, MistakeText> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b".-_".contains(&b);
        let begins = text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
        if begins && text.len() <= 80 && text.bytes().all(allowed) {
            return Ok(ScenarioName(text.to_owned()));
        }
        let help = "it names folders: 1 to 80 letters, digits, `.`, `_` and `-`, the first a letter or digit";
        Err(not_a(ScenarioName::WHAT, text, help))
    }
}

impl Scalar for DriverFile {
    const WHAT: &'static str = "the name of a driver's file";
    const DESCRIPTION: &'static str = "A driver's file without its path, or a Linux module's name.";
    const PATTERN: &'static str = r#"^[^<>:"/\\|?*\x00-\x1f]{1,255}$"#;
    const EXAMPLES: &'static [&'static str] = &["mydrv.sys", "mydrv.ko"];

    fn read(text: &str) -> Result<DriverFile, MistakeText> {
        // Characters that Windows forbids in file names (Microsoft Learn, "Naming Files, Paths, and Namespaces").
        let allowed = |c: char| !c.is_control() && !r#"<>:"/\|?*"#.contains(c);
        if text.len() <= 255 && text.chars().all(allowed) && text.chars().any(|c| !matches!(c, ' ' | '.')) {
            return Ok(DriverFile(text.to_owned()));
        }
        let help = "write the file's name without its path, such as `mydrv.sys`, `mydrv.ko` or `mydrv`";
        Err(not_a(DriverFile::WHAT, text, help))
    }
}

impl Scalar for ShellCommand {
    const WHAT: &'static str = "a command";
    const DESCRIPTION: &'static str = "A command line, given to the system's shell as it is.";
    const PATTERN: &'static str = r"\S";
    const EXAMPLES: &'static [&'static str] = &["mydrvtest.exe --copy 100"];

    fn read(text: &str) -> Result<ShellCommand, MistakeText> {
        not_empty(text, "the command", "write the command line to run")?;
        if text.contains('\0') {
            return Err(not_a(ShellCommand::WHAT, text, "remove the NUL: a command line cannot contain one"));
        }
        Ok(ShellCommand(text.to_owned()))
    }
}

impl Scalar for LinePattern {
    const WHAT: &'static str = "a regular expression";
    const DESCRIPTION: &'static str = "A regular expression (https://docs.rs/regex); a line that matches counts.";
    const PATTERN: &'static str = "";
    const EXAMPLES: &'static [&'static str] = &["^iteration [0-9]+ done"];

    fn read(text: &str) -> Result<LinePattern, MistakeText> {
        Regex::new(text).map(LinePattern).map_err(|error| {
            // The crate shows the place on several lines, and the reason on the last one.
            let said = error.to_string();
            let why = said.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            let help = "see https://docs.rs/regex for the syntax; `\\(` matches the character itself";
            MistakeText::new(format!("the regular expression is broken: {why}"), why, help)
        })
    }
}

impl Scalar for TagPattern {
    const WHAT: &'static str = "a tag pattern";
    const DESCRIPTION: &'static str =
        "A pool tag or slab cache name; '*' stands for any bytes, '?' for one, \\xNN for the byte NN. Case matters.";
    const PATTERN: &'static str = r"^([ -\[\]-~]|\\x[0-9A-Fa-f]{2})*([!-\[\]-~]|\\x[0-9A-Fa-f]{2}) *$";
    const EXAMPLES: &'static [&'static str] = &["MyD?", "Io", "*", "kmalloc-*"];

    fn read(text: &str) -> Result<TagPattern, MistakeText> {
        text.parse().map_err(|error| {
            let help = "write a tag such as `MyD1`; `*` stands for any bytes, `?` for one, '\\xNN' for the byte NN; \
                        in double quotes YAML itself replaces `\\xNN`";
            MistakeText::new(format!("{error}"), "not a tag pattern", help)
        })
    }

    fn bare() -> Option<MistakeText> {
        let help = "quote it, so that every YAML parser reads the same tag: \"1394\"";
        Some(MistakeText::new("a tag that looks like a number or boolean must be quoted", "quote this", help))
    }
}

impl Scalar for Date {
    const WHAT: &'static str = "a date";
    const DESCRIPTION: &'static str = "A day, as year-month-day.";
    const PATTERN: &'static str = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$";
    const EXAMPLES: &'static [&'static str] = &["2027-03-01"];

    fn read(text: &str) -> Result<Date, MistakeText> {
        // jiff also accepts `20270301` and a time of day. One form is enough for a reviewed file.
        let dashed = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        let date = text.parse().ok().filter(|_| dashed);
        date.ok_or_else(|| not_a(Date::WHAT, text, "write an existing day as year-month-day, such as `2027-03-01`"))
    }
}

impl fmt::Display for ScenarioName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for DriverFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for ShellCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for LinePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_always_name_a_folder() {
        for good in ["a", "mydriver-copy-stress", "7zip_1.0", &"x".repeat(80)] {
            assert_eq!(ScenarioName::read(good).unwrap().as_str(), good);
        }
        for bad in ["", ".", "..", "-x", "a/b", "a\\b", "a b", "é", "a\0", &"x".repeat(81)] {
            assert!(ScenarioName::read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_driver_is_a_file_without_a_path() {
        for good in ["mydrv.sys", "mydrv", "my-drv.ko", "My Driver (x64).sys", "ä.sys"] {
            assert_eq!(DriverFile::read(good).unwrap().as_str(), good);
        }
        for bad in ["", " ", "..", "a/b.ko", r"C:\b.sys", r"..\b.sys", "a*.sys", "a\nb", &"x".repeat(256)] {
            assert!(DriverFile::read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_command_runs_something() {
        assert!(ShellCommand::read("mydrvtest.exe --copy 100").is_ok());
        assert!(ShellCommand::read(" \t").is_err() && ShellCommand::read("a\0b").is_err());
    }

    #[test]
    fn the_error_for_a_broken_expression_has_the_position() {
        assert!(LinePattern::read("done [0-9]+$").unwrap().matches(b"\xff done 12"));
        assert_eq!(LinePattern::read("(done").unwrap_err().message, "the regular expression is broken: unclosed group");
    }

    #[test]
    fn a_date_is_a_day_that_exists() {
        assert_eq!(<Date as Scalar>::read("2027-03-01"), Ok(jiff::civil::date(2027, 3, 1)));
        for bad in ["2027-02-30", "20270301", "1 March", "2027-03-01T12:00"] {
            assert!(<Date as Scalar>::read(bad).is_err(), "{bad}");
        }
    }
}
