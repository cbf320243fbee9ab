//! Reports failures on stderr: the error, then advice.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use anstyle::{AnsiColor, Style};

use crate::cli::args::wildcards;
use crate::cli::output::stdout::told_with;
use crate::scenario::{self, LoadError, Loaded, Mistakes};

const RED: Style = Style::new().bold().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Red)));
const YELLOW: Style = Style::new().bold().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Yellow)));
const BOLD: Style = Style::new().bold();

/// Reports an error, with advice if there is any.
pub(in crate::cli) fn tell(what: impl Display, help: Option<impl Display>) {
    told_with(format_args!("{RED}error:{RED:#} "), &what.to_string());
    if let Some(help) = help {
        told_with(format_args!("{BOLD}help:{BOLD:#} "), &help.to_string());
    }
}

/// Reports an error without advice.
pub(in crate::cli) fn tell_plainly(what: impl Display) {
    tell(what, None::<&str>);
}

/// Reports a problem that does not stop the command.
pub(in crate::cli) fn warn(what: impl Display) {
    told_with(format_args!("{YELLOW}warning:{YELLOW:#} "), &what.to_string());
}

/// Reads all scenarios that files, folders and wildcards name, and reports the mistakes of each. Returns `None` if
/// there are any.
pub(in crate::cli) fn load_all(named: &[PathBuf]) -> Option<Vec<(PathBuf, Loaded)>> {
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

/// Reads a scenario, or reports its mistakes.
pub(in crate::cli) fn load(path: &Path) -> Option<Loaded> {
    match scenario::load(path) {
        Ok(loaded) => return Some(loaded),
        Err(LoadError::Unreadable(error)) => tell(error, Some(A_SCENARIO)),
        Err(LoadError::Mistakes(mistakes)) => tell_mistakes(mistakes),
    }
    None
}

/// Reports the mistakes of a scenario with their positions.
pub(in crate::cli) fn tell_mistakes(mistakes: Mistakes) {
    // This is miette's own report, with the colours and width of the terminal. The scenario's text in it is already
    // harmless.
    told_with(format_args!("{:?}", miette::Report::new(mistakes)), "");
}
