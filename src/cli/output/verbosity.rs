//! The options for the amount and colours of output, which all commands share.

use std::ffi::{OsStr, OsString};
use std::sync::atomic::{AtomicBool, Ordering};

use clap::ValueEnum;

/// The amount and colours of output.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Output")]
pub(in crate::cli) struct OutputArgs {
    /// Print only verdicts, results, warnings and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Print more: every iteration of a run, every tag that a threshold covers
    #[arg(short, long, global = true)]
    verbose: bool,
    /// When to use colours; auto means on a terminal, unless NO_COLOR is set
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value = "auto")]
    color: UseColor,
}

/// When output has colours.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum UseColor {
    Auto,
    Always,
    Never,
}

static QUIET: AtomicBool = AtomicBool::new(false);
static VERBOSE: AtomicBool = AtomicBool::new(false);

impl OutputArgs {
    /// Applies the options to this process.
    pub(in crate::cli) fn apply(&self) {
        QUIET.store(self.quiet, Ordering::Relaxed);
        VERBOSE.store(self.verbose, Ordering::Relaxed);
        let choice = match self.color {
            UseColor::Auto => return,
            UseColor::Always => anstream::ColorChoice::Always,
            UseColor::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
        let colours = matches!(self.color, UseColor::Always);
        ratatui::crossterm::style::force_color_output(colours);
        console::set_colors_enabled_stderr(colours);
        // miette accepts only one hook, so this is the only place that sets it.
        let _ = miette::set_hook(Box::new(move |_| Box::new(miette::MietteHandlerOpts::new().color(colours).build())));
    }

    /// Returns the options of this process, for a process that replaces it.
    #[cfg(unix)]
    pub(in crate::cli) fn options() -> Vec<&'static str> {
        let colour = match anstream::ColorChoice::global() {
            anstream::ColorChoice::Auto | anstream::ColorChoice::AlwaysAnsi => None,
            anstream::ColorChoice::Always => Some("--color=always"),
            anstream::ColorChoice::Never => Some("--color=never"),
        };
        let words = [is_quiet().then_some("--quiet"), is_verbose().then_some("--verbose"), colour];
        words.into_iter().flatten().collect()
    }
}

/// Returns whether only verdicts, results, warnings and errors are printed.
pub(in crate::cli) fn is_quiet() -> bool {
    QUIET.load(Ordering::Relaxed)
}

/// Returns whether more than usual is printed.
pub(in crate::cli) fn is_verbose() -> bool {
    VERBOSE.load(Ordering::Relaxed)
}

/// Moves these options after the command's name, in their long form, because commands that accept the switches of other
/// programs examine only the first word.
pub(in crate::cli) fn behind_the_command(words: Vec<OsString>) -> Vec<OsString> {
    let mut options = Vec::new();
    let mut at = 1;
    while let Some(word) = words.get(at) {
        match word.to_str() {
            Some("-q" | "--quiet") => options.push(OsString::from("--quiet")),
            Some("-v" | "--verbose") => options.push(OsString::from("--verbose")),
            Some("--color") => {
                at += 1;
                let value = words.get(at).map(OsString::as_os_str).unwrap_or(OsStr::new(""));
                options.push([OsStr::new("--color="), value].into_iter().collect());
            }
            Some(colour) if colour.starts_with("--color=") => options.push(word.clone()),
            Some(command) if !command.starts_with('-') => {
                let (before, rest) = (&words[..1], &words[at + 1..]);
                return [before, &words[at..=at], &options, rest].concat();
            }
            _ => return words,
        }
        at += 1;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(line: &str) -> String {
        let words = behind_the_command(line.split_whitespace().map(OsString::from).collect());
        words.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn options_before_the_command_are_moved_behind_it() {
        for (line, expected) in [
            ("poolgate -q mon /b", "poolgate mon --quiet /b"),
            ("poolgate --color never -v flags /r +ptg", "poolgate flags --color=never --verbose /r +ptg"),
            ("poolgate --color=always judge a", "poolgate judge --color=always a"),
            ("poolgate judge -q a", "poolgate judge -q a"),
            ("poolgate --help", "poolgate --help"),
            ("poolgate -q", "poolgate -q"),
            ("poolgate", "poolgate"),
        ] {
            assert_eq!(moved(line), expected);
        }
    }
}
