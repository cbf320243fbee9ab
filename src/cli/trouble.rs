//! How failures are told: what happened, then what to do about it, on stderr.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use anstyle::{AnsiColor, Style};

use super::printed::told_with;
use super::wildcards;
use crate::scenario::{self, LoadError, Loaded, Mistakes};

const RED: Style = Style::new().bold().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Red)));
const YELLOW: Style = Style::new().bold().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Yellow)));
const BOLD: Style = Style::new().bold();

/// Tells what happened, and what to do where that is known.
pub(super) fn tell(what: impl Display, help: Option<impl Display>) {
    told_with(format_args!("{RED}error:{RED:#} "), &what.to_string());
    if let Some(help) = help {
        told_with(format_args!("{BOLD}help:{BOLD:#} "), &help.to_string());
    }
}

/// Tells what happened where nothing is to be said about what to do.
pub(super) fn tell_plainly(what: impl Display) {
    tell(what, None::<&str>);
}

/// Tells what does not stop anything, but should be known.
pub(super) fn warn(what: impl Display) {
    told_with(format_args!("{YELLOW}warning:{YELLOW:#} "), &what.to_string());
}

/// Reads every scenario that files, folders and wildcards mean, and tells the mistakes of all that have some; `None` when
/// there were any.
pub(super) fn load_all(named: &[PathBuf]) -> Option<Vec<(PathBuf, Loaded)>> {
    let mut all = true;
    let mut paths: Vec<PathBuf> = Vec::new();
    for path in named {
        match wildcards::scenarios(path) {
            Ok(scenarios) => paths.extend(scenarios),
            Err(error) => {
                tell(error, Some(A_SCENARIO));
                all = false;
            }
        }
    }
    let loaded: Vec<_> = paths.into_iter().map(|path| load(&path).map(|loaded| (path, loaded))).collect();
    let loaded: Option<Vec<_>> = loaded.into_iter().collect();
    loaded.filter(|_| all)
}

const A_SCENARIO: &str = "give the path of a scenario, a YAML file, or a folder of them";

/// Reads a scenario, or tells its mistakes.
pub(super) fn load(path: &Path) -> Option<Loaded> {
    match scenario::load(path) {
        Ok(loaded) => return Some(loaded),
        Err(LoadError::Unreadable(error)) => tell(error, Some(A_SCENARIO)),
        Err(LoadError::Mistakes(mistakes)) => tell_mistakes(mistakes),
    }
    None
}

/// Shows the mistakes of a scenario where they stand.
pub(super) fn tell_mistakes(mistakes: Mistakes) {
    // miette's own report: colours and width as the terminal has them. The scenario's text in it is harmless already.
    told_with(format_args!("{:?}", miette::Report::new(mistakes)), "");
}
