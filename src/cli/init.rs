//! `poolgate init` writes a first scenario for a driver, with a comment for each key.
//!
//! The text is parsed before it is written, so that a scenario with a mistake is never left behind. Existing files are
//! never overwritten.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::cli::output::errors;
use crate::cli::output::stdout::{say, tell};
use crate::exit::Exit;
use crate::init::{FirstScenario, Platform};
use crate::judge::evidence::NEEDED;
use crate::pool::{Tag, TagPattern};
use crate::scenario::{self, DriverFile};

/// The smallest number of iterations that allows a verdict on a rate: after the warm-up, a fifth of them rounded down,
/// `NEEDED` are left.
const ENOUGH: u64 = 5 * (NEEDED - 1) / 4 + 1;

#[derive(Debug, clap::Args)]
pub(super) struct InitCommand {
    /// The driver under test: its file, such as mydrv.sys, or the name of a module
    #[arg(long, value_name = "FILE", value_parser = driver)]
    driver: Option<DriverFile>,
    /// A pool tag or slab cache of the driver; `*` and `?` are allowed; may be repeated
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<TagPattern>,
    /// The command that uses the driver; runs once in each iteration
    #[arg(long, value_name = "COMMAND", allow_hyphen_values = true)]
    run: String,
    /// A command before the first sample, such as one that installs the driver; may be repeated
    #[arg(long, value_name = "COMMAND", allow_hyphen_values = true)]
    setup: Vec<String>,
    /// A command after the last sample that undoes setup; may be repeated
    #[arg(long, value_name = "COMMAND", allow_hyphen_values = true)]
    teardown: Vec<String>,
    /// Number of iterations; a fifth of them is warm-up
    #[arg(long, value_name = "N", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..))]
    iterations: u64,
    /// The operating system that the scenario is for
    #[arg(long, default_value = if cfg!(windows) { "windows" } else { "linux" }, value_parser = platforms())]
    platform: Platform,
    /// The scenario file to write; by default it is named after the driver
    #[arg(value_name = "SCENARIO")]
    file: Option<PathBuf>,
}

impl InitCommand {
    pub(super) fn run(self) -> Exit {
        if let Some(tag) = self.tags.iter().find(|tag| self.platform == Platform::Windows && is_too_long(tag)) {
            let help = "write its four characters as PoolMon shows them; slab caches are for --platform linux";
            errors::tell(
                format_args!("{tag} cannot be a pool tag of Windows, which has at most four bytes"),
                Some(help),
            );
            return Exit::Usage;
        }
        let file = self.file.clone().unwrap_or_else(|| PathBuf::from(self.name() + ".yaml"));
        let first = self.first(&file);
        let text = first.text();
        if let Err(mistakes) = scenario::parse(&file.display().to_string(), text.as_bytes()) {
            errors::tell_mistakes(mistakes);
            return Exit::Usage;
        }
        let written = fs_err::OpenOptions::new().write(true).create_new(true).open(&file);
        match written.and_then(|mut file| file.write_all(text.as_bytes())) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let what = format!("{} already exists and is not overwritten", file.display());
                errors::tell(what, Some("give another file name after the options, or move this file"));
                return Exit::Usage;
            }
            Err(error) => {
                errors::tell(error, Some("give a file in an existing, writable folder"));
                return Exit::Usage;
            }
        }
        self.say_what_next(&file);
        Exit::Held
    }

    fn first(&self, file: &Path) -> FirstScenario {
        // A repeated tag would give a repeated threshold.
        let mut tags: Vec<TagPattern> = Vec::new();
        self.tags.iter().for_each(|tag| {
            if !tags.contains(tag) {
                tags.push(tag.clone())
            }
        });
        FirstScenario {
            file: file.display().to_string(),
            name: self.name(),
            platform: self.platform,
            driver: self.driver.clone(),
            tags,
            setup: self.setup.clone(),
            run: self.run.clone(),
            teardown: self.teardown.clone(),
            iterations: self.iterations,
        }
    }

    /// Returns the scenario's name, derived from the file or else the driver.
    fn name(&self) -> String {
        let of = |path: &Path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let driver = self.driver.as_ref().map(|driver| Path::new(driver.as_str()));
        name(&self.file.as_deref().or(driver).and_then(of).unwrap_or_default())
    }

    fn say_what_next(&self, file: &Path) {
        let file = file.display().to_string();
        let quoted = if file.contains(' ') { format!("\"{file}\"") } else { file.clone() };
        say!("{file}: a first scenario to read and edit");
        let here = (self.platform == Platform::Windows) == cfg!(windows);
        say!("next{}:", if here { "" } else { ", on the machine it is for" });
        say!("  poolgate check {quoted}   checks it and shows the steps of a run");
        say!("  poolgate run {quoted}     runs it: exit code 0 is held, 1 is broken");
        if self.iterations < ENOUGH {
            tell!("note: fewer than {ENOUGH} iterations allow no verdict on a rate: give more once the scenario works");
        }
    }
}

fn platforms() -> impl TypedValueParser<Value = Platform> {
    let named = |text: String| if text == "windows" { Platform::Windows } else { Platform::Linux };
    PossibleValuesParser::new(["windows", "linux"]).map(named)
}

/// Parses a driver's file, given as a name or as a path.
fn driver(text: &str) -> Result<DriverFile, String> {
    text.rsplit(['/', '\\']).next().unwrap_or(text).parse()
}

/// Returns whether a tag is known to be longer than four bytes, the limit of Windows.
fn is_too_long(tag: &TagPattern) -> bool {
    let tag = tag.is_literal().then(|| tag.to_string().parse::<Tag>());
    tag.is_some_and(|tag| tag.is_ok_and(|tag| tag.pool_tag_bytes().is_none()))
}

/// Returns a scenario's name, derived from the name of a file.
fn name(stem: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || ".-_".contains(c) { c } else { '-' };
    let name: String = stem.chars().map(plain).skip_while(|c| !c.is_ascii_alphanumeric()).take(80).collect();
    if name.is_empty() { "first".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_file_gives_a_name(stem in any::<String>()) {
            let text = format!("scenario: '{}'\nworkload: {{ run: w, iterations: 1 }}\n", name(&stem));
            prop_assert!(scenario::parse("x.yaml", text.as_bytes()).is_ok(), "{}", text);
        }
    }

    #[test]
    fn a_name_keeps_all_permitted_characters() {
        for (stem, expected) in
            [("mydrv", "mydrv"), ("My Driver (x64)", "My-Driver--x64-"), (".x", "x"), ("é", "first")]
        {
            assert_eq!(name(stem), expected);
        }
    }

    #[test]
    fn a_driver_s_path_is_left_out() {
        for text in ["mydrv.sys", r"C:\build\x64\mydrv.sys", "out/mydrv.sys"] {
            assert_eq!(driver(text).unwrap().as_str(), "mydrv.sys");
        }
        assert!(driver(r"C:\build\").is_err() && driver("*.sys").is_err());
    }

    #[test]
    fn a_tag_of_windows_has_four_bytes_at_most() {
        for (tag, long) in [("MyD1", false), ("My\\xffD", false), ("mydrv_ctx", true), ("mydrv*", false), ("Io", false)]
        {
            assert_eq!(is_too_long(&tag.parse().unwrap()), long, "{tag}");
        }
    }
}
